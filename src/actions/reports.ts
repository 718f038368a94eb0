import { randomBytes } from "node:crypto";
import {
  accessSync,
  appendFileSync,
  constants,
  lstatSync,
  mkdirSync,
  renameSync,
  rmSync,
  writeFileSync,
  type Stats,
} from "node:fs";
import { dirname, join, resolve } from "node:path";
import { EXIT, HooklineError } from "../errors.ts";
import type { Report } from "../reports/report.ts";
import type { Host } from "./workspace.ts";

export type * from "../reports/report.ts";

/** Where a report goes. */
export interface WantedReport {
  format: "junit" | "json" | "markdown" | "html" | "github";
  /** Absolute; that of the step's summary for `github`, where there is one. */
  file?: string;
}

export interface WrittenReports {
  /** Files that were written; not the step's summary. */
  files: readonly string[];
  /** Workflow commands of GitHub, a line each, escaped. */
  annotations: readonly string[];
  /** `github` was asked for, and there is no step to summarise. */
  isWithoutSummary: boolean;
  /** Of the reports that could not be written: `report-unwritable`, exit 1. */
  problem: HooklineError | undefined;
}

/** What is written to a file, each loaded only where it is asked for. */
const writers: Readonly<
  Record<Exclude<WantedReport["format"], "github">, (report: Report) => Promise<string>>
> = {
  junit: async (report) => (await import("../reports/junit.ts")).junitReport(report),
  json: async (report) => (await import("../reports/json.ts")).jsonReport(report),
  markdown: async (report) => (await import("../reports/markdown.ts")).markdownReport(report),
  html: async (report) => (await import("../reports/html.ts")).htmlReport(report),
};

/**
 * Reads what `--report` was given.
 * @param can.html whether the run is one of which there are plots
 * @throws HooklineError `usage`
 */
export function readReports(host: Host, texts: readonly string[], can: { html: boolean }): WantedReport[] {
  const wanted = texts.map((text) => readReport(host, text, can));
  const places = wanted.map(({ format, file }) => file ?? format);
  const twice = places.find((place, index) => places.indexOf(place) !== index);
  if (twice === undefined) return wanted;
  throw wrong(`names ${twice} twice`, ["give each report a file of its own"]);
}

function readReport({ cwd, environment }: Host, text: string, can: { html: boolean }): WantedReport {
  const colon = text.indexOf(":");
  const format = colon < 0 ? text : text.slice(0, colon);
  const file = colon < 0 ? undefined : text.slice(colon + 1);
  const formats = Object.keys(writers).filter((name) => name !== "html" || can.html);
  const possible = [`use ${formats.map((name) => `${name}:FILE`).join(", ")}, or github`];
  if (format === "github") {
    if (file !== undefined)
      throw wrong("takes no file for github: GitHub says where its summary goes", ["use --report github"]);
    const summary = environment.variable("GITHUB_STEP_SUMMARY")?.value;
    return { format, ...(summary === undefined ? {} : { file: resolve(cwd, summary) }) };
  }
  if (format === "html" && !can.html) throw wrong("html is for a load, of which there are plots", possible);
  if (!isFormat(format)) throw wrong(`knows no ${JSON.stringify(format)}`, possible);
  if (file === undefined || file === "")
    throw wrong(`${format} needs a file`, [`use --report ${format}:FILE`]);
  if (file === "-")
    throw wrong(`${format} takes no standard output: the command's own output is there`, [
      `name a file: --report ${format}:FILE`,
    ]);
  if (/[/\\]$/.test(file)) throw wrong(`${text} names a folder`, [`add the name of a file behind it`]);
  return { format, file: resolve(cwd, file) };
}

function isFormat(name: string): name is keyof typeof writers {
  return Object.hasOwn(writers, name);
}

function wrong(what: string, nextSteps: readonly string[]): HooklineError {
  return new HooklineError("usage", `--report ${what}`, { nextSteps });
}

/**
 * Tries whether the files can be written, and makes their folders; no report is there afterwards that was not before.
 * @throws HooklineError `report-unwritable`, exit 1
 */
export async function tryReports(wanted: readonly WantedReport[]): Promise<void> {
  for (const { format, file } of wanted) {
    if (file === undefined) continue;
    try {
      refuseOther(file);
      // What can be made beside it can be moved in its place. The summary is written in its own.
      if (format !== "github") replace(file);
    } catch (cause) {
      throw unwritable([{ file, cause: cause as Error }], "; nothing was sent");
    }
  }
}

/**
 * Writes each report whole, or leaves what was there; one that fails keeps no other from being written. The summary of
 * a step is added to what is in it.
 */
export async function writeReports(
  host: Host,
  wanted: readonly WantedReport[],
  report: Report,
): Promise<WrittenReports> {
  const files: string[] = [];
  const failed: { file: string; cause: Error }[] = [];
  const github = wanted.find(({ format }) => format === "github");
  for (const { format, file } of wanted) {
    if (format === "github" || file === undefined) continue;
    const text = await writers[format](report);
    attempt(file, () => {
      refuseOther(file);
      replace(file, text);
      files.push(file);
    });
  }
  const { file: summary } = github ?? {};
  if (summary !== undefined) {
    const { longestMarkdown, markdownReport } = await import("../reports/markdown.ts");
    attempt(summary, () => {
      // Other commands of the step have their room in it.
      const there = refuseOther(summary)?.size ?? 0;
      appendFileSync(summary, `${markdownReport(report, longestMarkdown - there)}\n`);
    });
  }
  return {
    files,
    annotations: github === undefined ? [] : await annotationsOf(host, report),
    isWithoutSummary: github !== undefined && summary === undefined,
    problem: failed.length === 0 ? undefined : unwritable(failed),
  };

  function attempt(file: string, write: () => void): void {
    try {
      write();
    } catch (cause) {
      failed.push({ file, cause: cause as Error });
    }
  }
}

async function annotationsOf({ cwd, environment }: Host, report: Report): Promise<string[]> {
  const { annotations } = await import("../reports/github.ts");
  const workspace = environment.variable("GITHUB_WORKSPACE")?.value ?? cwd;
  return annotations(report, { cwd, workspace: resolve(cwd, workspace) });
}

/** A device or a link would be replaced, or lead elsewhere. @throws Error where something else than a file is there */
function refuseOther(file: string): Stats | undefined {
  const stats = lstatSync(file, { throwIfNoEntry: false });
  if (stats === undefined) return undefined;
  if (stats.isDirectory()) throw new Error("it is a folder");
  if (stats.isSymbolicLink()) throw new Error("it is a symbolic link");
  if (!stats.isFile()) throw new Error("it is not a file");
  accessSync(file, constants.W_OK);
  return stats;
}

/**
 * Puts a file in the place of another in one step.
 * @param content its text; where left out it is only tried, and nothing changes
 */
function replace(file: string, content?: string): void {
  const folder = dirname(file);
  mkdirSync(folder, { recursive: true });
  // A name that nobody can foresee, and that no pattern for reports finds.
  const draft = join(folder, `.hookline-${randomBytes(8).toString("hex")}.new`);
  try {
    writeFileSync(draft, content ?? "", { flag: "wx" });
    if (content !== undefined) renameSync(draft, file);
  } finally {
    rmSync(draft, { force: true });
  }
}

function unwritable(failed: readonly { file: string; cause: Error }[], behind = ""): HooklineError {
  const files = failed.map(({ file, cause }) => `${file}: ${cause.message}`);
  return new HooklineError("report-unwritable", `cannot write the report ${files.join("; nor ")}${behind}`, {
    exitCode: EXIT.failed,
    nextSteps: ["check that the path is right, that you may write there, and that there is room"],
    cause: failed[0]?.cause,
  });
}
