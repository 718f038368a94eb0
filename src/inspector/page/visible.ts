import { emojiPart, escaped, hidden } from "../../text/hidden.ts";

const anyHidden = new RegExp(hidden, "u");
const run = new RegExp(`(?:(?=${hidden})(?!${emojiPart})[^])+`, "gu");
const runInLines = new RegExp(String.raw`(?:(?![\n\t])(?=${hidden})(?!${emojiPart})[^])+`, "gu");

/** A part of a text: as it is, or what stands in place of characters that would not be seen. */
export interface Piece {
  text: string;
  escape: boolean;
}

/**
 * Text from outside, its hidden characters written as `\u202e` (`\u{e0041}` above U+FFFF).
 * @param lines whether line feeds and tabs stay
 */
export function visible(text: string, lines = false): Piece[] {
  if (!anyHidden.test(text)) return [{ text, escape: false }];
  const pieces: Piece[] = [];
  let end = 0;
  for (const found of text.matchAll(lines ? runInLines : run)) {
    if (found.index > end) pieces.push({ text: text.slice(end, found.index), escape: false });
    pieces.push({ text: Array.from(found[0], shown).join(""), escape: true });
    end = found.index + found[0].length;
  }
  if (end < text.length) pieces.push({ text: text.slice(end), escape: false });
  return pieces;
}

/** The same as plain text, for names and titles. */
export const visibleText = (text: string): string =>
  visible(text)
    .map((piece) => piece.text)
    .join("");

/** Whether a text has characters that would not be seen. */
export const hasHidden = (text: string): boolean => visible(text, true).some((piece) => piece.escape);

/** At most `max` characters of a text, no surrogate pair torn apart. */
export function head(text: string, max: number): string {
  if (text.length <= max) return text;
  const code = text.charCodeAt(max - 1);
  return text.slice(0, code >= 0xd800 && code < 0xdc00 ? max - 1 : max);
}

const short: Readonly<Record<string, string>> = { "\n": "\\n", "\r": "\\r", "\t": "\\t" };

function shown(character: string): string {
  return short[character] ?? escaped(character);
}
