import { HooklineError } from "../../errors.ts";
import { closest } from "../../providers/closest.ts";
import { areas, type Check, type LeftOut } from "./checks.ts";

/** Whether a name is one of the patterns, in which `*` stands for anything. */
export function isNamed(name: string, patterns: readonly string[]): boolean {
  return patterns.some((pattern) => toExpression(pattern).test(name));
}

function toExpression(pattern: string): RegExp {
  const parts = pattern.split("*").map((part) => part.replace(/[^A-Za-z0-9_]/g, "\\$&"));
  return new RegExp(`^${parts.join(".*")}$`);
}

/**
 * The checks that were asked for.
 * @param only ids, areas, or patterns of either; all where it is empty
 * @throws HooklineError `usage` where one names nothing, or nothing is left
 */
export function selectChecks(
  checks: readonly Check[],
  only: readonly string[],
  skip: readonly string[],
): Check[] {
  const has = ({ id, area, kind }: Check, names: readonly string[]): boolean =>
    isNamed(id, names) || isNamed(area, names) || isNamed(kind, names);
  for (const [flag, names] of [
    ["--only", only],
    ["--skip", skip],
  ] as const) {
    const unknown = names.find((name) => !checks.some((check) => has(check, [name])));
    if (unknown !== undefined) throw unknownCheck(flag, unknown, checks);
  }
  const selected = checks.filter((check) => (only.length === 0 || has(check, only)) && !has(check, skip));
  if (selected.length > 0) return selected;
  throw new HooklineError("usage", "no check is left: --skip names all that --only does", {
    nextSteps: ["skip fewer; list the checks with --list"],
  });
}

/** Those left out that would be among the checks asked for if they applied. */
export function selectLeftOut(
  leftOut: readonly LeftOut[],
  only: readonly string[],
  skip: readonly string[],
): LeftOut[] {
  const has = (kind: string, names: readonly string[]): boolean =>
    isNamed(kind, names) || isNamed(kind.startsWith("refuses-") ? "refuses" : "survives", names);
  return leftOut.filter(({ kind }) => (only.length === 0 || has(kind, only)) && !has(kind, skip));
}

function unknownCheck(flag: string, name: string, checks: readonly Check[]): HooklineError {
  const near = closest(name, [...areas, ...checks.map(({ id }) => id)]);
  return new HooklineError("usage", `${flag} names no check of this provider: ${JSON.stringify(name)}`, {
    nextSteps: [
      ...(near.length === 0 ? [] : [`did you mean ${near.join(", ")}?`]),
      `name an area (${areas.join(", ")}) or a check; list them with --list`,
    ],
  });
}
