import { createScanner } from "jsonc-parser/lib/esm/main.js";
import { HooklineError } from "../errors.ts";
import { listIndex } from "../providers/pointer.ts";
import { showPath, type Segment } from "./path.ts";

/** A member of an object or an item of a list; offsets into the text. */
interface Child {
  /** Of the key's opening quote, or of the item. */
  start: number;
  value: number;
  /** Just after the value. */
  end: number;
  /** Whatever stands between key and value: `:` and its white space. */
  colon?: string;
}

/** An object or list, read for one child. */
interface Container {
  isList: boolean;
  /** Offsets of its brackets. */
  open: number;
  close: number;
  count: number;
  last?: Child;
  before?: Child;
  match?: Child;
  after?: Child;
  /** The first few keys, for messages. */
  keys: string[];
}

/** Where a path leads, as far as the body has it. */
export interface Place {
  container: Container;
  /** Index of the segment looked for in `container`: the path's last one where `container.match` is there. */
  depth: number;
  /** Where the container starts in its own parent (key or item); the root has none. */
  startInParent?: number;
  /** How the nearest object writes what stands between key and value. */
  colon?: string;
}

const keysShown = 8;

/**
 * Finds a path in strict JSON (UTF-8 bytes seen as latin1). A place that does not exist is not an error here, one that
 * cannot exist or is ambiguous is (`edit-path`). One pass per level, no recursion and no tree, so that depth and size
 * cost nothing but time.
 */
export function findPlace(text: string, path: readonly Segment[]): Place {
  let value = text.search(/[^ \t\r\n]/);
  let startInParent: number | undefined;
  let colon: string | undefined;
  for (let depth = 0; ; depth++) {
    const container = readContainer(text, value, path, depth);
    colon = container.last?.colon ?? colon;
    const { match } = container;
    if (match === undefined || depth === path.length - 1) {
      return {
        container,
        depth,
        ...(startInParent === undefined ? {} : { startInParent }),
        ...(colon === undefined ? {} : { colon }),
      };
    }
    startInParent = match.start;
    value = match.value;
  }
}

function readContainer(text: string, open: number, path: readonly Segment[], depth: number): Container {
  const here = showPath(path.slice(0, depth));
  const wanted = path[depth] ?? "";
  const kind = text[open];
  if (kind !== "{" && kind !== "[") {
    throw wrongPlace(`${here} is ${scalarName(kind ?? "")}, so it has no ${showPath([wanted])}`);
  }
  const container: Container = { isList: kind === "[", open, close: open, count: 0, keys: [] };
  if (!container.isList && typeof wanted === "number") {
    throw wrongPlace(`${here} is an object, so it has no item [${wanted}]`, [
      `for a key of digits write ${here === "the body" ? "" : here}["${wanted}"]`,
    ]);
  }
  const index = typeof wanted === "number" ? wanted : listIndex(wanted);

  const scanner = createScanner(text, true);
  const next = (): string | undefined => {
    scanner.scan();
    return text[scanner.getTokenOffset()];
  };
  scanner.setPosition(open + 1);
  let token = next();
  while (token !== "}" && token !== "]") {
    const start = scanner.getTokenOffset();
    let isMatch = container.isList && container.count === index;
    let colon: string | undefined;
    if (!container.isList) {
      const keyEnd = start + scanner.getTokenLength();
      const key = keyOf(text.slice(start, keyEnd));
      if (container.keys.length < keysShown) container.keys.push(key);
      isMatch = key === wanted;
      next();
      token = next();
      colon = text.slice(keyEnd, scanner.getTokenOffset());
    }
    const value = scanner.getTokenOffset();
    for (let nesting = 0; ; token = next()) {
      if (token === "{" || token === "[") nesting++;
      else if (token === "}" || token === "]") nesting--;
      if (nesting === 0) break;
    }
    const end = scanner.getTokenOffset() + scanner.getTokenLength();
    const child = { start, value, end, ...(colon === undefined ? {} : { colon }) };
    if (isMatch && container.match !== undefined) {
      throw wrongPlace(
        `${here} has the key ${JSON.stringify(wanted)} more than once, so the path is ambiguous`,
      );
    }
    if (isMatch) {
      container.match = child;
      if (container.last !== undefined) container.before = container.last;
    } else if (container.match !== undefined) container.after ??= child;
    container.last = child;
    container.count++;
    token = next();
    if (token === ",") token = next();
  }
  container.close = scanner.getTokenOffset();

  if (container.isList && wanted !== "-") {
    if (index === undefined) {
      throw wrongPlace(
        `${here} is a list with ${items(container.count)}, so it has no ${showPath([wanted])}`,
        [`items are named by index: ${here === "the body" ? "" : here}[0]`],
      );
    }
    if (index > container.count) {
      throw wrongPlace(`${here} has ${items(container.count)}, so [${index}] is out of range`);
    }
  }
  return container;
}

/** The error for removing what is not there. */
export function notThere({ container, depth }: Place, path: readonly Segment[]): HooklineError {
  const here = showPath(path.slice(0, depth));
  const wanted = showPath([path[depth] ?? ""]);
  if (container.isList) {
    const index = listIndex(String(path[depth]));
    return wrongPlace(
      `${here} has ${items(container.count)}, so ${index === undefined ? wanted : `[${index}]`} is out of range`,
    );
  }
  const more = container.count > container.keys.length ? ", …" : "";
  const keys = container.count === 0 ? "it is empty" : `its keys are ${container.keys.join(", ")}${more}`;
  return wrongPlace(`${here} has no ${wanted}: ${keys}`);
}

export function wrongPlace(message: string, nextSteps: readonly string[] = []): HooklineError {
  return new HooklineError("edit-path", message, { nextSteps });
}

function items(count: number): string {
  return count === 1 ? "1 item" : `${count} items`;
}

function scalarName(firstCharacter: string): string {
  switch (firstCharacter) {
    case '"':
      return "a string";
    case "t":
    case "f":
      return "a boolean";
    case "n":
      return "null";
    default:
      return "a number";
  }
}

/** The key a quoted token means, whether its characters stand as UTF-8 bytes (seen as latin1) or as escapes. */
function keyOf(token: string): string {
  if (/^[ -[\]-~]*$/.test(token)) return token.slice(1, -1);
  return String(JSON.parse(Buffer.from(token, "latin1").toString("utf8")));
}
