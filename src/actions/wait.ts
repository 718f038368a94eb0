/**
 * Waits so many milliseconds, until the signal comes, or until something else calls back, whichever is first.
 * `AbortSignal.timeout` would not do: its timers keep no process alive.
 * @param watch takes what to call back, and returns what stops it
 */
export function wait(
  ms: number,
  signal: AbortSignal,
  watch: (told: () => void) => () => void = () => () => undefined,
): Promise<void> {
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      stop();
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, Math.max(0, Math.ceil(ms)));
    const stop = watch(done);
    if (signal.aborted) done();
    else signal.addEventListener("abort", done, { once: true });
  });
}
