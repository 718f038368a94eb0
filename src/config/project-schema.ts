import * as z from "zod";
import type { $ZodIssue, $ZodRawIssue } from "zod/v4/core";
import { plainWords } from "./plain-words.ts";
import type { ProjectProblem } from "./project.ts";
import { readDuration, readSize, type Reading } from "./units.ts";

// Compiling a schema costs more than it saves on one small file.
z.config({ jitless: true });

/** Variables a project file may name: a cloned repository must not be able to read any other. */
const secretVariable = /^[A-Z0-9_]*_WEBHOOK_SECRET[A-Z0-9_]*$/;

const reference = z
  .string()
  .regex(/^(env|file):./, {
    error: "must name a secret by reference, as env:NAME or file:PATH, never hold it",
    abort: true,
  })
  .refine((text) => !text.startsWith("env:") || secretVariable.test(text.slice(4)), {
    error: "may name only variables like ACME_WEBHOOK_SECRET",
  });

/** What stands under names of the file's own choosing; zod would pass over `__proto__` in silence. */
const named = <Value extends z.ZodType>(value: Value) =>
  z
    .unknown()
    .refine((input) => typeof input !== "object" || input === null || !Object.hasOwn(input, "__proto__"), {
      path: ["__proto__"],
      error: "may not be used as a name",
    })
    .pipe(z.record(z.string(), value))
    .default({});

/** A value with a unit, as flags take it. @param error what to say of anything but text */
const withUnit = (reading: (text: string) => Reading<number>, error: string) =>
  z.string({ error }).transform((text, context): number => {
    const result = reading(text);
    if ("value" in result) return result.value;
    context.issues.push({ code: "custom", message: result.problem, input: text });
    return z.NEVER;
  });

const duration = withUnit(readDuration, "takes a duration such as 30s, 10m or 1h");
const size = withUnit(readSize, "takes a size such as 5mb or 512kb, in quotes");

const aPort = "takes a whole number from 0 to 65535";
const port = z.int(aPort).min(0, aPort).max(65_535, aPort);
const text = z.string().regex(/\S/, "must not be empty");

/** What `listen` is to do; where it must not come from a repository, it is given as a flag alone. */
const listen = z
  .strictObject({
    port: port.exactOptional(),
    target: text.exactOptional(),
    routes: z
      .array(
        z
          .strictObject({
            match: text,
            to: z.union([text, z.array(text).min(1)]),
            timeout: duration.exactOptional(),
          })
          .transform(({ match, to, timeout }) => ({
            match,
            to: [to].flat(),
            ...(timeout === undefined ? {} : { timeoutMs: timeout }),
          })),
      )
      .exactOptional(),
    providers: z.array(text).exactOptional(),
    timeout: duration.exactOptional(),
    max_body: size.exactOptional(),
    in_order: z.boolean().exactOptional(),
    require_verified: z.boolean().exactOptional(),
    print: z
      .enum(["line", "body", "full", "none"], { error: "takes line, body, full or none" })
      .exactOptional(),
    inspect: z.boolean().exactOptional(),
    inspector_port: port.exactOptional(),
    record: z.boolean().exactOptional(),
  })
  .transform(({ timeout, max_body, in_order, require_verified, inspector_port, ...same }) => ({
    ...same,
    ...(timeout === undefined ? {} : { timeoutMs: timeout }),
    ...(max_body === undefined ? {} : { maxBody: max_body }),
    ...(in_order === undefined ? {} : { inOrder: in_order }),
    ...(require_verified === undefined ? {} : { requireVerified: require_verified }),
    ...(inspector_port === undefined ? {} : { inspectorPort: inspector_port }),
  }));

const flagsAlone = new Set([
  "host",
  "forward_invalid",
  "record_secrets",
  "insecure",
  "ca",
  "register",
  "public_url",
]);

/** The form of `hookline.json`; what each provider may say is checked where providers are made. */
const projectSchema = z.strictObject({
  $schema: z.string().exactOptional(),
  providers: named(z.unknown()),
  secrets: named(z.union([reference, z.array(reference).min(1)])),
  listen: listen.exactOptional(),
});

/** Reads what a project file says. @returns it, or every problem that it has */
export function parseProject(
  input: unknown,
): { data: z.output<typeof projectSchema> } | { problems: ProjectProblem[] } {
  const parsed = projectSchema.safeParse(input, { error: words });
  return parsed.success ? { data: parsed.data } : { problems: parsed.error.issues.flatMap(problemsOf) };
}

function words(issue: $ZodRawIssue): string | undefined {
  if (issue.code !== "invalid_type") return plainWords(issue);
  if (issue.input === undefined) return "is missing";
  return issue.expected === "boolean" ? "must be true or false" : plainWords(issue);
}

function problemsOf(issue: $ZodIssue): ProjectProblem[] {
  if (issue.code === "unrecognized_keys") {
    const isListen = issue.path.length === 1 && issue.path[0] === "listen";
    return issue.keys.map((key) => ({
      path: [...issue.path, key],
      text:
        isListen && flagsAlone.has(key)
          ? `can be given only as a flag, --${key.replaceAll("_", "-")}: this file comes with a repository`
          : "is not known here",
    }));
  }
  if (issue.code !== "invalid_union") return [{ path: issue.path, text: issue.message }];
  // Of the forms it can have, the one meant is the one that fails last.
  const [deepest] = issue.errors.flat().sort((a, b) => b.path.length - a.path.length);
  return [{ path: [...issue.path, ...(deepest?.path ?? [])], text: deepest?.message ?? issue.message }];
}
