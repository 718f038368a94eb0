import { migrate } from "../sqlite/migrate.ts";
import type { SqliteDatabase } from "../sqlite/contract.ts";
import { openSqlite } from "../sqlite/open.ts";
import { inboxKind } from "./schema.ts";

/**
 * @throws HooklineError `sqlite-missing`, `database-damaged`, `database-unwritable`, `database-busy`, `database-newer`,
 *   `database-foreign`
 */
export async function openDatabase(file: string): Promise<SqliteDatabase> {
  const database = await openSqlite(file, { applicationId: inboxKind.applicationId });
  try {
    await migrate(database, inboxKind);
    // A killed process loses nothing of what was committed, and nobody waits for the disk to say so.
    database.exec("pragma synchronous = normal; pragma secure_delete = fast");
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}
