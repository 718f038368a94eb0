import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { addProfile, loadProfiles, updateProfile, useProfile, type ApiProfile } from "../config/profiles.ts";
import { HooklineError } from "../errors.ts";
import { ensureAccount, giveRootKey, hasRootKey, localAccountName } from "../server/accounts.ts";
import type { RootKey } from "../server/accounts.ts";
import { hashApiKey, isLive, looksLikeApiKey } from "../server/api-keys.ts";
import type { Account, Store } from "../store/contract.ts";
import type { ControlPlane } from "./control-plane.ts";
import type { ServeEvent, ServeOptions } from "./serve-events.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Looks whether the file can be written before anything is made, and tells where it will not be.
 * @throws HooklineError `root-key-file-unwritable`
 */
export async function tryRootKeyFile(
  { options: { store } }: ControlPlane,
  accountName: string,
  file: string | undefined,
  warn: (text: string) => void,
): Promise<void> {
  if (file === undefined) return;
  const account = await store.accounts.byName(accountName);
  if (account !== undefined && (await hasRootKey(store, account))) {
    warn(`the account ${accountName} was given its root key before: none is written to ${file}`);
    return;
  }
  await writeRootKey(store, file, "");
  rmSync(file);
}

/** Makes the account unless it is there, and hands its root key over. */
export async function createAccount(
  { host }: Workspace,
  { options: app }: ControlPlane,
  name: string,
  { rootKeyFile, printKeys }: ServeOptions,
  report: (event: ServeEvent) => void,
): Promise<void> {
  const existing = await app.store.accounts.byName(name);
  const lacksKey = existing === undefined || !(await hasRootKey(app.store, existing));
  if (lacksKey && name !== localAccountName && rootKeyFile === undefined && !printKeys) {
    throw new HooklineError(
      "root-key-nowhere",
      `there is nowhere to put the root key of the account ${name}`,
      {
        nextSteps: [
          "name a file for it with --root-key-file FILE",
          "or run this on a terminal, which shows it once",
        ],
      },
    );
  }
  const { account, made } = await ensureAccount(app, name);
  report({ type: "account", at: host.now(), name, id: account.id, made });
  if (name === localAccountName) return;
  await handOverRootKey({ host }, app, account, { rootKeyFile, printKeys }, undefined, report);
}

/** Gives the local account its root key at the first start, and keeps the profile that leads here up to date. */
export async function keepProfile(
  workspace: Workspace,
  plane: ControlPlane,
  url: string,
  options: ServeOptions,
  report: (event: ServeEvent) => void,
): Promise<{ name: string; current: boolean } | undefined> {
  const { home } = workspace.host.environment;
  const { local, options: app } = plane;
  const profileOf = ({ id, key }: RootKey): ApiProfile => ({
    kind: "api",
    url,
    key,
    account: local.name,
    keyId: id,
    servedBy: "serve",
  });
  // The named account's root key goes to the file where one is asked for.
  const named = options.createAccount !== undefined && options.createAccount !== localAccountName;
  let name: string | undefined;
  const given = await handOverRootKey(
    workspace,
    app,
    local,
    { rootKeyFile: named ? undefined : options.rootKeyFile, printKeys: options.printKeys },
    async (rootKey) => {
      name = await addProfile(home, localAccountName, profileOf(rootKey), { use: options.use });
      return name;
    },
    report,
  );
  name = given ? name : await findProfile(home, plane);
  if (name === undefined) {
    if (options.use) {
      workspace.host.warn(
        "no profile holds a key of this database that works, so none was switched to: use hookline login",
      );
    }
    return undefined;
  }
  await updateProfile(home, name, (kept) => (kept?.kind === "api" ? { ...kept, url } : undefined));
  if (options.use) await useProfile(home, name);
  return { name, current: (await loadProfiles(home)).current === name };
}

/** The profile that an earlier start made for this database, if its key still works. */
async function findProfile(home: string, { local, options }: ControlPlane): Promise<string | undefined> {
  const book = await loadProfiles(home);
  for (const name of book.names()) {
    const profile = book.get(name);
    if (profile.kind !== "api" || profile.servedBy !== "serve" || profile.keyId === undefined) continue;
    const key = await options.store.keys.get(local.id, profile.keyId);
    if (key !== undefined && isLive(key, options.now())) return name;
  }
  return undefined;
}

/** @param keepInProfile keeps the key in a profile too, and tells its name */
async function handOverRootKey(
  { host }: Pick<Workspace, "host">,
  app: ControlPlane["options"],
  account: Account,
  { rootKeyFile, printKeys }: { rootKeyFile: string | undefined; printKeys: boolean },
  keepInProfile: ((rootKey: RootKey) => Promise<string>) | undefined,
  report: (event: ServeEvent) => void,
): Promise<boolean> {
  const file = rootKeyFile === undefined ? undefined : resolve(host.cwd, rootKeyFile);
  let profile: string | undefined;
  let isWritten = false;
  try {
    const given = await giveRootKey(app, account, async (rootKey) => {
      if (file !== undefined) await writeRootKey(app.store, file, rootKey.key);
      isWritten = file !== undefined;
      profile = await keepInProfile?.(rootKey);
    });
    if (given === undefined) return false;
    report({
      type: "root-key",
      at: host.now(),
      account: account.name,
      keyId: given.id,
      key: file === undefined && printKeys ? given.key : undefined,
      file,
      profile,
    });
    return true;
  } catch (error) {
    // A key that never came into force is not to be found later.
    if (isWritten && file !== undefined) rmSync(file, { force: true });
    throw error;
  }
}

/** A key that never came into force, as a start that was cut off leaves one, is replaced; anything else stays. */
async function writeRootKey(store: Store, file: string, key: string): Promise<void> {
  try {
    if (await holdsUselessKey(store, file)) rmSync(file);
    writeFileSync(file, `${key}\n`, { flag: "wx", mode: 0o600, flush: true });
  } catch (cause) {
    const { code, message } = cause as NodeJS.ErrnoException;
    const why = code === "EEXIST" ? "it is there already, and may hold another key" : message;
    throw new HooklineError("root-key-file-unwritable", `cannot write the root key to ${file}: ${why}`, {
      cause,
      nextSteps: ["name a file that is not there yet, in a folder you can write to"],
    });
  }
}

async function holdsUselessKey(store: Store, file: string): Promise<boolean> {
  if (!existsSync(file) || !statSync(file).isFile() || statSync(file).size > 200) return false;
  const text = readFileSync(file, "utf8").trim();
  // Killed while it wrote the file, a start leaves it empty.
  if (text === "") return true;
  return looksLikeApiKey(text) && (await store.keys.byHash(hashApiKey(text))) === undefined;
}

export function readAccountName(text: string): string {
  const name = text.trim();
  if (/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(name)) return name;
  throw new HooklineError("account-name-invalid", "an account's name is one line of 1 to 100 characters", {
    nextSteps: ["give another name with --create-account"],
  });
}
