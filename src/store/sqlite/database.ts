import type { Kysely } from "kysely";
import type {
  Account,
  ActivityRow,
  AnswerRow,
  EndpointRow,
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
  settings: { name: string; value: Uint8Array };
}

export type Database = Kysely<Schema>;

/** @param found rows of a page and one more, if there is one */
export function pageOf<Found, Row>(
  { limit }: Page,
  found: readonly Found[],
  read: (row: Found) => Row,
): RowsOfPage<Row> {
  return { rows: found.slice(0, limit).map(read), more: found.length > limit };
}
