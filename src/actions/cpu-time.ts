/**
 * Milliseconds of processor time that this process has used: what work costs, however busy the machine is with that of
 * others.
 */
export function cpuTime(): number {
  const { user, system } = process.cpuUsage();
  return (user + system) / 1000;
}
