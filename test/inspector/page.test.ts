import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { DeliveryShape } from "../../src/inspector/api.ts";
import {
  asEdited,
  editedBytes,
  formParameters,
  hexLines,
  textOf,
  toBase64,
} from "../../src/inspector/page/body-text.ts";
import { changeFilter, isFiltered, readPlace, writePlace } from "../../src/inspector/page/filter.ts";
import { formatBytes, formatDuration, formatTime } from "../../src/inspector/page/format.ts";
import { countNodes, parseJson, pathOf, treeLines } from "../../src/inspector/page/json-tree.ts";
import { findRow, putRows, refreshRows, renewRows } from "../../src/inspector/page/rows.ts";
import { hasHidden, head, visible, visibleText } from "../../src/inspector/page/visible.ts";
import { parsePath } from "../../src/payloads/path.ts";

const row = (number: number, status = 200): DeliveryShape => ({
  number,
  id: `dlv_${number}`,
  received_at: "2026-11-22T08:00:00.000Z",
  provider: "fareplay",
  event: "order.created",
  delivery_id: null,
  verified: true,
  code: null,
  cause: null,
  accepted: true,
  duplicate: false,
  failed: false,
  method: "POST",
  target: "/",
  bytes: 2,
  status,
  duration_ms: 1,
  replays: 0,
});
const numbers = (rows: readonly DeliveryShape[] | undefined) => rows?.map(({ number }) => number);
const list = (...all: number[]) => all.map((number) => row(number));

describe("rows", () => {
  test("a row is found, or where it would be", () => {
    const rows = list(9, 7, 4);
    expect(findRow(rows, 7)).toBe(1);
    expect(~findRow(rows, 8)).toBe(1);
    expect(~findRow(rows, 1)).toBe(3);
    expect(~findRow([], 1)).toBe(0);
  });

  test("what is put in stands in its place once, whatever the order it came in", () => {
    const some = fc.uniqueArray(fc.integer({ min: 1, max: 60 }));
    fc.assert(
      fc.property(some, some, (before, more) => {
        const rows = putRows(putRows([], list(...before)), list(...more));
        expect(numbers(rows)).toEqual([...new Set([...before, ...more])].sort((a, b) => b - a));
      }),
    );
  });

  test("only what is there is renewed, and without any the list is the same", () => {
    const rows = list(3, 2, 1);
    expect(renewRows(rows, [row(2, 500), row(8, 500)]).map(({ status }) => status)).toEqual([200, 500, 200]);
    expect(renewRows(rows, [row(8, 500)])).toBe(rows);
  });

  test.each([
    ["a page that reaches into the list takes its place", [5, 4, 3, 2], [6, 5, 4], false, [6, 5, 4, 3, 2]],
    ["what was removed meanwhile is gone", [5, 4, 3, 2], [6, 5, 3], false, [6, 5, 3, 2]],
    ["a page with a gap before the list says so", [3, 2], [9, 8, 7], false, undefined],
    ["a page that is all there is is the list", [5, 4, 3], [2], true, [2]],
    ["an empty list cannot tell what is behind the page", [], [9, 8], false, undefined],
  ])("%s", (_, before, page, isWhole, after) => {
    expect(numbers(refreshRows(list(...before), list(...page), isWhole))).toEqual(after);
  });
});

describe("filter", () => {
  test("a place comes back from its address", () => {
    const filter = fc.record(
      {
        provider: fc.string({ minLength: 1 }),
        event: fc.string({ minLength: 1 }),
        verified: fc.boolean(),
        failed: fc.constant(true as const),
        text: fc.string({ minLength: 1, unit: "grapheme" }),
      },
      { requiredKeys: [] },
    );
    fc.assert(
      fc.property(
        filter,
        fc.option(fc.integer({ min: 1, max: 10 ** 14 }), { nil: undefined }),
        (one, selected) => {
          expect(readPlace(writePlace({ filter: one, selected }))).toEqual({ filter: { ...one }, selected });
        },
      ),
    );
  });

  test.each([
    "n=0",
    "n=-1",
    "n=1e3",
    "n=9999999999999999",
    "verified=yes",
    "failed=false",
    "provider=",
    "x=1",
  ])("%s says nothing", (search) => {
    expect(readPlace(`?${search}`)).toEqual({ filter: {}, selected: undefined });
  });

  test("a part that is emptied is taken out", () => {
    const filter = changeFilter({ provider: "fynn", text: "a" }, { text: "", verified: false });
    expect(filter).toEqual({ provider: "fynn", verified: false });
    expect(isFiltered(changeFilter(filter, { provider: undefined, verified: undefined }))).toBe(false);
  });
});

describe("what is seen", () => {
  test.each([
    ["a\u202eb", "a\\u202eb"],
    ["a\u{e0041}b", "a\\u{e0041}b"],
    ["a\nb\tc", "a\\nb\\tc"],
    ["👩‍💻 ❤️ 1️⃣", "👩‍💻 ❤️ 1️⃣"],
    ["\ud800", "\\ud800"],
  ])("%j is shown as %j", (text, shown) => {
    expect(visibleText(text)).toBe(shown);
  });

  test("line feeds stay where there are lines", () => {
    expect(visible("a\nb\u0000", true)).toEqual([
      { text: "a\nb", escape: false },
      { text: "\\u0000", escape: true },
    ]);
    expect(hasHidden("a\nb\tc")).toBe(false);
    expect(hasHidden("a\u200bb")).toBe(true);
  });

  test("a cut tears no pair apart", () => {
    expect(head("a😀b", 2)).toBe("a");
    expect(head("a😀b", 3)).toBe("a😀");
  });
});

describe("bodies", () => {
  test("only UTF-8 without NUL is text, and a byte order mark is part of it", () => {
    expect(textOf(Buffer.from("\ufeff{}"))).toBe("\ufeff{}");
    expect(textOf(Buffer.from([0xff]))).toBeUndefined();
    expect(textOf(Buffer.from("a\0"))).toBeUndefined();
  });

  test("hexadecimal lines", () => {
    expect(hexLines(Buffer.from("hookline, webhooks"), 0, 100)).toBe(
      [
        "00000000  68 6f 6f 6b 6c 69 6e 65  2c 20 77 65 62 68 6f 6f  hookline, webhoo",
        `00000010  6b 73${" ".repeat(18)}  ${" ".repeat(23)}  ks`,
      ].join("\n"),
    );
  });

  test("parameters of a form, where the body is one", () => {
    const type = (value: string): [string, string][] => [["Content-Type", value]];
    expect(formParameters(type("application/x-www-form-urlencoded; charset=utf-8"), "a=1&a=%C3%B8")).toEqual([
      ["a", "1"],
      ["a", "ø"],
    ]);
    expect(formParameters(type("application/json"), "a=1")).toBeUndefined();
    expect(formParameters(type("application/x-www-form-urlencoded"), undefined)).toBeUndefined();
  });

  test("an edited body keeps the line breaks of the one it was made of", () => {
    const edit = (original: string) => Buffer.from(editedBytes(asEdited(original), original)).toString();
    expect(edit('{\r\n "a": 1\r\n}')).toBe('{\r\n "a": 1\r\n}');
    expect(edit('{\n "a": 1\n}')).toBe('{\n "a": 1\n}');
    expect(edit("a\r\nb\nc")).toBe("a\nb\nc");
  });

  test("base64 of any length", () => {
    for (const length of [0, 1, 2, 3, 0x8000, 0x8001, 100_000]) {
      const bytes = Buffer.alloc(length, 7);
      expect(toBase64(bytes)).toBe(bytes.toString("base64"));
    }
  });
});

describe("the tree", () => {
  const all = { isOpen: () => true, shown: () => 100 };

  test("has a path for every value that replay --set reads", () => {
    const value = fc.jsonValue({ maxDepth: 3 });
    fc.assert(
      fc.property(value, (document) => {
        const tree = parseJson(JSON.stringify(document));
        if (tree === undefined) throw new Error("it is JSON");
        for (const line of treeLines(tree.root, all, 500).lines) {
          if (line.kind !== "value" || line.id === "") continue;
          const path = pathOf(tree.root, line.id);
          // A path through one of these is refused wherever it is read.
          if (/__proto__|constructor|prototype/.test(path)) continue;
          const found = parsePath(path).reduce<unknown>(
            (from, segment) => (from as Record<string | number, unknown>)[segment],
            document,
          );
          const shown = tree.text.slice(line.node.offset, line.node.offset + line.node.length);
          expect(JSON.stringify(found)).toBe(shown);
        }
      }),
    );
  });

  test("is cut where it is long, and says how much of a list is left", () => {
    const tree = parseJson(JSON.stringify(Array.from({ length: 150 }, (_, index) => index)));
    if (tree === undefined) throw new Error("it is JSON");
    expect(treeLines(tree.root, all, 20)).toMatchObject({ isCut: true, lines: { length: 20 } });
    expect(treeLines(tree.root, all, 500).lines.at(-1)).toMatchObject({ kind: "more", left: 50 });
    expect(countNodes(tree.root, 1000)).toBe(151);
    expect(countNodes(tree.root, 10)).toBe(10);
  });

  test.each(["", "{", "{'a': 1}", "[1,]", "NaN"])("%j is no JSON", (text) => {
    expect(parseJson(text)).toBeUndefined();
  });
});

test("sizes, durations and times for people", () => {
  expect([999, 1000, 999_949, 1_500_000, 2_000_000_000].map(formatBytes)).toEqual([
    "999 B",
    "1.0 kB",
    "999.9 kB",
    "1.5 MB",
    "2.0 GB",
  ]);
  expect([0.44, 12, 1234, 60_000, 125_000].map(formatDuration)).toEqual([
    "0.4 ms",
    "12 ms",
    "1.2 s",
    "1 min",
    "2 min 5 s",
  ]);
  const opened = new Date(2026, 10, 22, 9);
  expect(formatTime(new Date(2026, 10, 22, 14, 3, 22).toISOString(), opened)).toBe("14:03:22");
  expect(formatTime(new Date(2026, 10, 21, 4, 3, 2).toISOString(), opened)).toBe("21 Nov 04:03:02");
  expect(formatTime("never", opened)).toBe("");
});
