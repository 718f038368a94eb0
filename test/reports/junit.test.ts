import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { join } from "node:path";
import fc from "fast-check";
import { XMLParser, XMLValidator } from "fast-xml-parser";
import { parse } from "test-results-parser";
import { describe, expect, it } from "vitest";
import { junitReport } from "../../src/reports/junit.ts";
import { createFolder } from "../cli/spawn.ts";
import { text } from "../signing/arbitraries.ts";
import { failing, hostile, hostileReport, load, sample } from "./samples.ts";

/** An element as it stands in a document: its children in order. */
interface Element {
  name: string;
  attributes: Record<string, string>;
  children: Element[];
  text: string;
}

const parser = new XMLParser({
  preserveOrder: true,
  ignoreAttributes: false,
  attributeNamePrefix: "",
  parseTagValue: false,
  parseAttributeValue: false,
  trimValues: false,
  processEntities: { enabled: true, maxTotalExpansions: 1e6, maxExpandedLength: 1e7 },
});

/** Reads a document with another library than the one that wrote it. */
function read(xml: string): Element {
  expect(XMLValidator.validate(xml)).toBe(true);
  const nodes = parser.parse(xml) as Record<string, unknown>[];
  const elements = nodes.map(element).filter(({ name }) => name !== "?xml" && name !== "#text");
  expect(elements).toHaveLength(1);
  return elements[0] as Element;
}

function element(node: Record<string, unknown>): Element {
  const name = Object.keys(node).find((key) => key !== ":@") ?? "";
  if (name === "#text") return { name, attributes: {}, children: [], text: String(node[name]) };
  const all = (node[name] as Record<string, unknown>[]).map(element);
  return {
    name,
    attributes: (node[":@"] ?? {}) as Record<string, string>,
    children: all.filter((child) => child.name !== "#text"),
    text: all.map((child) => (child.name === "#text" ? child.text : "")).join(""),
  };
}

const names = (elements: readonly Element[]): string[] => elements.map(({ name }) => name);
const keys = ({ attributes }: Element): string[] => Object.keys(attributes).sort();

const number = /^\d{1,9}$/;
/** The narrower of the two: xunit-plugin's SUREFIRE_TIME, which ends at milliseconds. */
const time = /^\d+\.\d{3}$/;

/**
 * What the schemas say that JUnit files are held to: Jenkins' (xunit-plugin, junit-10.xsd), which xunit-plugin refuses
 * files by, and Ant's (windyroad/JUnit-Schema), whose suites have more that is required and a fixed order. Only Ant's
 * would have no attributes on `testsuites`.
 */
function expectValid(root: Element): void {
  expect(root.name).toBe("testsuites");
  expect(keys(root)).toEqual(["errors", "failures", "name", "tests", "time"]);
  expect(root.attributes["time"]).toMatch(time);
  root.children.forEach((suite, id) => {
    expect(suite.name).toBe("testsuite");
    expect(keys(suite)).toEqual([
      "errors",
      "failures",
      "hostname",
      "id",
      "name",
      "package",
      "skipped",
      "tests",
      "time",
      "timestamp",
    ]);
    const { attributes, children } = suite;
    expect(attributes["id"]).toBe(String(id));
    expect(attributes["name"]).not.toBe("");
    expect(attributes["timestamp"]).toMatch(/^\d{4}-\d{2}-\d{2}T\d{2}:\d{2}:\d{2}$/);
    expect(attributes["time"]).toMatch(time);
    for (const count of ["tests", "failures", "errors", "skipped"]) expect(attributes[count]).toMatch(number);
    const cases = children.filter(({ name }) => name === "testcase");
    expect(names(children)).toEqual(["properties", ...names(cases), "system-out", "system-err"]);
    const having = (name: string) => cases.filter((one) => names(one.children).includes(name)).length;
    expect([cases.length, having("failure"), having("skipped")].map(String)).toEqual([
      attributes["tests"],
      attributes["failures"],
      attributes["skipped"],
    ]);
    for (const property of children[0]?.children ?? []) {
      expect([property.name, keys(property)]).toEqual(["property", ["name", "value"]]);
      expect(property.attributes["name"]).not.toBe("");
    }
    for (const one of cases) {
      expect(keys(one)).toEqual(["classname", "name", "time"]);
      expect(one.attributes["time"]).toMatch(time);
      expect(one.children.length).toBeLessThanOrEqual(1);
      for (const outcome of one.children) {
        expect(keys(outcome)).toEqual(outcome.name === "failure" ? ["message", "type"] : ["message"]);
        expect(["failure", "skipped"]).toContain(outcome.name);
        expect(outcome.children).toEqual([]);
      }
    }
  });
}

/** As XML 1.0 defines Char: nothing else may stand in a document. */
function isChar(character: string): boolean {
  const code = character.codePointAt(0) ?? 0;
  return (
    [0x9, 0xa, 0xd].includes(code) ||
    (code >= 0x20 && code <= 0xd7ff) ||
    (code >= 0xe000 && code <= 0xfffd) ||
    code >= 0x10000
  );
}
const chars = (value: string): string => Array.from(value).filter(isChar).join("");

describe("junitReport", () => {
  it("is what the schemas of Jenkins and Ant say", () => {
    for (const report of [
      sample(),
      sample({ load, score: { passed: 1, total: 3 }, interrupted: true }),
      sample({ groups: [] }),
      sample({ durationMs: 1e-7, groups: [{ name: "", durationMs: 9e9, cases: [] }] }),
      hostileReport(),
    ])
      expectValid(read(junitReport(report)));
  });

  it("tells names, times, counts, failures and what was noticed", () => {
    const root = read(junitReport(sample({ score: { passed: 1, total: 3 }, interrupted: true })));
    expect(root.attributes).toEqual({
      name: "hookline replay",
      tests: "4",
      failures: "2",
      errors: "0",
      time: "2.500",
    });
    const [first, second, third] = root.children;
    expect(first?.attributes).toMatchObject({
      name: "fareplay",
      timestamp: "2023-11-14T22:13:20",
      tests: "2",
      failures: "1",
      skipped: "0",
      time: "1.246",
    });
    expect(
      Object.fromEntries(
        (first?.children[0]?.children ?? []).map(({ attributes: { name, value } }) => [name, value]),
      ) as unknown,
    ).toEqual({
      target: "http://localhost:3000/hooks",
      started_at: "2023-11-14T22:13:20.123Z",
      interrupted: "true",
      score: "1/3",
    });
    const one = first?.children[1];
    expect(one?.attributes).toEqual({
      name: "fareplay/order.created",
      classname: "fareplay",
      time: "0.012",
    });
    expect(one?.children[0]?.attributes).toEqual({
      type: "status",
      message: "answered 500: Fareplay takes only 2xx as success (and 1 more)",
    });
    const said = one?.children[0]?.text ?? "";
    for (const part of [
      "it is sent again",
      "fix: answer 2xx",
      "late: answered too late",
      "suites/orders.json:12",
    ])
      expect(said).toContain(part);
    expect(said).toContain(failing.request?.command);
    expect(said).toContain('answered 500 after 12.3 ms\n{"error":"no"}');
    expect(first?.children.at(-2)?.text).toBe("fareplay/order.accepted: it was slow");
    expect(second?.children[1]?.children[0]).toMatchObject({
      name: "skipped",
      attributes: { message: "interrupted" },
    });
    expect(second?.children.at(-2)?.text).toContain("listening\n  on 3000");
    expect(third?.attributes).toMatchObject({ name: "interrupted", tests: "1", failures: "1" });
  });

  it.each([
    [{ groups: [] }, "ended by a signal; cases are missing"],
    [
      { groups: [], load },
      "ended by a signal; it was to last 2 s, and the figures are of what was sent until then",
    ],
  ])("is not green where a signal ended the run", (changes, message) => {
    const root = read(junitReport(sample({ ...changes, interrupted: true })));
    expect(root.attributes).toMatchObject({ tests: "1", failures: "1" });
    const [, one] = root.children[0]?.children ?? [];
    expect(one?.attributes).toMatchObject({ name: "interrupted", classname: "interrupted" });
    expect(one?.children[0]).toMatchObject({ name: "failure", attributes: { type: "interrupted", message } });
  });

  it("has the figures of a load as properties", () => {
    const xml = junitReport(sample({ load }));
    expect(xml).toContain('<property name="p99_ms" value="9.877"/>');
    expect(xml).toContain('<property name="achieved_rate" value="499.988"/>');
  });

  it("is read by another program as it was meant", () => {
    const file = join(createFolder(), "out.xml");
    writeFileSync(file, junitReport(sample()));
    const result = parse({ type: "junit", files: [file] });
    expect(result).toMatchObject({
      name: "hookline replay",
      failed: 1,
      errors: 0,
      status: "FAIL",
      duration: 2500,
    });
    expect(
      result.suites.map(({ name, total, passed, failed, skipped }) => ({
        name,
        total,
        passed,
        failed,
        skipped,
      })),
    ).toEqual([
      { name: "fareplay", total: 2, passed: 1, failed: 1, skipped: 0 },
      { name: "empty", total: 0, passed: 0, failed: 0, skipped: 1 },
    ]);
    expect(result.suites[0]?.cases.map(({ name, status, duration }) => [name, status, duration])).toEqual([
      ["fareplay/order.created", "FAIL", 12],
      ["fareplay/order.accepted", "PASS", 1234],
    ]);
    expect(result.suites[1]?.cases[0]).toMatchObject({ name: "later", status: "SKIP" });
  });

  it("obeys nothing that is said in it", () => {
    const file = join(createFolder(), "out.xml");
    writeFileSync(file, junitReport(hostileReport()));
    const result = parse({ type: "junit", files: [file] });
    expect(result.suites).toHaveLength(1);
    expect(result.suites[0]?.cases).toHaveLength(3);
    expect(result.suites[0]?.metadata).not.toHaveProperty("evil");
    expect(JSON.stringify(result)).not.toContain("[[ATTACHMENT");
    expect(result.suites.flatMap(({ cases }) => cases.flatMap(({ attachments }) => attachments))).toEqual([]);
  });

  it("says any text as it is, but for what XML cannot say", () => {
    fc.assert(
      fc.property(fc.oneof(text, fc.string({ unit: "grapheme", maxLength: 40 })), (words) => {
        const root = read(junitReport(hostileReport(words)));
        expectValid(root);
        const suite = root.children[0];
        const line = chars(words.replace(/\r\n?/g, "\n")).replace(/\s/g, " ");
        expect(suite?.children[1]?.attributes).toMatchObject({ name: line, classname: line });
        expect(suite?.children.at(-2)?.text).toContain(chars(words.replace(/\r\n?/g, "\n")));
      }),
    );
  });

  const python = spawnSync("python3", ["--version"]).status === 0;
  it.skipIf(!python)(
    "is well-formed to a strict parser: Python's (skipped where there is no python3)",
    () => {
      const words = `${hostile}\0\u0001\u001b\ufffe\uffff\ud800 \u{1f40e} ]]>`;
      const script = `
import sys, xml.etree.ElementTree as tree
root = tree.fromstring(sys.stdin.buffer.read())
print(len(root.findall("testsuite/testcase")), root.find("testsuite").get("name"))`;
      const { stdout, stderr } = spawnSync("python3", ["-c", script], {
        input: junitReport(hostileReport(words)),
        encoding: "utf8",
        env: { ...process.env, PYTHONIOENCODING: "utf-8" },
      });
      expect(stderr).toBe("");
      const shown = chars(words).replace(/\s/g, " ").replaceAll("[[", "[ [");
      expect(stdout).toBe(`3 ${shown}\n`);
    },
  );

  it("cuts a message that is too long for an attribute, and has it whole in the text", () => {
    const message = "🐎".repeat(400);
    const report = sample({
      groups: [{ name: "g", durationMs: 1, cases: [{ ...failing, failures: [{ code: "c", message }] }] }],
    });
    const one = read(junitReport(report)).children[0]?.children[1]?.children[0];
    expect(one?.attributes["message"]).toBe("🐎".repeat(250));
    expect(one?.text).toContain(message);
  });
});
