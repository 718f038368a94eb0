import type { ReplayDelivery } from "../actions/replay.ts";
import type { ReportFailure } from "../actions/reports.ts";
import { duration } from "./format.ts";
import { safeLine } from "./safe.ts";

/** What became of a delivery that failed. */
export type FailedOutcome = Exclude<ReplayDelivery["outcome"], { ok: true }>;

/** Code points of what an error says. */
const longest = 300;

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

/** Why a delivery failed, by the provider's own rule, in a few words for a line that shows the status beside them. */
export function shortReason(
  outcome: ReplayDelivery["outcome"],
  { title, durationMs }: { title: string; durationMs: number },
): string {
  if (outcome.ok) return "";
  const who = safeLine(title, 60);
  switch (outcome.reason) {
    case "status":
      return isRedirect(outcome) ? `${who} follows no redirect` : takesOnly(outcome, who);
    case "not-refused":
      return outcome.status < 300
        ? "taken for right: your app must refuse it with a 4xx"
        : `${meaningOf(outcome.status)}: a wrong signature is answered with 401`;
    case "broke":
      return `your app broke over it: a wrong signature is answered with a 4xx, and a 5xx has ${who} send it again`;
    case "late":
      return `too late: ${who} gives up after ${duration(outcome.allowedMs)}`;
    case "timeout":
      return outcome.allowedMs === undefined
        ? `no answer after ${duration(durationMs)}`
        : `no answer, and ${who} gives up after ${duration(outcome.allowedMs)}`;
    default:
      return safeLine(outcome.message, longest);
  }
}

/**
 * Why a delivery failed, why that matters and what to do about it. Nothing in it varies between failures of a kind, as
 * times would.
 * @param delivery.tampering how it was made wrong, where that is known
 */
export function failureOf(
  outcome: FailedOutcome,
  { title, tampering }: { title: string; tampering?: ReplayDelivery["tampering"] },
): ReportFailure {
  const who = safeLine(title, 60);
  const request = `a request ${tampering === undefined ? "that is wrong" : wrongness[tampering]}`;
  const again = `to ${who} this delivery failed, and it sends it again`;
  switch (outcome.reason) {
    case "status":
      return {
        code: "status",
        message: `answered ${outcome.status}: ${isRedirect(outcome) ? `${who} follows no redirect` : takesOnly(outcome, who)}`,
        why: again,
        fix: isRedirect(outcome)
          ? "answer at this very URL, or give the one that it redirects to"
          : `answer ${success(outcome)} once the delivery is stored`,
      };
    case "not-refused":
      return {
        code: "not-refused",
        message:
          outcome.status < 300
            ? `answered ${outcome.status} to ${request}: it was taken for right`
            : `answered ${outcome.status} to ${request}, which ${meaningOf(outcome.status)}`,
        why: `whoever knows the URL can send what ${who} never sent`,
        fix: "verify the signature over the raw body before anything else, and answer 401 where it is wrong",
      };
    case "broke":
      return {
        code: "broke",
        message: `answered ${outcome.status} to ${request}: it broke over it`,
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
            ? safeLine(outcome.message, longest)
            : `no answer: ${who} gives up after ${duration(outcome.allowedMs)}`,
        why: again,
        fix: "store the delivery, answer, and do the work afterwards",
      };
    default:
      return { code: outcome.reason, message: safeLine(outcome.message, longest) };
  }
}

/** What a status says in place of "the signature is wrong"; undefined where that may be what it says. */
export function statusMeaning(status: number | undefined): string | undefined {
  if (status !== undefined && status >= 300 && status < 400) return "it is elsewhere";
  return meanings.get(status ?? 0);
}

const meanings = new Map([
  [404, "nothing is there"],
  [405, "there is nothing for this method"],
  [408, "the request came too slowly"],
  [410, "it is gone for good"],
  [429, "there were too many requests"],
]);

type StatusOutcome = Extract<FailedOutcome, { reason: "status" }>;

const meaningOf = (status: number): string =>
  `says that ${statusMeaning(status) ?? "something else is wrong"}, not that the signature is`;

const isRedirect = ({ status }: StatusOutcome): boolean => status >= 300 && status < 400;

const success = ({ accepted }: StatusOutcome): string => (accepted === "2xx" ? "2xx" : accepted.join(", "));

const takesOnly = (outcome: StatusOutcome, who: string): string =>
  `${who} takes only ${success(outcome)} as success`;
