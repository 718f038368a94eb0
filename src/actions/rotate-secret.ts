import { writeEnvFile } from "../config/env-file.ts";
import { changeEnvFile } from "../config/env-undo.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Endpoint, Remote, RotatedEndpoint } from "../remote/contract.ts";
import { explained } from "./endpoints.ts";
import { tryEnvPlace, type EnvPlace } from "./env-place.ts";
import { messageOf, stepsOf } from "./keys.ts";
import { runCommand, type Exec } from "./run-command.ts";
import { failureOf, overtaken, overtakenBy, ownOf, previousOf, undoRotation } from "./undo-rotation.ts";

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
 * Gives an endpoint its next signing secret. Until it is where it belongs (written, the command ended) both are in use,
 * without an end: where this process dies on the way, or an answer is lost, the one before stays in use. Only then the
 * grace begins, or all former ones end.
 *
 * Where it cannot be written and no command waits for it, it is returned all the same, with the reason.
 * @throws HooklineError `env-file-unwritable`, `exec-failed`, `interrupted`, `rotation-undone`, `rotation-not-undone`,
 *   `rotation-overtaken` and what the call can throw
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

/** @throws HooklineError what the call can throw, with what to do where it was done but its answer lost */
async function begin(remote: Remote, id: string, graceSeconds: number | null): Promise<RotatedEndpoint> {
  try {
    const input = { params: { id }, body: { grace_seconds: graceSeconds } };
    return await explained(remote.call("endpoints.rotateSecret", input));
  } catch (error) {
    if (!isHooklineError(error) || error.exitCode !== EXIT.remote) throw error;
    const lost =
      graceSeconds === null
        ? [
            `where ${id} is being rotated all the same, nobody has the new secret, and the one before stays in use: hookline endpoints show ${id}`,
            `then undo it, and rotate anew: hookline endpoints rotate-secret ${id} --undo`,
          ]
        : [`nobody may have the secret that is in force: rotate anew, with --grace 0`];
    throw new HooklineError(error.code, error.message, {
      exitCode: error.exitCode,
      nextSteps: [...error.nextSteps, ...lost],
      cause: error,
    });
  }
}

async function rotateAtOnce(
  remote: Remote,
  id: string,
  graceSeconds: number,
  place: EnvPlace | undefined,
): Promise<RotatedSecret> {
  let open: RotatedEndpoint;
  try {
    open = await begin(remote, id, null);
  } catch (error) {
    // Without a grace all former secrets end, also one that is in use still.
    if (graceSeconds !== 0 || !isHooklineError(error) || error.code !== "rotation-under-way") throw error;
    const endpoint = await begin(remote, id, 0);
    const failure = place && (await write(place, endpoint, null));
    const written = failure === undefined && place !== undefined ? { ...place, previous: null } : undefined;
    return { endpoint, written, failure };
  }
  const unwritten = place && (await write(place, open, open.previous_secret));
  const written = unwritten === undefined ? place : undefined;
  const retired = await retire(remote, open, graceSeconds, written, `${id} has a new secret`);
  return { ...retired, failure: unwritten ?? retired.failure };
}

/** @returns why the secret could not be written */
async function write(
  place: EnvPlace,
  { id, secret }: RotatedEndpoint,
  previous: string | null,
): Promise<HooklineError | undefined> {
  try {
    // A former one that was left there would be trusted on.
    await writeEnvFile(place.file, { [place.name]: secret, [previousOf(place)]: previous });
    return undefined;
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    return new HooklineError(
      error.code,
      `the secret of ${id} was rotated, but ${error.message}: standard output has it, and nothing else does`,
      {
        cause: error,
        exitCode: EXIT.failed,
        nextSteps: ["keep the secret that was printed: it is not shown again", ...error.nextSteps],
      },
    );
  }
}

async function rotateAround(
  remote: Remote,
  id: string,
  graceSeconds: number,
  place: EnvPlace | undefined,
  exec: Exec,
): Promise<RotatedSecret> {
  const open = await begin(remote, id, null);
  const { secret, previous_secret: previous } = open;
  let putBack: (() => Promise<void>) | undefined;
  try {
    if (place !== undefined)
      putBack = await changeEnvFile(place.file, { [place.name]: secret, [previousOf(place)]: previous });
    await runCommand(exec, variablesOf(exec, open), {
      secrets: [secret, previous],
      leftOpen: `undo it then: hookline endpoints rotate-secret ${id} --undo, or with --finish go on with it`,
    });
  } catch (failure) {
    return undoRotation(failure, { remote, open, place: putBack && place, putBack });
  }
  const done = `the command has put the new secret of ${id} to use`;
  return retire(remote, open, graceSeconds, place, done, putBack);
}

/**
 * Begins the grace of a rotation that is open.
 * @param place which has both secrets
 * @param done what has been done before, in words
 */
async function retire(
  remote: Remote,
  open: RotatedEndpoint,
  graceSeconds: number,
  place: EnvPlace | undefined,
  done: string,
  putBack?: () => Promise<void>,
): Promise<RotatedSecret> {
  const { id, secret, previous_secret } = open;
  const of = async (now: Endpoint, isEnded: boolean): Promise<RotatedSecret> => ({
    endpoint: { ...now, secret, previous_secret },
    written: place && { ...place, previous: isEnded ? null : previousOf(place) },
    failure: isEnded && place !== undefined ? await dropPrevious(place) : undefined,
  });
  try {
    const body = { grace_seconds: graceSeconds, ...ownOf(open) };
    const endpoint = await remote.call("endpoints.retireSecret", { params: { id }, body });
    return await of(endpoint, graceSeconds === 0);
  } catch (error) {
    const found = await overtakenBy(remote, open, error);
    if (found?.inForce === "new") return of(found.endpoint, true);
    if (found?.inForce === "former") {
      const back = await (putBack === undefined ? undefined : failureOf(putBack));
      throw new HooklineError(
        "rotation-undone",
        `${done}, but somebody has undone the rotation meanwhile: it is void, and the one before it alone is in force`,
        {
          exitCode: EXIT.failed,
          nextSteps: [
            ...(place === undefined
              ? []
              : putBack === undefined || back !== undefined
                ? [`put into ${place.name} of ${place.file} what is in ${previousOf(place)}`]
                : [`${place.file} was put back`]),
            "put the one before to use again, wherever the new one is",
            `or rotate anew: hookline endpoints rotate-secret ${id}`,
          ],
          cause: error,
        },
      );
    }
    if (found !== undefined) throw overtaken(done, open, found.endpoint, place, error);
    const failure = new HooklineError(
      "grace-not-begun",
      `${done}, but the one before it has no end yet, as its grace could not begin: ${messageOf(error)}`,
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
