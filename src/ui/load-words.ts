import type { JudgedThreshold, LoadFailures, LoadRemarks, LoadSummary } from "../actions/load.ts";
import { count, duration } from "./format.ts";
import { failureOf } from "./outcome.ts";

/** Requests per second: `9.5`, `480`, `12,345`. */
export function perSecond(rate: number): string {
  return rate < 100 ? String(Number(rate.toFixed(1))) : thousands(Math.round(rate));
}

export function thousands(value: number): string {
  return String(value).replace(/\B(?=(\d{3})+$)/g, ",");
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
export function failureText({ code, outcome, title }: LoadFailures): string {
  return code === "too-many-files"
    ? "no file was left for another connection: raise `ulimit -n`, or send fewer at once with --concurrency"
    : failureOf(outcome, { title }).message;
}

/** What has to be known to read the figures rightly, a sentence each. */
export function remarks(summary: LoadSummary): string[] {
  const { rate, concurrency, late, held, unstarted, abandoned, gaveUp, busy, sent, failures } = summary;
  const few = sent / 100;
  return [
    ...(rate === null
      ? [
          `a slow target slowed the load: never more than ${concurrency} were under way, so what would have waited meanwhile is not in these times; --rate N keeps sending whatever the target does`,
        ]
      : []),
    ...(gaveUp ? ["it ended early: nobody answers there"] : []),
    ...(late.count > few
      ? [
          `hookline could not keep up: ${lateText(late)}, as this machine was busy, and that counts as latency; ask for a lower --rate, or send from a machine that does nothing else`,
        ]
      : late.count > 0
        ? [`${lateText(late)}, as hookline was busy; that counts as latency`]
        : []),
    ...(held.count > 0
      ? [
          `${lateText(held)}, as ${thousands(concurrency)} were under way, the most at once; that counts as latency (--concurrency N lets more go out)`,
        ]
      : []),
    ...(unstarted > 0
      ? [
          `${count(unstarted, "request was", "requests were")} due and never started, and ${unstarted === 1 ? "is" : "are"} in no figure: the true times are worse`,
        ]
      : []),
    ...(abandoned > 0
      ? [`${count(abandoned, "request was", "requests were")} under way when it ended, and count for nothing`]
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

function lateText({ count: amount, maxMs }: LoadRemarks["late"]): string {
  return `${count(amount, "request", "requests")} started later than due, by ${duration(maxMs)} at most`;
}
