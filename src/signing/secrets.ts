import { createPrivateKey, createPublicKey, createSecretKey, type KeyObject } from "node:crypto";
import type { SignatureScheme } from "./types.ts";

/** A secret as the scheme's cryptography needs it, or why it cannot be used. */
export type Key =
  | { ok: true; secret: string; key: KeyObject; bytes: number; canSign: boolean }
  | { ok: false; code: "secret-missing" | "secret-malformed" };

// RFC 8410: what stands before the 32 key bytes in PKCS #8 and SubjectPublicKeyInfo.
const ed25519Pkcs8 = Buffer.from("302e020100300506032b657004220420", "hex");
const ed25519Spki = Buffer.from("302a300506032b6570032100", "hex");

/**
 * Turns a secret into key material; never throws.
 * Base64 secrets may lack their padding and their prefix: published libraries accept both.
 */
export function readSecret(scheme: SignatureScheme, secret: string): Key {
  if (secret === "") return { ok: false, code: "secret-missing" };
  switch (scheme.kind) {
    case "hmac": {
      const { encoding, prefix } = scheme.secret;
      const bytes =
        encoding === "raw" ? Buffer.from(secret, "utf8") : decodeBase64(stripPrefix(secret, prefix));
      if (bytes === undefined || bytes.length === 0) return { ok: false, code: "secret-malformed" };
      return { ok: true, secret, key: createSecretKey(bytes), bytes: bytes.length, canSign: true };
    }
    case "ed25519":
      return readEd25519(secret, scheme.secret.privatePrefix, scheme.secret.publicPrefix);
    case "bearer":
    case "basic":
    case "none": {
      // A bearer's secret stands in the header as it is, whose ends lose their spaces on the wire.
      if (scheme.kind === "bearer" && !/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/.test(secret))
        return { ok: false, code: "secret-malformed" };
      const bytes = Buffer.from(secret, "utf8");
      return { ok: true, secret, key: createSecretKey(bytes), bytes: bytes.length, canSign: true };
    }
  }
}

/** The form of a scheme's secrets as a word of letters, digits, `_` and `-`: schemes of one form can share a secret. */
export function secretShape(scheme: SignatureScheme): string {
  const { encoding = "", prefix = "" } =
    scheme.kind === "hmac"
      ? scheme.secret
      : scheme.kind === "ed25519"
        ? { prefix: scheme.secret.privatePrefix }
        : {};
  return [scheme.kind, encoding, prefix]
    .filter((part) => part !== "")
    .join("-")
    .replace(/[^\w-]/g, "_");
}

/**
 * A new secret of the shape the scheme's provider would give out.
 * @param random returns that many random bytes
 */
export function generateSecret(scheme: SignatureScheme, random: (bytes: number) => Uint8Array): string {
  switch (scheme.kind) {
    case "hmac":
      return scheme.secret.encoding === "raw"
        ? (scheme.secret.prefix ?? "") + Buffer.from(random(32)).toString("hex")
        : (scheme.secret.prefix ?? "") + Buffer.from(random(32)).toString("base64");
    case "ed25519":
      return scheme.secret.privatePrefix + Buffer.from(random(32)).toString("base64");
    case "basic":
      return `hookline:${Buffer.from(random(24)).toString("hex")}`;
    case "bearer":
    case "none":
      return Buffer.from(random(32)).toString("hex");
  }
}

function readEd25519(secret: string, privatePrefix: string, publicPrefix: string): Key {
  const isPrivate = secret.startsWith(privatePrefix);
  if (!isPrivate && !secret.startsWith(publicPrefix)) return { ok: false, code: "secret-malformed" };
  const bytes = decodeBase64(secret.slice((isPrivate ? privatePrefix : publicPrefix).length));
  // A private key is the seed alone, or the seed with the public key behind it (as libsodium keeps it).
  if (bytes === undefined || !(bytes.length === 32 || (isPrivate && bytes.length === 64))) {
    return { ok: false, code: "secret-malformed" };
  }
  const der = Buffer.concat([isPrivate ? ed25519Pkcs8 : ed25519Spki, bytes.subarray(0, 32)]);
  try {
    const key = isPrivate
      ? createPrivateKey({ key: der, format: "der", type: "pkcs8" })
      : createPublicKey({ key: der, format: "der", type: "spki" });
    return { ok: true, secret, key, bytes: 32, canSign: isPrivate };
  } catch {
    return { ok: false, code: "secret-malformed" };
  }
}

function stripPrefix(text: string, prefix: string | undefined): string {
  return prefix !== undefined && text.startsWith(prefix) ? text.slice(prefix.length) : text;
}

function decodeBase64(text: string): Buffer | undefined {
  if (!/^[A-Za-z0-9+/]+={0,2}$/.test(text) || text.replace(/=+$/, "").length % 4 === 1) return undefined;
  return Buffer.from(text, "base64");
}
