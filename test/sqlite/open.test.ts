import {
  chmodSync,
  closeSync,
  copyFileSync,
  mkdirSync,
  openSync,
  readdirSync,
  statSync,
  symlinkSync,
  writeFileSync,
  writeSync,
} from "node:fs";
import { dirname, join } from "node:path";
import { describe, expect, test } from "vitest";
import { openSqlite } from "../../src/sqlite/open.ts";
import { createFolder } from "../cli/spawn.ts";
import { drivers, newFile, open } from "./drivers.ts";
import { runTask } from "./tasks.ts";

const modeOf = (path: string): string => (statSync(path).mode & 0o777).toString(8);

describe.each(drivers)("opening a file with %s", (driver) => {
  test("makes it and all folders on the way, for this user alone", async () => {
    const folder = join(createFolder(), "deep/er");
    const database = await open(driver, join(folder, "a.db"));
    database.exec("create table t (a integer)");
    expect(readdirSync(folder).sort()).toEqual(["a.db", "a.db-shm", "a.db-wal"]);
    for (const name of readdirSync(folder)) expect(modeOf(join(folder, name))).toBe("600");
    expect([folder, dirname(folder)].map(modeOf)).toEqual(["700", "700"]);
  });

  test("leaves the mode of a file and of a folder that are there", async () => {
    const folder = createFolder();
    chmodSync(folder, 0o750);
    const file = join(folder, "a.db");
    writeFileSync(file, "");
    chmodSync(file, 0o640);
    (await open(driver, file)).exec("create table t (a integer)");
    expect([file, `${file}-wal`, folder].map(modeOf)).toEqual(["640", "640", "750"]);
  });

  test.each(["a b.db", "a?mode=ro&x#y%20.db", "ünï.db", "file:a.db", ":memory:", "http:"])(
    "takes the path %s as it is",
    async (name) => {
      const folder = createFolder();
      (await open(driver, join(folder, name))).exec("create table t (a integer)");
      expect(readdirSync(folder)).toContain(name);
    },
  );

  test("goes through a link", async () => {
    const folder = createFolder();
    const file = newFile();
    (await open(driver, file)).exec("create table t (a integer)");
    symlinkSync(file, join(folder, "link.db"));
    expect((await open(driver, join(folder, "link.db"))).all("select * from t")).toEqual([]);
  });

  test("a second time does not give up the locks that this process has on it", async () => {
    const file = newFile();
    (await open(driver, file)).exec("create table t (a integer); begin immediate");
    (await open(driver, file)).close();
    expect(await runTask("lock", { file, driver })).toMatchObject({ message: "database is locked" });
  });

  test.each<[string, string, RegExp, (file: string) => void]>([
    [
      "something else",
      "database-damaged",
      /no database/,
      (file) => writeFileSync(file, "text ".repeat(1000)),
    ],
    ["something short", "database-damaged", /no database/, (file) => writeFileSync(file, "text")],
    ["a folder", "database-unwritable", /it is a folder/, (file) => mkdirSync(file)],
    [
      "a link to nothing in no folder",
      "database-unwritable",
      /./,
      (file) => symlinkSync("/nowhere/a.db", file),
    ],
  ])("%s is an error that says so", async (_, code, message, make) => {
    const file = newFile();
    make(file);
    await expect(openSqlite(file, { driver })).rejects.toMatchObject({
      code,
      exitCode: 2,
      message: expect.stringMatching(message) as string,
      nextSteps: expect.arrayContaining([expect.any(String)]) as string[],
    });
    await expect(openSqlite(file, { driver })).rejects.toThrow(file);
  });

  test("a file where a folder should be is an error that says so", async () => {
    const file = newFile();
    writeFileSync(file, "");
    await expect(openSqlite(join(file, "a.db"), { driver })).rejects.toMatchObject({
      code: "database-unwritable",
      message: expect.stringContaining("its folder is a file") as string,
    });
  });

  test.each([
    ["a file that cannot be written to", 0o444, 0o777],
    ["a file that cannot be read", 0o000, 0o777],
    ["a folder that cannot be entered", 0o666, 0o000],
    ["a folder that cannot be written to", undefined, 0o555],
    ["a folder that cannot take the file's companions", 0o666, 0o555],
  ])("%s is an error that says so", async (_, fileMode, folderMode) => {
    const folder = createFolder();
    const file = join(folder, "a.db");
    if (fileMode !== undefined) {
      writeFileSync(file, "");
      chmodSync(file, fileMode);
    }
    chmodSync(folder, folderMode);
    const result = await runTask("open", { file, driver, asNobody: true });
    chmodSync(folder, 0o700);
    expect(result).toMatchObject({ code: "database-unwritable" });
  });

  test("a full disk and a damaged page are errors that say so", async () => {
    const file = newFile();
    const database = await open(driver, file);
    database.exec("create table t (a text); pragma max_page_count = 3");
    const fill = (): unknown => database.run("insert into t values (?)", ["x".repeat(20_000)]);
    expect(fill).toThrow(expect.objectContaining({ code: "database-unwritable", exitCode: 2 }));
    expect(fill).toThrow("the disk is full");
    database.exec("pragma max_page_count = 1000");
    expect(fill()).toEqual({ changes: 1 });
    database.exec("pragma wal_checkpoint(truncate); pragma journal_mode = delete");
    database.close();
    const size = statSync(file).size;
    const page = Buffer.alloc(size - 4096, 0xab);
    const descriptor = openSync(file, "r+");
    writeSync(descriptor, page, 0, page.length, 4096);
    closeSync(descriptor);
    const damaged = await open(driver, file);
    expect(() => damaged.all("select * from t")).toThrow(
      expect.objectContaining({ code: "database-damaged", exitCode: 2 }),
    );
  });

  test("a connection that is closed meanwhile does not keep others from it", async () => {
    const file = newFile();
    const databases = await Promise.all(Array.from({ length: 8 }, () => openSqlite(file, { driver })));
    for (const database of databases) database.close();
    (await open(driver, file)).exec("begin exclusive; commit");
  });

  test("a file that was closed is whole without its companions", async () => {
    const [file, copy] = [newFile(), newFile()];
    const database = await open(driver, file);
    database.exec("create table t (a integer)");
    database.run("insert into t values (?)", [1]);
    expect(database.all("select a from t")).toEqual([{ a: 1 }]);
    database.close();
    copyFileSync(file, copy);
    expect((await open(driver, copy)).all("select a from t")).toEqual([{ a: 1 }]);
  });

  test("who only reads closes what another could not, also through a link", async () => {
    const [file, copy, link] = [newFile(), newFile(), newFile()];
    const [writer, reader] = [await open(driver, file), await open(driver, file)];
    writer.exec("create table t (a integer)");
    writer.run("insert into t values (?)", [1]);
    reader.exec("begin; select * from t");
    writer.run("insert into t values (?)", [2]);
    writer.close();
    reader.exec("commit");
    symlinkSync(file, link);
    const last = await open(driver, link);
    expect(last.all("select a from t")).toEqual([{ a: 1 }, { a: 2 }]);
    last.close();
    copyFileSync(file, copy);
    expect((await open(driver, copy)).all("select a from t")).toEqual([{ a: 1 }, { a: 2 }]);
  });

  test("is quiet", async () => {
    // runTask fails where anything is written to standard error, such as that SQLite is experimental.
    expect(await runTask("open", { file: newFile(), driver })).toBe("opened");
  });
});

describe("the driver", () => {
  test("is Node's own where there is one", async () => {
    const database = await openSqlite(newFile());
    expect(database.driver).toBe(drivers[0]);
    database.close();
  });

  test("that is not there is an error that says what to do", async () => {
    expect(await runTask("open", { file: newFile(), driver: "libsql" }, false)).toMatchObject({
      code: "sqlite-missing",
      message: expect.stringContaining("libsql is not installed") as string,
    });
  });

  test("leaves the warnings of others alone", async () => {
    const emitWarning = (): unknown => Reflect.get(process, "emitWarning");
    const before = emitWarning();
    await open(drivers[0] ?? "libsql");
    expect(emitWarning()).toBe(before);
  });
});
