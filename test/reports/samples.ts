import type { LoadFigures, Report, ReportCase } from "../../src/reports/report.ts";

/** What no format may take for something of its own: a terminal's controls and log commands are gone by then. */
export const hostile = [
  "evil ]]> </system-out></failure><failure type='x'> <![CDATA[ &amp; &#x41; <script>alert(1)</script>",
  '<img src=x onerror="alert(1)"> </details></code></pre> <!-- --> "quoted\' | a | b | \\| c',
  "`` ``` ```````````` ~~~~ [link](http://evil.example) ![image](http://evil.example/x.png) www.evil.example",
  "@everyone @github/security #1 GH-1 evil@evil.example $x$ **bold** __bold__ # heading",
  "[[ATTACHMENT|/etc/passwd]] [[PROPERTY|evil=1]] %0A::error::x %25",
].join("\n");

export const request = {
  method: "POST",
  url: "http://localhost:3000/hooks?a=1|2",
  bytes: 541,
  command:
    "hookline sign fareplay/order.created --secret env:S --out hookline-body | curl -i -X POST http://localhost:3000/hooks -H @- --data-binary @hookline-body",
};

export const failing: ReportCase = {
  name: "fareplay/order.created",
  outcome: "failed",
  durationMs: 12.3456,
  failures: [
    {
      code: "status",
      message: "answered 500: Fareplay takes only 2xx as success",
      why: "it is sent again",
      fix: "answer 2xx",
    },
    { code: "late", message: "answered too late" },
  ],
  place: { file: "suites/orders.json", line: 12 },
  request,
  answer: { status: 500, durationMs: 12.3, text: '{"error":"no"}' },
};

export const passing: ReportCase = {
  name: "fareplay/order.accepted",
  outcome: "passed",
  durationMs: 1234,
  failures: [],
  note: "it was slow",
};

const skipped: ReportCase = {
  name: "later",
  outcome: "skipped",
  durationMs: 0,
  failures: [],
  note: "interrupted",
};

export const load: LoadFigures = {
  payloads: ["order.created"],
  forMs: 2000,
  rate: 500,
  concurrency: null,
  sent: 1000,
  succeeded: 990,
  failed: 10,
  unstarted: 5,
  achievedRate: 499.98765,
  latencyMs: { min: 1, mean: 2.5, p50: 2, p90: 4, p95: 5, p99: 9.87654321, p999: 12, max: 20 },
  errors: [{ code: "reset", message: "the connection was closed", count: 10 }],
  statuses: [{ status: 200, count: 990 }],
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
      underWay: 3,
    },
  ],
  percentiles: [{ percentile: 50, ms: 2 }],
  thresholds: [{ text: "p99>5ms", actual: "9.9 ms", failed: true }],
  notes: ["the machine was busy"],
};

export function sample(changes: Partial<Report> = {}): Report {
  return {
    title: "hookline replay",
    target: "http://localhost:3000/hooks",
    // 2023-11-14T22:13:20.123Z
    startedAt: 1_700_000_000_123,
    durationMs: 2500,
    interrupted: false,
    groups: [
      { name: "fareplay", durationMs: 1246.3456, cases: [failing, passing] },
      { name: "empty", durationMs: 0, cases: [skipped], output: "listening\n  on 3000" },
    ],
    ...changes,
  };
}

/** A report in which every text is that one. */
export function hostileReport(text = hostile): Report {
  return sample({
    title: text,
    target: text,
    score: { passed: 1, total: 2 },
    groups: [
      {
        name: text,
        durationMs: 1,
        output: text,
        cases: [
          {
            name: text,
            title: text,
            outcome: "failed",
            durationMs: 1,
            failures: [{ code: text, message: text, why: text, fix: text }],
            place: { file: text, line: 1 },
            request: { method: text, url: text, bytes: 1, command: text },
            answer: { status: 500, durationMs: 1, text },
          },
          { name: `${text} 2`, outcome: "skipped", durationMs: 0, failures: [], note: text },
          { name: `${text} 3`, outcome: "passed", durationMs: 0, failures: [], note: text },
        ],
      },
    ],
    load: {
      ...load,
      errors: [{ code: text, message: text, count: 1 }],
      thresholds: [{ text, actual: text, failed: true }],
      notes: [text],
    },
  });
}
