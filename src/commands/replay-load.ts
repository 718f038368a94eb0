import { load, type LoadOptions, type LoadSummary } from "../actions/load.ts";
import type { Workspace } from "../actions/workspace.ts";
import { EXIT } from "../errors.ts";
import { showLoad } from "../ui/load.ts";
import type { Session } from "./context.ts";
import type { Reports } from "./report-flags.ts";

/** Puts load on a target. @returns the exit code */
export async function runLoad(
  { host, output, stderr, interrupted }: Session,
  workspace: Workspace,
  options: LoadOptions,
  reports: Reports | undefined,
): Promise<number> {
  const startedAt = host.now();
  const shown = await showLoad(output, stderr, load(workspace, options));
  if (shown !== undefined && reports !== undefined) {
    const { loadReport } = await import("../ui/report-load.ts");
    await reports.write(loadReport(shown.start, shown.summary, startedAt));
  }
  return interrupted() ?? (shown !== undefined && isGood(shown.summary) ? 0 : EXIT.failed);
}

/** With thresholds they decide, and not one success is never good; without them whatever failed or never started counts. */
function isGood({ succeeded, failed, unstarted, thresholds }: LoadSummary): boolean {
  if (succeeded === 0) return false;
  return thresholds.length === 0 ? failed + unstarted === 0 : thresholds.every((judged) => !judged.failed);
}
