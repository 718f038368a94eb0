import { isBuiltin } from "node:module";
import { join } from "node:path";
import { afterEach } from "vitest";
import type { SqliteDatabase } from "../../src/sqlite/contract.ts";
import { openSqlite } from "../../src/sqlite/open.ts";
import { createFolder } from "../cli/spawn.ts";

/** Every driver that this Node can load. */
export const drivers: SqliteDatabase["driver"][] = isBuiltin("node:sqlite")
  ? ["node:sqlite", "libsql"]
  : ["libsql"];

const folder = createFolder();
let files = 0;
const opened: SqliteDatabase[] = [];

/** The path of a database that is not there yet. */
export const newFile = (): string => join(folder, `${++files}.db`);

/** Opens a database until the test ends. */
export async function open(driver: SqliteDatabase["driver"], file = newFile()): Promise<SqliteDatabase> {
  const database = await openSqlite(file, { driver });
  opened.push(database);
  return database;
}

afterEach(() => {
  for (const database of opened.splice(0)) database.close();
});
