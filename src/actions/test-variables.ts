import type { Environment } from "../config/environment.ts";
import { HooklineError } from "../errors.ts";
import type { Problem, Suite } from "../suites/schema.ts";
import type { SuiteFile } from "./test-files.ts";
import { exactNumber } from "../suites/literals.ts";
import { escapePattern, usesIn } from "../suites/variables.ts";

/** A suite comes with a repository: only variables that are named so can be meant for it, whatever it lists. */
const prefix = "HOOKLINE_VAR_";

/** The values that a suite begins with: `--var`, then the environment for what it lists, then its own defaults. */
export function resolveVariables(
  { variables: listed = {} }: Pick<Suite, "variables">,
  { variables: given, stubUrl }: { variables: ReadonlyMap<string, string>; stubUrl: string | undefined },
  environment: Pick<Environment, "variable">,
): { variables: Map<string, unknown>; problems: Problem[] } {
  const variables = new Map<string, unknown>(given);
  const problems: Problem[] = [];
  for (const [name, value] of Object.entries(listed)) {
    const path = ["variables", name];
    const text = given.get(name) ?? environment.variable(prefix + name)?.value;
    const [use] = usesIn(value);
    if (use !== undefined)
      problems.push({
        path,
        text: `holds {{${use.name}}}, which is not replaced there: a default is taken as it is`,
      });
    if (name === "stub") problems.push({ path, text: "is the URL of the stub, and cannot be set" });
    else if (text === undefined && value === null) {
      problems.push({
        path,
        text: `has no value: give it with --var ${name}=VALUE, or in the environment as ${prefix}${name}`,
      });
      // Where it is used there is nothing more to tell.
      variables.set(name, value);
    } else {
      const own = text === undefined ? { value } : ofKind(value, text);
      if ("value" in own) variables.set(name, own.value);
      else problems.push({ path, text: own.problem });
    }
  }
  if (stubUrl !== undefined) variables.set("stub", stubUrl);
  return { variables, problems };
}

/**
 * Values that the environment gives to what suites list: secrets of the user's, for all that is known.
 * @returns them, and as they stand in a pattern
 */
export function environmentValues(
  suites: readonly SuiteFile[],
  environment: Pick<Environment, "variable">,
): string[] {
  const names = new Set(suites.flatMap(({ suite }) => Object.keys(suite.variables ?? {})));
  const values = [...names].flatMap((name) => environment.variable(prefix + name)?.value ?? []);
  return [...values, ...values.map(escapePattern)];
}

/** A text from outside, as the kind that the default is of. */
function ofKind(like: unknown, text: string): { value: unknown } | { problem: string } {
  if (typeof like === "boolean")
    return text === "true" || text === "false"
      ? { value: text === "true" }
      : { problem: "is true or false, and was given as something else" };
  if (typeof like === "number" || typeof like === "bigint")
    return /^-?\d+(\.\d+)?(e[+-]?\d+)?$/i.test(text)
      ? { value: exactNumber(text) }
      : { problem: "is a number, and was given as something else" };
  return { value: text };
}

/** Reads `NAME=VALUE`. @throws HooklineError `usage` */
export function readVariables(texts: readonly string[]): Map<string, string> {
  const variables = new Map<string, string>();
  for (const text of texts) {
    const [, name, value] = /^([A-Za-z][A-Za-z0-9_]{0,63})=(.*)$/s.exec(text) ?? [];
    if (name === undefined || value === undefined || name === "stub")
      throw new HooklineError("usage", "--var takes NAME=VALUE, the name of letters, digits and _", {
        nextSteps: [
          "write it like --var order_id=ord_1",
          "{{stub}} is the URL of the stub, and cannot be set",
        ],
      });
    variables.set(name, value);
  }
  return variables;
}

/** @throws HooklineError `variable-unknown` where a suite neither lists nor uses what was given */
export function refuseUnused(given: ReadonlyMap<string, string>, suites: readonly SuiteFile[]): void {
  const known = new Set(
    suites.flatMap(({ suite }) => [
      ...Object.keys(suite.variables ?? {}),
      ...usesIn(suite).map(({ name }) => name),
    ]),
  );
  const unused = [...given.keys()].find((name) => !known.has(name));
  if (unused === undefined) return;
  throw new HooklineError("variable-unknown", `no suite has a variable ${unused}`, {
    nextSteps: [known.size === 0 ? "leave out --var" : `there are ${[...known].join(", ")}`],
  });
}
