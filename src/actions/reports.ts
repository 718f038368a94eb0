import type { Report } from "../reports/report.ts";
import type { Host } from "./workspace.ts";

export type * from "../reports/report.ts";

/** Where a report goes. */
export interface WantedReport {
  format: "junit" | "json" | "markdown" | "html" | "github";
  /** Absolute; none for `github`. */
  file?: string;
}

/** @throws HooklineError `usage` */
export function readReports(host: Host, texts: readonly string[], can: { html: boolean }): WantedReport[] {
  throw new Error(`not yet ${host.cwd} ${texts.join()} ${can.html}`);
}

/** @throws HooklineError `report-unwritable`, exit 1 */
export function tryReports(wanted: readonly WantedReport[]): Promise<void> {
  return Promise.reject(new Error(`not yet ${wanted.length}`));
}

export interface WrittenReports {
  /** Files that were written. */
  files: readonly string[];
  /** Workflow commands of GitHub, a line each, escaped. */
  annotations: readonly string[];
}

/** @throws HooklineError `report-unwritable`, exit 1 */
export function writeReports(
  host: Host,
  wanted: readonly WantedReport[],
  report: Report,
): Promise<WrittenReports> {
  return Promise.reject(new Error(`not yet ${host.cwd} ${wanted.length} ${report.title}`));
}
