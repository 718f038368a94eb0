import { stripVTControlCharacters } from "node:util";
import { describe, expect, it } from "vitest";
import { table } from "../../src/ui/table.ts";
import { createTheme } from "../../src/ui/theme.ts";

const theme = await createTheme(0);
const lines = async (
  rows: string[][],
  options: { head?: string[]; width?: number } = {},
): Promise<string[]> => (await table(rows, { theme, width: Infinity, ...options })).split("\n");

describe("table", () => {
  it("puts two spaces between columns and none at the ends", async () => {
    expect(
      await lines(
        [
          ["a", "bb", "c"],
          ["aaa", "", "d"],
          ["a", "b", ""],
        ],
        { head: ["X", "Y", "Z"] },
      ),
    ).toEqual(["X    Y   Z", "a    bb  c", "aaa      d", "a    b"]);
  });

  it("is empty where nothing is given", async () => {
    expect(await table([], { theme, width: 80 })).toBe("");
    expect(await lines([], { head: ["A", "B"] })).toEqual(["A  B"]);
  });

  it("fills short rows", async () => {
    expect(await lines([["a"], ["b", "c", "d"], []])).toEqual(["a", "b  c  d", ""]);
  });

  it("dims the head alone", async () => {
    const coloured = await createTheme(1);
    const text = await table([["row", "x"]], { head: ["NAME", "B"], theme: coloured, width: 80 });
    expect(text).toBe(`${coloured.dim("NAME")}  ${coloured.dim("B")}\nrow   x`);
  });

  it("lines wide characters up", async () => {
    expect(
      await lines([
        ["日本", "x"],
        ["abcd", "y"],
        ["👩🏽‍🚀", "z"],
      ]),
    ).toEqual(["日本  x", "abcd  y", "👩🏽‍🚀    z"]);
  });

  it("wraps the last column at the width, and cuts a word that is longer", async () => {
    expect(await lines([["id", "one two three four"]], { width: 16 })).toEqual([
      "id  one two",
      "    three four",
    ]);
    expect(await lines([["id", "x".repeat(30)]], { width: 16 })).toEqual([`id  ${"x".repeat(11)}…`]);
    expect(await lines([["id", "exactly here"]], { width: 16 })).toEqual(["id  exactly here"]);
    expect(await lines([["id", "日本語日本語日本語"]], { width: 16 })).toEqual(["id  日本語日本…"]);
  });

  it("leaves the last column some room where the others fill the terminal", async () => {
    expect(await lines([["x".repeat(20), "one two three"]], { width: 20 })).toEqual([
      `${"x".repeat(20)}  one two`,
      `${" ".repeat(22)}three`,
    ]);
  });

  it("has the same columns over many rows", async () => {
    const rows = Array.from({ length: 205 }, (_, index) => ["a".repeat(index % 7), String(index)]);
    const made = await lines(rows, { head: ["H", "N"] });
    expect(made).toHaveLength(206);
    expect(made.slice(1).map((line) => line.slice(8))).toEqual(rows.map((row) => row[1]));
  });

  it("makes cells safe, and bounds them", async () => {
    expect(await lines([["\u001b[2Ja\nb", "##vso[x"]])).toEqual(["\\u001b[2Ja\\u000ab  # #vso[x"]);
    const [line = ""] = await lines([["日".repeat(100_000), "b"]]);
    expect(Array.from(line)).toHaveLength(500 + 3);
    expect(stripVTControlCharacters(line)).toBe(line);
  });
});
