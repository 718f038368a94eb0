import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { listIndex, parsePointer, readPointer } from "../../src/providers/pointer.ts";

describe("parsePointer", () => {
  test.each([
    ["", []],
    ["/", [""]],
    ["/a/b", ["a", "b"]],
    ["/a~1b/m~0n/~01", ["a/b", "m~n", "~1"]],
    ["/a//0", ["a", "", "0"]],
  ])("%j", (pointer, segments) => {
    expect(parsePointer(pointer)).toEqual(segments);
  });

  test.each(["a", "a/b", "/a~", "/a~2b", "#/a"])("refuses %j", (pointer) => {
    expect(() => parsePointer(pointer)).toThrow(
      expect.objectContaining({ code: "pointer-malformed", exitCode: 2 }),
    );
  });

  test("gives back any segments that were escaped", () => {
    fc.assert(
      fc.property(fc.array(fc.string(), { minLength: 1 }), (segments) => {
        const pointer = segments
          .map((segment) => `/${segment.replaceAll("~", "~0").replaceAll("/", "~1")}`)
          .join("");
        expect(parsePointer(pointer)).toEqual(segments);
      }),
    );
  });
});

test("a list's index is digits without leading zeros", () => {
  expect(["0", "10", "01", "-1", "-", "1e1", " 1", ""].map(listIndex)).toEqual([
    0,
    10,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
    undefined,
  ]);
});

describe("readPointer", () => {
  // The document of RFC 6901, section 5.
  const document: unknown = JSON.parse(
    String.raw`{"foo":["bar","baz"],"":0,"a/b":1,"c%d":2,"e^f":3,"g|h":4,"i\\j":5,"k\"l":6," ":7,"m~n":8}`,
  );
  test.each([
    ["/foo", ["bar", "baz"]],
    ["/foo/0", "bar"],
    ["/", 0],
    ["/a~1b", 1],
    ["/c%d", 2],
    ["/e^f", 3],
    ["/g|h", 4],
    ["/i\\j", 5],
    ['/k"l', 6],
    ["/ ", 7],
    ["/m~0n", 8],
  ] as const)("%s", (pointer, value) => {
    expect(readPointer(document, pointer)).toEqual(value);
  });

  test.each([
    "/foo/2",
    "/foo/-",
    "/foo/length",
    "/foo/00",
    "/toString",
    "/__proto__",
    "/foo/0/length",
    "/a",
  ] as const)("%s is not there", (pointer) => {
    expect(readPointer(document, pointer)).toBeUndefined();
  });

  test("reads a member called __proto__ that the body itself has, and nothing of what it inherits", () => {
    const body: unknown = JSON.parse('{"__proto__":{"type":"x"}}');
    expect(readPointer(body, "/__proto__/type")).toBe("x");
    expect(readPointer(body, "/__proto__/toString")).toBeUndefined();
    expect(readPointer(null, "/a")).toBeUndefined();
    expect(readPointer("text", "/0")).toBeUndefined();
  });
});
