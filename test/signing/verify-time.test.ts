import { describe, expect, it } from "vitest";
import type { HmacScheme, VerdictCode } from "../../src/signing/types.ts";
import { body, check, refused, timed } from "./kinds.ts";
import { changed, now, nowSeconds, signedByHand, without } from "./requests.ts";
import { slack, stripe } from "./schemes.ts";

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
