import { createHmac, createPrivateKey, sign, type KeyObject } from "node:crypto";
import type { Ed25519Scheme, HmacScheme } from "../../src/signing/types.ts";

/** 2023-11-14T22:13:20Z, where the tests' clock stands. */
export const nowSeconds = 1_700_000_000;
export const now = nowSeconds * 1000;

export interface Parts {
  body?: Uint8Array;
  /** The timestamp as text, so that one no signer would write can be signed too. */
  time?: string;
  id?: string;
}

/**
 * A request signed with node:crypto alone, sharing no code with the signer under test.
 * @param key what the vendor's own code would feed to the HMAC, or an ed25519 private key
 */
export function signedByHand(
  scheme: HmacScheme | Ed25519Scheme,
  key: string | Uint8Array | KeyObject,
  { body = new Uint8Array(), time = String(nowSeconds), id = "msg_1" }: Parts = {},
): string[] {
  const content = Buffer.concat(
    scheme.content.split(/(\{[^}]+\})/).map((piece) => {
      if (piece === "{body}") return body;
      if (piece === "{timestamp}") return Buffer.from(time, "latin1");
      return Buffer.from(piece.startsWith("{header:") ? id : piece, "latin1");
    }),
  );
  const signature =
    scheme.kind === "hmac"
      ? createHmac(scheme.algorithm, key).update(content).digest(scheme.encoding)
      : sign(null, content, key as KeyObject).toString(scheme.encoding);
  const item = (scheme.prefix ?? "") + signature;

  const headers: string[] = [];
  const signedHeader = /\{header:([^}]+)\}/.exec(scheme.content)?.[1];
  if (signedHeader !== undefined) headers.push(signedHeader, id);
  if (scheme.timestamp?.item !== undefined) {
    return [...headers, scheme.header, `${scheme.timestamp.item}${time}${scheme.separator ?? ""}${item}`];
  }
  if (scheme.timestamp !== undefined) headers.push(scheme.timestamp.header, time);
  return [...headers, scheme.header, item];
}

/** The headers with every one of that name gone. */
export function without(headers: readonly string[], name: string): string[] {
  return pairs(headers)
    .filter(([own]) => own.toLowerCase() !== name)
    .flat();
}

/** The headers with that one's value changed. */
export function changed(
  headers: readonly string[],
  name: string,
  change: string | ((value: string) => string),
): string[] {
  return pairs(headers)
    .map(([own, value]) => [
      own,
      own.toLowerCase() !== name ? value : typeof change === "string" ? change : change(value),
    ])
    .flat();
}

/** The value of a header that is there once. */
export function valueOf(headers: readonly string[], name: string): string {
  const found = pairs(headers).filter(([own]) => own.toLowerCase() === name);
  if (found.length !== 1) throw new Error(`${name} stands ${found.length} times`);
  return found[0]?.[1] ?? "";
}

export function pairs(headers: readonly string[]): [string, string][] {
  return Array.from({ length: headers.length / 2 }, (_, index) => [
    headers[index * 2] ?? "",
    headers[index * 2 + 1] ?? "",
  ]);
}

/** An ed25519 private key of exactly this seed (RFC 8410's wrapping around the 32 bytes). */
export function ed25519Key(seed: Uint8Array): KeyObject {
  const der = Buffer.concat([Buffer.from("302e020100300506032b657004220420", "hex"), seed]);
  return createPrivateKey({ key: der, format: "der", type: "pkcs8" });
}
