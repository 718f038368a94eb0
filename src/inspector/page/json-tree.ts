import { parseTree } from "jsonc-parser/lib/esm/main.js";
import type { Node } from "jsonc-parser/lib/esm/main.js";

/** A JSON document taken apart, every literal as it was written. */
export interface JsonTree {
  root: Node;
  text: string;
}

/** Undefined where the text is no JSON, or nested deeper than can be taken apart. */
export function parseJson(text: string): JsonTree | undefined {
  try {
    // The strict reader decides what JSON is; the other one keeps the places.
    JSON.parse(text);
    const root = parseTree(text);
    return root === undefined ? undefined : { root, text };
  } catch {
    return undefined;
  }
}

/** What the browser says is wrong with text that should be JSON; undefined where nothing is. */
export function jsonProblem(text: string): string | undefined {
  try {
    JSON.parse(text);
    return undefined;
  } catch (error) {
    return error instanceof Error ? error.message : String(error);
  }
}

/** A member's name, or an index. */
type Segment = string | number;

/** One line of the tree as it is shown. */
export type Line =
  | {
      kind: "value";
      node: Node;
      /** Which child of which child it is, `/0/3`: a document may repeat a key. */
      id: string;
      key: Segment | undefined;
      level: number;
      position: number;
      siblings: number;
      /** Undefined where there is nothing to open. */
      expanded: boolean | undefined;
    }
  | { kind: "more"; id: string; level: number; left: number; of: string };

/** Which parts of the tree are open, and how many children of each are shown. */
export interface Unfolding {
  isOpen: (id: string, level: number, node: Node) => boolean;
  shown: (id: string) => number;
}

/** Children of one list or object that are shown at first, and how many more at each step. */
export const chunk = 100;

/** The lines to show, `max` at most. */
export function treeLines(root: Node, unfolding: Unfolding, max: number): { lines: Line[]; isCut: boolean } {
  const lines: Line[] = [];
  let isCut = false;
  const visit = (
    node: Node,
    id: string,
    key: Segment | undefined,
    level: number,
    position: number,
    siblings: number,
  ): void => {
    if (lines.length >= max) {
      isCut = true;
      return;
    }
    const children = childrenOf(node);
    const expanded = children.length === 0 ? undefined : unfolding.isOpen(id, level, node);
    lines.push({ kind: "value", node, id, key, level, position, siblings, expanded });
    if (expanded !== true) return;
    const shown = Math.min(children.length, unfolding.shown(id));
    for (let index = 0; index < shown && !isCut; index++) {
      const child = children[index];
      if (child === undefined) break;
      const [name, value] = node.type === "object" ? member(child) : [index, child];
      if (value !== undefined) visit(value, `${id}/${index}`, name, level + 1, index + 1, children.length);
    }
    if (shown < children.length && !isCut) {
      lines.push({ kind: "more", id: `${id}/…`, level: level + 1, left: children.length - shown, of: id });
    }
  };
  visit(root, "", undefined, 1, 1, 1);
  return { lines, isCut };
}

/** Members of an object (as properties), items of a list. */
export const childrenOf = (node: Node): readonly Node[] =>
  node.type === "object" || node.type === "array" ? (node.children ?? []) : [];

function member(property: Node): [name: string, value: Node | undefined] {
  const [key, value] = property.children ?? [];
  return [String(key?.value ?? ""), value];
}

/** How many values a document holds, counted up to `max`: small ones are shown whole. */
export function countNodes(node: Node, max: number): number {
  let count = 1;
  for (const child of childrenOf(node)) {
    if (count >= max) break;
    const value = node.type === "object" ? member(child)[1] : child;
    if (value !== undefined) count += countNodes(value, max - count);
  }
  return count;
}

/**
 * A place as `replay --set` and `--expect` read it: `data.items[0].name`, `data["key.with.dots"]`; `(whole body)` for
 * the document itself.
 * @param id as in {@link Line}
 */
export function pathOf(root: Node, id: string): string {
  let path = "";
  let node: Node = root;
  for (const index of id.split("/").slice(1).map(Number)) {
    const child = childrenOf(node)[index];
    if (child === undefined) break;
    const [name, value] = node.type === "object" ? member(child) : [index, child];
    if (typeof name === "number") path += `[${name}]`;
    else if (!/^[^.[\]"/]+$/.test(name)) path += `[${JSON.stringify(name)}]`;
    else path += path === "" ? name : `.${name}`;
    if (value !== undefined) node = value;
  }
  return path === "" ? "(whole body)" : path;
}

/** A value as it was written; of a string, what it says. */
export function valueText({ text }: JsonTree, node: Node): string {
  return node.type === "string" ? String(node.value) : text.slice(node.offset, node.offset + node.length);
}
