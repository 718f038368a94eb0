import type { Connection } from "../config/connection.ts";
import { loadProfiles, tryProfiles, updateProfile } from "../config/profiles.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Key, NewKey, Remote } from "../remote/contract.ts";
import type { EnvPlace } from "./env-place.ts";
import {
  currentKey,
  envPlace,
  keepNewKey,
  messageOf,
  printedPlace,
  stepsOf,
  testPlaces,
  type KeyPlace,
} from "./keys.ts";
import { profilesWith } from "./revoke-key.ts";
import { execUndone, runCommand, type Exec } from "./run-command.ts";
import type { Workspace } from "./workspace.ts";

export interface RotateKeyOptions {
  /** Seconds that the old key goes on working. */
  graceSeconds: number;
  /** Seconds the new key lives, null for ever; as long as the old one was made to where left out. */
  expiresIn?: number | null;
  /** Kept in this order; what is put back after a failure comes first. */
  places: readonly KeyPlace[];
}

export type Rotation =
  | { made: NewKey; old: Key }
  /** The new key is made and kept, but the old one's end could not be set. */
  | { made: NewKey; old: undefined; failure: HooklineError };

/**
 * Replaces a key, in an order that is safe at every step: the new key is made, then kept in every place, and only then
 * does the old one's grace begin. Where a place fails, the new key is revoked and the old one stays as it was.
 * @throws HooklineError `rotation-undone`, `rotation-not-undone`, and what the API refuses
 */
export async function rotateKey(
  remote: Remote,
  id: string,
  { graceSeconds, expiresIn, places }: RotateKeyOptions,
): Promise<Rotation> {
  await testPlaces(places);
  const params = { id };
  const made = await remote.call("keys.rotate", {
    params,
    body: { grace_seconds: null, ...(expiresIn === undefined ? {} : { expires_in: expiresIn }) },
  });
  await keepNewKey(remote, made, places, { code: "rotation", meanwhile: `, and ${id} stays as it was` });
  try {
    const old = await remote.call("keys.retire", { params, body: { grace_seconds: graceSeconds } });
    return { made, old };
  } catch (error) {
    // The new key must not be lost, so this is told beside it.
    const failure = new HooklineError(
      "grace-not-begun",
      `the new key ${made.id} works, but the old one has no end yet, as its grace could not begin: ${messageOf(error)}`,
      {
        exitCode: EXIT.failed,
        nextSteps: [
          `once the new key is in use, end the old one: hookline keys revoke ${id}`,
          `or undo the rotation: hookline keys revoke ${made.id}`,
          ...stepsOf(error),
        ],
        cause: error,
      },
    );
    return { made, old: undefined, failure };
  }
}

/** What a rotation means for the places of this machine that hold the old key. */
export type RotationHere = Rotation & {
  /** The profile that the new key was saved into. */
  updatedProfile: string | undefined;
  /** Profiles that still hold the old key. */
  staleProfiles: string[];
  /** HOOKLINE_API_KEY holds the old key. */
  isInVariable: boolean;
};

/**
 * Replaces a key as {@link rotateKey} does; where it is the one that the profile in use holds, the profile gets the new
 * one.
 */
export async function rotateKeyHere(
  { host }: Pick<Workspace, "host">,
  remote: Remote,
  connection: Connection,
  id: string,
  {
    writeEnv,
    exec,
    show,
    ...options
  }: Omit<RotateKeyOptions, "places"> & {
    /** Where to write the new key. */
    writeEnv?: EnvPlace;
    /** Puts the new key to use, before the old one's grace begins; where it fails all is undone. */
    exec?: Exec;
    /**
     * Hands the new key to the user, where it is written nowhere; throws where it did not arrive. With a command, which
     * has it too, only when that has succeeded.
     */
    show: (made: NewKey, updatedProfile: string | undefined) => Promise<void>;
  },
): Promise<RotationHere> {
  const { home } = host.environment;
  const { keySource, profile: name } = connection;
  const isOwn = connection.key !== undefined && (await currentKey(remote)).key?.id === id;
  const updates = isOwn && keySource === "profile" && connection.kind === "api";
  const updatedProfile = updates ? name : undefined;
  const isPrinted = writeEnv === undefined;
  const rotation = await rotateKey(remote, id, {
    ...options,
    places: [
      ...(updates ? [profilePlace(home, name, connection.key)] : []),
      ...(isPrinted ? [] : [envPlace(writeEnv)]),
      ...(isPrinted && exec === undefined
        ? [printedPlace((made: NewKey) => show(made, updatedProfile))]
        : []),
      ...(exec === undefined ? [] : [commandPlace(exec, id, isOwn ? connection.key : undefined)]),
    ],
  });
  if (isPrinted && exec !== undefined) await show(rotation.made, updatedProfile);
  const book = await loadProfiles(home);
  return {
    ...rotation,
    updatedProfile,
    staleProfiles: profilesWith(book, { id, key: isOwn ? connection.key : undefined }),
    isInVariable: isOwn && keySource !== "profile",
  };
}

/** A command that puts the new key to use. @param oldKey itself, where it is known: it is not to be shown either */
function commandPlace(exec: Exec, oldId: string, oldKey: string | undefined): KeyPlace {
  return {
    what: "the command",
    test: () => undefined,
    keep: ({ id, key }) =>
      runCommand(
        exec,
        {
          HOOKLINE_NEW_KEY: key,
          HOOKLINE_NEW_KEY_ID: id,
          HOOKLINE_OLD_KEY_ID: oldId,
          ...(exec.name === undefined ? {} : { [exec.name]: key }),
        },
        {
          secrets: [key, ...(oldKey === undefined ? [] : [oldKey])],
          leftOpen: `undo it then: hookline keys revoke ${id}, or go on with it: hookline keys revoke ${oldId}`,
        },
      ),
    explain: (failure, undone) => {
      if (isHooklineError(failure)) return execUndone(failure, undone);
      return new HooklineError(
        "exec-failed",
        `the command could not be run: ${messageOf(failure)}: ${undone}`,
        {
          exitCode: EXIT.failed,
          cause: failure,
        },
      );
    },
  };
}

/** A profile that holds the old key, and is changed only as long as it does: another process may have changed it. */
function profilePlace(home: string, name: string, oldKey: string): KeyPlace {
  let undo: { key: string; keyId?: string } | undefined;
  let newKey: string | undefined;
  return {
    what: `the profile ${name}`,
    test: () => tryProfiles(home),
    async keep({ id, key }) {
      const kept = await updateProfile(home, name, (now) => {
        if (now?.kind !== "api" || now.key !== oldKey) return undefined;
        undo = { key: now.key, ...(now.keyId === undefined ? {} : { keyId: now.keyId }) };
        newKey = key;
        return { ...now, key, keyId: id };
      });
      if (kept) return;
      throw new HooklineError(
        "profile-changed",
        `the profile ${name} holds another key by now than the one that was to be replaced`,
        { exitCode: EXIT.failed, nextSteps: ["see which key is in use: hookline whoami"] },
      );
    },
    async restore() {
      await updateProfile(home, name, (now) => {
        if (undo === undefined || now?.kind !== "api" || now.key !== newKey) return undefined;
        const before = { ...now, ...undo };
        if (undo.keyId === undefined) delete before.keyId;
        return before;
      });
    },
  };
}
