import { AsyncLocalStorage } from "node:async_hooks";
import { CamelCasePlugin, Kysely, type KyselyPlugin } from "kysely";
import { createAccess } from "../../sqlite/access.ts";
import { createSqliteDialect } from "../../sqlite/dialect.ts";
import { readFileHeader } from "../../sqlite/header.ts";
import { migrate } from "../../sqlite/migrate.ts";
import { openSqlite, type OpenOptions } from "../../sqlite/open.ts";
import type { Store, Tables } from "../contract.ts";
import { createAccounts } from "./accounts.ts";
import { createActivityLog } from "./activity.ts";
import { createAnswers } from "./answers.ts";
import { createAttempts } from "./attempts.ts";
import type { Database, Schema } from "./database.ts";
import { createDeliveries } from "./deliveries.ts";
import { createEndpoints } from "./endpoints.ts";
import { createEvents } from "./events.ts";
import { createGroups } from "./groups.ts";
import { createKeys } from "./keys.ts";
import { controlPlane } from "./migrations.ts";
import { createQueue } from "./queue.ts";
import { createSettings } from "./settings.ts";
import { statementsWithin, type Statements } from "./statements.ts";

/** Whether a file is a store that this hookline need not bring up to date. */
export function isCurrent(file: string): boolean {
  const header = readFileHeader(file);
  return (
    header !== undefined &&
    header.isWal &&
    header.applicationId === controlPlane.applicationId &&
    header.userVersion === controlPlane.migrations.length
  );
}

export interface StoreOptions extends OpenOptions {
  /**
   * Fails where the store itself is used within one of its transactions, which it would wait for. Costs a quarter of the
   * rate, so it is for tests.
   */
  watchUse?: boolean;
}

/**
 * The store in one SQLite file, which any number of processes may share.
 * @throws HooklineError `sqlite-missing`, `database-damaged`, `database-unwritable`, `database-busy`, `database-newer`,
 *   `database-foreign`
 */
export async function createSqliteStore(file: string, options: StoreOptions = {}): Promise<Store> {
  const sqlite = await openSqlite(file, { ...options, applicationId: controlPlane.applicationId });
  try {
    await migrate(sqlite, controlPlane, options);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  const access = createAccess(sqlite, options);
  const database: Database = new Kysely<Schema>({
    dialect: createSqliteDialect(sqlite, { access }),
    plugins: [new CamelCasePlugin()],
  });
  /** Set in what runs as part of a transaction, where that is watched. */
  const running = options.watchUse === true ? new AsyncLocalStorage<{ ended: boolean }>() : undefined;
  const checkOutside = (): void => {
    if (running?.getStore()?.ended === false)
      throw new Error("the store is used within one of its transactions: use the tables given to it");
  };
  const outside: KyselyPlugin = {
    transformQuery({ node }) {
      checkOutside();
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  const statements: Statements = {
    async all(sql, parameters) {
      checkOutside();
      return access.read(() => sqlite.all(sql, parameters));
    },
    async run(sql, parameters) {
      checkOutside();
      return access.write(() => sqlite.run(sql, parameters));
    },
    recall: async (_table, sql, parameters, toRow) => (await statements.all(sql, parameters)).map(toRow),
    changed: () => undefined,
  };
  const inGroup = createGroups(sqlite, database, (transaction) => {
    let isOver = false;
    const within = statementsWithin(sqlite, () => {
      if (isOver) throw new Error("the transaction is over");
    });
    return {
      tables: createTables(transaction, within),
      undone: () => within.forget(),
      end: () => void (isOver = true),
    };
  });
  // One writer at a time is what SQLite allows, so every account waits for every other.
  const write = async <Result>(work: (tables: Tables) => Promise<Result>): Promise<Result> => {
    checkOutside();
    if (running === undefined) return inGroup(work);
    return inGroup(async (tables) => {
      const state = { ended: false };
      try {
        return await running.run(state, () => work(tables));
      } finally {
        state.ended = true;
      }
    });
  };
  return {
    ...createTables(database.withPlugin(outside), statements),
    write: (_accountId, work) => write(work),
    queue: createQueue(sqlite, write, (work) => access.read(work)),
    async close() {
      checkOutside();
      await database.destroy();
      // Kysely leaves open what it never used.
      sqlite.close();
    },
  };
}

function createTables(database: Database, statements: Statements): Tables {
  return {
    accounts: createAccounts(database),
    keys: createKeys(database, statements),
    endpoints: createEndpoints(database, statements),
    activity: createActivityLog(database),
    events: createEvents(database, statements),
    deliveries: createDeliveries(statements),
    attempts: createAttempts(statements),
    answers: createAnswers(statements),
    settings: createSettings(database),
  };
}
