import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { annotations } from "../../src/reports/github.ts";
import { reportCheck } from "../../src/ui/report-check.ts";
import { checked, hasPython, row, startHandler, testWorkspace, type Handler } from "./handlers.ts";

/** Real programs: what they are, whose webhooks they take, and what a check comes to. */
const programs: readonly [name: string, file: string, provider: string, expected: string][] = [
  [
    "Express, Fareplay's sample",
    "express-sample.js",
    "fareplay",
    "1/30  prefix-kept body-reserialised length-throws missing-header-throws body-limit  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  ["Express, done right", "express-right.js", "fareplay", "30/30  -  noted: content-type-none"],
  ["Fastify, stripe", "fastify-stripe.js", "stripe", "29/29  -"],
  ["Hono, standardwebhooks", "hono-standard.js", "standard-webhooks", "27/27  -"],
];

/** What is noted where every right delivery is refused. */
const allNoted = "noted: content-type-case content-type-none content-type-text";
const refused = (cause: string): string => `12/30  ${cause}  ${allNoted}  not run: 1`;

/** Handlers with one defect each, by its name in broken.js. */
const broken: readonly [defect: string, expected: string][] = [
  ["no-verification", "19/30  no-verification  noted: refuses-second-signature"],
  ["signature-present", "21/30  no-verification  noted: refuses-second-signature"],
  ["signature-form", "23/30  no-verification"],
  ["refuses-with-200", "19/30  no-verification  noted: refuses-second-signature"],
  ["signature-optional", "28/30  signature-optional"],
  ["starts-with", "27/30  partial-comparison"],
  ["first-characters", "28/30  partial-comparison  noted: refuses-second-signature"],
  ["main-event-alone", "29/30  verified-in-part"],
  ["usual-type-alone", "29/30  verified-in-part"],
  ["whole-bodies-alone", "29/30  verified-in-part"],
  ["small-bodies-alone", "29/30  verified-in-part"],
  ["empty-key-too", "29/30  secret-unset"],
  ["body-type-throws", "29/30  forgery-throws  noted: content-type-none"],
  ["missing-throws", "29/30  missing-header-throws"],
  ["length-throws", "26/30  length-throws missing-header-throws  noted: refuses-second-signature"],
  ["refusal-throws", "19/30  refusal-throws  noted: refuses-second-signature"],
  ["reserialised", refused("body-reserialised")],
  ["reserialised-sorted", refused("body-reserialised")],
  ["body-empty", refused("body-empty")],
  ["body-object", refused("body-reserialised")],
  ["prefix-kept", refused("prefix-kept")],
  ["base64", refused("header-encoding")],
  ["upper-case", refused("header-encoding")],
  ["sha1", refused("algorithm")],
  ["secret-decoded", refused("secret-encoding")],
  ["secret-newline", refused("secret-whitespace")],
  ["secret-quoted", refused("secret-quoted")],
  ["secret-previous", refused("other-known-secret")],
  ["secret-unset", `11/30  secret-unset  ${allNoted}  not run: 1`],
  ["secret-other", refused("wrong-secret?")],
  ["prefix-and-secret", refused("prefix-kept secret-whitespace")],
  ["text-latin1", "26/30  body-charset"],
  ["unicode-dies", "25/30  unicode-broken?"],
  ["body-limit", "29/30  body-limit"],
  ["chunked-unread", "29/30  chunked-unread"],
  ["content-type-strict", `29/30  content-type-strict  ${allNoted}`],
  ["unknown-event", "29/30  unknown-event-refused"],
  ["one-event", "27/30  event-refused"],
  ["duplicates", "29/30  duplicate-refused"],
  ["order", "29/30  order-assumed?"],
  ["crowd", "29/30  breaks-under-load"],
  [
    "redirects",
    "1/30  redirected  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  [
    "elsewhere",
    "1/30  not-found  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  [
    "breaks",
    "1/30  errors? refusal-throws  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  ["accepted", "30/30  -"],
  ["stripe-age", "28/29  timestamp-unchecked"],
  ["stripe-time-unsigned", `14/29  signed-content  ${allNoted}  not run: 1`],
  ["stripe-milliseconds", `14/29  timestamp-unit  ${allNoted}  not run: 1`],
];

const found = (name: string, expected: string): string => `${name.padEnd(26)}  ${expected}`;
const providerOf = (defect: string): string => (defect.startsWith("stripe-") ? "stripe" : "fareplay");

test.concurrent.each(programs)("%s", async (name, file, provider, expected) => {
  const { url } = await startHandler(file);
  expect(row(name, await checked(url, { provider }))).toBe(found(name, expected));
});

test.runIf(hasPython())("Python, the standard library alone", async () => {
  const { url } = await startHandler("python_right.py");
  expect(row("Python", await checked(url))).toBe(found("Python", "30/30  -"));
});

describe("one defect", () => {
  let handler: Handler;
  beforeAll(async () => {
    handler = await startHandler("broken.js");
  });
  const at = (defect: string): string => new URL(`/${defect}`, handler.url).href;

  test.concurrent.each(broken)("%s", async (defect, expected) => {
    expect(row(defect, await checked(at(defect), { provider: providerOf(defect) }))).toBe(
      found(defect, expected),
    );
  });

  test("503s that come whatever is sent are told from what is wrong", async () => {
    const { checks, summary, text } = await checked(at("unsteady"), { skip: ["twenty-at-once"] });
    expect(summary.causes).toEqual([]);
    expect(summary.score.percent).toBe(100);
    expect(checks.some(({ notes }) => notes.some(({ code }) => code === "unsteady"))).toBe(true);
    expect(text).toContain("answered 503, then 200 to the same");
    expect(text).toMatch(/· \d+ answered 5xx at first alone ·/);
    const crowd = await checked(at("unsteady"), { only: ["accepts", "twenty-at-once"] });
    expect(crowd.summary.causes).toMatchObject([{ code: "unsteady", confidence: "likely" }]);
  });

  test("a first request that breaks is no refused event", async () => {
    const { checks, summary } = await checked(at("cold-start"), { only: ["accepts"] });
    expect(summary.causes).toEqual([]);
    expect(checks[0]?.notes).toEqual([{ code: "unsteady", first: 500, then: 200 }]);
  });

  test("a limited rate ends it, and is its one cause", async () => {
    const { checks, summary, text } = await checked(at("rate-limit"));
    expect(summary.requests).toBe(13);
    expect(summary.causes).toMatchObject([{ code: "rate-limited", evidence: { after: 13 } }]);
    const { score } = summary;
    expect(summary.causes[0]?.explains).toHaveLength(score.total - score.passed);
    expect(checks.filter(({ outcome }) => outcome === "failed")).toHaveLength(1);
    expect(text).toContain("answers 429 (too many requests) from request 13 on");
  });

  test("a secret in an answer is shown nowhere", async () => {
    const { checks, text, json, start, summary } = await checked(at("tells"), {
      only: ["accepts", "refuses"],
    });
    const report = reportCheck({ checks, start, summary }, 0);
    const all = text + JSON.stringify([json, report]);
    expect(all).toContain("cannot verify with [secret]: sha256=");
    expect(all).not.toContain("fp5A2cT9kLmN0pQrStUvWxYz34567890ab");
    // Every case fails for the same few causes.
    expect(annotations(report, { cwd: "/", workspace: "/" })).toHaveLength(summary.causes.length);
  });

  test("a handler that never answers ends it at once", async () => {
    const { summary, text } = await checked(at("hangs"), { timeoutMs: 150 });
    expect(summary).toMatchObject({ requests: 2, stopped: { reason: "no-answers", why: "timeouts" } });
    expect(summary.causes.map(({ code }) => code)).toEqual(["hangs"]);
    expect(text).toContain("2 requests in a row got no answer, so the rest was not sent");
  });

  test("a handler that answers when the provider has given up does too", async () => {
    const cwd = mkdtempSync(join(tmpdir(), "hookline-hasty-"));
    afterAll(() => rmSync(cwd, { recursive: true, force: true }));
    writeFileSync(
      join(cwd, "hookline.json"),
      JSON.stringify({
        providers: {
          hasty: {
            signatures: [
              {
                kind: "hmac",
                header: "x-fareplay-signature",
                algorithm: "sha256",
                encoding: "hex",
                prefix: "sha256=",
                content: "{body}",
                secret: { encoding: "raw" },
              },
            ],
            ack: { timeoutMs: 100 },
            events: { "order.created": {} },
            envelope: { type: "/type" },
          },
        },
        secrets: { hasty: "env:FAREPLAY_WEBHOOK_SECRET" },
      }),
    );
    const { summary, checks } = await checked(
      at("slow"),
      { provider: "hasty" },
      await testWorkspace(undefined, cwd),
    );
    expect(checks[0]?.exchanges[0]?.outcome).toEqual({ ok: false, reason: "late", allowedMs: 100 });
    expect(summary.causes.map(({ code }) => code)).toEqual(["too-slow"]);
    expect(summary.stopped).toMatchObject({ reason: "no-answers", why: "late" });
  });

  test("a handler that dies is named with the check that killed it", async () => {
    const { url } = await startHandler("broken.js");
    const { summary, text } = await checked(new URL("/dies", url).href);
    expect(summary.stopped).toMatchObject({ reason: "no-answers", why: "errors" });
    expect(summary.causes).toMatchObject([{ code: "crashed", evidence: { since: "unknown-event" } }]);
    expect(text).toContain("your app answered before, and does not since the check unknown-event");
  });
});
