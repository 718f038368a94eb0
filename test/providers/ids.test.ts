import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { randomText, uuid } from "../../src/providers/ids.ts";

describe("randomText", () => {
  test("is as long as asked for, letters and digits, never twice the same", () => {
    const texts = Array.from({ length: 200 }, (_, length) => randomText(randomBytes, length));
    for (const [length, text] of texts.entries())
      expect(text).toMatch(new RegExp(`^[0-9A-Za-z]{${length}}$`));
    expect(new Set(texts.slice(20)).size).toBe(180);
  });

  test("leaves out the bytes that would make some letters likelier", () => {
    const bytes = [255, 248, 0, 61, 247, 62];
    expect(randomText((length) => Buffer.from(bytes.splice(0, length)), 4)).toBe("0zz0");
  });
});

test("uuid is a version 4 UUID", () => {
  expect(uuid(randomBytes)).toMatch(/^[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}$/);
  expect(uuid((length) => Buffer.alloc(length, 255))).toBe("ffffffff-ffff-4fff-bfff-ffffffffffff");
  expect(uuid((length) => Buffer.alloc(length))).toBe("00000000-0000-4000-8000-000000000000");
});
