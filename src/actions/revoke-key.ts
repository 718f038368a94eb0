import type { Connection } from "../config/connection.ts";
import { loadProfiles, type ProfileBook } from "../config/profiles.ts";
import type { Key, Remote } from "../remote/contract.ts";
import { currentKey, listKeys, showKey } from "./keys.ts";
import type { Workspace } from "./workspace.ts";

/** What revoking a key means, as far as the caller may know. */
export interface Revocation {
  key: Key | undefined;
  /** Whether it is the key that asks. */
  isOwn: boolean;
  /** The key that it was to replace and that lives on in its place: its grace has not begun. */
  restores: Key | undefined;
  /** Keys that it made and that go on working, newest first; undefined where that could not be found out. */
  made: Key[] | undefined;
}

export async function prepareRevocation(remote: Remote, id: string): Promise<Revocation> {
  const caller = await currentKey(remote);
  const isOwn = caller.key?.id === id;
  // Asking for what the key may not see would be in the activity log.
  if (!caller.scopes.includes("keys:read"))
    return { key: undefined, isOwn, restores: undefined, made: undefined };
  const key = await showKey(remote, id);
  // A key may be in the wrong hands: what is only good to know must not keep anyone from revoking it.
  const live = await listKeys(remote, "live", { all: true }).then(
    ({ data }) => data,
    () => undefined,
  );
  const before = key.replaced_by === null ? live?.find((other) => other.id === key.replaces) : undefined;
  return {
    key,
    isOwn,
    restores:
      key.status !== "revoked" && before?.replaced_by === id && before.grace_ends_at === null
        ? before
        : undefined,
    made: live?.filter((other) => other.created_by === id && other.id !== id),
  };
}

/** Places of this machine that hold a key. */
export interface KeyHolders {
  profiles: string[];
  /** HOOKLINE_API_KEY holds it, in the environment or the env file. */
  variable: boolean;
}

/** @param isOwn whether it is the key that the connection asks with */
export async function findHolders(
  { host }: Pick<Workspace, "host">,
  { key, keySource }: Connection,
  { id, isOwn }: { id: string; isOwn: boolean },
): Promise<KeyHolders> {
  const book = await loadProfiles(host.environment.home);
  return {
    profiles: profilesWith(book, { id, key: isOwn ? key : undefined }),
    variable: isOwn && keySource !== "profile",
  };
}

/** Names of the profiles that hold a key. @param key itself, where it is known: not every profile says its id */
export function profilesWith(
  book: ProfileBook,
  { id, key }: { id: string; key: string | undefined },
): string[] {
  return book.names().filter((name) => {
    const kept = book.get(name);
    return kept.kind === "api" && (kept.key === key || kept.keyId === id);
  });
}

/** Makes a key useless at once. */
export function revokeKey(remote: Remote, id: string): Promise<Key> {
  return remote.call("keys.revoke", { params: { id } });
}
