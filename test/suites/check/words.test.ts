import { describe, expect, test } from "vitest";
import type { CauseEvidence, HandlerCause } from "../../../src/suites/check/causes.ts";
import { planChecks } from "../../../src/suites/check/checks.ts";
import { slack } from "../../../src/providers/slack.ts";
import { renderCause } from "../../../src/ui/check-causes.ts";
import { checkWords, leftOutText } from "../../../src/ui/check-words.ts";

/** Evidence as the checks and probes give it, and what has to be in the sentence. */
const causes: readonly [code: HandlerCause, evidence: CauseEvidence, said: string][] = [
  [
    "body-reserialised",
    { signed: "", arrived: "json.dumps, keys sorted" },
    "as json.dumps writes it, with its keys sorted",
  ],
  ["body-reserialised", { signed: "", arrived: "[object Object]" }, "the text [object Object]"],
  ["body-empty", { body: "", content_length: 541 }, "the body is empty, but content-length says 541"],
  ["body-charset", { signed: "UTF-8", arrived: "UTF-8 read as ISO-8859-1" }, "read as ISO-8859-1"],
  ["body-charset", { replacement_characters: 4 }, "4 replacement characters"],
  ["body-newline", { change: "lost", newline: "white space" }, "white space around the body was lost"],
  ["secret-encoding", { expected: "text", used: "base64" }, "the secret decoded from base64"],
  ["secret-encoding", { expected: "base64", used: "text" }, "the secret's text as it is"],
  [
    "secret-prefix",
    { prefix: "whsec_", yours: "with", signer: "part of the key" },
    "with the prefix `whsec_`",
  ],
  ["secret-prefix", { prefix: "sk_", yours: "with", signer: "without" }, "`sk_`"],
  ["secret-whitespace", { side: "yours", where: "end", characters: "newline" }, "ends with a newline"],
  ["secret-quoted", { side: "yours", quotes: "double" }, "double quotes"],
  ["secret-unset", { value: "" }, "an empty secret"],
  ["secret-unset", { value: "undefined" }, "the word `undefined`"],
  ["other-known-secret", { source: "development" }, "the development secret"],
  [
    "other-known-secret",
    { source: "environment", name: "A_PREVIOUS", previous: true },
    "the previous one, in A_PREVIOUS",
  ],
  ["wrong-secret", { status: 401, tried: 240 }, "240 variations"],
  ["algorithm", { expected: "sha256", found: "sha1" }, "with sha1"],
  ["signed-content", { expected: "{timestamp}.{body}", found: "{body}" }, "verifies `{body}`"],
  ["header-encoding", { header: "x-s", expected: "hex", found: "base64" }, "in base64"],
  ["timestamp-unit", { header: "t", expected: "s", signed: "ms" }, "for milliseconds; it is in seconds"],
  ["prefix-kept", { header: "x-s", prefix: "sha256=" }, "its prefix `sha256=` included"],
  ["prefix-expected", { header: "x-s", prefix: "sha256=" }, "expects `sha256=`"],
  ["no-verification", { looks: "none", told_apart: false }, "accepts anything"],
  ["no-verification", { looks: "presence", told_apart: false }, "looks whether there is a signature"],
  ["no-verification", { looks: "form", told_apart: false }, "the form of the signature alone"],
  ["no-verification", { looks: "none", told_apart: true }, "does not say so by its status"],
  ["signature-optional", {}, "lets requests without one through"],
  ["partial-comparison", { start: true }, "the start of the signature alone"],
  ["partial-comparison", { start: false }, "`startsWith`"],
  ["body-unsigned", {}, "not the one that was signed"],
  ["length-throws", { status: 500 }, "`timingSafeEqual` throws"],
  ["missing-header-throws", { status: 502 }, "answers 502 where the signature is missing"],
  ["malformed-throws", { status: 500 }, "decoding it throws"],
  ["refusal-throws", { status: 500 }, "every forged request"],
  ["timestamp-unchecked", {}, "of any age"],
  ["future-unchecked", {}, "dated far ahead"],
  ["timestamp-unsigned", {}, "does not cover it"],
  ["refusal-status", { status: 302 }, "302 to a forged request, which says that it is elsewhere"],
  ["refusal-status", { status: 429 }, "too many requests"],
  ["unreachable", { error: "refused", message: "connection refused" }, "connection refused"],
  ["not-found", { status: 405 }, "the answer is 405"],
  ["redirected", { status: 308 }, "redirect (308)"],
  ["status-not-accepted", { status: 204, accepted: "200" }, "answers 204"],
  ["hangs", { times: 2, message: "no answer in time" }, "2 requests in a row"],
  ["too-slow", {}, "later than the provider waits"],
  ["too-slow", { limit_ms: 180_000 }, "more than 3 min"],
  ["errors", { status: 500, tried: 240 }, "240 variations"],
  ["event-refused", { status: 400, events: "a, b" }, "400 to a, b"],
  ["duplicate-refused", { status: 409 }, "409"],
  ["order-assumed", { status: 500 }, "500"],
  ["unknown-event-refused", { status: 422 }, "422"],
  ["unicode-broken", { status: 500 }, "beyond ASCII"],
  ["body-limit", { status: 413 }, "413"],
  ["chunked-unread", { status: 401 }, "in chunks"],
  ["content-type-strict", { status: 415 }, "415"],
  ["breaks-under-load", { status: 503 }, "503"],
  ["crashed", {}, "does not take a right delivery any more"],
  ["verified-in-part", { events: "a, b" }, "accepted of a, b"],
  ["verified-in-part", { forms: "chunked,no-type" }, "accepted in chunks, without a Content-Type"],
  ["forgery-throws", { status: 500, forms: "text" }, "500 to forged requests as text/plain"],
  ["secret-unset", { value: "", also: true }, "accepts also what is signed with no secret"],
  ["rate-limited", { status: 429, after: 13 }, "from request 13 on"],
  ["never-answers", { message: "closed" }, "no connection gets an answer: closed"],
  ["unsteady", { status: 503, times: 2 }, "503 now and then"],
  ["crashed", { since: "unicode", message: "connection refused" }, "since the check unicode"],
];

const isSentence = (text: string): boolean => /^[^A-Z]/.test(text) && !/[.\s]$/.test(text);

describe("the words", () => {
  test("name the provider in commands", () => {
    const cause = { code: "wrong-secret", confidence: "likely", evidence: {}, explains: [] } as const;
    expect(renderCause(cause, "acme").fix).toContain("`hookline snippet acme`");
  });

  test.each(causes)("of %s %j", (code, evidence, said) => {
    const { message, fix } = renderCause({ code, confidence: "proved", evidence, explains: [] }, "acme");
    expect(message).toContain(said);
    expect([message, fix ?? "a"].filter((text) => !isSentence(text))).toEqual([]);
  });

  test("of every check: title, why and fix", () => {
    const { checks } = planChecks(slack, {
      events: ["a\u001b[31m", "b"],
      namesEvents: true,
      json: true,
      proxied: false,
    });
    for (const check of checks) {
      const { title, why, fix } = checkWords(check);
      expect([title, why, fix].filter((text) => !isSentence(text))).toEqual([]);
    }
    expect(checks[0] && checkWords(checks[0]).title).toBe(String.raw`takes a\u001b[31m`);
  });

  test("of what is left out: each reason once", () => {
    expect(
      leftOutText([
        { kind: "refuses-stale-timestamp", reason: "no-time" },
        { kind: "slow-body", reason: "proxied" },
        { kind: "refuses-redated-signature", reason: "no-time" },
      ]),
    ).toBe(
      "refuses-stale-timestamp, refuses-redated-signature (no time is signed); slow-body (a proxy stands between)",
    );
  });
});
