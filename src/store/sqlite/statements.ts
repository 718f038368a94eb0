import type { Bindable, Row, SqliteDatabase } from "../../sqlite/contract.ts";

/**
 * Statements as they are written here, for what happens at every publish and every delivery: a query builder makes each
 * anew, which costs ten times what it costs to run it. Columns are named as the rows' fields are.
 */
export interface Statements {
  all(sql: string, parameters: readonly Bindable[]): Promise<Row[]> | Row[];
  run(sql: string, parameters: readonly Bindable[]): Promise<{ changes: number }> | { changes: number };
  /**
   * Reads what does not change while a transaction has the write lock, unless the transaction changes it itself: then
   * `changed` is told.
   */
  recall<Row>(
    table: "keys" | "endpoints",
    sql: string,
    parameters: readonly Bindable[],
    toRow: (row: StoredRow) => Row,
  ): Promise<Row[]> | Row[];
  changed(table: "keys" | "endpoints"): void;
}

type StoredRow = Row;

/** Those of a transaction that is open. @param check throws where they may be used no more */
export function statementsWithin(sqlite: SqliteDatabase, check: () => void): Statements & { forget(): void } {
  const known = { keys: new Map<string, unknown[]>(), endpoints: new Map<string, unknown[]>() };
  return {
    recall<Row>(
      table: keyof typeof known,
      sql: string,
      parameters: readonly Bindable[],
      toRow: (row: StoredRow) => Row,
    ): Row[] {
      check();
      const name = `${sql}\n${parameters.join("\n")}`;
      let rows = known[table].get(name) as Row[] | undefined;
      if (rows === undefined) known[table].set(name, (rows = sqlite.all(sql, parameters).map(toRow)));
      return rows;
    },
    changed: (table) => known[table].clear(),
    forget() {
      known.keys.clear();
      known.endpoints.clear();
    },
    all(sql, parameters) {
      check();
      return sqlite.all(sql, parameters);
    },
    run(sql, parameters) {
      check();
      return sqlite.run(sql, parameters);
    },
  };
}

/** `id, account_id as "accountId"`. */
export function columnList(fields: readonly string[], table?: string): string {
  const prefix = table === undefined ? "" : `${table}.`;
  return fields.map((field) => `${prefix}${columnOf(field)} as "${field}"`).join(", ");
}

/** `insert into TABLE (…) values (?, …)`, in the order of the fields. */
export function insertInto(table: string, fields: readonly string[]): string {
  return `insert into ${table} (${fields.map(columnOf).join(", ")}) values (${fields.map(() => "?").join(", ")})`;
}

function columnOf(field: string): string {
  return field.replace(/[A-Z]/g, (letter) => `_${letter.toLowerCase()}`);
}
