import { spawnSync } from "node:child_process";
import { writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { bin, createFolder } from "../cli/spawn.ts";

/** Whether a program is there to be run. */
export function has(program: string): boolean {
  return spawnSync(program, ["--version"]).status === 0;
}

/** PATH with programs of those names before all others; each is a shell script. */
export function pathWith(programs: Readonly<Record<string, string>>): string {
  const folder = createFolder();
  for (const [name, script] of Object.entries(programs)) {
    writeFileSync(join(folder, name), `#!/bin/sh\n${script}\n`, { mode: 0o755 });
  }
  return `${folder}${delimiter}${process.env["PATH"] ?? ""}`;
}

/** What `hookline` is on the PATH of somebody who has installed this checkout. */
export const hookline = `exec "${process.execPath}" "${bin}" "$@"`;
