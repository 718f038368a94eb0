import { setMaxListeners } from "node:events";

/**
 * Events on their way from the one who reports what happens to the one reader, in order. Written out as an iterator:
 * through generators every event costs several promises, which halves what a listener or a replay can do.
 */
class Channel<T> implements AsyncIterableIterator<T> {
  private items: T[] = [];
  private taken = 0;
  private waiting: ((result: IteratorResult<T>) => void) | undefined;
  private reject: ((error: unknown) => void) | undefined;
  private end: { error?: unknown } | undefined;
  private readonly leave: () => void;

  constructor(leave: () => void) {
    this.leave = leave;
  }

  push(value: T): void {
    if (this.waiting === undefined) this.items.push(value);
    else this.settle({ done: false, value });
  }

  /** What was pushed before is still read, then the error, if there is one, is thrown. */
  close(end: { error?: unknown }): void {
    this.end ??= end;
    if (this.waiting === undefined) return;
    if ("error" in this.end) {
      const { error } = this.end;
      this.end = {};
      this.waiting = undefined;
      this.reject?.(error);
    } else this.settle({ done: true, value: undefined });
  }

  next(): Promise<IteratorResult<T>> {
    if (this.taken < this.items.length) {
      const value = this.items[this.taken++] as T;
      if (this.taken === this.items.length) {
        this.items = [];
        this.taken = 0;
      }
      return Promise.resolve({ done: false, value });
    }
    if (this.end !== undefined) {
      const { end } = this;
      this.end = {};
      // The reader gets an error as it was thrown, whatever it is.
      // eslint-disable-next-line @typescript-eslint/prefer-promise-reject-errors
      return "error" in end ? Promise.reject(end.error) : Promise.resolve({ done: true, value: undefined });
    }
    return new Promise((resolve, reject) => {
      this.waiting = resolve;
      this.reject = reject;
    });
  }

  /** The reader leaves early, by `break` or at an error of its own. */
  async return(): Promise<IteratorResult<T>> {
    this.leave();
    this.items = [];
    while (this.end === undefined) await this.next();
    return { done: true, value: undefined };
  }

  [Symbol.asyncIterator](): this {
    return this;
  }

  private settle(result: IteratorResult<T>): void {
    const resolve = this.waiting;
    this.waiting = undefined;
    resolve?.(result);
  }
}

/**
 * The events that something reports while it runs. It runs at once; an error it throws reaches the reader behind the
 * events that came before.
 * @param run reports by `push`, and is over when its promise is
 * @param leave called when the reader leaves early: brings `run` to its end
 */
export function events<T>(
  run: (push: (event: T) => void) => Promise<void>,
  leave: () => void,
): AsyncIterable<T> {
  const channel = new Channel<T>(leave);
  run((event) => channel.push(event)).then(
    () => channel.close({}),
    (error: unknown) => channel.close({ error }),
  );
  return channel;
}

/**
 * The same for what a signal ends as well: `run` gets one signal for both.
 * @param signal the user's
 */
export function eventsUntil<T>(
  signal: AbortSignal,
  run: (signal: AbortSignal, push: (event: T) => void) => Promise<void>,
): AsyncIterable<T> {
  const left = new AbortController();
  const either = AbortSignal.any([signal, left.signal]);
  // Everything that waits for its turn listens; Node would take more than ten for a leak.
  setMaxListeners(0, either);
  return events(
    (push) => run(either, push),
    () => left.abort(),
  );
}
