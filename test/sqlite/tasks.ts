import { chmodSync } from "node:fs";
import { join } from "node:path";
import { build } from "esbuild";
import { createFolder, root, startCommand } from "../cli/spawn.ts";
import type { TaskName, TaskOptions } from "./child.ts";

let program: Promise<string> | undefined;

/** The tasks as one file of CommonJS, as the program itself is built. */
async function bundle(): Promise<string> {
  const folder = createFolder();
  chmodSync(folder, 0o755);
  const outfile = join(folder, "child.cjs");
  await build({
    entryPoints: [join(root, "test/sqlite/child.ts")],
    outfile,
    bundle: true,
    platform: "node",
    format: "cjs",
    external: ["libsql"],
    logLevel: "error",
  });
  return outfile;
}

/**
 * Does a task in a process of its own.
 * @param installed whether the packages are there
 * @returns what it returned, or the code and message of its error
 * @throws where the process died, or wrote to standard error
 */
export async function runTask(name: TaskName, options: TaskOptions, installed = true): Promise<unknown> {
  const { code, signal, stdout, stderr } = await startCommand(
    process.execPath,
    [await (program ??= bundle()), name, JSON.stringify(options)],
    { env: installed ? { NODE_PATH: join(root, "node_modules") } : {} },
  ).finished;
  if (code !== 0 || stderr !== "") throw new Error(`${name} ended with ${code ?? signal}: ${stderr}`);
  return JSON.parse(stdout);
}
