import type { CheckDone } from "../actions/check.ts";
import type { Report, ReportCase, ReportFailure, ReportGroup } from "../actions/reports.ts";
import { renderCause, type RenderedCause } from "./check-causes.ts";
import { areaTitles, checkWords } from "./check-words.ts";
import { decisive, noteText, reason } from "./check-text.ts";
import type { Checked } from "./check.ts";
import { safeBytes, safeLine } from "./safe.ts";
import { commandLine } from "./shell.ts";

/** Bytes of an answer that a report holds. */
const answerLength = 4_000;

/** A run of checks as a report: areas are its groups, checks its cases. @param startedAt Unix milliseconds */
export function reportCheck({ start, checks, summary }: Checked, startedAt: number): Report {
  const causes = summary.causes.map((cause) => renderCause(cause, start.provider));
  const groups = Object.keys(areaTitles).flatMap((area): ReportGroup[] => {
    const of = checks.filter(({ check }) => check.area === area);
    if (of.length === 0) return [];
    const durationMs = of.reduce((sum, done) => sum + done.durationMs, 0);
    return [{ name: area, durationMs, cases: of.map((done) => caseOf(done, causes, start.url)) }];
  });
  return {
    title: `hookline check of ${safeLine(start.title, 60)}`,
    target: safeLine(start.url, 500),
    startedAt,
    durationMs: summary.durationMs,
    groups,
    interrupted: summary.interrupted,
    score: { passed: summary.score.passed, total: summary.score.total },
  };
}

function caseOf(done: CheckDone, causes: readonly RenderedCause[], url: string): ReportCase {
  const { check, outcome, exchanges, notes, durationMs, again } = done;
  const exchange = decisive(exchanges);
  const { title, why, fix } = checkWords(check);
  const remarks = [
    ...(outcome === "not-run" ? ["not run: the checks ended before"] : []),
    ...(outcome === "noted" && exchange !== undefined
      ? [`not scored: ${reason(exchange)}; ${why}; ${fix}`]
      : []),
    ...notes.map(noteText),
  ];
  return {
    name: check.id,
    title,
    outcome: outcome === "failed" ? "failed" : outcome === "not-run" ? "skipped" : "passed",
    durationMs,
    failures: outcome === "failed" ? failuresOf(done, causes) : [],
    ...(remarks.length === 0 ? {} : { note: remarks.join("; ") }),
    ...(exchange === undefined
      ? {}
      : {
          request: {
            method: "POST",
            url: safeLine(url, 500),
            bytes: exchange.bytes,
            command: again.map(commandLine).join(" | "),
          },
          answer: {
            status: exchange.status ?? null,
            durationMs: exchange.durationMs,
            text:
              exchange.answer === undefined
                ? ""
                : safeBytes(exchange.answer.body.subarray(0, answerLength)).text,
          },
        }),
  };
}

/** Every cause that explains the check; it is explained by one at least. */
function failuresOf({ check }: CheckDone, causes: readonly RenderedCause[]): ReportFailure[] {
  const { why, fix } = checkWords(check);
  return causes
    .filter(({ explains }) => explains.includes(check.id))
    .map((cause, index) => ({
      code: cause.code,
      message: `${cause.confidence === "likely" ? "likely: " : ""}${cause.message}`,
      ...(index === 0 ? { why } : {}),
      fix: cause.fix ?? fix,
    }));
}
