import type { Page, Rows } from "../../store/contract.ts";
import { firstIdAt, type NewId } from "../ids.ts";

/** A page of the store for what a request asked. */
export function pageOf({ limit, cursor }: { limit: number; cursor?: string | undefined }): Page {
  return cursor === undefined ? { limit } : { limit, before: cursor };
}

/** The same within a time, as RFC 3339 writes it: ids are made when their rows are, so they bound a list. */
export function pageWithin(
  prefix: Parameters<NewId>[0],
  {
    since,
    until,
    ...page
  }: {
    limit: number;
    cursor?: string | undefined;
    since?: string | undefined;
    until?: string | undefined;
  },
): Page {
  const before = [page.cursor, until === undefined ? undefined : firstIdAt(prefix, Date.parse(until))]
    .filter((bound) => bound !== undefined)
    .sort()[0];
  return {
    limit: page.limit,
    ...(before === undefined ? {} : { before }),
    from: since === undefined ? undefined : firstIdAt(prefix, Date.parse(since)),
  };
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
