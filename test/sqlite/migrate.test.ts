import { describe, expect, test } from "vitest";
import { readFileSync, writeFileSync } from "node:fs";
import { migrate as migrateKind } from "../../src/sqlite/migrate.ts";
import type { SqliteDatabase } from "../../src/sqlite/contract.ts";
import { openSqlite } from "../../src/sqlite/open.ts";
import { drivers, newFile, open } from "./drivers.ts";
import { runTask } from "./tasks.ts";

const first = "create table a (id integer); insert into a values (1);";
const second = "create table b (id integer);\ninsert into a values (2) -- the last line is a comment";

const applicationId = 7;
const migrate = (
  database: SqliteDatabase,
  migrations: readonly string[],
  options?: Parameters<typeof migrateKind>[2],
): Promise<void> => migrateKind(database, { applicationId, migrations }, options);

describe.each(drivers)("migrations through %s", (driver) => {
  const state = (database: Awaited<ReturnType<typeof open>>): unknown => ({
    version: database.all("pragma user_version")[0]?.["user_version"],
    tables: database.all("select name from sqlite_schema order by name").map(({ name }) => name),
  });

  test("run in order, each once", async () => {
    const database = await open(driver);
    await migrate(database, [first]);
    expect(state(database)).toEqual({ version: 1, tables: ["a"] });
    await migrate(database, [first, second]);
    await migrate(database, [first, second]);
    expect(state(database)).toEqual({ version: 2, tables: ["a", "b"] });
    expect(database.all("select id from a")).toEqual([{ id: 1 }, { id: 2 }]);
  });

  test("may read alike", async () => {
    const database = await open(driver);
    await migrate(database, [
      "create table a (id integer)",
      "insert into a values (1)",
      "insert into a values (1)",
    ]);
    expect(database.all("select count(*) as n from a")).toEqual([{ n: 2 }]);
  });

  test("of an up to date database take no lock", async () => {
    const file = newFile();
    const [database, other] = [await open(driver, file), await open(driver, file)];
    await migrate(database, [first]);
    other.exec("begin immediate");
    await migrate(database, [first], { sleep: () => Promise.reject(new Error("waited")) });
  });

  test("wait for another that writes", async () => {
    const file = newFile();
    const [database, other] = [await open(driver, file), await open(driver, file)];
    other.exec("begin immediate");
    database.exec("pragma busy_timeout = 0");
    const pauses: number[] = [];
    await migrate(database, [first], {
      sleep: async (ms) => {
        pauses.push(ms);
        if (pauses.length === 2) other.exec("commit");
      },
    });
    expect(pauses).toHaveLength(2);
    expect(state(database)).toEqual({ version: 1, tables: ["a"] });
  });

  test("that fail leave nothing of themselves", async () => {
    const database = await open(driver);
    await expect(migrate(database, [first, "create table c (id integer); nonsense"])).rejects.toThrow(
      "nonsense",
    );
    expect(state(database)).toEqual({ version: 1, tables: ["a"] });
    await migrate(database, [first, second]);
    expect(state(database)).toEqual({ version: 2, tables: ["a", "b"] });
  });

  test("refuse a database from the future, untouched", async () => {
    const database = await open(driver);
    await migrate(database, [first, second]);
    await expect(migrate(database, [first])).rejects.toMatchObject({
      code: "database-newer",
      exitCode: 2,
      message: expect.stringContaining("newer hookline") as string,
    });
    expect(state(database)).toEqual({ version: 2, tables: ["a", "b"] });
  });

  test("mark a database as one of their kind, together with the first of them", async () => {
    const database = await open(driver);
    const marks = (): unknown =>
      ["application_id", "user_version"].map((name) => database.all(`pragma ${name}`)[0]?.[name]);
    await expect(migrate(database, ["nonsense"])).rejects.toThrow("nonsense");
    expect(marks()).toEqual([0, 0]);
    await migrate(database, [first, second]);
    expect(marks()).toEqual([applicationId, 2]);
  });

  test.each<[string, string]>([
    ["has tables", "create table notes (a text)"],
    ["has tables of our names", "create table a (id integer)"],
    ["has our version too", "create table a (id integer); pragma user_version = 1"],
    ["has a version from the future", "create table a (id integer); pragma user_version = 9"],
    ["has a version alone", "pragma user_version = 1"],
    ["is of another kind", "create table a (id integer); pragma user_version = 1; pragma application_id = 8"],
    ["is of another kind, and empty", "pragma application_id = 8"],
  ])("refuse a file that %s, and change nothing in it", async (_, foreign) => {
    const file = newFile();
    const maker = await openSqlite(file, { driver });
    maker.exec(`pragma journal_mode = delete; ${foreign}`);
    maker.close();
    const before = readFileSync(file);
    const refusal = {
      code: "database-foreign",
      exitCode: 2,
      message: `${file} is another program's database: hookline leaves it as it is`,
      nextSteps: expect.arrayContaining([expect.stringContaining("--db")]) as string[],
    };
    await expect(openSqlite(file, { driver, applicationId })).rejects.toMatchObject(refusal);
    expect(readFileSync(file).equals(before)).toBe(true);
    await expect(migrate(await open(driver, file), [first])).rejects.toMatchObject(refusal);
  });

  test("take a file without any bytes", async () => {
    const file = newFile();
    writeFileSync(file, "");
    const database = await openSqlite(file, { driver, applicationId });
    await migrate(database, [first]);
    expect(state(database)).toEqual({ version: 1, tables: ["a"] });
    database.close();
    (await openSqlite(file, { driver, applicationId })).close();
  });

  test("run once where several processes open a new file at once", async () => {
    const file = newFile();
    const migrations = [
      "create table a (id integer)",
      ...Array.from({ length: 8 }, (_, id) => `insert into a values (${id})`),
    ];
    const others = drivers.flatMap((driver) => [driver, driver, driver]);
    const results = await Promise.all(
      others.map((driver) => runTask("migrate", { file, driver, migrations })),
    );
    expect(new Set(results)).toEqual(new Set(["migrated"]));
    const database = await open(driver, file);
    expect(database.all("select id from a")).toEqual(Array.from({ length: 8 }, (_, id) => ({ id })));
  });
});
