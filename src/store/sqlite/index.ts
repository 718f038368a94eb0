import { AsyncLocalStorage } from "node:async_hooks";
import { CamelCasePlugin, Kysely, type KyselyPlugin } from "kysely";
import { createSqliteDialect } from "../../sqlite/dialect.ts";
import { migrate } from "../../sqlite/migrate.ts";
import { openSqlite, type OpenOptions } from "../../sqlite/open.ts";
import type { Store, Tables } from "../contract.ts";
import { createAccounts } from "./accounts.ts";
import { createActivityLog } from "./activity.ts";
import { createAnswers } from "./answers.ts";
import type { Database, Schema } from "./database.ts";
import { createEndpoints } from "./endpoints.ts";
import { createKeys } from "./keys.ts";
import { controlPlane } from "./migrations.ts";
import { createSettings } from "./settings.ts";

/**
 * The store in one SQLite file, which any number of processes may share.
 * @throws HooklineError `sqlite-missing`, `database-damaged`, `database-unwritable`, `database-busy`, `database-newer`,
 *   `database-foreign`
 */
export async function createSqliteStore(file: string, options: OpenOptions = {}): Promise<Store> {
  const sqlite = await openSqlite(file, { ...options, applicationId: controlPlane.applicationId });
  try {
    await migrate(sqlite, controlPlane, options);
  } catch (error) {
    sqlite.close();
    throw error;
  }
  const database: Database = new Kysely<Schema>({
    dialect: createSqliteDialect(sqlite, options),
    plugins: [new CamelCasePlugin()],
  });
  /** Set in what runs as part of a transaction. */
  const running = new AsyncLocalStorage<{ ended: boolean }>();
  const checkOutside = (): void => {
    if (running.getStore()?.ended === false)
      throw new Error("the store is used within one of its transactions: use the tables given to it");
  };
  const outside: KyselyPlugin = {
    transformQuery({ node }) {
      checkOutside();
      return node;
    },
    transformResult: ({ result }) => Promise.resolve(result),
  };
  return {
    ...createTables(database.withPlugin(outside)),
    // One writer at a time is what SQLite allows, so every account waits for every other.
    async write(_accountId, work) {
      checkOutside();
      return database.transaction().execute(async (transaction) => {
        const state = { ended: false };
        try {
          return await running.run(state, () => work(createTables(transaction)));
        } finally {
          state.ended = true;
        }
      });
    },
    async close() {
      checkOutside();
      await database.destroy();
      // Kysely leaves open what it never used.
      sqlite.close();
    },
  };
}

function createTables(database: Database): Tables {
  return {
    accounts: createAccounts(database),
    keys: createKeys(database),
    endpoints: createEndpoints(database),
    activity: createActivityLog(database),
    answers: createAnswers(database),
    settings: createSettings(database),
  };
}
