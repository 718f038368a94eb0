import type { Kysely, SelectQueryBuilder } from "kysely";
import type {
  Account,
  ActivityRow,
  AnswerRow,
  EndpointRow,
  EventRow,
  KeyRow,
  Page,
  Rows as RowsOfPage,
} from "../contract.ts";

/** A row as it is stored: these of its fields are JSON text. */
type Stored<Row, Json extends keyof Row> = Omit<Row, Json> & Record<Json, string>;

export type StoredKey = Stored<KeyRow, "scopes">;
export type StoredEndpoint = Stored<EndpointRow, "events">;
export type StoredActivity = Stored<ActivityRow, "detail"> & { repeats: string | null };

/** The tables by their names; columns are in snake case in the file. */
export interface Schema {
  accounts: Account;
  keys: StoredKey;
  endpoints: StoredEndpoint;
  activity: StoredActivity;
  answers: AnswerRow;
  events: EventRow;
  settings: { name: string; value: Uint8Array };
}

export type Database = Kysely<Schema>;

/** Only what a page asks for; how many of it is another matter. */
export function within<Table extends "keys" | "endpoints" | "activity" | "events", Row>(
  query: SelectQueryBuilder<Schema, Table, Row>,
  { before, from }: Page,
): SelectQueryBuilder<Schema, Table, Row> {
  const rows = query as unknown as SelectQueryBuilder<Schema, "events", Row>;
  const bounded = before === undefined ? rows : rows.where("id", "<", before);
  return (from === undefined ? bounded : bounded.where("id", ">=", from)) as unknown as typeof query;
}

/** @param found rows of a page and one more, if there is one */
export function pageOf<Found, Row>(
  { limit }: Page,
  found: readonly Found[],
  read: (row: Found) => Row,
): RowsOfPage<Row> {
  return { rows: found.slice(0, limit).map(read), more: found.length > limit };
}
