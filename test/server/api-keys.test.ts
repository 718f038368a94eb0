import { createHash, randomBytes } from "node:crypto";
import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { randomText } from "../../src/providers/ids.ts";
import { hashApiKey, hintOf, looksLikeApiKey, makeApiKey, statusOf } from "../../src/server/api-keys.ts";
import type { KeyRow } from "../../src/store/contract.ts";
import { key } from "../store/rows.ts";

const make = (prefix: string): string => makeApiKey(prefix, (length) => randomText(randomBytes, length));

/** The CRC-32 of ISO 3309 bit by bit, as RFC 1952 describes it. */
function crc32(text: string): number {
  let crc = 0xffffffff;
  for (const byte of Buffer.from(text)) {
    crc ^= byte;
    for (let bit = 0; bit < 8; bit++) crc = crc & 1 ? (crc >>> 1) ^ 0xedb88320 : crc >>> 1;
  }
  return (crc ^ 0xffffffff) >>> 0;
}

describe("an API key", () => {
  test.each(["hk_", "fjr_", "acme-"])("%s: prefix, 30 random letters and digits, 6 of checksum", (prefix) => {
    const key = make(prefix);
    expect(key).toMatch(new RegExp(`^${prefix}[0-9A-Za-z]{36}$`));
    const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
    const sum = [...key.slice(-6)].reduce((value, digit) => value * 62 + digits.indexOf(digit), 0);
    expect(sum).toBe(crc32(key.slice(0, -6)));
    expect(looksLikeApiKey(key)).toBe(true);
    expect(make(prefix)).not.toBe(key);
  });

  test("with any one character changed is told without the database", () => {
    fc.assert(
      fc.property(fc.nat(38), fc.constantFrom(..."09AZaz"), (place, other) => {
        const key = make("hk_");
        const changed = key.slice(0, place) + other + key.slice(place + 1);
        expect(looksLikeApiKey(changed)).toBe(changed === key);
      }),
    );
  });

  test.each([
    ["nothing", ""],
    ["a word", "secret"],
    ["a key with a blank", `${make("hk_")} `],
    ["a key with a line break", `${make("hk_")}\n`],
    ["a key without its prefix", make("hk_").slice(3)],
    ["a very long text", `hk_${"a".repeat(100_000)}`],
    ["control characters", make("\u0000\u0000_")],
  ])("is not %s", (_, text) => {
    expect(looksLikeApiKey(text)).toBe(false);
  });

  test("is kept as its SHA-256, and shown as its prefix and end", () => {
    const key = make("fjr_");
    expect(hashApiKey(key).toString("hex")).toBe(createHash("sha256").update(key, "utf8").digest("hex"));
    expect(hintOf(key)).toBe(`fjr_…${key.slice(-4)}`);
  });
});

describe("the status of a key", () => {
  const now = 1_000_000;
  test.each<[string, Partial<KeyRow>]>([
    ["active", {}],
    ["active", { expiresAt: now + 1 }],
    ["expired", { expiresAt: now }],
    ["rotating", { replacedBy: "key_2" }],
    ["rotating", { replacedBy: "key_2", graceEndsAt: now + 1 }],
    ["replaced", { replacedBy: "key_2", graceEndsAt: now }],
    ["expired", { replacedBy: "key_2", graceEndsAt: now + 1, expiresAt: now }],
    ["revoked", { revokedAt: now, expiresAt: 0, graceEndsAt: 0 }],
  ])("is %s for %o", (status, changes) => {
    expect(statusOf(key("acct_1", "key_1", { createdAt: 0, ...changes }), now)).toBe(status);
  });
});
