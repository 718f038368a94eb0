import { tryEnvFile } from "../config/env-file.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";

/** A variable of a dotenv file, whose path is absolute. */
export interface EnvPlace {
  file: string;
  name: string;
}

/**
 * Tries whether a secret could be written to a place, before there is one.
 * @throws HooklineError `env-file-unwritable`, exit 1
 */
export function tryEnvPlace({ file }: EnvPlace): Promise<void> {
  return beforehand(() => tryEnvFile(file));
}

/** Runs a test that precedes a change, so that what it throws says that nothing was changed. Exit 1. */
export async function beforehand(test: () => void | Promise<void>): Promise<void> {
  try {
    await test();
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    throw new HooklineError(error.code, `${error.message}; nothing was changed`, {
      exitCode: EXIT.failed,
      nextSteps: error.nextSteps,
      cause: error,
    });
  }
}
