import { safeLine } from "./safe.ts";
import type { Theme } from "./theme.ts";

const GAP = 2;
/** Code points of a cell at most, so that one hostile cell cannot fill the screen. */
const MAX_CELL = 500;
/** Columns the last column gets at least, even where the others fill the terminal. */
const MIN_LAST = 12;
/** cli-table3 takes time quadratic in the rows, so it gets them in parts. */
const PART = 25;

const FRAME = [
  ...["top", "top-mid", "top-left", "top-right", "bottom", "bottom-mid", "bottom-left", "bottom-right"],
  ...["left", "left-mid", "mid", "mid-mid", "right", "right-mid", "middle"],
];
const noFrame = Object.fromEntries(FRAME.map((part) => [part, ""]));

export interface TableOptions {
  head?: readonly string[];
  theme: Theme;
  /** Columns of the terminal, `Infinity` where there is none. */
  width: number;
}

/**
 * Cells in columns two spaces apart, without a frame; the head is dim. The last column is wrapped between words where
 * a row would be wider than the terminal, and a single word longer than that is cut. Cells are plain text from
 * anywhere and made safe here. @returns lines joined by `\n`, without a last one; "" where there is nothing
 */
export async function table(
  rows: readonly (readonly string[])[],
  { head, theme, width }: TableOptions,
): Promise<string> {
  const all = head === undefined ? rows : [head, ...rows];
  const columns = all.reduce((most, row) => Math.max(most, row.length), 0);
  if (columns === 0) return "";
  const cells = all.map((row, index) =>
    Array.from({ length: columns }, (_, column) => {
      const cell = safeLine(row[column] ?? "", MAX_CELL);
      return head !== undefined && index === 0 ? theme.dim(cell) : cell;
    }),
  );

  const { default: Table } = await import("cli-table3");
  const make = (part: string[][], colWidths: number[]) => {
    const made = new Table({
      chars: noFrame,
      style: { head: [], border: [], "padding-left": 0, "padding-right": GAP },
      colWidths,
      wordWrap: colWidths.length > 0,
    });
    made.push(...part);
    // Drawing also works out the widths that were not given.
    return { text: made.toString(), widths: made.options.colWidths };
  };

  const parts = Array.from({ length: Math.ceil(cells.length / PART) }, (_, index) =>
    cells.slice(index * PART, (index + 1) * PART),
  );
  const drawn = parts.map((part) => make(part, []));
  const widths = new Array<number>(columns).fill(0);
  for (const { widths: needed } of drawn)
    for (const [column, each] of needed.entries()) widths[column] = Math.max(widths[column] ?? 0, each ?? 0);
  const others = widths.slice(0, -1).reduce((sum, each) => sum + each, 0);
  const last = Math.min(widths.at(-1) ?? 0, Math.max(width - others, MIN_LAST) + GAP);
  // Drawing takes long: what has the widths it needs is not drawn again.
  const fits = (own: readonly (number | null)[]): boolean =>
    last === widths.at(-1) && own.every((each, column) => each === widths[column]);
  widths[columns - 1] = last;

  return parts
    .map((part, index) => {
      const first = drawn[index];
      return first !== undefined && fits(first.widths) ? first.text : make(part, widths).text;
    })
    .join("\n")
    .replace(/ +$/gm, "");
}
