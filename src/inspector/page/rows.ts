import type { DeliveryShape } from "../api.ts";

/** Deliveries as the list holds them: newest first, each number once. */
export type Rows = readonly DeliveryShape[];

/** Where a delivery is in the list, or, less than 0, the complement (`~`) of where it would be. */
export function findRow(rows: Rows, number: number): number {
  let low = 0;
  let high = rows.length;
  while (low < high) {
    const middle = (low + high) >> 1;
    const at = rows[middle]?.number ?? 0;
    if (at === number) return middle;
    if (at > number) low = middle + 1;
    else high = middle;
  }
  return ~low;
}

/** The list with some deliveries put in, those that are there already in their place. */
export function putRows(rows: Rows, some: Rows): Rows {
  if (some.length === 0) return rows;
  const byNumber = new Map([...rows, ...some].map((row) => [row.number, row]));
  return [...byNumber.values()].sort((one, other) => other.number - one.number);
}

/** The list with those renewed that it has; the same list where it has none of them. */
export function renewRows(rows: Rows, some: Rows): Rows {
  const renewed = [...rows];
  let changed = false;
  for (const row of some) {
    const index = findRow(rows, row.number);
    if (index < 0) continue;
    renewed[index] = row;
    changed = true;
  }
  return changed ? renewed : rows;
}

/**
 * The list after its newest page was asked for again: what the page covers is as the page says.
 * @param isWhole whether there is nothing behind the page
 * @returns undefined where deliveries may be missing between the page and the list
 */
export function refreshRows(rows: Rows, page: Rows, isWhole: boolean): Rows | undefined {
  const last = page.at(-1);
  if (isWhole || last === undefined) return page;
  const newest = rows[0];
  if (newest === undefined || newest.number < last.number) return undefined;
  const older = findRow(rows, last.number);
  return [...page, ...rows.slice(older < 0 ? ~older : older + 1)];
}
