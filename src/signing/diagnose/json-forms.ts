import { isUtf8 } from "node:buffer";
import type { Evidence } from "../types.ts";
import { candidate, type Candidate } from "./clues.ts";
import { createRuler } from "./json-ruler.ts";
import { numbersOf, parseTree, render, type Node, type Style } from "./json-tree.ts";

type Spelling = (token: string) => string;

/** A way in which programs write JSON; the first that gives certain bytes names them. */
interface Form {
  name: string;
  /** JavaScript's own, which is quicker than to render. */
  native?: (value: unknown) => string;
  style: Partial<Style> & { strings?: keyof typeof strings; numbers?: keyof typeof numbers };
}

// The escapes of what is not ASCII: Python writes DEL so too, .NET in upper case.
const escaped = (text: string, characters: RegExp, upper = false): string =>
  text.replace(characters, (character) => {
    const hex = character.charCodeAt(0).toString(16).padStart(4, "0");
    return `\\u${upper ? hex.toUpperCase() : hex}`;
  });
// Text without a backslash is written as it stands: most of it.
const plain = (token: string): string => (token.includes("\\") ? JSON.stringify(JSON.parse(token)) : token);
const slashes = (text: string): string => text.replaceAll("/", "\\/");

const strings = {
  asWritten: (token) => token,
  javascript: plain,
  python: (token) => escaped(plain(token), /[\u007f-\uffff]/g),
  php: (token) => escaped(slashes(plain(token)), /[\u0080-\uffff]/g),
  phpSlashes: (token) => slashes(plain(token)),
  go: (token) => escaped(plain(token), /[<>&\u2028\u2029]/g),
  // System.Text.Json escapes whatever HTML or JavaScript could take for its own.
  dotnet: (token) =>
    escaped(plain(token).replaceAll('\\"', "\\u0022"), /[<>&'+`\u007f-\uffff]/g, true),
} satisfies Record<string, Spelling>;

const numbers = {
  asWritten: (token) => token,
  javascript: (token) => JSON.stringify(Number(token)),
  // Whole numbers of any size stay; a fraction, however it was written, becomes a float.
  python: (token) => (/[.eE]/.test(token) ? pythonFloat(Number(token)) : token),
} satisfies Record<string, Spelling>;

const oneLine = { indent: "", comma: ",", colon: ":" };
const spaced = { indent: "", comma: ", ", colon: ": " };
const lines = (indent: string): Partial<Style> => ({ indent, comma: ",", colon: ": " });
const javascript = { strings: "javascript", numbers: "javascript" } as const;
const python = { strings: "python", numbers: "python" } as const;
const php = { strings: "php", numbers: "javascript" } as const;

/** The likeliest first: a search may not come to the last. */
const forms: readonly Form[] = [
  { name: "JSON.stringify", native: (value) => JSON.stringify(value), style: { ...oneLine, ...javascript } },
  { name: "json.dumps", style: { ...spaced, ...python } },
  {
    name: "JSON.stringify, 2 spaces",
    native: (value) => JSON.stringify(value, null, 2),
    style: { ...lines("  "), ...javascript },
  },
  { name: "json_encode", style: { ...oneLine, ...php } },
  {
    name: "JSON.stringify, 4 spaces",
    native: (value) => JSON.stringify(value, null, 4),
    style: { ...lines("    "), ...javascript },
  },
  { name: "compact", style: oneLine },
  { name: "spaced", style: spaced },
  { name: "2 spaces", style: lines("  ") },
  { name: "4 spaces", style: lines("    ") },
  { name: "JSON.stringify, keys sorted", style: { ...oneLine, ...javascript, sorted: true } },
  { name: "json.dumps, keys sorted", style: { ...spaced, ...python, sorted: true } },
  { name: "json.dumps, compact", style: { ...oneLine, ...python } },
  { name: "json.dumps, compact, keys sorted", style: { ...oneLine, ...python, sorted: true } },
  { name: "json.dumps, unicode kept", style: { ...spaced, strings: "javascript", numbers: "python" } },
  { name: "json_encode, unicode kept", style: { ...oneLine, strings: "phpSlashes", numbers: "javascript" } },
  { name: "Go's json.Marshal", style: { ...oneLine, strings: "go", numbers: "javascript", sorted: true } },
  { name: "escaped for HTML", style: { ...oneLine, strings: "go" } },
  { name: "keys sorted, 2 spaces", style: { ...lines("  "), ...javascript, sorted: true } },
  { name: "compact, keys sorted", style: { ...oneLine, sorted: true } },
  { name: "json.dumps, 4 spaces", style: { ...lines("    "), ...python } },
  { name: "json.dumps, 2 spaces", style: { ...lines("  "), ...python } },
  { name: "json_encode, pretty", style: { ...lines("    "), ...php } },
  { name: "System.Text.Json", style: { ...oneLine, strings: "dotnet" } },
  {
    name: "JSON.stringify, tabs",
    native: (value) => JSON.stringify(value, null, "\t"),
    style: { ...lines("\t"), ...javascript },
  },
  { name: "tabs", style: lines("\t") },
  { name: "json.dumps, keys sorted, 4 spaces", style: { ...lines("    "), ...python, sorted: true } },
  { name: "json.dumps, unicode kept, keys sorted", style: { ...spaced, strings: "javascript", numbers: "python", sorted: true } },
];

/** Keys whose numbers are likely money, written with two decimals. */
const money = /price|amount|total|sum|cost|fee|tax|tip|discount|balance|paid|refund|rate/i;
const decimalForms = ["compact", "2 spaces", "spaced", "4 spaces"];

export interface JsonForms {
  /** Name of the form the body itself has, where it has one. */
  own: () => string | undefined;
  /** The body in every other form, the likeliest first; each is made when it is asked for. */
  all: () => Generator<Candidate<Buffer>>;
  /** Every form of that many bytes, whatever the layout, the escapes and the numbers; a length is quickly measured. */
  ofLength: (bytes: number, isLate: () => boolean) => Generator<Candidate<Buffer>>;
}

/** The ways in which the JSON of a body may have been written when it was signed; undefined where it is no JSON. */
export function jsonForms(body: Buffer): JsonForms | undefined {
  if (!isUtf8(body)) return undefined;
  const text = body.toString("utf8");
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    return undefined;
  }
  // A lone number or text has but one form, or a dozen that mean nothing.
  if (typeof value !== "object" || value === null) return undefined;
  let tree: Node | undefined;
  let isParsed = false;
  const treeOf = (): Node | undefined => {
    if (!isParsed) tree = parseTree(text);
    isParsed = true;
    return tree;
  };
  const write = ({ native, style }: Form): string | undefined => {
    const root = treeOf();
    // What is nested so deep that a writer would not return is left alone.
    if (root === undefined) return undefined;
    return native === undefined ? render(root, styleOf(style)) : native(value);
  };
  const own = (): string | undefined => forms.find((form) => write(form) === text)?.name;
  return {
    own,
    *all() {
      const seen = new Set([text]);
      const fresh = function* (
        written: string | undefined,
        signed: string,
        further: Evidence = {},
      ): Generator<Candidate<Buffer>> {
        if (written === undefined || seen.has(written)) return;
        seen.add(written);
        yield candidate(Buffer.from(written), "body-reserialised", { signed, ...further });
      };
      for (const form of forms) yield* fresh(write(form), form.name);
      const root = treeOf();
      if (root === undefined) return;
      const decimal = [...decimalSpellings(root)].flatMap(([number, decimals]) =>
        forms
          .filter(({ name }) => decimalForms.includes(name))
          .map(({ name, style }): Form & { written: string } => ({
            name: `${name}, ${decimals}`,
            style,
            written: render(root, { ...styleOf(style), number }),
          })),
      );
      for (const { name, written } of decimal) yield* fresh(written, name);
      for (const { name, written } of decimal) yield* fresh(`${written}\n`, name, lost);
      for (const form of forms.slice(0, 9)) {
        const written = write(form);
        if (written !== undefined) yield* fresh(`${written}\n`, form.name, lost);
      }
    },
    *ofLength(bytes, isLate) {
      const root = treeOf();
      if (root === undefined) return;
      const lengthOf = createRuler(root);
      const seen = new Set([text]);
      for (const { name, style } of isLate() ? [] : every(root)) {
        if (isLate()) return;
        const missing = bytes - lengthOf(style);
        const end = missing === 0 ? "" : missing === 1 ? "\n" : missing === 2 ? "\r\n" : undefined;
        const written = end === undefined ? undefined : render(root, style) + end;
        if (written === undefined || seen.has(written) || Buffer.byteLength(written) !== bytes) continue;
        seen.add(written);
        yield candidate(Buffer.from(written), "body-reserialised", {
          signed: name,
          ...(end === "" ? {} : lost),
        });
      }
    },
  };
}

/** What stands in evidence where the line break at the end of the body went with its form. */
const lost = { newline: "lost" };

const layouts = {
  compact: oneLine,
  "2 spaces": lines("  "),
  spaced,
  "4 spaces": lines("    "),
  tabs: lines("\t"),
} as const;
const spellings = {
  "": "asWritten",
  ", unicode kept": "javascript",
  ", unicode escaped": "python",
  ", slashes and unicode escaped": "php",
  ", slashes escaped": "phpSlashes",
  ", escaped for HTML": "go",
} as const;

/** Those that have a name, and then whatever layout, escapes and numbers give together. */
function* every(root: Node): Generator<{ name: string; style: Style }> {
  for (const { name, style } of forms) yield { name, style: styleOf(style) };
  const counts: readonly (readonly [Style["number"], string])[] = [
    [numbers.asWritten, ""],
    [numbers.javascript, ""],
    [numbers.python, ""],
    ...[...decimalSpellings(root)].map(([number, name]) => [number, `, ${name}`] as const),
  ];
  for (const sorted of [false, true])
    for (const [layout, style] of Object.entries(layouts))
      for (const [detail, string] of Object.entries(spellings))
        for (const [number, decimals] of counts)
          yield {
            name: `${layout}${detail}${decimals}${sorted ? ", keys sorted" : ""}`,
            style: { ...styleOf(style), string: strings[string], number, sorted },
          };
}

function styleOf({ strings: string, numbers: number, ...style }: Form["style"]): Style {
  return {
    indent: "",
    comma: ",",
    colon: ":",
    sorted: false,
    ...style,
    string: strings[string ?? "asWritten"],
    number: numbers[number ?? "asWritten"],
  };
}

/**
 * Decimals that a parser has dropped, put back: `8` where `8.00` was signed. Which numbers had them is told by others
 * under the same key that still have some, and by keys that name money.
 */
function* decimalSpellings(root: Node): Generator<[Style["number"], string]> {
  const all = numbersOf(root);
  if (!all.some(({ text }) => /^-?\d+(\.\d)?$/.test(text))) return;
  const fractional = new Set(all.filter(({ text }) => text.includes(".")).map(({ key }) => key));
  const padded =
    (places: number, wanted: (key: string) => boolean): Style["number"] =>
    (token, key) =>
      wanted(key) && /^-?\d{1,15}(\.\d{1,2})?$/.test(token) && (token.split(".")[1]?.length ?? 0) < places
        ? Number(token).toFixed(places)
        : token;
  for (const places of [2, 1]) {
    const name = places === 2 ? "two decimals" : "one decimal";
    yield [padded(places, (key) => fractional.has(key) || money.test(key)), name];
    if (fractional.size > 0) yield [padded(places, (key) => fractional.has(key)), name];
  }
}

/** As Python's `repr` writes a float: always with a point or an exponent, the latter from 1e16 up and below 1e-4. */
function pythonFloat(number: number): string {
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e16 || size < 1e-4))
    return number.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  const text = Object.is(number, -0) ? "-0" : String(number);
  return text.includes(".") || text.includes("e") ? text : `${text}.0`;
}
