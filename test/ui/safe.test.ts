import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { safeBytes, safeJson, safeLine, safeText } from "../../src/ui/safe.ts";

/** The characters that may never arrive, listed by number: independent of the Unicode classes the source uses. */
const ranges: [number, number][] = [
  [0x00, 0x1f],
  [0x7f, 0x9f],
  [0xad, 0xad],
  [0x34f, 0x34f],
  [0x61c, 0x61c],
  [0x115f, 0x1160],
  [0x180b, 0x180f],
  [0x200b, 0x200c],
  [0x200e, 0x200f],
  [0x2028, 0x202e],
  [0x2060, 0x206f],
  [0x3164, 0x3164],
  [0xd800, 0xdfff],
  [0xfe00, 0xfe0d],
  [0xfeff, 0xfeff],
  [0xffa0, 0xffa0],
  [0xfff9, 0xfffb],
  [0x1d173, 0x1d17a],
  [0xe0000, 0xe0fff],
];
const dangerous = ranges.flatMap(([from, to]) =>
  Array.from({ length: to - from + 1 }, (_, offset) => from + offset),
);
const isDangerous = (code: number): boolean => ranges.some(([from, to]) => code >= from && code <= to);

function dangersIn(text: string, allowed = ""): string[] {
  const found = Array.from(text).filter(
    (character) => isDangerous(character.codePointAt(0) ?? 0) && !allowed.includes(character),
  );
  const joiners =
    text.match(/(?<!\p{ExtPict}[\u{1f3fb}-\u{1f3ff}]?\ufe0f?)\u200d|\u200d(?!\p{ExtPict})/gu) ?? [];
  const selectors = text.match(/(?<![\p{ExtPict}0-9#*])[\ufe0e\ufe0f]/gu) ?? [];
  const azure = text.match(/##[a-z]*\[/gi) ?? [];
  const github = text.match(/^\s*::/gm) ?? [];
  return [...found, ...joiners, ...selectors, ...azure, ...github];
}

/** Ordinary text, everything Unicode has (lone surrogates too), and the pieces attacks are made of. */
const hostile = fc
  .array(
    fc.oneof(
      fc.string({ unit: "binary" }),
      fc.constantFrom(...dangerous).map((code) => String.fromCodePoint(code)),
      fc.integer({ min: 0xd800, max: 0xdfff }).map((unit) => String.fromCharCode(unit)),
      fc.constantFrom(
        "##",
        "#",
        "vso[",
        "[",
        "::",
        ":",
        " ",
        "\n",
        "\r",
        "\t",
        "\u200d",
        "\ufe0f",
        "\u20e3",
        "1",
        "😀",
        "👩🏽",
      ),
    ),
  )
  .map((parts) => parts.join(""));

describe("safeLine", () => {
  it("shows every dangerous character as an escape that names it", () => {
    for (const code of dangerous) {
      const name = code > 0xffff ? `\\u{${code.toString(16)}}` : `\\u${code.toString(16).padStart(4, "0")}`;
      expect(safeLine(`a${String.fromCodePoint(code)}b`)).toBe(`a${name}b`);
    }
  });

  it("lets nothing dangerous through, cut or not, and is done after one pass", () => {
    fc.assert(
      fc.property(hostile, fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }), (text, max) => {
        const safe = safeLine(text, max);
        expect(dangersIn(safe)).toEqual([]);
        expect(safe).not.toContain("\n");
        expect(safeLine(safe)).toBe(safe);
        if (max !== undefined) expect(Array.from(safe).length).toBeLessThanOrEqual(max);
      }),
      { numRuns: 2000 },
    );
  });

  it("leaves clean text as it is", () => {
    fc.assert(
      fc.property(fc.string({ unit: "grapheme-ascii" }), (text) => {
        fc.pre(!text.includes("##") && !text.trimStart().startsWith("::"));
        expect(safeLine(text)).toBe(text);
      }),
    );
    for (const text of ["Fikäfi · 8,00 €", "日本語", "नमस्ते", "e\u0301", "a::b # [x] #[y]"])
      expect(safeLine(text)).toBe(text);
  });

  it("keeps emoji whole, and no joiner or selector outside of them", () => {
    for (const emoji of ["😀", "❤️", "👩🏽‍🚀", "🏳️‍🌈", "👨‍👩‍👧", "1️⃣", "🇸🇪"])
      expect(safeLine(`a ${emoji} b`)).toBe(`a ${emoji} b`);
    expect(safeLine("pay\u200dpal")).toBe("pay\\u200dpal");
    expect(safeLine("x\ufe0f")).toBe("x\\ufe0f");
    expect(safeLine("1\ufe0f2")).toBe("1\\ufe0f2");
    expect(safeLine("❤\ufe0f\ufe0f")).toBe("❤\ufe0f\\ufe0f");
  });

  it.each([
    ["\u001b]0;title\u0007", "\\u001b]0;title\\u0007"],
    ["\u009b31mred", "\\u009b31mred"],
    ["a\r\nb\tc", "a\\u000d\\u000ab\\u0009c"],
    ["user\u202egnp.exe", "user\\u202egnp.exe"],
    ["\udc00\ud800", "\\udc00\\ud800"],
    ["##vso[task.setvariable]x", "# #vso[task.setvariable]x"],
    ["say ##[error]x ###TeamCity[y", "say # #[error]x ## #TeamCity[y"],
    ["##\u200bvso[x", "##\\u200bvso[x"],
    [" \u00a0::add-mask::x", " \u00a0\\::add-mask::x"],
    ["::1", "\\::1"],
  ])("%j becomes %j", (text, safe) => {
    expect(safeLine(text)).toBe(safe);
  });

  it("cuts at code points", () => {
    expect(safeLine("abcdef", 6)).toBe("abcdef");
    expect(safeLine("abcdef", 5)).toBe("abcd…");
    expect(safeLine("😀😀😀", 3)).toBe("😀😀😀");
    expect(safeLine("😀😀😀", 2)).toBe("😀…");
    expect(safeLine("😀\u200d😀😀", 3)).toBe("😀…");
    expect(safeLine("\u0000abc", 7)).toBe("\\u0000…");
    expect(safeLine("x".repeat(1000), 3)).toBe("xx…");
  });
});

describe("safeText", () => {
  it("keeps line breaks and turns tabs into blanks", () => {
    expect(safeText("a\r\n\tb\n\nc\rd")).toBe("a\n  b\n\nc\\u000dd");
  });

  it("breaks up log commands on every line", () => {
    expect(safeText("ok\n::error::x\n  ::warning::y\n\n##[group]")).toBe(
      "ok\n\\::error::x\n  \\::warning::y\n\n# #[group]",
    );
  });

  it("lets nothing dangerous through but line breaks", () => {
    fc.assert(
      fc.property(hostile, fc.option(fc.integer({ min: 1, max: 20 }), { nil: undefined }), (text, max) => {
        const safe = safeText(text, max);
        expect(dangersIn(safe, "\n")).toEqual([]);
        expect(safeText(safe)).toBe(safe);
        if (max !== undefined) expect(Array.from(safe).length).toBeLessThanOrEqual(max);
      }),
      { numRuns: 2000 },
    );
  });

  it("cuts where a short piece before the cut grows or shrinks", () => {
    expect(safeText("\r\n".repeat(50), 10)).toBe(`${"\n".repeat(9)}…`);
    expect(safeText("\r\n".repeat(10), 10)).toBe("\n".repeat(10));
  });
});

describe("safeJson", () => {
  it("is harmless and the same document", () => {
    fc.assert(
      fc.property(hostile, fc.jsonValue(), (text, value) => {
        const document = { [text]: [text, value] };
        const safe = safeJson(JSON.stringify(document));
        expect(dangersIn(safe)).toEqual([]);
        expect(JSON.parse(safe)).toEqual(JSON.parse(JSON.stringify(document)));
      }),
      { numRuns: 1000 },
    );
  });

  it("escapes as JSON does", () => {
    expect(safeJson(JSON.stringify("\u009b \u{e0041} ##vso[x"))).toBe(
      '"\\u009b \\udb40\\udc41 #\\u0023vso[x"',
    );
  });
});

describe("safeBytes", () => {
  const bytes = (text: string): Uint8Array => new TextEncoder().encode(text);

  it("gives the safe text of UTF-8", () => {
    expect(safeBytes(bytes('{"a":"ä\u001b[0m"}'))).toEqual({ text: '{"a":"ä\\u001b[0m"}', binary: false });
    expect(safeBytes(bytes("\ufeffx"))).toEqual({ text: "\\ufeffx", binary: false });
    expect(safeBytes(bytes("abcdef").subarray(2, 4))).toEqual({ text: "cd", binary: false });
    expect(safeBytes(new Uint8Array())).toEqual({ text: "", binary: false });
  });

  it("says how long what is not UTF-8 is", () => {
    expect(safeBytes(Uint8Array.of(0xff, 0xfe, 0x41))).toEqual({ text: "(binary, 3 bytes)", binary: true });
    expect(safeBytes(Uint8Array.of(0xc3))).toEqual({ text: "(binary, 1 byte)", binary: true });
  });
});
