import type { Finding, TimestampSource } from "../types.ts";

/** Times in other units lie far from any clock: this many milliseconds either way are a request's own age. */
const nearMs = 10 * 365 * 24 * 3_600_000;
/** Milliseconds of one. */
const units = { s: 1000, ms: 1, us: 0.001, ns: 0.000001 } as const;

/** Whether a time that is signed as it stands makes sense only in another unit than the scheme's. */
export function unitFinding(
  source: TimestampSource | undefined,
  text: string | undefined,
  now: number,
): Finding | undefined {
  if (source === undefined || text === undefined) return undefined;
  const isNear = (unit: keyof typeof units): boolean => Math.abs(Number(text) * units[unit] - now) < nearMs;
  if (isNear(source.unit)) return undefined;
  const signed = (["s", "ms", "us", "ns"] as const).find(isNear);
  if (signed === undefined) return undefined;
  return {
    cause: "timestamp-unit",
    confidence: "proved",
    evidence: { header: source.header, expected: source.unit, signed, timestamp: text },
  };
}
