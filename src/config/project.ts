import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { HooklineError } from "../errors.ts";

const fileName = "hookline.json";
/** Bytes a project file may have: far more than anyone writes, and nothing to wait for. */
const maxBytes = 1024 * 1024;
/** Problems that are told at once. */
const mostProblems = 20;

/** What `hookline.json` says. It comes with a repository, so it is not trusted: data only, no code, no API settings. */
export interface Project {
  file: string;
  /** The folder it stands in; its `file:` references stay inside. */
  folder: string;
  /** The user's own providers, by id, not yet validated. */
  providers: Readonly<Record<string, unknown>>;
  /** Secret references by provider id: `env:NAME` or `file:PATH`. */
  secrets: Readonly<Record<string, readonly string[]>>;
  listen?: ProjectListen;
}

/** What `listen` does in this project where no flag says otherwise; targets and routes are not yet validated. */
export interface ProjectListen {
  port?: number;
  target?: string;
  routes?: readonly ProjectRoute[];
  /** Ids of the providers to expect where the path names none. */
  providers?: readonly string[];
  timeoutMs?: number;
  /** Bytes. */
  maxBody?: number;
  inOrder?: boolean;
  requireVerified?: boolean;
  print?: "line" | "body" | "full" | "none";
  inspect?: boolean;
  inspectorPort?: number;
  record?: boolean;
}

export interface ProjectRoute {
  /** Pattern of the events. */
  match: string;
  /** Targets, at least one. */
  to: readonly string[];
  timeoutMs?: number;
}

/** What is wrong with a project file, and where. */
export interface ProjectProblem {
  /** Empty for the file as a whole. */
  path: readonly PropertyKey[];
  /** Goes on from the path as its subject: `must be text`. It repeats no value of the file. */
  text: string;
}

/**
 * Reads the folder's project file or, inside a repository, the nearest one above it up to the repository's root.
 * @throws HooklineError `project-invalid`
 */
export async function loadProject(folder: string): Promise<Project | undefined> {
  const file = findProject(folder);
  if (file === undefined) return undefined;
  const text = readText(file);
  let input: unknown;
  try {
    input = JSON.parse(text);
  } catch (cause) {
    // The parser's own message quotes the text, and the file may be a link to one that is not for every eye.
    const { findFault } = await import("./project-places.ts");
    const fault = findFault(text);
    const why = fault === undefined ? "" : `: ${fault.text}`;
    const at = fault === undefined ? "" : `:${fault.place.line}:${fault.place.column}`;
    throw invalid(`${file}${at}: it is not valid JSON${why}`, { cause });
  }
  const { parseProject } = await import("./project-schema.ts");
  const parsed = parseProject(input);
  if ("problems" in parsed) throw await projectError(file, parsed.problems, { content: text });
  const { providers, secrets, listen } = parsed.data;
  const references = Object.entries(secrets).map(([id, value]) => [id, [value].flat()] as const);
  return {
    file,
    folder: dirname(file),
    providers,
    secrets: Object.fromEntries(references),
    ...(listen === undefined ? {} : { listen }),
  };
}

/**
 * The error for a project file that says what it must not: a line for each problem, with the place as editors open it:
 * `/path/hookline.json:12:9: listen.routes[0].timeout takes a duration such as 30s, 10m or 1h`.
 * @param options.content what the file says; read once more where it is left out
 */
export async function projectError(
  file: string,
  problems: readonly ProjectProblem[],
  {
    content,
    ...details
  }: { content?: string; code?: string; nextSteps?: readonly string[]; cause?: unknown } = {},
): Promise<HooklineError> {
  const { findPlaces } = await import("./project-places.ts");
  const shown = problems.slice(0, mostProblems);
  const places = findPlaces(
    content ?? readText(file),
    shown.map(({ path }) => path),
  );
  const lines = shown
    .map((problem, index) => ({ ...problem, line: 0, column: 0, ...places[index] }))
    .sort((a, b) => a.line - b.line || a.column - b.column)
    .map(({ path, text, line, column }) => {
      const at = line === 0 ? "" : `:${line}:${column}`;
      return `${file}${at}: ${written(path)} ${text}`;
    });
  if (problems.length > shown.length) lines.push(`and ${problems.length - shown.length} more`);
  return invalid(lines.join("\n"), details);
}

/** @throws HooklineError `project-invalid` */
function readText(file: string): string {
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Error("it is not a file");
    if (stat.size > maxBytes) throw new Error("it is larger than 1 MiB");
    return readFileSync(file, "utf8").replace(/^\ufeff/, "");
  } catch (cause) {
    throw invalid(`${file}: ${(cause as Error).message}`, { cause });
  }
}

/** Inside a repository the nearest one up to its root; elsewhere only the folder's own: what lies above is nobody's. */
function findProject(folder: string): string | undefined {
  let found: string | undefined;
  for (let here = folder; ; here = dirname(here)) {
    const file = join(here, fileName);
    if (found === undefined && existsSync(file)) found = file;
    if (existsSync(join(here, ".git"))) return found;
    if (dirname(here) === here) return found === join(folder, fileName) ? found : undefined;
  }
}

/** `listen.routes[0].to`, `providers["acme-pay"].title`. */
function written(path: ProjectProblem["path"]): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    const name = String(step);
    if (/^[A-Za-z]\w{0,99}$/.test(name)) return `.${name}`;
    return `[${JSON.stringify(name.length > 100 ? `${name.slice(0, 99)}…` : name)}]`;
  });
  return steps.join("").replace(/^\./, "") || "the file";
}

function invalid(
  message: string,
  {
    code = "project-invalid",
    nextSteps,
    cause,
  }: { code?: string; nextSteps?: readonly string[]; cause?: unknown },
): HooklineError {
  return new HooklineError(code, message, {
    cause,
    nextSteps: nextSteps ?? [
      "it may hold `providers`, `secrets` and `listen`; everything else belongs into flags or your profile",
    ],
  });
}
