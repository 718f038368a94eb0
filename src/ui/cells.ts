import { strlen, wordWrap } from "cli-table3/src/utils.js";
import type { Style } from "./theme.ts";

/** A style's escape sequence; text from outside has none, as it was made safe before. */
const style = /(\x1b\[[\d;]*m)/;
const styles = new RegExp(style, "g");

let segmenter: Intl.Segmenter | undefined;

/** Cells that safe, perhaps styled text takes on a terminal: two for wide characters and pictures, none for styles. */
export function cells(text: string): number {
  if (/^[\x20-\x7e]*$/.test(text)) return text.length;
  let sum = 0;
  for (const character of characters(text.replace(styles, ""))) sum += cellsOf(character);
  return sum;
}

/** The beginning of a line that fits, `…` at its end where it was cut; styles are ended as they were. */
export function fit(text: string, width: number): string {
  if (width === Infinity || cells(text) <= width) return text;
  const [head, tail] = split(text, width - 1);
  return `${head}…${(tail.match(styles) ?? []).join("")}`;
}

/** Plain text cut in its middle, where it is least missed: of a URL, host and end stay. */
export function cutMiddle(text: string, width: number): string {
  if (width === Infinity || cells(text) <= width) return text;
  const all = [...characters(text)];
  const [head] = split(text, Math.ceil((width - 1) / 2));
  let tail = "";
  for (let left = width - 1 - cells(head), index = all.length - 1; index >= 0; index--) {
    left -= cellsOf(all[index] ?? "");
    if (left < 0) break;
    tail = `${all[index]}${tail}`;
  }
  return `${head}…${tail}`;
}

/** Lines that fit, broken between words. A URL that is longer is cut in its middle, another word is broken. */
export function wrap(text: string, width: number): string[] {
  if (width === Infinity || cells(text) <= width) return [text];
  return wordWrap(width, text).flatMap((line) => {
    if (cells(line) <= width) return [line];
    const [, before = "", url, after = ""] = /^(\S*?)(https?:\/\/[^\s\x1b]+)(\S*)$/.exec(line) ?? [];
    const room = width - cells(before) - cells(after);
    if (url !== undefined && room >= shortestUrl) return [`${before}${cutMiddle(url, room)}${after}`];
    const parts: string[] = [];
    for (let rest = line; rest !== "";) {
      const [head, tail] = split(rest, Math.max(width, 2));
      parts.push(head);
      rest = tail;
    }
    return parts;
  });
}

/** Joins what must stay whole, broken between two where a line is full. */
export function joinFitting(items: readonly string[], separator: string, width: number): string[] {
  const lines: string[] = [];
  for (const item of items) {
    const longer = `${lines.at(-1) ?? ""}${separator}${item}`;
    if (lines.length > 0 && cells(longer) <= width) lines[lines.length - 1] = longer;
    else lines.push(item);
  }
  return lines;
}

/** A field of a line. */
export interface Field {
  /** Safe and plain. */
  text: string;
  style?: Style;
  /** Left out where the line is too long, the field with 1 first. */
  leaves?: 1 | 2 | 3;
  /** Cut in its middle where the line is too long even then, the field with 1 first. */
  shrinks?: 1 | 2;
}

/** Cells between two fields. */
const gap = 2;
/** Cells that a field keeps when it shrinks. */
const shortest = 8;
/** A URL that is cut shorter says nothing. */
const shortestUrl = 16;

/** Fields on one line that is never longer than the terminal, two spaces apart. */
export function fieldsLine(fields: readonly Field[], width: number): string {
  let left = fields;
  // Without a terminal nothing is measured: many lines a second may be printed there.
  const excess = (): number =>
    width === Infinity ? 0 : left.reduce((sum, { text }) => sum + cells(text) + gap, -gap) - width;
  for (const step of [1, 2, 3]) if (excess() > 0) left = left.filter(({ leaves }) => leaves !== step);
  for (const step of [1, 2]) {
    const over = excess();
    if (over <= 0) break;
    left = left.map((field) =>
      field.shrinks === step
        ? { ...field, text: cutMiddle(field.text, Math.max(cells(field.text) - over, shortest)) }
        : field,
    );
  }
  const line = left.map(({ text, style: colour = same }) => colour(text)).join(" ".repeat(gap));
  return fit(line, width);
}

const same: Style = (text) => text;

/** What a reader sees as one character: an accent belongs to its letter, a flag is one picture. */
function* characters(text: string): Generator<string> {
  segmenter ??= new Intl.Segmenter();
  for (const { segment } of segmenter.segment(text)) yield segment;
}

/** Pictures joined into one count for each, as not every terminal draws them as one. */
function cellsOf(character: string): number {
  if (/^[\x20-\x7e]$/.test(character)) return 1;
  return /\p{Emoji_Presentation}|\ufe0f/u.test(character)
    ? 2 * character.split("\u200d").length
    : strlen(character);
}

/** The part that fits, and the rest; at least one character goes into the first. */
function split(text: string, width: number): [head: string, tail: string] {
  let head = "";
  let left = width;
  let at = 0;
  for (const part of text.split(style)) {
    if (style.test(part)) {
      head += part;
      at += part.length;
      continue;
    }
    for (const character of characters(part)) {
      left -= cellsOf(character);
      if (left < 0 && left < width - cellsOf(character)) return [head, text.slice(at)];
      head += character;
      at += character.length;
    }
  }
  return [head, ""];
}
