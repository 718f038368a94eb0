import type * as zod from "zod";

export type Path = readonly PropertyKey[];
/** What is wrong with a piece of data, and where. */
export interface Problem {
  path: Path;
  text: string;
}

const expected: Readonly<Record<string, string>> = {
  string: "text",
  number: "a number",
  int: "a whole number",
  boolean: "true or false",
  array: "a list",
  object: "an object",
  record: "an object",
};

/** What zod found, without its vocabulary. Undefined leaves it zod's own words. */
export function plainWords(issue: zod.core.$ZodRawIssue): string | undefined {
  if (issue.code === "invalid_type") {
    return issue.input === undefined ? "is missing" : `must be ${expected[issue.expected] ?? issue.expected}`;
  }
  if (issue.code === "invalid_value") {
    return issue.input === undefined
      ? "is missing"
      : `must be one of: ${issue.values.map(String).join(", ")}`;
  }
  if (issue.code === "invalid_union" && Array.isArray(issue["options"])) {
    return `must be one of: ${issue["options"].map(String).join(", ")}`;
  }
  if (issue.code === "too_small" || issue.code === "too_big") {
    const [bound, limit] =
      issue.code === "too_small" ? ["at least", issue.minimum] : ["at most", issue.maximum];
    const sized = issue.origin === "string" || issue.origin === "array";
    if (sized && issue.code === "too_small" && limit === 1) return "must not be empty";
    if (issue.origin === "string") return `must have ${bound} ${limit} characters`;
    if (issue.origin === "array") return `must have ${bound} ${limit} entries`;
    return `must be ${bound} ${limit}`;
  }
  return undefined;
}

export function problemsOf(issue: zod.core.$ZodIssue): Problem[] {
  if (issue.code === "unrecognized_keys")
    return issue.keys.map((key) => ({ path: [...issue.path, key], text: "is not a known field" }));
  const text = issue.code === "invalid_key" ? (issue.issues[0]?.message ?? issue.message) : issue.message;
  return [{ path: issue.path, text }];
}

/** `signatures[0].header`, `events["orders/create"].schema`. */
export function written(path: Path): string {
  const steps = path.map((step) => {
    if (typeof step === "number") return `[${step}]`;
    const name = String(step);
    return /^[A-Za-z]\w*$/.test(name) ? `.${name}` : `[${JSON.stringify(name)}]`;
  });
  return steps.join("").replace(/^\./, "") || "the provider";
}

const deepest = 100;

/** Where `__proto__` is a key of its own, which zod passes over in silence, or where data is nested without sense. */
export function unsafeKeys(value: unknown, path: Path = []): Problem[] {
  if (typeof value !== "object" || value === null) return [];
  if (path.length > deepest) return [{ path: path.slice(0, 3), text: "is nested too deeply" }];
  return Object.entries(value).flatMap(([key, child]) =>
    key === "__proto__"
      ? [{ path: [...path, key], text: "may not be used as a name" }]
      : unsafeKeys(child, [...path, Array.isArray(value) ? Number(key) : key]),
  );
}
