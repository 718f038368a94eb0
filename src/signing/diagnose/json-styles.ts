import type { Style } from "./json-tree.ts";

type Spelling = (token: string) => string;

/** A way in which programs write JSON; the first that gives certain bytes names them. */
export interface Form {
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

export const strings = {
  asWritten: (token) => token,
  javascript: plain,
  python: (token) => escaped(plain(token), /[\u007f-\uffff]/g),
  php: (token) => escaped(slashes(plain(token)), /[\u0080-\uffff]/g),
  phpSlashes: (token) => slashes(plain(token)),
  go: (token) => escaped(plain(token), /[<>&\u2028\u2029]/g),
  // System.Text.Json escapes whatever HTML or JavaScript could take for its own.
  dotnet: (token) => escaped(plain(token).replaceAll('\\"', "\\u0022"), /[<>&'+`\u007f-\uffff]/g, true),
} satisfies Record<string, Spelling>;

export const numbers = {
  asWritten: (token) => token,
  javascript: (token) => JSON.stringify(Number(token)),
  // Whole numbers of any size stay; a fraction, however it was written, becomes a float.
  python: (token) => (/[.eE]/.test(token) ? pythonFloat(Number(token)) : token === "-0" ? "0" : token),
} satisfies Record<string, Spelling>;

const oneLine = { indent: "", comma: ",", colon: ":" };
const spaced = { indent: "", comma: ", ", colon: ": " };
const lines = (indent: string): Partial<Style> => ({ indent, comma: ",", colon: ": " });
const javascript = { strings: "javascript", numbers: "javascript" } as const;
const python = { strings: "python", numbers: "python" } as const;
const php = { strings: "php", numbers: "javascript" } as const;

/** What stands around strings and numbers. */
export const layouts = {
  compact: oneLine,
  "2 spaces": lines("  "),
  spaced,
  "4 spaces": lines("    "),
  tabs: lines("\t"),
} as const;
/** The likeliest first: a search may not come to the last. */
export const forms: readonly Form[] = [
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
  ...(["compact", "spaced", "2 spaces", "4 spaces"] as const).map((layout): Form => ({
    name: `${layout}, unicode kept`,
    style: { ...layouts[layout], strings: "javascript" },
  })),
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
  {
    name: "json.dumps, unicode kept, keys sorted",
    style: { ...spaced, strings: "javascript", numbers: "python", sorted: true },
  },
];

/** Those that JavaScript writes itself. */
export const natives = forms.filter(({ native }) => native !== undefined);
/** What is added to a layout's name, and the spelling of strings that it stands for. */
export const spellings = {
  "": "asWritten",
  ", unicode kept": "javascript",
  ", unicode escaped": "python",
  ", slashes and unicode escaped": "php",
  ", slashes escaped": "phpSlashes",
  ", escaped for HTML": "go",
} as const;

export function styleOf({ strings: string, numbers: number, ...style }: Form["style"]): Style {
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

/** As Python's `repr` writes a float: always with a point or an exponent, the latter from 1e16 up and below 1e-4. */
function pythonFloat(number: number): string {
  if (!Number.isFinite(number)) return number > 0 ? "Infinity" : "-Infinity";
  const size = Math.abs(number);
  if (size !== 0 && (size >= 1e16 || size < 1e-4))
    return number.toExponential().replace(/e([+-])(\d)$/, "e$10$2");
  const text = Object.is(number, -0) ? "-0" : String(number);
  return text.includes(".") || text.includes("e") ? text : `${text}.0`;
}
