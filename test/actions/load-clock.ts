import type { LoadClock } from "../../src/actions/load-drive.ts";

/** Time that passes only where nothing is left to do: a minute of load in a moment, the same each time. */
export interface SimulatedClock extends LoadClock {
  /** Time that whoever calls it spends at work. */
  spend(ms: number): void;
  /** Lets time pass until the promise settles. */
  runUntil<T>(promise: Promise<T>): Promise<T>;
}

export function simulateClock(): SimulatedClock {
  let time = 1000;
  let order = 0;
  const waiting: { at: number; order: number; callback: () => void }[] = [];
  const at: LoadClock["at"] = (when, callback) => {
    const entry = { at: Math.max(when, time), order: order++, callback };
    waiting.push(entry);
    return () => {
      const index = waiting.indexOf(entry);
      if (index >= 0) waiting.splice(index, 1);
    };
  };
  return {
    now: () => time,
    at,
    soon: (callback) => void at(time, callback),
    spend(ms) {
      time += ms;
    },
    async runUntil(promise) {
      let settled = false;
      const settle = (): void => void (settled = true);
      promise.then(settle, settle);
      for (;;) {
        // Promises run to their end first.
        await new Promise((resolve) => setImmediate(resolve));
        if (settled) return promise;
        waiting.sort((a, b) => a.at - b.at || a.order - b.order);
        const next = waiting.shift();
        if (next === undefined) throw new Error("nothing is left that could end it");
        time = Math.max(time, next.at);
        next.callback();
      }
    },
  };
}
