import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Says how to see the rest of a list. @param cursor null where there is no more */
export function showMore(output: Output, cursor: string | null): void {
  if (cursor !== null)
    output.note(output.err.dim(`there are more: go on with --cursor ${safeLine(cursor, 200)}, or add --all`));
}
