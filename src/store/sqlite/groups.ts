import type { Kysely, Transaction } from "kysely";
import type { SqliteDatabase } from "../../sqlite/contract.ts";

/** Something to be done in a transaction, and whom to tell. */
interface Work<Tables> {
  run: (tables: Tables) => Promise<unknown>;
  resolve: (value: unknown) => void;
  reject: (error: unknown) => void;
}

/** The tables of a group's transaction. */
interface Opened<Tables> {
  tables: Tables;
  /** Told when what a work has changed is undone. */
  undone: () => void;
  /** Told when they may be used no more. */
  end: () => void;
}

/**
 * Transactions in groups: what is asked for at the same time is committed together, as a commit that waits for the disk
 * costs as much as dozens of rows. Each work is undone alone where it fails; all of a group where its commit does.
 *
 * After a commit of many the next waits several times as long as that one took, so that under load most of the time goes
 * into work and groups grow; whoever writes now and then waits no longer than for the commit itself.
 */
export function createGroups<Schema, Tables>(
  sqlite: SqliteDatabase,
  database: Kysely<Schema>,
  open: (transaction: Transaction<Schema>) => Opened<Tables>,
): <Result>(run: (tables: Tables) => Promise<Result>) => Promise<Result> {
  let waiting: Work<Tables>[] = [];
  let isScheduled = false;
  /** On the monotonic clock: when the next group may begin. */
  let due = 0;

  const look = (): void => {
    const wait = due - performance.now();
    // What comes in while it waits belongs to the group.
    if (wait >= 1) setTimeout(look, wait);
    else if (wait > 0) setImmediate(look);
    else void commit();
  };
  const commit = async (): Promise<void> => {
    let group: Work<Tables>[] | undefined;
    // Once it has its turn: who comes while another process holds the file belongs to it too.
    const take = (): Work<Tables>[] => {
      isScheduled = false;
      group = waiting;
      waiting = [];
      return group;
    };
    const settlements: (() => void)[] = [];
    let ended = 0;
    try {
      await database.transaction().execute(async (transaction) => {
        const works = take();
        const opened = open(transaction);
        try {
          for (const work of works) settlements.push(await attempt(sqlite, work, opened));
        } finally {
          ended = performance.now();
          opened.end();
        }
      });
      const now = performance.now();
      due = now + Math.min(Math.min(settlements.length, mostCommits) * (now - ended), longestWaitMs);
    } catch (error) {
      for (const { reject } of group ?? take()) reject(error);
      return;
    }
    for (const settle of settlements) settle();
  };

  return <Result>(run: (tables: Tables) => Promise<Result>) =>
    new Promise<Result>((resolve, reject) => {
      waiting.push({ run, resolve: (value) => resolve(value as Result), reject });
      if (isScheduled) return;
      isScheduled = true;
      setImmediate(look);
    });
}

/** How many times as long as a commit the next group waits at most … */
const mostCommits = 8;
/** … and how many milliseconds: a disk that is slow for a moment must not be waited for twice. */
const longestWaitMs = 10;

/** @returns tells the one who asked how it went, once the group is on disk */
async function attempt<Tables>(
  sqlite: SqliteDatabase,
  { run, resolve, reject }: Work<Tables>,
  { tables, undone }: Opened<Tables>,
): Promise<() => void> {
  sqlite.exec("savepoint work");
  try {
    const result = await run(tables);
    sqlite.exec("release work");
    return () => resolve(result);
  } catch (error) {
    try {
      sqlite.exec("rollback to work");
      sqlite.exec("release work");
    } catch {
      // After some errors SQLite has undone the whole transaction: with it the group fails, for that reason.
      throw error;
    }
    undone();
    return () => reject(error);
  }
}
