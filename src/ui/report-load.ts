import type { LoadStart, LoadSummary } from "../actions/load.ts";
import type { LoadFigures, Report, ReportCase, ReportFailure } from "../actions/reports.ts";
import { duration } from "./format.ts";
import { actualText, errorsOf, perSecond, remarks, share, thousands } from "./load-words.ts";
import { safeLine } from "./safe.ts";
import { commandLine } from "./shell.ts";

/** Code points of a name that are kept. */
const longestName = 300;

/** The report of a load: a case for each threshold, or one for all deliveries where there are none. */
export function loadReport(start: LoadStart, summary: LoadSummary, startedAt: number): Report {
  const { durationMs, interrupted, sent, failed, unstarted, thresholds } = summary;
  const request = {
    method: "POST",
    url: safeLine(start.url),
    bytes: start.request.bytes,
    command: start.request.command.map(commandLine).join(" | "),
  };
  const deliveries: ReportCase = {
    name: "deliveries",
    title: `${thousands(sent)} deliveries in ${duration(durationMs)}`,
    outcome: failed + unstarted > 0 || summary.succeeded === 0 ? "failed" : "passed",
    durationMs,
    failures: deliveryFailures(summary),
    request,
  };
  const cases =
    thresholds.length === 0 || summary.succeeded === 0
      ? [deliveries, ...thresholdCases(summary)]
      : thresholdCases(summary).map((one) => ({ ...one, request }));
  return {
    title: "hookline replay --for",
    target: safeLine(start.url),
    startedAt,
    durationMs,
    groups: [{ name: "load", durationMs, cases }],
    interrupted,
    load: figuresOf(start, summary),
  };
}

function deliveryFailures(summary: LoadSummary): ReportFailure[] {
  const { sent, unstarted } = summary;
  if (sent + unstarted === 0)
    return [{ code: "nothing-sent", message: "not one request was sent to its end" }];
  return errorsOf(summary).map(({ code, message, count }) => ({
    code,
    message: `${message} (${thousands(count)} of ${thousands(sent + unstarted)} deliveries)`,
  }));
}

function thresholdCases({ thresholds, durationMs }: LoadSummary): ReportCase[] {
  const seen = new Map<string, number>();
  return thresholds.map((judged) => {
    const text = safeLine(judged.threshold.text, 80);
    const number = (seen.get(text) ?? 0) + 1;
    seen.set(text, number);
    return {
      name: number === 1 ? text : `${text} #${number}`,
      outcome: judged.failed ? "failed" : "passed",
      durationMs,
      failures: judged.failed
        ? [{ code: "threshold", message: `${text}: it was ${actualText(judged)}` }]
        : [],
      ...(judged.failed ? {} : { note: `it was ${actualText(judged)}` }),
    };
  });
}

function figuresOf(start: LoadStart, summary: LoadSummary): LoadFigures {
  const { forMs, sent, succeeded, failed, unstarted, achievedRate } = summary;
  const { latencyMs, statuses, seconds, percentiles } = summary;
  return {
    payloads: start.names.map((name) => safeLine(name, longestName)),
    forMs,
    rate: start.rate,
    concurrency: start.concurrency,
    sent,
    succeeded,
    failed,
    unstarted,
    achievedRate,
    latencyMs,
    errors: errorsOf(summary),
    statuses,
    seconds,
    percentiles,
    thresholds: summary.thresholds.map((judged) => ({
      text: safeLine(judged.threshold.text, 80),
      actual: actualText(judged),
      failed: judged.failed,
    })),
    notes: remarks(summary),
  };
}

/** `500/s asked for, 498.2/s achieved`: the line above the figures. */
export function rateText({ rate, concurrency, achievedRate }: LoadFigures): string {
  return rate === null
    ? `${perSecond(achievedRate)}/s, ${thousands(concurrency ?? 1)} at once`
    : `${perSecond(achievedRate)}/s of ${perSecond(rate)}/s asked for`;
}

/** `1,234 sent · 1,230 succeeded · 4 failed (0.32 %)`, and what never started, with the share of both. */
export function countsText({ sent, succeeded, failed, unstarted }: LoadFigures): string {
  const errors = failed + unstarted;
  const part = errors === 0 ? "" : ` (${share((errors / (sent + unstarted)) * 100)})`;
  const counts = `${thousands(sent)} sent · ${thousands(succeeded)} succeeded · ${thousands(failed)} failed`;
  return `${counts}${unstarted === 0 ? "" : ` · ${thousands(unstarted)} never started`}${part}`;
}
