import { accessSync, closeSync, constants, mkdirSync, openSync, realpathSync, statSync } from "node:fs";
import { dirname, resolve } from "node:path";
import { HooklineError, isHooklineError } from "../errors.ts";
import { bound } from "./bind.ts";
import { busyTimeoutMs, realSleep, whenFree, type Sleep } from "./busy.ts";
import type { SqliteDatabase } from "./contract.ts";
import type { Connection } from "./driver.ts";
import { explained, unusable } from "./errors.ts";
import { connectNode, loadNodeSqlite } from "./node.ts";
import { checkOwner } from "./owner.ts";

export interface OpenOptions {
  /** The driver to use; without it Node's own where there is one. */
  driver?: SqliteDatabase["driver"];
  /** Of the kind it is to be: another program's file is refused before anything in it changes. */
  applicationId?: number;
  sleep?: Sleep;
}

/**
 * Opens an SQLite file, or makes it: mode 0600, in a folder of mode 0700 where that is missing too. Every commit is on
 * disk when it returns.
 * @throws HooklineError `sqlite-missing`, `database-damaged`, `database-unwritable`, `database-busy`, `database-foreign`
 */
export async function openSqlite(path: string, options: OpenOptions = {}): Promise<SqliteDatabase> {
  // An absolute path is never taken for a URL.
  const file = resolve(path);
  const connect = await chooseDriver(options.driver);
  prepareFile(file);
  const database = guarded(file, connect);
  try {
    database.exec(`pragma busy_timeout = ${busyTimeoutMs}`);
    // Several that open a new file at once are in each other's way here.
    await whenFree(file, options.sleep ?? realSleep, () => {
      if (options.applicationId !== undefined) checkOwner(database, options.applicationId);
      database.exec(
        "pragma journal_mode = wal; pragma synchronous = full; pragma foreign_keys = on; pragma secure_delete = on; pragma wal_autocheckpoint = 4000",
      );
    });
  } catch (error) {
    database.close();
    throw error;
  }
  return database;
}

interface Chosen {
  driver: SqliteDatabase["driver"];
  connect: (file: string) => Connection;
}

async function chooseDriver(wanted: OpenOptions["driver"]): Promise<Chosen> {
  const nodeSqlite = wanted === "libsql" ? undefined : loadNodeSqlite();
  if (nodeSqlite !== undefined)
    return { driver: "node:sqlite", connect: (file) => connectNode(nodeSqlite, file) };
  if (wanted === "node:sqlite") throw missing();
  try {
    const { connectLibsql } = await import("./libsql.ts");
    return { driver: "libsql", connect: connectLibsql };
  } catch (cause) {
    throw missing(cause);
  }
}

function missing(cause?: unknown): HooklineError {
  return new HooklineError(
    "sqlite-missing",
    `no SQLite can be loaded: Node ${process.versions.node} has none and the package libsql is not installed here`,
    {
      cause,
      nextSteps: [
        "use Node 22.13 or newer, which has SQLite built in",
        "or install hookline again without --no-optional and --omit=optional",
      ],
    },
  );
}

/** Sees to the folder and the file, so that nobody else can read what will be in it; its companions take over its mode. */
function prepareFile(file: string): void {
  try {
    mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
    try {
      // Only a new file is opened: to close one would give up the locks that this process has on it.
      closeSync(openSync(file, "ax", 0o600));
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
      if (statSync(file, { throwIfNoEntry: false })?.isDirectory())
        throw unusable(file, "it is a folder", error);
      accessSync(file, constants.R_OK | constants.W_OK);
    }
  } catch (error) {
    if (isHooklineError(error)) throw error;
    const { code = "", message } = error as NodeJS.ErrnoException;
    throw unusable(file, reasons[code] ?? message, error);
  }
}

const reasons: Readonly<Record<string, string>> = {
  EACCES: "permission denied",
  EPERM: "permission denied",
  EROFS: "its file system is read-only",
  ENOSPC: "the disk is full",
  EEXIST: "its folder is a file",
  ENOTDIR: "its folder is a file",
};

function connectTo(file: string, connect: Chosen["connect"]): Connection {
  try {
    return connect(file);
  } catch (error) {
    // Here libsql tells no code of SQLite's.
    throw unusable(file, (error as Error).message, error);
  }
}

/** The one interface over either driver: parameters are checked and errors that concern the file are explained. */
function guarded(file: string, { driver, connect }: Chosen): SqliteDatabase {
  const connection = connectTo(file, connect);
  let open = true;
  const attempt = <Result>(work: () => Result): Result => {
    // libsql ends the process where it is used after it was closed.
    if (!open) throw new Error("the database is closed");
    try {
      return work();
    } catch (error) {
      throw explained(error, file);
    }
  };
  return {
    driver,
    file,
    exec: (sql) => attempt(() => connection.exec(sql)),
    all: (sql, parameters = []) => attempt(() => connection.all(sql, bound(parameters))),
    run: (sql, parameters = []) => attempt(() => connection.run(sql, bound(parameters))),
    close() {
      if (!open) return;
      open = false;
      emptyLog(file, connection);
      connection.close();
    },
  };
}

/**
 * Moves what is in the write-ahead log to the file, so that the file alone is a whole copy. SQLite does so when the last
 * connection closes, but not while statements are left, as libsql leaves them.
 */
function emptyLog(file: string, connection: Connection): void {
  try {
    // To look costs less than to ask SQLite, and who only reads finds it empty.
    if (statSync(`${realpathSync(file)}-wal`).size > 0) connection.exec("pragma wal_checkpoint(truncate)");
  } catch {
    // Another connection is in the way: the log is as safe, and the next to close tries again.
  }
}
