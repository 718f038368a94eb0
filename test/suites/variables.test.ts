import { describe, expect, test } from "vitest";
import { expand, expandPattern, expandText, usesIn } from "../../src/suites/variables.ts";

const variables = new Map<string, unknown>([
  ["id", "ord_1"],
  ["count", 3],
  ["item", { name: "IPA" }],
  ["nothing", null],
  ["twice", "{{id}}"],
  ["constructor", "own"],
]);

const table: readonly [text: unknown, result: unknown][] = [
  ["{{id}}", "ord_1"],
  ["{{ id }}", "ord_1"],
  ["/orders/{{id}}/{{count}}", "/orders/ord_1/3"],
  ["{{count}}", 3],
  ["{{nothing}}", null],
  ["{{item}}", { name: "IPA" }],
  ["it is {{item}}", 'it is {"name":"IPA"}'],
  ["{{twice}}", "{{id}}"],
  ["{{constructor}}", "own"],
  ["{{}} {{a-b}} {id} {{1}}", "{{}} {{a-b}} {id} {{1}}"],
  [7, 7],
  [[{ "key-{{id}}": ["{{count}}"] }], [{ "key-ord_1": [3] }]],
];

test.each(table)("%j becomes %j", (text, result) => {
  expect(expand(text, variables)).toEqual(result);
});

test("text stays text where it has to", () => {
  expect(expandText("{{count}}", variables)).toBe("3");
});

test("in a pattern what a variable holds stands for itself", () => {
  const hostile = new Map([["v", "a.c(-[x]/{2}|^$*+?\\\\"]]);
  const pattern = expandPattern("^{{v}}$", hostile);
  expect(new RegExp(pattern, "u").test(hostile.get("v") ?? "")).toBe(true);
  expect(new RegExp(`^[${expandPattern("{{v}}", hostile)}]$`, "u").test("b")).toBe(false);
});

test("a name that would reach a prototype is a name like any other", () => {
  const key = JSON.parse('{"__proto__": "{{id}}"}') as object;
  const made = expand(key, variables);
  expect(Object.getPrototypeOf(made)).toBe(Object.prototype);
  expect(Object.entries(made)).toEqual([["__proto__", "ord_1"]]);
  expect(() => expand("{{toString}}", variables)).toThrow(/\{\{toString\}\} has no value/);
  expect(expand("{{__proto__}}", variables)).toBe("{{__proto__}}");
});

describe("bounds", () => {
  test("a value that is put in again and again does not fill the memory", () => {
    const long = new Map([["a", "x".repeat(100_000)]]);
    expect(() => expand(["{{a}} ".repeat(20), "{{a}} ".repeat(30)], long)).toThrow(
      expect.objectContaining({ code: "variable-too-long" }),
    );
  });
});

test("uses are found with their places, in keys too", () => {
  expect(usesIn({ a: ["x", "{{one}}-{{two}}"], "{{three}}": 1 }, ["steps", 0])).toEqual([
    { name: "one", path: ["steps", 0, "a", 1] },
    { name: "two", path: ["steps", 0, "a", 1] },
    { name: "three", path: ["steps", 0, "{{three}}"] },
  ]);
});
