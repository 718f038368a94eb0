import { acceptsId, areas, checkKinds } from "../suites/check/checks.ts";

/** What `--only` and `--skip` of the contract check may name. @param events of the provider, by their names */
export function checkNames(events: readonly string[]): string[] {
  return [...areas, ...new Set(events.map((event) => acceptsId(event))), ...checkKinds];
}
