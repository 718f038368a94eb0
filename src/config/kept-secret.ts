import { constants, copyFileSync, linkSync, mkdirSync, readFileSync, renameSync } from "node:fs";
import { dirname } from "node:path";
import { withDraft } from "./draft.ts";

/**
 * A secret of this machine: made at first use and the same ever after, in a file of mode 0600; folders made for it have
 * mode 0700. Safe against another hookline making it at the same moment: one of the two wins, both return its secret.
 * @throws whatever the file system refuses
 */
export function keptSecret(file: string, make: () => string): string {
  const existing = readIfThere(file);
  if (existing !== undefined) return existing;
  mkdirSync(dirname(file), { recursive: true, mode: 0o700 });
  withDraft(file, Buffer.from(make()), (draft) => publish(draft, file));
  return readFileSync(file, "utf8");
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

/**
 * The secret in a file, or undefined where there is none. An empty file counts as none: a full disk leaves such.
 * @throws whatever else the file system refuses
 */
export function readIfThere(file: string): string | undefined {
  try {
    return readFileSync(file, "utf8") || undefined;
  } catch (error) {
    if ((error as NodeJS.ErrnoException).code === "ENOENT") return undefined;
    throw error;
  }
}
