import type { RefusalOutcome } from "../../transport/judge.ts";
import type { Check } from "./checks.ts";

/** One request of a check, and what came of it. */
export interface Exchange {
  /** What the provider's contract wants of the handler. */
  expected: "accepted" | "refused";
  event: string | undefined;
  deliveryId: string;
  bytes: number;
  /** Whether the body holds ASCII alone. */
  ascii: boolean;
  outcome: RefusalOutcome;
  /** Undefined where no answer came. */
  status: number | undefined;
  durationMs: number;
  /** The head of the answer's body, and its whole length; undefined where it has none. */
  answer: { body: Buffer; bytes: number } | undefined;
  /** What was unusual in how it was sent; undefined where nothing was. */
  form?: RequestForm;
  /** It was sent more than once: what the first was answered, and what the one that counts. */
  unsteady?: { first: number; then: number };
  /** Whether it went out in pieces, with pauses: its time says nothing of the handler's. */
  slow?: boolean;
}

/** How a request is sent that handlers may forget to verify. */
export type RequestForm = "charset" | "text" | "no-type" | "chunked" | "large";

/** What is worth knowing of a check, whether it passed or not. */
export type Note =
  /** The same delivery again got the same answer, or another. */
  | { code: "answers-equal" | "answers-differ"; first: number; second: number }
  /** 95 of 100 answers took at most so long, which is more than half of what the provider waits. */
  | { code: "close-to-allowance"; p95Ms: number; allowedMs: number }
  /** Times of the answers to right deliveries. */
  | { code: "latency"; p50Ms: number; p95Ms: number; maxMs: number }
  /** It was refused from the first delivery on, and still is. */
  | { code: "refused-as-before"; status: number }
  /** It broke over a request, and took the very same when that came again. */
  | { code: "unsteady"; first: number; then: number }
  /** No right delivery was accepted, so there is no time to judge. */
  | { code: "nothing-accepted" };

export interface CheckResult {
  check: Check;
  /** `noted`: not as it should be, but not scored. `not-run`: the battery ended before. */
  outcome: "passed" | "failed" | "noted" | "not-run";
  /** In the order they were sent; none where it was judged from those of other checks. */
  exchanges: readonly Exchange[];
  notes: readonly Note[];
  durationMs: number;
}

/** Why the battery ended before its last check. */
export type Stop =
  /** Nothing can be reached there at all. */
  | { reason: "unreachable"; error: string; message: string }
  /** So many requests in a row got no answer, or all of them too late. */
  | {
      reason: "no-answers";
      times: number;
      message: string;
      why: "timeouts" | "late" | "errors";
      /** Whether any request was answered before. */
      answeredBefore: boolean;
    }
  /** It answers 429, from that request on. */
  | { reason: "rate-limited"; after: number }
  /** All of it took longer than it may. */
  | { reason: "too-long"; limitMs: number };

/** Of a run of checks. */
export interface Score {
  passed: number;
  total: number;
  /** Whole per cent, rounded down, so that 100 means all. */
  percent: number;
}

/** Whether all its exchanges went as they should. */
export function outcomeOf(check: Check, exchanges: readonly Exchange[]): CheckResult["outcome"] {
  if (exchanges.every(({ outcome }) => outcome.ok)) return "passed";
  return check.scored ? "failed" : "noted";
}

/** Checks that were not run count as not passed. */
export function scoreOf(results: readonly CheckResult[]): Score {
  const scored = results.filter(({ check }) => check.scored);
  const passed = scored.filter(({ outcome }) => outcome === "passed").length;
  const total = scored.length;
  return { passed, total, percent: total === 0 ? 100 : Math.floor((passed * 100) / total) };
}

export interface Latency {
  p50Ms: number;
  p95Ms: number;
  maxMs: number;
}

/** How long accepted deliveries took, but for those sent slowly; undefined where none was accepted. */
export function latencyOf(exchanges: readonly Exchange[]): Latency | undefined {
  const times = exchanges
    .filter(({ expected, outcome, slow }) => expected === "accepted" && outcome.ok && slow !== true)
    .map(({ durationMs }) => durationMs)
    .sort((a, b) => a - b);
  const at = (share: number): number => times[Math.ceil(times.length * share) - 1] ?? 0;
  return times.length === 0 ? undefined : { p50Ms: at(0.5), p95Ms: at(0.95), maxMs: at(1) };
}

/** Those that broke the provider's allowance. */
export function overdue(exchanges: readonly Exchange[]): Exchange[] {
  return exchanges.filter(
    ({ expected, outcome, slow }) =>
      expected === "accepted" &&
      slow !== true &&
      !outcome.ok &&
      (outcome.reason === "late" || outcome.reason === "timeout"),
  );
}
