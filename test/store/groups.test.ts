import { Kysely } from "kysely";
import { describe, expect, test } from "vitest";
import { createSqliteDialect } from "../../src/sqlite/dialect.ts";
import { createGroups } from "../../src/store/sqlite/groups.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { drivers, newFile, open } from "../sqlite/drivers.ts";
import { account, key } from "./rows.ts";

interface Schema {
  parents: { id: number };
  children: { parent: number };
}

/** Transactions over a database that checks at the commit whether children have parents. */
async function openGroups(driver: (typeof drivers)[number]) {
  const sqlite = await open(driver);
  sqlite.exec(`
    create table parents (id integer primary key);
    create table children (parent integer references parents (id) deferrable initially deferred);
    pragma foreign_keys = on`);
  const statements: string[] = [];
  const heard = {
    ...sqlite,
    exec(sql: string) {
      statements.push(sql);
      sqlite.exec(sql);
    },
  };
  const database = new Kysely<Schema>({ dialect: createSqliteDialect(heard) });
  let undone = 0;
  const write = createGroups(heard, database, (transaction) => ({
    tables: transaction,
    undone: () => void undone++,
    end: () => undefined,
  }));
  const ids = () => sqlite.all("select id from parents order by rowid").map(({ id }) => id);
  const insert = (id: number) => write((tables) => tables.insertInto("parents").values({ id }).execute());
  const commits = () => statements.filter((sql) => sql === "commit").length;
  return { write, insert, ids, commits, undone: () => undone };
}

/** @returns "kept", or why not */
const outcome = (work: Promise<unknown>): Promise<string> =>
  work.then(
    () => "kept",
    (error: Error) => error.message,
  );

describe.each(drivers)("writes through %s", (driver) => {
  test("that are asked for together are one transaction, in the order they came", async () => {
    const { insert, write, ids, commits } = await openGroups(driver);
    const order: number[] = [];
    await Promise.all(
      Array.from({ length: 500 }, (_, index) =>
        write(async (tables) => {
          await new Promise((resolve) => setImmediate(resolve));
          order.push(index);
          await tables.insertInto("parents").values({ id: index }).execute();
        }),
      ),
    );
    expect(commits()).toBe(1);
    expect(order).toEqual(Array.from({ length: 500 }, (_, index) => index));
    expect(ids()).toHaveLength(500);
    await insert(1000);
    expect(commits()).toBe(2);
  });

  test("give what their work gave, each its own", async () => {
    const { write } = await openGroups(driver);
    const given = await Promise.all([1, undefined, "three"].map((value) => write(async () => value)));
    expect(given).toEqual([1, undefined, "three"]);
  });

  test("that fail are undone alone, and those beside them are kept", async () => {
    const { insert, write, ids, commits, undone } = await openGroups(driver);
    const outcomes = await Promise.all([
      outcome(insert(1)),
      outcome(
        write(async (tables) => {
          await tables.insertInto("parents").values({ id: 2 }).execute();
          throw new Error("no");
        }),
      ),
      outcome(insert(3)),
      // Its id is taken, by one of the same transaction.
      outcome(insert(1)),
      outcome(insert(4)),
    ]);
    expect(outcomes).toEqual(["kept", "no", "kept", expect.stringContaining("UNIQUE") as string, "kept"]);
    expect(ids()).toEqual([1, 3, 4]);
    expect([commits(), undone()]).toEqual([1, 2]);
  });

  test("are told of nothing before it is on disk", async () => {
    const { write, commits } = await openGroups(driver);
    const seen: number[] = [];
    await Promise.all([1, 2, 3].map((one) => write(async () => one).then(() => seen.push(commits()))));
    expect(seen).toEqual([1, 1, 1]);
  });

  test("all fail where their commit does, and what comes later is kept", async () => {
    const { insert, write, ids } = await openGroups(driver);
    const outcomes = await Promise.all([
      outcome(insert(1)),
      outcome(write((tables) => tables.insertInto("children").values({ parent: 99 }).execute())),
      outcome(insert(2)),
    ]);
    for (const one of outcomes) expect(one).toMatch(/FOREIGN KEY/);
    expect(ids()).toEqual([]);
    expect(await outcome(insert(3))).toBe("kept");
    expect(ids()).toEqual([3]);
  });

  test("that are asked for while others run belong to the next transaction", async () => {
    const { insert, write, ids, commits } = await openGroups(driver);
    let later: Promise<unknown> | undefined;
    await write(async (tables) => {
      later = insert(2);
      await new Promise((resolve) => setImmediate(resolve));
      await tables.insertInto("parents").values({ id: 1 }).execute();
    });
    await later;
    expect(ids()).toEqual([1, 2]);
    expect(commits()).toBe(2);
  });
});

test.each(drivers)(
  "a write that fails takes with it what it had asked for at once, through %s",
  async (driver) => {
    const store = await createSqliteStore(newFile(), { driver });
    await store.accounts.insert(account("a"));
    const failing = store.write("a", async ({ keys, endpoints }) => {
      await Promise.all([
        keys.insert(key("acct_none", "key_1")),
        keys.insert(key("a", "key_2")),
        endpoints.update("a", "ep_1", { description: "changed" }),
        keys.insert(key("a", "key_3")),
      ]);
    });
    const beside = store.write("a", ({ keys }) => keys.insert(key("a", "key_4")));
    expect(await outcome(failing)).toMatch(/FOREIGN KEY/);
    expect(await outcome(beside)).toBe("kept");
    const { rows } = await store.keys.list("a", { limit: 9 });
    expect(rows.map(({ id }) => id)).toEqual(["key_4"]);
    await store.close();
  },
);
