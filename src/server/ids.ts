import { decodeTime, encodeTime, monotonicFactory } from "ulid";

/** Makes an id such as `key_01jd2x…`: a ULID in lower case, so ids sort by the time they were made in any collation. */
export type NewId = (prefix: "acct" | "key" | "ep" | "act" | "evt" | "dlv" | "wrk") => string;

/** @param random returns that many random bytes */
export function createIds(now: () => number, random: (bytes: number) => Buffer): NewId {
  const next = monotonicFactory(() => random(4).readUInt32BE() / 2 ** 32);
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
