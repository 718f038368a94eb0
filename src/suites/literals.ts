import { parseTree, type Node } from "jsonc-parser/lib/esm/main.js";

/**
 * Reads values of a JSON text as they are written there, so that `8.00` stays that and no digit of a long id is lost.
 * @param text valid JSON, of bounded depth
 * @returns the literal at a path; undefined where nothing is
 */
export function literalReader(text: string): (path: readonly PropertyKey[]) => string | undefined {
  const root = parseTree(text);
  return (path) => {
    let node: Node | undefined = root;
    for (const step of path)
      node =
        node?.type === "array"
          ? node.children?.[Number(step)]
          : // Of a name that stands there twice the last one counts.
            node?.children?.findLast(({ children }) => children?.[0]?.value === step)?.children?.[1];
    return node === undefined ? undefined : text.slice(node.offset, node.offset + node.length);
  };
}

/**
 * A whole number as a number, or where that cannot hold all its digits, beyond 2^53, as a bigint.
 * @param literal as JSON writes it
 */
export function exactNumber(literal: string): number | bigint {
  const value = Number(literal);
  return Number.isSafeInteger(value) || !/^-?\d+$/.test(literal) ? value : BigInt(literal);
}

/** Only a text with as many digits in a row can hold a number that loses some. */
const longNumber = /\d{16}/;

/**
 * The same JSON value, its long whole numbers as bigints.
 * @param text what the value was parsed of, of bounded depth
 */
export function withExactNumbers(value: unknown, text: string): unknown {
  const root = longNumber.test(text) ? parseTree(text) : undefined;
  return root === undefined ? value : valueOf(root, text);
}

function valueOf(node: Node, text: string): unknown {
  const { children = [] } = node;
  switch (node.type) {
    case "object":
      return Object.fromEntries(
        children.map(({ children: [name, item] = [] }) => [
          String(name?.value),
          item === undefined ? undefined : valueOf(item, text),
        ]),
      );
    case "array":
      return children.map((item) => valueOf(item, text));
    case "number":
      return exactNumber(text.slice(node.offset, node.offset + node.length));
    default:
      return node.value as unknown;
  }
}

/** Where an object has the same name twice, of which all but the last would be lost in silence. */
export function repeatedNames(text: string): PropertyKey[][] {
  const root = parseTree(text);
  return root === undefined ? [] : repeatedIn(root, []);
}

function repeatedIn({ type, children = [] }: Node, path: PropertyKey[]): PropertyKey[][] {
  if (type === "array") return children.flatMap((item, index) => repeatedIn(item, [...path, index]));
  const seen = new Set<string>();
  const found: PropertyKey[][] = [];
  for (const { children: [name, item] = [] } of children) {
    const own = String(name?.value);
    const at = [...path, own];
    if (seen.has(own) && !found.some((one) => one.at(-1) === own && one.length === at.length)) found.push(at);
    seen.add(own);
    if (item !== undefined) found.push(...repeatedIn(item, at));
  }
  return found;
}
