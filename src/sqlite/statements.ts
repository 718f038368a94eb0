/** Statements kept at most; those that a query builder makes differ in how many values they take. */
const most = 200;

/** Prepared statements by their text: to prepare one costs several times what it costs to run it. */
export interface StatementCache<Statement> {
  /** Runs a prepared statement; one that fails is prepared anew the next time. */
  run<Result>(sql: string, use: (statement: Statement) => Result): Result;
  clear(): void;
}

export function createStatementCache<Statement>(
  prepare: (sql: string) => Statement,
): StatementCache<Statement> {
  const kept = new Map<string, Statement>();
  return {
    run(sql, use) {
      let statement = kept.get(sql);
      if (statement === undefined) {
        statement = prepare(sql);
        const [oldest] = kept.keys();
        if (kept.size >= most && oldest !== undefined) kept.delete(oldest);
        kept.set(sql, statement);
      }
      try {
        return use(statement);
      } catch (error) {
        kept.delete(sql);
        throw error;
      }
    },
    clear: () => kept.clear(),
  };
}
