import fc from "fast-check";
import { describe, expect, test } from "vitest";
import type { Bindable, SqliteDatabase } from "../../src/sqlite/contract.ts";
import { constraintOf, isBusy } from "../../src/sqlite/errors.ts";
import { drivers, newFile, open } from "./drivers.ts";
import { runTask } from "./tasks.ts";

describe.each(drivers)("a database through %s", (driver) => {
  const select = async (value: Bindable): Promise<unknown> => {
    const database = await open(driver);
    return database.all("select ? as value, typeof(?) as type", [value, value])[0];
  };

  test("tells its driver and its file", async () => {
    const file = newFile();
    expect(await open(driver, file)).toMatchObject({ driver, file });
  });

  test.each<[string, Bindable, unknown, string]>([
    ["an integer", 42, 42, "integer"],
    ["zero", 0, 0, "integer"],
    ["the largest safe integer", Number.MAX_SAFE_INTEGER, Number.MAX_SAFE_INTEGER, "integer"],
    ["the smallest safe integer", Number.MIN_SAFE_INTEGER, Number.MIN_SAFE_INTEGER, "integer"],
    ["a bigint", 7n, 7, "integer"],
    ["a fraction", 0.1, 0.1, "real"],
    ["true", true, 1, "integer"],
    ["false", false, 0, "integer"],
    ["null", null, null, "null"],
    ["empty text", "", "", "text"],
    ["text beyond the basic plane", "Zoë 🦀 \u0301", "Zoë 🦀 \u0301", "text"],
    ["text that looks like a number", "1e3", "1e3", "text"],
    ["bytes", new Uint8Array([0, 255, 1]), new Uint8Array([0, 255, 1]), "blob"],
    ["a Buffer", Buffer.from("ab"), new Uint8Array([97, 98]), "blob"],
    ["a part of a Buffer", Buffer.from("abcd").subarray(1, 3), new Uint8Array([98, 99]), "blob"],
    ["no bytes", new Uint8Array(), new Uint8Array(), "blob"],
    ["no bytes of an empty buffer", new Uint8Array(new ArrayBuffer(0)), new Uint8Array(), "blob"],
    ["no bytes of an encoder", new TextEncoder().encode(""), new Uint8Array(), "blob"],
    ["no bytes of a Buffer", Buffer.alloc(0), new Uint8Array(), "blob"],
  ])("binds and reads %s", async (_, value, expected, type) => {
    expect(await select(value)).toEqual({ value: expected, type });
  });

  test("reads bytes as Uint8Array", async () => {
    const [row] = (await open(driver)).all("select x'0102' as value, zeroblob(0) as none");
    expect(row?.["value"]).toBeInstanceOf(Uint8Array);
    expect(row?.["none"]).toBeInstanceOf(Uint8Array);
  });

  test("keeps no bytes in a column that must not be null", async () => {
    const database = await open(driver);
    database.exec("create table bytes (value blob not null) strict");
    database.run("insert into bytes values (?)", [new Uint8Array(new ArrayBuffer(0))]);
    expect(database.all("select * from bytes")).toEqual([{ value: new Uint8Array() }]);
  });

  test("gives back any text, bytes and numbers", async () => {
    const database = await open(driver);
    const back = (value: Bindable): unknown => database.all("select ? as value", [value])[0]?.["value"];
    fc.assert(
      fc.property(
        fc.string({ unit: "binary" }).filter((text) => !text.includes("\0")),
        fc.uint8Array(),
        fc.maxSafeInteger(),
        fc
          .double({ noNaN: true, min: -(2 ** 40), max: 2 ** 40 })
          .filter((number) => !Number.isInteger(number)),
        (text, bytes, integer, fraction) => {
          for (const value of [text, bytes, integer, fraction]) expect(back(value)).toEqual(value);
        },
      ),
    );
  });

  test("refuses what the drivers treat differently, and lives on", async () => {
    const outcomes = (await runTask("bind", { file: newFile(), driver })) as Record<string, string>;
    const { true: yes, false: no, null: none, Buffer: buffer, ...odd } = outcomes;
    expect([yes, no, none, buffer]).toEqual(["integer", "integer", "null", "blob"]);
    expect(Object.keys(odd)).toHaveLength(14);
    expect(new Set(Object.values(odd))).toEqual(new Set(["TypeError"]));
  });

  test("does not show a value that it refuses", async () => {
    const database = await open(driver);
    expect(() => database.all("select ?, ?", [1, "s3cret\0"])).toThrow(
      /^parameter 2 cannot be bound: (?!.*s3cret)/,
    );
  });

  test("refuses to read an integer that a number cannot hold", async () => {
    const database = await open(driver);
    expect(() => database.all("select 9007199254740993 as value")).toThrow(RangeError);
    expect(database.all("select typeof(?) as type, cast(? as text) as text", [2n ** 60n, 2n ** 60n])).toEqual(
      [{ type: "integer", text: String(2n ** 60n) }],
    );
    expect(database.all("select 1e300 as value")).toEqual([{ value: 1e300 }]);
  });

  test("rows have the columns and nothing else", async () => {
    const [row] = (await open(driver)).all('select 1 as a, 2 as "constructor"');
    expect(Object.getPrototypeOf(row)).toBeNull();
    expect(Object.keys(row ?? {})).toEqual(["a", "constructor"]);
  });

  test("reads more rows than libsql fetches at once", async () => {
    const database = await open(driver);
    const count = (rows: number): number =>
      database.all(
        "with recursive n (x) as (select 1 union all select x + 1 from n where x < ?) select x from n",
        [rows],
      ).length;
    expect([99, 100, 101, 200, 350].map(count)).toEqual([99, 100, 101, 200, 350]);
  });

  test("counts the rows that are changed", async () => {
    const database = await open(driver);
    database.exec("create table numbers (n integer)");
    expect(database.run("insert into numbers values (1), (2), (3)")).toEqual({ changes: 3 });
    expect(database.run("update numbers set n = n where n > ?", [1])).toEqual({ changes: 2 });
    expect(database.run("update numbers set n = 0 where n > ?", [9])).toEqual({ changes: 0 });
    expect(database.run("delete from numbers where n = ?", [2])).toEqual({ changes: 1 });
    expect(database.all("update numbers set n = n + 10 returning n")).toEqual([{ n: 11 }, { n: 13 }]);
  });

  test("reads on where another connection has added a column", async () => {
    const file = newFile();
    const [one, other] = [await open(driver, file), await open(driver, file)];
    one.exec("create table t (a integer); insert into t values (1)");
    expect(other.all("select * from t")).toEqual([{ a: 1 }]);
    one.exec("alter table t add column b integer");
    // Node 22 shows it from the second time on.
    expect(other.all("select * from t")).toMatchObject([{ a: 1 }]);
    expect(other.all("select * from t")).toEqual([{ a: 1, b: null }]);
  });

  test.each([
    ["unique", "insert into t values (1, 1, 1)"],
    ["unique", "insert into parents values (1)"],
    ["foreign-key", "insert into t values (2, 9, 1)"],
    ["not-null", "insert into t values (null, 1, 1)"],
    ["check", "insert into t values (2, 1, 5)"],
    [undefined, "insert into t values ('x', 1, 1)"],
    [undefined, "insert into nowhere values (1)"],
  ])("a broken constraint is %s: %s", async (constraint, statement) => {
    const database = await open(driver);
    database.exec(`
      create table parents (id integer primary key);
      create table t (
        a integer not null unique, b integer references parents (id), c integer check (c <> 5)
      ) strict;
      insert into parents values (1);
      insert into t values (1, 1, 1)`);
    for (const attempt of [
      () => database.exec(statement),
      () => database.run(statement),
      () => database.all(`${statement} returning *`),
    ]) {
      let caught: unknown;
      try {
        attempt();
      } catch (error) {
        caught = error;
      }
      expect(caught).toBeInstanceOf(Error);
      expect(constraintOf(caught)).toBe(constraint);
      expect(isBusy(caught)).toBe(false);
      // The connection is as good as before.
      database.exec("begin immediate; commit");
    }
    expect(database.all("select count(*) as n from t")).toEqual([{ n: 1 }]);
  });

  describe("while another connection writes", () => {
    const busy = async (): Promise<{ database: SqliteDatabase; release: () => void }> => {
      const file = newFile();
      const [database, other] = [await open(driver, file), await open(driver, file)];
      other.exec("create table t (a integer); begin immediate; insert into t values (1)");
      return { database, release: () => other.exec("commit") };
    };

    test.each<[string, (database: SqliteDatabase) => unknown]>([
      ["exec", (database) => database.exec("insert into t values (2)")],
      ["run", (database) => database.run("insert into t values (?)", [2])],
      ["all", (database) => database.all("insert into t values (?) returning a", [2])],
      ["all without rows", (database) => database.all("insert into t values (?)", [2])],
      ["a transaction", (database) => database.exec("begin immediate")],
    ])("%s is busy, and leaves nothing behind", async (_, work) => {
      const { database, release } = await busy();
      let caught: unknown;
      try {
        work(database);
      } catch (error) {
        caught = error;
      }
      expect(isBusy(caught)).toBe(true);
      expect(constraintOf(caught)).toBeUndefined();
      release();
      database.exec("begin immediate");
      database.run("insert into t values (?)", [3]);
      database.exec("commit");
      expect(database.all("select a from t order by a")).toEqual([{ a: 1 }, { a: 3 }]);
    });

    test("reads see what was there before, and later what came", async () => {
      const { database, release } = await busy();
      expect(database.all("select * from t")).toEqual([]);
      release();
      expect(database.all("select * from t")).toEqual([{ a: 1 }]);
    });
  });

  test("what is committed is on disk, and foreign keys hold", async () => {
    const database = await open(driver);
    expect(database.all("pragma journal_mode")).toEqual([{ journal_mode: "wal" }]);
    expect(database.all("pragma synchronous")).toEqual([{ synchronous: 2 }]);
    expect(database.all("pragma foreign_keys")).toEqual([{ foreign_keys: 1 }]);
  });

  test("is closed once and for all", async () => {
    const closed = "the database is closed";
    expect(await runTask("closed", { file: newFile(), driver })).toEqual([closed, closed, closed]);
  });

  test("once closed, keeps nothing locked", async () => {
    const file = newFile();
    const database = await open(driver, file);
    database.exec("create table t (a integer)");
    database.run("insert into t values (?)", [1]);
    database.all("select * from t");
    database.close();
    const again = await open(driver, file);
    again.exec("begin exclusive");
    expect(again.all("select * from t")).toEqual([{ a: 1 }]);
    again.exec("commit");
  });
});
