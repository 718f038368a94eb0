import type { LoadFigures, Report, ReportCase, ReportGroup } from "./report.ts";
import { countCases } from "./words.ts";

/** The report as a JSON document for programs: snake_case, times in milliseconds, null for what there is not. */
export function jsonReport(report: Report): string {
  const { title, target, startedAt, durationMs, interrupted, groups, score, load } = report;
  const document = {
    version: 1,
    title,
    target,
    started_at: new Date(startedAt).toISOString(),
    duration_ms: rounded(durationMs),
    interrupted,
    counts: countCases(groups),
    score: score === undefined ? null : { passed: score.passed, total: score.total },
    groups: groups.map(groupJson),
    load: load === undefined ? null : loadJson(load),
  };
  return `${JSON.stringify(document, null, 2)}\n`;
}

function groupJson(group: ReportGroup): object {
  return {
    name: group.name,
    duration_ms: rounded(group.durationMs),
    counts: countCases([group]),
    cases: group.cases.map(caseJson),
    output: group.output ?? null,
  };
}

function caseJson({ name, title, outcome, durationMs, failures, note, place, ...one }: ReportCase): object {
  const { request, answer } = one;
  return {
    name,
    title: title ?? null,
    outcome,
    duration_ms: rounded(durationMs),
    failures: failures.map(({ code, message, why, fix }) => ({
      code,
      message,
      why: why ?? null,
      fix: fix ?? null,
    })),
    note: note ?? null,
    place: place === undefined ? null : { file: place.file, line: place.line },
    request:
      request === undefined
        ? null
        : { method: request.method, url: request.url, bytes: request.bytes, command: request.command },
    answer:
      answer === undefined
        ? null
        : { status: answer.status, duration_ms: rounded(answer.durationMs), text: answer.text },
  };
}

function loadJson({ latencyMs, ...load }: LoadFigures): object {
  return {
    payloads: load.payloads,
    for_ms: load.forMs,
    rate: load.rate,
    concurrency: load.concurrency,
    achieved_rate: rounded(load.achievedRate),
    sent: load.sent,
    succeeded: load.succeeded,
    failed: load.failed,
    unstarted: load.unstarted,
    latency_ms:
      latencyMs === null
        ? null
        : Object.fromEntries(Object.entries(latencyMs).map(([name, ms]) => [name, rounded(ms)])),
    errors: load.errors,
    statuses: load.statuses,
    thresholds: load.thresholds,
    percentiles: load.percentiles,
    seconds: load.seconds.map(({ underWay, ...second }) => ({ ...second, under_way: underWay })),
    notes: load.notes,
  };
}

/** To the microsecond: further digits are noise. */
function rounded(value: number): number {
  return Math.round(value * 1000) / 1000;
}
