import { isUtf8 } from "node:buffer";
import { headerValue } from "../headers.ts";
import type { Cause, Evidence, Finding, RawHeaders } from "../types.ts";
import { announcedLength } from "./evident.ts";
import { jsonForms } from "./json-forms.ts";
import { isSorted, numbersOf, parseTree, type Node } from "./json-tree.ts";
import { stackOf } from "./stack.ts";

/** What a parser leaves of a body that was consumed before. */
const leftovers = new Set(["", "{}", "null", "undefined", '""']);
/** Bytes of the largest body whose numbers and keys are looked at one by one: some milliseconds' work. */
const mostForForm = 64 * 1024;
const replacement = Buffer.from("\ufffd");

/** Whether nothing is left of a body but what a parser makes of none. */
export function isLeftover(body: Buffer): boolean {
  return body.length < 20 && leftovers.has(body.toString("utf8").trim());
}

/**
 * What the body itself, held against the headers, tells of changes that cannot be undone; the likeliest alone. A body of
 * the length that was announced shows none but rounded numbers.
 * @param most bytes of the largest body that is parsed
 */
export function symptomOf(body: Buffer, headers: RawHeaders, most: number): Finding | undefined {
  const announced = announcedLength(headers);
  const isReadable = body.length <= Math.min(most, mostForForm);
  if (announced === body.length) return isReadable ? roundedIn(body, headers) : undefined;
  const stack = stackOf(headers);
  const evidence: Evidence = {
    bytes: body.length,
    ...(announced === undefined ? {} : { content_length: announced }),
  };
  const likely = (cause: Cause, more: Evidence = {}): Finding => ({
    cause,
    confidence: "likely",
    evidence: { ...evidence, ...(stack === undefined ? {} : { stack }), ...more },
  });
  const start = body.toString("utf8", 0, 20).trim();
  if (body.length === 0) return likely("body-empty");
  if (isLeftover(body)) return likely("body-empty", { body: start });
  if (start === "[object Object]") return likely("body-reserialised", { arrived: start });

  const encoding = headerValue(headers, "content-encoding")?.trim().toLowerCase() ?? "";
  if (/^(?:gzip|x-gzip|deflate|br|zstd)$/.test(encoding) && /^[[{"\w]/.test(start))
    return likely("body-encoded", { encoding, change: "removed" });

  const isOpen =
    /^[[{]/.test(start) && (body.length > most ? endsOpen(body) : isUnfinished(body.toString("utf8")));
  if (isOpen && (announced === undefined || announced > body.length)) return likely("body-truncated");
  const lost = countOf(body, replacement);
  if (lost > 0) return likely("body-charset", { replacement_characters: lost });
  if (announced === undefined)
    return isReadable && !isOpen ? (roundedIn(body, headers) ?? sortedIn(body, headers)) : undefined;
  if (/^[[{]/.test(start) && !isUtf8(body)) return likely("body-charset", { arrived: "ISO-8859-1" });
  const asked = body.length > most ? 0 : questionMarks(body, announced - body.length);
  if (asked > 0) return likely("body-charset", { question_marks: asked });
  if (/^[[{]/.test(start) && !isOpen) {
    const arrived = body.length > most ? undefined : jsonForms(body)?.own();
    return likely("body-reserialised", arrivedAs(arrived, headers));
  }
  return announced > body.length ? likely("body-truncated") : undefined;
}

/** JSON whose large integers all are as a parser that knows floats alone leaves them, which keeps their length. */
function roundedIn(body: Buffer, headers: RawHeaders): Finding | undefined {
  const text = body.toString("utf8");
  // What is not in quotes; most bodies have no such number at all.
  if (!/^\s*[[{]/.test(text) || !/[\s:,[-]\d{15,}0\s*[,}\]]/.test(text)) return undefined;
  const forms = jsonForms(body);
  const root = forms === undefined ? undefined : parseTree(text);
  if (forms === undefined || root === undefined) return undefined;
  const large = numbersOf(root)
    .map((number) => number.text)
    .filter((token) => /^-?\d{16,}$/.test(token) && !Number.isSafeInteger(Number(token)));
  const isRounded =
    large.every((token) => String(Number(token)) === token) &&
    (large.some((token) => token.endsWith("00")) || large.every((token) => /\d{16,}0$/.test(token)));
  return large.length > 0 && isRounded
    ? rewrittenAs(body, headers, { ...arrivedAs(forms.own(), headers), numbers: "rounded" })
    : undefined;
}

/** JSON with the keys of every object in order, where so many are not by accident. */
function sortedIn(body: Buffer, headers: RawHeaders): Finding | undefined {
  const forms = jsonForms(body);
  const root = forms === undefined ? undefined : parseTree(body.toString("utf8"));
  if (forms === undefined || root === undefined || !isSorted(root) || ordersOf(root) < fewestOrders)
    return undefined;
  const { stack } = arrivedAs(forms.own(), headers);
  return rewrittenAs(body, headers, { arrived: "keys sorted", ...(stack === undefined ? {} : { stack }) });
}

/** Orders in which the keys of a document could stand, from which sorted ones are no accident. */
const fewestOrders = 5_000;

/** In how many orders the keys could stand; objects of the same keys have one order together. */
function ordersOf(root: Node): number {
  const seen = new Set<string>();
  let orders = 1;
  const visit = (node: Node): void => {
    if (node.kind === "array") node.items.forEach(visit);
    if (node.kind !== "object") return;
    const keys = node.members.map(([key]) => key);
    const names = keys.join();
    if (!seen.has(names)) keys.forEach((_, index) => (orders *= index + 1));
    seen.add(names);
    for (const [, member] of node.members) visit(member);
  };
  visit(root);
  return orders;
}

function arrivedAs(arrived: string | undefined, headers: RawHeaders): Evidence {
  const stack = stackOf(headers, arrived);
  return { ...(arrived === undefined ? {} : { arrived }), ...(stack === undefined ? {} : { stack }) };
}

function rewrittenAs(body: Buffer, headers: RawHeaders, evidence: Evidence): Finding {
  const announced = announcedLength(headers);
  return {
    cause: "body-reserialised",
    confidence: "likely",
    evidence: {
      bytes: body.length,
      ...(announced === undefined ? {} : { content_length: announced }),
      ...evidence,
    },
  };
}

/** Whether JSON text ends within a string, an array or an object. */
function isUnfinished(text: string): boolean {
  let depth = 0;
  for (const [token] of text.matchAll(/"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?$)|[{}[\]]/g)) {
    if (token === "{" || token === "[") depth++;
    else if (token === "}" || token === "]") depth--;
    else if (token.length === 1 || !token.endsWith('"')) return true;
  }
  return depth > 0;
}

/** The same by the last byte alone, for a body too large to be read. */
function endsOpen(body: Buffer): boolean {
  return !/[}\]]\s*$/.test(body.toString("latin1", Math.max(0, body.length - 100)));
}

function countOf(body: Buffer, bytes: Buffer): number {
  let count = 0;
  for (let at = body.indexOf(bytes); at !== -1 && count < 1000; at = body.indexOf(bytes, at + bytes.length))
    count++;
  return count;
}

/** Question marks that stand for characters which an encoding has not, where those account for the bytes that are missing. */
function questionMarks(body: Buffer, missing: number): number {
  if (missing <= 0 || body.some((byte) => byte >= 0x80)) return 0;
  const text = body.toString("latin1").replace(/https?:[^\s"]{0,2000}/g, "");
  const all = text.split("?").length - 1;
  const isOdd = /\?[A-Za-z]|[A-Za-z]\?\?|"\?|\?\?/.test(text);
  // Each stands for a character of two to four bytes.
  return (isOdd || all > 1) && missing >= all && missing <= 3 * all ? all : 0;
}
