import { createHmac, sign, verify } from "node:crypto";
import type { Ed25519Scheme, HmacScheme } from "./types.ts";
import type { Key } from "./secrets.ts";

type UsableKey = Extract<Key, { ok: true }>;

const hmacBytes = { sha1: 20, sha256: 32, sha384: 48, sha512: 64 } as const;

/** Length in bytes of a signature of the scheme. */
export function signatureBytes(scheme: HmacScheme | Ed25519Scheme): number {
  return scheme.kind === "hmac" ? hmacBytes[scheme.algorithm] : 64;
}

/** Length in characters of a well-formed signature of the scheme. */
export function signatureLength(scheme: HmacScheme | Ed25519Scheme): number {
  const bytes = signatureBytes(scheme);
  return scheme.encoding === "hex" ? bytes * 2 : Math.ceil(bytes / 3) * 4;
}

/** The signature over the pieces, encoded, without its prefix. */
export function computeSignature(
  scheme: HmacScheme | Ed25519Scheme,
  key: UsableKey,
  pieces: readonly (string | Uint8Array)[],
): string {
  if (scheme.kind === "ed25519") return sign(null, joined(pieces), key.key).toString(scheme.encoding);
  const hmac = createHmac(scheme.algorithm, key.key);
  for (const piece of pieces) {
    if (typeof piece === "string") hmac.update(piece, "latin1");
    else hmac.update(piece);
  }
  return hmac.digest(scheme.encoding);
}

/** Whether an ed25519 signature, encoded, is the key's over the message; a private key checks with its public half. */
export function checkEd25519(
  scheme: Ed25519Scheme,
  key: UsableKey,
  message: Uint8Array,
  signature: string,
): boolean {
  const bytes = Buffer.from(signature, scheme.encoding);
  // Base64 has several spellings of the same bytes; only the one a signer writes passes, as with HMAC.
  return bytes.toString(scheme.encoding) === signature && verify(null, message, key.key, bytes);
}

/** The pieces as the one message they make. */
export function joined(pieces: readonly (string | Uint8Array)[]): Buffer {
  return Buffer.concat(
    pieces.map((piece) => (typeof piece === "string" ? Buffer.from(piece, "latin1") : piece)),
  );
}
