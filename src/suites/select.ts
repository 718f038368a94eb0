import type { SuiteStep } from "./schema.ts";

/** Why a step is not run. */
export type LeftOut = { by: "skip"; reason?: string } | { by: "only" } | { by: "tag" };

export interface Choice {
  /** Steps that have one of these run; all where it is empty. */
  tags: readonly string[];
  /** Steps that have one of these do not. */
  skipTags: readonly string[];
}

/** @returns of each step why it is left out; undefined where it runs */
export function leftOut(
  steps: readonly Pick<SuiteStep, "tags" | "only" | "skip">[],
  { tags, skipTags }: Choice,
): (LeftOut | undefined)[] {
  const isNarrowed = steps.some(({ only }) => only === true);
  return steps.map(({ tags: own = [], only, skip = false }) => {
    if (skip !== false) return { by: "skip", ...(skip === true ? {} : { reason: skip }) };
    if (isNarrowed && only !== true) return { by: "only" };
    const isChosen = tags.length === 0 || own.some((tag) => tags.includes(tag));
    return isChosen && !own.some((tag) => skipTags.includes(tag)) ? undefined : { by: "tag" };
  });
}

/** The steps' names: each its own within the suite, and the same from run to run. */
export function stepNames(steps: readonly Pick<SuiteStep, "name" | "send" | "tamper">[]): string[] {
  const seen = new Map<string, number>();
  const taken = new Set<string>();
  return steps.map(({ name, send, tamper }) => {
    const base = name ?? (tamper === undefined ? send : `${send} (${tamper})`);
    let count = (seen.get(base) ?? 0) + 1;
    let own = count === 1 ? base : `${base} #${count}`;
    while (taken.has(own)) own = `${base} #${++count}`;
    seen.set(base, count);
    taken.add(own);
    return own;
  });
}

/** Steps that are sent at once, group by group, in order. @param all the whole suite is one group */
export function groups<Step extends { parallel?: boolean }>(steps: readonly Step[], all: boolean): Step[][] {
  if (all) return steps.length === 0 ? [] : [[...steps]];
  const result: Step[][] = [];
  let open: Step[] | undefined;
  for (const step of steps) {
    if (step.parallel === true && open !== undefined) open.push(step);
    else {
      const group = [step];
      result.push(group);
      open = step.parallel === true ? group : undefined;
    }
  }
  return result;
}
