import type { Difference, Mismatch, StepFailure, TestStep } from "../actions/test-events.ts";
import { count, duration } from "./format.ts";
import { failureOf } from "./outcome.ts";
import { safeLine } from "./safe.ts";

/** A failure in words; all text is safe. */
export interface FailureWords {
  /** Stable, in kebab-case. */
  code: string;
  message: string;
  /** What was expected and what came, line by line: `- expected`, `+ came`. */
  lines: string[];
  why?: string;
  fix?: string;
}

/** Code points of a value, and differences of a body, that are shown. */
const longest = 300;
const mostDifferences = 10;

export function failureWords(failure: StepFailure): FailureWords {
  const words = wordsOf(failure);
  return failure.delivery === undefined
    ? words
    : { ...words, message: `delivery ${failure.delivery}: ${words.message}` };
}

function wordsOf(failure: StepFailure): FailureWords {
  switch (failure.kind) {
    case "outcome":
      return outcomeWords(failure);
    case "status":
      return {
        code: "status",
        message: `answered ${failure.actual}, expected ${failure.expected.join(" or ")}`,
        lines: [],
      };
    case "late":
      return {
        code: "late",
        message: `answered after ${duration(failure.actualMs)}, expected within ${duration(failure.allowedMs)}`,
        lines: [],
      };
    case "mismatch":
      return mismatchWords(failure.mismatch, failure.differences);
    case "calls":
      return callsWords(failure);
    case "late-call":
      return {
        code: "calls",
        message: `${safeLine(failure.call, longest)} came once more than an earlier step expects, and this one does not expect it`,
        lines: [],
      };
    case "capture":
      return {
        code: "capture",
        message: `nothing to capture as ${safeLine(failure.name)}: there is no ${safeLine(failure.where, longest)}`,
        lines: [],
      };
    case "error":
      return { code: failure.code, message: safeLine(failure.message, 1000), lines: [] };
    case "app-ended":
      return {
        code: "app-ended",
        message: `the app that was started ended ${safeLine(failure.how, longest)}`,
        lines: [],
      };
  }
}

/** By the provider's own rule, where the suite says no status; the time is the suite's where it says one. */
function outcomeWords({ outcome, ...delivery }: StepFailure & { kind: "outcome" }): FailureWords {
  if (outcome.reason === "late")
    return { code: "late", message: `answered too late: it has ${duration(outcome.allowedMs)}`, lines: [] };
  if (outcome.reason === "timeout" && outcome.allowedMs !== undefined)
    return { code: "timeout", message: `no answer within ${duration(outcome.allowedMs)}`, lines: [] };
  return { ...failureOf(outcome, delivery), lines: [] };
}

function mismatchWords(mismatch: Mismatch, differences: readonly Difference[]): FailureWords {
  const code = mismatch.subject.split(" ", 1)[0] ?? "mismatch";
  const lines = differences.length > 0 ? differenceLines(differences) : valueLines(mismatch);
  return { code, message: mismatchText(mismatch), lines };
}

function mismatchText({ subject, kind, expected, actual }: Mismatch): string {
  const what = safeLine(subject, longest);
  switch (kind) {
    case "missing":
      return `${what} is missing`;
    case "present":
      return `${what} is there, and must not be`;
    case "different":
      return `${what} is different`;
    case "no-match":
      return `${what} does not match`;
    case "slow":
      return `${what} cannot be matched: the pattern takes too long`;
    case "invalid-pattern":
      return `${what} cannot be matched: ${safeLine(expected ?? "", longest)} is no regular expression`;
    case "not-json":
      return actual === "" ? `${what} is empty, and has to be JSON` : `${what} is no JSON`;
    case "too-deep":
      return `${what} is nested too deeply to be looked at`;
    case "cut":
      return `${what} is longer than 5 MiB, the most that is looked at`;
  }
}

function valueLines({ kind, expected, actual }: Mismatch): string[] {
  const shown = (value: string): string => safeLine(value, longest);
  return [
    ...(expected === undefined || kind === "invalid-pattern"
      ? []
      : [`- ${kind === "no-match" || kind === "slow" ? `/${shown(expected)}/` : shown(expected)}`]),
    ...(actual === undefined || actual === "" ? [] : [`+ ${shown(actual)}`]),
  ];
}

function differenceLines(differences: readonly Difference[]): string[] {
  const lines = differences.slice(0, mostDifferences).flatMap(({ path, before, after }) => {
    const at = safeLine(path, 100);
    return [
      ...(before === undefined ? [] : [`- ${at}  ${safeLine(before, longest)}`]),
      ...(after === undefined ? [] : [`+ ${at}  ${safeLine(after, longest)}`]),
    ];
  });
  const more = differences.length - mostDifferences;
  return more > 0 ? [...lines, `… and ${count(more, "more difference", "more differences")}`] : lines;
}

function callsWords({
  call,
  wanted,
  orMore,
  actual,
  withinMs,
  others,
}: StepFailure & { kind: "calls" }): FailureWords {
  const what = safeLine(call, longest);
  const message =
    wanted === 0
      ? `${what} was called ${count(actual, "time", "times")}, and must not be`
      : actual > wanted
        ? `${what} was called ${count(actual, "time", "times")}, expected ${wanted}`
        : `${what} was called ${count(actual, "time", "times")} within ${duration(withinMs)}, expected ${orMore ? `at least ${wanted}` : wanted}`;
  const isTooMany = actual > wanted;
  const lines = isTooMany
    ? []
    : others.flatMap(({ call: other, mismatches }) => [
        `+ ${safeLine(other, longest)}${mismatches.length === 0 ? "" : `: ${mismatches.slice(0, 3).map(mismatchText).join(", ")}`}`,
      ]);
  return {
    code: "calls",
    message,
    lines: others.length === 0 && !isTooMany ? ["+ nothing else was called"] : lines,
  };
}

/** Why a step was not run. */
export function leftOutWords(leftOut: TestStep["leftOut"]): string {
  switch (leftOut?.by) {
    case "skip":
      return leftOut.reason === undefined ? "skip" : `skip: ${safeLine(leftOut.reason, longest)}`;
    case "only":
      return "others say only";
    case "tag":
      return "by its tags";
    case "bail":
      return "a step before failed";
    case "interrupted":
      return "interrupted";
    case undefined:
      return "";
  }
}
