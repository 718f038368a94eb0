import type { Report } from "../actions/reports.ts";
import type { ReplayEvent } from "../actions/replay.ts";

/** Gathers a replay's events for its reports. */
export interface ReplayRecorder {
  watch(this: void, event: ReplayEvent): void;
  report(this: void): Report;
}

/** @param now Unix milliseconds */
export function recordReplay(now: () => number): ReplayRecorder {
  throw new Error(`not yet ${now()}`);
}
