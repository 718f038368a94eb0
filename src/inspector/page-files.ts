import { readFile } from "node:fs/promises";
import { join } from "node:path";
import type { Reply } from "./reply.ts";

/** Path that is asked for → file of the page, and its type. */
const files = [
  ["/", "index.html", "text/html; charset=utf-8"],
  ["/app.js", "app.js", "text/javascript; charset=utf-8"],
  ["/app.css", "app.css", "text/css; charset=utf-8"],
] as const;

/** Reads the page once: what is asked for later never reaches the disk. */
export async function readPage(folder: string): Promise<ReadonlyMap<string, Reply>> {
  const replies = files.map(async ([path, file, type]) => {
    const body = await readFile(join(folder, file));
    return [path, { status: 200, headers: { "Content-Type": type }, body }] as const;
  });
  return new Map(await Promise.all(replies));
}
