import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diffBodies, type BodyDiff, type Difference } from "../../src/inbox/diff.ts";

function diff(before: string | Uint8Array, after: string | Uint8Array): BodyDiff {
  const bytes = (body: string | Uint8Array): Uint8Array =>
    typeof body === "string" ? new TextEncoder().encode(body) : body;
  return diffBodies(bytes(before), bytes(after));
}

/** Differences as rows: operation, path, before, after. */
function rows({ differences }: BodyDiff): (string | undefined)[][] {
  return differences.map(({ op, path, before, after }: Difference) => [op, path, before, after]);
}

describe("JSON", () => {
  test.each<[name: string, before: string, after: string, differences: (string | undefined)[][]]>([
    ["the same", '{"a":1}', '{"a":1}', []],
    ["a value", '{"a":{"b":"x"}}', '{"a":{"b":"y"}}', [["changed", "a.b", '"x"', '"y"']]],
    ["its type", '{"a":"8"}', '{"a":8}', [["changed", "a", '"8"', "8"]]],
    ["a scalar alone", "1", "2", [["changed", "", "1", "2"]]],
    ["an object for a list", '{"a":[]}', '{"a":{}}', [["changed", "a", "[]", "{}"]]],
    [
      "members that came and went",
      '{"a":1,"b":[2, 3]}',
      '{"a":1,"c":null}',
      [
        ["removed", "b", "[2, 3]", undefined],
        ["added", "c", undefined, "null"],
      ],
    ],
    ["a number's style", '{"a":8.00}', '{"a":8}', [["written", "a", "8.00", "8"]]],
    ["a number's exponent", "[1000]", "[1e3]", [["written", "[0]", "1000", "1e3"]]],
    ["zero", "[0.0]", "[0e5]", [["written", "[0]", "0.0", "0e5"]]],
    [
      "digits that a double would lose",
      "[12345678901234567890]",
      "[12345678901234567891]",
      [["changed", "[0]", "12345678901234567890", "12345678901234567891"]],
    ],
    ["a sign", "[1]", "[-1]", [["changed", "[0]", "1", "-1"]]],
    [
      "an escape",
      String.raw`{"a":"\u00e4\/"}`,
      '{"a":"ä/"}',
      [["written", "a", String.raw`"\u00e4\/"`, '"ä/"']],
    ],
    ["a key's escape", String.raw`{"\u0061":1}`, '{"a":1}', [["written", "a", String.raw`"\u0061"`, '"a"']]],
    ["the order of keys", '{"a":1,"b":2}', '{"b":2,"a":1}', [["order", "", "a, b", "b, a"]]],
    ["white space, told once", '{"a":1,"b":2}', '{"a": 1, "b": 2}', [["blanks", "a", ":", ": "]]],
    ["white space in an empty list", '{"a":[]}', '{"a":[ ]}', [["blanks", "a", "[]", "[ ]"]]],
    ["a line break at the end", "{}", "{}\n", [["blanks", "", "", "\n"]]],
    ["a byte order mark", "{}", "\ufeff{}", [["blanks", "", "", "\ufeff"]]],
    ["white space before a comma", "[1,2]", "[1 ,2]", [["blanks", "[0]", "", " "]]],
    ["an item at the end", "[1,2]", "[1,2,3]", [["added", "[2]", undefined, "3"]]],
    [
      "an item at the start",
      '[{"a":1},{"a":2}]',
      '[{"a":0},{"a":1},{"a":2}]',
      [["added", "[0]", undefined, '{"a":0}']],
    ],
    ["an item in the middle", "[[1],[2],[3]]", "[[1],[3]]", [["removed", "[1]", "[2]", undefined]]],
    [
      "an item's value",
      '{"i":[{"n":1},{"n":2}]}',
      '{"i":[{"n":1},{"n":3}]}',
      [["changed", "i[1].n", "2", "3"]],
    ],
    [
      "items told apart by their id",
      '[{"id":"a","n":1},{"id":"b","n":1}]',
      '[{"id":"b","n":2}]',
      [
        ["removed", "[0]", '{"id":"a","n":1}', undefined],
        ["changed", "[0].n", "1", "2"],
      ],
    ],
    [
      "items whose ids are all others, one by one",
      '[{"id":1,"n":1},{"id":2,"n":1}]',
      '[{"id":3,"n":1},{"id":4,"n":1}]',
      [
        ["changed", "[0].id", "1", "3"],
        ["changed", "[1].id", "2", "4"],
      ],
    ],
    [
      "an id that is there twice",
      '[{"id":1,"n":1},{"id":1,"n":2}]',
      '[{"id":1,"n":2}]',
      [["removed", "[0]", '{"id":1,"n":1}', undefined]],
    ],
    ["a key that is there twice", '{"a":1,"a":2}', '{"a":1,"a":3}', [["changed", "a", "2", "3"]]],
    [
      "keys of prototypes",
      '{"__proto__":{"x":1}}',
      '{"__proto__":{"x":2}}',
      [["changed", "__proto__.x", "1", "2"]],
    ],
    [
      "keys with characters of the notation",
      '{"a":{"b.c":[1]}}',
      '{"a":{"b.c":[2]}}',
      [["changed", "/a/b.c/0", "1", "2"]],
    ],
    ["keys with a pointer's characters", '{"a/b~":1}', '{"a/b~":2}', [["changed", "/a~1b~0", "1", "2"]]],
    ["an empty key", '{"":1}', '{"":2}', [["changed", "/", "1", "2"]]],
  ])("%s", (_, before, after, differences) => {
    const found = diff(before, after);
    expect(found).toMatchObject({ kind: "json", equal: before === after, more: 0 });
    expect(rows(found)).toEqual(differences);
  });

  test("is told whole of a long list that one item was put into", () => {
    const items = Array.from({ length: 2000 }, (_, index) => ({ id: index, name: `item ${index}` }));
    const more = [...items.slice(0, 700), { id: -1, name: "new" }, ...items.slice(700)];
    expect(rows(diff(JSON.stringify(items), JSON.stringify(more)))).toEqual([
      ["added", "[700]", undefined, '{"id":-1,"name":"new"}'],
    ]);
  });

  test("finds something wherever bytes differ, and nothing where they do not", () => {
    const style = fc.record({
      indent: fc.nat(3),
      escape: fc.boolean(),
      tail: fc.constantFrom("", "\n", " "),
    });
    const text = (
      value: unknown,
      { indent, escape, tail }: { indent: number; escape: boolean; tail: string },
    ): string => {
      const json = JSON.stringify(value, null, indent);
      const escaped = (character: string): string =>
        `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;
      return (escape ? json.replace(/[^\x00-\x7e]/g, escaped) : json) + tail;
    };
    fc.assert(
      fc.property(fc.jsonValue(), fc.jsonValue(), style, style, fc.boolean(), (one, other, a, b, same) => {
        const [before, after] = [text(one, a), text(same ? one : other, b)];
        const found = diff(before, after);
        expect(found.equal).toBe(before === after);
        expect(found.differences.length > 0).toBe(before !== after);
        if (!same || found.kind !== "json") return;
        expect(
          found.differences.map(({ op }) => op).filter((op) => op === "changed" || op === "added"),
        ).toEqual([]);
      }),
      { numRuns: 300 },
    );
  });
});

describe("other bodies", () => {
  test.each<
    [
      name: string,
      kind: BodyDiff["kind"],
      before: string,
      after: string,
      differences: (string | undefined)[][],
    ]
  >([
    [
      "forms",
      "form",
      "a=1&b=2&b=3&c=x%20y",
      "a=2&b=2&c=x+y&d=",
      [
        ["changed", "a", "a=1", "a=2"],
        ["removed", "b", "b=3", undefined],
        ["written", "c", "c=x%20y", "c=x+y"],
        ["added", "d", undefined, "d="],
      ],
    ],
    ["the order of parameters", "form", "a=1&b=2", "b=2&a=1", [["order", "", "a, b", "b, a"]]],
    ["a broken escape", "form", "a=%zz", "a=%zy", [["changed", "a", "a=%zz", "a=%zy"]]],
    [
      "lines",
      "text",
      "one\ntwo\nthree\n",
      "zero\none\n2\nthree\n",
      [
        ["added", "line 1", undefined, "zero\n"],
        ["changed", "line 3", "two\n", "2\n"],
      ],
    ],
    [
      "line ends",
      "text",
      "one\ntwo",
      "one\r\ntwo\n",
      [
        ["written", "line 1", "one\n", "one\r\n"],
        ["written", "line 2", "two", "two\n"],
      ],
    ],
    ["a form and JSON", "text", "a=1", '{"a":1}', [["changed", "line 1", "a=1", '{"a":1}']]],
    ["JSON with a comment", "text", "{}", "{} //", [["changed", "line 1", "{}", "{} //"]]],
    ["nothing and something", "text", "", "x", [["added", "line 1", undefined, "x"]]],
  ])("%s", (_, kind, before, after, differences) => {
    const found = diff(before, after);
    expect(found).toMatchObject({ kind, equal: false, more: 0 });
    expect(rows(found)).toEqual(differences);
  });

  test("of bytes that are no text, lengths and the first that differs are told", () => {
    expect(diff(Uint8Array.of(1, 0xff, 3), Uint8Array.of(1, 0xff, 4, 5))).toEqual({
      kind: "binary",
      equal: false,
      bytes: { before: 3, after: 4 },
      offset: 2,
      differences: [],
      more: 0,
    });
    expect(diff(Uint8Array.of(0, 1), Uint8Array.of(0, 1, 2))).toMatchObject({ kind: "binary", offset: 2 });
    expect(diff(Uint8Array.of(0), Uint8Array.of(0))).toMatchObject({ equal: true, offset: null });
  });
});

describe("what is too much", () => {
  test("differences are counted beyond the first thousand", () => {
    const list = (from: number): string =>
      JSON.stringify(Array.from({ length: 3000 }, (_, index) => index + from));
    const { differences, more } = diff(list(0), list(10_000));
    expect(differences).toHaveLength(1000);
    expect(more).toBe(2000);
  });

  test("long values are cut around their first difference", () => {
    const same = "x".repeat(100_000);
    const [found] = diff(`{"a":"${same}1"}`, `{"a":"${same}2"}`).differences;
    expect(found?.before).toMatch(/^…x{40}1"$/);
    expect(found?.after).toMatch(/^…x{40}2"$/);
    const [long] = diff(`{"a":"b${same}"}`, '{"a":1}').differences;
    expect(long?.before).toMatch(/^"bx+…$/);
    expect(long?.before?.length).toBe(2001);
  });

  test.each([
    ["levels", `${"[".repeat(201)}1${"]".repeat(201)}`, "text"],
    ["levels that are few enough", `${"[".repeat(200)}1${"]".repeat(200)}`, "json"],
    ["values", `[${"1,".repeat(60_000)}1]`, "text"],
    ["characters", `["${"x".repeat(2_100_000)}"]`, "text"],
    ["levels in a string are none", `["${"[".repeat(500)}\\"["]`, "json"],
  ])("%s", (_, body, kind) => {
    const found = diff(body, body.replace("1", "2").replace("x", "y"));
    expect(found.kind).toBe(kind);
    expect(found.differences.length).toBeLessThanOrEqual(1000);
  });
});
