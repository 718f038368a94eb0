const oneDecimal = (value: number): string => String(Number(value.toFixed(1)));

const UNITS = [
  ["d", 86_400],
  ["h", 3_600],
  ["min", 60],
  ["s", 1],
] as const;

/** Milliseconds for people: `0.4 ms`, `12 ms`, `1.2 s`, `2 min 5 s`, `1 h`, `7 d`; two units at most. */
export function duration(ms: number): string {
  if (ms < 0) return `-${duration(-ms)}`;
  if (ms < 9.95) return `${oneDecimal(ms)} ms`;
  if (ms < 999.5) return `${Math.round(ms)} ms`;
  if (ms < 59_950) return `${oneDecimal(ms / 1000)} s`;
  const seconds = Math.round(ms / 1000);
  const largest = UNITS.findIndex(([, size]) => seconds >= size);
  let rest = seconds;
  const parts = UNITS.slice(largest, largest + 2).map(([unit, size]) => {
    const amount = Math.floor(rest / size);
    rest -= amount * size;
    return amount > 0 ? `${amount} ${unit}` : "";
  });
  return parts.filter(Boolean).join(" ");
}

/** A size in bytes for people, in powers of 1000: `541 B`, `1.2 kB`, `5.0 MB`. */
export function bytes(size: number): string {
  if (size < 1000) return `${size} B`;
  let value = size / 1000;
  for (const unit of ["kB", "MB", "GB"]) {
    if (value < 999.95) return `${value.toFixed(1)} ${unit}`;
    value /= 1000;
  }
  return `${value.toFixed(1)} TB`;
}

/** `1 delivery`, `2 deliveries`. */
export function count(amount: number, one: string, many: string): string {
  return `${amount} ${amount === 1 ? one : many}`;
}

/** Milliseconds since 1970 as the local time of day: `14:32:07`. */
export function timeOfDay(ms: number): string {
  const date = new Date(ms);
  return [date.getHours(), date.getMinutes(), date.getSeconds()]
    .map((part) => String(part).padStart(2, "0"))
    .join(":");
}

/**
 * What may be shown of a secret: `whsec_…9f3a`. The prefix is the letters up to the first `_` among the first eight
 * characters; the last four show only where at least twelve follow the prefix, so that most of it stays unseen.
 * A secret of fewer than twelve characters is `…`.
 */
export function hint(secret: string): string {
  if (secret.length < 12) return "…";
  const prefix = /^[A-Za-z]{1,7}_/.exec(secret)?.[0] ?? "";
  const tail = secret.slice(-4);
  return secret.length - prefix.length >= 12 && /^[!-~]*$/.test(tail) ? `${prefix}…${tail}` : `${prefix}…`;
}

/** To the microsecond: further digits are noise. */
export function milliseconds(ms: number): number {
  return Math.round(ms * 1000) / 1000;
}

/** Milliseconds since 1970 as the local date and time: `2026-03-17 14:32:07`. */
export function dateTime(ms: number): string {
  const date = new Date(ms);
  const day = [date.getFullYear(), date.getMonth() + 1, date.getDate()]
    .map((part, index) => String(part).padStart(index === 0 ? 4 : 2, "0"))
    .join("-");
  return `${day} ${timeOfDay(ms)}`;
}

const NEAR = [
  [90, "s", 1],
  [90 * 60, "min", 60],
  [48 * 3600, "h", 3600],
] as const;

/** A time seen from another, both Unix milliseconds, in one rounded unit: `now`, `3 min ago`, `in 24 h`, `in 90 d`. */
export function relativeTime(ms: number, now: number): string {
  const seconds = Math.round(Math.abs(ms - now) / 1000);
  if (seconds === 0) return "now";
  const [, unit, size] = NEAR.find(([most]) => seconds < most) ?? [0, "d", 86_400];
  const amount = `${Math.round(seconds / size)} ${unit}`;
  return ms > now ? `in ${amount}` : `${amount} ago`;
}
