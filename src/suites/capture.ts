import { parsePath, type Segment } from "../payloads/path.ts";
import { textOf, valuesOf, type Message } from "./expectations.ts";
import { parseBody, readAt, toJson } from "./values.ts";

/** Where a captured value stands. */
export interface Place {
  /** Index of the call that it is of; undefined for the answer. */
  call: number | undefined;
  part: "status" | "text" | "method" | "path" | "header" | "body";
  header?: string;
  path?: readonly Segment[];
}

/** A message that values are captured of. */
export interface Captured extends Message {
  status?: number;
  method?: string;
  path?: string;
}

/**
 * Reads `status`, `text`, `body.data.id`, `header.Location`, `calls[0].body.id`.
 * @throws HooklineError `edit-path` where the path is malformed
 */
export function parsePlace(text: string): Place {
  const [, index, rest = text] = /^calls\[(\d+)\]\.(.*)$/s.exec(text) ?? [];
  const call = index === undefined ? undefined : Number(index);
  if (rest.startsWith("header.")) return { call, part: "header", header: rest.slice("header.".length) };
  if (!rest.startsWith("body")) return { call, part: rest as "status" | "text" | "method" | "path" };
  const path = rest.slice("body".length).replace(/^\./, "");
  return { call, part: "body", path: path === "" ? [] : parsePath(path) };
}

/** Characters that a captured value may have as JSON. */
const longestCaptured = 64 * 1024;

/** What stands at the place; undefined where nothing does, or more than makes sense. */
export function capture({ part, header = "", path = [] }: Place, message: Captured): unknown {
  const value = valueAt({ part, header, path }, message);
  return value === undefined || toJson(value).length > longestCaptured ? undefined : value;
}

function valueAt({ part, header, path }: Required<Omit<Place, "call">>, message: Captured): unknown {
  switch (part) {
    case "status":
    case "method":
    case "path":
      return message[part];
    case "text":
      return message.bytes > message.body.length ? undefined : textOf(message.body);
    case "header":
      return valuesOf(message.headers, header)[0];
    case "body": {
      const parsed = parseBody(message.body);
      return "json" in parsed ? readAt(parsed.json, path) : undefined;
    }
  }
}
