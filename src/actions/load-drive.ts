import { allowedAt, createPace } from "../transport/pace.ts";

/** When things happen, in milliseconds on a clock that only goes forward. */
export interface LoadClock {
  now(this: void): number;
  /** Calls back at that time or soon after. @returns calls it off */
  at(this: void, time: number, callback: () => void): () => void;
  /** Calls back once what else is waiting had its turn. */
  soon(this: void, callback: () => void): void;
}

export const realClock: LoadClock = {
  now: () => performance.now(),
  at(time, callback) {
    const timer = setTimeout(callback, Math.ceil(time - performance.now()));
    return () => clearTimeout(timer);
  },
  soon: (callback) => void setImmediate(callback),
};

export interface LoadPlan {
  /** Requests started per second, whatever the target does; as many as it takes where left out. */
  rate?: number;
  /** Most under way at once. */
  most: number;
  /** Milliseconds in which requests are started. */
  forMs: number;
  /** Milliseconds of them in which rate, or what is under way, grows from nothing. */
  rampMs: number;
  signal: AbortSignal;
}

/** Requests that started later than they were due: how many, and by how many milliseconds at most. */
export interface Lateness {
  count: number;
  maxMs: number;
}

export interface DriveEnd {
  /** Milliseconds from the start to the last request, or to the end of the time for starting where that is later. */
  startingMs: number;
  /** Milliseconds from the start to the last answer. */
  durationMs: number;
  /** Those that came after the ramp. */
  startedAfterRamp: number;
  /** Were due, and never started: there was no room for them, or no time. */
  unstarted: number;
  /** Late as hookline was busy. */
  late: Lateness;
  /** Late as so many as may be were under way. */
  held: Lateness;
}

/** A timer wakes that late by itself: it says nothing about the target, and so is not added to what it took to answer. */
const timerMs = 3;
/** What is due by the end is still started for so long: a target that lags behind must not gain from the end. */
const overtimeMs = 1000;
/** Milliseconds that adding times may round away. */
const rounding = 1e-6;
/** Started without a break; more would keep answers waiting, which would look slow. */
const batch = 32;

/**
 * Starts requests: at a rate, each when it is due, or as many as the target takes.
 * @param start starts one. `lateMs` is how much later than it was due that is, 0 where it is not to count. Its promise
 *   settles when the answer is there; `false` starts no more
 * @param tick called at each full second with the milliseconds since the start
 * @returns when everything that was started is settled
 */
export function drive(
  plan: LoadPlan,
  clock: LoadClock,
  start: (lateMs: number) => Promise<boolean>,
  tick: (ms: number) => void,
): Promise<DriveEnd> {
  const { most, forMs, rampMs, signal } = plan;
  const pace = plan.rate === undefined ? undefined : createPace(plan.rate, rampMs);
  const total = pace?.dueBefore(forMs) ?? Infinity;
  const began = clock.now();
  const late: Lateness = { count: 0, maxMs: 0 };
  const held: Lateness = { count: 0, maxMs: 0 };
  let next = 0;
  let underWay = 0;
  let startedAfterRamp = 0;
  let lastStart = 0;
  let lastAnswer = 0;
  /** Milliseconds at which it was stopped early. */
  let stopped: number | undefined;
  let isFull = false;
  /** Whatever was due before then had to wait for another's end. */
  let heldUntil = 0;
  let isWaiting = false;
  let callOff = (): void => undefined;

  return new Promise((resolve, reject) => {
    const since = (): number => clock.now() - began;
    let second = 0;
    let callOffTick = (): void => undefined;
    const nextTick = (): void => {
      callOffTick = clock.at(began + ++second * 1000, () => {
        tick(since());
        // A second that went by unseen has no tick of its own.
        second = Math.max(second, Math.floor(since() / 1000));
        nextTick();
      });
    };

    const leave = (): void => {
      callOff();
      callOffTick();
      signal.removeEventListener("abort", stop);
    };
    const finish = (): void => {
      leave();
      const startingMs = stopped ?? Math.max(forMs, lastStart);
      const due = stopped === undefined ? total : (pace?.dueBefore(stopped) ?? 0);
      resolve({
        startingMs,
        durationMs: Math.max(startingMs, lastAnswer),
        startedAfterRamp,
        unstarted: pace === undefined ? 0 : Math.max(0, due - next),
        late,
        held,
      });
    };
    const stop = (): void => {
      stopped ??= Math.min(since(), forMs);
      if (underWay === 0) finish();
    };
    const fail = (error: unknown): void => {
      stopped ??= since();
      leave();
      reject(error instanceof Error ? error : new Error(String(error)));
    };

    const one = (now: number, due: number): void => {
      next++;
      underWay++;
      lastStart = now;
      if (now >= rampMs) startedAfterRamp++;
      let lateMs = now - due;
      if (lateMs <= timerMs) lateMs = 0;
      else {
        const which = due < heldUntil ? held : late;
        which.count++;
        which.maxMs = Math.max(which.maxMs, lateMs);
      }
      start(lateMs).then((goOn) => {
        underWay--;
        lastAnswer = since();
        if (!goOn) stop();
        else if (underWay === 0 && isOver()) finish();
        else if (pace === undefined || isFull) turn();
      }, fail);
    };

    const isOver = (): boolean =>
      stopped !== undefined || next >= total || since() >= (pace === undefined ? forMs : forMs + overtimeMs);

    /** Wakes once: at that time, or soon where it is past. */
    const wake = (at: number): void => {
      if (isWaiting) return;
      isWaiting = true;
      const woken = (): void => {
        isWaiting = false;
        turn();
      };
      if (at <= since()) clock.soon(woken);
      else callOff = clock.at(began + at, woken);
    };

    const turn = (): void => {
      for (let started = 0; started < batch; started++) {
        const now = since();
        if (isOver()) {
          if (underWay === 0) finish();
          return;
        }
        if (pace === undefined) {
          const allowed = allowedAt(now, most, rampMs);
          if (underWay >= allowed) {
            if (now < rampMs) wake((allowed / most) * rampMs + rounding);
            return;
          }
          one(now, now);
          continue;
        }
        const due = pace.dueAt(next);
        if (due > now + rounding) return wake(due);
        if (underWay >= most) {
          isFull = true;
          return;
        }
        if (isFull) heldUntil = now;
        isFull = false;
        one(now, due);
      }
      wake(0);
    };

    signal.addEventListener("abort", stop, { once: true });
    if (signal.aborted) return stop();
    nextTick();
    turn();
  });
}
