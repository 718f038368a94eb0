import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import { htmlReport } from "../../src/reports/html.ts";
import type { LoadFigures, Report } from "../../src/reports/report.ts";
import { loadReport } from "./load-report.ts";

const page = htmlReport(loadReport());

describe("a page that needs nobody", () => {
  test("asks for nothing", () => {
    expect(page).not.toMatch(/<(?:link|img|iframe|object|embed|base)\b/i);
    const markup = page.replace(/<(script|style)\b[^]*?<\/\1>/g, "");
    expect(markup).not.toMatch(/\s(?:src|srcset|href|action|data|style|on\w+)=/i);
    expect(page).not.toMatch(/@import|url\(/i);
  });

  test("runs its own script and style, and no other", () => {
    const policy = /http-equiv="Content-Security-Policy" content="([^"]+)"/.exec(page)?.[1] ?? "";
    const digest = (text = ""): string => `'sha256-${createHash("sha256").update(text).digest("base64")}'`;
    const scripts = [...page.matchAll(/<script>([^]*?)<\/script>/g)];
    const styles = [...page.matchAll(/<style>([^]*?)<\/style>/g)];
    expect([scripts.length, styles.length]).toEqual([1, 1]);
    expect(policy).toBe(
      `default-src 'none'; script-src ${digest(scripts[0]?.[1])}; style-src ${digest(styles[0]?.[1])}; base-uri 'none'; form-action 'none'`,
    );
    expect(scripts[0]?.[1]).toContain("Copyright (c) 2022 Leon Sorokin");
  });

  test("carries every figure as text", () => {
    for (const text of [
      "29,970",
      "29,850",
      "never started",
      "<code>fareplay/order.created</code>, <code>fareplay/order.accepted</code> to",
      "p99.9",
      "640 ms",
      "status-5xx",
      "Second by second",
      "p99&#62;500ms",
    ])
      expect(page).toContain(text);
  });

  test("the data is JSON, and as it was", () => {
    const json = /<script type="application\/json" id="load">([^]*?)<\/script>/.exec(page)?.[1] ?? "";
    const { forMs, seconds, percentiles } = loadReport().load as LoadFigures;
    expect(JSON.parse(json)).toEqual({ forMs, seconds, percentiles });
  });
});

test("text from outside stays text, wherever it stands", () => {
  const hostile = `</script></title></style><script>alert(1)</script><img src=x onerror="alert(1)">'"&amp;`;
  const everywhere = (value: unknown): unknown => {
    if (typeof value === "string") return ["passed", "failed", "skipped"].includes(value) ? value : hostile;
    if (Array.isArray(value)) return value.map(everywhere);
    if (typeof value !== "object" || value === null) return value;
    return Object.fromEntries(Object.entries(value).map(([name, inner]) => [name, everywhere(inner)]));
  };
  const attacked = htmlReport(everywhere(loadReport()) as Report);
  const tags = (text: string): string[] =>
    text.replace(/<script>[^]*?<\/script>/, "").match(/<\/?\w+/g) ?? [];
  expect(new Set(tags(attacked))).toEqual(new Set(tags(page)));
  expect(attacked).not.toContain("<img");
  expect(attacked).not.toContain("alert(1)</script>");
});

test.each([
  ["fails where a condition held", false, true, '<p class="verdict bad">Failed</p>'],
  ["passes", false, false, '<p class="verdict good">Passed</p>'],
  ["is not passed where a signal ended it", true, false, '<p class="verdict bad">Interrupted</p>'],
  ["failed and was ended by a signal", true, true, '<p class="verdict bad">Failed, interrupted</p>'],
])("%s", (_, interrupted, failed, badge) => {
  const report = loadReport();
  const groups = report.groups.map((group) => ({
    ...group,
    cases: group.cases.filter(({ outcome }) => failed || outcome !== "failed"),
  }));
  const ended = htmlReport({ ...report, interrupted, groups });
  expect(ended).toContain(badge);
  expect(ended.includes("it was to last 1 min,")).toBe(interrupted);
  // As far as it came: the part of a second behind is no rate.
  expect(htmlReport({ ...report, interrupted, durationMs: 2500 })).toContain('"forMs":2500');
});

test("a report without a load has its checks, and no script", () => {
  const { load, ...report } = loadReport();
  expect(load).toBeDefined();
  const plain = htmlReport(report);
  expect(plain).not.toContain("<script");
  expect(plain).toContain("it was 612 ms");
});

test("of a long run the slowest second of each stretch stands in the table, and all are plotted", () => {
  const report = loadReport();
  const [second] = (report.load as LoadFigures).seconds;
  const seconds = Array.from({ length: 3600 }, (_, at) => ({ ...second, at, p99: at === 1234 ? 9100 : 5 }));
  const long = htmlReport({ ...report, load: { ...report.load, seconds } as LoadFigures });
  expect(long).toContain("The slowest of every 12 seconds");
  expect(long).toContain("<td>1234 s</td>");
  expect(long.match(/<td>\d+ s<\/td>/g)).toHaveLength(300);
  expect(long).toContain('"at":3599');
});
