import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Ajv } from "ajv";
import { describe, expect, test } from "vitest";
import { parseSuite } from "../../src/suites/schema.ts";
import { root } from "../cli/spawn.ts";

type Json = Record<string, unknown>;

const published = JSON.parse(readFileSync(join(root, "dist/suite.schema.json"), "utf8")) as Json;
const isValid = new Ajv({ allErrors: true, strict: true, strictTypes: false }).compile(published);

const step = (more: object): object => ({ steps: [{ send: "order.created", ...more }] });
const expecting = (more: object): object => step({ expect: more });

const good: readonly unknown[] = [
  JSON.parse(readFileSync(join(root, "docs/examples/fareplay.suite.json"), "utf8")),
  step({}),
  { ...step({}), $schema: "x", name: "n", to: "3000", provider: "fareplay", parallel: true, variables: {} },
  { ...step({}), variables: { a: "x", B_2: 1, c: true, d: null, constructor: "x" } },
  { ...step({}), stub: {} },
  {
    ...step({}),
    stub: { port: 0, answers: [{ path: "/" }, { path: { matches: "^/a" }, body: "text", status: 599 }] },
  },
  step({ set: { "data.items[0].name": { deep: [1, null] }, "/data/a~1b": 8, 'data["a.b"].c': "" } }),
  step({ unset: ["a", "[0].b"], fresh: true, headers: { "X-A": "v", "X-B": null } }),
  step({ times: 1000, delay: "1.5s", tamper: "duplicate", parallel: true, tags: ["a", "b-c"], only: true }),
  step({ skip: true }),
  step({ skip: "broken since May" }),
  ...[
    "status",
    "text",
    "body",
    "body[0].a",
    "body/a/b",
    "header.Location",
    "calls[0].body.id",
    "calls[12].path",
  ].map((where) => step({ capture: { id: where } })),
  ...[200, "2xx", [200, "4xx"]].map((status) => expecting({ status })),
  expecting({ header: { "content-type": "x", etag: { exists: false }, a: { matches: "^x", exists: true } } }),
  expecting({ body: { a: null, b: [1], c: { equals: { x: 1 } }, d: { matches: "x" }, "e[1]": false } }),
  expecting({ text: "ok" }),
  expecting({ text: { matches: "ok" }, within: "2m" }),
  expecting({ calls: [] }),
  expecting({ calls: [{ path: "/a", times: { atLeast: 0 } }] }),
  expecting({
    calls: [{ path: "/a", method: "DELETE", times: 0, within: "1s", header: {}, body: {}, text: "x" }],
  }),
];

const bad: readonly unknown[] = [
  null,
  [],
  "x",
  {},
  { steps: [] },
  { steps: {} },
  { steps: [{}] },
  { steps: [null] },
  { ...step({}), command: "rm -rf /" },
  { ...step({}), start: "npm start" },
  { ...step({}), to: "" },
  { ...step({}), variables: { "a-b": "x" } },
  { ...step({}), variables: { a: {} } },
  { ...step({}), variables: JSON.parse('{"__proto__": "x"}') as object },
  { ...step({}), stub: { port: 65_536 } },
  { ...step({}), stub: { answers: [{}] } },
  { ...step({}), stub: { answers: [{ path: "/", status: 100 }] } },
  { ...step({}), parallel: "yes" },
  step({ send: 1 }),
  step({ send: " " }),
  step({ exec: "x" }),
  step({ set: { "a..b": 1 } }),
  step({ set: { "": 1 } }),
  step({ set: { "a[01]": 1 } }),
  step({ set: { "/a~2": 1 } }),
  step({ set: JSON.parse('{"__proto__": 1}') as object }),
  step({ unset: "a" }),
  step({ headers: { "a b": "x" } }),
  step({ headers: { a: "x\r\ny: z" } }),
  step({ headers: { a: 1 } }),
  step({ headers: JSON.parse('{"__proto__ ": "x"}') as object }),
  step({ times: 0 }),
  step({ times: 1.5 }),
  step({ times: 1001 }),
  step({ delay: 5 }),
  step({ delay: "5 seconds" }),
  step({ tamper: "everything" }),
  step({ tamper: ["body"] }),
  step({ skip: "" }),
  step({ only: 1 }),
  step({ tags: ["a b"] }),
  step({ tags: "a" }),
  step({ capture: { id: "cookies" } }),
  step({ capture: { id: "calls[0].status" } }),
  step({ capture: { "1": "status" } }),
  expecting({ status: 99 }),
  expecting({ status: "6xx" }),
  expecting({ status: [] }),
  expecting({ statusCode: 200 }),
  expecting({ header: { a: {} } }),
  expecting({ header: { a: 1 } }),
  expecting({ body: { a: {} } }),
  expecting({ body: { a: { contains: "x" } } }),
  expecting({ body: { a: { matches: 1 } } }),
  expecting({ body: "text" }),
  expecting({ text: 1 }),
  expecting({ calls: {} }),
  expecting({ calls: [{}] }),
  expecting({ calls: [{ path: "/a", method: "post" }] }),
  expecting({ calls: [{ path: "/a", times: -1 }] }),
  expecting({ calls: [{ path: "/a", times: {} }] }),
];

describe("a suite's form: the program and the published JSON Schema say the same", () => {
  test.each(good.map((suite) => [JSON.stringify(suite).slice(0, 150), suite]))("takes %s", (_, suite) => {
    expect(parseSuite(suite)).toHaveProperty("data");
    expect([isValid(suite), isValid.errors]).toEqual([true, null]);
  });

  test.each(bad.map((suite) => [JSON.stringify(suite).slice(0, 150), suite]))("refuses %s", (_, suite) => {
    expect(parseSuite(suite)).toHaveProperty("problems");
    expect(isValid(suite)).toBe(false);
  });
});

test("each property of the JSON Schema is described", () => {
  const silent: string[] = [];
  const visit = (schema: Json, path: string): void => {
    for (const [name, property] of Object.entries((schema["properties"] ?? {}) as Record<string, Json>)) {
      const own = `${path}.${name}`;
      if (typeof property["description"] !== "string") silent.push(own);
      visit(property, own);
    }
    for (const below of ["items", "additionalProperties"] as const)
      if (typeof schema[below] === "object") visit(schema[below] as Json, `${path}[]`);
    for (const one of (schema["anyOf"] ?? []) as Json[]) visit(one, path);
  };
  visit(published, "");
  expect(silent).toEqual([]);
});

const told: readonly [suite: unknown, path: string, text: RegExp][] = [
  [expecting({ body: { a: { contains: "x" } } }), "steps.0.expect.body.a.contains", /not a known field/],
  [expecting({ header: { a: {} } }), "steps.0.expect.header.a", /must say equals, matches or exists/],
  [expecting({ body: { order: { matches: 5 } } }), "steps.0.expect.body.order.matches", /must be text/],
  [expecting({ satus: 1 }), "steps.0.expect.satus", /not a known field; did you mean status\?/],
  [
    expecting({ calls: [{ path: "/", tmes: 1 }] }),
    "steps.0.expect.calls.0.tmes",
    /not a known field; did you mean times\?/,
  ],
  [{ ...step({}), stub: { answer: [] } }, "stub.answer", /not a known field; did you mean answers\?/],
  [{ ...step({}), variables: { a: [] } }, "variables.a", /takes a text, a number/],
  [expecting({ status: true }), "steps.0.expect.status", /status such as 200/],
  [expecting({ status: [true] }), "steps.0.expect.status.0", /status such as 200/],
  [expecting({ calls: [{ path: "/", times: "2" }] }), "steps.0.expect.calls.0.times", /takes a number/],
  [expecting({ status: "ok" }), "steps.0.expect.status", /status such as 200/],
  [expecting({ status: [200, "ok"] }), "steps.0.expect.status.1", /status such as 200/],
  [step({ delay: "soon" }), "steps.0.delay", /takes a duration/],
  [step({ tamper: "everything" }), "steps.0.tamper", /must be one of: missing, /],
  [step({ set: { "a..b": 1 } }), "steps.0.set.a..b", /is no path/],
  [step({ capture: { id: "cookies" } }), "steps.0.capture.id", /takes status, text, body\.PATH/],
  [{ steps: [{ name: "x" }] }, "steps.0.send", /is missing/],
  [
    JSON.parse('{"steps": [{"send": "a", "set": {"a": {"__proto__": 1}}}]}'),
    "steps.0.set.a.__proto__",
    /may not be/,
  ],
];

test.each(told)("a mistake is told where it is: %j", (suite, path, text) => {
  const parsed = parseSuite(suite);
  const problems = "problems" in parsed ? parsed.problems : [];
  expect(problems.map((problem) => problem.path.join("."))).toEqual([path]);
  expect(problems[0]?.text).toMatch(text);
});

test("the reference shows the example as it is", () => {
  const example = readFileSync(join(root, "docs/examples/fareplay.suite.json"), "utf8");
  expect(readFileSync(join(root, "docs/suites.md"), "utf8")).toContain(example);
});
