import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Endpoint, Remote, RotatedEndpoint } from "../remote/contract.ts";
import { hintOf } from "../server/secrets.ts";
import { showEndpoint } from "./endpoints.ts";
import type { EnvPlace } from "./env-place.ts";
import { messageOf, stepsOf } from "./keys.ts";
import type { RotatedSecret } from "./rotate-secret.ts";
import { execUndone } from "./run-command.ts";

/**
 * Undoes a rotation that failed: first at the API, and only where the one before is in force again, in the file.
 * @param rotation.place which has both secrets
 * @returns the new secret, where somebody else has finished the rotation
 */
export async function undoRotation(
  failure: unknown,
  {
    remote,
    open,
    place,
    putBack,
  }: {
    remote: Remote;
    open: RotatedEndpoint;
    place: EnvPlace | undefined;
    putBack: (() => Promise<void>) | undefined;
  },
): Promise<RotatedSecret> {
  const { id, secret, previous_secret } = open;
  const notUndone = (what: string, cause: unknown, nextSteps: readonly string[]): HooklineError =>
    new HooklineError("rotation-not-undone", `${messageOf(failure)}; ${what} (${messageOf(cause)})`, {
      exitCode: EXIT.failed,
      nextSteps: [...nextSteps, ...stepsOf(cause)],
      cause,
    });
  try {
    await remote.call("endpoints.restoreSecret", { params: { id }, body: ownOf(open) });
  } catch (error) {
    const found = await overtakenBy(remote, open, error);
    if (found?.inForce === "new") {
      return {
        endpoint: { ...found.endpoint, secret, previous_secret },
        written: place && { ...place, previous: previousOf(place) },
        failure: notUndone(
          `somebody has finished the rotation of the secret of ${id} meanwhile: the new one alone is in force`,
          error,
          [
            "put it to use, or rotate anew",
            ...(place === undefined ? [] : [`take ${previousOf(place)} out of ${place.file}: it is void`]),
          ],
        ),
      };
    }
    if (found?.inForce === "another") throw overtaken(messageOf(failure), open, found.endpoint, place, error);
    // Undone by somebody else, it is undone.
    if (found === undefined) {
      const both = place === undefined ? "" : `, and ${place.file} holds both`;
      throw notUndone(
        `the rotation of the secret of ${id} could not be undone: as long as it is open, the one before it stays in use beside the new one${both}`,
        error,
        [
          `undo it: hookline endpoints rotate-secret ${id} --undo`,
          ...(place === undefined
            ? []
            : [`then put into ${place.name} there what is in ${previousOf(place)}`]),
        ],
      );
    }
  }
  const fileFailure = putBack && (await failureOf(putBack));
  if (fileFailure !== undefined && place !== undefined) {
    const { file, name } = place;
    throw notUndone(
      `the former secret of ${id} is in force again, but ${file} could not be put back: ${name} is void there`,
      fileFailure,
      [`put into ${name} there what is in ${previousOf(place)}`],
    );
  }
  const back = place === undefined ? "" : `, and ${place.file} was put back`;
  const words = `the new secret of ${id} is void, the one before it is in force as it was${back}`;
  if (isHooklineError(failure) && ["exec-failed", "interrupted"].includes(failure.code))
    throw execUndone(failure, words);
  throw new HooklineError("rotation-undone", `${messageOf(failure)}: ${words}`, {
    exitCode: EXIT.failed,
    nextSteps: stepsOf(failure),
    cause: failure,
  });
}

/** Another may undo this rotation meanwhile and begin one of their own, which is not to be touched. */
export function ownOf({ secret_hint }: RotatedEndpoint): { secret_hint?: string } {
  return secret_hint === null ? {} : { secret_hint };
}

/** Where a rotation was ended by somebody else: what is in force now. Undefined where it is another failure. */
export async function overtakenBy(
  remote: Remote,
  open: RotatedEndpoint,
  error: unknown,
): Promise<{ inForce: "new" | "former" | "another"; endpoint: Endpoint } | undefined> {
  if (!isHooklineError(error) || error.code !== "rotation-missing") return undefined;
  const endpoint = await showEndpoint(remote, open.id).catch(() => undefined);
  if (endpoint === undefined) return undefined;
  const { secret_hint: hint, secret_rotation: rotation } = endpoint;
  const isAlone = rotation === null;
  const inForce =
    isAlone && hint === open.secret_hint
      ? "new"
      : isAlone && hint === hintOf(open.previous_secret)
        ? "former"
        : "another";
  return { inForce, endpoint };
}

export function overtaken(
  done: string,
  { id }: RotatedEndpoint,
  { secret_hint }: Endpoint,
  place: EnvPlace | undefined,
  cause: unknown,
): HooklineError {
  const left = place === undefined ? "" : `; ${place.file} was left with both secrets of this rotation`;
  return new HooklineError(
    "rotation-overtaken",
    `${done}, but somebody has rotated the secret of ${id} again meanwhile: ${secret_hint} is in force${left}`,
    {
      exitCode: EXIT.failed,
      nextSteps: [
        "take the secret from whoever rotated it",
        `or rotate anew: hookline endpoints rotate-secret ${id} --grace 0`,
      ],
      cause,
    },
  );
}

export async function failureOf(work: () => Promise<unknown>): Promise<Error | undefined> {
  try {
    await work();
    return undefined;
  } catch (error) {
    return error instanceof Error ? error : new Error(String(error));
  }
}

/** The variable of the one before. */
export function previousOf({ name }: EnvPlace): string {
  return `${name}_PREVIOUS`;
}
