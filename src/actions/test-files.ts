import { readFileSync, statSync } from "node:fs";
import { basename, dirname, join, relative, resolve } from "node:path";
import { projectError } from "../config/project.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import { filesBelow } from "../payloads/files.ts";
import { repeatedNames, withExactNumbers } from "../suites/literals.ts";
import { parseSuite, type Suite } from "../suites/schema.ts";

/** A suite as it was read. */
export interface SuiteFile {
  /** Absolute. */
  file: string;
  folder: string;
  /** As the user would name it. */
  shown: string;
  /** From the folder that was named, or its last part: the same wherever hookline is run from. */
  ownName: string;
  content: string;
  /** Its long whole numbers as bigints. */
  suite: Suite;
}

/** Bytes a suite may have. */
const maxBytes = 1024 * 1024;

const nextSteps = [
  'let its editor help: "$schema": "./node_modules/hookline/dist/suite.schema.json"',
  "what a suite may say: docs/suites.md",
];

/**
 * Finds and reads suites: files, and in folders every `*.suite.json`, and every other `.json` that has a list of steps.
 * @throws HooklineError `suites-missing` (exit 2), `suite-invalid`, with each mistake of each suite
 */
export async function readSuites(names: readonly string[], cwd: string): Promise<SuiteFile[]> {
  const blank = names.find((name) => name.trim() === "");
  if (blank !== undefined)
    throw new HooklineError("usage", "the name of a suite is empty", {
      exitCode: EXIT.usage,
      nextSteps: ["name a suite, or a folder of them: hookline test tests/webhooks"],
    });
  const files = new Map<string, string>();
  for (const name of names)
    for (const { file, ownName } of suiteFiles(name, cwd)) if (!files.has(file)) files.set(file, ownName);
  if (files.size === 0)
    throw new HooklineError("suites-missing", `there are no suites in ${names.join(", ")}`, {
      exitCode: EXIT.usage,
      nextSteps: [
        'write one: {"to": "3000/webhooks", "steps": [{"send": "order.created"}]} in orders.suite.json',
        "in a folder every *.suite.json is one, and every other .json file with a list of steps",
      ],
    });
  return checkAll([...files], ([file, ownName]) => readSuite(file, ownName, cwd));
}

/** Does something with each of them, and tells the mistakes of all of them at once. */
export async function checkAll<Item, Result>(
  items: readonly Item[],
  check: (item: Item) => Promise<Result>,
): Promise<Result[]> {
  const results: Result[] = [];
  const errors: HooklineError[] = [];
  for (const item of items) {
    try {
      results.push(await check(item));
    } catch (error) {
      if (!isHooklineError(error) || error.code !== "suite-invalid") throw error;
      errors.push(error);
    }
  }
  const [first] = errors;
  if (first === undefined) return results;
  if (errors.length === 1) throw first;
  throw new HooklineError("suite-invalid", errors.map(({ message }) => message).join("\n"), {
    nextSteps: [...new Set(errors.flatMap((error) => error.nextSteps))],
  });
}

function suiteFiles(name: string, cwd: string): { file: string; ownName: string }[] {
  const path = resolve(cwd, name);
  let isFolder: boolean;
  try {
    isFolder = statSync(path).isDirectory();
  } catch (cause) {
    throw new HooklineError("suites-missing", `there is no file or folder ${name}`, {
      exitCode: EXIT.usage,
      cause,
      nextSteps: ["name a suite, or a folder of them: hookline test tests/webhooks"],
    });
  }
  if (!isFolder) return [{ file: path, ownName: basename(path) }];
  return filesBelow(path)
    .filter((file) => file.endsWith(".json"))
    .map((file) => ({ file: join(path, file), ownName: file.replaceAll("\\", "/") }))
    .filter(({ file }) => file.endsWith(".suite.json") || hasSteps(file));
}

/** Whether a JSON file looks like a suite; payloads may lie beside it. */
function hasSteps(file: string): boolean {
  try {
    if (statSync(file).size > maxBytes) return false;
    const data = JSON.parse(readFileSync(file, "utf8")) as { steps?: unknown } | null;
    return typeof data === "object" && data !== null && Array.isArray(data.steps);
  } catch {
    return false;
  }
}

async function readSuite(file: string, ownName: string, cwd: string): Promise<SuiteFile> {
  const below = relative(cwd, file);
  const shown = below.startsWith("..") ? file : below;
  const content = readText(file, shown);
  let input: unknown;
  try {
    input = JSON.parse(content);
  } catch (cause) {
    const { findFault } = await import("../config/project-places.ts");
    const fault = findFault(content);
    const at = fault === undefined ? "" : `:${fault.place.line}:${fault.place.column}`;
    const why = fault === undefined ? "" : `: ${fault.text}`;
    throw new HooklineError("suite-invalid", `${shown}${at}: it is not valid JSON${why}`, {
      cause,
    });
  }
  const parsed = parseSuite(input);
  if ("problems" in parsed) throw await suiteError({ shown, content }, parsed.problems);
  const repeated = repeatedNames(content);
  if (repeated.length > 0)
    throw await suiteError(
      { shown, content },
      repeated.map((path) => ({ path, text: "is there a second time, and only one of them would count" })),
      [],
    );
  const suite = withExactNumbers(parsed.data, content) as Suite;
  return { file, folder: dirname(file), shown, ownName, content, suite };
}

/** The error for a suite that says what it must not, each problem with its place: `orders.suite.json:4:9: …`. */
export function suiteError(
  { shown, content }: Pick<SuiteFile, "shown" | "content">,
  problems: readonly { path: readonly PropertyKey[]; text: string }[],
  steps: readonly string[] = nextSteps,
): Promise<HooklineError> {
  return projectError(shown, problems, { content, code: "suite-invalid", nextSteps: steps });
}

function readText(file: string, shown: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Error("it is not a file");
    if (stat.size > maxBytes) throw new Error("it is larger than 1 MiB");
    return readFileSync(file, "utf8").replace(/^\ufeff/, "");
  } catch (cause) {
    throw new HooklineError("suite-invalid", `${shown}: ${(cause as Error).message}`, { cause, nextSteps });
  }
}
