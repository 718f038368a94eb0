import {
  SqliteAdapter,
  SqliteQueryCompiler,
  type CompiledQuery,
  type DatabaseConnection,
  type Dialect,
  type Driver,
  type QueryResult,
} from "kysely";
import { createAccess, type Access } from "./access.ts";
import type { Sleep } from "./busy.ts";
import type { Bindable, SqliteDatabase } from "./contract.ts";

/**
 * Kysely over one SQLite connection, shared by all that use it at once, each in its turn.
 * @param options.access who else uses the connection takes turns by it too
 */
export function createSqliteDialect(
  database: SqliteDatabase,
  options: { sleep?: Sleep; access?: Access } = {},
): Dialect {
  const access = options.access ?? createAccess(database, options);
  return {
    createDriver: () => createDriver(database, access),
    createQueryCompiler: () => new SqliteQueryCompiler(),
    createAdapter: () => new SqliteAdapter(),
    createIntrospector() {
      throw new Error("the database is not introspected");
    },
  };
}

function createDriver(database: SqliteDatabase, access: Access): Driver {
  return {
    init: () => Promise.resolve(),
    async acquireConnection() {
      const connection: DatabaseConnection = {
        async executeQuery<Row>(query: CompiledQuery) {
          const work = (): QueryResult<Row> => execute<Row>(database, query);
          if (access.isHeldBy(connection)) return work();
          return query.query.kind === "SelectQueryNode" ? access.read(work) : access.write(work);
        },
        streamQuery() {
          throw new Error("results are not streamed");
        },
      };
      return connection;
    },
    beginTransaction: (connection) => access.begin(connection),
    commitTransaction: () => access.commit(),
    async rollbackTransaction() {
      access.rollback();
    },
    releaseConnection: () => Promise.resolve(),
    async destroy() {
      await access.write(() => database.close());
    },
  };
}

function execute<Row>(database: SqliteDatabase, query: CompiledQuery): QueryResult<Row> {
  const parameters = query.parameters as readonly Bindable[];
  if (!changesAlone(query)) return { rows: database.all(query.sql, parameters) as Row[] };
  return { rows: [], numAffectedRows: BigInt(database.run(query.sql, parameters).changes) };
}

/** Whether a statement answers how many rows it changed, and no rows. */
function changesAlone({ query }: CompiledQuery): boolean {
  switch (query.kind) {
    case "InsertQueryNode":
    case "UpdateQueryNode":
    case "DeleteQueryNode":
      return query.returning === undefined;
    default:
      return false;
  }
}
