import { statSync } from "node:fs";
import { join } from "node:path";
import { HooklineError } from "../errors.ts";
import type { Environment } from "./environment.ts";
import { keptSecret, readIfThere } from "./kept-secret.ts";

/** Bytes of the key. */
const length = 32;
const variable = "HOOKLINE_MASTER_KEY";

/**
 * The key that secrets at rest are sealed with, 32 bytes: HOOKLINE_MASTER_KEY, else the file `master.key` in hookline's
 * folder, made at first use.
 * @throws HooklineError `master-key-missing`, `master-key-malformed`, `master-key-exposed`, `home-unwritable`
 */
export function loadMasterKey({
  environment,
  home,
  random,
  make,
}: {
  environment: Pick<Environment, "variable">;
  /** hookline's folder of this user. */
  home: string;
  random: (bytes: number) => Buffer;
  /** Whether one is made where there is none: not where something was sealed with another before. */
  make: boolean;
}): Buffer {
  const given = environment.variable(variable);
  if (given !== undefined) {
    return (
      decode(given.value) ??
      fail("master-key-malformed", `${variable} is neither 64 hex digits nor base64 of ${length} bytes`, [
        "make one with `openssl rand -base64 32`",
        `or unset ${variable}: hookline keeps a key of its own`,
      ])
    );
  }
  const file = join(home, "master.key");
  const existing = make ? undefined : readKept(file);
  if (!make && existing === undefined) {
    fail("master-key-missing", `the master key is gone: there is no ${file}`, [
      `put it back from a backup, or give it in ${variable}: nothing else opens what was sealed with it`,
      "or name another database",
    ]);
  }
  const text = existing ?? keep(file, () => `${random(length).toString("base64")}\n`);
  // Windows has no such modes: the folder of the user is private there.
  if (process.platform !== "win32" && (statSync(file).mode & 0o077) !== 0) {
    fail("master-key-exposed", `other users of this machine may read the master key in ${file}`, [
      `chmod 600 ${file}`,
      `or, where the file system knows no modes, give the key in ${variable}`,
    ]);
  }
  return (
    decode(text) ??
    fail(
      "master-key-malformed",
      `${file} holds no master key: neither 64 hex digits nor base64 of ${length} bytes`,
      [
        "restore it from a backup: what was sealed with it can be read with no other key",
        "or, where nothing was sealed yet, remove it: hookline makes a new one",
      ],
    )
  );
}

function readKept(file: string): string | undefined {
  try {
    // Whatever is no file, such as a pipe, might never be read to its end.
    return statSync(file, { throwIfNoEntry: false })?.isFile() === true ? readIfThere(file) : undefined;
  } catch (cause) {
    return fail(
      "home-unwritable",
      `cannot read the master key ${file}: ${(cause as Error).message}`,
      ["set HOOKLINE_HOME to a folder you can read", `or give the key in ${variable}`],
      cause,
    );
  }
}

function keep(file: string, make: () => string): string {
  try {
    return keptSecret(file, make);
  } catch (cause) {
    return fail(
      "home-unwritable",
      `cannot read or make the master key ${file}: ${(cause as Error).message}`,
      ["set HOOKLINE_HOME to a folder you can write to", `or give the key in ${variable}`],
      cause,
    );
  }
}

function decode(text: string): Buffer | undefined {
  const key = text.trim();
  if (/^[0-9a-f]{64}$/i.test(key)) return Buffer.from(key, "hex");
  return /^[A-Za-z0-9+/]{43}=?$/.test(key) ? Buffer.from(key, "base64") : undefined;
}

function fail(code: string, message: string, nextSteps: readonly string[], cause?: unknown): never {
  throw new HooklineError(code, message, { nextSteps, cause });
}
