import type { SqliteDatabase } from "../sqlite/contract.ts";
import { defaultLimits, type InboxLimits, type InboxTotals } from "./types.ts";

/** Deliveries that are removed at once, so that whoever waits has a turn. */
const removedAtOnce = 500;
/** The part of a limit that is made free where it is met, so that not every delivery removes one. */
const room = 0.05;

const names: Readonly<Record<string, keyof InboxLimits>> = {
  count: "count",
  age_ms: "ageMs",
  bytes: "bytes",
};

export function readLimits(database: SqliteDatabase): InboxLimits {
  const limits = { ...defaultLimits };
  for (const { name, value } of database.all("select name, value from limits")) {
    const key = names[String(name)];
    if (key !== undefined) limits[key] = Number(value);
  }
  return limits;
}

/** Within a transaction. */
export function writeLimits(database: SqliteDatabase, limits: Partial<InboxLimits>): void {
  for (const [name, key] of Object.entries(names)) {
    const value = limits[key];
    if (value === undefined) continue;
    database.run("insert into limits values (?, ?) on conflict (name) do update set value = excluded.value", [
      name,
      value,
    ]);
  }
}

export function readState(database: SqliteDatabase): InboxTotals & { last: number } {
  const { last, count, bytes } = database.all("select last, count, bytes from state")[0] ?? {};
  return { last: Number(last), count: Number(count), bytes: Number(bytes) };
}

/** Within a transaction. @param change.isEdit deliveries that were there before have changed, or are gone */
export function changeState(
  database: SqliteDatabase,
  {
    last = 0,
    count,
    bytes,
    isEdit = false,
  }: { last?: number; count: number; bytes: number; isEdit?: boolean },
): void {
  database.run(
    "update state set last = max(last, ?), count = max(0, count + ?), bytes = max(0, bytes + ?), edits = edits + ?",
    [last, count, bytes, isEdit],
  );
}

/**
 * Removes the oldest deliveries that are beyond the limits, within a transaction, some at a time.
 * @param now Unix milliseconds
 * @returns whether there may be more
 */
export function prune(database: SqliteDatabase, now: number): boolean {
  const limits = readLimits(database);
  const { count, bytes } = readState(database);
  const oldest = database.all("select number, stored, received_at from deliveries order by number limit ?", [
    removedAtOnce,
  ]);
  const wanted = (held: number, limit: number): number =>
    held > limit ? Math.ceil(limit * (1 - room)) : limit;
  const [mostCount, mostBytes] = [wanted(count, limits.count), wanted(bytes, limits.bytes)];
  let removed = 0;
  let freed = 0;
  let upTo: number | undefined;
  for (const { number, stored, received_at: at } of oldest) {
    const isBeyond =
      count - removed > mostCount || bytes - freed > mostBytes || Number(at) < now - limits.ageMs;
    if (!isBeyond) break;
    removed++;
    freed += Number(stored);
    upTo = Number(number);
  }
  if (upTo === undefined) return false;
  for (const table of ["deliveries", "contents", "attempts"])
    database.run(`delete from ${table} where number <= ?`, [upTo]);
  changeState(database, { count: -removed, bytes: -freed });
  return removed === removedAtOnce;
}
