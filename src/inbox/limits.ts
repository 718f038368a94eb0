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
  const tooMany = count > limits.count ? count - Math.ceil(limits.count * (1 - room)) : 0;
  const tooLarge = bytes > limits.bytes ? bytes - Math.ceil(limits.bytes * (1 - room)) : 0;
  const among = tooMany > 0 || tooLarge > 0 ? whichFirst(database, count) : "";
  const oldest =
    tooMany > 0
      ? theOldest(database, among, Math.min(tooMany, removedAtOnce))
      : theOldestBeyond(database, among, { bytes: tooLarge, before: now - limits.ageMs });
  if (oldest.count === 0) return false;
  // Those of the deliveries last: they tell which.
  for (const table of ["contents", "attempts", "deliveries"])
    database.run(
      among === ""
        ? `delete from ${table} where number <= ?`
        : `delete from ${table} where number in (select number from deliveries ${among} and number <= ?)`,
      [oldest.last],
    );
  changeState(database, { count: -oldest.count, bytes: -oldest.bytes });
  return oldest.count === removedAtOnce;
}

/** Deliveries that anybody can send. */
const unverified = "where verified is not 1";

/** Where most are not verified those go first: a flood of them does not push out what is. @returns a condition, or "" */
function whichFirst(database: SqliteDatabase, count: number): string {
  const [row] = database.all(`select count(*) as count from deliveries ${unverified}`);
  const strangers = Number(row?.["count"]);
  return strangers > count / 2 && strangers < count ? unverified : "";
}

interface Oldest extends InboxTotals {
  /** Number of the newest of them. */
  last: number;
}

function theOldest(database: SqliteDatabase, among: string, amount: number): Oldest {
  const [row] = database.all(
    `select count(*) as count, coalesce(max(number), 0) as last, coalesce(sum(stored), 0) as bytes
     from (select number, stored from deliveries ${among} order by number limit ?)`,
    [amount],
  );
  return { count: Number(row?.["count"]), last: Number(row?.["last"]), bytes: Number(row?.["bytes"]) };
}

/** Those without which so many bytes are free, and those that were received before. */
function theOldestBeyond(
  database: SqliteDatabase,
  among: string,
  beyond: { bytes: number; before: number },
): Oldest {
  const found = { count: 0, last: 0, bytes: 0 };
  const rows = database.all(
    `select number, stored, received_at from deliveries ${among} order by number limit ?`,
    [removedAtOnce],
  );
  for (const { number, stored, received_at: at } of rows) {
    if (found.bytes >= beyond.bytes && Number(at) >= beyond.before) break;
    found.count++;
    found.last = Number(number);
    found.bytes += Number(stored);
  }
  return found;
}
