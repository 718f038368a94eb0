import { createHistogram, type RecordableHistogram } from "node:perf_hooks";
import type { LoadFigures, LoadSecond } from "../reports/report.ts";
import type { RefusalOutcome } from "../transport/judge.ts";
import type { SendResult } from "../transport/send.ts";

/** Failures of one kind. */
export interface LoadFailures {
  /** `status-5xx`, `timeout`, `refused`, … */
  code: string;
  count: number;
  /** The first of them. */
  outcome: Exclude<RefusalOutcome, { ok: true }>;
  /** Of the provider whose rule it is. */
  title: string;
  durationMs: number;
}

/** One request and what came of it. */
export interface LoadAnswer {
  result: SendResult;
  outcome: RefusalOutcome;
  title: string;
  /** Milliseconds that it started later than it was due. */
  lateMs: number;
}

export interface LoadMeasure {
  started(this: void): void;
  answered(this: void, answer: LoadAnswer): void;
  /** Ended by us, which says nothing about the target. */
  abandoned(this: void): void;
  /** Closes the seconds that are over. @param ms since the start */
  advance(this: void, ms: number): void;
  /** Closes the second that has begun. @param ms since the start */
  finish(this: void, ms: number): void;
  readonly counts: Readonly<{ succeeded: number; failed: number; answered: number; underWay: number }>;
  latencies(this: void): Pick<LoadFigures, "latencyMs" | "percentiles">;
  /** Milliseconds at a percentile, or a figure by its name; null where nothing was measured. */
  latency(this: void, figure: number | "min" | "mean" | "max"): number | null;
  failures(this: void): LoadFailures[];
  statuses(this: void): LoadFigures["statuses"];
}

/** Files that may be open at once were all open. */
const tooManyFiles = /\b(EMFILE|ENFILE)\b/;

/**
 * Measures, in as much memory after an hour as after a minute.
 * @param dueBefore how many were due before those milliseconds; what was started where left out
 * @param report told of each second when it is over
 */
export function createMeasure(
  dueBefore: ((ms: number) => number) | undefined,
  report: (second: LoadSecond) => void,
): LoadMeasure {
  const all = latencyHistogram();
  const current = latencyHistogram();
  const counts = { succeeded: 0, failed: 0, answered: 0, underWay: 0 };
  const kinds = new Map<string, LoadFailures>();
  const statusCounts = new Map<number, number>();
  let second = { at: 0, started: 0, succeeded: 0, failed: 0, answered: 0 };

  const close = (until: number): void => {
    const { at, started, succeeded, failed, answered } = second;
    const timed = current.count > 0;
    report({
      at,
      due:
        dueBefore === undefined
          ? started
          : dueBefore(Math.min(until, (at + 1) * 1000)) - dueBefore(at * 1000),
      started,
      succeeded,
      failed,
      answered,
      p50: timed ? current.percentile(50) / 1000 : null,
      p99: timed ? current.percentile(99) / 1000 : null,
      max: timed ? current.max / 1000 : null,
      underWay: counts.underWay,
    });
    current.reset();
    second = { at: at + 1, started: 0, succeeded: 0, failed: 0, answered: 0 };
  };

  return {
    started() {
      counts.underWay++;
      second.started++;
    },
    answered({ result, outcome, title, lateMs }) {
      counts.underWay--;
      const code = outcome.ok ? undefined : kindOf(outcome);
      // One that failed took that long at least: left out, a target that hangs would look fast.
      if (!isUnconnected(result) && code !== "too-many-files") {
        const micros = Math.max(1, Math.round((result.durationMs + lateMs) * 1000));
        all.record(micros);
        current.record(micros);
      }
      const status = result.ok ? result.status : result.answer?.status;
      if (status !== undefined) {
        counts.answered++;
        second.answered++;
        statusCounts.set(status, (statusCounts.get(status) ?? 0) + 1);
      }
      if (outcome.ok || code === undefined) {
        counts.succeeded++;
        second.succeeded++;
        return;
      }
      counts.failed++;
      second.failed++;
      const kind = kinds.get(code);
      if (kind !== undefined) kind.count++;
      else kinds.set(code, { code, count: 1, outcome, title, durationMs: result.durationMs });
    },
    abandoned() {
      counts.underWay--;
    },
    advance(ms) {
      while (ms >= (second.at + 1) * 1000) close(ms);
    },
    finish(ms) {
      if (second.started + second.succeeded + second.failed > 0 || ms > second.at * 1000) close(ms);
    },
    counts,
    latencies() {
      if (all.count === 0) return { latencyMs: null, percentiles: [] };
      const ms = (percentile: number): number => all.percentile(percentile) / 1000;
      return {
        latencyMs: {
          min: all.min / 1000,
          mean: all.mean / 1000,
          p50: ms(50),
          p90: ms(90),
          p95: ms(95),
          p99: ms(99),
          p999: ms(99.9),
          max: all.max / 1000,
        },
        percentiles: shares(all.count).map((percentile) => ({ percentile, ms: ms(percentile) })),
      };
    },
    latency(figure) {
      if (all.count === 0) return null;
      return (typeof figure === "number" ? all.percentile(figure) : all[figure]) / 1000;
    },
    failures: () => [...kinds.values()].sort((a, b) => b.count - a.count),
    statuses: () =>
      [...statusCounts]
        .map(([status, count]) => ({ status, count }))
        .sort((a, b) => b.count - a.count || a.status - b.status),
  };
}

/** In microseconds, to three figures: HdrHistogram, which Node comes with. It holds up to 24 days. */
function latencyHistogram(): RecordableHistogram {
  return createHistogram({ lowest: 1, highest: 2 ** 31 * 1000, figures: 3 });
}

/** Percentiles from 0 on, closer and closer to 100, as far as so many values say something. */
function shares(count: number): number[] {
  const found: number[] = [];
  for (let above = 100; above * count >= 50; above /= 10 ** (1 / 8)) found.push(100 - above);
  return [...found.map((share) => Math.max(0.001, Number(share.toFixed(6)))), 100];
}

/** No connection was made. */
export function isUnconnected(result: SendResult): boolean {
  return !result.ok && ["refused", "dns", "unreachable", "tls", "target-refused"].includes(result.error);
}

function kindOf(outcome: LoadFailures["outcome"]): string {
  if (outcome.reason === "status") return `status-${Math.floor(outcome.status / 100)}xx`;
  return "message" in outcome && tooManyFiles.test(outcome.message) ? "too-many-files" : outcome.reason;
}
