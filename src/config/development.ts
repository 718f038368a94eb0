import {
  constants,
  copyFileSync,
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { HooklineError } from "../errors.ts";

/**
 * A development secret of this machine: made at first use and the
 * same ever after, in a file of mode 0600. Safe against another hookline making it at the same moment: one of the two wins,
 * both return its secret.
 * @param home hookline's folder of this user
 * @param name of its file: the variable that would hold the real secret and the form of it, so that a provider of
 *   another form cannot spoil it for those that share the variable
 * @param make makes a new secret of the shape the provider's scheme needs
 */
export function developmentSecret(home: string, name: string, make: () => string): string {
  const folder = join(home, "development-secrets");
  const file = join(folder, name);
  try {
    const existing = readIfThere(file);
    if (existing !== undefined) return existing;
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    const draft = `${file}.${process.pid}.new`;
    writeFileSync(draft, make(), { mode: 0o600 });
    try {
      publish(draft, file);
    } finally {
      rmSync(draft, { force: true });
    }
    return readFileSync(file, "utf8");
  } catch (cause) {
    throw new HooklineError(
      "home-unwritable",
      `cannot keep a development secret in ${folder}: ${(cause as Error).message}`,
      {
        cause,
        nextSteps: [
          "set HOOKLINE_HOME to a folder you can write to",
          "or give a signing secret with --secret env:NAME",
        ],
      },
    );
  }
}

/** Puts the finished draft at its place unless a secret is there already. */
function publish(draft: string, file: string): void {
  try {
    linkSync(draft, file);
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "EEXIST") {
      if (readIfThere(file) === undefined) renameSync(draft, file);
      return;
    }
    // Some file systems have no hard links; the copy is short enough to be read whole or not at all.
    try {
      copyFileSync(draft, file, constants.COPYFILE_EXCL);
    } catch (again) {
      if ((again as NodeJS.ErrnoException).code !== "EEXIST") throw again;
    }
  }
}

/** An empty file counts as none: a full disk leaves such. */
function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8") || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
