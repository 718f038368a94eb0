import { describe, expect, it } from "vitest";
import type { VerdictCode } from "../../src/signing/types.ts";
import { createVerifier, verify } from "../../src/signing/verify.ts";
import { body, check, headerOf, kinds, refused, seed, timed, whsec, whsk } from "./kinds.ts";
import { changed, ed25519Key, now, nowSeconds, pairs, signedByHand, valueOf, without } from "./requests.ts";
import { basic, bearer, github, none, standard, standardEd25519 } from "./schemes.ts";

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
