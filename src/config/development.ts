import { join } from "node:path";
import { HooklineError } from "../errors.ts";
import { keptSecret, readIfThere } from "./kept-secret.ts";

/**
 * A development secret of this machine: made at first use and the same ever after.
 * @param home hookline's folder of this user
 * @param name of its file: the variable that would hold the real secret and the form of it, so that a provider of
 *   another form cannot spoil it for those that share the variable
 * @param make makes a new secret of the shape the provider's scheme needs
 * @throws HooklineError `home-unwritable`
 */
export function developmentSecret(home: string, name: string, make: () => string): string {
  const folder = folderIn(home);
  try {
    return keptSecret(join(folder, name), make);
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

/** A development secret that was made before; undefined where none was, or where it cannot be read. */
export function existingDevelopmentSecret(home: string, name: string): string | undefined {
  try {
    return readIfThere(join(folderIn(home), name));
  } catch {
    return undefined;
  }
}

function folderIn(home: string): string {
  return join(home, "development-secrets");
}
