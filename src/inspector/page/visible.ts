/**
 * What must not be drawn as it is: controls (C0, DEL, C1), lone surrogates, line and paragraph separators, interlinear
 * marks, and every code point Unicode has drawn as nothing (`\p{DI}`, Default_Ignorable_Code_Point: bidi controls,
 * zero-width and filler characters, variation selectors, tags, soft hyphen). The terminal's views hide the same.
 */
const hidden = String.raw`[\p{Cc}\p{Cs}\p{DI}\p{Zl}\p{Zp}\ufff9-\ufffb]`;

/** Kept, as emoji are made of them: a joiner between two pictures, a selector after one, a keycap's selector. */
const emojiPart = [
  String.raw`(?<=\p{ExtPict}[\u{1f3fb}-\u{1f3ff}]?\ufe0f?)\u200d(?=\p{ExtPict})`,
  String.raw`(?<=\p{ExtPict})[\ufe0e\ufe0f]`,
  String.raw`(?<=[0-9#*])\ufe0f(?=\u20e3)`,
].join("|");

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
    pieces.push({ text: Array.from(found[0], escaped).join(""), escape: true });
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

function escaped(character: string): string {
  const name = short[character];
  if (name !== undefined) return name;
  const code = character.codePointAt(0) ?? 0;
  const hex = code.toString(16).padStart(4, "0");
  return code > 0xffff ? `\\u{${hex}}` : `\\u${hex}`;
}
