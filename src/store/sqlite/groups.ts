import type { Kysely, Transaction } from "kysely";
import type { SqliteDatabase } from "../../sqlite/contract.ts";

/** Something to be done in a transaction, and whom to tell. */
interface Work<Tables> {
  run(tables: Tables): Promise<unknown>;
  resolve(value: unknown): void;
  reject(error: unknown): void;
}

/**
 * Transactions in groups: what is asked for at the same time is committed together, as a commit that waits for the disk
 * costs as much as dozens of rows. Each work is undone alone where it fails; all of a group where its commit does.
 * @param open the tables of a group's transaction, and what ends their use
 */
export function createGroups<Schema, Tables>(
  sqlite: SqliteDatabase,
  database: Kysely<Schema>,
  open: (transaction: Transaction<Schema>) => { tables: Tables; end: () => void },
): <Result>(run: (tables: Tables) => Promise<Result>) => Promise<Result> {
  let waiting: Work<Tables>[] = [];
  let isScheduled = false;

  const commit = async (): Promise<void> => {
    isScheduled = false;
    const group = waiting;
    waiting = [];
    const settlements: (() => void)[] = [];
    try {
      await database.transaction().execute(async (transaction) => {
        const { tables, end } = open(transaction);
        try {
          for (const work of group) settlements.push(await attempt(sqlite, work, tables));
        } finally {
          end();
        }
      });
    } catch (error) {
      for (const { reject } of group) reject(error);
      return;
    }
    for (const settle of settlements) settle();
  };

  return (run) =>
    new Promise((resolve, reject) => {
      waiting.push({ run, resolve: resolve as (value: unknown) => void, reject });
      if (isScheduled) return;
      isScheduled = true;
      // What comes in the same turn of the event loop belongs to the group.
      setImmediate(() => void commit());
    });
}

/** @returns tells the one who asked how it went, once the group is on disk */
async function attempt<Tables>(
  sqlite: SqliteDatabase,
  { run, resolve, reject }: Work<Tables>,
  tables: Tables,
): Promise<() => void> {
  sqlite.exec("savepoint work");
  try {
    const result = await run(tables);
    sqlite.exec("release work");
    return () => resolve(result);
  } catch (error) {
    // After some errors SQLite has undone the whole transaction: then this fails too, and with it the group.
    sqlite.exec("rollback to work");
    sqlite.exec("release work");
    return () => reject(error);
  }
}
