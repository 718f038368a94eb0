import { describe, expect, test } from "vitest";
import type { LoadSummary } from "../../src/actions/load.ts";
import { errorsOf, remarks } from "../../src/ui/load-words.ts";
import { countsText } from "../../src/ui/report-load.ts";
import { load } from "../reports/samples.ts";

function summary(changes: Partial<LoadSummary>): LoadSummary {
  return {
    ...load,
    type: "summary",
    concurrency: 5000,
    forMs: 30_000,
    durationMs: 30_010,
    failed: 0,
    failures: [],
    thresholds: [],
    late: { count: 0, maxMs: 0 },
    held: { count: 0, maxMs: 0 },
    unstarted: 0,
    abandoned: 0,
    gaveUp: false,
    busy: 0.1,
    interrupted: false,
    ...changes,
  };
}

describe("what is to be known of the figures", () => {
  test.each<[name: string, changes: Partial<LoadSummary>, expected: readonly RegExp[]]>([
    ["nothing", {}, []],
    ["few were late, by little", { sent: 15, late: { count: 2, maxMs: 6 } }, []],
    ["many were late, by little", { late: { count: 500, maxMs: 9 } }, []],
    [
      "few were late, by much",
      { late: { count: 5, maxMs: 60 } },
      [/^5 requests started later than due, by 60 ms at most, as hookline was busy/],
    ],
    [
      "many were late, by much",
      { sent: 10_000, late: { count: 2524, maxMs: 60 } },
      [/^hookline could not keep up: 2,524 requests .*lower --rate/],
    ],
    ["late, where nothing answers", { late: { count: 500, maxMs: 600 }, latencyMs: null, sent: 500 }, []],
    ["as many as it takes", { rate: null, concurrency: 1000 }, [/^1,000 at once: a slow target slows/]],
    [
      "never started",
      { unstarted: 1950 },
      [/^1,950 requests were due and never started: they count as errors/],
    ],
    ["interrupted", { interrupted: true, durationMs: 3000 }, [/^it was interrupted after 3 s of 30 s$/]],
  ])("%s", (_, changes, expected) => {
    const notes = remarks(summary(changes));
    expect(notes).toHaveLength(expected.length);
    for (const [index, pattern] of expected.entries()) expect(notes[index]).toMatch(pattern);
  });
});

test("what never started is an error among the others, the most frequent first", () => {
  const reset = { ok: false, reason: "reset", message: "closed" } as const;
  const failures = [{ code: "reset", count: 20, outcome: reset, title: "Fareplay", durationMs: 1 }];
  expect(errorsOf(summary({ failures, unstarted: 1950 })).map(({ code, count }) => [code, count])).toEqual([
    ["unstarted", 1950],
    ["reset", 20],
  ]);
  expect(errorsOf(summary({ failures })).map(({ code }) => code)).toEqual(["reset"]);
});

test("counts, with what never started in the share", () => {
  expect(countsText({ ...load, sent: 10_246, succeeded: 10_246, failed: 0, unstarted: 0 })).toBe(
    "10,246 sent · 10,246 succeeded · 0 failed",
  );
  expect(countsText({ ...load, sent: 50, succeeded: 40, failed: 10, unstarted: 1950 })).toBe(
    "50 sent · 40 succeeded · 10 failed · 1,950 never started (98 %)",
  );
});
