import type { WrittenReports } from "../actions/reports.ts";
import type { Output } from "./output.ts";

/** Prints GitHub's annotations, and says which files were written; all on standard error. */
export function showReports(output: Output, { files }: WrittenReports): void {
  output.note(files.join(", "));
}
