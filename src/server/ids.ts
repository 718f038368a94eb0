import { monotonicFactory } from "ulid";

/** Makes an id such as `key_01jd2x…`: a ULID in lower case, so ids sort by the time they were made in any collation. */
export type NewId = (prefix: "acct" | "key" | "ep" | "act") => string;

/** @param random returns that many random bytes */
export function createIds(now: () => number, random: (bytes: number) => Buffer): NewId {
  const next = monotonicFactory(() => random(4).readUInt32BE() / 2 ** 32);
  return (prefix) => `${prefix}_${next(now()).toLowerCase()}`;
}
