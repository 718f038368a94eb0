import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { HooklineError } from "../errors.ts";
import type { Workspace } from "./workspace.ts";

/** A folder for what is not to stay. */
export interface TemporaryFolder {
  path: string;
  remove(): void;
}

/**
 * Makes a folder that only this user can read. It is removed at the latest when the process ends.
 * @throws HooklineError `temporary-folder-unwritable`
 */
export function createTemporaryFolder(warn: (text: string) => void): TemporaryFolder {
  let path: string;
  try {
    path = mkdtempSync(join(tmpdir(), "hookline-demo-"));
  } catch (cause) {
    throw new HooklineError(
      "temporary-folder-unwritable",
      `cannot make a folder in ${tmpdir()}: ${(cause as Error).message}`,
      { cause, nextSteps: ["set TMPDIR to a folder you can write to"] },
    );
  }
  const remove = (): void => rmSync(path, { recursive: true, force: true, maxRetries: 3 });
  // A second Ctrl-C ends the process with everything open.
  process.once("exit", remove);
  return {
    path,
    remove() {
      process.off("exit", remove);
      try {
        remove();
      } catch (error) {
        warn(`${path} could not be removed: ${(error as Error).message}`);
      }
    },
  };
}

/**
 * The same workspace with a home of its own, to which nothing of this user's leads: no variable, no proxy, no profile.
 * @param secrets by the id of their provider
 */
export function isolate(workspace: Workspace, home: string, secrets: ReadonlyMap<string, string>): Workspace {
  const { host } = workspace;
  const secretsOf = ({ id }: { id: string }) => {
    const secret = secrets.get(id);
    return { secrets: secret === undefined ? [] : [secret], origin: { source: "development" as const } };
  };
  return {
    ...workspace,
    host: {
      ...host,
      environment: { ...host.environment, home, proxy: {}, variable: () => undefined },
    },
    secretsOf: (provider) => ({ configured: undefined, development: () => secretsOf(provider) }),
    signingSecrets: secretsOf,
  };
}
