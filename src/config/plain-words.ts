import type { $ZodRawIssue } from "zod/v4/core";

/** What zod found, without its vocabulary. */
export function plainWords(issue: $ZodRawIssue): string | undefined {
  if (issue.code === "unrecognized_keys") return `${issue.keys.join(", ")} is unknown here`;
  if (issue.code === "invalid_type") {
    const { expected } = issue;
    return `must be ${expected === "string" ? "text" : expected === "array" ? "a list" : "an object"}`;
  }
  if (issue.code === "too_small") return "must not be empty";
  return undefined;
}
