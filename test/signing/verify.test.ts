import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sign } from "../../src/signing/sign.ts";
import type { HmacScheme, SignatureScheme, Verdict, VerdictCode } from "../../src/signing/types.ts";
import { createVerifier, verify } from "../../src/signing/verify.ts";
import { bytes } from "./arbitraries.ts";
import { changed, ed25519Key, now, nowSeconds, pairs, signedByHand, valueOf, without } from "./requests.ts";
import { basic, bearer, github, none, shopify, slack, standard, standardEd25519, stripe } from "./schemes.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
const body = Buffer.from('{"price":8.00}');
const seed = Buffer.alloc(32, 5);
const whsec = `whsec_${seed.toString("base64")}`;
const whsk = `whsk_${seed.toString("base64")}`;

/** Every kind of scheme, with a secret for it and a request signed with that. */
const kinds = [
  {
    name: "github (hex)",
    scheme: github,
    secret: "secret",
    headers: signedByHand(github, "secret", { body }),
  },
  {
    name: "shopify (base64)",
    scheme: shopify,
    secret: "secret",
    headers: signedByHand(shopify, "secret", { body }),
  },
  {
    name: "slack (time apart)",
    scheme: slack,
    secret: "secret",
    headers: signedByHand(slack, "secret", { body }),
  },
  {
    name: "stripe (one header)",
    scheme: stripe,
    secret: "secret",
    headers: signedByHand(stripe, "secret", { body }),
  },
  {
    name: "standard (list)",
    scheme: standard,
    secret: whsec,
    headers: signedByHand(standard, seed, { body }),
  },
  {
    name: "ed25519",
    scheme: standardEd25519,
    secret: whsk,
    headers: signedByHand(standardEd25519, ed25519Key(seed), { body }),
  },
  { name: "bearer", scheme: bearer, secret: "token", headers: ["Authorization", "Bearer token"] },
  { name: "basic", scheme: basic, secret: "user:pass", headers: ["Authorization", "Basic dXNlcjpwYXNz"] },
] as const;
type Kind = (typeof kinds)[number];

const headerOf = (scheme: Kind["scheme"]) => ("header" in scheme ? (scheme.header ?? "") : "authorization");
const check = (
  scheme: SignatureScheme,
  secrets: readonly string[],
  headers: readonly string[],
  over: { now?: number; tolerance?: number | "off"; body?: Uint8Array } = {},
) => verify([scheme], secrets, { body, headers, now, ...over });
const refused = (code: VerdictCode) => ({ ok: false, code, findings: [{ cause: code }] });

describe.each(kinds)("$name", ({ scheme, secret, headers }) => {
  const header = headerOf(scheme);

  it("accepts its own request, whatever the case and place of the headers", () => {
    expect(check(scheme, [secret], headers)).toMatchObject({ ok: true, scheme: 0, secretIndex: 0 });
    const reordered = pairs(headers)
      .reverse()
      .flatMap(([name, value]) => [name.toUpperCase(), value]);
    expect(check(scheme, [secret], ["Host", "x", ...reordered, "Accept", "*/*"]).ok).toBe(true);
  });

  it.each<[string, (headers: readonly string[]) => string[], VerdictCode]>([
    ["missing", (all) => without(all, header), "header-missing"],
    ["no headers at all", () => [], "header-missing"],
    ["a name without a value", () => [header], "header-missing"],
    ["doubled", (all) => [...all, header, valueOf(all, header)], "header-duplicated"],
    ["doubled in another case", (all) => [...all, header.toUpperCase(), "x"], "header-duplicated"],
    ["empty", (all) => changed(all, header, ""), "header-empty"],
    ["longer than 8192", (all) => changed(all, header, "a".repeat(8193)), "header-oversized"],
    ["exactly 8192", (all) => changed(all, header, "a".repeat(8192)), "header-malformed"],
    ["with an umlaut", (all) => changed(all, header, (value) => `${value}é`), "header-non-ascii"],
    ["with an astral character", (all) => changed(all, header, (value) => `🐴${value}`), "header-non-ascii"],
    ["with a fullwidth digit", (all) => changed(all, header, (value) => `${value}１`), "header-non-ascii"],
    ["with a tab", (all) => changed(all, header, (value) => `\t${value}`), "header-non-ascii"],
    ["with a NUL", (all) => changed(all, header, (value) => `${value}\0`), "header-non-ascii"],
    ["with a line end", (all) => changed(all, header, (value) => `${value}\n`), "header-non-ascii"],
    ["with a DEL", (all) => changed(all, header, (value) => `${value}\x7f`), "header-non-ascii"],
    ["only spaces", (all) => changed(all, header, "   "), "header-malformed"],
    ["other words", (all) => changed(all, header, "I am no signature"), "header-malformed"],
  ])("%s", (_, change, code) => {
    expect(check(scheme, [secret], change(headers))).toMatchObject({
      ok: false,
      code,
      findings: [{ cause: code, confidence: "proved", evidence: { header } }],
    });
  });

  it("says how often and how long", () => {
    const doubled = [...headers, header, "x", header, "y"];
    expect(check(scheme, [secret], doubled)).toMatchObject({ findings: [{ evidence: { times: 3 } }] });
    const long = changed(headers, header, "a".repeat(9000));
    expect(check(scheme, [secret], long)).toMatchObject({
      findings: [{ evidence: { length: 9000, most: 8192 } }],
    });
  });

  it("needs a secret, and tells a wrong one", () => {
    expect(check(scheme, [], headers)).toMatchObject(refused("secret-missing"));
    expect(check(scheme, [""], headers)).toMatchObject(refused("secret-missing"));
    expect(check(scheme, ["", ""], headers)).toMatchObject(refused("secret-missing"));
    const wrong = {
      hmac: `whsec_${Buffer.alloc(32, 6).toString("base64")}`,
      ed25519: `whsk_${Buffer.alloc(32, 6).toString("base64")}`,
      bearer: "Token",
      basic: "user:Pass",
    }[scheme.kind];
    expect(check(scheme, [wrong], headers)).toMatchObject({
      ...refused("signature-mismatch"),
      findings: [{ confidence: "likely", evidence: { header } }],
    });
    expect(check(scheme, [wrong, "", secret], headers)).toMatchObject({ ok: true, secretIndex: 2 });
  });
});

describe("malformed signatures", () => {
  const hex = valueOf(signedByHand(github, "secret", { body }), github.header).slice("sha256=".length);
  it.each<[string, string]>([
    ["no prefix", hex],
    ["another prefix", `sha1=${hex}`],
    ["prefix in capitals", `SHA256=${hex}`],
    ["doubled prefix", `sha256=sha256=${hex}`],
    ["prefix alone", "sha256="],
    ["upper-case hex", `sha256=${hex.toUpperCase()}`],
    ["base64", `sha256=${Buffer.from(hex, "hex").toString("base64")}`],
    ["truncated", `sha256=${hex.slice(0, -1)}`],
    ["too long", `sha256=${hex}0`],
    ["another algorithm's length", `sha256=${hex}${hex}`],
    ["a letter past f", `sha256=${hex.slice(0, -1)}g`],
    ["a space before", ` sha256=${hex}`],
    ["a space behind", `sha256=${hex} `],
    ["a space after the prefix", `sha256= ${hex}`],
    ["quoted", `"sha256=${hex}"`],
    ["two values joined", `sha256=${hex}, sha256=${hex}`],
  ])("hex: %s", (_, value) => {
    expect(check(github, ["secret"], [github.header, value])).toMatchObject(refused("header-malformed"));
  });

  const base64 = valueOf(signedByHand(shopify, "secret", { body }), shopify.header);
  it.each<[string, string]>([
    ["hex", Buffer.from(base64, "base64").toString("hex")],
    ["no padding", base64.replace("=", "")],
    ["more padding", `${base64}=`],
    ["padding within", `${base64.slice(0, 20)}=${base64.slice(21)}`],
    ["base64url", `_-${base64.slice(2)}`],
    ["truncated", base64.slice(0, 40)],
    ["GitHub's prefix", `sha256=${base64}`],
    ["a space behind", `${base64} `],
  ])("base64: %s", (_, value) => {
    expect(check(shopify, ["secret"], [shopify.header, value])).toMatchObject(refused("header-malformed"));
  });

  it("compares base64 as text: other spellings of the same bytes are no signature", () => {
    // The last character before the padding has two bits that decode to nothing.
    const respelt = base64.slice(0, 42) + (alphabet[alphabet.indexOf(base64.charAt(42)) + 1] ?? "") + "=";
    expect(Buffer.from(respelt, "base64")).toEqual(Buffer.from(base64, "base64"));
    expect(check(shopify, ["secret"], [shopify.header, respelt])).toMatchObject(
      refused("signature-mismatch"),
    );
  });

  it("compares ed25519's base64 as text likewise", () => {
    const headers = signedByHand(standardEd25519, ed25519Key(seed), { body });
    const respelt = changed(
      headers,
      standardEd25519.header,
      (value) => value.slice(0, -3) + (alphabet[alphabet.indexOf(value.at(-3) ?? "") + 1] ?? "") + "==",
    );
    expect(check(standardEd25519, [whsk], headers).ok).toBe(true);
    expect(check(standardEd25519, [whsk], respelt)).toMatchObject(refused("signature-mismatch"));
  });

  const v1 = valueOf(signedByHand(stripe, "secret", { body }), stripe.header).split("v1=")[1] ?? "";
  it.each<[string, string, VerdictCode]>([
    ["v0 alone", `t=${nowSeconds},v0=${v1}`, "header-malformed"],
    ["no signature", `t=${nowSeconds}`, "header-malformed"],
    ["empty signature", `t=${nowSeconds},v1=`, "header-malformed"],
    ["upper-case hex", `t=${nowSeconds},v1=${v1.toUpperCase()}`, "header-malformed"],
    ["doubled prefix", `t=${nowSeconds},v1=v1=${v1}`, "header-malformed"],
    ["space after the comma", `t=${nowSeconds}, v1=${v1}`, "header-malformed"],
    ["another separator", `t=${nowSeconds};v1=${v1}`, "header-malformed"],
    ["no time", `v1=${v1}`, "timestamp-missing"],
    ["time in capitals", `T=${nowSeconds},v1=${v1}`, "timestamp-missing"],
    ["time after a space", `v1=${v1}, t=${nowSeconds}`, "timestamp-missing"],
    ["empty time", `t=,v1=${v1}`, "timestamp-malformed"],
    ["two times", `t=${nowSeconds},t=${nowSeconds},v1=${v1}`, "timestamp-malformed"],
    ["wrong time", `t=${nowSeconds + 1},v1=${v1}`, "signature-mismatch"],
    [
      "a letter off",
      `t=${nowSeconds},v1=${v1.startsWith("0") ? "1" : "0"}${v1.slice(1)}`,
      "signature-mismatch",
    ],
  ])("stripe: %s", (_, value, code) => {
    expect(check(stripe, ["secret"], [stripe.header, value])).toMatchObject(refused(code));
  });

  it.each<[string, string]>([
    ["signature first", `v1=${v1},t=${nowSeconds}`],
    ["beside v0", `t=${nowSeconds},v1=${v1},v0=${v1}`],
    ["behind rubbish", `t=${nowSeconds},,v1=potato,v1=${"0".repeat(64)},v1=${v1}`],
    ["behind 4000 items", `t=${nowSeconds},${",".repeat(4000)}v1=${v1}`],
  ])("stripe accepts: %s", (_, value) => {
    expect(check(stripe, ["secret"], [stripe.header, value])).toMatchObject({
      ok: true,
      timestamp: nowSeconds,
    });
  });

  it("tries 32 signatures and no more", () => {
    const others = (count: number) => `v1=${"0".repeat(64)},`.repeat(count);
    const after = (count: number) => [stripe.header, `t=${nowSeconds},${others(count)}v1=${v1}`];
    expect(check(stripe, ["secret"], after(31)).ok).toBe(true);
    expect(check(stripe, ["secret"], after(32))).toMatchObject({
      code: "signature-mismatch",
      findings: [{ evidence: { signatures: 32, bytes: body.length } }],
    });
  });

  const list = valueOf(signedByHand(standard, seed, { body }), standard.header);
  it.each<[string, string, VerdictCode | "ok"]>([
    ["another version alone", list.replace("v1,", "v2,"), "header-malformed"],
    ["no version", list.slice(3), "header-malformed"],
    ["version alone", "v1,", "header-malformed"],
    ["asymmetric version", list.replace("v1,", "v1a,"), "header-malformed"],
    ["doubled version", `v1,${list}`, "header-malformed"],
    ["joined by a comma", `${list},${list}`, "header-malformed"],
    ["beside others", `v2,x v1,x ${list}`, "ok"],
    ["several spaces", `v1,x   ${list} `, "ok"],
  ])("standard: %s", (_, value, expected) => {
    const headers = changed(signedByHand(standard, seed, { body }), standard.header, value);
    expect(check(standard, [whsec], headers)).toMatchObject(
      expected === "ok" ? { ok: true } : refused(expected),
    );
  });

  it("an optional prefix may be left out, but not replaced or doubled", () => {
    const scheme: HmacScheme = { ...github, prefixOptional: true };
    const verdict = (value: string) => check(scheme, ["secret"], [scheme.header, value]);
    expect(verdict(hex).ok).toBe(true);
    expect(verdict(`sha256=${hex}`).ok).toBe(true);
    expect(verdict(`sha1=${hex}`)).toMatchObject(refused("header-malformed"));
    expect(verdict(`sha256=sha256=${hex}`)).toMatchObject(refused("header-malformed"));
  });

  it("an optional prefix that could begin a signature is not cut off one", () => {
    const scheme: HmacScheme = { ...github, prefix: "a", prefixOptional: true };
    for (let index = 0; index < 64; index++) {
      const payload = Buffer.from(`body ${index}`);
      const bare = valueOf(signedByHand(github, "secret", { body: payload }), github.header).slice(7);
      expect(check(scheme, ["secret"], [scheme.header, bare], { body: payload }).ok).toBe(true);
      expect(check(scheme, ["secret"], [scheme.header, `a${bare}`], { body: payload }).ok).toBe(true);
    }
  });
});

describe("credentials", () => {
  it.each<[string, VerdictCode | "ok"]>([
    ["Bearer token", "ok"],
    ["bearer token", "ok"],
    ["Bearer  token", "signature-mismatch"],
    ["Bearer token ", "signature-mismatch"],
    ["Bearer Token", "signature-mismatch"],
    ["Bearer ", "signature-mismatch"],
    ["Bearer", "header-malformed"],
    ["token", "header-malformed"],
    ["Basic token", "header-malformed"],
  ])("bearer: %j", (value, expected) => {
    expect(check(bearer, ["token"], ["authorization", value])).toMatchObject(
      expected === "ok" ? { ok: true } : refused(expected),
    );
  });

  it("bearer under a header and prefix of its own", () => {
    const scheme = { kind: "bearer", header: "x-token", prefix: "" } as const;
    expect(check(scheme, ["token"], ["X-Token", "token"]).ok).toBe(true);
    expect(check(scheme, ["token"], ["X-Token", "Bearer token"])).toMatchObject(
      refused("signature-mismatch"),
    );
    expect(check(scheme, ["token"], ["authorization", "Bearer token"])).toMatchObject(
      refused("header-missing"),
    );
  });

  it.each<[string, VerdictCode | "ok"]>([
    [`Basic ${Buffer.from("üser:p:äss").toString("base64")}`, "ok"],
    [`BASIC ${Buffer.from("üser:p:äss").toString("base64")}`, "ok"],
    ["Basic üser:p:äss", "header-non-ascii"],
    [`Basic ${Buffer.from("üser:p").toString("base64")}`, "signature-mismatch"],
    ["Basic ", "signature-mismatch"],
    ["Bearer x", "header-malformed"],
  ])("basic: %j", (value, expected) => {
    expect(check(basic, ["üser:p:äss"], ["authorization", value])).toMatchObject(
      expected === "ok" ? { ok: true } : refused(expected),
    );
  });

  it("a secret that no header can carry is malformed", () => {
    for (const secret of ["tokén", "to\r\nken", "token\n", " token"])
      expect(check(bearer, [secret], ["authorization", "Bearer token"])).toMatchObject(
        refused("secret-malformed"),
      );
  });
});

/** The schemes that sign a time, and how each request carries it. */
const timed = [
  { name: "slack", scheme: slack, secret: "secret", key: "secret" },
  { name: "stripe", scheme: stripe, secret: "secret", key: "secret" },
  { name: "standard", scheme: standard, secret: whsec, key: seed },
  { name: "ed25519", scheme: standardEd25519, secret: whsk, key: ed25519Key(seed) },
] as const;

describe.each(timed)("time of $name", ({ scheme, secret, key }) => {
  const source = scheme.timestamp;
  if (source === undefined) throw new Error("the scheme signs no time");
  const at = (time: string, over: { now?: number; tolerance?: number | "off" } = {}) =>
    check(scheme, [secret], signedByHand(scheme, key, { body, time }), over);

  it.each([
    "tomorrow",
    "1.5",
    "1700000000.0",
    "1.7e9",
    "+1700000000",
    "--1",
    "-",
    "0x10",
    "1_000",
    "1700000000s",
    "NaN",
    "Infinity",
    "1".repeat(16),
    "9".repeat(400),
    "01700000000",
    "-0",
    "-01",
    "00",
    "170000 0000",
  ])("%j is malformed, though signed", (time) => {
    expect(at(time)).toMatchObject({
      ...refused("timestamp-malformed"),
      findings: [{ confidence: "proved", evidence: { header: source.header } }],
    });
    expect(at(time, { tolerance: "off" })).toMatchObject(refused("timestamp-malformed"));
  });

  it("of zero, negative and of 15 digits are well-formed, and out of tolerance", () => {
    expect(at("0")).toMatchObject(refused("timestamp-expired"));
    expect(at("-1")).toMatchObject(refused("timestamp-expired"));
    expect(at("0", { tolerance: "off" })).toMatchObject({ ok: true, timestamp: 0 });
    expect(at("-1", { tolerance: "off" })).toMatchObject({ ok: true, timestamp: -1 });
    expect(at("-1", { now: 1000 })).toMatchObject({ ok: true, timestamp: -1 });
    expect(at("9".repeat(15), { tolerance: "off" })).toMatchObject({
      ok: true,
      timestamp: 999_999_999_999_999,
    });
  });

  it("may lie exactly the tolerance in the past, and not a second more", () => {
    const after = (seconds: number, ms = 0) => at(String(nowSeconds), { now: now + seconds * 1000 + ms });
    expect(after(300)).toMatchObject({ ok: true, timestamp: nowSeconds });
    expect(after(300, 999).ok).toBe(true);
    expect(after(301)).toEqual({
      ok: false,
      code: "timestamp-expired",
      findings: [
        {
          cause: "timestamp-expired",
          confidence: "proved",
          evidence: {
            header: source.header,
            timestamp: nowSeconds,
            now: nowSeconds + 301,
            skew_seconds: 301,
            tolerance_seconds: 300,
          },
        },
      ],
    });
  });

  it("may lie exactly the tolerance in the future, and not a second more unless the scheme accepts it", () => {
    expect(at(String(nowSeconds + 300)).ok).toBe(true);
    const early = at(String(nowSeconds + 301));
    const decade = at(String(nowSeconds + 315_360_000));
    if (source.future === "accept") {
      expect(early).toMatchObject({ ok: true, timestamp: nowSeconds + 301 });
      expect(decade.ok).toBe(true);
    } else {
      expect(early).toMatchObject({
        ...refused("timestamp-future"),
        findings: [{ evidence: { skew_seconds: 301, tolerance_seconds: 300 } }],
      });
      expect(decade).toMatchObject(refused("timestamp-future"));
    }
  });

  it("is held to another tolerance, or none, where asked", () => {
    const old = (seconds: number, tolerance: number | "off") =>
      at(String(nowSeconds - seconds), { tolerance });
    expect(old(10, 10).ok).toBe(true);
    expect(old(11, 10)).toMatchObject({
      ...refused("timestamp-expired"),
      findings: [{ evidence: { tolerance_seconds: 10 } }],
    });
    expect(old(0, 0).ok).toBe(true);
    expect(old(1, 0)).toMatchObject(refused("timestamp-expired"));
    expect(old(3600, 3600).ok).toBe(true);
    expect(old(nowSeconds, "off").ok).toBe(true);
  });

  it("is out of tolerance where clock or tolerance is no number", () => {
    expect(at(String(nowSeconds), { tolerance: Number.NaN }).ok).toBe(false);
    expect(at(String(nowSeconds), { now: Number.NaN }).ok).toBe(false);
  });

  it("says nothing where the signature is wrong", () => {
    const headers = signedByHand(scheme, key, { body, time: "1" });
    expect(check(scheme, [secret], headers, { body: Buffer.from("other") })).toMatchObject(
      refused("signature-mismatch"),
    );
  });
});

describe.each(timed.filter(({ scheme }) => scheme !== stripe))(
  "time header of $name",
  ({ scheme, secret, key }) => {
    const source = { header: "", ...scheme.timestamp };

    it.each<[string, (headers: readonly string[]) => string[], VerdictCode]>([
      ["missing", (all) => without(all, source.header), "timestamp-missing"],
      ["empty", (all) => changed(all, source.header, ""), "timestamp-missing"],
      ["doubled", (all) => [...all, source.header.toUpperCase(), String(nowSeconds)], "header-duplicated"],
      ["oversized", (all) => changed(all, source.header, "1".repeat(8193)), "header-oversized"],
      [
        "in fullwidth digits",
        (all) => changed(all, source.header, "１７００００００００"),
        "header-non-ascii",
      ],
      ["with a line end", (all) => changed(all, source.header, `${nowSeconds}\n`), "header-non-ascii"],
      ["with a space before", (all) => changed(all, source.header, ` ${nowSeconds}`), "timestamp-malformed"],
      ["with a space behind", (all) => changed(all, source.header, `${nowSeconds} `), "timestamp-malformed"],
      ["another second", (all) => changed(all, source.header, String(nowSeconds - 1)), "signature-mismatch"],
    ])("%s", (_, change, code) => {
      const headers = change(signedByHand(scheme, key, { body }));
      const verdict = check(scheme, [secret], headers);
      expect(verdict).toMatchObject(refused(code));
      if (code !== "signature-mismatch")
        expect(verdict).toMatchObject({ findings: [{ evidence: { header: source.header } }] });
    });
  },
);

describe("time in milliseconds", () => {
  const scheme: HmacScheme = {
    ...slack,
    timestamp: { header: "x-time", unit: "ms", toleranceSeconds: 60 },
  };
  it("is judged in seconds", () => {
    const at = (time: number) =>
      check(scheme, ["k"], signedByHand(scheme, "k", { body, time: String(time) }));
    expect(at(now + 999)).toMatchObject({ ok: true, timestamp: nowSeconds });
    expect(at(now - 60_000).ok).toBe(true);
    expect(at(now - 60_001)).toMatchObject({
      ...refused("timestamp-expired"),
      findings: [{ evidence: { skew_seconds: 61 } }],
    });
    expect(at(now + 60_999).ok).toBe(true);
    expect(at(now + 61_000)).toMatchObject(refused("timestamp-future"));
    expect(at(nowSeconds)).toMatchObject(refused("timestamp-expired"));
  });
});

describe("a header the signature covers", () => {
  it.each<[string, (headers: readonly string[]) => string[], VerdictCode]>([
    ["missing", (all) => without(all, "webhook-id"), "header-missing"],
    ["empty", (all) => changed(all, "webhook-id", ""), "header-empty"],
    ["doubled", (all) => [...all, "Webhook-Id", "msg_1"], "header-duplicated"],
    ["oversized", (all) => changed(all, "webhook-id", "m".repeat(8193)), "header-oversized"],
    ["not ASCII", (all) => changed(all, "webhook-id", "msg_é"), "header-non-ascii"],
  ])("%s", (_, change, code) => {
    for (const { scheme, secret, key } of timed.slice(2))
      expect(check(scheme, [secret], change(signedByHand(scheme, key, { body })))).toMatchObject({
        ...refused(code),
        findings: [{ evidence: { header: "webhook-id" } }],
      });
  });

  it("counts: another value is another signature", () => {
    const headers = changed(signedByHand(standard, seed, { body }), "webhook-id", "msg_2");
    expect(check(standard, [whsec], headers)).toMatchObject(refused("signature-mismatch"));
  });
});

describe("secrets", () => {
  const headers = signedByHand(standard, seed, { body });
  it.each([
    "whsec_",
    "whsec_!",
    "whsec_ab cd",
    `${whsec}\n`,
    ` ${whsec}`,
    "whsec_A",
    "whsec_AAAAA",
    "whsec_====",
    `whsec_${"_-".repeat(16)}`,
    `whsec_${whsec}`,
    "WHSEC_AAAA",
    `whsec_${"A".repeat(42)}===`,
    whsk,
  ])("base64: %j is malformed", (secret) => {
    expect(check(standard, [secret], headers)).toMatchObject(refused("secret-malformed"));
    expect(check(standard, ["", secret], headers)).toMatchObject(refused("secret-malformed"));
    expect(check(standard, [secret, whsec], headers)).toMatchObject({ ok: true, secretIndex: 1 });
  });

  const key = ed25519Key(seed);
  it.each([
    "whsk_",
    "whpk_",
    whsec,
    seed.toString("base64"),
    `whsk_${Buffer.alloc(31).toString("base64")}`,
    `whsk_${Buffer.alloc(33).toString("base64")}`,
    `whpk_${Buffer.alloc(64).toString("base64")}`,
    "whpk_not base64",
    "-----BEGIN PRIVATE KEY-----",
  ])("ed25519: %j is malformed", (secret) => {
    expect(check(standardEd25519, [secret], signedByHand(standardEd25519, key, { body }))).toMatchObject(
      refused("secret-malformed"),
    );
  });

  it("ed25519: a public key that is no point of the curve matches nothing", () => {
    const request = signedByHand(standardEd25519, key, { body });
    for (const point of [Buffer.alloc(32, 0xff), Buffer.alloc(32, 2), Buffer.alloc(32, 0x7f)])
      expect(check(standardEd25519, [`whpk_${point.toString("base64")}`], request)).toMatchObject(
        refused("signature-mismatch"),
      );
  });

  it("that are short verify with a warning", () => {
    const short = Buffer.alloc(23, 1);
    const verdict = check(standard, [short.toString("base64")], signedByHand(standard, short, { body }));
    expect(verdict).toEqual({
      ok: true,
      scheme: 0,
      secretIndex: 0,
      timestamp: nowSeconds,
      warnings: [{ cause: "secret-short", confidence: "proved", evidence: { bytes: 23, least: 24 } }],
    });
    const enough = Buffer.alloc(24, 1);
    expect(
      check(standard, [enough.toString("base64")], signedByHand(standard, enough, { body })),
    ).toMatchObject({
      warnings: [],
    });
  });
});

describe("several schemes", () => {
  const both = [standard, github];
  it("says which one accepted", () => {
    const verdict = verify(both, [whsec], { body, headers: signedByHand(github, whsec, { body }), now });
    expect(verdict).toMatchObject({ ok: true, scheme: 1 });
  });

  it("reports the check that got furthest, whatever the order", () => {
    const headers = signedByHand(github, "other", { body });
    for (const schemes of [both, both.toReversed(), [none, bearer, ...both]])
      expect(verify(schemes, [whsec], { body, headers, now })).toMatchObject(refused("signature-mismatch"));
  });

  it("name the header that is wrong beside a good signature of one of them", () => {
    const schemes = [standard, standardEd25519];
    const headers = signedByHand(standard, seed, { body });
    const judge = (request: readonly string[]) => verify(schemes, [whsec], { body, headers: request, now });
    expect(judge(without(headers, "webhook-id"))).toMatchObject({
      ...refused("header-missing"),
      findings: [{ evidence: { header: "webhook-id" } }],
    });
    expect(judge([...headers, "webhook-timestamp", "1"])).toMatchObject({
      ...refused("header-duplicated"),
      findings: [{ evidence: { header: "webhook-timestamp" } }],
    });
  });

  it("verify nothing where nothing is signed", () => {
    expect(verify([none], ["secret"], { body, headers: [], now })).toMatchObject(refused("unsigned"));
    expect(verify([], ["secret"], { body, headers: [], now })).toMatchObject(refused("unsigned"));
  });

  it("are prepared once for many requests", () => {
    const check = createVerifier(both, [whsec]);
    for (let index = 0; index < 3; index++) {
      const payload = Buffer.from([index]);
      const headers = signedByHand(standard, seed, { body: payload });
      expect(check({ body: payload, headers, now }).ok).toBe(true);
      expect(check({ body, headers, now })).toMatchObject(refused("signature-mismatch"));
    }
  });
});

const codes: Record<VerdictCode, true> = {
  "secret-missing": true,
  "secret-malformed": true,
  "header-missing": true,
  "header-duplicated": true,
  "header-empty": true,
  "header-oversized": true,
  "header-non-ascii": true,
  "header-malformed": true,
  "timestamp-missing": true,
  "timestamp-malformed": true,
  "timestamp-expired": true,
  "timestamp-future": true,
  "signature-mismatch": true,
  unsigned: true,
};

describe("hostile input", () => {
  const allSchemes: SignatureScheme[] = [...kinds.map(({ scheme }) => scheme), none];
  const names = fc.oneof(
    fc.constantFrom(
      ...kinds.flatMap(({ headers }) => pairs(headers).map(([name]) => name)),
      "AUTHORIZATION",
      "Stripe-Signature",
    ),
    fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", ""),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  // Pieces of real values, so that every check is reached; no secret below can be spelt with them.
  const piece = fc.oneof(
    fc.constantFrom(
      "sha256=",
      "v0=",
      "v1=",
      "v1,",
      "v1a,",
      "t=",
      ",",
      " ",
      "Bearer ",
      "Basic ",
      String(nowSeconds),
      "-1",
    ),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value).toString("hex")),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value).toString("base64")),
    fc.uint8Array({ minLength: 64, maxLength: 64 }).map((value) => Buffer.from(value).toString("base64")),
    fc.string({ unit: "binary", maxLength: 10 }),
  );
  const values = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
    fc.constantFrom("__proto__", "a".repeat(9000), ",".repeat(8192), "v1=,".repeat(2000)),
  );
  const headerLists = fc
    .array(fc.tuple(names, values), { maxLength: 12 })
    .chain((list) => fc.boolean().map((odd) => (odd ? [...list.flat(), "webhook-id"] : list.flat())));
  const secrets = fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }).map((value) => `~secret~${value}`),
      fc
        .tuple(fc.constantFrom("whsec_", "whsk_", "whpk_"), fc.uint8Array({ minLength: 20, maxLength: 70 }))
        .map(([prefix, key]) => prefix + Buffer.from(key).toString("base64")),
      fc.constantFrom("", "__proto__", "whsec_", "whsk_", "whpk_", "\ud800~secret~"),
    ),
    { maxLength: 3 },
  );

  it("is never accepted, never throws, and gets a code", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.subarray(allSchemes, { minLength: 1 }),
        secrets,
        headerLists,
        bytes,
        fc.oneof(fc.constant(now), fc.double()),
        fc.constantFrom(undefined, "off" as const, 0, 1e9),
        (schemes, keys, headers, payload, clock, tolerance) => {
          const verdict = verify(schemes, keys, {
            body: payload,
            headers,
            now: clock,
            ...(tolerance === undefined ? {} : { tolerance }),
          });
          if (verdict.ok) throw new Error("accepted");
          seen.add(verdict.code);
          expect(Object.hasOwn(codes, verdict.code)).toBe(true);
          expect(verdict.findings.map(({ cause }) => cause)).toEqual([verdict.code]);
        },
      ),
      { numRuns: 3000 },
    );
    // The generator reaches the checks behind the first ones.
    expect(seen).toContain("signature-mismatch");
    expect(seen.size).toBeGreaterThan(8);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("never gets a secret or a right signature in the answer", () => {
    const digestOf = (payload: Uint8Array) => createHash("sha256").update(payload).digest();
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        bytes,
        fc.constantFrom("body", "signature", "secret", "time", "doubled", "none"),
        ({ scheme }, payload, flaw) => {
          const key = digestOf(Buffer.concat([payload, Buffer.from("key")]));
          const secret = {
            hmac: `whsec_${key.toString("base64")}`,
            ed25519: `whsk_${key.toString("base64")}`,
            bearer: key.toString("hex"),
            basic: `user:${key.toString("hex")}`,
          }[scheme.kind];
          const given = ["webhook-id", "msg_1"];
          const headers = [
            ...given,
            ...sign(scheme, { body: payload, secrets: [secret], headers: given, now }),
          ];
          const name = headerOf(scheme);
          const right = valueOf(headers, name);
          // The last letters of hex, unlike base64's before the padding, are all significant; the tenth is in both.
          const damaged = (value: string) =>
            value.slice(0, -10) + (value.at(-10) === "0" ? "1" : "0") + value.slice(-9);
          const request = {
            body: flaw === "body" ? Buffer.concat([payload, Buffer.of(0)]) : payload,
            headers:
              flaw === "signature"
                ? changed(headers, name, damaged)
                : flaw === "doubled"
                  ? [...headers, name, right]
                  : headers,
            now: flaw === "time" ? now + 400_000 : now,
          };
          const wrong = secret.slice(0, -10) + (secret.at(-10) === "0" ? "1" : "0") + secret.slice(-9);
          const used = flaw === "secret" ? wrong : secret;
          const verdict: Verdict = verify([scheme], [used], request);
          const said = JSON.stringify(verdict);
          const last = right.split(/[ ,=](?=.)/).at(-1) ?? "";
          for (const hidden of [used, used.replace(/^(whsec_|whsk_|user:)/, ""), right, last])
            for (let start = 0; start + 12 <= hidden.length; start += 4)
              expect(said).not.toContain(hidden.slice(start, start + 12));
          if (flaw === "none") expect(verdict.ok).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
