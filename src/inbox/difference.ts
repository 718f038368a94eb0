/** One place where two bodies differ. */
export interface Difference {
  /**
   * Of JSON `data.items[0].name`, or a JSON Pointer where a key cannot be written so, and `` for the whole body; an index
   * counts in the newer list unless the item was removed. Of a form a parameter's name; of other text `line 3`.
   */
  path: string;
  /**
   * `written`: the same value in other characters (`8` for `8.00`, `\u00e4` for `ä`, another line end). `order`: the same
   * keys or parameters in another order. `blanks`: other white space between the values; told once, at its first place.
   * These leave the meaning as it was and break a signature all the same.
   */
  op: "added" | "removed" | "changed" | "written" | "order" | "blanks";
  /** The literal text as it stands in the body, cut where it is long. */
  before?: string;
  after?: string;
}

/** Takes differences, up to a bound. */
export interface Findings {
  /** @param path worked out only where the difference is kept */
  add(op: Difference["op"], path: () => string, before?: string, after?: string): void;
  differences: Difference[];
  more(): number;
}

const mostDifferences = 1000;
/** Characters of a value that are kept. */
const longest = 2000;
/** Characters shown before the place at which two long values differ. */
const lead = 40;

export function gather(): Findings {
  const differences: Difference[] = [];
  let more = 0;
  return {
    differences,
    more: () => more,
    add(op, path, before, after) {
      if (differences.length >= mostDifferences) {
        more++;
        return;
      }
      const start = before === undefined || after === undefined ? 0 : startOfDifference(before, after);
      differences.push({
        path: path(),
        op,
        ...(before === undefined ? {} : { before: cut(before, start) }),
        ...(after === undefined ? {} : { after: cut(after, start) }),
      });
    },
  };
}

/** From where on two values are shown, so that the difference is among it. */
function startOfDifference(before: string, after: string): number {
  if (Math.max(before.length, after.length) <= longest) return 0;
  let index = 0;
  while (index < before.length && before[index] === after[index]) index++;
  return index < longest / 2 ? 0 : index - lead;
}

function cut(text: string, start: number): string {
  const end = start + longest;
  return `${start > 0 ? "…" : ""}${text.slice(start, end)}${text.length > end ? "…" : ""}`;
}
