import { describe, expect, test } from "vitest";
import { createMeasure, type LoadAnswer } from "../../src/actions/load-measure.ts";
import type { LoadSecond } from "../../src/reports/report.ts";
import type { SendErrorCode } from "../../src/transport/send.ts";

const answer = (status: number, durationMs = 10, lateMs = 0): LoadAnswer => ({
  result: { ok: true, status, headers: [], body: Buffer.alloc(0), bytes: 0, durationMs },
  outcome: status < 300 ? { ok: true } : { ok: false, reason: "status", status, accepted: "2xx" },
  title: "Fareplay",
  lateMs,
});

const failure = (error: SendErrorCode, message: string, durationMs = 10): LoadAnswer => ({
  result: { ok: false, error, message, durationMs },
  outcome: { ok: false, reason: error, message },
  title: "Fareplay",
  lateMs: 0,
});

function measured(answers: readonly LoadAnswer[]) {
  const seconds: LoadSecond[] = [];
  const measure = createMeasure(undefined, (second) => void seconds.push(second));
  for (const one of answers) {
    measure.started();
    measure.answered(one);
  }
  return { measure, seconds };
}

describe("what counts as latency", () => {
  test("an answer of any status", () => {
    const { measure } = measured([answer(200, 10), answer(500, 90)]);
    expect(measure.latencies().latencyMs).toMatchObject({ min: 10, max: expect.closeTo(90, 1) as number });
  });

  test("one that never came, with the time that was waited for it", () => {
    const { measure } = measured([answer(200, 10), failure("timeout", "no answer in time", 5000)]);
    expect(measure.latency("max")).toBeCloseTo(5000, -1);
  });

  test("the time that it started late", () => {
    expect(measured([answer(200, 10, 90)]).measure.latency(50)).toBeCloseTo(100, 0);
  });

  test.each<SendErrorCode>(["reset", "protocol"])("one that hung, and then failed by %s", (code) => {
    const { measure } = measured([answer(200, 10), failure(code, "…", 4000)]);
    expect(measure.latency("max")).toBeCloseTo(4000, -1);
  });

  test("not one for which no file was left", () => {
    const { measure } = measured([failure("protocol", "connect EMFILE 127.0.0.1:3000 - Local")]);
    expect(measure.latency("max")).toBeNull();
  });

  test.each<SendErrorCode>(["refused", "unreachable", "dns", "tls", "target-refused"])(
    "not one that %s ended",
    (code) => {
      const { measure } = measured([failure(code, "…")]);
      expect(measure.latencies()).toEqual({ latencyMs: null, percentiles: [] });
      expect(measure.latency(99)).toBeNull();
      expect(measure.counts).toMatchObject({ failed: 1, answered: 0 });
    },
  );
});

test("failures by kind, the most frequent first, with the first of each", () => {
  const { measure } = measured([
    answer(200),
    answer(404),
    answer(503),
    answer(500),
    failure("reset", "the connection was closed before an answer came"),
    failure("protocol", "connect EMFILE 127.0.0.1:3000 - Local"),
  ]);
  expect(measure.failures().map(({ code, count }) => [code, count])).toEqual([
    ["status-5xx", 2],
    ["status-4xx", 1],
    ["reset", 1],
    ["too-many-files", 1],
  ]);
  expect(measure.failures()[0]).toMatchObject({ outcome: { status: 503 }, title: "Fareplay" });
  expect(measure.statuses()).toEqual([
    { status: 200, count: 1 },
    { status: 404, count: 1 },
    { status: 500, count: 1 },
    { status: 503, count: 1 },
  ]);
});

test("percentiles from the fastest to the slowest, ever closer to 100", () => {
  const { measure } = measured(Array.from({ length: 1000 }, (_, index) => answer(200, index + 1)));
  const { percentiles, latencyMs } = measure.latencies();
  expect(latencyMs).toMatchObject({ min: 1, max: expect.closeTo(1000, -1) as number });
  for (const { percentile, ms } of percentiles)
    expect(Math.abs(ms - percentile * 10)).toBeLessThanOrEqual(1 + ms / 1000);
  const shares = percentiles.map(({ percentile }) => percentile);
  expect(shares).toEqual([...new Set(shares)].sort((a, b) => a - b));
  expect([shares[0], shares.at(-1)]).toEqual([0.001, 100]);
});

test("seconds are told one by one, empty ones too, each with its own latencies", () => {
  const seconds: LoadSecond[] = [];
  const measure = createMeasure(
    (ms) => Math.floor(ms / 500),
    (second) => void seconds.push(second),
  );
  measure.started();
  measure.started();
  measure.answered(answer(200, 100));
  measure.advance(999);
  expect(seconds).toEqual([]);
  measure.advance(2500);
  measure.answered(answer(500, 2000));
  measure.finish(2600);
  const empty = { started: 0, succeeded: 0, failed: 0, answered: 0, p50: null, p99: null, max: null };
  const close = (ms: number): number => expect.closeTo(ms, -1) as number;
  expect(seconds).toEqual([
    {
      at: 0,
      due: 2,
      started: 2,
      succeeded: 1,
      failed: 0,
      answered: 1,
      p50: close(100),
      p99: close(100),
      max: close(100),
      underWay: 1,
    },
    { ...empty, at: 1, due: 2, underWay: 1 },
    {
      at: 2,
      due: 1,
      started: 0,
      succeeded: 0,
      failed: 1,
      answered: 1,
      p50: close(2000),
      p99: close(2000),
      max: close(2000),
      underWay: 0,
    },
  ]);
});
