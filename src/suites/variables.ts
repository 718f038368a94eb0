import { HooklineError } from "../errors.ts";
import { toJson } from "./values.ts";

/** What stands for `{{name}}`: any JSON value. A Map, so that no name reaches a prototype. */
export type Variables = ReadonlyMap<string, unknown>;

const placeholder = /\{\{[ \t]*([A-Za-z][A-Za-z0-9_]{0,63})[ \t]*\}\}/g;
const whole = new RegExp(`^${placeholder.source}$`);

/** Characters that one value may grow to: a suite of a few lines must not fill the memory. */
const mostCharacters = 4 * 1024 * 1024;

/** Where a variable is used. */
export interface Use {
  name: string;
  path: readonly PropertyKey[];
}

/** The variables that the texts of a value use, those of its keys too, in their order. */
export function usesIn(value: unknown, path: readonly PropertyKey[] = []): Use[] {
  if (typeof value === "string")
    return [...value.matchAll(placeholder)].map(([, name = ""]) => ({ name, path }));
  if (typeof value !== "object" || value === null) return [];
  return Object.entries(value).flatMap(([key, item]) => {
    const at = [...path, Array.isArray(value) ? Number(key) : key];
    return [...usesIn(Array.isArray(value) ? "" : key, at), ...usesIn(item, at)];
  });
}

/**
 * Puts variables in their places, once: what a variable holds is not read for more. A text that is nothing but `{{name}}`
 * becomes the variable's value with its kind; inside a text its text, or JSON.
 * @throws HooklineError `variable-missing`, `variable-too-long`
 */
export function expand<T>(value: T, variables: Variables): T {
  return expandWithin(value, variables, { left: mostCharacters }) as T;
}

function expandWithin(value: unknown, variables: Variables, room: { left: number }): unknown {
  if (typeof value === "string") {
    const only = whole.exec(value)?.[1];
    return only === undefined ? textWithin(value, variables, room) : valueOf(only, variables);
  }
  if (Array.isArray(value)) return value.map((item) => expandWithin(item, variables, room));
  if (typeof value !== "object" || value === null) return value;
  return Object.fromEntries(
    Object.entries(value).map(([key, item]) => [
      textWithin(key, variables, room),
      expandWithin(item, variables, room),
    ]),
  );
}

/** The same of a text that has to stay one. @throws HooklineError `variable-missing`, `variable-too-long` */
export function expandText(text: string, variables: Variables): string {
  return textWithin(text, variables, { left: mostCharacters });
}

/** The same of a regular expression, in which what a variable holds stands for itself. */
export function expandPattern(pattern: string, variables: Variables): string {
  return textWithin(pattern, variables, { left: mostCharacters }, escapePattern);
}

/** A text as it stands in a regular expression with the flag u, in a class as well. */
export function escapePattern(text: string): string {
  return text.replace(/[\\^$.*+?()[\]{}|/]/g, "\\$&").replaceAll("-", "\\x2d");
}

function textWithin(
  text: string,
  variables: Variables,
  room: { left: number },
  escape = (value: string): string => value,
): string {
  if (!text.includes("{{")) return text;
  return text.replace(placeholder, (_, name: string) => {
    const value = valueOf(name, variables);
    const put = escape(typeof value === "string" ? value : toJson(value));
    room.left -= put.length;
    if (room.left < 0)
      throw new HooklineError("variable-too-long", `{{${name}}} makes the text longer than 4 MiB`);
    return put;
  });
}

function valueOf(name: string, variables: Variables): unknown {
  if (!variables.has(name))
    throw new HooklineError("variable-missing", `{{${name}}} has no value: no step before captured it`);
  return variables.get(name);
}
