import type * as z from "zod";
import type { Route } from "../remote/contract.ts";
import type { ApiRequest } from "./app.ts";
import { ApiProblem, notFound } from "./problems.ts";

/** How deep a body may be nested. */
const deepest = 200;
/** Mistakes that are told of. */
const mostErrors = 20;
/** Characters of what is said of one, and of its place. */
const longestText = 300;

/**
 * Checks a request against its route.
 * @returns what the route takes, defaults filled in
 * @throws ApiProblem `query-invalid`, `not-found`, `body-invalid`
 */
export function check(
  route: Route,
  request: ApiRequest,
): { params?: unknown; query?: unknown; body?: unknown } {
  const input: { params?: unknown; query?: unknown; body?: unknown } = {};
  // An id of another form than the API gives out names nothing.
  if (route.params !== undefined) {
    const params = route.params.safeParse(request.params);
    if (!params.success) throw notFound();
    input.params = params.data;
  }
  if (route.query !== undefined) {
    const query = route.query.safeParse(request.query ?? {}, { error: wordsOf });
    if (!query.success) throw invalid("query-invalid", query.error);
    input.query = query.data;
  }
  if (route.body !== undefined) {
    if (isDeeper(request.body, deepest))
      throw new ApiProblem("body-invalid", `the body is nested more than ${deepest} deep`);
    const body = route.body.safeParse(request.body === undefined ? {} : request.body, { error: wordsOf });
    if (!body.success) throw invalid("body-invalid", body.error);
    input.body = body.data;
  }
  return input;
}

/** Whether arrays and objects are nested so deep that what walks them down by calling itself would fail. */
function isDeeper(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? (Object.values(one) as unknown[]) : [],
    );
  }
  return false;
}

function invalid(code: "query-invalid" | "body-invalid", error: z.ZodError): ApiProblem {
  const errors = error.issues
    .flatMap((issue) =>
      issue.code === "unrecognized_keys"
        ? issue.keys
            .slice(0, mostErrors)
            .map((key) => ({ path: [...issue.path, key], message: issue.message }))
        : [issue],
    )
    .slice(0, mostErrors)
    // Some repeat what was sent.
    .map(({ path, message }) => ({ path: clip(path.join(".")), message: clip(message) }));
  return new ApiProblem(code, `the ${code === "body-invalid" ? "body" : "query"} is not valid`, { errors });
}

const clip = (text: string): string => (text.length > longestText ? `${text.slice(0, longestText)}…` : text);

/** What a mistake is called where the schema itself has no words for it; they follow the name of the field. */
function wordsOf(issue: z.core.$ZodRawIssue): string | undefined {
  switch (issue.code) {
    case "invalid_type": {
      if (issue.input === undefined) return "is missing";
      const got = kindOf(issue.input);
      return `must be ${kinds[issue.expected] ?? issue.expected}${got === undefined ? "" : `, not ${got}`}`;
    }
    case "invalid_value":
      return `must be ${issue.values.length === 1 ? "" : "one of "}${issue.values.map(String).join(", ")}`;
    case "too_small":
      return bounded("at least", issue.origin, Number(issue.minimum));
    case "too_big":
      return bounded("at most", issue.origin, Number(issue.maximum));
    case "unrecognized_keys":
      return "is not a field of this";
    case "invalid_format":
      return issue.format === "base64" ? "must be base64" : undefined;
    default:
      return undefined;
  }
}

/** What zod names as expected, in words. */
const kinds: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
};

function kindOf(value: unknown): string | undefined {
  if (value === null) return "null";
  if (Array.isArray(value)) return "a list";
  return typeof value === "object" ? "an object" : undefined;
}

function bounded(words: string, origin: string, bound: number): string {
  const units = { string: "character", array: "item" }[origin];
  if (units === undefined) return `must be ${words} ${bound}`;
  if (words === "at least" && bound === 1) return "must not be empty";
  return `must have ${words} ${bound} ${units}${bound === 1 ? "" : "s"}`;
}
