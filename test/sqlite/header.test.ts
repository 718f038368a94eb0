import { writeFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { readFileHeader } from "../../src/sqlite/header.ts";
import { openSqlite } from "../../src/sqlite/open.ts";
import { createFolder } from "../cli/spawn.ts";

test("the header of a database tells whose it is, without opening it", async () => {
  const folder = createFolder();
  const file = join(folder, "a.db");
  const database = await openSqlite(file);
  database.exec("pragma application_id = 305419896; pragma user_version = 7; create table t (x)");
  database.close();
  expect(readFileHeader(file)).toEqual({ applicationId: 305419896, userVersion: 7, isWal: true });
});

test("what is no database has none", () => {
  const folder = createFolder();
  const file = join(folder, "b.db");
  expect(readFileHeader(file)).toBeUndefined();
  expect(readFileHeader(folder)).toBeUndefined();
  for (const content of ["", "SQLite format 3\0", "x".repeat(4096)]) {
    writeFileSync(file, content);
    expect(readFileHeader(file)).toBeUndefined();
  }
});
