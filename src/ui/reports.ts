import type { WrittenReports } from "../actions/reports.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Prints GitHub's annotations, and says which files were written; all on standard error. */
export function showReports(output: Output, { files, annotations, isWithoutSummary }: WrittenReports): void {
  for (const file of files) output.note(output.err.dim(`report written to ${safeLine(file)}`));
  if (isWithoutSummary) {
    output.note(
      output.err.dim(
        "GITHUB_STEP_SUMMARY is not set, so there is no summary: this runs outside of GitHub Actions",
      ),
    );
  }
  for (const annotation of annotations) output.command(annotation);
}
