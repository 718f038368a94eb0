import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { contentsMisread, readTimePatiently } from "../../../src/signing/diagnose/contents.ts";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import { findRenamed } from "../../../src/signing/diagnose/headers.ts";
import { readSignatures } from "../../../src/signing/diagnose/readings.ts";
import { stackOf } from "../../../src/signing/diagnose/stack.ts";
import { symptomOf } from "../../../src/signing/diagnose/symptoms.ts";
import { unitFinding } from "../../../src/signing/diagnose/units.ts";
import { changed, nowSeconds, signedByHand } from "../requests.ts";
import { github, shopify, slack, standard, stripe } from "../schemes.ts";

const digest = createHash("sha256").update("x").digest();
const hex = digest.toString("hex");
const base64 = digest.toString("base64");

describe("a signature is read however it is written", () => {
  const malformed = (what: string, more: object = {}) => ({ what, ...more });
  const cases = [
    [github, `sha256=${hex}`, []],
    [github, hex, [malformed("prefix-missing")]],
    [github, `sha256=sha256=${hex}`, [malformed("prefix-doubled")]],
    [github, `SHA256=${hex}`, [malformed("prefix-case", { found: "SHA256=" })]],
    [github, `sha256= ${hex}`, [malformed("spaces")]],
    [github, `"sha256=${hex}"`, [malformed("quotes")]],
    [github, `sha256%3D${hex}`, [malformed("url-encoded")]],
    [github, `hmac=${hex}`, [malformed("prefix-other", { found: "hmac=" })]],
    [github, `sha256=${hex.toUpperCase()}`, [{ found: "upper-case hex" }]],
    [github, `sha256=${base64}`, [{ found: "base64" }]],
    [github, `sha256=${Buffer.from(hex).toString("base64")}`, [{ found: "base64 of hex" }]],
    [shopify, base64, []],
    [shopify, hex, [{ found: "hex" }]],
    [shopify, Buffer.from(hex).toString("base64"), [{ found: "base64 of hex" }]],
    [shopify, base64.replace("=", ""), [{ found: "base64 without its padding" }]],
    [stripe, `t=1,v1=${hex}`, []],
    [stripe, `t=1;v1=${hex}`, [malformed("separator")]],
    [stripe, `"t=1,v1=${hex},v0=${hex}"`, [malformed("quotes")]],
    [stripe, `'t=1,v1=${hex}',`, [malformed("quotes")]],
    [stripe, `v1=t=1,v1=${hex}`, [malformed("prefix-doubled", { prefix: "v1=" })]],
    [standard, `"v1,${base64} v1,${base64}"`, [malformed("quotes")]],
    [standard, `v1,${base64} v1,${base64}`, []],
  ] as const;
  test.each(cases)("%#", (scheme, value, clues) => {
    const [reading] = readSignatures(scheme, scheme.header, value);
    expect(reading?.bytes).toEqual(digest);
    expect(reading?.clues).toMatchObject(clues.map((evidence) => ({ evidence })));
    expect(reading?.clues).toHaveLength(clues.length);
  });
  test.each(["", "sha256=", "no signature at all", "a".repeat(31), "=".repeat(8192), "%".repeat(100)])(
    "%j has none",
    (value) => expect(readSignatures(github, github.header, value)).toEqual([]),
  );
  test("no more than 32 of them", () =>
    expect(readSignatures(github, github.header, Array(200).fill(hex).join(" ")).length).toBeLessThanOrEqual(
      32,
    ));
});

test.each([
  ["quotes", (value: string) => `"${value},v0=${hex}"`],
  ["quotes", (value: string) => `'${value}',`],
  ["prefix-doubled", (value: string) => `v1=${value}`],
])("%s around time and signature are found first", (what, change) => {
  const body = Buffer.from("{}");
  const headers = changed(signedByHand(stripe, "whsec_1", { body }), stripe.header, change);
  const input = { schemes: [stripe], body, headers, secrets: ["whsec_1"], now: nowSeconds * 1000 };
  const evidence = { header: stripe.header, what };
  expect(diagnose({ ...input, clock: () => 0 })).toMatchObject([
    { cause: "header-malformed", confidence: "proved", evidence },
  ]);
});

describe("a time is read however it is written", () => {
  const source = slack.timestamp ?? { header: "", unit: "s", toleranceSeconds: 1 };
  const time = String(nowSeconds);
  const cases = [
    [time, time, undefined],
    [` "${time}" `, time, "quotes"],
    [`${time}.123`, time, "fraction"],
    [`${time}123456`, `${time}123456`, undefined],
    ["Tue, 14 Nov 2023 22:13:20 GMT", time, "date"],
    ["2023-11-14T22:13:20Z", time, "date"],
  ] as const;
  test.each(cases)("%s", (value, text, what) => {
    const found = readTimePatiently(source, [source.header, value], undefined);
    expect(found?.value).toBe(text);
    expect(found?.clues[0]?.evidence["what"]).toBe(what);
  });
  test.each(["", "yesterday", "-", "1".repeat(30)])("%j is none", (value) =>
    expect(readTimePatiently(source, [source.header, value], undefined)).toBeUndefined(),
  );
});

test("what was signed beside the body is looked for in likely headers first", () => {
  const headers = ["X-Request-Start", "t=1700000000123", "X-Hook-Time", "1700000000"];
  const found = [...contentsMisread(github, headers, undefined)].map(
    ({ clues: [clue] }) => clue?.evidence["header"],
  );
  expect(new Set(found)).toEqual(new Set(["X-Hook-Time"]));
});

describe("a header under another name", () => {
  const cases = [
    "HTTP_X_HUB_SIGNATURE_256",
    "X-Forwarded-X-Hub-Signature-256",
    "x-forwarded-hub-signature-256",
    "X-Amzn-Remapped-X-Hub-Signature-256",
    "X_Hub_Signature_256",
    "Hub-Signature-256",
    "X-Original-X-Hub-Signature-256",
  ];
  test.each(cases)("%s", (name) => {
    const { headers, clues } = findRenamed(["Host", "x", name, "value"], [github.header], new Set());
    expect(clues).toEqual([{ cause: "header-renamed", evidence: { header: github.header, found: name } }]);
    expect(headers).toContain(github.header);
  });
  test.each(["X-Hub-Signature", "X-Hub-Signature-256-Old", "Hub", "X-", "HTTP_", ""])("%j is none", (name) =>
    expect(findRenamed([name, "value"], [github.header], new Set()).clues).toEqual([]),
  );
  test("one that belongs to another is none", () =>
    expect(findRenamed(["Signature", "value"], ["x-signature"], new Set(["signature"])).clues).toEqual([]));
  test("one that is there is not looked for, an empty one is replaced", () => {
    const both = [github.header, "own", "HTTP_X_HUB_SIGNATURE_256", "copy"];
    expect(findRenamed(both, [github.header], new Set()).clues).toEqual([]);
    const empty = findRenamed(
      [github.header, "", "HTTP_X_HUB_SIGNATURE_256", "copy"],
      [github.header],
      new Set(),
    );
    expect(empty.headers.filter((name) => name === github.header)).toHaveLength(1);
  });
});

describe("what a body shows by itself", () => {
  const length = (bytes: number) => ["Content-Length", String(bytes)];
  const cases = [
    ["", length(10), "body-empty"],
    ["", [], "body-empty"],
    ["{}", length(10), "body-empty"],
    ["{}", length(2), undefined],
    ["[object Object]", length(40), "body-reserialised"],
    ['{"a":1}', length(9), "body-reserialised"],
    ['{"a":1}', length(7), undefined],
    ['{"a":1}', [], undefined],
    ["{}", [], "body-empty"],
    ["null\n", [], "body-empty"],
    ["undefined", [], "body-empty"],
    ['""', [], "body-empty"],
    ['{"a":"caf\ufffd"}', [], "body-charset"],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6}', [], undefined],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}', [], "body-reserialised"],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5,"f":6,"g":7}', length(43), undefined],
    ['{"a":1,"b":2,"c":3,"d":4,"e":5,"g":6,"f":7}', [], undefined],
    [
      '{"a":1,"b":{"a":1,"b":1,"c":1,"d":1,"e":1,"f":1},"c":[{"a":1,"b":2},{"a":1,"b":2}]}',
      [],
      "body-reserialised",
    ],
    ['[{"a":1,"b":2,"c":3},{"a":1,"b":2,"c":3},{"a":1,"b":2,"c":3},{"a":1,"b":2,"c":3}]', [], undefined],
    ['{"id":1234567890123456800}', [], "body-reserialised"],
    ['{"id":1234567890123456800}', length(26), "body-reserialised"],
    ['{"id":123456789012345680,"b":987654321098765400}', [], "body-reserialised"],
    ['{"id":1234567890123456789}', [], undefined],
    ['{"id":1234567890123456800,"b":1234567890123456789}', [], undefined],
    ['{"id":"1234567890123456800"}', [], undefined],
    ['{"id":1760000000000000}', [], undefined],
    ['{"a":"b', length(40), "body-truncated"],
    ['{"a":"b', [], "body-truncated"],
    ['{"a":[1,2]', length(40), "body-truncated"],
    ['{"a":"caf\ufffd"}', length(11), "body-charset"],
    ['{"a":"Gr?nsak"}', length(16), "body-charset"],
    ['{"a":"why?","b":"https:\\/\\/x.y\\/?q=1"}', length(90), "body-reserialised"],
    ["plain text", length(20), "body-truncated"],
    ["plain text", ["Content-Length", "-1"], undefined],
    ["plain text", ["Content-Length", "1e3"], undefined],
  ] as const;
  test.each(cases)("%j of %j", (body, headers, cause) =>
    expect(symptomOf(Buffer.from(body), headers, 1000)?.cause).toBe(cause),
  );
  test.each([
    ['{"id":1234567890123456800,"u":"/"}', { arrived: "JSON.stringify", stack: "node", numbers: "rounded" }],
    ['{"a": 1, "b": 2, "c": 3, "d": 4, "e": 5, "f": 6, "g": 7}', { arrived: "keys sorted", stack: "python" }],
    ["{}", { body: "{}" }],
    ['{"a":"\ufffd"}', { replacement_characters: 1 }],
  ])("%s without a length", (body, evidence) =>
    expect(symptomOf(Buffer.from(body), [], 1000)?.evidence).toEqual({
      bytes: Buffer.byteLength(body),
      ...evidence,
    }),
  );
  const fixtures = join(import.meta.dirname, "../../../fixtures");
  const examples = readdirSync(fixtures, { recursive: true, encoding: "utf8" }).filter((file) =>
    file.endsWith(".json"),
  );
  test.each(examples)("%s shows nothing", (file) =>
    expect(symptomOf(readFileSync(join(fixtures, file)), [], 256 * 1024)).toBeUndefined(),
  );
  test("a body too large to look at every number shows none of them", () => {
    const numbers = `[${"1234567890123456800,".repeat(4000)}1]`;
    expect(symptomOf(Buffer.from(numbers), [], 256 * 1024)).toBeUndefined();
    expect(symptomOf(Buffer.from(numbers), [], 1000)).toBeUndefined();
  });
  test("a body that a server decompressed", () =>
    expect(
      symptomOf(Buffer.from('{"a":1}'), ["Content-Encoding", "gzip", ...length(27)], 1000),
    ).toMatchObject({
      cause: "body-encoded",
      confidence: "likely",
      evidence: { encoding: "gzip", change: "removed" },
    }));
});

describe("units of time", () => {
  const source = { header: "t", unit: "s", toleranceSeconds: 300 } as const;
  const now = nowSeconds * 1000;
  const cases = [
    ["", "s", undefined],
    ["000", "s", "ms"],
    ["000000", "s", "us"],
    ["000000000", "s", "ns"],
    ["", "ms", "s"],
    ["000", "ms", undefined],
  ] as const;
  test.each(cases)("%j behind seconds where %s are expected", (zeros, unit, signed) => {
    const finding = unitFinding({ ...source, unit }, `${String(nowSeconds)}${zeros}`, now);
    expect(finding?.evidence["signed"]).toBe(signed);
  });
  test.each(["0", "12345", "9".repeat(30)])("%s makes sense in none", (text) =>
    expect(unitFinding(source, text, now)).toBeUndefined(),
  );
});

describe("where it happened", () => {
  const cases = [
    [["X-Amzn-Trace-Id", "x"], undefined, "aws"],
    [["x-vercel-id", "x"], undefined, "nextjs"],
    [["CF-Ray", "x"], undefined, "cloudflare"],
    [["HTTP_HOST", "x"], undefined, "cgi"],
    [[], "json.dumps", "python"],
    [[], "json_encode, pretty", "php"],
    [[], "JSON.stringify, 2 spaces", "node"],
    [[], "JSON.stringify", "node"],
    [[], "JSON.stringify or json_encode", "node or php"],
    [["X-Amzn-Trace-Id", "x"], "JSON.stringify", "aws"],
    [["X-Amzn-Trace-Id", "x"], "JSON.stringify or json_encode", "aws"],
    [["Host", "x"], undefined, undefined],
  ] as const;
  test.each(cases)("%j, arrived %s: %s", (headers, arrived, stack) =>
    expect(stackOf(headers, arrived)).toBe(stack),
  );
});
