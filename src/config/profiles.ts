import { chmodSync, mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { ProfileFile } from "./profile-file.ts";

/** The API of this very process, on files of this machine. */
export interface EmbeddedProfile {
  kind: "embedded";
}

/** A control plane of hookline's own kind. */
export interface ApiProfile {
  kind: "api";
  url: string;
  key: string;
  /** Plain HTTP is wanted, though the host is not this machine. */
  allowHttp?: boolean;
  account?: string;
  /** Id of the key. */
  keyId?: string;
  /** `hookline serve` saved it, for its own root key. */
  servedBy?: "serve";
}

/** Stripe's own API. */
export interface StripeProfile {
  kind: "stripe";
  url: string;
  key: string;
  account?: string;
}

/** A profile that is kept in the file. */
export type KeptProfile = ApiProfile | StripeProfile;
export type Profile = EmbeddedProfile | KeptProfile;

/** The profile that is built in, and current until another is. */
const embeddedName = "embedded";

/** The user's profiles as they were when they were read. */
export interface ProfileBook {
  /** Name of the profile that is used where none is named; an edited file may name one that is not there. */
  current: string;
  /** `embedded`, then the others in alphabetical order. */
  names(): string[];
  /** @throws HooklineError `profile-unknown` */
  get(name: string): Profile;
}

/**
 * Reads `profiles.json` in hookline's folder of this user.
 * @throws HooklineError `profiles-damaged`, `profiles-unreadable`
 */
export async function loadProfiles(home: string): Promise<ProfileBook> {
  const file = fileIn(home);
  let text: string;
  try {
    text = readFileSync(file, "utf8");
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    // A home that is a file holds no profiles either; who wants to write there is told.
    if (code === "ENOENT" || code === "ENOTDIR") return createBook({ current: embeddedName, profiles: {} });
    throw new HooklineError("profiles-unreadable", `cannot read the profiles in ${file}: ${message}`, {
      cause,
      nextSteps: ["check that you may read it, or set HOOKLINE_HOME to another folder"],
    });
  }
  const { parseProfiles } = await import("./profile-file.ts");
  return createBook(parseProfiles(text, file));
}

/**
 * Adds a profile, or replaces the one of that name.
 * @param options.use makes it the current one
 * @throws HooklineError `profile-name-invalid`, `profile-built-in`, and what writing can throw: `profiles-damaged`,
 *   `home-unwritable`, `home-locked`
 */
export async function saveProfile(
  home: string,
  name: string,
  profile: KeptProfile,
  { use = false }: { use?: boolean } = {},
): Promise<ProfileBook> {
  await requireProfileName(name);
  return change(home, ({ current, profiles }) => ({
    current: use ? name : current,
    profiles: { ...profiles, [name]: profile },
  }));
}

/**
 * Changes a profile as it is now, which another process may have changed since it was read.
 * @param edit is given the profile, undefined where there is none, and returns it changed; undefined leaves it as it is
 * @returns whether it was changed
 * @throws HooklineError `profile-built-in`, and what writing can throw
 */
export async function updateProfile(
  home: string,
  name: string,
  edit: (profile: KeptProfile | undefined) => KeptProfile | undefined,
): Promise<boolean> {
  refuseBuiltIn(name, "changed");
  let changed = false;
  await change(home, (kept) => {
    const edited = edit(Object.hasOwn(kept.profiles, name) ? kept.profiles[name] : undefined);
    changed = edited !== undefined;
    return edited === undefined ? kept : { ...kept, profiles: { ...kept.profiles, [name]: edited } };
  });
  return changed;
}

/**
 * Tries whether profiles can be saved: what is there now is written once more.
 * @throws HooklineError what writing can throw
 */
export async function tryProfiles(home: string): Promise<void> {
  await change(home, (kept) => kept);
}

/**
 * Adds a profile under a name that none has yet: the one given, else with a number behind it.
 * @returns the name
 */
export async function addProfile(
  home: string,
  name: string,
  profile: KeptProfile,
  { use = false }: { use?: boolean } = {},
): Promise<string> {
  await requireProfileName(name);
  let free = name;
  await change(home, ({ current, profiles }) => {
    for (let number = 2; Object.hasOwn(profiles, free); number++) free = `${name}-${number}`;
    return { current: use ? free : current, profiles: { ...profiles, [free]: profile } };
  });
  return free;
}

/**
 * Makes sure that a profile can be saved under a name.
 * @throws HooklineError `profile-name-invalid`, `profile-built-in`
 */
export async function requireProfileName(name: string): Promise<void> {
  refuseBuiltIn(name, "replaced");
  const { isProfileName } = await import("./profile-file.ts");
  if (isProfileName(name)) return;
  throw new HooklineError("profile-name-invalid", `${JSON.stringify(name)} is no name a profile can have`, {
    nextSteps: ["use 1 to 64 letters, digits, dots, dashes and underscores"],
  });
}

/**
 * Deletes a profile; where it is the current one, `embedded` becomes that.
 * @throws HooklineError `profile-unknown`, `profile-built-in`, and what writing can throw
 */
export async function deleteProfile(home: string, name: string): Promise<ProfileBook> {
  refuseBuiltIn(name, "deleted");
  return change(home, (kept) => {
    createBook(kept).get(name);
    const others = Object.entries(kept.profiles).filter(([other]) => other !== name);
    return {
      current: kept.current === name ? embeddedName : kept.current,
      profiles: Object.fromEntries(others),
    };
  });
}

/**
 * Makes a profile the current one.
 * @throws HooklineError `profile-unknown`, and what writing can throw
 */
export async function useProfile(home: string, name: string): Promise<ProfileBook> {
  return change(home, (kept) => {
    createBook(kept).get(name);
    return { ...kept, current: name };
  });
}

const fileIn = (home: string): string => join(home, "profiles.json");

function createBook({ current, profiles }: ProfileFile): ProfileBook {
  const names = [embeddedName, ...Object.keys(profiles).sort()];
  return {
    current,
    names: () => [...names],
    get(name) {
      if (name === embeddedName) return { kind: "embedded" };
      const profile = Object.hasOwn(profiles, name) ? profiles[name] : undefined;
      if (profile !== undefined) return profile;
      throw new HooklineError("profile-unknown", `there is no profile ${JSON.stringify(name)}`, {
        exitCode: EXIT.notFound,
        nextSteps: [
          `use one that there is: ${names.slice(0, 10).join(", ")}${names.length > 10 ? ", …" : ""}`,
          "or make it with `hookline login`",
        ],
      });
    },
  };
}

function refuseBuiltIn(name: string, what: string): void {
  if (name !== embeddedName) return;
  throw new HooklineError(
    "profile-built-in",
    `the profile ${embeddedName} is built in and cannot be ${what}`,
    {
      nextSteps: ["give another name"],
    },
  );
}

/** Reads, changes and writes the file, one process after another. */
async function change(home: string, edit: (kept: ProfileFile) => ProfileFile): Promise<ProfileBook> {
  const file = fileIn(home);
  const { parseProfiles } = await import("./profile-file.ts");
  const { withLock } = await import("./file-lock.ts");
  const Conf = await loadConf();
  try {
    mkdirSync(home, { recursive: true, mode: 0o700 });
    return await withLock(`${file}.lock`, () => {
      const conf = new Conf<Partial<ProfileFile>>({
        cwd: home,
        configName: "profiles",
        configFileMode: 0o600,
        clearInvalidConfig: false,
        accessPropertiesByDotNotation: false,
        deserialize: (text) => parseProfiles(text, file),
      });
      const kept = conf.store;
      // The file as a whole, with what a later hookline may have put beside.
      const edited = {
        ...kept,
        ...edit({ current: kept.current ?? embeddedName, profiles: kept.profiles ?? {} }),
      };
      tighten(file);
      conf.store = edited;
      return createBook(edited);
    });
  } catch (cause) {
    if (isHooklineError(cause)) throw cause;
    throw new HooklineError(
      "home-unwritable",
      `cannot keep profiles in ${file}: ${(cause as Error).message}`,
      {
        cause,
        nextSteps: ["set HOOKLINE_HOME to a folder you can write to"],
      },
    );
  }
}

/**
 * Loaded by who writes alone: it costs more than Node's own start. It listens for signals, to remove its drafts, and
 * sends them to the process once more; a command that ends gracefully at the first would be ended by that.
 */
async function loadConf(): Promise<typeof import("./conf.ts").Conf> {
  const signals = () => process.eventNames().filter((name) => String(name).startsWith("SIG"));
  const before = new Map(signals().map((name) => [name, process.rawListeners(name)]));
  const { Conf } = await import("./conf.ts");
  for (const name of signals()) {
    for (const listener of process.rawListeners(name)) {
      if (!before.get(name)?.includes(listener)) process.removeListener(name, listener as () => void);
    }
  }
  return Conf;
}

/** Before it is written: not every way of writing sets the mode of a file that is there. */
function tighten(file: string): void {
  const mode = statSync(file, { throwIfNoEntry: false })?.mode ?? 0;
  if ((mode & 0o077) !== 0) chmodSync(file, 0o600);
}
