import { realSleep, whenFree, type Sleep, type Waiting } from "./busy.ts";
import type { SqliteDatabase } from "./contract.ts";
import { rollback } from "./rollback.ts";

/**
 * Turns at one SQLite connection. One transaction runs at a time and holds the write lock from its beginning; whatever is
 * outside it waits until it has ended, and never sees its uncommitted rows. While another process holds the lock, reads
 * go on.
 *
 * All fail with HooklineError `database-busy` where another process does not give the file free within some 30 s of
 * being asked, the wait for a turn included.
 */
export interface Access {
  /** Does work that changes nothing, outside any transaction. */
  read<Result>(work: () => Result): Promise<Result>;
  /** Does work that is a transaction of its own. */
  write<Result>(work: () => Result): Promise<Result>;
  /** Begins a transaction. @param holder told apart by identity */
  begin(holder: object): Promise<void>;
  isHeldBy(holder: object): boolean;
  commit(): Promise<void>;
  rollback(): void;
}

/** What waits for one another, in the order in which it came. @returns gives the turn to the next */
type Turn = () => void;

function createTurns(): () => Promise<Turn> {
  let last = Promise.resolve();
  return async () => {
    const before = last;
    const { promise, resolve } = withResolvers();
    last = promise;
    await before;
    return resolve;
  };
}

interface OpenTransaction {
  holder: object;
  ended: Promise<void>;
  end: Turn;
}

export function createAccess(
  database: SqliteDatabase,
  { sleep = realSleep }: { sleep?: Sleep } = {},
): Access {
  const { file } = database;
  const nextWriter = createTurns();
  const writing: Waiting = { ms: 0 };
  let transaction: OpenTransaction | undefined;

  const end = (): void => {
    const ended = transaction;
    transaction = undefined;
    ended?.end();
  };

  return {
    read: (work) =>
      whenFree(file, sleep, async () => {
        while (transaction !== undefined) await transaction.ended;
        return work();
      }),
    async write(work) {
      const since = writing.ms;
      const done = await nextWriter();
      try {
        return await whenFree(file, sleep, work, writing, since);
      } finally {
        done();
      }
    },
    async begin(holder) {
      const since = writing.ms;
      const done = await nextWriter();
      const begin = (): void => {
        database.exec("begin immediate");
        const { promise, resolve } = withResolvers();
        transaction = {
          holder,
          ended: promise,
          end() {
            resolve();
            done();
          },
        };
      };
      try {
        await whenFree(file, sleep, begin, writing, since);
      } catch (error) {
        done();
        throw error;
      }
    },
    isHeldBy: (holder) => transaction?.holder === holder,
    async commit() {
      await whenFree(file, sleep, () => database.exec("commit"), writing);
      end();
    },
    rollback() {
      rollback(database);
      end();
    },
  };
}

/** `Promise.withResolvers`, which the oldest Node does not have. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
