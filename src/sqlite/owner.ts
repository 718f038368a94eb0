import { HooklineError } from "../errors.ts";
import type { SqliteDatabase } from "./contract.ts";

/**
 * Looks whose database a file is, and changes nothing.
 * @param applicationId what databases of this kind have as SQLite's `application_id`
 * @throws HooklineError `database-foreign` where anything is in it and it is of another kind
 */
export function checkOwner(database: SqliteDatabase, applicationId: number): void {
  const pragma = (name: string): number => Number(database.all(`pragma ${name}`)[0]?.[name]);
  const isUsed =
    pragma("user_version") !== 0 || database.all("select 1 from sqlite_schema limit 1").length > 0;
  // Read last: who filled it in the meantime has set it in the same transaction.
  const owner = pragma("application_id");
  if (owner === applicationId || (owner === 0 && !isUsed)) return;
  throw new HooklineError(
    "database-foreign",
    `${database.file} is another program's database: hookline leaves it as it is`,
    {
      nextSteps: [
        "name another file with --db, or move this one away",
        "without --db it is hookline.db in the folder that HOOKLINE_HOME names",
      ],
    },
  );
}
