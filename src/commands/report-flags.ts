import type { Command } from "commander";
import type { Report } from "../actions/reports.ts";
import type { Session } from "./context.ts";
import { collect } from "./payload-flags.ts";

export function addReportFlag(command: Command): Command {
  return command.option(
    "--report <format:file>",
    "write a report: junit:FILE, json:FILE, markdown:FILE, html:FILE (of a load), or github; repeatable",
    collect,
    [],
  );
}

/** The reports that the user asked for. */
export interface Reports {
  /** Writes all of them, and prints annotations for GitHub. @throws HooklineError `report-unwritable`, exit 1 */
  write(report: Report): Promise<void>;
}

/**
 * Reads `--report` and tries whether the files can be written: before anything is sent.
 * @param can.html whether the run is one of which there are plots
 * @returns undefined where none is asked for
 * @throws HooklineError `usage`, `report-unwritable`
 */
export async function openReports(
  { host, output }: Session,
  texts: readonly string[],
  can: { html: boolean },
): Promise<Reports | undefined> {
  if (texts.length === 0) return undefined;
  const { readReports, tryReports, writeReports } = await import("../actions/reports.ts");
  const { showReports } = await import("../ui/reports.ts");
  const wanted = readReports(host, texts, can);
  await tryReports(wanted);
  return {
    async write(report) {
      const written = await writeReports(host, wanted, report);
      showReports(output, written);
      if (written.problem !== undefined) throw written.problem;
    },
  };
}
