import { describe, expect, it } from "vitest";
import { annotations } from "../../src/reports/github.ts";
import type { ReportCase } from "../../src/reports/report.ts";
import { failing, hostile, hostileReport, sample } from "./samples.ts";

const folders = { cwd: "/repo/app", workspace: "/repo" };

/**
 * A line as GitHub's runner reads it (ActionCommand.TryParseV2): after blanks `::`, a name, properties up to the next
 * `::`, and data.
 */
function read(line: string): { name: string; properties: Record<string, string>; data: string } | undefined {
  const text = line.trimStart();
  const end = text.indexOf("::", 2);
  if (!text.startsWith("::") || end < 0) return undefined;
  const [, name = "", list = ""] = /^(\S+)(?: (.*))?$/s.exec(text.slice(2, end)) ?? [];
  const unescape = (value: string, escapes: [string, string][]): string =>
    escapes.reduce((result, [from, to]) => result.replaceAll(from, to), value);
  const common: [string, string][] = [
    ["%0D", "\r"],
    ["%0A", "\n"],
  ];
  const properties = list
    .split(",")
    .filter(Boolean)
    .map((item) => [
      item.slice(0, item.indexOf("=")),
      unescape(item.slice(item.indexOf("=") + 1), [...common, ["%3A", ":"], ["%2C", ","], ["%25", "%"]]),
    ]);
  return {
    name,
    properties: Object.fromEntries(properties) as Record<string, string>,
    data: unescape(text.slice(end + 2), [...common, ["%25", "%"]]),
  };
}

describe("annotations", () => {
  it("tell what failed, where it is written, and how to send it again", () => {
    const lines = annotations(sample(), folders);
    expect(lines).toHaveLength(1);
    expect(read(lines[0] ?? "")).toEqual({
      name: "error",
      properties: { file: "app/suites/orders.json", line: "12", title: "fareplay/order.created" },
      data: `answered 500: Fareplay takes only 2xx as success\nfix: answer 2xx\nanswered too late\nagain: ${failing.request?.command}`,
    });
  });

  it.each([
    ["/repo/suites/a.json", "suites/a.json"],
    ["../suites/a.json", "suites/a.json"],
    ["..a/b.json", "app/..a/b.json"],
    ["/elsewhere/a.json", undefined],
    ["../../a.json", undefined],
  ])("know %s as %s", (file, known) => {
    const one = { ...failing, place: { file, line: 3 } };
    const [line = ""] = annotations(
      sample({ groups: [{ name: "g", durationMs: 0, cases: [one] }] }),
      folders,
    );
    const { file: told, line: at } = read(line)?.properties ?? {};
    expect([told, at]).toEqual(known === undefined ? [undefined, undefined] : [known, "3"]);
  });

  it("tell a failure once, however many cases have it", () => {
    const cases = Array.from({ length: 12 }, (_, index): ReportCase => ({
      outcome: "failed",
      durationMs: 1,
      name: `check-${index}`,
      failures: [{ code: "a", message: "one" }, ...(index > 9 ? [{ code: "b", message: "two" }] : [])],
    }));
    const lines = annotations(sample({ groups: [{ name: "g", durationMs: 0, cases }] }), folders).map(read);
    expect(lines.map((line) => [line?.properties["title"], line?.data.split("\n")[0]])).toEqual([
      ["g: check-0 and 11 more", "one"],
      ["g: check-10 and 1 more", "two"],
    ]);
    const placed = cases.map((one, line) => ({ ...one, place: { file: "a.json", line } }));
    const groups = [{ name: "g", durationMs: 0, cases: placed.slice(0, 3) }];
    expect(annotations(sample({ groups }), folders)).toHaveLength(3);
  });

  it("are one line each, whatever they say", () => {
    const words = `${hostile}\r\n::error::x\n##[error]y 100%0A,a=b:c`;
    const group = hostileReport().groups[0];
    const report = sample({
      groups: [
        {
          name: words,
          durationMs: 0,
          cases: [
            {
              ...failing,
              name: words,
              place: { file: "a,b:c=d\n.json", line: 1 },
              failures: [{ code: "x", message: words }],
            },
          ],
        },
        ...(group === undefined ? [] : [group]),
      ],
    });
    const lines = annotations(report, folders);
    expect(lines).toHaveLength(2);
    for (const line of lines) expect(line).not.toMatch(/[\r\n]/);
    const told = read(lines[0] ?? "");
    expect(told?.properties["file"]).toBe("app/a,b:c=d\n.json");
    expect(Object.keys(told?.properties ?? {})).toEqual(["file", "line", "title"]);
    expect(told?.data.startsWith(words)).toBe(true);
  });

  it("are ten at most, and one that counts the rest", () => {
    const cases = Array.from({ length: 25 }, (_, index) => ({ ...failing, name: `case ${index}` }));
    const lines = annotations(sample({ groups: [{ name: "g", durationMs: 0, cases }] }), folders);
    expect(lines.map((line) => read(line)?.name)).toEqual([...Array<string>(10).fill("error"), "notice"]);
    expect(read(lines[10] ?? "")?.data).toBe(
      "15 more of 25 failures are in the step's summary and in the other reports",
    );
  });

  it("are none where nothing failed, and no longer than GitHub shows", () => {
    expect(annotations(sample({ groups: [] }), folders)).toEqual([]);
    const long = { ...failing, failures: [{ code: "c", message: "x".repeat(100_000) }] };
    const [line = ""] = annotations(
      sample({ groups: [{ name: "g", durationMs: 0, cases: [long] }] }),
      folders,
    );
    expect(line.length).toBeLessThan(4500);
  });
});
