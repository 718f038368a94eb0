import type { Problem, SuiteStep } from "../suites/schema.ts";
import { usesIn, type Variables } from "../suites/variables.ts";

/** Which steps capture each variable. */
export function captures(steps: readonly SuiteStep[]): Map<string, number[]> {
  const by = new Map<string, number[]>();
  steps.forEach(({ capture = {} }, index) => {
    for (const name of Object.keys(capture)) by.set(name, [...(by.get(name) ?? []), index]);
  });
  return by;
}

/** Variables that nothing gives a value before they are used. */
export function unknownVariables(
  running: readonly (readonly { step: SuiteStep; index: number }[])[],
  variables: Variables,
  by: ReadonlyMap<string, readonly number[]>,
): Problem[] {
  const known = new Map(variables);
  return running.flatMap((group) => {
    const problems = group.flatMap(({ step: { set, unset, headers, expect }, index }) =>
      unknown({ set, unset, headers, expect }, ["steps", index], known, by),
    );
    const capturing = new Map<string, number>();
    for (const { step, index } of group)
      for (const name of Object.keys(step.capture ?? {})) {
        const other = capturing.get(name);
        if (other !== undefined)
          problems.push({
            path: ["steps", index, "capture", name],
            text: `is captured by steps[${other}] too, which is sent at once with it: choose another name`,
          });
        capturing.set(name, index);
        known.set(name, undefined);
      }
    return problems;
  });
}

/** Uses of variables that have no value where they stand. @param by which steps capture each */
export function unknown(
  value: unknown,
  path: readonly PropertyKey[],
  known: Variables,
  by: ReadonlyMap<string, readonly number[]>,
): Problem[] {
  return usesIn(value, path)
    .filter(({ name }) => !known.has(name))
    .map(({ name, path: at }) => {
      const steps = by.get(name)?.map((index) => `steps[${index}]`);
      const why =
        steps !== undefined
          ? `which is captured by ${steps.join(", ")}: that has to run before, and not at once with it`
          : name === "stub"
            ? 'the URL of the stub, which there is only with "stub": {} in the suite, or --stub'
            : `which is not known: list it under variables, or give it with --var ${name}=VALUE`;
      return { path: at, text: `uses {{${name}}}, ${why}` };
    });
}
