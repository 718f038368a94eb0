import { describe, expect, it } from "vitest";
import { jsonReport } from "../../src/reports/json.ts";
import { hostile, hostileReport, load, passing, request, sample } from "./samples.ts";

describe("jsonReport", () => {
  it("has all that is known, in snake_case, with null for what is not", () => {
    const document: unknown = JSON.parse(jsonReport(sample({ score: { passed: 1, total: 3 } })));
    expect(document).toEqual({
      version: 1,
      title: "hookline replay",
      target: "http://localhost:3000/hooks",
      started_at: "2023-11-14T22:13:20.123Z",
      duration_ms: 2500,
      interrupted: false,
      counts: { total: 3, passed: 1, failed: 1, skipped: 1 },
      score: { passed: 1, total: 3 },
      groups: [
        {
          name: "fareplay",
          duration_ms: 1246.346,
          counts: { total: 2, passed: 1, failed: 1, skipped: 0 },
          output: null,
          cases: [
            {
              name: "fareplay/order.created",
              title: null,
              outcome: "failed",
              duration_ms: 12.346,
              failures: [
                {
                  code: "status",
                  message: "answered 500: Fareplay takes only 2xx as success",
                  why: "it is sent again",
                  fix: "answer 2xx",
                },
                { code: "late", message: "answered too late", why: null, fix: null },
              ],
              note: null,
              place: { file: "suites/orders.json", line: 12 },
              request,
              answer: { status: 500, duration_ms: 12.3, text: '{"error":"no"}' },
            },
            {
              name: passing.name,
              title: null,
              outcome: "passed",
              duration_ms: 1234,
              failures: [],
              note: "it was slow",
              place: null,
              request: null,
              answer: null,
            },
          ],
        },
        {
          name: "empty",
          duration_ms: 0,
          counts: { total: 1, passed: 0, failed: 0, skipped: 1 },
          output: "listening\n  on 3000",
          cases: [
            {
              name: "later",
              title: null,
              outcome: "skipped",
              duration_ms: 0,
              failures: [],
              note: "interrupted",
              place: null,
              request: null,
              answer: null,
            },
          ],
        },
      ],
      load: null,
    });
  });

  it("has the figures of a load", () => {
    const document = JSON.parse(jsonReport(sample({ load }))) as { load: unknown };
    expect(document.load).toEqual({
      payloads: ["order.created"],
      for_ms: 2000,
      rate: 500,
      concurrency: null,
      achieved_rate: 499.988,
      sent: 1000,
      succeeded: 990,
      failed: 10,
      unstarted: 5,
      latency_ms: { min: 1, mean: 2.5, p50: 2, p90: 4, p95: 5, p99: 9.877, p999: 12, max: 20 },
      errors: load.errors,
      statuses: load.statuses,
      thresholds: load.thresholds,
      percentiles: load.percentiles,
      seconds: [
        {
          at: 0,
          due: 500,
          started: 500,
          succeeded: 495,
          failed: 5,
          answered: 495,
          p50: 2,
          p99: 9,
          max: 20,
          under_way: 3,
        },
      ],
      notes: load.notes,
    });
  });

  it("says any text as it is, and ends with a line end", () => {
    const text = jsonReport(hostileReport());
    expect(JSON.parse(text)).toMatchObject({ title: hostile, groups: [{ output: hostile }] });
    expect(text.endsWith("}\n")).toBe(true);
  });
});
