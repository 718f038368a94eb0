import type { Page, Rows } from "../../store/contract.ts";

/** A page of the store for what a request asked. */
export function pageOf({ limit, cursor }: { limit: number; cursor?: string | undefined }): Page {
  return cursor === undefined ? { limit } : { limit, before: cursor };
}

/** A list as the API answers it; the next page begins behind the last row. */
export function listOf<Row extends { id: string }, Item>(
  { rows, more }: Rows<Row>,
  show: (row: Row) => Item,
): { data: Item[]; next_cursor: string | null } {
  return { data: rows.map(show), next_cursor: more ? (rows.at(-1)?.id ?? null) : null };
}

/** Unix milliseconds as the API writes times. */
export function timeText(ms: number): string {
  return new Date(ms).toISOString();
}

export function maybeTime(ms: number | null): string | null {
  return ms === null ? null : timeText(ms);
}
