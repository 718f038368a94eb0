/** JSON text as it was written: every string and number keeps its spelling, every object its order and its repeats. */
export type Node =
  | { kind: "scalar"; text: string }
  | { kind: "string"; text: string }
  | { kind: "array"; items: readonly Node[] }
  | { kind: "object"; members: readonly (readonly [key: string, value: Node])[] };

/** How JSON is written. */
export interface Style {
  /** Spaces or a tab of one level; none writes all in one line. */
  indent: string;
  /** Between members on one line. */
  comma: string;
  colon: string;
  sorted: boolean;
  /** Spelling of a string, quotes included. */
  string: (token: string) => string;
  /** Spelling of a number. @param key the nearest object key around it */
  number: (token: string, key: string) => string;
}

const maxDepth = 200;

/**
 * @param text valid JSON
 * @param most values that it may hold
 * @returns undefined where it holds more, or is nested more than 200 deep
 */
export function parseTree(text: string, most = Infinity): Node | undefined {
  let count = 0;
  const next = /\s*("[^"\\]*(?:\\.[^"\\]*)*"|[{}[\],:]|[^\s{}[\],:"]+)/y;
  let token: string = "";
  const advance = (): string => (token = next.exec(text)?.[1] ?? "");
  /** Whether the list goes on: past its opening bracket or the comma behind an item. */
  const hasMore = (close: string): boolean => {
    const first = advance();
    return first !== close && first !== "";
  };
  const value = (depth: number): Node | undefined => {
    if (depth > maxDepth || ++count > most) return undefined;
    if (token === "{") {
      const members: [string, Node][] = [];
      while (hasMore("}")) {
        const key = token;
        advance();
        advance();
        const member = value(depth + 1);
        if (member === undefined) return undefined;
        members.push([key, member]);
        if ((token as string) === "}") break;
      }
      advance();
      return { kind: "object", members };
    }
    if (token === "[") {
      const items: Node[] = [];
      while (hasMore("]")) {
        const item = value(depth + 1);
        if (item === undefined) return undefined;
        items.push(item);
        if ((token as string) === "]") break;
      }
      advance();
      return { kind: "array", items };
    }
    const node: Node = { kind: token.startsWith('"') ? "string" : "scalar", text: token };
    advance();
    return node;
  };
  advance();
  return value(0);
}

/** How deep JSON text is nested. */
export function depthOf(text: string): number {
  let depth = 0;
  let most = 0;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*"|[{}[\]]/g)) {
    if (token === "{" || token === "[") most = Math.max(most, ++depth);
    else if (token === "}" || token === "]") depth--;
  }
  return most;
}

export function render(root: Node, style: Style): string {
  const parts: string[] = [];
  const write = (node: Node, margin: string, key: string): void => {
    if (node.kind === "string") parts.push(style.string(node.text));
    else if (node.kind === "scalar")
      parts.push(/^[-\d]/.test(node.text) ? style.number(node.text, key) : node.text);
    else if (node.kind === "array") {
      list("[", "]", node.items, margin, (item, inner) => write(item, inner, key));
    } else {
      const members = style.sorted ? [...node.members].sort(byKey) : node.members;
      list("{", "}", members, margin, ([name, member], inner) => {
        parts.push(style.string(name), style.colon);
        write(member, inner, name);
      });
    }
  };
  const list = <Item>(
    open: string,
    close: string,
    items: readonly Item[],
    margin: string,
    one: (item: Item, inner: string) => void,
  ): void => {
    parts.push(open);
    const inner = style.indent === "" ? "" : `${margin}${style.indent}`;
    items.forEach((item, index) => {
      if (index > 0) parts.push(style.indent === "" ? style.comma : ",");
      if (style.indent !== "") parts.push("\n", inner);
      one(item, inner);
    });
    if (style.indent !== "" && items.length > 0) parts.push("\n", margin);
    parts.push(close);
  };
  write(root, "", "");
  return parts.join("");
}

function byKey([a]: readonly [string, Node], [b]: readonly [string, Node]): number {
  const [left, right] = [textOf(a), textOf(b)];
  return left < right ? -1 : left > right ? 1 : 0;
}

function textOf(token: string): string {
  return token.includes("\\") ? (JSON.parse(token) as string) : token.slice(1, -1);
}

/** Whether the keys of every object are in order. */
export function isSorted(root: Node): boolean {
  if (root.kind === "array") return root.items.every(isSorted);
  if (root.kind !== "object") return true;
  return root.members.every((member, index) => {
    const before = root.members[index - 1];
    return (before === undefined || byKey(before, member) <= 0) && isSorted(member[1]);
  });
}

/** Every number of a document with the nearest object key around it. */
export function numbersOf(root: Node): { text: string; key: string }[] {
  const found: { text: string; key: string }[] = [];
  const visit = (node: Node, key: string): void => {
    if (node.kind === "array") for (const item of node.items) visit(item, key);
    else if (node.kind === "object") for (const [name, member] of node.members) visit(member, name);
    else if (node.kind === "scalar" && /^[-\d]/.test(node.text)) found.push({ text: node.text, key });
  };
  visit(root, "");
  return found;
}
