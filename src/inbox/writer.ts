import type { SqliteDatabase } from "../sqlite/contract.ts";
import type { Finding } from "../signing/types.ts";
import { changeState, prune, readLimits, readState } from "./limits.ts";
import { findingsText, insertRows, rowsOf } from "./rows.ts";
import { transact } from "./transaction.ts";
import type { NewDelivery } from "./types.ts";

/** Milliseconds between two looks for deliveries that have grown too old. */
const ageEveryMs = 60_000;
/** Deliveries that may still be explained after they were written. */
const remembered = 1000;

/** What was found out about a delivery that was recorded before. */
export interface Explanation {
  id: string;
  findings: readonly Finding[];
}

/** Writes what a listener receives. All of it throws where another process has the file locked (`isBusy`). */
export interface Writer {
  /** Adds deliveries in one transaction. @returns the numbers of those that are new or explained */
  write(deliveries: readonly NewDelivery[], explained: readonly Explanation[]): number[];
  /** Removes some of what is beyond the limits, where anything may be. @returns whether there may be more */
  prune(): boolean;
}

/** Its clock is the deliveries': one is as old as the newest is younger. */
export function createWriter(database: SqliteDatabase): Writer {
  const numbers = new Map<string, number>();
  let mayBeBeyond = false;
  let newest = -Infinity;
  let agedAt = -Infinity;

  const remember = (id: string, number: number): void => {
    numbers.set(id, number);
    const [oldest] = numbers.keys();
    if (numbers.size > remembered && oldest !== undefined) numbers.delete(oldest);
  };

  return {
    write(deliveries, explained) {
      const late = explained.flatMap(({ id, findings }) => {
        const number = numbers.get(id);
        return number === undefined ? [] : [{ number, findings }];
      });
      for (const { receivedAt } of deliveries) newest = Math.max(newest, receivedAt);
      const first = transact(database, () => {
        const { last, count, bytes } = readState(database);
        const rows = rowsOf(deliveries, last);
        insertRows(database, rows);
        const added = { last: last + deliveries.length, count: deliveries.length, bytes: rows.bytes };
        changeState(database, added);
        for (const { number, findings } of late) explain(database, number, findings);
        const limits = readLimits(database);
        // At once, as another transaction would write much of the same once more.
        if (count + added.count > limits.count || bytes + added.bytes > limits.bytes)
          mayBeBeyond = prune(database, newest);
        return last + 1;
      });
      for (const [index, { id }] of deliveries.entries()) remember(id, first + index);
      return [...late.map(({ number }) => number), ...deliveries.map((_, index) => first + index)];
    },
    prune() {
      if (!mayBeBeyond && (newest === agedAt || newest - agedAt < ageEveryMs)) return false;
      mayBeBeyond = transact(database, () => prune(database, newest));
      agedAt = newest;
      return mayBeBeyond;
    },
  };
}

/** Within a transaction. */
function explain(database: SqliteDatabase, number: number, findings: readonly Finding[]): void {
  database.run("update deliveries set cause = ? where number = ?", [findings[0]?.cause ?? null, number]);
  database.run("update contents set findings = ? where number = ?", [findingsText(findings), number]);
}
