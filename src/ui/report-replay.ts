import type { Report, ReportCase, ReportFailure, ReportGroup } from "../actions/reports.ts";
import type { ReplayDelivery, ReplayEvent } from "../actions/replay.ts";
import { bytes, count, duration } from "./format.ts";
import { safeLine, safeText } from "./safe.ts";
import { commandLine } from "./shell.ts";

/** Failures of a case that are told apart; of further kinds only the number is kept. */
const mostKinds = 5;

/** Code points of a name, and of an answer, that are kept. */
const longest = { name: 300, answer: 4000 };

/** Gathers a replay's events for its reports. */
export interface ReplayRecorder {
  watch(this: void, event: ReplayEvent): void;
  report(this: void): Report;
}

/** What became of all deliveries of one payload. */
interface Recorded {
  name: string;
  sent: number;
  failed: number;
  durationMs: number;
  /** By code and message. */
  kinds: Map<string, ReportFailure & { times: number }>;
  /** Failures of kinds beyond those. */
  others: number;
  request: NonNullable<ReportCase["request"]>;
  answer: ReportCase["answer"];
}

/**
 * Gathers one case for each payload, and for each way in which it was made wrong, however often it was sent; what is kept
 * does not grow with the number of deliveries.
 * @param now Unix milliseconds
 */
export function recordReplay(now: () => number): ReplayRecorder {
  const startedAt = now();
  let url = "";
  let end: { durationMs: number; interrupted: boolean } | undefined;
  /** By what sends them again: one list for all deliveries of a payload. */
  const recorded = new Map<ReplayDelivery["again"], { group: string; one: Recorded }>();
  const names = new Map<string, number>();

  const numbered = (group: string, name: string): string => {
    const key = `${group}\n${name}`;
    const number = (names.get(key) ?? 0) + 1;
    names.set(key, number);
    return number === 1 ? name : `${name} #${number}`;
  };

  return {
    watch(event) {
      if (event.type === "start") url = event.url;
      else if (event.type === "summary") end = event;
      else {
        let place = recorded.get(event.again);
        if (place === undefined) {
          const group = safeLine(event.provider ?? "unknown", longest.name);
          place = { group, one: begin(event, numbered(group, nameOf(event)), url) };
          recorded.set(event.again, place);
        }
        add(place.one, event);
      }
    },
    report: () => ({
      title: "hookline replay",
      target: safeLine(url),
      startedAt,
      durationMs: end?.durationMs ?? now() - startedAt,
      groups: groupsOf([...recorded.values()]),
      interrupted: end?.interrupted ?? true,
    }),
  };
}

/** `fareplay/order.created (body)` */
function nameOf({ name, tampering }: ReplayDelivery): string {
  const short = safeLine(name, longest.name);
  return tampering === undefined ? short : `${short} (${tampering})`;
}

function begin(event: ReplayDelivery, name: string, url: string): Recorded {
  const command = event.again.map(commandLine).join(" | ");
  return {
    name,
    sent: 0,
    failed: 0,
    durationMs: 0,
    kinds: new Map(),
    others: 0,
    request: { method: "POST", url: safeLine(url), bytes: event.bytes, command },
    answer: undefined,
  };
}

function add(one: Recorded, event: ReplayDelivery): void {
  const { outcome, status, durationMs } = event;
  // Given up at a signal: that says nothing of the target.
  if (!outcome.ok && outcome.reason === "aborted") return;
  one.sent++;
  one.durationMs += durationMs;
  if (outcome.ok) return;
  one.failed++;
  const failure = failureOf(event);
  const key = `${failure.code}\n${failure.message}`;
  const known = one.kinds.get(key);
  if (known !== undefined) known.times++;
  else if (one.kinds.size < mostKinds) one.kinds.set(key, { ...failure, times: 1 });
  else one.others++;
  one.answer ??= { status: status ?? null, durationMs, text: answerText(event.answer) };
}

function answerText(answer: ReplayDelivery["answer"]): string {
  if (answer === undefined) return "";
  const isCut = answer.bytes > answer.body.length;
  let text: string;
  try {
    // A character that the cut goes through is left out.
    text = new TextDecoder("utf-8", { fatal: true }).decode(answer.body, { stream: isCut });
  } catch {
    return `(binary, ${bytes(answer.bytes)})`;
  }
  const short = safeText(text, longest.answer);
  return isCut || text.length > short.length ? `${short}\n(${bytes(answer.bytes)} in all)` : short;
}

function groupsOf(all: readonly { group: string; one: Recorded }[]): ReportGroup[] {
  const groups = new Map<string, ReportCase[]>();
  for (const { group, one } of all) {
    const cases = groups.get(group);
    if (cases === undefined) groups.set(group, [caseOf(one)]);
    else cases.push(caseOf(one));
  }
  return [...groups].map(([name, cases]) => ({
    name,
    durationMs: cases.reduce((sum, { durationMs }) => sum + durationMs, 0),
    cases,
  }));
}

function caseOf({ name, sent, failed, durationMs, request, answer, ...one }: Recorded): ReportCase {
  const outcome = failed > 0 ? "failed" : sent > 0 ? "passed" : "skipped";
  const kinds: ReportFailure[] = [...one.kinds.values()].map(({ times, ...failure }) =>
    sent === 1 ? failure : { ...failure, message: `${failure.message} (${times} of ${sent} deliveries)` },
  );
  if (one.others > 0) {
    kinds.push({ code: "other", message: `${count(one.others, "failure", "failures")} of other kinds` });
  }
  return {
    name,
    outcome,
    durationMs,
    failures: kinds,
    ...(outcome === "skipped" ? { note: "interrupted before it was answered" } : {}),
    request,
    ...(answer === undefined ? {} : { answer }),
  };
}

/** How a request was made wrong, in words that follow "a request". */
const wrongness: Record<NonNullable<ReplayDelivery["tampering"]>, string> = {
  missing: "without a signature",
  empty: "with an empty signature",
  malformed: "with a signature that is none by its form",
  signature: "with a wrong signature",
  truncated: "with half of a signature",
  secret: "signed with another secret",
  body: "whose body is not the one that was signed",
  timestamp: "that was signed too long ago",
  future: "that was signed for a time to come",
  redated: "whose time is not the one that was signed",
  duplicate: "with two signatures, one of them wrong",
};

/** Why a delivery failed, by the provider's own rule. Nothing in it varies between failures of a kind, as times would. */
function failureOf({ outcome, title, tampering }: ReplayDelivery): ReportFailure {
  if (outcome.ok) throw new Error("it did not fail");
  const who = safeLine(title, 60);
  const again = `to ${who} this delivery failed, and it sends it again`;
  switch (outcome.reason) {
    case "status": {
      const { accepted, status } = outcome;
      const success = accepted === "2xx" ? "2xx" : accepted.join(", ");
      const redirect = status >= 300 && status < 400;
      return {
        code: "status",
        message: `answered ${status}: ${redirect ? `${who} follows no redirect` : `${who} takes only ${success} as success`}`,
        why: again,
        fix: redirect
          ? "answer at this very URL, or give the one that it redirects to"
          : `answer ${success} once the delivery is stored`,
      };
    }
    case "not-refused": {
      const { status } = outcome;
      const request = `a request ${tampering === undefined ? "that is wrong" : wrongness[tampering]}`;
      return {
        code: "not-refused",
        message:
          status < 300
            ? `answered ${status} to ${request}: it was taken for right`
            : `answered ${status} to ${request}: that is no refusal of a signature`,
        why: `whoever knows the URL can send what ${who} never sent`,
        fix: "verify the signature over the raw body before anything else, and answer 401 where it is wrong",
      };
    }
    case "broke":
      return {
        code: "broke",
        message: `answered ${outcome.status} to a request ${tampering === undefined ? "that is wrong" : wrongness[tampering]}: it broke over it`,
        why: "a 5xx has a sender try again and again, and anybody can cause it",
        fix: "answer 401 where the signature is wrong; what throws in verifying is a wrong signature too",
      };
    case "late":
      return {
        code: "late",
        message: `answered too late: ${who} gives up after ${duration(outcome.allowedMs)}`,
        why: again,
        fix: "store the delivery, answer, and do the work afterwards",
      };
    case "timeout":
      return {
        code: "timeout",
        message:
          outcome.allowedMs === undefined
            ? safeLine(outcome.message, longest.name)
            : `no answer: ${who} gives up after ${duration(outcome.allowedMs)}`,
        why: again,
        fix: "store the delivery, answer, and do the work afterwards",
      };
    default:
      return { code: outcome.reason, message: safeLine(outcome.message, longest.name) };
  }
}
