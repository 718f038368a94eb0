import * as z from "zod";
import type { HeaderOverride } from "../actions/prepare.ts";
import { HooklineError } from "../errors.ts";

// Compiling a schema costs more than it saves on the few values of a command line.
z.config({ jitless: true });

const units = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const sizes = { b: 1, kb: 1024, mb: 1024 ** 2, gb: 1024 ** 3 } as const;

/** `30s`, `10m`, `24h`, `7d`, `500ms` → milliseconds. */
export const duration = z.string().transform((text, context): number => {
  const [, amount, unit] = /^(\d+(?:\.\d+)?)(ms|s|m|h|d)$/.exec(text.trim()) ?? [];
  const ms = Number(amount) * units[unit as keyof typeof units];
  if (ms > 0 && ms <= 2 ** 31 - 1) return Math.ceil(ms);
  context.addIssue(
    amount === undefined
      ? "takes a duration such as 30s, 10m or 1h"
      : "takes a duration above 0 and below 24 days",
  );
  return z.NEVER;
});

/** `5mb`, `512kb`, `1000` → bytes; a kilobyte is 1,024. */
export const size = z.string().transform((text, context): number => {
  const [, amount, unit = "b"] = /^(\d+(?:\.\d+)?)\s*(b|kb|mb|gb)?$/i.exec(text.trim()) ?? [];
  const bytes = Math.floor(Number(amount) * sizes[unit.toLowerCase() as keyof typeof sizes]);
  if (bytes > 0 && bytes <= sizes.gb) return bytes;
  context.addIssue("takes a size up to 1gb, such as 5mb or 512kb");
  return z.NEVER;
});

const isoTime = /^\d{4}-\d\d-\d\d(?:[T ]\d\d:\d\d(?::\d\d(?:\.\d{1,9})?)?(?:Z|[+-]\d\d:?\d\d)?)?$/;

/** ISO 8601 or Unix seconds → Unix milliseconds. */
export const time = z.string().transform((text, context): number => {
  const ms = /^\d{1,12}$/.test(text)
    ? Number(text) * 1000
    : isoTime.test(text)
      ? Date.parse(text)
      : NaN;
  // Date.parse takes 30 February for 2 March.
  const day = text.slice(0, 10);
  if (Number.isFinite(ms) && (!day.includes("-") || new Date(day).toISOString().startsWith(day))) return ms;
  context.addIssue("takes a time such as 2026-03-17T14:32:00Z, or Unix seconds");
  return z.NEVER;
});

/** `300s` → seconds, or `off`. */
export const tolerance = z.union([z.literal("off"), duration.transform((ms) => Math.floor(ms / 1000))], {
  error: "takes a duration such as 300s, or off",
});

export const wholeNumber = (least: number, most: number) =>
  z.string().transform((text, context): number => {
    const value = Number(text);
    if (/^\d+$/.test(text) && value >= least && value <= most) return value;
    context.addIssue(`takes a whole number from ${least} to ${most}`);
    return z.NEVER;
  });

export const port = wholeNumber(0, 65_535);

/** Requests per second, a fraction allowed. */
export const rate = z.string().transform((text, context): number => {
  const value = Number(text);
  if (/^\d+(\.\d+)?$/.test(text) && value > 0 && value <= 1_000_000) return value;
  context.addIssue("takes a number of requests per second, above 0");
  return z.NEVER;
});

/** `Name: value` sets, `Name;` sets to nothing, `Name:` leaves the header out (as curl reads them). */
export const header = z.string().transform((text, context): HeaderOverride => {
  const [, name = "", mark, value = ""] =
    /^([!#$%&'*+.^_`|~0-9A-Za-z-]+)\s*([:;])[ \t]*(.*)$/s.exec(text) ?? [];
  if (name === "" || (mark === ";" && value !== "") || /[\x00-\x08\x0a-\x1f\x7f]/.test(value)) {
    context.addIssue(
      "takes a header as 'Name: value' (or 'Name:' to leave it out, 'Name;' to send it empty)",
    );
    return z.NEVER;
  }
  if (mark === ":" && value === "") return { name, value: null };
  // Header values are latin1 on the wire; other text goes out as its UTF-8 bytes.
  return { name, value: Buffer.from(value.replace(/[ \t]+$/, ""), "utf8").toString("latin1") };
});

/** A header of a request that hookline sends: none that belongs to the connection. */
export const sentHeader = header.refine(
  ({ name }) =>
    !/^(connection|content-length|expect|keep-alive|proxy-connection|te|trailer|transfer-encoding|upgrade)$/i.test(
      name,
    ),
  { error: "cannot set a header of the connection itself, such as Content-Length or Transfer-Encoding" },
);

/**
 * Checks a command's flags.
 * @param flags as commander gives them: by the camel-case form of their names
 * @throws HooklineError `usage`, naming each flag that is wrong
 */
export function parseFlags<Schema extends z.ZodType>(schema: Schema, flags: unknown): z.infer<Schema> {
  const parsed = schema.safeParse(flags);
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
export { array, object, enum as oneOf } from "zod";
