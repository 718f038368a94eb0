import { HooklineError } from "../errors.ts";
import type { JsonPointer } from "./contract.ts";

/**
 * The segments of a JSON Pointer (RFC 6901, sections 3 and 4); none for the empty pointer, which is the whole document.
 * Throws `pointer-malformed` where it does not start with `/` or a `~` is not followed by 0 or 1.
 */
export function parsePointer(text: string): string[] {
  if (text === "") return [];
  if (!text.startsWith("/") || /~(?![01])/.test(text)) {
    throw new HooklineError("pointer-malformed", `"${text}" is not a JSON Pointer`, {
      nextSteps: ["write it like /data/items/0/name; inside a name, ~1 stands for / and ~0 for ~"],
    });
  }
  return text
    .slice(1)
    .split("/")
    .map((segment) => segment.replaceAll("~1", "/").replaceAll("~0", "~"));
}

/** The index a pointer's segment means in a list: digits without leading zeros (RFC 6901, section 4). */
export function listIndex(segment: string): number | undefined {
  return /^(?:0|[1-9]\d*)$/.test(segment) ? Number(segment) : undefined;
}

/** What stands at the pointer, or undefined. Only a value's own members are looked at, never what it inherits. */
export function readPointer(value: unknown, pointer: JsonPointer): unknown {
  let at = value;
  for (const segment of parsePointer(pointer)) {
    if (typeof at !== "object" || at === null || !Object.hasOwn(at, segment)) return undefined;
    if (Array.isArray(at) && listIndex(segment) === undefined) return undefined;
    at = (at as Readonly<Record<string, unknown>>)[segment];
  }
  return at;
}
