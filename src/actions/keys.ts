import { tryEnvFile } from "../config/env-file.ts";
import { changeEnvFile } from "../config/env-undo.ts";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import { closest } from "../providers/closest.ts";
import type { Caller, Key, NewKey, Remote, Scope } from "../remote/contract.ts";
import { scopes as allScopes } from "../remote/scopes.ts";
import { beforehand, type EnvPlace } from "./env-place.ts";
import { readPages, type Listed, type PageOptions } from "./pages.ts";

/** The account's keys, newest first. @param status only those that work, or only those that do not */
export function listKeys(
  remote: Remote,
  status: "live" | "dead" | undefined,
  page: PageOptions,
): Promise<Listed<Key>> {
  const filter = status === undefined ? {} : { status };
  return readPages((part) => remote.call("keys.list", { query: { ...filter, ...part } }), page);
}

export function showKey(remote: Remote, id: string): Promise<Key> {
  return remote.call("keys.get", { params: { id } });
}

/** The key that asks, and what it may do. */
export function currentKey(remote: Remote): Promise<Caller> {
  return remote.call("keys.current", {});
}

/** Scopes as a person names them. */
export interface NamedScopes {
  scopes: Scope[];
  /** All that the caller has: `*`. */
  all: boolean;
}

/**
 * Reads scopes: `keys:read`, `keys:*` for both of an area, `*` for all that the caller has, several with commas between.
 * @throws HooklineError `usage`, naming those that there are not
 */
export function readScopes(texts: readonly string[]): NamedScopes {
  const names = texts.flatMap((text) => text.split(",")).map((name) => name.trim());
  const meant = names.map((name) => ({
    name,
    scopes: allScopes.filter((scope) => scope === name || name === `${scope.split(":")[0]}:*`),
  }));
  const unknown = meant.filter(({ name, scopes }) => scopes.length === 0 && name !== "*");
  if (unknown.length > 0) {
    const close = unknown.flatMap(({ name }) => closest(name, allScopes));
    throw new HooklineError(
      "usage",
      `--scope knows no ${unknown.map(({ name }) => JSON.stringify(name)).join(", ")}`,
      {
        nextSteps: [
          ...(close.length > 0 ? [`did you mean ${[...new Set(close)].join(", ")}?`] : []),
          `use ${allScopes.join(", ")}; keys:* for both of an area, * for all that you have`,
        ],
      },
    );
  }
  return {
    scopes: [...new Set(meant.flatMap(({ scopes }) => scopes))],
    all: names.includes("*"),
  };
}

/** Where a new key is kept. */
export interface KeyPlace {
  /** As messages name it. */
  what: string;
  /** Throws where it could not keep a key; changes nothing. */
  test(): void | Promise<void>;
  keep(made: NewKey): void | Promise<void>;
  /** Puts back what was there. */
  restore?(): Promise<void>;
  /** What is thrown where it could not keep a key and all was undone. @param undone what was, in words */
  explain?(failure: unknown, undone: string): HooklineError;
}

export function envPlace({ file, name }: EnvPlace): KeyPlace {
  let undo: (() => Promise<void>) | undefined;
  return {
    what: file,
    test: () => tryEnvFile(file),
    async keep({ key }) {
      undo = await changeEnvFile(file, { [name]: key });
    },
    restore: async () => undo?.(),
  };
}

/** Standard output: nobody else has the key, so it has to arrive. @param show throws where it did not */
export function printedPlace(show: (made: NewKey) => Promise<void>): KeyPlace {
  return { what: "standard output", test: () => undefined, keep: show };
}

export interface CreateKeyOptions {
  name: string;
  scopes: NamedScopes;
  /** Seconds it lives, null for ever; as long as the key that makes it where left out. */
  expiresIn?: number | null;
  /** The provider whose keys it is to look like. */
  provider?: string;
  places: readonly KeyPlace[];
}

/**
 * Makes a key and keeps it in every place; where one fails, the key is revoked.
 * @throws HooklineError `creation-undone`, `creation-not-undone`, and what the API refuses
 */
export async function createKey(
  remote: Remote,
  { name, scopes, expiresIn, provider, places }: CreateKeyOptions,
): Promise<NewKey> {
  await testPlaces(places);
  const made = await remote.call("keys.create", {
    body: {
      name,
      scopes: scopes.all ? [...(await currentKey(remote)).scopes] : scopes.scopes,
      ...(expiresIn === undefined ? {} : { expires_in: expiresIn }),
      ...(provider === undefined ? {} : { provider }),
    },
  });
  await keepNewKey(remote, made, places, { code: "creation", meanwhile: "" });
  return made;
}

/** @throws HooklineError what the first place that fails says, exit 1 */
export function testPlaces(places: readonly KeyPlace[]): Promise<void> {
  return beforehand(async () => {
    for (const place of places) await place.test();
  });
}

/**
 * Keeps a new key in every place. Where one fails, those before it are put back and the key is revoked.
 * @param words.code what failed, as the codes of the errors begin: `rotation`
 * @param words.meanwhile what else is to be known: `, and the old one …`
 * @throws HooklineError `…-undone`, or `…-not-undone` where the key still works
 */
export async function keepNewKey(
  remote: Remote,
  made: NewKey,
  places: readonly KeyPlace[],
  { code, meanwhile }: { code: string; meanwhile: string },
): Promise<void> {
  const kept: KeyPlace[] = [];
  let failing: KeyPlace | undefined;
  let failure: unknown;
  try {
    for (failing of places) {
      await failing.keep(made);
      kept.unshift(failing);
    }
    return;
  } catch (error) {
    failure = error;
  }
  const notUndone = (why: string, cause: unknown, nextSteps: readonly string[]): HooklineError =>
    new HooklineError(
      `${code}-not-undone`,
      `the new key ${made.id} could not be kept (${messageOf(failure)}) and works on: ${why} (${messageOf(cause)})${meanwhile}`,
      { exitCode: EXIT.failed, nextSteps, cause },
    );
  for (const place of kept) {
    try {
      await place.restore?.();
    } catch (error) {
      // A key that a place holds has to go on working.
      throw notUndone(`${place.what} holds it and could not be put back`, error, [
        `see which key is in ${place.what}, then revoke the other`,
        ...stepsOf(error),
      ]);
    }
  }
  try {
    await remote.call("keys.revoke", { params: { id: made.id } });
  } catch (error) {
    throw notUndone("it could not be revoked", error, [
      `nobody has it, so revoke it: hookline keys revoke ${made.id}`,
      ...stepsOf(error),
    ]);
  }
  const restored = kept.filter((place) => place.restore !== undefined).map(({ what }) => what);
  if (failing?.explain !== undefined) {
    const is = restored.length > 1 ? "were" : "was";
    const back = restored.length === 0 ? "" : `, ${restored.join(" and ")} ${is} put back`;
    throw failing.explain(failure, `the new key ${made.id} was revoked${back}${meanwhile}`);
  }
  throw new HooklineError(
    `${code}-undone`,
    `the new key could not be kept, so it was revoked${meanwhile}: ${messageOf(failure)}`,
    { exitCode: EXIT.failed, nextSteps: stepsOf(failure), cause: failure },
  );
}

export function messageOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error);
}

export function stepsOf(error: unknown): readonly string[] {
  return isHooklineError(error) ? error.nextSteps : [];
}
