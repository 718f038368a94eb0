import { brotliCompressSync, deflateSync, gzipSync } from "node:zlib";
import { read, rewriters, vendorWritings, write } from "./json-writers.ts";
import type { Mutation, Scene } from "./scenes.ts";

type Variants = Readonly<Record<string, Mutation>>;

/** The receiver holds something else than what was signed and sent. */
const held =
  (change: (body: Buffer, scene: Scene) => Buffer | string | undefined): Mutation =>
  (scene) => {
    const changed = change(scene.held, scene);
    const body = typeof changed === "string" ? Buffer.from(changed) : changed;
    return body === undefined || body.equals(scene.held) ? undefined : { ...scene, held: body };
  };

/** The signer signs something else than what it sends. */
const signed =
  (change: (text: string) => string | Buffer | undefined): Mutation =>
  (scene) => {
    const changed = change(scene.signed.toString());
    const body = typeof changed === "string" ? Buffer.from(changed) : changed;
    return body === undefined || body.equals(scene.signed) ? undefined : { ...scene, signed: body };
  };

/** What was done cannot be undone: the announced length alone tells of it. */
const lossy =
  (mutation: Mutation): Mutation =>
  (scene) => {
    const changed = mutation(scene);
    return changed === undefined ? undefined : { ...changed, recoverable: false, hasLength: true };
  };

/** Parsed and written again on the way; what a vendor's writer makes of what is held may be what was signed. */
function rewritten(rewrite: (text: string) => string): Mutation {
  return (scene) => {
    const text = scene.signed.toString();
    const next = held((body) => rewrite(body.toString()))(scene);
    // White space at the end alone is another cause.
    if (next === undefined || next.held.toString().trim() === text.trim()) return undefined;
    const tree = read(next.held.toString());
    const canBeUndone = Object.values(vendorWritings).some((writing) => write(tree, writing) === text);
    return canBeUndone ? next : lossy(() => next)(scene);
  };
}

const signedAs = (rewrite: (text: string) => string): Mutation =>
  signed((text) => {
    const form = rewrite(text);
    return form === text.trim() ? undefined : form;
  });

export const bodyReserialised: Variants = {
  ...Object.fromEntries(
    Object.entries(rewriters).map(([name, rewrite]) => [`held as ${name}`, rewritten(rewrite)]),
  ),
  "signed compact": signedAs(rewriters["JSON.stringify"]),
  "signed as json.dumps": signedAs(rewriters["json.dumps"]),
  "signed as compact json.dumps": signedAs(rewriters["json.dumps, compact"]),
  "signed as json_encode": signedAs(rewriters.json_encode),
  "signed with keys sorted": signedAs(rewriters["keys sorted"]),
};

const lines = (text: string): boolean => text.trimEnd().includes("\n") && !text.includes("\r");
const latin1 = (change: (text: string) => string | undefined): Mutation =>
  held((body) => {
    const text = change(body.toString("latin1"));
    return text === undefined ? undefined : Buffer.from(text, "latin1");
  });

export const bodyNewline: Variants = {
  "LF added": latin1((text) => (text.endsWith("\n") ? undefined : `${text}\n`)),
  "CRLF added": latin1((text) => (text.endsWith("\n") ? undefined : `${text}\r\n`)),
  "signed with LF, sent without": signed((text) => (text.endsWith("\n") ? undefined : `${text}\n`)),
  trimmed: latin1((text) => (text.endsWith("\n") ? text.trimEnd() : undefined)),
  "LF became CRLF": latin1((text) => (lines(text) ? text.replaceAll("\n", "\r\n") : undefined)),
  "CRLF became LF": (scene) => {
    const text = scene.signed.toString("latin1");
    if (!lines(text)) return undefined;
    const own = Buffer.from(text.replaceAll("\n", "\r\n"), "latin1");
    return { ...scene, signed: own, sent: own };
  },
  "two LF added": latin1((text) => (text.endsWith("\n") ? undefined : `${text}\n\n`)),
};

const hasText = (body: Buffer): boolean => body.some((byte) => byte >= 0x80);
const isLatin1 = (body: Buffer): boolean => hasText(body) && !/[^\0-\xff]/.test(body.toString());
// From 0x80 to 0x9f: the decoder of Node 20 has ISO-8859-1's control characters there.
const c1 = "€\x81‚ƒ„…†‡ˆ‰Š‹Œ\x8dŽ\x8f\x90‘’“”•–—˜™š›œ\x9džŸ";
const windows1252 = (body: Buffer): string =>
  body.toString("latin1").replace(/[\x80-\x9f]/g, (character) => c1[character.charCodeAt(0) - 0x80] ?? "");

export const bodyCharset: Variants = {
  "UTF-8 read as ISO-8859-1": held((body) => body.toString("latin1")),
  "UTF-8 read as Windows-1252": held((body) => {
    const text = windows1252(body);
    return text === body.toString("latin1") ? undefined : text;
  }),
  "written as ISO-8859-1": held((body) =>
    isLatin1(body) ? Buffer.from(body.toString(), "latin1") : undefined,
  ),
  "signed as ISO-8859-1": signed((text) =>
    isLatin1(Buffer.from(text)) ? Buffer.from(text, "latin1") : undefined,
  ),
  "ISO-8859-1 read as UTF-8": lossy((scene) => {
    if (!isLatin1(scene.held)) return undefined;
    const own = Buffer.from(scene.held.toString(), "latin1");
    return { ...scene, signed: own, sent: own, held: Buffer.from(own.toString()) };
  }),
  "cut to ISO-8859-1": lossy(
    held((body) => (hasText(body) && !isLatin1(body) ? Buffer.from(body.toString(), "latin1") : undefined)),
  ),
  "question marks": lossy(
    held((body) => (hasText(body) ? body.toString().replace(/[^\0-\x7f]/gu, "?") : undefined)),
  ),
};

const bom = Buffer.from([0xef, 0xbb, 0xbf]);

export const bodyBom: Variants = {
  added: held((body) => Buffer.concat([bom, body])),
  lost: (scene) => {
    const own = Buffer.concat([bom, scene.held]);
    return { ...scene, signed: own, sent: own };
  },
  "signed without, sent with": (scene) => {
    const own = Buffer.concat([bom, scene.held]);
    return { ...scene, sent: own, held: own };
  },
};

const formEncoded = (text: string): string => new URLSearchParams([["payload", text]]).toString();
const isJson = (body: Buffer): boolean => /^[[{]/.test(body.toString("latin1", 0, 1));
/** A vendor that sends forms. */
const asForm = (scene: Scene, write: (text: string) => string): Scene | undefined => {
  if (!isJson(scene.held)) return undefined;
  const own = Buffer.from(write(scene.held.toString().trim()));
  return { ...scene, signed: own, sent: own, held: own };
};
const compressed =
  (encoding: string, compress: (body: Buffer) => Buffer): Mutation =>
  (scene) => {
    const own = compress(scene.held);
    return {
      ...scene,
      sent: own,
      held: own,
      edits: [...scene.edits, (headers) => [...headers, "Content-Encoding", encoding]],
    };
  };

export const bodyEncoded: Variants = {
  "base64 by a gateway": held((body) => body.toString("base64")),
  "base64 in lines": held((body) => body.toString("base64").replace(/.{76}/g, "$&\r\n")),
  "still gzipped": compressed("gzip", (body) => gzipSync(body)),
  "still deflated": compressed("deflate", (body) => deflateSync(body)),
  "still brotli": compressed("br", (body) => brotliCompressSync(body)),
  "wrapped in a form": held((body) => (isJson(body) ? formEncoded(body.toString()) : undefined)),
  "wrapped in a form, percent": held((body) =>
    isJson(body) ? `payload=${encodeURIComponent(body.toString())}` : undefined,
  ),
  "wrapped in a form, not encoded": held((body) => (isJson(body) ? `payload=${body.toString()}` : undefined)),
  "taken out of a form": (scene) => {
    const form = asForm(scene, formEncoded);
    return form && { ...form, held: Buffer.from(scene.held.toString().trim()) };
  },
  "a form, URL-decoded": (scene) => {
    const form = asForm(scene, (text) => `payload=${encodeURIComponent(text)}`);
    return form && { ...form, held: Buffer.from(decodeURIComponent(form.held.toString())) };
  },
  "a form with +, URL-decoded": (scene) => {
    const form = asForm(scene, formEncoded);
    return form && { ...form, held: Buffer.from(`payload=${scene.held.toString().trim()}`) };
  },
  "a JSON text of the JSON text": held((body) => JSON.stringify(body.toString())),
  "a gateway's event": held((body) =>
    JSON.stringify({ version: "2.0", headers: { host: "x" }, body: body.toString(), isBase64Encoded: false }),
  ),
  "a gateway's event, base64": held((body) =>
    JSON.stringify({ httpMethod: "POST", body: body.toString("base64"), isBase64Encoded: true }),
  ),
  "signed gzipped": lossy((scene) => {
    const own = gzipSync(scene.held);
    if (own.length === scene.held.length) return undefined;
    return {
      ...scene,
      signed: own,
      sent: own,
      edits: [...scene.edits, (headers) => [...headers, "Content-Encoding", "gzip"]],
    };
  }),
};

const unlengthed =
  (mutation: Mutation): Mutation =>
  (scene) => {
    const changed = mutation(scene);
    return changed === undefined ? undefined : { ...changed, hasLength: false };
  };

export const bodyEmpty: Variants = {
  consumed: lossy(held(() => "")),
  "consumed, no length": unlengthed(lossy(held(() => ""))),
  "an empty object": lossy(held(() => "{}")),
  null: lossy(held(() => "null")),
  undefined: lossy(held(() => "undefined")),
};

export const bodyTruncated: Variants = {
  "in the middle": lossy(
    held((body, { draw }) => body.subarray(0, 20 + draw.int(body.toString("latin1").trimEnd().length - 20))),
  ),
  "half of it": lossy(held((body) => body.subarray(0, body.length >> 1))),
  "at a boundary": lossy(held((body) => (body.length > 300 ? body.subarray(0, 256) : undefined))),
  "only the start": lossy(held((body) => body.subarray(0, 21))),
  "the last bracket": lossy(held((body) => body.subarray(0, body.toString("latin1").trimEnd().length - 1))),
  "no length": unlengthed(lossy(held((body) => body.subarray(0, body.length >> 1)))),
};
