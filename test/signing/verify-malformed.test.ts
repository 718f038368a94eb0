import { describe, expect, it } from "vitest";
import type { HmacScheme, VerdictCode } from "../../src/signing/types.ts";
import { body, check, refused, seed, whsec, whsk } from "./kinds.ts";
import { changed, ed25519Key, nowSeconds, signedByHand, valueOf } from "./requests.ts";
import { github, shopify, standard, standardEd25519, stripe } from "./schemes.ts";

const alphabet = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

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
