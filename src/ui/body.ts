import { bytes, count } from "./format.ts";
import { formatJson } from "./json.ts";
import { safeBytes, safeText } from "./safe.ts";
import type { Theme } from "./theme.ts";

/** Characters of a body that are looked at to be printed; the rest is counted. */
const longest = 200_000;

/**
 * A body from outside as lines for the terminal, each behind a mark at its left: JSON pretty-printed and coloured,
 * other text as it is, binary data as its length.
 */
export function bodyLines(
  body: Uint8Array,
  theme: Theme,
  options: { maxLines?: number; length?: number } = {},
): string[] {
  const { maxLines = 2000, length = body.length } = options;
  const bar = theme.dim("│");
  if (body.length === 0) return [`${bar} ${theme.dim("(empty)")}`];
  const { text, binary } = safeBytes(body.subarray(0, longest));
  if (binary) return [`${bar} ${theme.dim(`(${bytes(length)} that are no UTF-8 text)`)}`];
  const whole = body.length <= longest;
  const lines = whole ? formatJson(text, theme, { maxLines }) : safeText(text).split("\n");
  const shown = lines.slice(0, maxLines);
  const rest = lines.length - shown.length;
  const more = [
    ...(rest > 0 ? [`… ${count(rest, "more line", "more lines")}`] : []),
    ...(length > Math.min(body.length, longest) ? [`… ${bytes(length)} in all`] : []),
  ];
  return [...shown, ...more.map((line) => theme.dim(line))].map((line) => `${bar} ${line}`);
}
