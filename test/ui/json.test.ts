import { stripVTControlCharacters } from "node:util";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { formatJson } from "../../src/ui/json.ts";
import { createTheme } from "../../src/ui/theme.ts";

const plain = await createTheme(0);
const coloured = await createTheme(1);
const format = (text: string, options = {}): string => formatJson(text, plain, options).join("\n");

describe("formatJson", () => {
  it("prints what JSON.stringify prints, of any value, from compact or loose text", () => {
    fc.assert(
      fc.property(fc.json({ noUnicodeString: true, stringUnit: "grapheme-ascii" }), (text) => {
        fc.pre(!text.includes("##"));
        const value: unknown = JSON.parse(text);
        const pretty = JSON.stringify(value, null, 2).replaceAll("\u007f", "\\u007f");
        // What fast-check writes may differ from stringify in number notation alone (-0), so both go through it.
        const compact = JSON.stringify(value);
        expect(format(compact)).toBe(pretty);
        expect(format(JSON.stringify(value, null, "\t").replaceAll("\n", "\r\n"))).toBe(pretty);
      }),
    );
  });

  it("keeps numbers, escapes, order and duplicates as they are written", () => {
    const text =
      '{"b":8.00,"a":12345678901234567890,"b":-0,"e":1E+2,"s":"\\u00e4\\/\\"\\\\","2":null,"1":true}';
    expect(format(text)).toBe(
      [
        "{",
        '  "b": 8.00,',
        '  "a": 12345678901234567890,',
        '  "b": -0,',
        '  "e": 1E+2,',
        '  "s": "\\u00e4\\/\\"\\\\",',
        '  "2": null,',
        '  "1": true',
        "}",
      ].join("\n"),
    );
  });

  it("keeps empty containers on their line", () => {
    expect(format('{ "a" : { } , "b" : [ ] , "c" : [ [ ] , { } ] }')).toBe(
      '{\n  "a": {},\n  "b": [],\n  "c": [\n    [],\n    {}\n  ]\n}',
    );
    expect(format("[]")).toBe("[]");
    expect(format(" 8.00 ")).toBe("8.00");
    expect(format('""')).toBe('""');
  });

  it("colours each kind of token and nothing else differs", () => {
    const text = '{"k":["s",1.50,true,null,{}]}';
    const lines = formatJson(text, coloured);
    expect(lines.map((line) => stripVTControlCharacters(line))).toEqual(formatJson(text, plain));
    expect(lines[1]).toBe(
      `  ${coloured.key('"k"')}${coloured.punctuation(": ")}${coloured.punctuation("[")}`,
    );
    expect(lines[2]).toContain(coloured.string('"s"'));
    expect(lines[3]).toContain(coloured.number("1.50"));
    expect(lines[4]).toContain(coloured.literal("true"));
    expect(lines[5]).toContain(coloured.literal("null"));
  });

  it("tells a key from a string value in nested containers", () => {
    const lines = formatJson('{"a":["x",{"b":"y"},"z"],"c":"w"}', coloured).join("\n");
    for (const key of ["a", "b", "c"]) expect(lines).toContain(coloured.key(`"${key}"`));
    for (const value of ["x", "y", "z", "w"]) expect(lines).toContain(coloured.string(`"${value}"`));
  });

  it("cannot be used to steer the terminal", () => {
    expect(format('{"\u009b2J":"\u202e\u007f##vso[x"}')).toBe(
      '{\n  "\\u009b2J": "\\u202e\\u007f# #vso[x"\n}',
    );
    expect(format("\u001b[2J{")).toBe("\\u001b[2J{");
  });

  it("shows what is not JSON as its lines", () => {
    expect(formatJson('{"a":1,}\r\n\tb // c', plain)).toEqual(['{"a":1,}', "  b // c"]);
    for (const text of ["", "{", "01", "nul", "{'a':1}", "[1 2]", '"\n"', "\ufeff{}"])
      expect(formatJson(text, coloured).join("\n")).toBe(text.replace("\ufeff", "\\ufeff"));
  });

  it("shows what is nested deeper than 200 as it is, however deep", () => {
    const nested = (depth: number): string => "[".repeat(depth) + "]".repeat(depth);
    expect(formatJson(nested(200), plain)).toHaveLength(399);
    expect(formatJson(nested(201), plain)).toEqual([nested(201)]);
    expect(formatJson(nested(200_000), plain)).toEqual([nested(200_000)]);
  });

  it("cuts after maxLines and says how much is left", () => {
    expect(formatJson("[1,2,3]", plain, { maxLines: 5 })).toHaveLength(5);
    expect(formatJson("[1,2,3]", plain, { maxLines: 4 })).toEqual([
      "[",
      "  1,",
      "  2,",
      "  3",
      "… 1 more line",
    ]);
    expect(formatJson("[1,2,3]", plain, { maxLines: 2 })).toEqual(["[", "  1,", "… 3 more lines"]);
    expect(formatJson("a\nb\nc", plain, { maxLines: 1 })).toEqual(["a", "… 2 more lines"]);
  });

  it("cuts lines at the width, inside the colours", () => {
    const text = `{"key":"${"v".repeat(100)}","n":1}`;
    expect(formatJson(text, plain, { width: 30 })).toEqual([
      "{",
      `  "key": "${"v".repeat(19)}…`,
      '  "n": 1',
      "}",
    ]);
    expect(formatJson(text, coloured, { width: 30 })[1]).toContain(coloured.string(`"${"v".repeat(19)}…`));
    expect(formatJson("x".repeat(50), plain, { width: 30 })).toEqual([`${"x".repeat(29)}…`]);
  });

  it("shows something of a line even where the indentation fills the width", () => {
    const lines = formatJson("[".repeat(50) + '"deep"' + "]".repeat(50), plain, { width: 40 });
    expect(lines[50]).toBe(`${" ".repeat(100)}"deep"`);
  });

  it("takes long strings and many values", () => {
    const long = JSON.stringify('\\"'.repeat(500_000));
    expect(formatJson(long, plain)).toEqual([long]);
    expect(formatJson(`[${"1,".repeat(50_000)}1]`, plain, { maxLines: 1 })).toEqual([
      "[",
      "… 50002 more lines",
    ]);
  });
});
