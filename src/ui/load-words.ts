import type { JudgedThreshold, LoadFailures, LoadRemarks, LoadSummary } from "../actions/load.ts";
import type { LoadFigures } from "../actions/reports.ts";
import { duration } from "./format.ts";
import { failureOf } from "./outcome.ts";

/** Requests per second: `9.5`, `480`, `12,345`. */
export function perSecond(rate: number): string {
  return rate < 100 ? String(Number(rate.toFixed(1))) : thousands(Math.round(rate));
}

export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
}

/** `1 request`, `1,234 requests`. */
function count(amount: number, one: string, many: string): string {
  return `${thousands(amount)} ${amount === 1 ? one : many}`;
}

/** A share from 0 to 100: `0.04 %`, `12.5 %`; what is not nothing is not written as nothing. */
export function share(percent: number): string {
  if (percent > 0 && percent < 0.01) return "< 0.01 %";
  return `${Number(percent.toFixed(percent < 1 ? 2 : 1))} %`;
}

/** `p99.9` */
export function figureName(figure: JudgedThreshold["threshold"]["figure"]): string {
  if (typeof figure === "number") return `p${figure}`;
  return figure === "error-share" ? "errors" : figure;
}

/** What was measured, in the unit of the limit. */
export function actualText({ threshold, actual }: JudgedThreshold): string {
  if (actual === null) return "nothing was measured";
  switch (threshold.figure) {
    case "errors":
      return thousands(actual);
    case "error-share":
      return share(actual);
    case "rate":
      return `${perSecond(actual)}/s`;
    default:
      return duration(actual);
  }
}

/** Why requests failed, by the provider's own rule. */
function failureText({ code, outcome, title }: LoadFailures): string {
  return code === "too-many-files"
    ? "no file was left for another connection: raise `ulimit -n`, or send fewer at once with --concurrency"
    : failureOf(outcome, { title }).message;
}

/** What failed and what never started by kind, the most frequent first. */
export function errorsOf({ failures, unstarted }: LoadSummary): LoadFigures["errors"] {
  const errors = failures.map((kind) => ({
    code: kind.code,
    message: failureText(kind),
    count: kind.count,
  }));
  if (unstarted === 0) return errors;
  const message = "due, and never started: as many as may be were under way, or hookline could not keep up";
  return [...errors, { code: "unstarted", message, count: unstarted }].sort((a, b) => b.count - a.count);
}

/** `3 s of 30 s`: how far a load came that was interrupted. */
export function interruptedAfter({ durationMs, forMs }: LoadSummary): string {
  return `${duration(Math.min(durationMs, forMs))} of ${duration(forMs)}`;
}

/** What has to be known to read the figures rightly, a sentence each. */
export function remarks(summary: LoadSummary): string[] {
  const { rate, concurrency, late, held, unstarted, abandoned, gaveUp, busy, sent, failures, latencyMs } =
    summary;
  return [
    ...(summary.interrupted ? [`it was interrupted after ${interruptedAfter(summary)}`] : []),
    ...(rate === null
      ? [
          `${thousands(concurrency)} at once: a slow target slows the load, and looks better than it is; --rate N keeps sending`,
        ]
      : []),
    ...(gaveUp ? ["it ended early: nobody answers there"] : []),
    ...(matters(late, latencyMs)
      ? [
          late.count > sent / 100
            ? `hookline could not keep up: ${lateText(late)}, as this machine was busy, and that counts as latency; ask for a lower --rate, or send from a machine that does nothing else`
            : `${lateText(late)}, as hookline was busy; that counts as latency`,
        ]
      : []),
    ...(held.count > 0 && latencyMs !== null
      ? [
          `${lateText(held)}, as ${thousands(concurrency)} were under way, the most at once; that counts as latency (--concurrency N lets more go out)`,
        ]
      : []),
    ...(unstarted > 0
      ? [
          `${count(unstarted, "request was", "requests were")} due and never started: ${unstarted === 1 ? "it counts as an error, and is" : "they count as errors, and are"} in no latency, so the true times are worse`,
        ]
      : []),
    ...(abandoned > 0
      ? [
          `${count(abandoned, "request was", "requests were")} under way when it ended, and ${abandoned === 1 ? "counts" : "count"} for nothing`,
        ]
      : []),
    ...(busy > 0.9 && !gaveUp
      ? [
          `hookline itself was at work ${Math.floor(busy * 100)} % of the time: the target may well bear more, and answer sooner`,
        ]
      : []),
    ...(failures.some(({ code }) => code === "unreachable")
      ? [
          "a machine has some 28,000 ports to connect from: with more connections a second than that lasts for, none is left",
        ]
      : []),
  ];
}

/** Whether lateness changes the latencies, if there are any, by more than one would overlook. */
function matters({ maxMs }: LoadRemarks["late"], latencyMs: LoadFigures["latencyMs"]): boolean {
  return latencyMs !== null && maxMs > Math.max(10, latencyMs.p50 / 10);
}

function lateText({ count: amount, maxMs }: LoadRemarks["late"]): string {
  return `${count(amount, "request", "requests")} started later than due, by ${duration(maxMs)} at most`;
}
