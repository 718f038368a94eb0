import { describe, expect, test } from "vitest";
import { cells, cutMiddle, fieldsLine, fit, joinFitting, wrap, type Field } from "../../src/ui/cells.ts";
import { createTheme } from "../../src/ui/theme.ts";

const colour = await createTheme(1);
const family = "👨‍👩‍👧‍👦";

test.each([
  ["", 0],
  ["order.created", 13],
  ["名前", 4],
  ["ｆｕｌｌ", 8],
  ["한글", 4],
  ["café", 4],
  ["cafe\u0301", 4],
  ["✓ ↻ → …", 7],
  ["😀", 2],
  ["🫠", 2],
  ["❤️", 2],
  ["1️⃣", 2],
  ["🇸🇪", 2],
  // Not every terminal draws it as one picture.
  [family, 8],
  [colour.red("名前") + colour.bold("ok"), 6],
])("%j takes %i cells", (text, width) => {
  expect(cells(text)).toBe(width);
});

test.each([
  ["order.created", 13, "order.created"],
  ["order.created", 12, "order.creat…"],
  ["名前の商品", 10, "名前の商品"],
  // A wide character that would be halved is left out.
  ["名前の商品", 8, "名前の…"],
  ["ab😀cd", 4, "ab…"],
  [`a${family}b`, 9, "a…"],
  ["cafe\u0301s!", 5, "cafe\u0301…"],
  ["anything", Infinity, "anything"],
])("fit(%j, %i)", (text, width, cut) => {
  expect(fit(text, width)).toBe(cut);
  expect(cells(fit(text, width))).toBeLessThanOrEqual(width);
});

test("fit keeps the styles and ends them", () => {
  const text = `${colour.red("order")}.${colour.bold("created")}`;
  expect(fit(text, 4)).toBe("\x1b[31mord…\x1b[39m\x1b[1m\x1b[22m");
});

test.each([
  ["http://localhost:3000/webhooks/orders", 20, "http://loc…ks/orders"],
  ["order.created", 13, "order.created"],
  ["名前の商品です", 8, "名前…す"],
  ["a", 0, "a…"],
])("cutMiddle(%j, %i)", (text, width, cut) => {
  expect(cutMiddle(text, width)).toBe(cut);
});

describe("wrap", () => {
  const url = "https://example.com/a/path/that/is/longer/than/the/terminal";
  test.each([
    ["one two three", 7, ["one two", "three"]],
    ["one two three", Infinity, ["one two three"]],
    ["名前 商品", 5, ["名前", "商品"]],
    ["abcdefghij", 4, ["abcd", "efgh", "ij"]],
    ["名前の商品", 5, ["名前", "の商", "品"]],
    [`see ${url} now`, 30, ["see", cutMiddle(url, 30), "now"]],
    [`(${url})`, 30, [`(${cutMiddle(url, 28)})`]],
  ])("%j at %i", (text, width, lines) => {
    expect(wrap(text, width)).toEqual(lines);
    for (const line of wrap(text, width)) expect(cells(line)).toBeLessThanOrEqual(width);
  });

  test("breaks a styled word without losing its style", () => {
    expect(wrap(colour.red("abcdef"), 4).join("")).toBe(colour.red("abcdef"));
  });
});

test.each([
  [12, ["a one", "b two", "c three"]],
  [13, ["a one · b two", "c three"]],
  [23, ["a one · b two · c three"]],
])("joinFitting at %i", (width, lines) => {
  expect(joinFitting(["a one", "b two", "c three"], " · ", width)).toEqual(lines);
});

describe("fieldsLine", () => {
  const fields: Field[] = [
    { text: "14:32:07" },
    { text: "fareplay", shrinks: 2 },
    { text: "order.item.created", shrinks: 1 },
    { text: "evt_1", leaves: 1 },
    { text: "541 B", leaves: 2 },
    { text: "200", style: colour.green },
    { text: "12 ms", leaves: 3 },
  ];
  const green = colour.green("200");
  test.each([
    [Infinity, `14:32:07  fareplay  order.item.created  evt_1  541 B  ${green}  12 ms`],
    [64, `14:32:07  fareplay  order.item.created  evt_1  541 B  ${green}  12 ms`],
    [63, `14:32:07  fareplay  order.item.created  541 B  ${green}  12 ms`],
    [56, `14:32:07  fareplay  order.item.created  ${green}  12 ms`],
    [49, `14:32:07  fareplay  order.item.created  ${green}`],
    [40, `14:32:07  fareplay  order.i…created  ${green}`],
    [33, `14:32:07  fareplay  orde…ted  ${green}`],
    [20, "14:32:07  fareplay …"],
  ])("at %i", (width, line) => {
    const made = fieldsLine(fields, width);
    expect(made.replace(/(\x1b\[\d+m)+$/, "")).toBe(line.replace(/(\x1b\[\d+m)+$/, ""));
    expect(cells(made)).toBeLessThanOrEqual(width);
  });
});
