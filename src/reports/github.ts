import { isAbsolute, relative, resolve, sep } from "node:path";
import type { Report, ReportCase, ReportFailure, ReportGroup } from "./report.ts";
import { casesThat, fullName, head } from "./words.ts";

/** GitHub shows so many of a kind in a step. */
const mostAnnotations = 10;

/** Characters of a message: GitHub cuts what it takes for too long. */
const longest = { title: 200, message: 4000 };

/**
 * What failed as workflow commands, one a line. Text in them is escaped, so that nothing in it ends one or starts another.
 * @param folders.cwd what paths are relative to
 * @param folders.workspace the repository's folder, below which GitHub knows files; absolute
 */
export function annotations(report: Report, folders: { cwd: string; workspace: string }): string[] {
  const found = distinct(report);
  const lines = found.slice(0, mostAnnotations).map(({ group, one, failures, cases }) => {
    const place = one.place === undefined ? undefined : inWorkspace(one.place.file, folders);
    const name = fullName(group, one);
    const properties = {
      ...(place === undefined || one.place === undefined
        ? {}
        : { file: place, line: String(one.place.line) }),
      title: head(cases === 1 ? name : `${name} and ${cases - 1} more`, longest.title),
    };
    return command("error", properties, head(words(one, failures), longest.message));
  });
  const more = found.length - lines.length;
  if (more === 0) return lines;
  const text = `${more} more of ${found.length} failures are in the step's summary and in the other reports`;
  return [...lines, command("notice", { title: report.title }, text)];
}

/** What failed in one way, and in how many cases. */
interface Failed {
  group: ReportGroup;
  /** The first of them. */
  one: ReportCase;
  failures: readonly ReportFailure[];
  cases: number;
}

/** Each failure once, wherever it is said. One that is written somewhere is shown there, with all that failed there. */
function distinct(report: Report): Failed[] {
  const found = new Map<string, Failed>();
  casesThat(report, "failed").forEach(({ group, one }, index) => {
    const own =
      one.place === undefined && one.failures.length > 0
        ? one.failures.map((each) => [each])
        : [one.failures];
    for (const failures of own) {
      const [first] = failures;
      const key =
        one.place === undefined && first !== undefined
          ? JSON.stringify([first.code, first.message])
          : String(index);
      const before = found.get(key);
      found.set(
        key,
        before === undefined ? { group, one, failures, cases: 1 } : { ...before, cases: before.cases + 1 },
      );
    }
  });
  return [...found.values()];
}

function words({ request }: ReportCase, failures: readonly ReportFailure[]): string {
  return [
    ...failures.map(({ message, fix }) => (fix === undefined ? message : `${message}\nfix: ${fix}`)),
    ...(request === undefined ? [] : [`again: ${request.command}`]),
  ].join("\n");
}

/** The path as GitHub knows it; undefined where the file is elsewhere. */
function inWorkspace(
  file: string,
  { cwd, workspace }: { cwd: string; workspace: string },
): string | undefined {
  const path = relative(workspace, resolve(cwd, file));
  return path === "" || /^\.\.($|[\\/])/.test(path) || isAbsolute(path)
    ? undefined
    : path.replaceAll(sep, "/");
}

function command(
  name: "error" | "notice",
  properties: Readonly<Record<string, string>>,
  text: string,
): string {
  const given = Object.entries(properties).map(([key, value]) => `${key}=${property(value)}`);
  return `::${name} ${given.join(",")}::${data(text)}`;
}

/** Escapes of GitHub's own toolkit, which its runner undoes. */
const data = (text: string): string =>
  text.replaceAll("%", "%25").replaceAll("\r", "%0D").replaceAll("\n", "%0A");
const property = (text: string): string => data(text).replaceAll(":", "%3A").replaceAll(",", "%2C");
