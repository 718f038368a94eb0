import { createHash } from "node:crypto";
import { crc32 } from "node:zlib";
import type { KeyRow } from "../store/contract.ts";

const digits = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz";
const randomLength = 30;
const checksumLength = 6;

/** What keys of no provider begin with. */
export const ownPrefix = "hk_";

/**
 * A new API key: the prefix, 30 random letters and digits, and 6 more that are their CRC-32, so that a mistyped key (or
 * a text that merely looks like one) is told without asking the database. GitHub's tokens are made so.
 * @param prefix with its separator: `hk_`, `fjr_`
 * @param randomText returns that many random letters and digits
 */
export function makeApiKey(prefix: string, randomText: (length: number) => string): string {
  const start = prefix + randomText(randomLength);
  return start + checksum(start);
}

/** Whether a text can be an API key at all. */
export function looksLikeApiKey(text: string): boolean {
  if (!/^[\x21-\x7e]{1,40}[0-9A-Za-z]{36}$/.test(text)) return false;
  const start = text.slice(0, -checksumLength);
  return text.slice(-checksumLength) === checksum(start);
}

/** What is kept of a key. It has 178 random bits, so a plain hash cannot be reversed by trying. */
export function hashApiKey(key: string): Buffer {
  return createHash("sha256").update(key).digest();
}

/** `hk_…9f3a`. */
export function hintOf(key: string): string {
  return `${key.slice(0, -(randomLength + checksumLength))}…${key.slice(-4)}`;
}

export type KeyStatus = "active" | "rotating" | "expired" | "replaced" | "revoked";

/** @param now Unix milliseconds; a key's end is the first moment it no longer works */
export function statusOf(key: KeyRow, now: number): KeyStatus {
  if (key.revokedAt !== null) return "revoked";
  if (key.graceEndsAt !== null && key.graceEndsAt <= now) return "replaced";
  if (key.expiresAt !== null && key.expiresAt <= now) return "expired";
  return key.replacedBy === null ? "active" : "rotating";
}

export function isLive(key: KeyRow, now: number): boolean {
  const status = statusOf(key, now);
  return status === "active" || status === "rotating";
}

function checksum(text: string): string {
  let rest = crc32(text);
  let written = "";
  for (let place = 0; place < checksumLength; place++) {
    written = (digits[rest % 62] ?? "") + written;
    rest = Math.floor(rest / 62);
  }
  return written;
}
