import type { RawHeaders } from "./types.ts";
import { headerValues } from "./headers.ts";

type Part =
  /** The UTF-8 bytes of the literal text, one a character. */
  | { kind: "text"; text: string }
  | { kind: "body" }
  | { kind: "timestamp" }
  | { kind: "header"; name: string };

/** A template of signed content (`v0:{timestamp}:{body}`), taken apart once. */
export type Content = readonly Part[];

/** Takes a template apart; braces that are no placeholder are literal text. */
export function parseContent(template: string): Content {
  const parts: Part[] = [];
  let end = 0;
  for (const match of template.matchAll(/\{(body|timestamp|header:([^{}]+))\}/g)) {
    if (match.index > end) parts.push(literal(template.slice(end, match.index)));
    if (match[2] !== undefined) parts.push({ kind: "header", name: match[2].toLowerCase() });
    else parts.push({ kind: match[1] === "body" ? "body" : "timestamp" });
    end = match.index + match[0].length;
  }
  if (end < template.length) parts.push(literal(template.slice(end)));
  return parts;
}

function literal(text: string): Part {
  return { kind: "text", text: Buffer.from(text, "utf8").toString("latin1") };
}

/** The lower-case names of the headers a template signs. */
export function signedHeaders(content: Content): string[] {
  return content.flatMap((part) => (part.kind === "header" ? [part.name] : []));
}

/**
 * The pieces to feed to the signature, in order. Text is latin1, one byte a character, as header values are on the
 * wire; every header named must be present once (the caller has checked).
 */
export function signedPieces(
  content: Content,
  body: Uint8Array,
  timestamp: string | undefined,
  headers: RawHeaders,
): (string | Uint8Array)[] {
  const pieces: (string | Uint8Array)[] = [];
  let text = "";
  for (const part of content) {
    if (part.kind === "text") text += part.text;
    else if (part.kind === "timestamp") text += timestamp ?? "";
    else if (part.kind === "header") text += headerValues(headers, part.name)[0] ?? "";
    else {
      if (text !== "") pieces.push(text);
      text = "";
      pieces.push(body);
    }
  }
  if (text !== "") pieces.push(text);
  return pieces;
}
