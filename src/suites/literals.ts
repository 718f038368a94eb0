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
