/** JSON as it stands in a text: numbers keep their spelling, fields their order. */
export type Tree = string | boolean | null | Numeral | readonly Tree[] | Fields;
export interface Numeral {
  numeral: string;
}
export interface Fields {
  fields: readonly (readonly [string, Tree])[];
}

/** How a program writes JSON. */
export interface Writing {
  indent?: string;
  comma?: string;
  colon?: string;
  slashes?: "escaped";
  /** Non-ASCII as `\u00e9`. */
  unicode?: "escaped";
  /** `<`, `>` and `&` as `\u003c`. */
  html?: "escaped";
  /** DEL too, as Python has it. */
  del?: "escaped";
  sorted?: boolean;
  numbers?: (numeral: string) => string;
}

const hex4 = (character: string): string => `\\u${character.charCodeAt(0).toString(16).padStart(4, "0")}`;

function writeText(text: string, writing: Writing): string {
  let written = JSON.stringify(text);
  if (writing.slashes !== undefined) written = written.replaceAll("/", "\\/");
  if (writing.unicode !== undefined) written = written.replace(/[\u0080-\uffff]/g, hex4);
  if (writing.del !== undefined) written = written.replaceAll("\u007f", "\\u007f");
  if (writing.html !== undefined) written = written.replace(/[<>&\u2028\u2029]/g, hex4);
  return written;
}

/** Writes a tree as the program does. */
export function write(tree: Tree, writing: Writing = {}, depth = 0): string {
  const { indent = "", comma = ",", colon = indent === "" ? ":" : ": ", numbers } = writing;
  if (tree === null || typeof tree === "boolean") return String(tree);
  if (typeof tree === "string") return writeText(tree, writing);
  if ("numeral" in tree) return numbers === undefined ? tree.numeral : numbers(tree.numeral);
  const isList = !("fields" in tree);
  const entries = isList ? tree.map((value) => ["", value] as const) : [...tree.fields];
  if (writing.sorted === true && !isList) entries.sort(([a], [b]) => (a < b ? -1 : a > b ? 1 : 0));
  const items = entries.map(
    ([name, value]) => (isList ? "" : writeText(name, writing) + colon) + write(value, writing, depth + 1),
  );
  const [open, close] = isList ? "[]" : "{}";
  if (items.length === 0) return `${open}${close}`;
  if (indent === "") return `${open}${items.join(comma)}${close}`;
  const line = `\n${indent.repeat(depth + 1)}`;
  return `${open}${line}${items.join(`,${line}`)}\n${indent.repeat(depth)}${close}`;
}

/** Reads JSON that is known to be well formed. */
export function read(text: string): Tree {
  const tokens = text.match(/"(?:[^"\\]|\\.)*"|[{}[\],:]|[^\s{}[\],:"]+/g) ?? [];
  let at = 0;
  const value = (): Tree => {
    const token = tokens[at++] ?? "";
    if (token === "[") {
      const items: Tree[] = [];
      while (tokens[at] !== "]") {
        items.push(value());
        if (tokens[at] === ",") at++;
      }
      at++;
      return items;
    }
    if (token === "{") {
      const fields: [string, Tree][] = [];
      while (tokens[at] !== "}") {
        const name = JSON.parse(tokens[at] ?? "") as string;
        at += 2;
        fields.push([name, value()]);
        if (tokens[at] === ",") at++;
      }
      at++;
      return { fields };
    }
    const plain = JSON.parse(token) as string | boolean | null | number;
    return typeof plain === "number" ? { numeral: token } : plain;
  };
  return value();
}

const javascriptNumber = (numeral: string): string => JSON.stringify(Number(numeral));

/** As `repr` of a Python float, and its whole numbers as they are. */
function pythonNumber(numeral: string): string {
  if (!/[.eE]/.test(numeral)) return numeral;
  const number = Number(numeral);
  if (number === 0) return Object.is(number, -0) ? "-0.0" : "0.0";
  const [digits = "", exponent = "0"] = number.toExponential().split("e");
  const power = Number(exponent);
  if (power < -4 || power >= 16)
    return `${digits}e${power < 0 ? "-" : "+"}${String(Math.abs(power)).padStart(2, "0")}`;
  const plain =
    power < 0 ? number.toFixed(Math.max(0, digits.replace(/\D/g, "").length - 1 - power)) : String(number);
  return /\./.test(plain) ? plain : `${plain}.0`;
}

const python: Writing = {
  comma: ", ",
  colon: ": ",
  unicode: "escaped",
  del: "escaped",
  numbers: pythonNumber,
};
const php: Writing = { slashes: "escaped", unicode: "escaped", numbers: javascriptNumber };

/** What parses JSON and writes it again: the text that is left of the text. */
export const rewriters = {
  "JSON.stringify": (text: string) => JSON.stringify(JSON.parse(text)),
  "JSON.stringify, 2 spaces": (text: string) => JSON.stringify(JSON.parse(text), null, 2),
  "JSON.stringify, 4 spaces": (text: string) => JSON.stringify(JSON.parse(text), null, 4),
  "json.dumps": (text: string) => write(read(text), python),
  "json.dumps, compact": (text: string) => write(read(text), { ...python, comma: ",", colon: ":" }),
  "json.dumps, unicode kept": (text: string) =>
    write(read(text), { comma: ", ", colon: ": ", numbers: pythonNumber }),
  "json.dumps, indent 2": (text: string) => write(read(text), { ...python, indent: "  " }),
  json_encode: (text: string) => write(emptied(read(text)), php),
  "json_encode, slashes and unicode kept": (text: string) =>
    write(emptied(read(text)), { numbers: javascriptNumber }),
  "json.Marshal of a map": (text: string) =>
    write(read(text), { html: "escaped", sorted: true, numbers: javascriptNumber }),
  "keys sorted": (text: string) => write(read(text), { sorted: true, numbers: javascriptNumber }),
  "json.dumps, keys sorted": (text: string) => write(read(text), { ...python, sorted: true }),
  // A lossless one, such as Jackson with big decimals.
  compacted: (text: string) => write(read(text)),
  spaced: (text: string) => write(read(text), { comma: ", ", colon: ": " }),
} as const satisfies Record<string, (text: string) => string>;

/** PHP's arrays do not tell an empty object from an empty list. */
function emptied(tree: Tree): Tree {
  if (tree === null || typeof tree !== "object" || "numeral" in tree) return tree;
  if (!("fields" in tree)) return tree.map(emptied);
  return tree.fields.length === 0
    ? []
    : { fields: tree.fields.map(([name, value]) => [name, emptied(value)]) };
}

/** How vendors write what they send. */
export const vendorWritings = {
  compact: {},
  "pretty 2": { indent: "  " },
  "pretty 4": { indent: "    " },
  spaced: { comma: ", ", colon: ": " },
  "python's": { comma: ", ", colon: ": ", unicode: "escaped", del: "escaped" },
  "python's, compact": { unicode: "escaped", del: "escaped" },
  "php's": { slashes: "escaped", unicode: "escaped" },
  "php's, unicode kept": { slashes: "escaped" },
  "php's, pretty": { indent: "    ", slashes: "escaped", unicode: "escaped" },
  "for HTML": { html: "escaped" },
  "go's": { html: "escaped", sorted: true },
  sorted: { sorted: true },
  "python's, sorted": { comma: ", ", colon: ": ", unicode: "escaped", del: "escaped", sorted: true },
  tabs: { indent: "\t" },
} as const satisfies Record<string, Writing>;
