import { isAscii, isUtf8 } from "node:buffer";
import { brotliDecompressSync, gunzipSync, inflateSync } from "node:zlib";
import { headerValue } from "../headers.ts";
import type { RawHeaders } from "../types.ts";
import { candidate, type Candidate, type Clue } from "./clues.ts";

type Body = Candidate<Buffer>;

const bom = Buffer.from([0xef, 0xbb, 0xbf]);
const lf = 10;
const cr = 13;

/** Bytes of the largest body whose characters are composed and taken apart. */
const mostNormalised = 8 * 1024;
/** Bytes of the largest body whose line breaks are changed. */
const mostRewritten = 256 * 1024;

/** The body with what editors, shells and proxies do to its ends and its line breaks undone. */
export function* endings(body: Buffer): Generator<Body> {
  const newline = (value: Buffer, change: string, kind: string): Body =>
    candidate(value, "body-newline", { change, newline: kind });
  if (body.at(-1) === lf) {
    const isCrlf = body.at(-2) === cr;
    yield newline(body.subarray(0, isCrlf ? -2 : -1), "added", isCrlf ? "CRLF" : "LF");
  }
  yield newline(Buffer.concat([body, Buffer.of(lf)]), "lost", "LF");
  yield newline(Buffer.concat([body, Buffer.of(cr, lf)]), "lost", "CRLF");
  if (body.length > mostRewritten) {
    // Every line break of a large body takes its time.
  } else if (body.includes("\r\n")) {
    const unix = Buffer.from(body.toString("latin1").replaceAll("\r\n", "\n"), "latin1");
    yield newline(unix, "became CRLF", "LF");
    if (unix.at(-1) === lf) yield newline(unix.subarray(0, -1), "became CRLF", "LF");
  } else if (body.includes(lf)) {
    const text = body.toString("latin1").replaceAll("\n", "\r\n");
    yield newline(Buffer.from(text, "latin1"), "became LF", "CRLF");
    yield newline(Buffer.from(`${text}\r\n`, "latin1"), "became LF", "CRLF");
  }
  const bare = trimmed(body);
  if (bare.length > 0 && bare.length < body.length) yield newline(bare, "added", "white space");
  if (body.subarray(0, 3).equals(bom)) yield candidate(body.subarray(3), "body-bom", { change: "added" });
  else yield candidate(Buffer.concat([bom, body]), "body-bom", { change: "lost" });
}

const encoded = (value: Buffer | undefined, encoding: string, change: "added" | "removed"): Body[] =>
  value === undefined || value.length === 0 ? [] : [candidate(value, "body-encoded", { encoding, change })];
const fieldOf = (text: string): string | undefined => /^[A-Za-z][\w-]{0,30}=/.exec(text)?.[0];

/**
 * The body without what a gateway put around it: base64, compression, a form, a JSON text around the JSON text; and a
 * form of several fields as others write it.
 */
export function* unwrapped(body: Buffer, headers: RawHeaders, most: number): Generator<Body> {
  yield* encoded(fromBase64(body), "base64", "added");
  for (const [name, bytes] of decompressed(body, headers, most)) yield* encoded(bytes, name, "added");
  const text = isUtf8(body) ? body.toString("utf8") : undefined;
  if (text === undefined) return;
  const decoded = fromEntities(text);
  // With quotation marks left, entities are more likely a part of the text.
  if (!text.includes('"') || headerValue(headers, "content-length") === String(decoded?.length))
    yield* encoded(decoded, "HTML entities", "added");
  const first = text.trimStart()[0];
  if (first === '"') yield* encoded(innerText(text), "a JSON string", "added");
  if (first === "{") yield* fromGateway(text);
  const field = fieldOf(text);
  if (severalFields.test(text))
    for (const form of fieldsEncoded(text)) yield* encoded(form, "percent", "removed");
  if (field !== undefined) {
    const value = text.slice(field.length);
    const bare = formDecoded(value);
    // What comes as a form may hold only this field, or others behind it.
    yield* encoded(bufferOf(bare), "a form", "added");
    const whole = bare === undefined || bare === value ? undefined : field + bare;
    yield* encoded(bufferOf(whole), "percent", "added");
  } else if (first !== "{" && first !== "[" && /%[0-9a-f]{2}/i.test(text)) {
    yield* encoded(bufferOf(formDecoded(text)), "percent", "added");
  }
}

/** The body with the wrapping that it may have had when it was signed. */
export function* wrapped(body: Buffer): Generator<Body> {
  const text = isUtf8(body) ? body.toString("utf8") : undefined;
  if (text === undefined) return;
  yield* encoded(fromEntities(text), "HTML entities", "added");
  const field = fieldOf(text);
  const first = text.trimStart()[0];
  if (field !== undefined) {
    const value = text.slice(field.length);
    yield* encoded(Buffer.from(field + formEncoded(value)), "percent", "removed");
    yield* encoded(Buffer.from(field + encodeURIComponent(value)), "percent", "removed");
    if (value.includes("&"))
      for (const form of fieldsEncoded(text)) yield* encoded(form, "percent", "removed");
  }
  if (first === "{" || first === "[") {
    yield* encoded(Buffer.from(`payload=${formEncoded(text)}`), "a form", "removed");
    yield* encoded(Buffer.from(`payload=${encodeURIComponent(text)}`), "a form", "removed");
    yield* encoded(Buffer.from(`payload=${text}`), "a form", "removed");
    yield* encoded(Buffer.from(formEncoded(text)), "percent", "removed");
  }
  yield* encoded(Buffer.from(body.toString("base64")), "base64", "removed");
}

/** The body in other character encodings. */
export function* charsets(body: Buffer): Generator<Body> {
  const charset = (value: Buffer, signed: string, arrived: string): Body =>
    candidate(value, "body-charset", { signed, arrived });
  const wide = fromUtf16(body);
  if (wide !== undefined) {
    const utf8 = Buffer.from(wide);
    const clue: Clue = { cause: "body-charset", evidence: { signed: "UTF-8", arrived: "UTF-16" } };
    yield { value: utf8, clues: [clue] };
    // PowerShell's `>` puts a line break behind it.
    for (const { value, clues } of utf8.at(-1) === lf ? endings(utf8) : [])
      if (value.length < utf8.length) yield { value, clues: [clue, ...clues] };
    return;
  }
  if (isAscii(body)) {
    yield charset(Buffer.from(body.toString("latin1"), "utf16le"), "UTF-16", "ASCII");
    return;
  }
  if (!isUtf8(body)) {
    yield charset(Buffer.from(body.toString("latin1"), "utf8"), "UTF-8", "ISO-8859-1");
    yield charset(Buffer.from(fromWindows1252(body), "utf8"), "UTF-8", "Windows-1252");
    return;
  }
  const text = body.toString("utf8");
  for (const [name, bytes] of [
    ["ISO-8859-1", /[^\0-\xff]/.test(text) ? undefined : Buffer.from(text, "latin1")],
    ["Windows-1252", toWindows1252(text)],
  ] as const) {
    if (bytes === undefined) continue;
    // Bytes that are UTF-8 again were UTF-8 all along, and were read as something else on their way.
    if (isUtf8(bytes)) yield charset(bytes, "UTF-8", `UTF-8 read as ${name}`);
    else yield charset(bytes, name, "UTF-8");
  }
  // Node takes a square of the length of a run of marks to put it in order.
  for (const form of body.length <= mostNormalised ? (["NFC", "NFD"] as const) : []) {
    const normalised = text.normalize(form);
    if (normalised !== text) yield charset(Buffer.from(normalised), form, form === "NFC" ? "NFD" : "NFC");
  }
  yield charset(Buffer.from(text, "utf16le"), "UTF-16", "UTF-8");
}

/** The text of a body in UTF-16, told by its byte-order mark or by its second bytes. */
function fromUtf16(body: Buffer): string | undefined {
  if (body.length < 4 || body.length % 2 === 1) return undefined;
  const mark = body.readUInt16BE();
  const isEvery = (start: number): boolean => {
    for (let at = start; at < body.length; at += 2) if (body[at] !== 0) return false;
    return true;
  };
  const isBig = mark === 0xfeff || isEvery(0);
  if (!isBig && mark !== 0xfffe && !isEvery(1)) return undefined;
  const own = mark === 0xfeff || mark === 0xfffe ? body.subarray(2) : body;
  return (isBig ? Buffer.from(own).swap16() : own).toString("utf16le");
}

const entities: Readonly<Record<string, string>> = {
  "&quot;": '"',
  "&#34;": '"',
  "&#x22;": '"',
  "&#39;": "'",
  "&#039;": "'",
  "&#x27;": "'",
  "&apos;": "'",
  "&lt;": "<",
  "&gt;": ">",
  "&amp;": "&",
};
const anyEntity = new RegExp(Object.keys(entities).join("|"), "gi");

/** The text without its HTML entities; undefined where it has none. */
function fromEntities(text: string): Buffer | undefined {
  const plain = text.replace(anyEntity, (entity) => entities[entity.toLowerCase()] ?? entity);
  return plain === text ? undefined : Buffer.from(plain);
}

const severalFields = /^[\w.*%+~[\]-]+=[^{}"<>&=\s]*(?:&[\w.*%+~[\]-]+=[^{}"<>&=\s]*)+$/;

/** A form of several fields as browsers write it, and with %20 for spaces. */
function fieldsEncoded(text: string): Buffer[] {
  const fields = [...new URLSearchParams(text)];
  const percent = fields.map((field) => field.map((part) => encodeURIComponent(part)).join("=")).join("&");
  return [Buffer.from(new URLSearchParams(fields).toString()), Buffer.from(percent)];
}

/** What stands from 0x80 to 0x9f in what browsers and editors call latin1 (WHATWG); Node 20's own decoder has it wrong. */
const upperControls =
  "\u20ac\x81\u201a\u0192\u201e\u2026\u2020\u2021\u02c6\u2030\u0160\u2039\u0152\x8d\u017d\x8f" +
  "\x90\u2018\u2019\u201c\u201d\u2022\u2013\u2014\u02dc\u2122\u0161\u203a\u0153\x9d\u017e\u0178";
const byteOfControl = new Map([...upperControls].map((character, index) => [character, 0x80 + index]));

function fromWindows1252(body: Buffer): string {
  return body
    .toString("latin1")
    .replace(/[\x80-\x9f]/g, (character) => upperControls[character.charCodeAt(0) - 0x80] ?? character);
}

function toWindows1252(text: string): Buffer | undefined {
  const bytes = Buffer.alloc(text.length);
  let differs = false;
  for (let index = 0; index < text.length; index++) {
    const code = text.charCodeAt(index);
    const byte = code < 0x80 || (code > 0x9f && code < 0x100) ? code : byteOfControl.get(text[index] ?? "");
    if (byte === undefined) return undefined;
    differs ||= byte !== code;
    bytes[index] = byte;
  }
  return differs ? bytes : undefined;
}

/** Without the white space at both ends, found byte by byte: a regular expression would take a square of its length. */
function trimmed(body: Buffer): Buffer {
  const isBlank = (byte: number | undefined): boolean =>
    byte === 32 || byte === 9 || byte === lf || byte === cr;
  let start = 0;
  let end = body.length;
  while (start < end && isBlank(body[start])) start++;
  while (end > start && isBlank(body[end - 1])) end--;
  return body.subarray(start, end);
}

function fromBase64(body: Buffer): Buffer | undefined {
  if (body.length < 8) return undefined;
  const text = body.toString("latin1");
  return /^[A-Za-z0-9+/_\r\n-]+={0,2}[\r\n]*$/.test(text) ? Buffer.from(text, "base64") : undefined;
}

function decompressed(body: Buffer, headers: RawHeaders, most: number): [string, Buffer | undefined][] {
  const attempt = (decompress: () => Buffer): Buffer | undefined => {
    try {
      return decompress();
    } catch {
      return undefined;
    }
  };
  const options = { maxOutputLength: most };
  const encoding = headerValue(headers, "content-encoding")?.trim().toLowerCase();
  if (body[0] === 0x1f && body[1] === 0x8b) return [["gzip", attempt(() => gunzipSync(body, options))]];
  if (encoding === "br") return [["br", attempt(() => brotliDecompressSync(body, options))]];
  // RFC 1950: the first two bytes as one number are a multiple of 31.
  const isZlib = ((body[0] ?? 0) & 15) === 8 && body.length > 2 && body.readUInt16BE() % 31 === 0;
  return isZlib ? [["deflate", attempt(() => inflateSync(body, options))]] : [];
}

/** The text that a JSON string holds. */
function innerText(text: string): Buffer | undefined {
  const value = parsed(text);
  return typeof value === "string" ? Buffer.from(value) : undefined;
}

/** The body out of the event that API Gateway hands to a function: `{"body": "…", "isBase64Encoded": true}`. */
function* fromGateway(text: string): Generator<Body> {
  if (!text.includes('"body"')) return;
  const value = parsed(text);
  if (typeof value !== "object" || value === null || !Object.hasOwn(value, "body")) return;
  const { body, isBase64Encoded } = value as { body: unknown; isBase64Encoded?: unknown };
  if (typeof body !== "string" || body === "") return;
  const evidence = { encoding: "a gateway's event", change: "added" };
  yield candidate(Buffer.from(body, isBase64Encoded === true ? "base64" : "utf8"), "body-encoded", evidence);
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text) as unknown;
  } catch {
    return undefined;
  }
}

function bufferOf(text: string | undefined): Buffer | undefined {
  return text === undefined ? undefined : Buffer.from(text);
}

function formDecoded(text: string): string | undefined {
  try {
    return decodeURIComponent(text.replaceAll("+", " "));
  } catch {
    return undefined;
  }
}

/** As `application/x-www-form-urlencoded` is written (WHATWG URL). */
function formEncoded(text: string): string {
  return new URLSearchParams([["", text]]).toString().slice(1);
}
