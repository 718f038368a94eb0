import { describe, expect, test } from "vitest";
import type { LoadSecond } from "../../src/reports/report.ts";
import { latencyChart } from "../../src/ui/load-chart.ts";

/** Seconds with those p99s, in milliseconds; null where all requests were refused, undefined where none ended. */
function secondsOf(values: readonly (number | null | undefined)[]): LoadSecond[] {
  return values.map((p99, at) => {
    const counts = {
      due: 5,
      started: 5,
      succeeded: typeof p99 === "number" ? 5 : 0,
      failed: p99 === null ? 5 : 0,
    };
    return { at, ...counts, answered: counts.succeeded, p50: 1, p99: p99 ?? null, max: 9, underWay: 0 };
  });
}

const chart = (values: readonly (number | null | undefined)[], forMs = values.length * 1000) =>
  latencyChart({ seconds: secondsOf(values), forMs }, 60);

const marks = (lines: readonly string[]): number => (lines.join("").match(/✗/g) ?? []).length;

describe("p99 over time", () => {
  test("an outage to the end is seen, and the axis goes on to its end", () => {
    const { lines, hasOutage } = chart([10, 12, null, null, null, null]);
    expect([hasOutage, marks(lines)]).toEqual([true, 4]);
    expect(lines.at(-1)).toMatch(/0s .*2s .*4s/);
  });

  test("an outage in the middle, or at the start, is a gap with marks", () => {
    expect(marks(chart([10, null, null, 10, 10]).lines)).toBe(2);
    expect(marks(chart([null, null, 10, 10, 10]).lines)).toBe(2);
  });

  test("seconds in which nothing ended are no outage", () => {
    expect(chart([10, undefined, undefined, 10, 10])).toMatchObject({ hasOutage: false });
  });

  test("the second in which the last answers came in is left out, unless more follow", () => {
    expect(chart([10, 10, 10, 1], 3000)).toEqual(chart([10, 10, 10]));
    expect(chart([10, 10, 10, 500, 900], 3000).lines.at(-1)).toContain("4s");
  });

  test("of a long load an outage is never thinned away", () => {
    const values = Array.from({ length: 600 }, (_, at) => (at === 300 ? null : 10));
    expect(marks(chart(values).lines)).toBe(1);
  });

  test("labels stand whole beside their rows", () => {
    const lines = chart([1000, 4000, 5000]).lines.join("\n");
    for (const label of ["5 s┤", "2.5 s┤", "0 ms┤"]) expect(lines).toMatch(new RegExp(`^ *${label}`, "m"));
  });

  test("nothing where there is too little to see", () => {
    expect(chart([10, 10]).lines).toEqual([]);
    expect(latencyChart({ seconds: secondsOf([1, 2, 3]), forMs: 3000 }, 20).lines).toEqual([]);
  });
});
