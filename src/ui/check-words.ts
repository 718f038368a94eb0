import type { Check, CheckKind, LeftOut, LeftOutReason } from "../actions/check.ts";
import { safeLine } from "./safe.ts";

/** What is said of a check: lower-case first letter, no full stop at the end. */
export interface CheckWords {
  title: string;
  /** Why it matters. */
  why: string;
  /** What to do where it fails. */
  fix: string;
}

/** What follows the name of an area. */
export const areaTitles = {
  accepts: "what is right",
  refuses: "what is forged",
  survives: "what senders do",
  answers: "in time, and in the end",
} as const;

const whyForged = "whoever knows the URL can otherwise send your app events that never happened";
const whyNot5xx =
  "a forged request is no fault of your app: a 5xx has monitors raise alarms, and senders try again";
const refuse4xx =
  "verify before anything else, catch what the check throws, and answer 401 (or 400) with nothing done";

const words: Readonly<Record<CheckKind, CheckWords>> = {
  "accepts-event": {
    title: "takes an event",
    why: "what is refused is sent again for as long as the provider retries, and is lost after that",
    fix: "answer 2xx to every event that the provider sends, also to those that you do nothing with",
  },
  "refuses-missing-signature": {
    title: "refuses a request without a signature",
    why: whyForged,
    fix: "answer 401 where the header is not there, before it is read any further",
  },
  "refuses-empty-signature": {
    title: "refuses an empty signature",
    why: `an empty text is the start of every signature; ${whyForged}`,
    fix: "treat an empty header as one that is not there: 401",
  },
  "refuses-malformed-signature": {
    title: "refuses what is no signature by its form",
    why: whyNot5xx,
    fix: "compare lengths before you compare bytes, and catch what decoding throws",
  },
  "refuses-wrong-signature": { title: "refuses a wrong signature", why: whyForged, fix: refuse4xx },
  "refuses-truncated-signature": {
    title: "refuses half a signature",
    why: "a check that compares only as much as is given can be passed by guessing one character after the other",
    fix: "compare the whole signature with `crypto.timingSafeEqual` (lengths first), in Python `hmac.compare_digest`",
  },
  "refuses-other-secret": {
    title: "refuses what another secret signed",
    why: `anybody can sign with a secret of their own; ${whyForged}`,
    fix: refuse4xx,
  },
  "refuses-tampered-body": {
    title: "refuses a body that was changed",
    why: "a signature that does not cover the body lets amounts and ids be changed on the way",
    fix: "have the signature cover the raw bytes of the whole body",
  },
  "refuses-stale-timestamp": {
    title: "refuses a right signature from long ago",
    why: "a request that was recorded once could be sent again at any time",
    fix: "hold the time that was signed against your clock, and refuse what lies more than five minutes back",
  },
  "refuses-future-timestamp": {
    title: "refuses a right signature for a time far ahead",
    why: "a request that is dated ahead could be sent again until then",
    fix: "hold the time that was signed against your clock in both directions",
  },
  "refuses-redated-signature": {
    title: "refuses an old signature with the time of now beside it",
    why: "a time that is not signed can be set anew by whoever recorded the request",
    fix: "sign the time along with the body, as the provider's scheme says",
  },
  "refuses-second-signature": {
    title: "refuses a second, wrong signature beside the right one",
    why: "two parts of a system may each read another of the two",
    fix: "refuse a request that has the header more than once",
  },
  "refuses-wrong-ending": {
    title: "refuses a signature whose second half is wrong",
    why: "a check of the first characters alone can be passed by trying",
    fix: "compare the whole signature with `crypto.timingSafeEqual` (lengths first), in Python `hmac.compare_digest`",
  },
  "refuses-empty-secret": {
    title: "refuses what an empty secret signed",
    why: "where a variable is not set, its secret is empty or the word `undefined`: anybody can sign with those",
    fix: "leave out secrets that are not set before you verify with them, and refuse to start without one",
  },
  "refuses-every-event": {
    title: "refuses a wrong signature of every event",
    why: `some handlers verify the events that they act on alone; ${whyForged}`,
    fix: "verify every request before you look at its event",
  },
  "refuses-every-form": {
    title: "refuses forged requests of every type and size",
    why: `some handlers verify only what their body parser takes: one type, a few kilobytes; ${whyForged}`,
    fix: "read the raw body whatever its type and length, and verify it before anything else",
  },
  duplicates: {
    title: "takes the same delivery twice",
    why: "every sender delivers at least once: an answer that is lost on its way has the delivery come again",
    fix: "keep the ids of deliveries that were dealt with, and answer 2xx to those that come again, with nothing done",
  },
  "out-of-order": {
    title: "takes later events before earlier ones",
    why: "no sender promises an order: retries alone have events overtake each other",
    fix: "create what an event is about where it is not there yet, compare times before you overwrite, and answer 2xx",
  },
  "unknown-event": {
    title: "takes an event type that it does not know",
    why: "providers add types: one that is refused is sent again for days, and has many a provider disable the endpoint",
    fix: "answer 2xx to what you do nothing with, and log it",
  },
  unicode: {
    title: "takes text of all scripts in UTF-8",
    why: "names and messages are written in every script; such a delivery would be lost",
    fix: "verify the bytes as they came, decode them as UTF-8, and store them where four-byte characters fit (in MySQL utf8mb4)",
  },
  "unicode-escaped": {
    title: "takes text of all scripts escaped as \\uXXXX",
    why: "many a sender escapes what is not ASCII; the signature covers the escapes",
    fix: "verify the bytes as they came, not the JSON parsed and written again",
  },
  "large-body": {
    title: "takes a body of 1 MiB",
    why: "one event with many items is lost where a framework's limit is low: Express takes 100 kB unless told otherwise",
    fix: 'raise the limit on this route: `express.raw({ type: "*/*", limit: "5mb" })`, `bodyLimit` in Fastify, `client_max_body_size` in nginx',
  },
  "slow-body": {
    title: "takes a body in chunks with pauses between",
    why: "senders and proxies may send bodies with Transfer-Encoding: chunked, so without a Content-Length",
    fix: "read the body to its end, not as many bytes as Content-Length says, and not only what came first",
  },
  "content-type-charset": {
    title: "takes Content-Type application/json; charset=utf-8",
    why: "providers write the type with its charset, Stripe among them",
    fix: "compare the media type alone, without its parameters",
  },
  "content-type-case": {
    title: "takes Content-Type application/JSON",
    why: "media types know no case (RFC 9110, 8.3.1); not scored, as hardly a sender writes it so",
    fix: "compare the media type in lower case",
  },
  "content-type-none": {
    title: "takes a delivery without a Content-Type",
    why: "proxies drop headers; not scored, as every known provider sends one",
    fix: `read the body whatever its type: the signature says whose it is; \`type: "*/*"\` of Express takes none without a type, \`express.raw({ type: () => true })\` does`,
  },
  "content-type-text": {
    title: "takes Content-Type text/plain",
    why: "hand-made senders write it; not scored, as no known provider does",
    fix: "read the body whatever its type: the signature says whose it is",
  },
  "twenty-at-once": {
    title: "takes twenty deliveries at once",
    why: "one action of a user sends several events in the same moment, and a backlog comes all at once",
    fix: "answer as soon as the delivery is verified and kept, and do the work afterwards, from a queue",
  },
  "in-time": {
    title: "answers while the provider waits",
    why: "an answer that comes later counts as none, and the delivery comes again",
    fix: "answer as soon as the delivery is verified and kept, and do the work afterwards, from a queue",
  },
  alive: {
    title: "is still there in the end",
    why: "one bad request must not stop the deliveries that follow",
    fix: "look into your app's log for what ended it, and catch errors of one request within that request",
  },
};

export function checkWords({ kind, event }: Check): CheckWords {
  const own = words[kind];
  return kind === "accepts-event" && event !== undefined
    ? { ...own, title: `takes ${safeLine(event, 80)}` }
    : own;
}

const reasons: Readonly<Record<LeftOutReason, string>> = {
  unsigned: "nothing is signed",
  "no-time": "no time is signed",
  "future-accepted": "times ahead are let through by its own libraries",
  "several-signatures": "one header carries several signatures, of which one has to be right",
  "body-unsigned": "the body is not signed",
  credential: "the secret itself is sent",
  "no-hmac": "the key that verifies is no shared secret",
  "no-event-name": "requests do not name their event",
  "one-event": "there is one event alone",
  "no-json": "the body is no JSON object",
  proxied: "a proxy stands between",
};

/** What was left out and why, in one line: `refuses-stale-timestamp, refuses-redated-signature (no time is signed)`. */
export function leftOutText(leftOut: readonly LeftOut[]): string {
  const kinds = new Map<LeftOutReason, CheckKind[]>();
  for (const { kind, reason } of leftOut) kinds.set(reason, [...(kinds.get(reason) ?? []), kind]);
  return [...kinds].map(([reason, of]) => `${of.join(", ")} (${reasons[reason]})`).join("; ");
}
