import { diffArrays } from "diff/lib/diff/array.js";

/** Items added and removed that are looked for before two lists count as wholly different. */
const mostEdits = 1000;

/** An item of either list, or one of each that belong together; places in the lists. */
export interface Pair {
  before?: number;
  after?: number;
}

/**
 * Tells which items of two lists belong together, in the order of the lists: those with the same mark, as far as their
 * order allows, and those between them, one by one.
 * @param before what each item is known by
 */
export function align<Mark extends string | number>(before: Mark[], after: Mark[]): Pair[] {
  // Where too much differs to be aligned, items are held against those at the same place.
  const parts = diffArrays(before, after, { maxEditLength: mostEdits }) ?? [
    { removed: true, added: false, count: before.length },
    { removed: false, added: true, count: after.length },
  ];
  const pairs: Pair[] = [];
  let [at, other] = [0, 0];
  for (let index = 0; index < parts.length; index++) {
    const part = parts[index];
    if (part === undefined) break;
    if (!part.removed && !part.added) {
      for (let step = 0; step < part.count; step++) pairs.push({ before: at++, after: other++ });
      continue;
    }
    const next = parts[index + 1];
    const isReplaced = next !== undefined && (part.removed ? next.added : next.removed);
    if (isReplaced) index++;
    const counts = [part, ...(isReplaced ? [next] : [])];
    const removed = counts.find((one) => one.removed)?.count ?? 0;
    const added = counts.find((one) => one.added)?.count ?? 0;
    for (let step = 0; step < Math.max(removed, added); step++)
      pairs.push({
        ...(step < removed ? { before: at + step } : {}),
        ...(step < added ? { after: other + step } : {}),
      });
    at += removed;
    other += added;
  }
  return pairs;
}
