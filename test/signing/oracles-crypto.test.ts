/** node:crypto judges what the vendors' libraries cannot: bytes that are no text, and ed25519. */
import { createHmac, generateKeyPairSync, sign as signBytes, verify as verifyBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sign } from "../../src/signing/sign.ts";
import { verify } from "../../src/signing/verify.ts";
import { bytes, headerText } from "./arbitraries.ts";
import { changed, now, nowSeconds, signedByHand, valueOf } from "./requests.ts";
import { shipped } from "./schemes.ts";

const utf8 = (value: string) => Buffer.from(value, "utf8");

describe("node:crypto, on bytes that are no text", () => {
  const key = Buffer.alloc(32, 7);
  it.each([
    { id: "github", secret: "secret", key: "secret" },
    { id: "fareplay", secret: "secret", key: "secret" },
    { id: "fynn", secret: "secret", key: "secret" },
    { id: "shopify", secret: "secret", key: "secret" },
    { id: "slack", secret: "secret", key: "secret" },
    { id: "stripe", secret: "whsec_secret", key: "whsec_secret" },
    { id: "standard-webhooks", secret: `whsec_${key.toString("base64")}`, key },
    { id: "svix", secret: `whsec_${key.toString("base64")}`, key },
  ])("$id signs the same and verifies", ({ id: provider, secret, key: used }) => {
    const scheme = shipped(provider, "hmac");
    fc.assert(
      fc.property(bytes, headerText, (body, id) => {
        const byHand = signedByHand(scheme, used, { body, id });
        const idHeader = /\{header:([^}]+)\}/.exec(scheme.content)?.[1];
        const given = idHeader === undefined ? [] : [idHeader, id];
        expect([...given, ...sign(scheme, { body, secrets: [secret], headers: given, now })]).toEqual(byHand);
        expect(verify([scheme], [secret], { body, headers: byHand, now }).ok).toBe(true);
        const longer = Buffer.concat([body, Buffer.of(0)]);
        expect(verify([scheme], [secret], { body: longer, headers: byHand, now })).toMatchObject({
          code: "signature-mismatch",
        });
      }),
    );
  });

  it("tells bytes apart that decode to the same text", () => {
    const scheme = shipped("github", "hmac");
    const headers = [
      "x-hub-signature-256",
      `sha256=${createHmac("sha256", "k").update(Buffer.of(0xff)).digest("hex")}`,
    ];
    expect(verify([scheme], ["k"], { body: Buffer.of(0xff), headers, now }).ok).toBe(true);
    expect(verify([scheme], ["k"], { body: Buffer.of(0xfe), headers, now })).toMatchObject({
      code: "signature-mismatch",
    });
  });
});

describe("node:crypto's ed25519, under the Standard Webhooks header (v1a)", () => {
  const scheme = shipped("standard-webhooks", "ed25519");
  const pairs = [1, 2].map(() => {
    const { publicKey, privateKey } = generateKeyPairSync("ed25519");
    const { d = "", x = "" } = privateKey.export({ format: "jwk" });
    const seed = Buffer.from(d, "base64url");
    const point = Buffer.from(x, "base64url");
    return {
      privateKey,
      publicKey,
      whsk: `whsk_${seed.toString("base64")}`,
      whskLong: `whsk_${Buffer.concat([seed, point]).toString("base64")}`,
      whpk: `whpk_${point.toString("base64")}`,
    };
  });
  const [pair, other] = pairs as [(typeof pairs)[0], (typeof pairs)[0]];

  it("accepts what hookline signs, and hookline what it signs", () => {
    fc.assert(
      fc.property(bytes, headerText, fc.constantFrom(pair.whsk, pair.whskLong), (body, id, whsk) => {
        const byHand = signedByHand(scheme, pair.privateKey, { body, id });
        const given = ["webhook-id", id];
        const ours = [...given, ...sign(scheme, { body, secrets: [whsk], headers: given, now })];
        expect(ours).toEqual(byHand);
        const [version, signature = ""] = valueOf(ours, "webhook-signature").split(",");
        expect(version).toBe("v1a");
        const content = Buffer.concat([utf8(`${id}.${nowSeconds}.`), body]);
        expect(verifyBytes(null, content, pair.publicKey, Buffer.from(signature, "base64"))).toBe(true);
        for (const secret of [pair.whpk, pair.whsk, pair.whskLong])
          expect(verify([scheme], [secret], { body, headers: byHand, now })).toMatchObject({ ok: true });
      }),
    );
  });

  it("refuses another key, another body and a stale time", () => {
    const body = utf8("{}");
    const headers = signedByHand(scheme, pair.privateKey, { body });
    const check = (secret: string, payload: string, at = now) =>
      verify([scheme], [secret], { body: utf8(payload), headers, now: at });
    expect(check(other.whpk, "{}")).toMatchObject({ code: "signature-mismatch" });
    expect(check(pair.whpk, "{ }")).toMatchObject({ code: "signature-mismatch" });
    expect(check(pair.whpk, "{}", now + 301_000)).toMatchObject({ code: "timestamp-expired" });
    expect(check(pair.whpk, "{}", now - 301_000)).toMatchObject({ code: "timestamp-future" });
  });

  it("signs with both keys in a rotation, beside signatures of another version", () => {
    const headers = ["webhook-id", "msg_1"];
    const body = utf8("{}");
    const added = sign(scheme, { body, secrets: [pair.whsk, other.whsk], headers, now });
    const mixed = changed(
      [...headers, ...added],
      "webhook-signature",
      (value) => `v1,${"A".repeat(43)}= ${value}`,
    );
    for (const [index, secrets] of [
      [0, [pair.whpk]],
      [0, [other.whpk]],
      [1, [`whpk_${Buffer.alloc(32, 9).toString("base64")}`, other.whpk]],
    ] as const)
      expect(verify([scheme], secrets, { body, headers: mixed, now })).toMatchObject({
        ok: true,
        secretIndex: index,
      });
  });

  it("takes no v1a signature for v1", () => {
    const content = utf8(`msg_1.${nowSeconds}.{}`);
    const signature = signBytes(null, content, pair.privateKey).toString("base64");
    const headers = [
      "webhook-id",
      "msg_1",
      "webhook-timestamp",
      String(nowSeconds),
      "webhook-signature",
      `v1,${signature}`,
    ];
    expect(verify([scheme], [pair.whpk], { body: utf8("{}"), headers, now })).toMatchObject({
      code: "header-malformed",
    });
  });
});
