import { randomBytes } from "node:crypto";
import { closeSync, fchmodSync, fsyncSync, openSync, rmSync, writeSync } from "node:fs";
import { dirname } from "node:path";

/**
 * Writes a file beside the one that it is to become: under a name that nobody can foresee, mode 0600, on disk when this
 * returns. It is removed when the work is over, unless that has moved it.
 * @param work what is done with its path
 */
export function withDraft(file: string, content: Uint8Array, work: (draft: string) => void): void {
  const draft = `${file}.${randomBytes(6).toString("hex")}.new`;
  const descriptor = openSync(draft, "wx", 0o600);
  try {
    try {
      // The umask may have taken more away than is wanted.
      fchmodSync(descriptor, 0o600);
      for (let written = 0; written < content.length;) written += writeSync(descriptor, content, written);
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
    work(draft);
  } finally {
    rmSync(draft, { force: true });
  }
  syncFolder(dirname(file));
}

/** Puts a change of a folder's entries on disk, where the system can. */
function syncFolder(folder: string): void {
  try {
    const descriptor = openSync(folder, "r");
    try {
      fsyncSync(descriptor);
    } finally {
      closeSync(descriptor);
    }
  } catch {
    // Windows opens no folders.
  }
}
