// In a file of its own, loaded where it is needed: the package is optional and its binary is for some systems alone.
import Libsql from "libsql";
import type { Row, Value } from "./contract.ts";
import type { Bound, Connection } from "./driver.ts";
import { createStatementCache } from "./statements.ts";

type Raw = string | number | bigint | null | ArrayBuffer;

const readsOnly = /^\s*(select|values|explain|pragma)\b/i;

export function connectLibsql(file: string): Connection {
  const database = new Libsql(file);
  // Parameters are given as one array: a lone object is taken for named ones, and ends the process.
  const statements = createStatementCache((sql) =>
    database.prepare<[readonly Bound[]]>(sql).safeIntegers(true),
  );
  return {
    exec: (sql) => void database.exec(sql),
    all: (sql, parameters) =>
      locked(database, sql, () => rowsOf(statements.run(sql, (statement) => statement.all(parameters)))),
    run: (sql, parameters) =>
      locked(database, sql, () => ({
        changes: statements.run(sql, (statement) => statement.run(parameters)).changes,
      })),
    close() {
      // The file stays open until the statements are collected, but nothing of it is locked any more.
      statements.clear();
      database.close();
    },
  };
}

/**
 * Does work under a lock taken beforehand. libsql leaves a statement that meets a locked file half-run: until it is
 * collected no transaction could end, or even begin. What `exec` runs is cleaned up at once.
 */
function locked<Result>(database: Libsql.Database, sql: string, work: () => Result): Result {
  if (database.inTransaction) return work();
  try {
    database.exec(readsOnly.test(sql) ? "begin; select 1 from sqlite_schema limit 1" : "begin immediate");
    const result = work();
    database.exec("commit");
    return result;
  } catch (error) {
    if (database.inTransaction) database.exec("rollback");
    throw error;
  }
}

function rowsOf(rows: unknown[]): Row[] {
  return (rows as Record<string, Raw>[]).map((raw) => {
    const row = Object.create(null) as Row;
    for (const name of Object.keys(raw)) row[name] = valueOf(raw[name] ?? null);
    return row;
  });
}

function valueOf(raw: Raw): Value {
  if (raw instanceof ArrayBuffer) return new Uint8Array(raw);
  if (typeof raw !== "bigint") return raw;
  const value = Number(raw);
  if (!Number.isSafeInteger(value)) throw new RangeError(`the integer ${raw} does not fit a number`);
  return value;
}
