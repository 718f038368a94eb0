import type { $ZodRawIssue } from "zod/v4/core";
// The small form of zod: this is read at every start of a command that speaks to an API.
import * as z from "zod/mini";
import { HooklineError } from "../errors.ts";
import type { KeptProfile } from "./profiles.ts";
import { plainWords } from "./plain-words.ts";

/** What `profiles.json` holds. */
export type ProfileFile = {
  /** The profile that is used where none is named. */
  current: string;
  profiles: Record<string, KeptProfile>;
};

// Compiling a schema costs more than it saves on one small file.
z.config({ jitless: true });

const url = z.string();
const key = z.string();

// Loose: what a later hookline writes beside is kept by an earlier one.
const profile = z.discriminatedUnion(
  "kind",
  [
    z.looseObject({
      kind: z.literal("api"),
      url,
      key,
      allowHttp: z.exactOptional(z.boolean()),
      account: z.exactOptional(z.string()),
      keyId: z.exactOptional(z.string()),
      servedBy: z.exactOptional(z.literal("serve")),
    }),
    z.looseObject({ kind: z.literal("stripe"), url, key, account: z.exactOptional(z.string()) }),
  ],
  { error: "must be a profile of the kind api or stripe" },
);

const schema = z.looseObject({
  current: z.string(),
  profiles: z.record(
    z.string().check(z.refine((name) => name !== "embedded" && isProfileName(name))),
    profile,
  ),
});

/** Whether a profile may be called so: 1 to 64 letters, digits, `.`, `_` and `-`, but `__proto__`. */
export function isProfileName(name: string): boolean {
  return /^[\w.-]{1,64}$/.test(name) && name !== "__proto__";
}

/**
 * Reads the text of a profile file.
 * @param file its path, for messages
 * @throws HooklineError `profiles-damaged`; neither it nor anything it carries quotes the file, which holds keys
 */
export function parseProfiles(text: string, file: string): ProfileFile {
  let input: unknown;
  try {
    input = JSON.parse(text.replace(/^\ufeff/, ""), (name, value: unknown) => {
      if (name === "__proto__") throw new RangeError();
      return value;
    });
  } catch (error) {
    throw damaged(
      file,
      error instanceof RangeError ? "__proto__ may not be used as a name" : "it is not valid JSON",
    );
  }
  const parsed = schema.safeParse(input, { error: words });
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(
    (issue) => `${issue.path.join(".") || "the file"}: ${issue.message}`,
  );
  throw damaged(file, problems.slice(0, 3).join("; "));
}

function words(issue: $ZodRawIssue): string | undefined {
  if (issue.code === "invalid_key") return "is no name a profile can have";
  if (issue.code === "invalid_type" && issue.expected === "boolean") return "must be true or false";
  return plainWords(issue);
}

function damaged(file: string, problem: string): HooklineError {
  return new HooklineError(
    "profiles-damaged",
    `${file} cannot be understood, so it is left alone: ${problem}`,
    {
      nextSteps: ["mend it, or move it away and log in again with `hookline login`"],
    },
  );
}
