/**
 * What can be bound to a statement. Numbers must be finite; integers beyond 2^53 need a bigint. Text with a NUL or half of
 * a surrogate pair is refused, as SQLite would not give it back.
 */
export type Bindable = string | number | bigint | boolean | null | Uint8Array;

/** What a column holds: integers as numbers (which every column of hookline's can be), bytes as Uint8Array. */
export type Value = string | number | null | Uint8Array;

export type Row = Record<string, Value>;

/**
 * One open SQLite file, the same whatever driver is behind it. All calls are synchronous.
 *
 * What cannot be bound is a TypeError. A file that cannot be used any more (damaged, read-only, disk full) is a
 * HooklineError. Everything else is the driver's own error, to be asked with `constraintOf` and `isBusy`.
 */
export interface SqliteDatabase {
  readonly driver: "node:sqlite" | "libsql";
  /** Absolute path of the file. */
  readonly file: string;
  /** Runs statements that bind nothing and answer nothing; transactions begin and end here. */
  exec(sql: string): void;
  all(sql: string, parameters?: readonly Bindable[]): Row[];
  /**
   * Runs one insert, update or delete.
   * @returns how many rows were changed
   */
  run(sql: string, parameters?: readonly Bindable[]): { changes: number };
  close(): void;
}
