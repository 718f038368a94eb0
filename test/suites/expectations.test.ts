import { describe, expect, test } from "vitest";
import {
  checkMessage,
  expected,
  isStatus,
  type Message,
  type Mismatch,
} from "../../src/suites/expectations.ts";
import { capture, parsePlace } from "../../src/suites/capture.ts";
import { literalReader } from "../../src/suites/literals.ts";
import { createPatterns, longestMatched } from "../../src/suites/patterns.ts";
import type { SuiteExpect } from "../../src/suites/schema.ts";
import { groups, leftOut, stepNames } from "../../src/suites/select.ts";

const patterns = createPatterns();
const order = { id: "ord_1", total: 8, items: [{ name: "IPA" }], note: null, __own: { a: 1 } };

function message(
  body: unknown = order,
  headers: readonly string[] = ["Content-Type", "application/json"],
): Message {
  const bytes = Buffer.from(typeof body === "string" ? body : JSON.stringify(body));
  return { headers, body: bytes, bytes: bytes.length };
}

const wrong = (expectation: SuiteExpect, received = message()): Mismatch[] =>
  checkMessage(expected(expectation), received, patterns);

const met: readonly [SuiteExpect, Message?][] = [
  [{}],
  [{ header: { "content-type": "application/json" } }],
  [{ header: { "CONTENT-TYPE": { matches: "json$" }, etag: { exists: false } } }],
  [{ header: { "set-cookie": "b=2" } }, message({}, ["Set-Cookie", "a=1", "set-cookie", "b=2"])],
  [{ body: { id: "ord_1", total: 8.0, note: null, "items[0].name": { matches: "^I" } } }],
  [{ body: { "/items/0/name": "IPA", "items.0.name": "IPA" } }],
  [{ body: { items: [{ name: "IPA" }], "items[0]": { equals: { name: "IPA" } } } }],
  [{ body: { total: { matches: "^8$" }, missing: { exists: false }, note: { exists: true } } }],
  [{ body: { __own: { equals: { a: 1 } } } }],
  [{ body: { a: { equals: { x: 1, y: [2] } } } }, message('{"a": {"y": [2.0], "x": 1}}')],
  [{ text: "fine" }, message("fine")],
  [{ text: { exists: false } }, message("")],
  [{ text: "" }, message("")],
  [{ text: { matches: "^$" } }, message("")],
  [{ body: { n: JSON.parse("1e3") as number } }, message('{"n": 1000, "big": 9007199254740993}')],
  [{ text: { matches: "^f.n" } }, message("fine")],
];

test.each(met)("%j is met", (expectation, received) => {
  expect(wrong(expectation, received)).toEqual([]);
});

const unmet: readonly [SuiteExpect, Message | undefined, Mismatch][] = [
  [{ header: { etag: "x" } }, undefined, { subject: "header etag", kind: "missing", expected: "x" }],
  [
    { header: { "content-type": "text/html" } },
    undefined,
    { subject: "header content-type", kind: "different", expected: "text/html", actual: "application/json" },
  ],
  [{ body: { id: { exists: false } } }, undefined, { subject: "body id", kind: "present", actual: "ord_1" }],
  [
    { body: { total: "8" } },
    undefined,
    { subject: "body total", kind: "different", expected: "8", actual: "8" },
  ],
  [
    { body: { note: 0 } },
    undefined,
    { subject: "body note", kind: "different", expected: "0", actual: "null" },
  ],
  [{ body: { "items[1]": { exists: true } } }, undefined, { subject: "body items[1]", kind: "missing" }],
  // What every object inherits is nothing that was answered.
  [{ body: { toString: { exists: true } } }, undefined, { subject: "body toString", kind: "missing" }],
  [
    { body: { "items.length": 1 } },
    undefined,
    { subject: "body items.length", kind: "missing", expected: "1" },
  ],
  [
    { body: { id: { matches: "^x" } } },
    undefined,
    { subject: "body id", kind: "no-match", expected: "^x", actual: "ord_1" },
  ],
  [{ body: { id: "x" } }, message("<p>"), { subject: "body", kind: "not-json", actual: "<p>" }],
  [{ body: { id: "x" } }, message(""), { subject: "body", kind: "not-json", actual: "" }],
  [
    { body: { a: { equals: { x: 1 } } } },
    message({ a: { x: 1, y: 2 } }),
    { subject: "body a", kind: "different", expected: '{"x":1}', actual: '{"x":1,"y":2}' },
  ],
  [
    { text: "fine" },
    message("Fine"),
    { subject: "text", kind: "different", expected: "fine", actual: "Fine" },
  ],
  [{ text: "fine" }, message(""), { subject: "text", kind: "missing", expected: "fine" }],
  [
    { body: { id: 9007199254740992 } },
    message('{"id": 9007199254740993}'),
    { subject: "body id", kind: "different", expected: "9007199254740992", actual: "9007199254740993" },
  ],
  [{ text: "fine" }, { ...message("fine"), bytes: 9_000_000 }, { subject: "text", kind: "cut" }],
  [{ body: { a: 1 } }, { ...message("{}"), bytes: 9_000_000 }, { subject: "body", kind: "cut" }],
];

test.each(unmet)("%j is not met by %j", (expectation, received, mismatch) => {
  expect(wrong(expectation, received)).toEqual([mismatch]);
});

test("a body that is nested beyond sense is told, and breaks nothing", () => {
  const deep = message("[".repeat(100_000) + "]".repeat(100_000));
  expect(wrong({ body: { "[0]": 1 } }, deep)).toMatchObject([{ subject: "body", kind: "too-deep" }]);
});

test.each([
  [[200], 200, true],
  [["2xx"], 204, true],
  [["4xx", 500], 500, true],
  [["2xx"], 302, false],
  [[200, 201], 202, false],
] as const)("status %j and %i", (wanted, status, fits) => {
  expect(isStatus(wanted, status)).toBe(fits);
});

describe("patterns come from anybody", () => {
  test("one that would try for years is given up, at once the second time, and others go on", () => {
    const impatient = createPatterns(500);
    const evil = "^(a+)+$";
    const text = `${"a".repeat(60)}!`;
    expect(impatient.try(evil, text)).toBe("slow");
    // Not tried again, not even where it would be quick.
    expect(impatient.try(evil, "a")).toBe("slow");
    expect(impatient.try("^b", "b")).toBe("fits");
  });

  test("only the beginning of a long text is looked at", () => {
    const text = `${"x".repeat(longestMatched)}end`;
    expect(patterns.try("end$", text)).toBe("differs");
    expect(patterns.try("^x", text)).toBe("fits");
  });

  test.each(["(", "[", "(?<a>x)(?<a>y)", "\\k<x>"])("%s is no pattern", (pattern) => {
    expect(patterns.try(pattern, "")).toBe("invalid");
  });

  test("a pattern is no code", () => {
    expect(patterns.try('x");process.exit(1);("', "x")).not.toBe("fits");
  });
});

const captured: readonly [where: string, value: unknown][] = [
  ["status", 201],
  ["text", JSON.stringify(order)],
  ["body", order],
  ["body.items[0].name", "IPA"],
  ["body/items/0", { name: "IPA" }],
  ["body.note", null],
  ["body.toString", undefined],
  ["body.nowhere", undefined],
  ["header.content-type", "application/json"],
  ["header.Location", undefined],
];

test.each(captured)("%s is captured", (where, value) => {
  expect(capture(parsePlace(where), { ...message(), status: 201 })).toEqual(value);
});

test("a call's place says which one", () => {
  expect(parsePlace("calls[2].body[0].id")).toEqual({ call: 2, part: "body", path: [0, "id"] });
  expect(() => parsePlace("body.constructor.name")).toThrow(/constructor/);
});

test("literals stay as they are written", () => {
  const read = literalReader('{"set": {"a": 8.00, "b": 12345678901234567890, "a": 9.10, "c": [1.0]}}');
  expect(["a", "b", "c", "d"].map((name) => read(["set", name]))).toEqual([
    "9.10",
    "12345678901234567890",
    "[1.0]",
    undefined,
  ]);
  expect(read(["set", "c", 0])).toBe("1.0");
});

describe("which steps run", () => {
  const steps = [
    { tags: ["a"] },
    { tags: ["a", "slow"] },
    {},
    { tags: ["a"], skip: "broken" },
    { skip: false },
  ];
  const by = (choice: { tags?: string[]; skipTags?: string[] }, some: typeof steps = steps) =>
    leftOut(some, { tags: [], skipTags: [], ...choice }).map((why) => why?.by ?? "runs");

  test.each([
    [{}, ["runs", "runs", "runs", "skip", "runs"]],
    [{ tags: ["a"] }, ["runs", "runs", "tag", "skip", "tag"]],
    [{ skipTags: ["slow"] }, ["runs", "tag", "runs", "skip", "runs"]],
    [{ tags: ["a", "b"], skipTags: ["slow"] }, ["runs", "tag", "tag", "skip", "tag"]],
  ])("with %j", (choice, result) => {
    expect(by(choice)).toEqual(result);
  });

  test("only narrows, and a skipped step stays out", () => {
    const narrowed = [{ only: true, skip: true }, { only: true }, {}];
    expect(leftOut(narrowed, { tags: [], skipTags: [] }).map((why) => why?.by)).toEqual([
      "skip",
      undefined,
      "only",
    ]);
  });

  test("names are each their own", () => {
    const send = "order.created";
    const names = stepNames([
      { send },
      { send },
      { send, tamper: "body" },
      { send, name: "order.created #2" },
    ]);
    expect(names.slice(0, 3)).toEqual(["order.created", "order.created #2", "order.created (body)"]);
    expect(new Set(names).size).toBe(4);
  });

  test("steps that are sent at once", () => {
    const [a, b, c, d, e] = [{}, { parallel: true }, { parallel: true }, {}, { parallel: true }];
    expect(groups([a, b, c, d, e], false)).toEqual([[a], [b, c], [d], [e]]);
    expect(groups([a, d], true)).toEqual([[a, d]]);
    expect(groups([], true)).toEqual([]);
  });
});
