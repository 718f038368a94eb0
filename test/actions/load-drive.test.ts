import { describe, expect, test } from "vitest";
import { drive, type LoadPlan } from "../../src/actions/load-drive.ts";
import { createMeasure } from "../../src/actions/load-measure.ts";
import type { LoadSecond } from "../../src/reports/report.ts";
import type { SendResult } from "../../src/transport/send.ts";
import { createPace } from "../../src/transport/pace.ts";
import { simulateClock, type SimulatedClock } from "./load-clock.ts";

type Serve = (arrivedAt: number) => number;

/** A target that serves one after the other, each for so long. @returns when a request is answered */
function queue(service: number): Serve {
  let free = 0;
  return (arrivedAt) => (free = Math.max(arrivedAt, free) + service);
}

const answered = (durationMs: number): SendResult => ({
  ok: true,
  status: 200,
  headers: [],
  body: Buffer.alloc(0),
  bytes: 0,
  durationMs,
});

/** Drives a load against a simulated target. @param serve says when what arrives then is answered */
async function simulate(
  plan: Omit<LoadPlan, "signal" | "rampMs"> & { rampMs?: number; signal?: AbortSignal },
  serve: Serve,
  options: { clock?: SimulatedClock; work?: number } = {},
) {
  const { clock = simulateClock(), work = 0 } = options;
  const { rampMs = 0, signal = new AbortController().signal } = plan;
  const seconds: LoadSecond[] = [];
  const pace = plan.rate === undefined ? undefined : createPace(plan.rate, rampMs);
  const measure = createMeasure(
    pace && ((ms) => pace.dueBefore(Math.min(ms, plan.forMs))),
    (second) => void seconds.push(second),
  );
  const began = clock.now();
  const starts: number[] = [];
  let most = 0;
  const end = await clock.runUntil(
    drive(
      { ...plan, rampMs, signal },
      clock,
      async (lateMs) => {
        measure.started();
        starts.push(clock.now() - began);
        most = Math.max(most, measure.counts.underWay);
        clock.spend(work);
        const sentAt = clock.now();
        const until = serve(sentAt);
        await new Promise<void>((resolve) => clock.at(until, resolve));
        measure.advance(clock.now() - began);
        measure.answered({
          result: answered(clock.now() - sentAt),
          outcome: { ok: true },
          title: "A",
          lateMs,
        });
        return true;
      },
      measure.advance,
    ),
  );
  measure.finish(end.durationMs);
  return { end, measure, seconds, starts, most, latency: measure.latencies().latencyMs };
}

describe("at a rate", () => {
  test("a target that keeps up: each starts when it is due, and takes what it takes", async () => {
    const { end, latency, starts, seconds, most } = await simulate(
      { rate: 40, most: 5000, forMs: 5000 },
      queue(20),
    );
    expect(starts.slice(0, 4)).toEqual([0, 25, 50, 75]);
    expect(starts).toHaveLength(200);
    expect(latency).toMatchObject({
      min: 20,
      p50: expect.closeTo(20, 1) as number,
      max: expect.closeTo(20, 1) as number,
    });
    expect(most).toBe(1);
    expect(end).toMatchObject({ startingMs: 5000, late: { count: 0 }, held: { count: 0 }, unstarted: 0 });
    expect(seconds).toHaveLength(5);
    for (const [at, second] of seconds.entries())
      expect(second).toMatchObject({ at, due: 40, started: 40, failed: 0 });
  });

  // At 60/s and 20 ms each, a request finds i · (20 − 16.67) ms of work before it.
  const service = 20;
  const truth = (share: number, amount: number): number =>
    (Math.ceil((share / 100) * amount) - 1) * (service - 1000 / 60) + service;

  test.each([
    ["as many connections as it takes", 5000, 300],
    ["a single connection, which makes each wait for the one before", 1, 300],
  ])("a target that does not keep up is not flattered, with %s", async (_, most, amount) => {
    const { end, latency, starts } = await simulate({ rate: 60, most, forMs: 5000 }, queue(service));
    expect(starts).toHaveLength(amount);
    // Within what a timer's own lateness and the histogram's three figures allow.
    for (const [share, measured] of [
      [50, latency?.p50],
      [90, latency?.p90],
      [99, latency?.p99],
      [100, latency?.max],
    ] as const) {
      expect(measured).toBeGreaterThan(truth(share, amount) * 0.998);
      expect(measured).toBeLessThan(truth(share, amount) * 1.002);
    }
    if (most === 1) expect(end.held.count).toBe(amount - 1);
    else expect(end.held.count).toBe(0);
    expect(end.late.count).toBe(0);
  });

  test("a pause of the target is felt by all that were due in it, as if they had been sent", async () => {
    // Nothing is answered from 1,000 ms to 2,000 ms.
    const pause: Serve = (at) => (at - 1000 >= 1000 && at - 1000 < 2000 ? 3000 : at + 1);
    const { latency, end } = await simulate({ rate: 100, most: 1, forMs: 4000 }, pause);
    expect(latency?.max).toBeCloseTo(1000, -1);
    // A quarter of all requests fell into the pause, half of them into its first half.
    expect(latency?.p90).toBeGreaterThan(550);
    expect(end.held.count).toBeGreaterThan(90);
  });

  test("where hookline itself is slow: what started late is told, and its wait counts", async () => {
    // 5 ms of work for each, and one due every 4 ms.
    const { end, latency, starts } = await simulate({ rate: 250, most: 5000, forMs: 1000 }, (at) => at + 1, {
      work: 5,
    });
    expect(starts).toHaveLength(250);
    expect(end.late.count).toBeGreaterThan(240);
    expect(end.late.maxMs).toBeCloseTo(249, 0);
    expect(latency?.max).toBeGreaterThan(240);
    expect(end.held.count).toBe(0);
  });

  test("what could not be started is told; at the end a backlog gets a second more", async () => {
    const { end, starts } = await simulate({ rate: 100, most: 1, forMs: 1000 }, queue(100));
    expect(starts).toHaveLength(20);
    expect(end).toMatchObject({ unstarted: 80, startingMs: 1900, durationMs: 2000 });
  });

  test("a ramp: ever more a second", async () => {
    const { seconds, end } = await simulate(
      { rate: 100, most: 100, forMs: 5000, rampMs: 4000 },
      (at) => at + 1,
    );
    expect(seconds.map(({ started }) => started)).toEqual([13, 37, 63, 87, 100]);
    expect(end.startedAfterRamp).toBe(100);
  });
});

describe("as many as the target takes", () => {
  test("so many are under way, for so long", async () => {
    const { starts, most, end, latency } = await simulate({ most: 4, forMs: 1000 }, (at) => at + 50);
    expect(most).toBe(4);
    expect(starts).toHaveLength(80);
    expect(end).toMatchObject({ startingMs: 1000, durationMs: 1000, late: { count: 0 }, unstarted: 0 });
    expect(latency?.max).toBeCloseTo(50, 0);
  });

  test("a slow target slows it, which is why this model flatters", async () => {
    const { starts, latency } = await simulate({ most: 1, forMs: 5000 }, queue(20));
    expect(starts).toHaveLength(250);
    expect(latency?.max).toBeCloseTo(20, 0);
  });

  test("a ramp: ever more are under way", async () => {
    const { starts, most } = await simulate({ most: 4, forMs: 2000, rampMs: 1000 }, (at) => at + 5000);
    expect(starts.map(Math.round)).toEqual([0, 250, 500, 750]);
    expect(most).toBe(4);
  });
});

describe("the end", () => {
  test("what is under way is awaited, and its seconds are told", async () => {
    const { end, seconds, measure } = await simulate({ rate: 2, most: 10, forMs: 1000 }, (at) => at + 2200);
    expect(end).toMatchObject({ startingMs: 1000, durationMs: 2700 });
    expect(seconds.map(({ started, succeeded, underWay }) => [started, succeeded, underWay])).toEqual([
      [2, 0, 2],
      [0, 0, 2],
      [0, 2, 0],
    ]);
    expect(measure.counts).toMatchObject({ succeeded: 2, underWay: 0 });
  });

  test("a signal starts nothing more", async () => {
    const clock = simulateClock();
    const control = new AbortController();
    clock.at(clock.now() + 500, () => control.abort());
    const plan = { rate: 10, most: 10, forMs: 60_000, signal: control.signal };
    const { starts, end } = await simulate(plan, (at) => at + 10, { clock });
    expect(starts).toHaveLength(5);
    expect(end).toMatchObject({ startingMs: 500, unstarted: 0 });
  });

  test("a signal that came before: nothing is started", async () => {
    const { starts } = await simulate(
      { most: 10, forMs: 1000, signal: AbortSignal.abort() },
      (at) => at + 10,
    );
    expect(starts).toEqual([]);
  });

  test("what goes wrong in starting one ends it with that error", async () => {
    const clock = simulateClock();
    const driving = drive(
      { most: 1, forMs: 1000, rampMs: 0, signal: new AbortController().signal },
      clock,
      () => Promise.reject(new Error("no secret")),
      () => undefined,
    );
    await expect(clock.runUntil(driving)).rejects.toThrow("no secret");
  });
});
