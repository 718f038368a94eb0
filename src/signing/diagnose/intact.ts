import type { Cause, Evidence, Finding } from "../types.ts";
import type { Intact } from "./input.ts";
import { jsonForms } from "./json-forms.ts";
import { parseTree, type Node } from "./json-tree.ts";
import { isLeftover } from "./symptoms.ts";

/** What became of a body that was right under the same signature: known where that body is. */
export function changeSince({ body: before }: Intact, body: Buffer, most: number): Finding | undefined {
  if (before === undefined) return likelyTampered("signature", body);
  // The same bytes: it is not the body that makes the difference.
  if (Buffer.compare(before, body) === 0) return undefined;
  const was = Buffer.from(before.buffer, before.byteOffset, before.byteLength);
  const proved = (cause: Cause, evidence: Evidence = {}): Finding => ({
    cause,
    confidence: "proved",
    evidence: { seen: "signature", bytes: body.length, intact_bytes: was.length, ...evidence },
  });
  if (isLeftover(body)) return proved("body-empty");
  if (body.length < was.length && was.subarray(0, body.length).equals(body)) return proved("body-truncated");
  if (isSameContent(was, body, most)) {
    const arrived = jsonForms(body)?.own();
    return proved("body-reserialised", arrived === undefined ? {} : { arrived });
  }
  return proved("tampered");
}

/** Whether two bodies are the same bytes, or the same JSON written in two ways. */
export function isSameContent(one: Uint8Array, other: Uint8Array, most: number): boolean {
  if (Buffer.compare(one, other) === 0) return true;
  if (one.length > most || other.length > most) return false;
  const [a, b] = [one, other].map(treeOf);
  return a !== undefined && b !== undefined && isSame(a, b);
}

function treeOf(body: Uint8Array): Node | undefined {
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  try {
    JSON.parse(text);
  } catch {
    return undefined;
  }
  return parseTree(text);
}

/** Whether no reader would see a difference; a key that stands twice is read in different ways. */
function isSame(a: Node, b: Node): boolean {
  if (a.kind === "array")
    return (
      b.kind === "array" &&
      a.items.length === b.items.length &&
      a.items.every((item, index) => {
        const other = b.items[index];
        return other !== undefined && isSame(item, other);
      })
    );
  if (a.kind === "object") {
    if (b.kind !== "object" || a.members.length !== b.members.length) return false;
    const [left, right] = [a, b].map(
      ({ members }) => new Map(members.map(([key, value]) => [JSON.parse(key) as string, value])),
    );
    if (left?.size !== a.members.length || right?.size !== a.members.length) return false;
    return [...left].every(([key, value]) => {
      const other = right.get(key);
      return other !== undefined && isSame(value, other);
    });
  }
  if (a.kind !== b.kind) return false;
  if (a.text === b.text) return true;
  if (a.kind === "string") return JSON.parse(a.text) === JSON.parse(b.text);
  // Numbers of so few digits are told apart by every reader.
  const isExact = [a, b].every(({ text }) => /^[-\d]/.test(text) && text.replace(/\D/g, "").length <= 15);
  return isExact && Number(a.text) === Number(b.text);
}

export function likelyTampered(seen: Intact["by"], body: Buffer): Finding {
  return { cause: "tampered", confidence: "likely", evidence: { seen, bytes: body.length } };
}
