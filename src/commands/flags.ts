// The small form of zod: the same checks, a fraction of the code to load.
import * as z from "zod/mini";
import type { HeaderOverride } from "../actions/prepare.ts";
import { durationUnits, readDuration, readSize, type Reading } from "../config/units.ts";
import { HooklineError } from "../errors.ts";

// Compiling a schema costs more than it saves on the few values of a command line.
z.config({ jitless: true });

function read<T>(reading: (text: string) => Reading<T>) {
  return z.pipe(
    z.string(),
    z.transform((text: string, context): T => {
      const result = reading(text);
      if ("value" in result) return result.value;
      context.issues.push({ code: "custom", message: result.problem, input: text });
      return z.NEVER;
    }),
  );
}

/** `30s`, `10m`, `24h`, `7d`, `500ms` → milliseconds. */
export const duration = read(readDuration);

/** The same, up to ten years: how long a key lives, or how long it was idle. */
export const longDuration = read((text) => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Math.ceil(Number(amount) * durationUnits[unit as keyof typeof durationUnits]);
  return ms >= 1000 && ms <= 3650 * durationUnits.d
    ? { value: ms }
    : { problem: "takes a duration such as 12h or 90d, from 1s to 3650d" };
});

/** A time that something old goes on working: like a duration, but it may be 0. */
export const grace = read((text): Reading<number> => {
  if (/^0(s|m|h|d)?$/.test(text.trim())) return { value: 0 };
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Math.ceil(Number(amount) * durationUnits[unit as keyof typeof durationUnits]);
  return ms >= 1000 && ms <= 365 * durationUnits.d
    ? { value: ms }
    : { problem: "takes a duration such as 24h or 7d, up to 365d, or 0" };
});

/** `1s,10m,1h` → milliseconds of each; `none` → nothing. */
export const durations = read((text): Reading<number[]> => {
  if (text.trim() === "none") return { value: [] };
  const values: number[] = [];
  for (const part of text.split(",")) {
    const reading = readDuration(part);
    if ("problem" in reading) return { problem: "takes durations such as 1s,10m,1h, or none" };
    values.push(reading.value);
  }
  return values.length <= 100 ? { value: values } : { problem: "takes up to 100 durations" };
});

/** `5mb`, `512kb`, `1000` → bytes; a kilobyte is 1,024. */
export const size = read(readSize);

const isoTime = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** ISO 8601 or Unix seconds → Unix milliseconds. */
export const time = read((text) => {
  const ms = /^\d{1,12}$/.test(text) ? Number(text) * 1000 : isoTime.test(text) ? Date.parse(text) : NaN;
  // Date.parse takes 30 February for 2 March.
  const day = text.slice(0, 10);
  const exists = !day.includes("-") || !Number.isFinite(ms) || new Date(day).toISOString().startsWith(day);
  return Number.isFinite(ms) && exists
    ? { value: ms }
    : { problem: "takes a time such as 2026-03-17T14:32:00Z, or Unix seconds" };
});

/** `300s` → seconds, or `off`. */
export const tolerance = read((text): Reading<number | "off"> => {
  if (text === "off") return { value: "off" };
  const reading = readDuration(text);
  return "value" in reading
    ? { value: Math.floor(reading.value / 1000) }
    : { problem: "takes a duration such as 300s, or off" };
});

export const wholeNumber = (least: number, most: number) =>
  read((text) => {
    const value = Number(text);
    return /^\d+$/.test(text) && value >= least && value <= most
      ? { value }
      : { problem: `takes a whole number from ${least} to ${most}` };
  });

export const port = wholeNumber(0, 65_535);

/** Requests per second, a fraction allowed. */
export const rate = read((text) => {
  const value = Number(text);
  return /^\d+(\.\d+)?$/.test(text) && value > 0 && value <= 1_000_000
    ? { value }
    : { problem: "takes a number of requests per second, above 0" };
});

function readHeader(text: string): Reading<HeaderOverride> {
  const [, name = "", mark, value = ""] =
    /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*([:;])[ \t]*(.*)$/s.exec(text) ?? [];
  if (name === "" || (mark === ";" && value !== "") || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    return {
      problem: "takes a header as 'Name: value' (or 'Name:' to leave it out, 'Name;' to send it empty)",
    };
  }
  if (mark === ":" && value === "") return { value: { name, value: null } };
  // Header values are latin1 on the wire; other text goes out as its UTF-8 bytes.
  return {
    value: { name, value: Buffer.from(value.replace(/[ \t]+$/, ""), "utf8").toString("latin1") },
  };
}

/** `Name: value` sets, `Name;` sets to nothing, `Name:` leaves the header out (as curl reads them). */
export const header = read(readHeader);

const ofTheConnection =
  /^(connection|content-length|expect|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i;

/** A header of a request that hookline sends: none that belongs to the connection. */
export const sentHeader = read((text) => {
  const reading = readHeader(text);
  return "value" in reading && ofTheConnection.test(reading.value.name)
    ? { problem: "cannot set a header of the connection itself, such as Content-Length or Transfer-Encoding" }
    : reading;
});

/**
 * Checks a command's flags.
 * @param flags as commander gives them: by the camel-case form of their names
 * @throws HooklineError `usage`, naming each flag that is wrong
 */
export function parseFlags<Schema extends z.ZodMiniType>(schema: Schema, flags: unknown): z.infer<Schema> {
  const parsed = z.safeParse(schema, flags);
  if (parsed.success) return parsed.data;
  const problems = parsed.error.issues.map(({ path: [name], message }) => {
    const flag = String(name).replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    return `${flag.length === 1 || flag === "header" ? "-H" : `--${flag}`} ${message}`;
  });
  throw new HooklineError("usage", [...new Set(problems)].join("; "), {
    nextSteps: ["run the command with --help to see what its flags take"],
  });
}

// By name, so that the bundle holds what is used of zod and no more.
export { array, enum as oneOf, object, optional } from "zod/mini";
