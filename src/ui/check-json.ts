import type { CheckDone, CheckPlan, CheckSummary } from "../actions/check.ts";
import type { RenderedCause } from "./check-causes.ts";
import { decisive, noteText, reason } from "./check-text.ts";
import { checkWords } from "./check-words.ts";
import { milliseconds } from "./format.ts";
import { safeBytes } from "./safe.ts";
import { commandLine } from "./shell.ts";

/** A check as a line of NDJSON. */
export function checkJson({ check, outcome, exchanges, notes, durationMs, again }: CheckDone): object {
  const { title, why, fix } = checkWords(check);
  const exchange = decisive(exchanges);
  return {
    type: "check",
    id: check.id,
    area: check.area,
    title,
    scored: check.scored,
    outcome,
    event: exchange?.event ?? check.event ?? null,
    requests: exchanges.length,
    status: exchange?.status ?? null,
    duration_ms: milliseconds(exchange?.durationMs ?? durationMs),
    code: exchange === undefined || exchange.outcome.ok ? null : exchange.outcome.reason,
    message: exchange === undefined || exchange.outcome.ok ? null : reason(exchange),
    notes: notes.map((note) => ({ code: note.code, message: noteText(note) })),
    why,
    fix,
    again: outcome === "passed" ? null : again.map(commandLine).join(" | "),
    answer:
      exchange?.answer === undefined || outcome === "passed"
        ? null
        : { bytes: exchange.answer.bytes, text: safeBytes(exchange.answer.body).text },
  };
}

/** The last line: the score, and the causes in words. */
export function summaryJson(summary: CheckSummary, causes: readonly RenderedCause[]): object {
  const { score, latency, stopped } = summary;
  return {
    type: "summary",
    passed: score.passed,
    total: score.total,
    percent: score.percent,
    causes,
    requests: summary.requests,
    probes: summary.probes,
    latency_ms:
      latency === undefined
        ? null
        : {
            p50: milliseconds(latency.p50Ms),
            p95: milliseconds(latency.p95Ms),
            max: milliseconds(latency.maxMs),
          },
    allowed_ms: summary.allowedMs,
    stopped: stopped?.reason ?? null,
    duration_ms: milliseconds(summary.durationMs),
    interrupted: summary.interrupted,
  };
}

/** What would be checked, as a list. */
export function planJson({ provider, checks, leftOut }: CheckPlan): object {
  return {
    provider,
    data: checks.map((check) => ({
      id: check.id,
      area: check.area,
      title: checkWords(check).title,
      scored: check.scored,
      why: checkWords(check).why,
    })),
    left_out: leftOut,
    next_cursor: null,
  };
}
