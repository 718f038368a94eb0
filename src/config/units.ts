/** What a text means, or what is wrong with it: words that go on from the name of what it was given to. */
export type Reading<T> = { value: T } | { problem: string };

/** Milliseconds of each unit. */
export const durationUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizes = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/** `30s`, `10m`, `24h`, `7d`, `500ms` → milliseconds, as many as a timer can wait. */
export function readDuration(text: string): Reading<number> {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Number(amount) * durationUnits[unit as keyof typeof durationUnits];
  if (ms > 0 && ms <= 2 ** 31 - 1) return { value: Math.ceil(ms) };
  return {
    problem:
      amount === undefined
        ? "takes a duration such as 30s, 10m or 1h"
        : "takes a duration above 0 and below 24 days",
  };
}

/** `5mb`, `512kb`, `1000` → bytes; a kilobyte is 1,024. */
export function readSize(text: string): Reading<number> {
  const [, amount, unit = "b"] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(amount) * sizes[unit.toLowerCase() as keyof typeof sizes]);
  return bytes > 0 && bytes <= sizes.gb
    ? { value: bytes }
    : { problem: "takes a size up to 1gb, such as 5mb or 512kb" };
}
