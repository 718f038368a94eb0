import { HooklineError } from "../errors.ts";
import { realSleep, whenFree, type Sleep } from "./busy.ts";
import type { SqliteDatabase } from "./contract.ts";
import { checkOwner } from "./owner.ts";
import { rollback } from "./rollback.ts";

/** What databases of one kind are. */
export interface DatabaseKind {
  /** SQLite's `application_id` of them, a positive integer of 31 bits. */
  applicationId: number;
  /** SQL, in order; what is published is never changed, only added to. */
  migrations: readonly string[];
}

/**
 * Brings a database up to date, or makes an empty one to be of the kind. Its `user_version` counts the migrations it has had; each runs in a transaction of its
 * own, so several processes can do this at once.
 * @throws HooklineError `database-foreign`, `database-newer`, `database-busy`
 */
export async function migrate(
  database: SqliteDatabase,
  { applicationId, migrations }: DatabaseKind,
  { sleep = realSleep }: { sleep?: Sleep } = {},
): Promise<void> {
  const { file } = database;
  const version = (): number => {
    checkOwner(database, applicationId);
    const found = Number(database.all("pragma user_version")[0]?.["user_version"]);
    if (found > migrations.length) throw newer(file, found, migrations.length);
    return found;
  };
  const step = (): void => {
    database.exec("begin immediate");
    try {
      // Another process may have been faster.
      const done = version();
      const migration = migrations[done];
      if (migration !== undefined) {
        database.exec(
          `pragma application_id = ${applicationId};\n${migration}\n; pragma user_version = ${done + 1}`,
        );
      }
      database.exec("commit");
    } catch (error) {
      rollback(database);
      throw error;
    }
  };
  while ((await whenFree(file, sleep, version)) < migrations.length) await whenFree(file, sleep, step);
}

function newer(file: string, version: number, known: number): HooklineError {
  return new HooklineError(
    "database-newer",
    `the database ${file} was written by a newer hookline: it has version ${version}, this hookline knows ${known}`,
    { nextSteps: ["install the newest hookline"] },
  );
}
