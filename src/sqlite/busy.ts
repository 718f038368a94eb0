import { EXIT, HooklineError } from "../errors.ts";
import { isBusy } from "./errors.ts";

/** How long SQLite itself waits for a lock: most are gone by then, and nothing else runs in this process meanwhile. */
export const busyTimeoutMs = 25;
const patienceMs = 30_000;
const pausesMs = [2, 4, 8, 16, 32, 50];

/** How to wait, in milliseconds. */
export type Sleep = (ms: number) => Promise<void>;

/**
 * The immediate lets other work run: to Node a timer set after SQLite has waited seems to have passed already, and timers
 * that follow each other so keep everything else waiting.
 */
export const realSleep: Sleep = (ms) =>
  new Promise((resolve) => {
    setTimeout(() => setImmediate(resolve), ms);
  });

/** Milliseconds that others have kept a file locked, as those count who wait for it one after another. */
export interface Waiting {
  ms: number;
}

/**
 * Does work, again and again while another connection has the file locked, for some 30 s.
 * @param waiting shared with those that wait for their turn meanwhile
 * @param since what `waiting` was when the work was asked for
 * @throws HooklineError `database-busy`
 */
export async function whenFree<Result>(
  file: string,
  sleep: Sleep,
  work: () => Result | Promise<Result>,
  waiting: Waiting = { ms: 0 },
  since = waiting.ms,
): Promise<Result> {
  for (let attempt = 0; ; attempt++) {
    try {
      return await work();
    } catch (error) {
      if (!isBusy(error)) throw error;
      if (waiting.ms - since >= patienceMs) throw busy(file, error);
    }
    const pause = pausesMs[Math.min(attempt, pausesMs.length - 1)] ?? 0;
    await sleep(pause);
    waiting.ms += pause + busyTimeoutMs;
  }
}

function busy(file: string, cause: unknown): HooklineError {
  return new HooklineError(
    "database-busy",
    `another process has kept the database ${file} locked for ${patienceMs / 1000} s`,
    {
      exitCode: EXIT.remote,
      cause,
      nextSteps: ["try again, and end other programs that have the file open"],
    },
  );
}
