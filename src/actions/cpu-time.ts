/**
 * Milliseconds that work has cost so far: of processor time, so that it does not matter how busy others keep the machine,
 * but no more than have passed, as compiling goes on beside it.
 * @returns a clock that starts at 0
 */
export function createCostClock(): () => number {
  const startedAt = performance.now();
  const usage = process.cpuUsage();
  return () => {
    const { user, system } = process.cpuUsage(usage);
    return Math.min((user + system) / 1000, performance.now() - startedAt);
  };
}
