import { rollback } from "../sqlite/rollback.ts";
import type { SqliteDatabase } from "../sqlite/contract.ts";

/** Does work in one turn, all of it or nothing; throws where another process has the file locked (`isBusy`). */
export function transact<Result>(database: SqliteDatabase, work: () => Result): Result {
  database.exec("begin immediate");
  try {
    const result = work();
    database.exec("commit");
    return result;
  } catch (error) {
    rollback(database);
    throw error;
  }
}
