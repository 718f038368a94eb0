import { Kysely, sql } from "kysely";
import { afterEach, describe, expect, test } from "vitest";
import type { SqliteDatabase } from "../../src/sqlite/contract.ts";
import { createSqliteDialect } from "../../src/sqlite/dialect.ts";
import { drivers, newFile, open } from "./drivers.ts";

interface Schema {
  t: { a: number };
}

interface Setup {
  database: Kysely<Schema>;
  other: SqliteDatabase;
  pauses: number[];
}

const opened: Kysely<Schema>[] = [];
afterEach(async () => {
  for (const database of opened.splice(0)) await database.destroy();
});

describe.each(drivers)("Kysely through %s", (driver) => {
  /** @param onPause what happens while it waits for the nth time */
  async function setUp(onPause: (setup: Setup) => void = () => undefined): Promise<Setup> {
    const file = newFile();
    const [own, other] = [await open(driver, file), await open(driver, file)];
    other.exec("create table t (a integer)");
    // The lock is held by this very process, so SQLite's own waiting would be in vain.
    own.exec("pragma busy_timeout = 0");
    const pauses: number[] = [];
    const database = new Kysely<Schema>({
      dialect: createSqliteDialect(own, {
        sleep: async (ms) => {
          pauses.push(ms);
          onPause(setup);
          // Lets others run, as a real pause does.
          await new Promise((resolve) => setImmediate(resolve));
        },
      }),
    });
    const setup = { database, other, pauses };
    opened.push(database);
    return setup;
  }
  const insert = (database: Kysely<Schema>, a: number): Promise<unknown> =>
    database.insertInto("t").values({ a }).execute();
  const all = async (database: Kysely<Schema>): Promise<number[]> =>
    (await database.selectFrom("t").select("a").orderBy("a").execute()).map(({ a }) => a);

  test("tells rows, changes and what is returned", async () => {
    const { database } = await setUp();
    expect(
      await database
        .insertInto("t")
        .values([{ a: 1 }, { a: 2 }])
        .executeTakeFirst(),
    ).toMatchObject({ numInsertedOrUpdatedRows: 2n });
    expect(await database.updateTable("t").set({ a: 3 }).where("a", "=", 2).executeTakeFirst()).toMatchObject(
      {
        numUpdatedRows: 1n,
      },
    );
    expect(await database.deleteFrom("t").where("a", "=", 9).executeTakeFirst()).toEqual({
      numDeletedRows: 0n,
    });
    expect(await database.deleteFrom("t").where("a", "=", 3).returning("a").execute()).toEqual([{ a: 3 }]);
    expect(await all(database)).toEqual([1]);
    expect((await sql`select 1 as one`.execute(database)).rows).toEqual([{ one: 1 }]);
  });

  test.each<[string, (database: Kysely<Schema>) => Promise<unknown>]>([
    ["a transaction", (database) => database.transaction().execute((transaction) => insert(transaction, 2))],
    ["a statement", (database) => insert(database, 2)],
  ])("%s waits while another connection writes", async (_, work) => {
    const { database, other, pauses } = await setUp(({ other, pauses }) => {
      if (pauses.length === 8) other.exec("commit");
    });
    other.exec("begin immediate; insert into t values (1)");
    await work(database);
    expect(pauses).toEqual([2, 4, 8, 16, 32, 50, 50, 50]);
    expect(await all(database)).toEqual([1, 2]);
  });

  test.each<[string, (database: Kysely<Schema>) => Promise<unknown>]>([
    ["a transaction", (database) => database.transaction().execute((transaction) => insert(transaction, 2))],
    ["a statement", (database) => insert(database, 2)],
  ])("%s gives up in the end, and the next one works", async (_, work) => {
    // The lock is held by this very process, so SQLite's own waiting would be in vain: it is left out.
    const { database, other, pauses } = await setUp();
    await sql`pragma busy_timeout = 0`.execute(database);
    other.exec("begin immediate");
    await expect(work(database)).rejects.toMatchObject({ code: "database-busy", exitCode: 5 });
    const waited = pauses.reduce((sum, ms) => sum + ms + 25, 0);
    expect(waited).toBeGreaterThanOrEqual(30_000);
    expect(waited).toBeLessThan(31_000);
    other.exec("rollback");
    await insert(database, 3);
    expect(await all(database)).toEqual([3]);
  });

  test("those that wait for their turn give up with the first, the later ones later", async () => {
    const { database, other, pauses } = await setUp(({ database, pauses }) => {
      if (pauses.length === 200) late = insert(database, 5).catch((error: unknown) => error);
    });
    const given: number[] = [];
    let late: Promise<unknown> | undefined;
    const busy = expect.objectContaining({ code: "database-busy" }) as unknown;
    const giveUp = (work: Promise<unknown>): Promise<unknown> =>
      work.catch((error: unknown) => {
        given.push(pauses.length);
        return error;
      });
    other.exec("begin immediate");
    const early = [
      giveUp(database.transaction().execute((transaction) => insert(transaction, 1))),
      giveUp(insert(database, 2)),
      giveUp(database.transaction().execute((transaction) => insert(transaction, 3))),
    ];
    expect(await Promise.all(early)).toEqual([busy, busy, busy]);
    // None of them has waited longer than the first did.
    expect(Math.max(...given) - Math.min(...given)).toBeLessThan(3);
    expect(await late).toEqual(busy);
    expect(pauses.length - (given[0] ?? 0)).toBeGreaterThan(150);
    other.exec("commit");
    await insert(database, 4);
    expect(await all(database)).toEqual([4]);
  });

  test("reads go on while a write waits for another connection", async () => {
    let seen: Promise<number[]> | undefined;
    const { database, other } = await setUp(({ database, other, pauses }) => {
      if (pauses.length === 1) seen = all(database);
      else if (pauses.length === 4) void seen?.then(() => other.exec("commit"));
    });
    other.exec("insert into t values (1); begin immediate; insert into t values (2)");
    await insert(database, 3);
    expect(await seen).toEqual([1]);
    expect(await all(database)).toEqual([1, 2, 3]);
  });

  test("what is outside a transaction waits until it has ended", async () => {
    const { database } = await setUp();
    const order: string[] = [];
    let outside: Promise<unknown>[] = [];
    await database
      .transaction()
      .execute(async (transaction) => {
        await insert(transaction, 1);
        outside = [
          all(database).then((rows) => order.push(`read ${rows.join()}`)),
          insert(database, 2).then(() => order.push("inserted")),
          database.transaction().execute(async (next) => order.push(`next ${(await all(next)).join()}`)),
        ];
        await new Promise((resolve) => setImmediate(resolve));
        await insert(transaction, 3);
        order.push("ends");
        throw new Error("no");
      })
      .catch((error: Error) => expect(error.message).toBe("no"));
    await Promise.all(outside);
    expect(order[0]).toBe("ends");
    expect(order).toContain("read ");
    expect(order.indexOf("inserted")).toBeLessThan(order.indexOf("next 2"));
    expect(await all(database)).toEqual([2]);
  });

  test("a transaction that fails by its commit is rolled back", async () => {
    const { database, other } = await setUp();
    other.exec("create table p (id integer primary key)");
    other.exec("create table c (p integer references p (id) deferrable initially deferred)");
    await expect(
      database.transaction().execute(async (transaction) => {
        await insert(transaction, 1);
        await sql`insert into c values (9)`.execute(transaction);
      }),
    ).rejects.toThrow("FOREIGN KEY");
    expect(await all(database)).toEqual([]);
    await insert(database, 2);
    expect(await all(database)).toEqual([2]);
  });

  test("a transaction is of no use once it has ended", async () => {
    const { database } = await setUp();
    let late: Kysely<Schema> | undefined;
    await database.transaction().execute(async (transaction) => {
      late = transaction;
    });
    await expect(late && insert(late, 1)).rejects.toThrow();
    expect(await all(database)).toEqual([]);
  });

  test("closing waits for the transaction that runs", async () => {
    const { database, other } = await setUp();
    await insert(database, 1);
    let closing: Promise<void> | undefined;
    await database.transaction().execute(async (transaction) => {
      closing = database.destroy();
      await new Promise((resolve) => setImmediate(resolve));
      await insert(transaction, 2);
    });
    await closing;
    expect(other.all("select a from t")).toEqual([{ a: 1 }, { a: 2 }]);
    await expect(insert(database, 3)).rejects.toThrow();
  });
});
