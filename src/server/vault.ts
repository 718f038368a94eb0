import { createCipheriv, createDecipheriv } from "node:crypto";
import { HooklineError } from "../errors.ts";
import type { Settings } from "../store/contract.ts";

/** Encrypts what must not lie readable in the database. */
export interface Vault {
  /** @param place what it belongs to; what was sealed for one place does not open at another */
  seal(text: string, place: string): Uint8Array;
  /** @throws Error where the key or the place is another, or a byte was changed */
  open(sealed: Uint8Array, place: string): string;
}

const version = 1;
const nonceBytes = 12;
const tagBytes = 16;

/**
 * AES-256-GCM: a version byte, the nonce, the ciphertext and the tag; the place is authenticated with it.
 * @param masterKey 32 bytes
 * @param random returns that many random bytes
 */
export function createVault(masterKey: Uint8Array, random: (bytes: number) => Buffer): Vault {
  return {
    seal(text, place) {
      const nonce = random(nonceBytes);
      const cipher = createCipheriv("aes-256-gcm", masterKey, nonce).setAAD(Buffer.from(place));
      const body = Buffer.concat([cipher.update(text, "utf8"), cipher.final()]);
      return Buffer.concat([Buffer.of(version), nonce, body, cipher.getAuthTag()]);
    },
    open(sealed, place) {
      const bytes = Buffer.from(sealed);
      if (bytes[0] !== version || bytes.length < 1 + nonceBytes + tagBytes)
        throw new Error("it is not sealed in a way that is known");
      const nonce = bytes.subarray(1, 1 + nonceBytes);
      const decipher = createDecipheriv("aes-256-gcm", masterKey, nonce, { authTagLength: tagBytes });
      decipher.setAAD(Buffer.from(place)).setAuthTag(bytes.subarray(-tagBytes));
      const body = bytes.subarray(1 + nonceBytes, -tagBytes);
      return Buffer.concat([decipher.update(body), decipher.final()]).toString("utf8");
    },
  };
}

const checkName = "master-key-check";

/** Whether something may be sealed in the database already. */
export async function hasMasterKey(settings: Settings): Promise<boolean> {
  return (await settings.get(checkName)) !== undefined;
}

/**
 * Makes sure that the database's secrets are sealed with this master key; a new database takes it as its own.
 * @throws HooklineError `master-key-wrong`
 */
export async function checkMasterKey(settings: Settings, vault: Vault): Promise<void> {
  const kept =
    (await settings.get(checkName)) ?? (await settings.setOnce(checkName, vault.seal("", checkName)));
  try {
    vault.open(kept, checkName);
  } catch (cause) {
    throw new HooklineError("master-key-wrong", "the database's secrets are sealed with another master key", {
      cause,
      nextSteps: [
        "set HOOKLINE_MASTER_KEY to the key the database was made with, or put its master.key back",
        "or name another database",
      ],
    });
  }
}
