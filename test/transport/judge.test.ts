import { describe, expect, test } from "vitest";
import { judge } from "../../src/transport/judge.ts";
import type { SendResult } from "../../src/transport/send.ts";

const answer = (status: number, durationMs = 1): SendResult => ({
  ok: true,
  status,
  headers: [],
  body: Buffer.alloc(0),
  bytes: 0,
  durationMs,
});
const any2xx = { timeoutMs: 5000, success: "2xx" } as const;
const exactly200 = { timeoutMs: 5000, success: [200] } as const;

describe("judge", () => {
  test.each([
    [199, false, false],
    [200, true, true],
    [201, true, false],
    [204, true, false],
    [299, true, false],
    [300, false, false],
    [302, false, false],
    [500, false, false],
  ])("%i: by 2xx %s, by 200 alone %s", (status, byRange, byList) => {
    expect(judge(any2xx, answer(status)).ok).toBe(byRange);
    expect(judge(exactly200, answer(status)).ok).toBe(byList);
  });

  test("a success that comes late is none; a failure that comes late failed by its status", () => {
    expect(judge(any2xx, answer(200, 5000))).toEqual({ ok: true });
    expect(judge(any2xx, answer(200, 5000.1))).toEqual({ ok: false, reason: "late", allowedMs: 5000 });
    expect(judge(any2xx, answer(500, 6000))).toEqual({
      ok: false,
      reason: "status",
      status: 500,
      accepted: "2xx",
    });
  });

  test("no answer: why, and the allowance where it is what ran out", () => {
    const none = { ok: false, message: "m" } as const;
    expect(judge(any2xx, { ...none, error: "refused", durationMs: 6000 })).toEqual({
      ok: false,
      reason: "refused",
      message: "m",
    });
    expect(judge(any2xx, { ...none, error: "timeout", durationMs: 300 })).not.toHaveProperty("allowedMs");
    const late = { ...none, error: "timeout", durationMs: 5000 } as const;
    expect(judge(any2xx, late)).toHaveProperty("allowedMs", 5000);
    const begun = { status: 200, headers: [], body: Buffer.alloc(0), bytes: 0 };
    expect(judge(any2xx, { ...late, answer: begun })).toEqual({ ok: false, reason: "timeout", message: "m" });
  });
});
