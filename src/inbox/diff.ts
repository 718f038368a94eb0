// Runs in a browser as well: nothing of Node is used here.
import { diffForms, isForm } from "./diff-form.ts";
import { diffJson, isJson } from "./diff-json.ts";
import { diffLines } from "./diff-lines.ts";
import { gather, type Difference } from "./difference.ts";

export type { Difference } from "./difference.ts";

/** How two bodies differ. */
export interface BodyDiff {
  /** What both are read as; `text` where one is JSON or a form and the other is not, or is too large to be taken apart. */
  kind: "json" | "form" | "text" | "binary";
  /** Byte for byte: where it is true there are no differences, where it is false there is at least one, but of `binary`. */
  equal: boolean;
  /** Lengths in bytes. */
  bytes: { before: number; after: number };
  /** Of the first byte that differs, from 0; null where they are equal. */
  offset: number | null;
  /** In the order of the bodies; none of `binary`, of which only lengths and offset are told. */
  differences: Difference[];
  /** How many more there are than `differences` holds. */
  more: number;
}

/** A byte order mark is kept: it is one of the bytes that are signed. */
const utf8 = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });

/** Compares two bodies, in time and memory that are bounded whatever they hold. */
export function diffBodies(before: Uint8Array, after: Uint8Array): BodyDiff {
  const texts = [textOf(before), textOf(after)] as const;
  const kind = kindOf(...texts);
  const offset = firstDifference(before, after);
  const findings = gather();
  if (offset !== null) {
    const [one = "", other = ""] = texts;
    if (kind === "json") diffJson(one, other, findings);
    else if (kind === "form") diffForms(one, other, findings);
    else if (kind === "text") diffLines(one, other, findings);
  }
  return {
    kind,
    equal: offset === null,
    bytes: { before: before.length, after: after.length },
    offset,
    differences: findings.differences,
    more: findings.more(),
  };
}

function kindOf(before: string | undefined, after: string | undefined): BodyDiff["kind"] {
  if (before === undefined || after === undefined) return "binary";
  if (isJson(before) && isJson(after)) return "json";
  return isForm(before) && isForm(after) ? "form" : "text";
}

/** The body's text; undefined where it is no UTF-8, or holds NUL as no text does. */
function textOf(body: Uint8Array): string | undefined {
  if (body.includes(0)) return undefined;
  try {
    return utf8.decode(body);
  } catch {
    return undefined;
  }
}

function firstDifference(before: Uint8Array, after: Uint8Array): number | null {
  const shorter = Math.min(before.length, after.length);
  for (let index = 0; index < shorter; index++) if (before[index] !== after[index]) return index;
  return before.length === after.length ? null : shorter;
}
