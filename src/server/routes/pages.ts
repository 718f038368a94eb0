import { cursorWords } from "../../remote/schemas.ts";
import type { Page, Rows } from "../../store/contract.ts";
import { firstIdAt, type NewId } from "../ids.ts";
import { ApiProblem } from "../problems.ts";

type Prefix = Parameters<NewId>[0];

/** A page of the store for what a request asked. @throws ApiProblem `query-invalid` where the cursor is no such id */
export function pageOf(
  prefix: Prefix,
  { limit, cursor }: { limit: number; cursor?: string | undefined },
): Page {
  if (cursor === undefined) return { limit };
  if (new RegExp(`^${prefix}_[0-9a-z]+$`).test(cursor)) return { limit, before: cursor };
  throw new ApiProblem("query-invalid", "the query is not valid", {
    errors: [{ path: "cursor", message: cursorWords }],
  });
}

/** The same within a time, as RFC 3339 writes it: ids are made when their rows are, so they bound a list. */
export function pageWithin(
  prefix: Prefix,
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
  const { before: cursor, limit } = pageOf(prefix, page);
  const before = [cursor, until === undefined ? undefined : firstIdAt(prefix, Date.parse(until))]
    .filter((bound) => bound !== undefined)
    .sort()[0];
  return {
    limit,
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
