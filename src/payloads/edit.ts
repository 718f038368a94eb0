// Loads the JSON scanner: import this file dynamically, where there is something to edit.
import { HooklineError } from "../errors.ts";
import { envelopeTime } from "../providers/event.ts";
import type { Envelope } from "../providers/contract.ts";
import { findPlace, notThere, wrongPlace, type Place } from "./json-place.ts";
import { parsePath, showPath, type Segment } from "./path.ts";

export type Edit =
  /** `value` goes in as it is written where it is JSON (`8.00`, `{"a": 1}`), else as a JSON string of it. */
  { op: "set"; path: string; value: string } | { op: "unset"; path: string };

const byteOrderMark = Buffer.from([0xef, 0xbb, 0xbf]);
const maxDepth = 1000;

/**
 * Edits a JSON body in place, one edit after the other; every byte outside what is edited stays as it was, be it UTF-8 or
 * not. Setting adds what is missing, written like its surroundings.
 * Throws `edit-not-json`, `edit-too-deep` (over 1,000 levels) and `edit-path` (a path that is malformed or leads nowhere).
 */
export function editBody(body: Buffer, edits: readonly Edit[]): Buffer {
  if (edits.length === 0) return body;
  const { mark, text } = readJson(body);
  const edited = edits.reduce((current, edit) => {
    const path = parsePath(edit.path);
    return edit.op === "set" ? setAt(current, path, literalOf(edit.value)) : unsetAt(current, path);
  }, text);
  return Buffer.concat([mark, Buffer.from(edited, "latin1")]);
}

/**
 * Renews the id and the creation time a provider's envelope carries, where the body has them; `now` is in milliseconds.
 * Throws `no-envelope` where there is neither, and what {@link editBody} throws.
 */
export function freshenBody(
  body: Buffer,
  envelope: Envelope,
  fresh: { id: () => string; now: number },
): Buffer {
  const { id, createdAt } = envelope;
  if (id === undefined && createdAt === undefined) {
    throw new HooklineError(
      "no-envelope",
      "this provider's bodies carry neither an id nor a creation time of the event, so there is nothing to renew",
    );
  }
  const { text } = readJson(body);
  const edits: Edit[] = [];
  if (id !== undefined && isThere(text, id)) {
    edits.push({ op: "set", path: id, value: JSON.stringify(`${envelope.idPrefix ?? ""}${fresh.id()}`) });
  }
  if (createdAt !== undefined && isThere(text, createdAt)) {
    edits.push({ op: "set", path: createdAt, value: JSON.stringify(envelopeTime(envelope, fresh.now)) });
  }
  if (edits.length === 0) {
    const places = [id, createdAt].filter((pointer) => pointer !== undefined).join(" nor ");
    throw new HooklineError("no-envelope", `the body has nothing to renew: no ${places}`, {
      nextSteps: ["check that the body is one of this provider's"],
    });
  }
  return editBody(body, edits);
}

function isThere(text: string, pointer: string): boolean {
  return findPlace(text, parsePath(pointer)).container.match !== undefined;
}

/** The body's bytes as latin1 text, so that each character is one byte, once it is known to be strict JSON. */
function readJson(body: Buffer): { mark: Buffer; text: string } {
  const mark = body.subarray(0, body.indexOf(byteOrderMark) === 0 ? byteOrderMark.length : 0);
  const content = body.subarray(mark.length);
  refuseDepth(content);
  const text = content.toString("latin1");
  try {
    JSON.parse(text);
  } catch (cause) {
    const at = /position (\d+)/.exec(String(cause))?.[1];
    const where = at === undefined ? "" : ` (it goes wrong at byte ${Number(at) + mark.length})`;
    throw new HooklineError(
      "edit-not-json",
      body.length === 0
        ? "the body is empty, so there is nothing to edit"
        : `the body is not JSON${where}, so it cannot be edited`,
      {
        cause,
        nextSteps: ["send it unedited, or give a body that is strict JSON: no comments, no trailing commas"],
      },
    );
  }
  return { mark, text };
}

function refuseDepth(bytes: Buffer): void {
  let depth = 0;
  let inString = false;
  for (let index = 0; index < bytes.length; index++) {
    const byte = bytes[index];
    if (byte === 0x22) inString = !inString;
    else if (inString) {
      if (byte === 0x5c) index++;
    } else if (byte === 0x7b || byte === 0x5b) {
      if (++depth > maxDepth) {
        throw new HooklineError(
          "edit-too-deep",
          `the body nests deeper than ${maxDepth} levels, so it cannot be edited`,
        );
      }
    } else if (byte === 0x7d || byte === 0x5d) depth--;
  }
}

/** The text a value is written as, its UTF-8 bytes seen as latin1. */
function literalOf(value: string): string {
  try {
    JSON.parse(value);
    return asBytes(value);
  } catch {
    return asBytes(JSON.stringify(value));
  }
}

function asBytes(text: string): string {
  return Buffer.from(text, "utf8").toString("latin1");
}

function splice(text: string, start: number, end: number, replacement: string): string {
  return text.slice(0, start) + replacement + text.slice(end);
}

function setAt(text: string, path: readonly Segment[], literal: string): string {
  const place = findPlace(text, path);
  const { match } = place.container;
  return match === undefined
    ? insertAt(text, path, place, literal)
    : splice(text, match.value, match.end, literal);
}

function unsetAt(text: string, path: readonly Segment[]): string {
  const place = findPlace(text, path);
  const { open, close, before, match, after } = place.container;
  if (match === undefined) throw notThere(place, path);
  // Each member keeps the white space before it, so the survivors stay laid out as they were.
  if (after !== undefined) return splice(text, match.start, after.start, "");
  return before === undefined ? splice(text, open + 1, close, "") : splice(text, before.end, match.end, "");
}

/** Adds the first segment that is missing, holding those below it, at the end of its container. */
function insertAt(text: string, path: readonly Segment[], place: Place, literal: string): string {
  const { container, depth } = place;
  const { open, close, count, last } = container;
  const lead =
    last === undefined ? leadInEmpty(text, place) : leadAfter(text, count, last.start, place.colon);
  const style = {
    lead,
    unit: indentUnit(text),
    colon: place.colon ?? (lead.includes("\n") ? ": " : ":"),
  };
  const key = container.isList ? "" : keyText(path[depth] ?? "") + style.colon;
  const added = key + nested(path, depth + 1, literal, style);
  if (last !== undefined) return splice(text, last.end, last.end, `,${lead}${added}`);
  const tail = lead === "" ? "" : lineStart(text, open);
  return splice(text, open + 1, close, lead + added + tail);
}

interface Style {
  /** White space before the added member; with a line break in it, what is nested gets lines of its own too. */
  lead: string;
  /** One level of indentation. */
  unit: string;
  colon: string;
}

/** The value with the containers that lead to it from `path[from]` on. */
function nested(path: readonly Segment[], from: number, literal: string, style: Style): string {
  const multiline = style.lead.includes("\n");
  let text = literal;
  for (let index = path.length - 1; index >= from; index--) {
    const segment = path[index] ?? "";
    if (typeof segment === "number" && segment > 0) {
      throw wrongPlace(`${showPath(path.slice(0, index))} is not there, so [${segment}] is out of range`);
    }
    const [open, close, key] =
      typeof segment === "number" ? ["[", "]", ""] : ["{", "}", keyText(segment) + style.colon];
    const outer = multiline ? style.lead + style.unit.repeat(index - from) : "";
    text = `${open}${multiline ? outer + style.unit : ""}${key}${text}${outer}${close}`;
  }
  return text;
}

function keyText(segment: Segment): string {
  return asBytes(JSON.stringify(String(segment)));
}

/** The white space a new last member gets: as the last one has it; on one line after a single one, as the colons have it. */
function leadAfter(text: string, count: number, lastStart: number, colon: string | undefined): string {
  const lead = leadOf(text, lastStart);
  return lead === "" && count === 1 && colon?.endsWith(" ") ? " " : lead;
}

/** The white space the first member of an empty container gets: a line of its own where the container has one. */
function leadInEmpty(text: string, { container, startInParent }: Place): string {
  const ownLine = startInParent !== undefined && leadOf(text, startInParent).includes("\n");
  const inside = text.slice(container.open + 1, container.close);
  return ownLine || inside.includes("\n") ? lineStart(text, container.open) + indentUnit(text) : "";
}

/** The line break of the text, and the indentation of the line that `offset` is on. */
function lineStart(text: string, offset: number): string {
  const start = text.lastIndexOf("\n", offset) + 1;
  const indentation = /^[ \t]*/.exec(text.slice(start, offset))?.[0] ?? "";
  return (text.includes("\r\n") ? "\r\n" : "\n") + indentation;
}

function leadOf(text: string, offset: number): string {
  let start = offset;
  while (" \t\r\n".includes(text[start - 1] ?? "x")) start--;
  return text.slice(start, offset);
}

/** JSON has no line breaks inside strings, so the first indented line shows one level. */
function indentUnit(text: string): string {
  return /\n([ \t]+)/.exec(text)?.[1] ?? "  ";
}
