import type { LoadStart, LoadSummary } from "../actions/load.ts";
import type { LoadFigures, Report, ReportCase, ReportFailure } from "../actions/reports.ts";
import { duration } from "./format.ts";
import { actualText, failureText, perSecond, remarks, share, thousands } from "./load-words.ts";
import { safeLine } from "./safe.ts";
import { commandLine } from "./shell.ts";

/** The report of a load: a case for each threshold, or one for all deliveries where there are none. */
export function loadReport(start: LoadStart, summary: LoadSummary, startedAt: number): Report {
  const { durationMs, interrupted, sent, failed, thresholds } = summary;
  const request = {
    method: "POST",
    url: safeLine(start.url),
    bytes: start.request.bytes,
    command: start.request.command.map(commandLine).join(" | "),
  };
  const deliveries: ReportCase = {
    name: "deliveries",
    title: `${thousands(sent)} deliveries in ${duration(durationMs)}`,
    outcome: failed > 0 || summary.succeeded === 0 ? "failed" : "passed",
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
  const { failures, sent } = summary;
  if (sent === 0) return [{ code: "nothing-sent", message: "not one request was sent to its end" }];
  return failures.map((kind) => ({
    code: kind.code,
    message: `${failureText(kind)} (${thousands(kind.count)} of ${thousands(sent)} deliveries)`,
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
  const { sent, succeeded, failed, achievedRate, latencyMs, statuses, seconds, percentiles } = summary;
  return {
    rate: start.rate,
    concurrency: start.concurrency,
    sent,
    succeeded,
    failed,
    achievedRate,
    latencyMs,
    errors: summary.failures.map((kind) => ({
      code: kind.code,
      message: failureText(kind),
      count: kind.count,
    })),
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
    ? `${perSecond(achievedRate)}/s, ${concurrency} at once`
    : `${perSecond(achievedRate)}/s of ${perSecond(rate)}/s asked for`;
}

/** `1,234 sent · 1,230 succeeded · 4 failed (0.32 %)` */
export function countsText({ sent, succeeded, failed }: LoadFigures): string {
  const part = sent === 0 ? "" : ` (${share((failed / sent) * 100)})`;
  return `${thousands(sent)} sent · ${thousands(succeeded)} succeeded · ${thousands(failed)} failed${failed > 0 ? part : ""}`;
}
