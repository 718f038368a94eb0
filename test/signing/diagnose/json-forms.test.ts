import { describe, expect, test } from "vitest";
import { jsonForms } from "../../../src/signing/diagnose/json-forms.ts";
import { createRuler } from "../../../src/signing/diagnose/json-ruler.ts";
import { parseTree, render, type Style } from "../../../src/signing/diagnose/json-tree.ts";

const formsOf = (text: string): string[] =>
  [...(jsonForms(Buffer.from(text))?.all() ?? [])].map(({ value }) => value.toString());
const named = (text: string, name: string): string | undefined =>
  [...(jsonForms(Buffer.from(text))?.all() ?? [])]
    .find(({ clues: [clue] }) => clue?.evidence["signed"] === name)
    ?.value.toString();

describe("as Python writes it", () => {
  // What python3 -c 'import json,sys; print(json.dumps(json.loads(sys.argv[1])))' prints.
  const cases = [
    ["[8.00]", "[8.0]"],
    ["[1e2,1E-7,0.00001]", "[100.0, 1e-07, 1e-05]"],
    ["[ 12345678901234567890]", "[12345678901234567890]"],
    ["[1e16,123456789012345680.0]", "[1e+16, 1.2345678901234568e+17]"],
    ["[-0.0,-0,0.1]", "[-0.0, 0, 0.1]"],
    ["[0.0001,1e15]", "[0.0001, 1000000000000000.0]"],
    ['{"é":"東\u007f","a":"\\/"}', '{"\\u00e9": "\\u6771\\u007f", "a": "/"}'],
    ['["🎉"]', '["\\ud83c\\udf89"]'],
  ] as const;
  test.each(cases)("%s", (text, expected) => expect(formsOf(text)).toContain(expected));
});

describe("as others write it", () => {
  const cases = [
    ["json_encode", '{"a": "é/", "b": 8.00}', '{"a":"\\u00e9\\/","b":8}'],
    ["json_encode, unicode kept", '{"a": "é/"}', '{"a":"é\\/"}'],
    ["escaped for HTML", '{"b": 8.0, "a": "<&>"}', '{"b":8.0,"a":"\\u003c\\u0026\\u003e"}'],
    ["Go's json.Marshal", '{"b": 1, "a": "<"}', '{"a":"\\u003c","b":1}'],
    ["System.Text.Json", '{"a": "é+\'"}', '{"a":"\\u00E9\\u002B\\u0027"}'],
    ["compact", '{ "a" : 8.00 }', '{"a":8.00}'],
    ["compact, two decimals", '{"price":8,"count":2}', '{"price":8.00,"count":2}'],
    ["compact, two decimals", '{"x":8.5,"y":[{"x":3}],"n":1}', '{"x":8.50,"y":[{"x":3.00}],"n":1}'],
    ["compact, unicode kept", '{"a":"\\u00e9","b":8.0}', '{"a":"é","b":8.0}'],
    ["spaced, unicode kept", '{"a":"\\/","b":8.00}', '{"a": "/", "b": 8.00}'],
    ["2 spaces, unicode kept", '{"a":"\\u00e9","b":8.0}', '{\n  "a": "é",\n  "b": 8.0\n}'],
    ["4 spaces, unicode kept", '{"a":"\\u00e9","b":8.0}', '{\n    "a": "é",\n    "b": 8.0\n}'],
    ["compact, unicode kept, two decimals", '{"a":"\\u00e9","price":8}', '{"a":"é","price":8.00}'],
    ["spaced, unicode kept, two decimals", '{"a":"\\u00e9","price":8}', '{"a": "é", "price": 8.00}'],
    ["compact, keys sorted", '{"b":1.00,"a":{"d":1,"c":2}}', '{"a":{"c":2,"d":1},"b":1.00}'],
    [
      "JSON.stringify, 2 spaces",
      '{"a":[],"b":{},"c":[1]}',
      '{\n  "a": [],\n  "b": {},\n  "c": [\n    1\n  ]\n}',
    ],
  ] as const;
  test.each(cases)("%s of %s", (name, text, expected) => expect(named(text, name)).toBe(expected));
});

test("a body's own form is named, and never given again", () => {
  expect(jsonForms(Buffer.from('{"a": 1, "b": "\\u00e9"}'))?.own()).toBe("json.dumps");
  expect(jsonForms(Buffer.from('{"a":1}'))?.own()).toBe("JSON.stringify or json_encode");
  expect(jsonForms(Buffer.from('{"a":"/"}'))?.own()).toBe("JSON.stringify");
  expect(jsonForms(Buffer.from('{"a":"é"}'))?.own()).toBe("JSON.stringify");
  expect(jsonForms(Buffer.from('{\n  "a": 1\n}'))?.own()).toBe("JSON.stringify, 2 spaces");
  expect(jsonForms(Buffer.from('{"a":  1}'))?.own()).toBeUndefined();
  const forms = formsOf('{"a":1}');
  expect(forms).not.toContain('{"a":1}');
  expect(new Set(forms).size).toBe(forms.length);
});

test("of what stood in several lines the line breaks alone were lost", () => {
  const text = '{  "a": [    1  ]}';
  const [found] = [...(jsonForms(Buffer.from(text))?.all() ?? [])].filter(
    ({ clues: [clue] }) => clue?.cause === "body-newline",
  );
  expect(found?.value.toString()).toBe('{\n  "a": [\n    1\n  ]\n}');
  expect(found?.clues[0]?.evidence).toEqual({ change: "all lost", newline: "LF" });
});

test.each(["", "8", '"text"', "null", "{", "[1,]", "\ufeff{}"])("%j has no forms", (text) =>
  expect(jsonForms(Buffer.from(text))).toBeUndefined(),
);

test("no UTF-8 has no forms", () => expect(jsonForms(Buffer.from([0x7b, 0xff, 0x7d]))).toBeUndefined());

test("keys of prototypes and repeats are kept as they are", () => {
  const text = '{ "__proto__": 1, "constructor": {"a": 1, "a": 2}, "10": 1, "2": 2 }';
  expect(formsOf(text)).toContain('{"__proto__":1,"constructor":{"a":1,"a":2},"10":1,"2":2}');
});

test("what is nested too deep to be written again is left alone", () => {
  const deep = `${"[".repeat(5000)}${"]".repeat(5000)}`;
  expect(formsOf(deep)).toEqual([]);
  expect(jsonForms(Buffer.from(deep))?.own()).toBeUndefined();
  expect([...(jsonForms(Buffer.from(deep))?.ofLength(10_001, () => false) ?? [])]).toEqual([]);
});

test("what indenting would make very large is not indented", () => {
  const wide = `${"[".repeat(150)}${"1, ".repeat(10_000)}1${"]".repeat(150)}`;
  const forms = formsOf(wide);
  expect(forms).toContain(JSON.stringify(JSON.parse(wide)));
  for (const form of forms) expect(form.length).toBeLessThan(wide.length * 9);
  const { length } = JSON.stringify(JSON.parse(wide), null, 2);
  expect([...(jsonForms(Buffer.from(wide))?.ofLength(length, () => false) ?? [])]).toEqual([]);
});

describe("forms of a length", () => {
  const text = '{"é/":[1,8.5,{"a":"<b>"}],"price":8,"e":[],"o":{}}';
  const ofLength = (bytes: number, isLate = () => false) =>
    [...(jsonForms(Buffer.from(text))?.ofLength(bytes, isLate) ?? [])].map(({ value }) => value.toString());

  test("are all of that many bytes", () => {
    for (let bytes = 40; bytes < 200; bytes++)
      for (const form of ofLength(bytes)) expect(Buffer.byteLength(form)).toBe(bytes);
  });
  test("mix every layout with every spelling", () => {
    const mixed = JSON.stringify(JSON.parse(text), null, 4).replaceAll("/", "\\/");
    expect(ofLength(Buffer.byteLength(mixed))).toContain(mixed);
    expect(ofLength(Buffer.byteLength(mixed) + 1)).toContain(`${mixed}\n`);
  });
  test("are none where the time is up", () => expect(ofLength(60, () => true)).toEqual([]));
});

test("a measured length is the written one", () => {
  const root = parseTree('{"a":[1,2,{"b":[]}],"c":{},"d":["é",true,null,-1.50]}');
  if (root === undefined) throw new Error("not parsed");
  const lengthOf = createRuler(root);
  for (const indent of ["", " ", "\t", "    "])
    for (const comma of [",", ", "])
      for (const colon of [":", ": ", " : "]) {
        const upper = (token: string): string => token.toUpperCase();
        const style: Style = {
          indent,
          comma,
          colon,
          sorted: false,
          string: upper,
          number: (token) => `${token}0`,
        };
        expect(lengthOf(style).bytes).toBe(Buffer.byteLength(render(root, style)));
      }
});
