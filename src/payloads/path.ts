import { HooklineError } from "../errors.ts";
import { parsePointer } from "../providers/pointer.ts";

/** A member's name, or an index written as `[0]`. In a list, a name of digits counts as an index too (JSON Pointers have no other). */
export type Segment = string | number;

const segmentAt = /(\.?)([^.[\]"]+)|\[(0|[1-9]\d*)\]|\[("(?:[^"\\]|\\.)*")\]/y;
const refused = new Set<Segment>(["__proto__", "constructor", "prototype"]);

/**
 * The segments of a place in a JSON body: `data.items[0].name`, `data["key.with.dots"]`, or a JSON Pointer if it starts
 * with `/`. Throws `edit-path` where it is malformed, names the whole body, or names what prototypes are reached by.
 */
export function parsePath(text: string): Segment[] {
  const path = text.startsWith("/") ? parsePointer(text) : parseDotted(text);
  const bad = path.find((segment) => refused.has(segment));
  if (bad !== undefined) {
    throw new HooklineError("edit-path", `"${text}" goes through ${bad}, which hookline does not edit`);
  }
  return path;
}

function parseDotted(text: string): Segment[] {
  if (text === "") {
    throw new HooklineError(
      "edit-path",
      "an empty path means the whole body, and only places inside it can be edited",
      {
        nextSteps: [
          "name a place, like data.items[0].name",
          "to send another body, give a file or - instead",
        ],
      },
    );
  }
  const path: Segment[] = [];
  let offset = 0;
  while (offset < text.length) {
    segmentAt.lastIndex = offset;
    const [whole, dot, name, index, quoted] = segmentAt.exec(text) ?? malformed(text, offset);
    if (name !== undefined && (dot === "") !== (offset === 0)) malformed(text, offset);
    path.push(name ?? (index === undefined ? unquoted(quoted ?? "", text, offset) : Number(index)));
    offset += whole.length;
  }
  return path;
}

function unquoted(quoted: string, text: string, offset: number): string {
  try {
    return String(JSON.parse(quoted));
  } catch {
    return malformed(text, offset);
  }
}

function malformed(text: string, offset: number): never {
  throw new HooklineError("edit-path", `"${text}" is not a path: it goes wrong at "${text.slice(offset)}"`, {
    nextSteps: [
      'write it like data.items[0].name, data["key.with.dots"] or, as a JSON Pointer, /data/items/0/name',
    ],
  });
}

/** The path as a user would write it, for messages. */
export function showPath(path: readonly Segment[]): string {
  if (path.length === 0) return "the body";
  return path
    .map((segment, index) => {
      if (typeof segment === "number") return `[${segment}]`;
      if (!/^[^.[\]"/]+$/.test(segment)) return `[${JSON.stringify(segment)}]`;
      return index === 0 ? segment : `.${segment}`;
    })
    .join("");
}
