// What tests do in processes of their own; `runTask` in tasks.ts bundles and starts it.
import type { Bindable, SqliteDatabase } from "../../src/sqlite/contract.ts";
import { migrate } from "../../src/sqlite/migrate.ts";
import { openSqlite } from "../../src/sqlite/open.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";

export interface TaskOptions {
  file: string;
  driver?: SqliteDatabase["driver"];
  /** Gives up root's rights first. */
  asNobody?: boolean;
  migrations?: readonly string[];
  account?: string;
  writes?: number;
}

const odd: Record<string, unknown> = {
  undefined: undefined,
  NaN: NaN,
  Infinity: Infinity,
  "2^53": 2 ** 53,
  "2^63": 2n ** 63n,
  Date: new Date(0),
  object: { a: 1 },
  array: [1],
  ArrayBuffer: new ArrayBuffer(1),
  Float64Array: new Float64Array(1),
  function: () => 1,
  symbol: Symbol("s"),
  NUL: "a\0b",
  "lone surrogate": "a\ud800b",
};
const plain: Record<string, Bindable> = { true: true, false: false, null: null, Buffer: Buffer.from("a") };

const tasks = {
  /** Tells whether it opens, else the code of the error. */
  async open({ file, driver }) {
    (await openSqlite(file, driver && { driver })).close();
    return "opened";
  },

  /** Takes the lock of writers. */
  async lock({ file, driver }) {
    const database = await openSqlite(file, driver && { driver });
    database.exec("begin immediate; commit");
    return "locked";
  },

  /** Uses a database that is closed. @returns the errors */
  async closed({ file, driver }) {
    const database = await openSqlite(file, driver && { driver });
    database.close();
    database.close();
    return [
      () => database.exec("select 1"),
      () => database.all("select 1"),
      () => database.run("delete from t"),
    ].map((work) => {
      try {
        return work();
      } catch (error) {
        return (error as Error).message;
      }
    });
  },

  /** Binds what a driver may not survive. @returns what came of each */
  async bind({ file, driver }) {
    const database = await openSqlite(file, driver && { driver });
    const outcome = (value: unknown): string => {
      try {
        return String(database.all("select typeof(?) as type", [value as Bindable])[0]?.["type"]);
      } catch (error) {
        return (error as Error).name;
      }
    };
    return Object.fromEntries(
      Object.entries({ ...odd, ...plain }).map(([name, value]) => [name, outcome(value)]),
    );
  },

  async migrate({ file, driver, migrations = [] }) {
    const database = await openSqlite(file, driver && { driver });
    await migrate(database, { applicationId: 7, migrations });
    database.close();
    return "migrated";
  },

  /** Counts up in transactions that read first, and beside them. */
  async write({ file, driver, account = "", writes = 0 }) {
    const store = await createSqliteStore(file, driver && { driver });
    const id = `end_${process.pid}`;
    for (let index = 0; index < writes; index++) {
      await store.write(account, async (tables) => {
        const shared = await tables.endpoints.get(account, "end_shared");
        const description = String(Number(shared?.description) + 1);
        await Promise.resolve();
        await tables.endpoints.update(account, "end_shared", { description });
      });
      await store.activity.record(
        {
          ...{ id: `${id}_${index}`, accountId: account, at: index, lastAt: index, count: 1 },
          ...{ action: "count", actorKind: "server", actorKeyId: null, actorName: null, address: null },
          ...{ subjectId: null, subjectName: null, detail: {} },
        },
        "the same",
      );
      await store.keys.get(account, "none");
    }
    await store.close();
    return writes;
  },
} satisfies Record<string, (options: TaskOptions) => Promise<unknown>>;

export type TaskName = keyof typeof tasks;

async function main(name: TaskName, options: TaskOptions): Promise<void> {
  const nobody = 65_534;
  if (options.asNobody && process.getuid?.() === 0) {
    // Nobody may not be allowed into the checkout, where the driver is.
    (await openSqlite(`${program}.db`, options.driver && { driver: options.driver })).close();
    process.setuid?.(nobody);
  }
  const result = await tasks[name](options).catch((error: { code?: string; message: string }) => ({
    code: error.code,
    message: error.message,
  }));
  process.stdout.write(JSON.stringify(result));
}

const [, program, name, options = "{}"] = process.argv;
void main(name as TaskName, JSON.parse(options) as TaskOptions);
