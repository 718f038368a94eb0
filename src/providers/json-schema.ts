import * as z from "zod";
import type { Path, Problem } from "./problems.ts";

export type JsonSchema = Exclude<Parameters<typeof z.fromJSONSchema>[0], boolean>;

/** Constraints that zod applies only beside a `type`. */
const typedKeywords = [
  "properties",
  "required",
  "additionalProperties",
  "items",
  "prefixItems",
  "pattern",
  "format",
  "minLength",
  "maxLength",
  "minimum",
  "maximum",
  "minItems",
  "maxItems",
];
const schemaKeywords = [
  "items",
  "additionalProperties",
  "contains",
  "prefixItems",
  "anyOf",
  "oneOf",
  "allOf",
];
const schemaMapKeywords = ["properties", "patternProperties", "$defs", "definitions"];

/** Schemas that constrain a value without saying its `type`: zod would let everything pass them. */
function untyped(schema: unknown, path: Path): Problem[] {
  if (typeof schema !== "object" || schema === null) return [];
  if (Array.isArray(schema)) return schema.flatMap((child, index) => untyped(child, [...path, index]));
  const entries = Object.entries(schema);
  const idle = Object.hasOwn(schema, "type") ? [] : entries.filter(([key]) => typedKeywords.includes(key));
  return [
    ...idle.map(([key]) => ({ path: [...path, key], text: 'has no effect without a "type" beside it' })),
    ...entries.flatMap(([key, child]) => {
      if (schemaKeywords.includes(key)) return untyped(child, [...path, key]);
      if (!schemaMapKeywords.includes(key) || typeof child !== "object" || child === null) return [];
      return Object.entries(child as Record<string, unknown>).flatMap(([name, inner]) =>
        untyped(inner, [...path, key, name]),
      );
    }),
  ];
}

/** The zod schema of a JSON Schema, or why there can be none. */
export function bodySchema(source: JsonSchema, path: Path): z.ZodType | Problem[] {
  const problems = untyped(source, path);
  if (problems.length > 0) return problems;
  try {
    // A registry of its own: two events may give their schemas the same id.
    const schema = z.fromJSONSchema(source, { registry: z.registry() });
    // A reference to nothing but itself shows only in use.
    schema.safeParse({});
    return schema;
  } catch (error) {
    const reason = error instanceof RangeError ? "it refers to itself without end" : String(error);
    return [{ path, text: `is a JSON Schema that cannot be used: ${reason.replace(/^Error: /, "")}` }];
  }
}
