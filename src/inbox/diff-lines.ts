import { align } from "./diff-align.ts";
import type { Findings } from "./difference.ts";

/** Compares text line by line; line ends are part of their lines. */
export function diffLines(before: string, after: string, findings: Findings): void {
  const [olds, news] = [linesOf(before), linesOf(after)];
  for (const pair of align(olds, news)) {
    const old = pair.before === undefined ? undefined : olds[pair.before];
    const now = pair.after === undefined ? undefined : news[pair.after];
    if (old === now) continue;
    const path = (): string => `line ${(pair.after ?? pair.before ?? 0) + 1}`;
    if (old === undefined) findings.add("added", path, undefined, now);
    else if (now === undefined) findings.add("removed", path, old);
    else findings.add(withoutEnd(old) === withoutEnd(now) ? "written" : "changed", path, old, now);
  }
}

function linesOf(text: string): string[] {
  return text === "" ? [] : text.split(/(?<=\n)/);
}

function withoutEnd(line: string): string {
  return line.replace(/\r?\n$/, "");
}
