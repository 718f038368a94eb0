import fc from "fast-check";
import { expect, test } from "vitest";
import { builtInProviders } from "../../../src/providers/index.ts";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import type { RawHeaders } from "../../../src/signing/types.ts";
import { now, signedByHand } from "../requests.ts";
import {
  basic,
  bearer,
  github,
  none,
  shopify,
  slack,
  standard,
  standardEd25519,
  stripe,
} from "../schemes.ts";
import { bytes, text } from "../arbitraries.ts";

const schemes = [github, shopify, slack, stripe, standard, standardEd25519, bearer, basic, none];
const others = builtInProviders.filter(({ base }) => base === undefined);
const of = (body: Uint8Array, headers: RawHeaders, secrets: readonly string[], own = schemes) =>
  diagnose({
    schemes: own,
    secrets,
    body,
    headers,
    others,
    known: secrets.map((secret) => ({ secret, provider: "github", label: { provider: "github" } })),
    now,
    clock: () => 0,
  });

const names = schemes.flatMap((scheme) =>
  "header" in scheme && scheme.header !== undefined ? [scheme.header] : [],
);
const header = fc.tuple(
  fc.oneof(
    text,
    fc.constantFrom(
      ...names,
      "webhook-id",
      "webhook-timestamp",
      "x-slack-request-timestamp",
      "content-length",
    ),
    fc.constantFrom(...names).map((name) => `HTTP_${name.toUpperCase().replaceAll("-", "_")}`),
  ),
  fc.oneof(
    text,
    fc.constantFrom(
      "1700000000",
      "sha256=",
      `v1,${"A".repeat(43)}=`,
      "ab".repeat(32),
      "t=1,v1=",
      "__proto__",
    ),
  ),
);

test("nothing that comes from outside makes it throw, and whatever fails is explained", () => {
  fc.assert(
    fc.property(
      bytes,
      fc.array(header, { maxLength: 12 }),
      fc.array(text, { maxLength: 3 }),
      fc.constantFrom(...schemes),
      (body, headers, secrets, scheme) => {
        for (const own of [[scheme], schemes]) {
          const findings = of(body, headers.flat(), secrets, own);
          for (const { cause, confidence, evidence } of findings) {
            expect(cause).not.toBe("");
            expect(["proved", "likely"]).toContain(confidence);
            for (const value of Object.values(evidence)) expect(String(value).length).toBeLessThan(300);
          }
        }
      },
    ),
    { numRuns: 300 },
  );
});

const deep = (open: string, close: string, count = 100_000): Buffer =>
  Buffer.from(`${open.repeat(count)}1${close.repeat(count)}`);
const bodies: readonly (readonly [string, Buffer])[] = [
  ["arrays nested 100,000 deep", deep("[", "]")],
  ["objects nested 100,000 deep", deep('{"a":', "}", 50_000)],
  ["arrays that never close", Buffer.from("[".repeat(200_000))],
  [
    "keys of prototypes",
    Buffer.from('{"__proto__":{"a":1},"constructor":{"prototype":{"b":2}},"toString":1,"price":8}'),
  ],
  ["bytes that are no UTF-8", Buffer.from([0x7b, 0xff, 0xfe, 0x22, 0xc3, 0x28, 0x7d])],
  ["lone surrogates", Buffer.from('{"a":"\\ud800","b":"\\udc00/"}')],
  ["white space without end", Buffer.from(`{}${" \n".repeat(120_000)}x`)],
  ["white space within", Buffer.from(`{"a":${" ".repeat(240_000)}1}`)],
  ["backslashes without end", Buffer.from(`"${"\\".repeat(200_001)}`)],
  ["quotes without end", Buffer.from('"'.repeat(200_001))],
  ["almost base64", Buffer.from(`${"A".repeat(200_000)}!`)],
  ["almost a form", Buffer.from(`a=${"%41".repeat(60_000)}%`)],
  ["URLs without end", Buffer.from(`{"a":"${"https://x?".repeat(20_000)}"}`)],
  ["many numbers", Buffer.from(`[${"8.5,".repeat(50_000)}1]`)],
  ["a form's name alone", Buffer.from("payload=")],
];
test.each(bodies)("a body with %s", (_name, body) => {
  const length = ["Content-Length", String(body.length + 3)];
  for (const headers of [signedByHand(github, "right", { body: Buffer.from("x") }), length]) {
    const findings = of(body, [...headers, ...length], ["wrong"], [github]);
    expect(findings.length).toBeGreaterThan(0);
  }
});

const values: readonly (readonly [string, string])[] = [
  ["commas", ",".repeat(8192)],
  ["spaces", " ".repeat(8192)],
  ["prefixes", "sha256=".repeat(1170)],
  ["letters", "a".repeat(8192)],
  ["quotes", `"'`.repeat(4096)],
  ["percents", "%41".repeat(2730)],
  ["broken percents", "%".repeat(8192)],
  ["signatures", `${"ab".repeat(32)},`.repeat(126)],
  ["times", "t=1,".repeat(2048)],
  ["equal signs", "=".repeat(8192)],
  ["more than is read", "v1=".repeat(10_000)],
  ["control characters", "\0\x1b[31m\x7f".repeat(1000)],
];
test.each(values)("headers of %s", (_name, value) => {
  const headers = [
    ...names,
    "webhook-timestamp",
    "webhook-id",
    "x-slack-request-timestamp",
    "authorization",
  ].flatMap((name) => [name, value]);
  for (const scheme of schemes) expect(of(Buffer.from("{}"), headers, ["secret"], [scheme])).not.toEqual([]);
});

test("500 headers that look like signatures", () => {
  const headers = Array.from({ length: 500 }, (_, index) => [`X-H${String(index)}`, "ab".repeat(32)]).flat();
  expect(of(Buffer.from("{}"), headers, ["secret"]).length).toBeGreaterThan(0);
});

const secrets = [
  "",
  "\0",
  " ",
  '"',
  "\u200b",
  "whsec_",
  "whsk_",
  "whpk_".repeat(2000),
  "=".repeat(5000),
  `${" ".repeat(50_000)}x`,
  "A_".repeat(20_000),
  "\ud800",
  "NAME=".repeat(5000),
];
test.each(secrets.map((secret) => [secret.slice(0, 12), secret] as const))(
  "a secret of %j…",
  (_start, secret) => {
    const body = Buffer.from("{}");
    for (const scheme of [github, standard, standardEd25519, bearer, basic] as const)
      expect(of(body, signedByHand(github, "right", { body }), [secret], [scheme]).length).toBeGreaterThan(0);
  },
);
