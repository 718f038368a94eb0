import { closeSync, openSync, readSync, statSync } from "node:fs";

/** What the first 100 bytes of an SQLite file say (https://www.sqlite.org/fileformat.html, 1.3). */
export interface FileHeader {
  applicationId: number;
  userVersion: number;
  isWal: boolean;
}

/** Reads the header without opening the database; undefined where there is no such file. */
export function readFileHeader(path: string): FileHeader | undefined {
  try {
    // Whatever is no file, such as a pipe, might never be read to its end.
    if (statSync(path, { throwIfNoEntry: false })?.isFile() !== true) return undefined;
    const bytes = Buffer.alloc(100);
    const file = openSync(path, "r");
    try {
      if (readSync(file, bytes) < bytes.length) return undefined;
    } finally {
      closeSync(file);
    }
    if (bytes.toString("latin1", 0, 16) !== "SQLite format 3\0") return undefined;
    return {
      applicationId: bytes.readUInt32BE(68),
      userVersion: bytes.readUInt32BE(60),
      isWal: bytes[18] === 2 && bytes[19] === 2,
    };
  } catch {
    return undefined;
  }
}
