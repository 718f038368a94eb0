import { describe, expect, test } from "vitest";
import { createDiagnoser } from "../../src/actions/listen-diagnosis.ts";
import type { Workspace } from "../../src/actions/workspace.ts";

// How many are admitted depends on the clock alone: nothing of the workspace is asked.
const workspace = {} as Workspace;

function at(): { now: number; clock: () => number } {
  const time = { now: 0, clock: () => time.now };
  return time;
}

describe("how often a listener diagnoses", () => {
  test("five times in a second, however many ask", () => {
    const time = at();
    const diagnoser = createDiagnoser(workspace, time.clock);
    const admitted = (asked: number): number =>
      Array.from({ length: asked }, () => diagnoser.admit()).filter(Boolean).length;
    expect(admitted(1000)).toBe(5);
    time.now = 999;
    expect(admitted(10)).toBe(0);
    time.now = 1000;
    expect(admitted(10)).toBe(5);
    // Quiet seconds are not saved up.
    time.now = 60_000;
    expect(admitted(1000)).toBe(5);
    time.now = 60_500;
    expect(admitted(3)).toBe(0);
    time.now = 61_000;
    expect(admitted(3)).toBe(3);
  });
});
