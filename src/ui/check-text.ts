import type { Exchange, Note } from "../actions/check.ts";
import { count, duration } from "./format.ts";
import { statusMeaning } from "./outcome.ts";
import { safeBytes, safeLine } from "./safe.ts";

/** Characters of an answer that are shown. */
const answerWidth = 160;

/** The exchange that a check failed by, else its last. */
export function decisive(exchanges: readonly Exchange[]): Exchange | undefined {
  return exchanges.find(({ outcome }) => !outcome.ok) ?? exchanges.at(-1);
}

/** What was wanted of an answer, where another came. */
export function reason({ outcome, durationMs }: Exchange): string {
  if (outcome.ok) return "";
  switch (outcome.reason) {
    case "status":
      return `only ${outcome.accepted === "2xx" ? "2xx" : outcome.accepted.join(", ")} is success`;
    case "not-refused":
      return outcome.status < 300
        ? "accepted, and had to be refused"
        : `says that ${statusMeaning(outcome.status) ?? "something else is wrong"}, not the signature: 401 does`;
    case "broke":
      return "broke over it: a refusal is 401 or 400";
    case "late":
      return `too late: the provider gives up after ${duration(outcome.allowedMs)}`;
    case "timeout":
      return `no answer after ${duration(durationMs)}`;
    default:
      return safeLine(outcome.message, 200);
  }
}

export function noteText(note: Note): string {
  switch (note.code) {
    case "answers-equal":
      return "the same answer both times";
    case "answers-differ":
      return note.first === note.second
        ? `another body the second time (${note.first})`
        : `${note.first}, then ${note.second}`;
    case "close-to-allowance":
      return `that is more than half of the ${duration(note.allowedMs)} that the provider waits`;
    case "latency":
      return `p50 ${duration(note.p50Ms)} · p95 ${duration(note.p95Ms)} · longest ${duration(note.maxMs)}`;
    case "refused-as-before":
      return `it answers ${note.status}, as before`;
    case "unsteady":
      return `answered ${note.first}, then ${note.then} to the same`;
    case "nothing-accepted":
      return "no right delivery was accepted, so there is no time to judge";
  }
}

/** What was sent, in words: `order.created, 541 bytes, evt_1`. */
export function sentText({ event, bytes, deliveryId }: Exchange): string {
  return [
    ...(event === undefined ? [] : [safeLine(event, 80)]),
    count(bytes, "byte", "bytes"),
    safeLine(deliveryId, 60),
  ].join(", ");
}

/** What came back, in words: `500 after 3 ms: {"error":…}`. */
export function cameText(exchange: Exchange): string {
  const { status, durationMs, answer } = exchange;
  if (status === undefined) return reason(exchange);
  const said = answer === undefined ? "" : safeBytes(answer.body).text.replace(/\s+/g, " ").trim();
  return `${status} after ${duration(durationMs)}${said === "" ? "" : `: ${safeLine(said, answerWidth)}`}`;
}
