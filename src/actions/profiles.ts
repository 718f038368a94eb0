import { stripeMode, type Connection } from "../config/connection.ts";
import { databaseFile } from "../config/database.ts";
import {
  deleteProfile as dropProfile,
  loadProfiles,
  useProfile as switchTo,
  type Profile,
  type ProfileBook,
} from "../config/profiles.ts";
import { HooklineError, isHooklineError } from "../errors.ts";
import type { Caller, Remote } from "../remote/contract.ts";
import type { Host } from "./workspace.ts";

export interface ProfileSummary {
  name: string;
  kind: Profile["kind"];
  url: string | undefined;
  /** Name of the account that its key belongs to, and id of the key, where they are known. */
  account: string | undefined;
  keyId: string | undefined;
  /** The key itself, of which a view shows a hint. */
  key: string | undefined;
  /** Of a key of Stripe's. */
  mode: "test" | "live" | undefined;
  /** Plain HTTP to a host that is not this machine is allowed. */
  allowHttp: boolean;
  current: boolean;
}

/** A variable that goes before what a profile says. */
export interface Shadow {
  variable: "HOOKLINE_PROFILE" | "HOOKLINE_API_URL" | "HOOKLINE_API_KEY";
  source: "environment" | "env-file";
  /** What is not used because of it: the profile as a whole, its URL or its key. */
  hides: "profile" | "url" | "key";
  /** The profile of which it is hidden. */
  profile: string;
}

export interface ProfileList {
  profiles: ProfileSummary[];
  current: string;
  /** What HOOKLINE_PROFILE names, if anything. */
  chosen: string | undefined;
}

/** Which API is used and why, as far as this machine knows. */
export interface LocalIdentity {
  connection: Connection;
  shadows: Shadow[];
  /** Variables that are set but not used, as `--profile` goes before them. */
  unused: string[];
  /** File of the embedded API's database. */
  database: string | undefined;
  /** Of a key of Stripe's. */
  mode: "test" | "live" | undefined;
}

/** @throws HooklineError what reading the profiles can throw */
export async function listProfiles({ environment }: Host): Promise<ProfileList> {
  const book = await loadProfiles(environment.home);
  return {
    profiles: book.names().map((name) => summaryOf(book, name)),
    current: book.current,
    chosen: environment.variable("HOOKLINE_PROFILE")?.value,
  };
}

/**
 * @param name the one in use where it is left out: what HOOKLINE_PROFILE names, else the current one
 * @throws HooklineError `profile-unknown` and what reading the profiles can throw
 */
export async function showProfile({ environment }: Host, name: string | undefined): Promise<ProfileSummary> {
  const book = await loadProfiles(environment.home);
  return summaryOf(book, name ?? environment.variable("HOOKLINE_PROFILE")?.value ?? book.current);
}

/** The profiles that one chooses among. @throws HooklineError `profile-none` where there are none to choose */
export async function choosableProfiles(
  host: Host,
  { deletable }: { deletable: boolean },
): Promise<ProfileSummary[]> {
  const { profiles } = await listProfiles(host);
  const found = profiles.filter(({ kind }) => !deletable || kind !== "embedded");
  if (found.length > 0) return found;
  throw new HooklineError("profile-none", "there is no profile but embedded, which cannot be deleted", {
    nextSteps: ["make one with `hookline login`"],
  });
}

/** @throws HooklineError `profile-unknown` and what writing the profiles can throw */
export async function useProfile({ environment }: Host, name: string): Promise<ProfileSummary> {
  return summaryOf(await switchTo(environment.home, name), name);
}

/**
 * A profile that may be deleted.
 * @param name the one in use where it is left out
 * @throws HooklineError `profile-unknown`, `profile-built-in`
 */
export async function deletableProfile(host: Host, name: string | undefined): Promise<ProfileSummary> {
  const profile = await showProfile(host, name);
  if (profile.kind !== "embedded") return profile;
  throw new HooklineError(
    "profile-built-in",
    name === undefined
      ? "you are not logged in anywhere: the profile in use is embedded, this machine itself"
      : "the profile embedded is built in and cannot be deleted: it is this machine itself",
    { nextSteps: ["name another profile, as `hookline profiles list` shows them"] },
  );
}

/**
 * Deletes a profile, and with it the key that it keeps; where it is the current one, `embedded` becomes that.
 * @returns the profile that is current then
 * @throws HooklineError `profile-unknown`, `profile-built-in` and what writing the profiles can throw
 */
export async function deleteProfile({ environment }: Host, name: string): Promise<string> {
  return (await dropProfile(environment.home, name)).current;
}

/** @throws HooklineError what reading the profiles can throw */
export async function identify(host: Host, connection: Connection): Promise<LocalIdentity> {
  const { kind, key, profileSource } = connection;
  const variables = profileSource === "flag" ? ["HOOKLINE_API_URL", "HOOKLINE_API_KEY"] : [];
  return {
    connection,
    shadows: await findShadows(host, connection),
    unused: variables.filter((name) => host.environment.variable(name) !== undefined),
    database: kind === "embedded" ? databaseFile(host.environment.home) : undefined,
    mode: key === undefined ? undefined : stripeMode(key),
  };
}

/** What the environment puts in place of what the profiles say. */
async function findShadows({ environment }: Host, connection: Connection): Promise<Shadow[]> {
  const { current } = await loadProfiles(environment.home);
  const { profile, profileSource, urlSource, keySource } = connection;
  const shadows: Shadow[] = [];
  const add = (
    variable: Shadow["variable"],
    source: string | undefined,
    hides: Shadow["hides"],
    of: string,
  ) => {
    if (source === "environment" || source === "env-file")
      shadows.push({ variable, source, hides, profile: of });
  };
  if (profile !== current) add("HOOKLINE_PROFILE", profileSource, "profile", current);
  add("HOOKLINE_API_URL", urlSource, profile === "embedded" ? "profile" : "url", profile);
  add("HOOKLINE_API_KEY", keySource, "key", profile);
  return shadows;
}

/**
 * Asks the API who one is.
 * @throws HooklineError what the API's call can throw, without the advice to ask just this
 */
export async function whoami(remote: Remote): Promise<Caller> {
  try {
    return await remote.call("keys.current", {});
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    const { code, message, exitCode } = error;
    const nextSteps = error.nextSteps.map((step) => step.replace(/: hookline whoami$/, ""));
    throw new HooklineError(code, message, { exitCode, nextSteps, cause: error });
  }
}

function summaryOf(book: ProfileBook, name: string): ProfileSummary {
  const profile = book.get(name);
  const current = book.current === name;
  if (profile.kind === "embedded") {
    const nothing = { url: undefined, account: undefined, keyId: undefined, key: undefined, mode: undefined };
    return { name, kind: "embedded", ...nothing, allowHttp: false, current };
  }
  const { kind, url, key, account } = profile;
  const api = profile.kind === "api" ? profile : undefined;
  return {
    name,
    kind,
    url,
    account,
    keyId: api?.keyId,
    key,
    mode: kind === "stripe" ? stripeMode(key) : undefined,
    allowHttp: api?.allowHttp === true,
    current,
  };
}
