import { describe, expect, it } from "vitest";
import { markdownReport } from "../../src/reports/markdown.ts";
import { failing, hostile, hostileReport, load, passing, sample } from "./samples.ts";

/** Without blocks of code, found as CommonMark finds them: a fence ends at a line of as many backticks or more. */
function withoutFences(markdown: string): string[] {
  const kept: string[] = [];
  let fence: string | undefined;
  for (const line of markdown.split("\n")) {
    const run = /^ {0,3}(`{3,})/.exec(line)?.[1];
    if (fence === undefined) {
      if (run === undefined) kept.push(line);
      else fence = run;
    } else if (run !== undefined && run.length >= fence.length && /^ {0,3}`+\s*$/.test(line))
      fence = undefined;
  }
  expect(fence).toBeUndefined();
  return kept;
}

/** Without code within lines: a run of backticks ends at the next of the same length; in HTML, `code` elements. */
const withoutCode = (line: string): string =>
  line.replace(/<code>[^<]*<\/code>/g, "").replace(/(?<!`)(`+)(?!`)(.*?)(?<!`)\1(?!`)/g, "");

/** The texts of table cells, as GitHub splits a row: at each `|` without a backslash before it, code or not. */
const cellsOf = (line: string): string[] => line.split(/(?<!\\)\|/).slice(1, -1);

describe("markdownReport", () => {
  it("tells what ran, figures, groups, and what failed, folded", () => {
    const markdown = markdownReport(sample({ score: { passed: 18, total: 21 }, interrupted: true }));
    expect(markdown).toBe(`## hookline replay: ✗ interrupted, 1 of 3 failed

Target: \`http://localhost:3000/hooks\` · score **18/21** · 2.5 s · 2023-11-14 22:13:20 UTC

**Interrupted**: ended by a signal; cases are missing.

|  | group | passed | failed | skipped | time |
| --- | --- | --- | --- | --- | --- |
| ✗ | \`fareplay\` | 1 | 1 | 0 | 1.2 s |
| – | \`empty\` | 0 | 0 | 1 | 0 ms |

<details>
<summary>✗ <code>fareplay/order.created</code> answered 500: Fareplay takes only 2xx as success</summary>
<p><b>status</b>: answered 500: Fareplay takes only 2xx as success<br>
<b>Why it matters</b>: it is sent again<br>
<b>Fix</b>: answer 2xx<br>
<b>late</b>: answered too late<br>
Written in <code>suites/orders.json:12</code></p>

Sent: \`POST\` \`http://localhost:3000/hooks?a=1│2\` (541 B); again:

\`\`\`sh
${failing.request?.command}
\`\`\`

It answered 500 after 12.3 ms.

\`\`\`text
{"error":"no"}
\`\`\`

</details>

<details>
<summary>Output during <code>empty</code></summary>

\`\`\`text
listening
  on 3000
\`\`\`

</details>

<details>
<summary>Noticed (2)</summary>
<p><code>fareplay/order.accepted</code> it was slow<br>
<code>empty: later</code> skipped: interrupted</p>

</details>
`);
  });

  it("has the figures of a load as tables", () => {
    const markdown = markdownReport(sample({ load: { ...load, succeeded: 10_246 } }));
    for (const row of [
      "| payload | `order.created` |",
      "| rate | 500/s (500/s asked for) |",
      "| succeeded | 10,246 |",
      "| never started | 5 |",
      "| latency p99 | 9.9 ms |",
      "| latency p99.9 | 12 ms |",
      "| answered 200 | 990 |",
      "| ✗ | `p99>5ms` | `9.9 ms` |",
      "| `reset` | `the connection was closed` | 10 |",
      "<li>the machine was busy</li>",
    ])
      expect(markdown.split("\n")).toContain(row);
  });

  it.each([
    [[], "✗ interrupted, 0 passed"],
    [[passing], "✗ interrupted, 1 passed"],
    [[passing, failing], "✗ interrupted, 1 of 2 failed"],
  ])("has no tick where a signal ended the run: %#", (cases, outcome) => {
    const groups = [{ name: "fareplay", durationMs: 1, cases }];
    expect(markdownReport(sample({ groups, interrupted: true })).split("\n")[0]).toBe(
      `## hookline replay: ${outcome}`,
    );
  });

  it.each(hostile.split("\n"))("takes nothing that is said in it for Markdown or HTML: %s", (words) => {
    const markdown = markdownReport(hostileReport(words));
    const lines = withoutFences(markdown);
    let inHtml = false;
    for (const line of lines) {
      // HTML begins with a tag of ours and ends at an empty line.
      if (line === "") inHtml = false;
      else if (/^<(details|p|ul|summary|\/details)\b/.test(line)) inHtml = true;
      const rest = withoutCode(line);
      if (inHtml) {
        const tags = rest.match(/<[^>]*>?/g) ?? [];
        for (const tag of tags) expect(tag).toMatch(/^<\/?(details|summary|p|b|br|ul|li)>$/);
        expect(rest).not.toMatch(/@\w|(?<!&)#\d|:\/\/|www\.|GH-\d|\$\w/);
      } else if (line.startsWith("## ")) {
        // Punctuation stands as entities there.
        expect(rest).not.toMatch(/[<>`*_[\]()@$]|#\d(?!\d*;)|:\/\//);
      } else expect(rest).not.toMatch(/evil|[<>[\]@]|:\/\//);
    }
    const rows = lines.filter((line) => line.startsWith("|"));
    expect(rows.length).toBeGreaterThan(12);
    for (const row of rows) expect([2, 3, 6]).toContain(cellsOf(row).length);
    expect(markdown).toContain(`text\n${words}\n`);
  });

  it.each([
    ["`", "`` ` ``"],
    ["``", "``` `` ```"],
    ["a`b", "``a`b``"],
    ["``x`", "``` ``x` ```"],
    ["a|b\\|c", "`a│b\\│c`"],
    ["two\nlines", "`two lines`"],
  ])("shows %j within a line as %j", (words, shown) => {
    expect(markdownReport(sample({ target: words }))).toContain(`\n\nTarget: ${shown} · `);
  });

  it("has fences that are longer than any run of backticks in them", () => {
    const report = sample({
      groups: [{ name: "g", durationMs: 1, cases: [], output: "a\n`````\n```sh\nb" }],
    });
    expect(markdownReport(report)).toContain("\n``````text\na\n`````\n```sh\nb\n``````\n");
  });

  it("is never longer than asked, and says what was left out", () => {
    const cases = Array.from({ length: 3000 }, (_, index) => ({
      ...failing,
      name: `é case ${index}`,
      answer: { status: 500, durationMs: 1, text: "🐎".repeat(100_000) },
    }));
    const report = sample({ groups: [{ name: "g", durationMs: 1, cases, output: "x".repeat(5_000_000) }] });
    for (const max of [900_000, 20_000]) {
      const markdown = markdownReport(report, max);
      expect(Buffer.byteLength(markdown)).toBeLessThanOrEqual(max);
      expect(Buffer.byteLength(markdown)).toBeGreaterThan(max - 10_000);
      const [, left] = /\*\*(\d+) of 3001 sections are left out\*\*/.exec(markdown) ?? [];
      expect(markdown.split("<details>").length - 1 + Number(left)).toBe(3001);
      withoutFences(markdown);
    }
    expect(markdownReport(report, 600)).toBe(
      "## hookline replay: ✗ 3,000 of 3,000 failed\n\nThere is no room for more of this report.\n",
    );
  });
});
