import type { SqliteDatabase } from "./contract.ts";

/** Ends a transaction that failed; after some errors SQLite has ended it itself. */
export function rollback(database: SqliteDatabase): void {
  try {
    database.exec("rollback");
  } catch {
    // What led here is told.
  }
}
