import { decodeTime, encodeTime, monotonicFactory } from "ulid";

/** Makes an id such as `key_01jd2x…`: a ULID in lower case, so ids sort by the time they were made in any collation. */
export type NewId = (prefix: "acct" | "key" | "ep" | "act" | "evt" | "dlv" | "wrk") => string;

/** @param random returns that many random bytes */
export function createIds(now: () => number, random: (bytes: number) => Buffer): NewId {
  // One id takes up to 16 of them, and to ask for each alone costs more than all the rest.
  let pool: Buffer = Buffer.alloc(0);
  let used = 0;
  const fraction = (): number => {
    if (used + 4 > pool.length) {
      pool = random(1024);
      used = 0;
    }
    used += 4;
    return pool.readUInt32BE(used - 4) / 2 ** 32;
  };
  const next = monotonicFactory(fraction);
  return (prefix) => `${prefix}_${next(now()).toLowerCase()}`;
}

/** When an id was made, Unix milliseconds. */
export function timeOf(id: string): number {
  return decodeTime(id.slice(id.indexOf("_") + 1).toUpperCase());
}

/** The smallest id of a time: those made from then on are not smaller. */
export function firstIdAt(prefix: Parameters<NewId>[0], time: number): string {
  const ms = Math.min(Math.max(0, Math.ceil(time)), latest);
  return `${prefix}_${encodeTime(ms, 10).toLowerCase()}${"0".repeat(16)}`;
}

/** The last moment that a ULID can name. */
const latest = 2 ** 48 - 1;
