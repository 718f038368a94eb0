import { existsSync, readFileSync, statSync } from "node:fs";
import { dirname, join } from "node:path";
import { HooklineError } from "../errors.ts";
import { plainWords } from "./plain-words.ts";

const fileName = "hookline.json";
/** Bytes a project file may have: far more than anyone writes, and nothing to wait for. */
const maxBytes = 1024 * 1024;

/** What `hookline.json` says. It comes with a repository, so it is not trusted: data only, no code, no API settings. */
export interface Project {
  file: string;
  /** The folder it stands in; its `file:` references stay inside. */
  folder: string;
  /** The user's own providers, by id, not yet validated. */
  providers: Readonly<Record<string, unknown>>;
  /** Secret references by provider id: `env:NAME` or `file:PATH`. */
  secrets: Readonly<Record<string, readonly string[]>>;
}

/**
 * Reads the folder's project file or, inside a repository, the nearest one above it up to the repository's root.
 * @throws HooklineError `project-invalid`
 */
export async function loadProject(folder: string): Promise<Project | undefined> {
  const file = findProject(folder);
  if (file === undefined) return undefined;
  let input: unknown;
  try {
    const stat = statSync(file);
    if (!stat.isFile()) throw new Error("it is not a file");
    if (stat.size > maxBytes) throw new Error("it is larger than 1 MiB");
    input = JSON.parse(readFileSync(file, "utf8").replace(/^\ufeff/, ""));
  } catch (cause) {
    // The parser's own message quotes the text, and the file may be a link to one that is not for every eye.
    const at = cause instanceof SyntaxError ? /position (\d+)/.exec(cause.message)?.[1] : undefined;
    const what = cause instanceof SyntaxError ? "it is not valid JSON" : (cause as Error).message;
    throw invalid(file, [at === undefined ? what : `${what} (at character ${at})`], cause);
  }
  const { projectSchema } = await import("./project-schema.ts");
  const parsed = projectSchema.safeParse(input, { error: plainWords });
  if (!parsed.success) {
    throw invalid(
      file,
      parsed.error.issues.map((issue) => {
        const nested = issue.code === "invalid_union" ? issue.errors.flat()[0] : undefined;
        return `${issue.path.join(".") || "the file"}: ${nested?.message ?? issue.message}`;
      }),
    );
  }
  const secrets = Object.entries(parsed.data.secrets).map(([id, value]) => [id, [value].flat()] as const);
  return {
    file,
    folder: dirname(file),
    providers: parsed.data.providers,
    secrets: Object.fromEntries(secrets),
  };
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

function invalid(file: string, problems: readonly string[], cause?: unknown): HooklineError {
  return new HooklineError("project-invalid", `${file} is not a valid project file: ${problems.join("; ")}`, {
    cause,
    nextSteps: ["it may hold `providers` and `secrets`; everything else belongs into flags or your profile"],
  });
}
