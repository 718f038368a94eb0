import { cells, fit } from "./cells.ts";
import { bytes } from "./format.ts";
import { formatJson } from "./json.ts";
import { safeBytes } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** Bytes of a body that are looked at to be printed; the rest is counted. */
const longest = 200_000;

/** Characters of a line that are printed: some bodies are one line of a hundred thousand. */
const longestLine = 2000;

export interface BodyOptions {
  maxLines?: number;
  /** Whole length in bytes, where the body is only the head. */
  length?: number;
  /** Columns that a line may take, its mark counted; longer ones are cut. */
  columns?: number;
  /** Ways to see the lines that were left out, said behind their number; the first alone where there is no room for all. */
  ways?: readonly string[];
}

/**
 * A body from outside as lines for the terminal, each behind a mark at its left: JSON pretty-printed and coloured,
 * other text as it is, binary data as its length.
 */
export function bodyLines(body: Uint8Array, theme: Theme, options: BodyOptions = {}): string[] {
  const { maxLines = 2000, length = body.length, columns = Infinity, ways = [] } = options;
  const bar = theme.dim("│");
  if (body.length === 0) return [`${bar} ${theme.dim("(empty)")}`];
  const shown = body.length > longest ? wholeCharacters(body.subarray(0, longest)) : body;
  const { text, binary } = safeBytes(shown);
  if (binary) return [`${bar} ${theme.dim(`(${bytes(length)} that are no UTF-8 text)`)}`];
  const room = Math.max(columns - 2, 1);
  // One character more than fits, so that a cut is seen.
  const all = formatJson(text, theme, { maxLines, width: Math.min(room + 1, longestLine) });
  const lines = all.slice(0, maxLines).map((line) => fit(line, room));
  for (const more of all.slice(maxLines)) {
    const hints = [ways, ways.slice(0, 1), []].map((some) =>
      some.length === 0 ? more : `${more} (${some.join(", or: ")})`,
    );
    lines.push(theme.dim(hints.find((line) => cells(line) <= room) ?? more));
  }
  if (length > shown.length) lines.push(theme.dim(`… ${bytes(length)} in all`));
  return lines.map((line) => `${bar} ${line}`);
}

/** Without a UTF-8 character that is cut at the end. */
function wholeCharacters(head: Uint8Array): Uint8Array {
  let end = head.length;
  while (end > head.length - 4 && ((head[end - 1] ?? 0) & 0xc0) === 0x80) end--;
  const lead = head[end - 1] ?? 0;
  const follow = head.length - end;
  const wanted = lead >= 0xf0 ? 3 : lead >= 0xe0 ? 2 : lead >= 0xc0 ? 1 : 0;
  return follow === wanted ? head : head.subarray(0, wanted === 0 ? head.length : end - 1);
}
