import { parseTree, printParseErrorCode, type Node, type ParseError } from "jsonc-parser/lib/esm/main.js";

export type Path = readonly PropertyKey[];

/** Where an editor finds it: both count from 1, columns in characters. */
export interface Place {
  line: number;
  column: number;
}

const faults: Readonly<Record<string, string>> = {
  InvalidSymbol: "there is a word or sign that JSON does not have",
  InvalidNumberFormat: "a number is malformed",
  PropertyNameExpected: "a name in double quotes is missing",
  ValueExpected: "a value is missing",
  ColonExpected: "a colon is missing",
  CommaExpected: "a comma is missing",
  CloseBraceExpected: "a closing brace is missing",
  CloseBracketExpected: "a closing bracket is missing",
  EndOfFileExpected: "the file goes on after its end",
  InvalidCommentToken: "JSON has no comments",
  UnexpectedEndOfComment: "JSON has no comments",
  UnexpectedEndOfString: "a closing quote is missing",
  UnexpectedEndOfNumber: "a number is malformed",
  InvalidUnicode: "an escape is malformed",
  InvalidEscapeCharacter: "an escape is malformed",
  InvalidCharacter: "a control character stands in a text, where it has to be written as an escape",
};

/** The first mistake in a text that is not JSON, in words that repeat nothing of it; undefined where none is found. */
export function findFault(text: string): { place: Place; text: string } | undefined {
  const first = read(text)?.errors.reduce<ParseError | undefined>(
    (least, error) => (least === undefined || error.offset < least.offset ? error : least),
    undefined,
  );
  const fault = first === undefined ? undefined : faults[printParseErrorCode(first.error)];
  if (first === undefined || fault === undefined) return undefined;
  return { place: placeAt(text, first.offset), text: fault };
}

/**
 * Where each path of a JSON text leads: to a name, or to a list's item. What is not there is looked for where it should
 * stand; undefined where the text is nested too deeply to be read.
 */
export function findPlaces(text: string, paths: readonly Path[]): (Place | undefined)[] {
  const root = read(text)?.root;
  return paths.map((path) => (root === undefined ? undefined : placeAt(text, offsetOf(root, path))));
}

/** The parser calls itself for each level, and so has an end. */
function read(text: string): { root: Node | undefined; errors: ParseError[] } | undefined {
  const errors: ParseError[] = [];
  try {
    return { root: parseTree(text, errors, { disallowComments: true }), errors };
  } catch (error) {
    if (error instanceof RangeError) return undefined;
    throw error;
  }
}

function offsetOf(root: Node, path: Path): number {
  let node: Node | undefined = root;
  let { offset } = root;
  for (const step of path) {
    const child: Node | undefined =
      node?.type === "array"
        ? node.children?.[Number(step)]
        : // Of a name that stands there twice the last one counts.
          node?.children?.findLast(({ children }) => children?.[0]?.value === step);
    if (child === undefined) break;
    offset = child.offset;
    node = child.type === "property" ? child.children?.[1] : child;
  }
  return offset;
}

function placeAt(text: string, offset: number): Place {
  const lines = text.slice(0, offset).split(/\r\n|\r|\n/);
  return { line: lines.length, column: [...(lines.at(-1) ?? "")].length + 1 };
}
