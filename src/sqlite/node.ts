import type { Connection } from "./driver.ts";
import { createStatementCache } from "./statements.ts";

type NodeSqlite = typeof import("node:sqlite");

let loaded: NodeSqlite | undefined;

/** Node's own SQLite; undefined where this Node has none. Its warning that it is experimental is held back. */
export function loadNodeSqlite(): NodeSqlite | undefined {
  if (loaded !== undefined) return loaded;
  // eslint-disable-next-line @typescript-eslint/unbound-method
  const { emitWarning } = process;
  process.emitWarning = (...args: unknown[]) => {
    if (args[1] !== "ExperimentalWarning") Reflect.apply(emitWarning, process, args);
  };
  try {
    loaded = process.getBuiltinModule("node:sqlite") as NodeSqlite | undefined;
  } finally {
    process.emitWarning = emitWarning;
  }
  return loaded;
}

export function connectNode({ DatabaseSync }: NodeSqlite, file: string): Connection {
  const database = new DatabaseSync(file);
  const statements = createStatementCache((sql) => database.prepare(sql));
  return {
    exec: (sql) => database.exec(sql),
    all: (sql, parameters) => statements.run(sql, (statement) => statement.all(...parameters)),
    run: (sql, parameters) =>
      statements.run(sql, (statement) => ({ changes: statement.run(...parameters).changes })),
    close() {
      statements.clear();
      database.close();
    },
  };
}
