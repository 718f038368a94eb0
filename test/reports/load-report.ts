import type { Report } from "../../src/reports/report.ts";

/** The report of a minute's load with failures, a condition that holds and one that does not. */
export function loadReport(): Report {
  const durationMs = 60_012;
  const request = {
    method: "POST",
    url: "http://localhost:3000/webhooks",
    bytes: 541,
    command: "hookline sign fareplay/order.created --out body | curl -i -H @- --data-binary @body",
  };
  return {
    title: "hookline replay --for",
    target: "http://localhost:3000/webhooks",
    startedAt: Date.UTC(2026, 2, 17, 14, 32, 5),
    durationMs,
    interrupted: false,
    groups: [
      {
        name: "load",
        durationMs,
        cases: [
          {
            name: "p99>500ms",
            outcome: "failed",
            durationMs,
            failures: [{ code: "threshold", message: "p99>500ms: it was 612 ms" }],
            request,
          },
          { name: "errors>1%", outcome: "passed", durationMs, failures: [], note: "it was 0.5 %", request },
        ],
      },
    ],
    load: {
      payloads: ["fareplay/order.created", "fareplay/order.accepted"],
      forMs: 60_000,
      rate: 500,
      concurrency: 5000,
      sent: 29_970,
      succeeded: 29_850,
      failed: 120,
      unstarted: 30,
      achievedRate: 499.5,
      latencyMs: { min: 17.2, mean: 24.1, p50: 20.3, p90: 44.4, p95: 60.2, p99: 612, p999: 640, max: 2359 },
      errors: [
        { code: "status-5xx", message: "answered 503: Fareplay takes only 2xx as success", count: 120 },
      ],
      statuses: [
        { status: 200, count: 29_850 },
        { status: 503, count: 120 },
      ],
      seconds: Array.from({ length: 60 }, (_, at) => ({
        at,
        due: 500,
        started: 500,
        succeeded: at === 40 ? 380 : 500,
        failed: at === 40 ? 120 : 0,
        answered: 500,
        p50: 20,
        p99: at === 40 ? 640 : 60,
        max: at === 40 ? 2359 : 90,
        underWay: 11,
      })),
      percentiles: [0.001, 50, 90, 99, 99.9, 100].map((percentile, step) => ({
        percentile,
        ms: 18 + step ** 4,
      })),
      thresholds: [
        { text: "p99>500ms", actual: "612 ms", failed: true },
        { text: "errors>1%", actual: "0.4 %", failed: false },
      ],
      notes: ["3 requests started later than due, by 12 ms at most, as hookline was busy"],
    },
  };
}
