import { mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { checked, hasPython, row, startHandler, testWorkspace, type Handler } from "./handlers.ts";

/** Real programs: what they are, whose webhooks they take, and what a check comes to. */
const programs: readonly [name: string, file: string, provider: string, expected: string][] = [
  [
    "Express, Fareplay's sample",
    "express-sample.js",
    "fareplay",
    "1/27  prefix-kept body-reserialised length-throws missing-header-throws body-limit  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  ["Express, done right", "express-right.js", "fareplay", "27/27  -  noted: content-type-none"],
  ["Fastify, stripe", "fastify-stripe.js", "stripe", "26/26  -"],
  ["Hono, standardwebhooks", "hono-standard.js", "standard-webhooks", "24/24  -"],
];

/** What is noted where every right delivery is refused. */
const allNoted = "noted: content-type-case content-type-none content-type-text";
const refused = (cause: string): string => `9/27  ${cause}  ${allNoted}  not run: 1`;

/** Handlers with one defect each, by its name in broken.js. */
const broken: readonly [defect: string, expected: string][] = [
  ["no-verification", "19/27  no-verification  noted: refuses-second-signature"],
  ["signature-present", "21/27  no-verification  noted: refuses-second-signature"],
  ["signature-form", "23/27  no-verification"],
  ["refuses-with-200", "19/27  no-verification  noted: refuses-second-signature"],
  ["signature-optional", "25/27  signature-optional"],
  ["starts-with", "24/27  partial-comparison"],
  ["first-characters", "25/27  partial-comparison  noted: refuses-second-signature"],
  ["missing-throws", "26/27  missing-header-throws"],
  ["length-throws", "23/27  length-throws missing-header-throws  noted: refuses-second-signature"],
  ["refusal-throws", "19/27  refusal-throws  noted: refuses-second-signature"],
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
  ["secret-unset", refused("secret-unset")],
  ["secret-other", refused("wrong-secret?")],
  ["prefix-and-secret", refused("prefix-kept secret-whitespace")],
  ["text-latin1", "23/27  body-charset"],
  ["unicode-dies", "22/27  unicode-broken?"],
  ["body-limit", "26/27  body-limit"],
  ["chunked-unread", "26/27  chunked-unread"],
  ["content-type-strict", `26/27  content-type-strict  ${allNoted}`],
  ["unknown-event", "26/27  unknown-event-refused"],
  ["one-event", "24/27  event-refused"],
  ["duplicates", "26/27  duplicate-refused"],
  ["order", "26/27  order-assumed?"],
  ["crowd", "26/27  breaks-under-load"],
  [
    "redirects",
    "1/27  redirected  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  [
    "elsewhere",
    "1/27  not-found  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  [
    "breaks",
    "1/27  errors? refusal-throws  noted: refuses-second-signature content-type-case content-type-none content-type-text  not run: 1",
  ],
  ["accepted", "27/27  -"],
  ["stripe-age", "25/26  timestamp-unchecked"],
  ["stripe-time-unsigned", `11/26  signed-content  ${allNoted}  not run: 1`],
  ["stripe-milliseconds", `11/26  timestamp-unit  ${allNoted}  not run: 1`],
];

const found = (name: string, expected: string): string => `${name.padEnd(26)}  ${expected}`;
const providerOf = (defect: string): string => (defect.startsWith("stripe-") ? "stripe" : "fareplay");

test.concurrent.each(programs)("%s", async (name, file, provider, expected) => {
  const { url } = await startHandler(file);
  expect(row(name, await checked(url, { provider }))).toBe(found(name, expected));
});

test.runIf(hasPython())("Python, the standard library alone", async () => {
  const { url } = await startHandler("python_right.py");
  expect(row("Python", await checked(url))).toBe(found("Python", "27/27  -"));
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
