import { parseContent, signedPieces, type Content } from "../content.ts";
import { headerValue } from "../headers.ts";
import { readTimestamp } from "../timestamp.ts";
import type { Ed25519Scheme, HmacScheme, RawHeaders, TimestampSource } from "../types.ts";
import { candidate, type Candidate, type Clue } from "./clues.ts";
import { percentDecoded } from "./readings.ts";

type Scheme = HmacScheme | Ed25519Scheme;

/** What was signed beside the body: the template, and the time as text. */
export interface Signed {
  content: Content;
  time: string | undefined;
}

export function piecesOf(
  { content, time }: Signed,
  headers: RawHeaders,
  body: Uint8Array,
): (string | Uint8Array)[] {
  return signedPieces(content, body, time, headers);
}

/** The time of signing as it stands in the request, read with more patience than a verifier has; undefined where there is none. */
export function readTimePatiently(
  source: TimestampSource,
  headers: RawHeaders,
  separator: string | undefined,
): Candidate<string> | undefined {
  const written = headerValue(headers, source.header)?.slice(0, 8192);
  if (written === undefined) return undefined;
  const value = percentDecoded(written);
  const exact = readTimestamp(source, headers, separator === undefined ? [value] : value.split(separator));
  if (exact.ok && exact.text !== undefined) return { value: exact.text, clues: [] };
  const malformed = (text: string | undefined, what: string): Candidate<string> | undefined =>
    text === undefined ? undefined : candidate(text, "header-malformed", { header: source.header, what });
  if (source.item !== undefined) {
    const name = source.item.replace(/[=:]$/, "").replace(/[^A-Za-z0-9]/g, "\\$&");
    const found = new RegExp(`(?:^|[^A-Za-z0-9])${name}\\s*[=:]\\s*["']?(-?\\d{1,19})`).exec(value)?.[1];
    return malformed(found, "spaces");
  }
  const [, wrapped, fraction] = /^[\s"'`]*(-?\d{1,19})(\.\d+)?[\s"'`]*$/.exec(value) ?? [];
  // Microseconds and nanoseconds are too long for a verifier, and nothing is wrong with how they are written.
  if (wrapped !== undefined && wrapped === value) return { value, clues: [] };
  if (wrapped !== undefined) return malformed(wrapped, fraction === undefined ? "quotes" : "fraction");
  const parsed = /^[A-Za-z0-9 ,:.+-]{8,40}$/.test(value) ? Date.parse(value) : NaN;
  if (Number.isNaN(parsed)) return undefined;
  return malformed(String(source.unit === "s" ? Math.floor(parsed / 1000) : parsed), "date");
}

/** What else may have been signed: the time in another unit, other parts, another order. */
export function* contentsMisread(
  scheme: Scheme,
  headers: RawHeaders,
  time: string | undefined,
): Generator<Candidate<Signed>> {
  const own = parseContent(scheme.content);
  if (scheme.timestamp !== undefined && time !== undefined) {
    for (const { value, clues } of otherUnits(scheme.timestamp, time))
      yield { value: { content: own, time: value }, clues };
  }
  const misread = (
    template: string,
    text: string | undefined,
    extra: Clue["evidence"] = {},
  ): Candidate<Signed> =>
    candidate({ content: parseContent(template), time: text }, "signed-content", {
      expected: scheme.content,
      found: template,
      ...extra,
    });
  const id = /\{header:[^{}]+\}/.exec(scheme.content)?.[0];
  const without = ["{body}"];
  const withTime = [
    "{timestamp}.{body}",
    "{timestamp}{body}",
    "{timestamp}:{body}",
    "v0:{timestamp}:{body}",
    "{body}{timestamp}",
    "{body}.{timestamp}",
  ];
  const withId =
    id === undefined
      ? []
      : [`${id}.{body}`, `{timestamp}.${id}.{body}`, `${id}{timestamp}{body}`, `{body}.{timestamp}.${id}`];
  const times =
    scheme.timestamp === undefined
      ? timesElsewhere(headers)
      : time === undefined
        ? []
        : [{ text: time, header: undefined }];
  for (const template of without) if (template !== scheme.content) yield misread(template, undefined);
  for (const { text, header } of times)
    for (const template of [...withTime, ...withId])
      if (template !== scheme.content) yield misread(template, text, header === undefined ? {} : { header });
}

/** The same moment in seconds and in milliseconds. */
function otherUnits(source: TimestampSource, time: string): Candidate<string>[] {
  const unit = (value: string, signed: "s" | "ms"): Candidate<string> =>
    candidate(value, "timestamp-unit", { header: source.header, expected: source.unit, signed });
  if (/^\d{12,14}$/.test(time)) return [unit(time.slice(0, -3), "s")];
  return /^\d{9,11}$/.test(time) ? [unit(`${time}000`, "ms")] : [];
}

/** Times in headers that the scheme does not name, for whoever signs one all the same. */
function timesElsewhere(headers: RawHeaders): { text: string; header: string }[] {
  const times: { text: string; header: string }[] = [];
  for (let index = 0; index + 1 < headers.length && times.length < 8; index += 2) {
    const text = /(?:^|[\s,;])(?:t=)?(\d{10}|\d{13})(?:$|[\s,;])/.exec(
      (headers[index + 1] ?? "").slice(0, 200),
    )?.[1];
    const header = (headers[index] ?? "").slice(0, 100);
    if (text !== undefined && !/^content-length$/i.test(header)) times.push({ text, header });
  }
  // What a proxy adds, such as X-Request-Start, is no part of a signature.
  const named = times.filter(({ header }) => /time|signature|webhook|hook/i.test(header));
  return named.length > 0 ? named.slice(0, 2) : times.slice(0, 1);
}
