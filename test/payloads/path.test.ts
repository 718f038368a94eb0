import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { parsePath, showPath, type Segment } from "../../src/payloads/path.ts";

describe("parsePath", () => {
  test.each<[string, Segment[]]>([
    ["data.items[0].name", ["data", "items", 0, "name"]],
    ["[2][10]", [2, 10]],
    ['a["key.with.dots"].b', ["a", "key.with.dots", "b"]],
    ['["a\\"]b"]', ['a"]b']],
    ["first name.x-y.é", ["first name", "x-y", "é"]],
    ["items.0", ["items", "0"]],
    ["/data/items/0/a~1b", ["data", "items", "0", "a/b"]],
    ["/", [""]],
  ])("%s", (text, path) => {
    expect(parsePath(text)).toEqual(path);
  });

  test.each([
    "",
    ".",
    "a.",
    ".a",
    "a..b",
    "a[",
    "a[]",
    "a[-1]",
    "a[01]",
    "a[0]b",
    "a.[0]",
    "a]",
    'a"b',
    'a["b]',
    'a["\\x"]',
    "a['b']",
    "__proto__.x",
    "a.constructor",
    'a["prototype"]',
    "/a/__proto__/b",
  ])("refuses %j", (text) => {
    expect(() => parsePath(text)).toThrow(expect.objectContaining({ code: "edit-path", exitCode: 2 }));
  });

  test("reads back what showPath writes", () => {
    const segment = fc.oneof(fc.string({ minLength: 1 }), fc.nat());
    fc.assert(
      fc.property(fc.array(segment, { minLength: 1 }), (path) => {
        fc.pre(!path.some((part) => ["__proto__", "constructor", "prototype"].includes(String(part))));
        expect(parsePath(showPath(path))).toEqual(path);
      }),
    );
  });
});
