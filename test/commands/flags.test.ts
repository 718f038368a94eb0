import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { safeParse, type ZodMiniType } from "zod/mini";
import {
  array,
  duration,
  header,
  object,
  optional,
  parseFlags,
  port,
  rate,
  sentHeader,
  size,
  time,
  tolerance,
  wholeNumber,
} from "../../src/commands/flags.ts";

const read = (schema: ZodMiniType, text: string): unknown => {
  const parsed = safeParse(schema, text);
  return parsed.success ? parsed.data : "refused";
};

describe.each([
  {
    name: "duration",
    schema: duration,
    good: [
      ["500ms", 500],
      ["30s", 30_000],
      ["10m", 600_000],
      ["24h", 86_400_000],
      ["7d", 604_800_000],
      ["1.5s", 1500],
      ["0.1ms", 1],
      [" 5s ", 5000],
      ["24d", 2_073_600_000],
    ],
    bad: ["", "5", "s", "0s", "-5s", "5 s", "5x", "5S", "1e3s", "25d", "1h30m", "Infinitys", "٣s", "5s\n5s"],
  },
  {
    name: "size",
    schema: size,
    good: [
      ["1000", 1000],
      ["1b", 1],
      ["512kb", 524_288],
      ["5mb", 5_242_880],
      ["5MB", 5_242_880],
      ["1.5 kb", 1536],
      ["1gb", 1_073_741_824],
    ],
    bad: ["", "0", "0.5b", "-1", "mb", "5tb", "2gb", "1e6", "5 m b", "0x10"],
  },
  {
    name: "time",
    schema: time,
    good: [
      ["0", 0],
      ["1773757920", 1_773_757_920_000],
      ["2026-03-17T14:32:00Z", 1_773_757_920_000],
      ["2026-03-17T14:32:00.250Z", 1_773_757_920_250],
      ["2026-03-17T15:32:00+01:00", 1_773_757_920_000],
      ["2026-03-17 14:32:00Z", 1_773_757_920_000],
      ["2026-03-17T14:32Z", 1_773_757_920_000],
      ["2026-03-17", 1_773_705_600_000],
      ["2028-02-29", 1_835_395_200_000],
    ],
    bad: [
      "",
      "now",
      "-1",
      "1.5",
      "1773757920000",
      "17 March 2026",
      "2026-13-01",
      "2026-02-30",
      "2027-02-29",
      "2026-03-17T25:00:00Z",
      "2026-03-17 (about noon)",
      "2026-03-17Z14:32",
    ],
  },
  {
    name: "tolerance",
    schema: tolerance,
    good: [
      ["off", "off"],
      ["300s", 300],
      ["5m", 300],
      ["500ms", 0],
    ],
    bad: ["", "OFF", "300", "0s", "-1s", "none"],
  },
  {
    name: "port",
    schema: port,
    good: [
      ["0", 0],
      ["4400", 4400],
      ["65535", 65_535],
    ],
    bad: ["", "-1", "65536", "80.5", "0x50", "http", "4 4", "1e3"],
  },
  {
    name: "rate",
    schema: rate,
    good: [
      ["1", 1],
      ["0.5", 0.5],
      ["1000000", 1_000_000],
    ],
    bad: ["", "0", "-1", "1e3", "1/s", "1000001", "NaN", "."],
  },
  {
    name: "whole number",
    schema: wholeNumber(1, 10),
    good: [
      ["1", 1],
      ["010", 10],
    ],
    bad: ["0", "11", "1.0", "", " 1"],
  },
])("$name", ({ schema, good, bad }) => {
  test.each(good)("reads %j", (text, value) => expect(read(schema, String(text))).toBe(value));
  test.each(bad)("refuses %j", (text) => expect(read(schema, text)).toBe("refused"));
});

describe("header", () => {
  test.each([
    ["Name: value", { name: "Name", value: "value" }],
    ["Name:value", { name: "Name", value: "value" }],
    ["Name:   a b\t ", { name: "Name", value: "a b" }],
    ["Name: a: b", { name: "Name", value: "a: b" }],
    ["Name: a\tb", { name: "Name", value: "a\tb" }],
    ["Name:", { name: "Name", value: null }],
    ["Name: ", { name: "Name", value: null }],
    ["Name;", { name: "Name", value: "" }],
    ["x-a!#$%&'*+.^_`|~9: 1", { name: "x-a!#$%&'*+.^_`|~9", value: "1" }],
    ["__proto__: 1", { name: "__proto__", value: "1" }],
    // Values are latin1 on the wire: the UTF-8 bytes, one character each.
    ["Name: ü", { name: "Name", value: "\u00c3\u00bc" }],
  ])("reads %j", (text, expected) => expect(read(header, text)).toEqual(expected));

  test.each([
    "",
    ":",
    ": value",
    "Name",
    "Na me: value",
    "Näme: value",
    "Name; value",
    "Name: a\r\nEvil: b",
    "Name: a\nb",
    "Name: \u0000",
    "Name: \u007f",
    " Name: value",
  ])("refuses %j", (text) => expect(read(header, text)).toBe("refused"));

  test("never lets a line end or a character beyond a byte into a value", () => {
    fc.assert(
      fc.property(fc.array(fc.nat(0x24f)), (codes) => {
        const text = String.fromCharCode(...codes);
        const parsed = safeParse(header, `X: ${text}`);
        const value = parsed.data?.value ?? "";
        return [...value].every(
          (character) => character !== "\r" && character !== "\n" && character <= "\xff",
        );
      }),
      { numRuns: 300 },
    );
  });

  test.each(["Content-Length: 5", "transfer-encoding: chunked", "CONNECTION: close", "Upgrade:", "TE;"])(
    "of a request that is sent: not %j, which belongs to the connection",
    (text) => expect(read(sentHeader, text)).toBe("refused"),
  );

  test("of a request that is sent: Host and Authorization are the user's to set", () => {
    expect(read(sentHeader, "Host: x")).toEqual({ name: "Host", value: "x" });
    expect(read(sentHeader, "Authorization: y")).toEqual({ name: "Authorization", value: "y" });
  });
});

describe("parseFlags", () => {
  const schema = object({ header: array(header), maxBody: optional(size), at: optional(time) });

  test("gives the values, and ignores the flags it does not know", () => {
    expect(parseFlags(schema, { header: ["A: 1"], maxBody: "1kb", secret: ["x"] })).toEqual({
      header: [{ name: "A", value: "1" }],
      maxBody: 1024,
    });
  });

  test("names every flag that is wrong, as the user wrote it, once", () => {
    expect(() => parseFlags(schema, { header: ["x", "y"], maxBody: "big", at: "then" })).toThrow(
      expect.objectContaining({
        code: "usage",
        exitCode: 2,
        message: [
          "-H takes a header as 'Name: value' (or 'Name:' to leave it out, 'Name;' to send it empty)",
          "--max-body takes a size up to 1gb, such as 5mb or 512kb",
          "--at takes a time such as 2026-03-17T14:32:00Z, or Unix seconds",
        ].join("; "),
      }),
    );
  });
});
