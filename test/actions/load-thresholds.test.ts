import { describe, expect, test } from "vitest";
import { judgeThreshold, readThreshold, type ThresholdFigures } from "../../src/actions/load-thresholds.ts";

const figures: ThresholdFigures = {
  sent: 200,
  failed: 4,
  unstarted: 0,
  achievedRate: 449.5,
  latency: (figure) => (typeof figure === "number" ? figure : { min: 1, mean: 40, max: 1500 }[figure]),
};

describe("conditions", () => {
  test.each([
    ["p99>98ms", true],
    ["p99>99ms", false],
    ["p99>=99ms", true],
    [" P99.9 < 0.1s ", true],
    ["p50<=50ms", true],
    ["p95<95ms", false],
    ["p12.5>12ms", true],
    ["max>1.4s", true],
    ["max>=2s", false],
    ["mean>40000us", false],
    ["min<1m", true],
    ["errors>1%", true],
    ["errors>2%", false],
    ["errors>=2%", true],
    ["errors>3", true],
    ["errors>4", false],
    ["rate<450", true],
    ["rate<449/s", false],
  ])("%s", (text, failed) => {
    const judged = judgeThreshold(readThreshold(text), figures);
    expect(judged.failed).toBe(failed);
    expect(judged.threshold.text).toBe(text.trim());
  });

  test.each([
    "",
    "p99",
    "p99>",
    ">500ms",
    "p99=500ms",
    "p99>500",
    "p99>-1ms",
    "p100>1ms",
    "p0>1ms",
    "p99>1h",
    "errors>1ms",
    "rate<5%",
    "median>5ms",
    "p99>5ms p50>1ms",
    "constructor>1ms",
    "p99>1constructor",
  ])("%j cannot be read", (text) => {
    expect(() => readThreshold(text)).toThrow(
      expect.objectContaining({
        code: "usage",
        exitCode: 2,
        nextSteps: expect.arrayContaining([expect.stringContaining("p99.9")]) as string[],
      }),
    );
  });

  test("what never started is an error of what was due", () => {
    const starved = { ...figures, sent: 50, failed: 0, unstarted: 1950 };
    for (const [text, actual] of [
      ["errors>1%", 97.5],
      ["errors>10", 1950],
    ] as const)
      expect(judgeThreshold(readThreshold(text), starved)).toMatchObject({ actual, failed: true });
  });

  test("where nothing was measured, a condition on it counts as failed", () => {
    const nothing = { sent: 0, failed: 0, unstarted: 0, achievedRate: 0, latency: () => null };
    for (const text of ["p99>500ms", "errors>1%"])
      expect(judgeThreshold(readThreshold(text), nothing)).toMatchObject({ actual: null, failed: true });
  });
});
