import type { Segment } from "../payloads/path.ts";
import { withExactNumbers } from "./literals.ts";

/** Levels of a body that are looked at; deeper ones make sense to nobody. */
const deepest = 200;

/** A body as JSON, long whole numbers as bigints, or why it is none. */
export type Parsed = { json: unknown } | { problem: "not-json" | "too-deep" };

const utf8 = new TextDecoder("utf-8", { fatal: true });

export function parseBody(body: Uint8Array): Parsed {
  let text: string;
  let json: unknown;
  try {
    text = utf8.decode(body);
    json = JSON.parse(text);
  } catch {
    return { problem: "not-json" };
  }
  return isDeep(json) ? { problem: "too-deep" } : { json: withExactNumbers(json, text) };
}

/** A value as JSON; what {@link parseBody} made a bigint is a number again, with all its digits. */
export function toJson(value: unknown): string {
  if (typeof value === "bigint") return String(value);
  if (Array.isArray(value)) return `[${value.map(toJson).join(",")}]`;
  if (typeof value !== "object" || value === null) return JSON.stringify(value);
  return `{${Object.entries(value)
    .map(([name, item]) => `${JSON.stringify(name)}:${toJson(item)}`)
    .join(",")}}`;
}

/** Level by level, so that no depth is too much for it. */
function isDeep(json: unknown): boolean {
  let level: unknown[] = [json];
  for (let depth = 0; depth <= deepest; depth++) {
    level = level.flatMap((value): unknown[] =>
      typeof value === "object" && value !== null ? Object.values(value) : [],
    );
    if (level.length === 0) return false;
  }
  return true;
}

/** What stands at a path, of a value's own members alone; undefined where nothing does. */
export function readAt(value: unknown, path: readonly Segment[]): unknown {
  let at = value;
  for (const segment of path) {
    if (typeof at !== "object" || at === null) return undefined;
    if (Array.isArray(at) ? !/^\d+$/.test(String(segment)) : typeof segment === "number") return undefined;
    if (!Object.hasOwn(at, segment)) return undefined;
    at = (at as Record<string, unknown>)[segment];
  }
  return at;
}

/** Whether two JSON values mean the same; the order of an object's names does not count. */
export function isSame(one: unknown, other: unknown): boolean {
  if (Array.isArray(one))
    return (
      Array.isArray(other) && one.length === other.length && one.every((item, at) => isSame(item, other[at]))
    );
  if (typeof one !== "object" || one === null) return one === other;
  if (typeof other !== "object" || other === null || Array.isArray(other)) return false;
  const names = Object.keys(one);
  return (
    names.length === Object.keys(other).length &&
    names.every(
      (name) =>
        Object.hasOwn(other, name) &&
        isSame((one as Record<string, unknown>)[name], (other as Record<string, unknown>)[name]),
    )
  );
}
