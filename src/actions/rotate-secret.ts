import { writeEnvFile } from "../config/env-file.ts";
import { changeEnvFile } from "../config/env-undo.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Endpoint, Remote, RotatedEndpoint } from "../remote/contract.ts";
import { explained } from "./endpoints.ts";
import { tryEnvPlace, type EnvPlace } from "./env-place.ts";
import { messageOf, stepsOf } from "./keys.ts";
import { execUndone, runCommand, type Exec } from "./run-command.ts";

export interface RotatedSecret {
  endpoint: RotatedEndpoint;
  /** Where the secrets were written: the one before under `previous`, null where it is in use no more. */
  written: (EnvPlace & { previous: string | null }) | undefined;
  /** What did not come to its end, though the secret was rotated. */
  failure: HooklineError | undefined;
}

export interface RotateSecretOptions {
  /** How long the one before stays in use. */
  graceMs: number;
  /**
   * Gets the new secret, and under its name with `_PREVIOUS` the one before, or where that is in use no more loses what
   * is there; tried before anything is done.
   */
  place: EnvPlace | undefined;
  /** Puts the new secret to use before the grace begins; where it fails all is undone. */
  exec: Exec | undefined;
}

/**
 * Gives an endpoint its next signing secret.
 *
 * Without a command it is in force at once, and where it cannot be written it is returned all the same, with the reason;
 * without a grace all former ones end then. With a command both are in use until that has succeeded, however long it
 * takes, and only then the grace begins: where this process dies on the way, the one before stays in use.
 * @throws HooklineError `env-file-unwritable`, `exec-failed`, `interrupted`, `rotation-undone`, `rotation-not-undone`
 *   and what the call can throw
 */
export async function rotateEndpointSecret(
  remote: Remote,
  id: string,
  { graceMs, place, exec }: RotateSecretOptions,
): Promise<RotatedSecret> {
  if (place !== undefined) await tryEnvPlace(place);
  const graceSeconds = Math.ceil(graceMs / 1000);
  return exec === undefined
    ? rotateAtOnce(remote, id, graceSeconds, place)
    : rotateAround(remote, id, graceSeconds, place, exec);
}

/** Undoes a rotation that is not over: the secret before is in force again, and the new one void. */
export function restoreSecret(remote: Remote, id: string): Promise<Endpoint> {
  return explained(remote.call("endpoints.restoreSecret", { params: { id }, body: {} }));
}

/** Begins the grace of a secret that a rotation left in use. */
export function finishRotation(remote: Remote, id: string, graceMs: number): Promise<Endpoint> {
  const body = { grace_seconds: Math.ceil(graceMs / 1000) };
  return explained(remote.call("endpoints.retireSecret", { params: { id }, body }));
}

async function rotateAtOnce(
  remote: Remote,
  id: string,
  graceSeconds: number,
  place: EnvPlace | undefined,
): Promise<RotatedSecret> {
  const body = { grace_seconds: graceSeconds };
  const endpoint = await explained(remote.call("endpoints.rotateSecret", { params: { id }, body }));
  if (place === undefined) return { endpoint, written: undefined, failure: undefined };
  const isInUse = endpoint.secret_rotation !== null;
  const written = { ...place, previous: isInUse ? previousOf(place) : null };
  try {
    await writeEnvFile(written.file, {
      [written.name]: endpoint.secret,
      // Left there, it would be trusted on.
      [previousOf(place)]: isInUse ? endpoint.previous_secret : null,
    });
    return { endpoint, written, failure: undefined };
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    const failure = new HooklineError(
      error.code,
      `the secret of ${endpoint.id} was rotated, but ${error.message}: standard output has it, and nothing else does`,
      {
        cause: error,
        exitCode: EXIT.failed,
        nextSteps: ["keep the secret that was printed: it is not shown again", ...error.nextSteps],
      },
    );
    return { endpoint, written: undefined, failure };
  }
}

async function rotateAround(
  remote: Remote,
  id: string,
  graceSeconds: number,
  place: EnvPlace | undefined,
  exec: Exec,
): Promise<RotatedSecret> {
  const params = { id };
  const open = await explained(
    remote.call("endpoints.rotateSecret", { params, body: { grace_seconds: null } }),
  );
  const { secret, previous_secret: previous, secret_hint } = open;
  // Another may undo this rotation meanwhile and begin one of their own, which is not to be touched.
  const own = secret_hint === null ? {} : { secret_hint };
  let putBack: (() => Promise<void>) | undefined;
  try {
    if (place !== undefined)
      putBack = await changeEnvFile(place.file, { [place.name]: secret, [previousOf(place)]: previous });
    await runCommand(exec, variablesOf(exec, open), [secret, previous]);
  } catch (failure) {
    const undo = (): Promise<unknown> => remote.call("endpoints.restoreSecret", { params, body: own });
    throw await undone(failure, { id, place, putBack, undo });
  }
  const isEnded = graceSeconds === 0;
  const written = place && { ...place, previous: isEnded ? null : previousOf(place) };
  try {
    const body = { grace_seconds: graceSeconds, ...own };
    const endpoint = await remote.call("endpoints.retireSecret", { params, body });
    const rotated = { endpoint: { ...endpoint, secret, previous_secret: previous }, written };
    return { ...rotated, failure: isEnded && place !== undefined ? await dropPrevious(place) : undefined };
  } catch (error) {
    const failure = new HooklineError(
      "grace-not-begun",
      `the command has put the new secret of ${id} to use, but the one before it has no end yet, as its grace could not begin: ${messageOf(error)}`,
      {
        exitCode: EXIT.failed,
        nextSteps: [`begin it: hookline endpoints rotate-secret ${id} --finish`, ...stepsOf(error)],
        cause: error,
      },
    );
    return { endpoint: open, written: place && { ...place, previous: previousOf(place) }, failure };
  }
}

function variablesOf(
  { name }: Exec,
  { id, secret, previous_secret: previous }: RotatedEndpoint,
): Record<string, string> {
  return {
    HOOKLINE_ENDPOINT_ID: id,
    HOOKLINE_NEW_SECRET: secret,
    HOOKLINE_PREVIOUS_SECRET: previous,
    ...(name === undefined ? {} : { [name]: secret, [`${name}_PREVIOUS`]: previous }),
  };
}

/** Undoes a rotation that failed. @returns what is to be thrown */
async function undone(
  failure: unknown,
  {
    id,
    place,
    putBack,
    undo,
  }: {
    id: string;
    place: EnvPlace | undefined;
    putBack: (() => Promise<void>) | undefined;
    undo: () => Promise<unknown>;
  },
): Promise<HooklineError> {
  const notUndone = (what: string, cause: unknown, nextSteps: readonly string[]): HooklineError =>
    new HooklineError("rotation-not-undone", `${messageOf(failure)}; ${what} (${messageOf(cause)})`, {
      exitCode: EXIT.failed,
      nextSteps: [...nextSteps, ...stepsOf(cause)],
      cause,
    });
  let fileFailure: unknown;
  try {
    await putBack?.();
  } catch (error) {
    fileFailure = error;
  }
  try {
    await undo();
  } catch (error) {
    return notUndone(
      `the rotation of the secret of ${id} could not be undone: the one before it stays in use beside the new one`,
      error,
      [`undo it: hookline endpoints rotate-secret ${id} --undo`],
    );
  }
  if (fileFailure !== undefined && place !== undefined) {
    const { file, name } = place;
    return notUndone(
      `the former secret of ${id} is in force again, but ${file} could not be put back: ${name} is void there`,
      fileFailure,
      [`put into ${name} there what is in ${previousOf(place)}`],
    );
  }
  const back = putBack === undefined || place === undefined ? "" : `, and ${place.file} was put back`;
  const words = `the new secret of ${id} is void, the one before it is in force as it was${back}`;
  if (isHooklineError(failure) && ["exec-failed", "interrupted"].includes(failure.code))
    return execUndone(failure, words);
  return new HooklineError("rotation-undone", `${messageOf(failure)}: ${words}`, {
    exitCode: EXIT.failed,
    nextSteps: stepsOf(failure),
    cause: failure,
  });
}

/** Left there, it would be trusted on. @returns why it could not be taken out */
async function dropPrevious(place: EnvPlace): Promise<HooklineError | undefined> {
  try {
    await writeEnvFile(place.file, { [previousOf(place)]: null });
    return undefined;
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    return new HooklineError(error.code, `${previousOf(place)} is in use no more, but ${error.message}`, {
      exitCode: EXIT.failed,
      nextSteps: ["take it out by hand", ...error.nextSteps],
      cause: error,
    });
  }
}

function previousOf({ name }: EnvPlace): string {
  return `${name}_PREVIOUS`;
}
