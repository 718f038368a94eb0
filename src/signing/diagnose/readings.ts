import { signatureBytes } from "../signature.ts";
import type { Ed25519Scheme, Evidence, HmacScheme } from "../types.ts";
import type { Clue } from "./clues.ts";

type Scheme = HmacScheme | Ed25519Scheme;

/** A signature found in a header's value. */
export interface Reading {
  bytes: Buffer;
  /** What is not as the scheme writes it; empty where all is. */
  clues: readonly Clue[];
}

/** Most signatures read from one header. */
const maxReadings = 32;
/** Lengths in bytes of the digests that signatures are made with: MD5, SHA-1, SHA-224 to SHA-512 and Ed25519. */
const digestBytes = new Set([16, 20, 28, 32, 48, 64]);

/**
 * Every signature that stands in a header's value, however it is wrapped, prefixed or encoded.
 * @param name of the header, which evidence names
 */
export function readSignatures(scheme: Scheme, name: string, text: string): Reading[] {
  const value = text.slice(0, 8192);
  const spelt = percentDecoded(value);
  const unquoted = withoutQuotes(spelt);
  const decoded = withoutLead(unquoted, scheme);
  const wrapped: Clue[] = [
    ...(spelt === value ? [] : [malformed(name, "url-encoded")]),
    ...(unquoted === spelt ? [] : [malformed(name, "quotes")]),
    ...(decoded === unquoted ? [] : [malformed(name, "prefix-doubled", { prefix: scheme.prefix ?? "" })]),
  ];
  const readings: Reading[] = [];
  for (const match of decoded.matchAll(/[A-Za-z0-9+/_-]{22,}={0,2}/g)) {
    const run = unglued(match[0], scheme.prefix ?? "");
    const start = match.index + (match[0].length - run.length);
    const signature = decode(run, scheme, name);
    if (signature === undefined) continue;
    const wrapping = wrappingOf(decoded, start, start + run.length, scheme, name);
    readings.push({ bytes: signature.bytes, clues: [...wrapped, ...wrapping, ...signature.clues] });
    if (readings.length === maxReadings) break;
  }
  return readings;
}

/** The value without quotation marks around the whole of it, and a comma or semicolon behind those. */
function withoutQuotes(value: string): string {
  return /^\s*(["'`])((?:(?!\1).)*)\1[\s,;]*$/s.exec(value)?.[2] ?? value;
}

/** The value without a prefix of the signature before the item that holds the time: `v1=t=…`. */
function withoutLead(value: string, { prefix, timestamp }: Scheme): string {
  const { item } = timestamp ?? {};
  return prefix !== undefined && item !== undefined && value.startsWith(prefix + item)
    ? value.slice(prefix.length)
    : value;
}

/** The signature without a prefix made of its own alphabet, such as `v1_`. */
function unglued(run: string, prefix: string): string {
  let bare = run;
  while (prefix !== "" && bare.startsWith(prefix)) bare = bare.slice(prefix.length);
  return bare;
}

function decode(run: string, scheme: Scheme, name: string): Reading | undefined {
  const encoding = (found: string): Clue => ({
    cause: "header-encoding",
    evidence: { header: name, expected: scheme.encoding, found },
  });
  const own = signatureBytes(scheme);
  if (/^[0-9a-f]+$/i.test(run) && run.length % 2 === 0 && digestBytes.has(run.length / 2)) {
    const bytes = Buffer.from(run, "hex");
    const isBase64 = scheme.encoding === "base64" && Buffer.from(run, "base64").length === own;
    if (!isBase64) {
      if (scheme.encoding === "base64") return { bytes, clues: [encoding("hex")] };
      return { bytes, clues: run === run.toLowerCase() ? [] : [encoding("upper-case hex")] };
    }
  }
  const bytes = Buffer.from(run, "base64");
  // Some encode twice: the hex text of the digest in base64.
  const inner = bytes.toString("latin1");
  if (/^[0-9a-f]+$/i.test(inner) && inner.length % 2 === 0 && digestBytes.has(inner.length / 2))
    return { bytes: Buffer.from(inner, "hex"), clues: [encoding("base64 of hex")] };
  if (digestBytes.has(bytes.length) && bytes.length * 4 >= run.replace(/=+$/, "").length * 3 - 3) {
    if (scheme.encoding === "hex") return { bytes, clues: [encoding("base64")] };
    if (/[-_]/.test(run)) return { bytes, clues: [encoding("base64url")] };
    const padded = bytes.toString("base64");
    return { bytes, clues: padded === run ? [] : [encoding("base64 without its padding")] };
  }
  return undefined;
}

/** How what stands around the signature differs from what the scheme writes. */
function wrappingOf(value: string, start: number, end: number, scheme: Scheme, name: string): Clue[] {
  const { prefix = "", separator } = scheme;
  const before = value.slice(Math.max(0, start - 40), start);
  const clue = (what: string, evidence: Evidence = {}): Clue[] => [malformed(name, what, evidence)];
  if (prefix !== "" && before.endsWith(prefix)) {
    const outer = before.slice(0, before.length - prefix.length);
    if (outer.endsWith(prefix)) return clue("prefix-doubled", { prefix });
    return surroundings(outer, value.slice(end, end + 8), separator, clue);
  }
  const found = /[A-Za-z0-9_.-]{1,20}[=:,]\s*$/.exec(before)?.[0];
  if (found === undefined) {
    if (prefix !== "" && scheme.prefixOptional !== true) return clue("prefix-missing", { prefix });
    return surroundings(before, value.slice(end, end + 8), separator, clue);
  }
  if (prefix === "") return clue("prefix-added", { found });
  if (found.trim().toLowerCase() === prefix.trim().toLowerCase())
    return clue(found.trim() === prefix.trim() ? "spaces" : "prefix-case", { prefix, found: found.trim() });
  return clue("prefix-other", { prefix, found });
}

/** What stands around the item, where it is neither the header's end nor the separator. */
function surroundings(
  before: string,
  after: string,
  separator: string | undefined,
  clue: (what: string) => Clue[],
): Clue[] {
  const isEdge = (text: string, edge: boolean): boolean => text === "" || (separator !== undefined && edge);
  const left = isEdge(before, before.endsWith(separator ?? "\n"));
  const right = isEdge(after, after.startsWith(separator ?? "\n"));
  if (left && right) return [];
  const around = (left ? "" : before.slice(-1)) + (right ? "" : after.slice(0, 1));
  if (/["'`]/.test(around)) return clue("quotes");
  if (/^\s+$/.test(around)) return clue("spaces");
  if (/^[\s,;]+$/.test(around)) return clue("separator");
  return clue("other-text");
}

function malformed(header: string, what: string, evidence: Evidence = {}): Clue {
  return { cause: "header-malformed", evidence: { header, what, ...evidence } };
}

/** The text without its URL encoding, where it has one. */
export function percentDecoded(value: string): string {
  if (!/%[0-9a-f]{2}/i.test(value)) return value;
  try {
    return decodeURIComponent(value);
  } catch {
    return value;
  }
}
