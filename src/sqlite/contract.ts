/** What can be bound to a statement. Numbers must be finite; integers beyond 2^53 need a bigint. */
export type Bindable = string | number | bigint | boolean | null | Uint8Array;

/** What a column holds: integers as numbers (which every column of hookline's can be), bytes as Uint8Array. */
export type Value = string | number | null | Uint8Array;

export type Row = Record<string, Value>;

/** One open SQLite file, the same whatever driver is behind it. All calls are synchronous. */
export interface SqliteDatabase {
  readonly driver: "node:sqlite" | "libsql";
  /** Runs statements that bind nothing and answer nothing. */
  exec(sql: string): void;
  all(sql: string, parameters?: readonly Bindable[]): Row[];
  /** @returns how many rows were changed */
  run(sql: string, parameters?: readonly Bindable[]): { changes: number };
  close(): void;
}
