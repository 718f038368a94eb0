import type { Report, ReportCase, ReportFailure, ReportGroup } from "../actions/reports.ts";
import type { ReplayDelivery, ReplayEvent } from "../actions/replay.ts";
import { bytes, count } from "./format.ts";
import { failureOf } from "./outcome.ts";
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
  const failure = failureOf(outcome, event);
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
