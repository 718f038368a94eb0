import { existsSync, readFileSync } from "node:fs";
import { dirname, join } from "node:path";
import { HooklineError } from "../errors.ts";

const fileName = "hookline.json";

/** Variables a project file may name: a cloned repository must not be able to read any other. */
export const secretVariable = /^[A-Z0-9_]*_WEBHOOK_SECRET[A-Z0-9_]*$/;

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
 * Reads the project file of the folder or of the nearest one above it, no further up than the repository's root.
 * @throws HooklineError `project-invalid`
 */
export async function loadProject(folder: string): Promise<Project | undefined> {
  const file = findProject(folder);
  if (file === undefined) return undefined;
  let input: unknown;
  try {
    input = JSON.parse(readFileSync(file, "utf8"));
  } catch (cause) {
    throw invalid(file, [(cause as Error).message], cause);
  }
  const z = await import("zod");
  z.config({ jitless: true });
  const reference = z
    .string()
    .regex(/^(env|file):./, "a secret stands here by reference, as env:NAME or file:PATH, never as it is")
    .refine((text) => !text.startsWith("env:") || secretVariable.test(text.slice(4)), {
      error: "a project file may name only variables like ACME_WEBHOOK_SECRET",
    });
  const schema = z.strictObject({
    $schema: z.string().optional(),
    providers: z.record(z.string(), z.unknown()).default({}),
    secrets: z.record(z.string(), z.union([reference, z.array(reference).min(1)])).default({}),
  });
  const parsed = schema.safeParse(input);
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

function findProject(folder: string): string | undefined {
  for (let here = folder; ; here = dirname(here)) {
    const file = join(here, fileName);
    if (existsSync(file)) return file;
    if (existsSync(join(here, ".git")) || dirname(here) === here) return undefined;
  }
}

function invalid(file: string, problems: readonly string[], cause?: unknown): HooklineError {
  return new HooklineError("project-invalid", `${file} is not a valid project file: ${problems.join("; ")}`, {
    cause,
    nextSteps: ["it may hold `providers` and `secrets`; everything else belongs into flags or your profile"],
  });
}
