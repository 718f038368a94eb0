import { isUtf8 } from "node:buffer";
import { emojiPart, escaped, hidden } from "../text/hidden.ts";
import { count } from "./format.ts";

const anyHidden = new RegExp(`(?=${hidden})(?!${emojiPart})[^]`, "gu");

/** `##vso[`, `##[` and `##teamcity[`: Azure Pipelines, GitHub and TeamCity obey these anywhere in a line. */
const logCommand = /##(?=[a-z]*\[)/gi;

/** `::set-output …`: GitHub obeys this where a line begins with it, after blanks. */
const lineCommand = /^([^\S\n]*)::/gm;

/** One test for all of it, which may say yes too often but never too seldom: most text is clean and is not copied. */
const suspectLine = new RegExp(String.raw`${hidden}|##|^\s*::`, "u");
const suspectText = new RegExp(String.raw`(?!\n)${hidden}|##|(?:^|\n)[^\S\n]*::`, "u");

const hex = (code: number): string => code.toString(16).padStart(4, "0");

const withoutCommands = (text: string): string =>
  text.replace(logCommand, "# #").replace(lineCommand, String.raw`$1\::`);

/**
 * Text from outside as one harmless line: what is hidden or steers a terminal shows as `\u001b` (`\u{e0041}` above
 * U+FFFF), log commands of CI systems are broken up (`# #vso[`, `\::`). Clean text comes back unchanged.
 * @param max code points of the result at most, the last being `…` where text was cut
 */
export function safeLine(text: string, max?: number): string {
  const short = shorten(text, max);
  if (!suspectLine.test(short)) return cut(short, max);
  return cut(withoutCommands(short.replace(anyHidden, escaped)), max);
}

/**
 * Like {@link safeLine}, over several lines: `\n` stays (as does `\r\n`, written `\n`) and a tab becomes two spaces.
 * @param max code points of the result at most, line breaks counted
 */
export function safeText(text: string, max?: number): string {
  const short = shorten(text, max);
  if (!suspectText.test(short)) return cut(short, max);
  const plain = short.replaceAll("\r\n", "\n").replaceAll("\t", "  ");
  return cut(
    withoutCommands(plain.replace(anyHidden, (found) => (found === "\n" ? found : escaped(found)))),
    max,
  );
}

/**
 * A JSON document that `JSON.stringify` wrote on one line, as harmless as {@link safeLine} makes text and still the
 * same document: only escapes of JSON's own are used.
 */
export function safeJson(json: string): string {
  // Most is plain ASCII, which is seen faster.
  if (!/[^\x20-\x7e]|##/.test(json) || !suspectLine.test(json)) return json;
  return json
    .replace(anyHidden, (found) =>
      Array.from({ length: found.length }, (_, unit) => `\\u${hex(found.charCodeAt(unit))}`).join(""),
    )
    .replace(logCommand, String.raw`#\u0023`);
}

/**
 * A body as {@link safeText}: what is printable in it, or, where it is not UTF-8, how many bytes there are.
 * JSON stays JSON (unless it hides characters above U+FFFF), so `text` may go on to `formatJson`.
 */
export function safeBytes(body: Uint8Array): { text: string; binary: boolean } {
  if (!isUtf8(body)) return { text: `(binary, ${count(body.length, "byte", "bytes")})`, binary: true };
  const text = Buffer.from(body.buffer, body.byteOffset, body.byteLength).toString("utf8");
  return { text: safeText(text), binary: false };
}

/** Leaves enough for `max` code points (two units each, or the two of `\r\n`) and one more, so that the cut is seen. */
const shorten = (text: string, max?: number): string =>
  max === undefined || text.length <= 2 * (max + 1) ? text : text.slice(0, 2 * (max + 1));

function cut(text: string, max?: number): string {
  if (max === undefined || text.length <= max) return text;
  let end = 0;
  let last = 0;
  for (let points = 0; points < max && end < text.length; points++) {
    last = end;
    end += (text.codePointAt(end) ?? 0) > 0xffff ? 2 : 1;
  }
  if (end >= text.length) return text;
  // A joiner or selector whose second half is cut off would be hidden itself.
  return `${text.slice(0, last).replace(/[\u200d\ufe0e\ufe0f]+$/, "")}…`;
}
