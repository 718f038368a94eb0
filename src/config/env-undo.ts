import { chmodSync, existsSync, readFileSync, realpathSync, renameSync, rmSync, statSync } from "node:fs";
import { basename, dirname, join } from "node:path";
import { parseEnv } from "node:util";
import { HooklineError } from "../errors.ts";
import { withDraft } from "./draft.ts";
import { writeEnvFile } from "./env-file.ts";

/** A file as it was found. */
interface Found {
  bytes: Buffer;
  mode: number;
}

/**
 * Sets variables in a dotenv file as {@link writeEnvFile} does.
 * @returns puts the file back: byte for byte, with its mode, or away where it was not there. Where it was changed since,
 *   only the variables that still are as they were set here. It throws `env-file-unwritable`
 * @throws HooklineError `env-file-unwritable`
 */
export async function changeEnvFile(
  file: string,
  variables: Readonly<Record<string, string | null>>,
): Promise<() => Promise<void>> {
  const before = find(file);
  await writeEnvFile(file, variables);
  const after = find(file);
  return async () => {
    if (!(await putBack(file, before, after)))
      await writeEnvFile(file, formerValues(file, before, variables));
  };
}

/** @returns whether the file was as it was left */
async function putBack(file: string, before: Found | undefined, after: Found | undefined): Promise<boolean> {
  if (after === undefined || !existsSync(file)) return false;
  try {
    const path = realpathSync(file);
    // Named as writeEnvFile names its own, so that the two keep out of each other's way.
    const draft = join(dirname(path), `.env.${basename(path)}`);
    const { withLock } = await import("./file-lock.ts");
    return await withLock(`${draft}.lock`, () => {
      if (find(path)?.bytes.equals(after.bytes) !== true) return false;
      if (before === undefined) rmSync(path);
      else
        withDraft(draft, before.bytes, (made) => {
          chmodSync(made, before.mode);
          renameSync(made, path);
        });
      return true;
    });
  } catch (cause) {
    throw new HooklineError("env-file-unwritable", `cannot put ${file} back: ${(cause as Error).message}`, {
      cause,
      nextSteps: ["check that you may write there"],
    });
  }
}

/** Of the variables that still are as they were set, what they were before. */
function formerValues(
  file: string,
  before: Found | undefined,
  variables: Readonly<Record<string, string | null>>,
): Record<string, string | null> {
  const now = valuesOf(find(file));
  const former = valuesOf(before);
  return Object.fromEntries(
    Object.entries(variables)
      .filter(([name, value]) => (now.get(name) ?? null) === value)
      .map(([name]) => [name, former.get(name) ?? null]),
  );
}

function find(file: string): Found | undefined {
  const stat = statSync(file, { throwIfNoEntry: false });
  return stat?.isFile() === true ? { bytes: readFileSync(file), mode: stat.mode & 0o7777 } : undefined;
}

function valuesOf(found: Found | undefined): Map<string, string | undefined> {
  return new Map(Object.entries(parseEnv(found?.bytes.toString("utf8") ?? "")));
}
