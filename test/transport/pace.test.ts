import { describe, expect, test } from "vitest";
import { allowedAt, createPace } from "../../src/transport/pace.ts";

describe("createPace", () => {
  test("without a ramp each is due when the rate says", () => {
    const { dueAt, dueBefore } = createPace(50, 0);
    expect([0, 1, 2, 50].map(dueAt)).toEqual([0, 20, 40, 1000]);
    expect([0, 0.5, 20, 20.5, 1000, 60_000].map(dueBefore)).toEqual([0, 1, 1, 2, 50, 3000]);
  });

  test("over the ramp half as many are due as at the full rate, and each second more", () => {
    const { dueAt, dueBefore } = createPace(100, 4000);
    expect(dueBefore(4000)).toBe(200);
    const seconds = [0, 1, 2, 3, 4, 5].map((at) => dueBefore((at + 1) * 1000) - dueBefore(at * 1000));
    expect(seconds).toEqual([13, 37, 63, 87, 100, 100]);
    expect(dueAt(200)).toBe(4000);
    expect(dueAt(201)).toBeCloseTo(4010, 9);
  });

  test.each([
    [0.3, 0],
    [7, 0],
    [60, 0],
    [333.3, 0],
    [0.3, 20_000],
    [7, 1500],
    [60, 10_000],
    [9999, 777],
  ])("the two agree at %d/s, reached in %d ms", (rate, rampMs) => {
    const { dueAt, dueBefore } = createPace(rate, rampMs);
    for (let index = 0; index < 500; index++) {
      const at = dueAt(index);
      expect(dueBefore(at)).toBe(index);
      expect(dueBefore(at + 1e-6)).toBe(index + 1);
      expect(dueAt(index + 1)).toBeGreaterThan(at);
    }
  });
});

test("how many may be under way grows from one to all over the ramp", () => {
  expect([0, 249, 250, 500, 999, 1000, 5000].map((ms) => allowedAt(ms, 4, 1000))).toEqual([
    1, 1, 2, 3, 4, 4, 4,
  ]);
  expect(allowedAt(0, 4, 0)).toBe(4);
});
