import {
  SqliteAdapter,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import { realSleep, whenFree, type Sleep, type Waiting } from "./busy.ts";
import type { Bindable, SqliteDatabase } from "./contract.ts";
import { rollback } from "./rollback.ts";

/**
 * Kysely over one SQLite connection, shared by all that use it at once. One transaction runs at a time and holds the
 * write lock from its beginning; whatever is outside it waits until it has ended, and never sees its uncommitted rows.
 * While another process holds the lock, reads go on.
 *
 * Statements fail with HooklineError `database-busy` where another process does not give the file free within some 30 s
 * of their being asked for, their turn included.
 */
export function createSqliteDialect(
  database: SqliteDatabase,
  { sleep = realSleep }: { sleep?: Sleep } = {},
): Dialect {
  return {
    createDriver: () => createDriver(database, sleep),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector() {
      throw new Error("the database is not introspected");
    },
  };
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
  connection: DatabaseConnection;
  ended: Promise<void>;
  end: Turn;
}

function createDriver(database: SqliteDatabase, sleep: Sleep): Driver {
  const { file } = database;
  const nextWriter = createTurns();
  const writing: Waiting = { ms: 0 };
  let transaction: OpenTransaction | undefined;

  const read = <Result>(work: () => Result): Promise<Result> =>
    whenFree(file, sleep, async () => {
      while (transaction !== undefined) await transaction.ended;
      return work();
    });
  const write = async <Result>(work: () => Result): Promise<Result> => {
    const since = writing.ms;
    const done = await nextWriter();
    try {
      return await whenFree(file, sleep, work, writing, since);
    } finally {
      done();
    }
  };
  const end = (): void => {
    const ended = transaction;
    transaction = undefined;
    ended?.end();
  };

  return {
    init: () => Promise.resolve(),
    async acquireConnection() {
      const connection: DatabaseConnection = {
        async executeQuery<Row>(query: CompiledQuery) {
          const work = (): QueryResult<Row> => execute<Row>(database, query);
          if (transaction?.connection === connection) return work();
          return query.query.kind === "SelectQueryNode" ? read(work) : write(work);
        },
        streamQuery() {
          throw new Error("results are not streamed");
        },
      };
      return connection;
    },
    async beginTransaction(connection) {
      const since = writing.ms;
      const done = await nextWriter();
      const begin = (): void => {
        database.exec("begin immediate");
        const { promise, resolve } = withResolvers();
        transaction = {
          connection,
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
    async commitTransaction() {
      await whenFree(file, sleep, () => database.exec("commit"), writing);
      end();
    },
    async rollbackTransaction() {
      rollback(database);
      end();
    },
    releaseConnection: () => Promise.resolve(),
    async destroy() {
      await write(() => database.close());
    },
  };
}

function execute<Row>(database: SqliteDatabase, query: CompiledQuery): QueryResult<Row> {
  const parameters = query.parameters as readonly Bindable[];
  if (!changesAlone(query)) return { rows: database.all(query.sql, parameters) as Row[] };
  return { rows: [], numAffectedRows: BigInt(database.run(query.sql, parameters).changes) };
}

/** Whether a statement answers how many rows it changed, and no rows. */
function changesAlone({ query }: CompiledQuery): boolean {
  switch (query.kind) {
    case "InsertQueryNode":
    case "UpdateQueryNode":
    case "DeleteQueryNode":
      return query.returning === undefined;
    default:
      return false;
  }
}

/** `Promise.withResolvers`, which the oldest Node does not have. */
function withResolvers(): { promise: Promise<void>; resolve: () => void } {
  let resolve = (): void => undefined;
  const promise = new Promise<void>((settle) => (resolve = settle));
  return { promise, resolve };
}
