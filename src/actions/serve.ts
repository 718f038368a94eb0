import { existsSync, readFileSync, rmSync, statSync, writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { databaseFile } from "../config/database.ts";
import { loadProfiles, saveProfile, useProfile, type ApiProfile } from "../config/profiles.ts";
import { HooklineError } from "../errors.ts";
import { uuid } from "../providers/ids.ts";
import {
  ensureAccount,
  giveRootKey,
  hasRootKey,
  localAccountName,
  type RootKey,
} from "../server/accounts.ts";
import { hashApiKey, looksLikeApiKey } from "../server/api-keys.ts";
import { createHttpServer } from "../server/http.ts";
import type { Account, Store } from "../store/contract.ts";
import { bind, urlsOf } from "../transport/bind.ts";
import { isLoopback } from "../transport/target.ts";
import { events } from "./channel.ts";
import { openControlPlane, type ControlPlane } from "./control-plane.ts";
import type { ServeEvent, ServeOptions } from "./serve-events.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds between two tidyings. */
const tidyEveryMs = 3_600_000;
/** Milliseconds that requests under way get to finish. */
const graceMs = 5000;

/**
 * Puts the control plane on a port until the signal comes.
 * @throws HooklineError `port-taken`, `cannot-listen`, `account-name-invalid`, `root-key-nowhere`,
 *   `root-key-file-unwritable`, and what the database and the master key can throw
 */
export function serve(workspace: Workspace, options: ServeOptions): AsyncIterable<ServeEvent> {
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  return events(
    (report) => run(workspace, { ...options, signal }, report),
    () => left.abort(),
  );
}

async function run(
  workspace: Workspace,
  options: ServeOptions,
  report: (event: ServeEvent) => void,
): Promise<void> {
  const { host } = workspace;
  const file = options.db === undefined ? databaseFile(host.environment.home) : resolve(host.cwd, options.db);
  const accountName =
    options.createAccount === undefined ? undefined : readAccountName(options.createAccount);
  const plane = await openControlPlane(workspace, {
    file,
    report: (event) => report({ at: host.now(), ...event }),
  });
  let requests = 0;
  const server = createHttpServer(plane.app, {
    version: host.version,
    newRequestId: () => uuid(host.random),
    clock: () => performance.now(),
    report: (request) => {
      requests++;
      report({ type: "request", at: host.now(), ...request });
    },
    fail: (error) => report({ type: "failed", at: host.now(), route: "", error }),
  });
  try {
    // First the port: a server that cannot start makes no account.
    const port = await bind(server, options);
    const keyFile = options.rootKeyFile === undefined ? undefined : resolve(host.cwd, options.rootKeyFile);
    await tryRootKeyFile(plane, accountName ?? localAccountName, keyFile, host.warn);
    if (accountName !== undefined) await createAccount(workspace, plane, accountName, options, report);
    const [url = "", ...others] = urlsOf({ host: options.host, port });
    const profile = await keepProfile(workspace, plane, url, options, report);
    report({
      type: "ready",
      at: host.now(),
      urls: [url, ...others],
      port,
      database: file,
      profile,
      exposed: !isLoopback(new URL(url)) || others.length > 0,
    });
    const stopTidying = keepTidy(plane, (error) =>
      report({ type: "failed", at: host.now(), route: "tidy", error }),
    );
    await aborted(options.signal);
    stopTidying();
    const cut = setTimeout(() => server.closeAllConnections(), graceMs);
    await new Promise<void>((done) => server.close(() => done()));
    clearTimeout(cut);
    report({ type: "stopped", at: host.now(), requests });
  } finally {
    server.close();
    // Whoever holds the database locked does not hold this up.
    await Promise.race([plane.close(), host.sleep(graceMs)]);
  }
}

/**
 * Looks whether the file can be written before anything is made, and tells where it will not be.
 * @throws HooklineError `root-key-file-unwritable`
 */
async function tryRootKeyFile(
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
async function createAccount(
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
async function keepProfile(
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
  const book = await loadProfiles(home);
  const profiles = book.names().map((name) => ({ name, profile: book.get(name) }));
  const isNamed = (name: string): boolean => profiles.some((other) => other.name === name);

  let name = localAccountName;
  for (let number = 2; isNamed(name); number++) name = `${localAccountName}-${number}`;
  // The named account's root key goes to the file where one is asked for.
  const named = options.createAccount !== undefined && options.createAccount !== localAccountName;
  const given = await handOverRootKey(
    workspace,
    app,
    local,
    { rootKeyFile: named ? undefined : options.rootKeyFile, printKeys: options.printKeys },
    async (rootKey) => {
      await saveProfile(home, name, profileOf(rootKey), { use: options.use });
      return name;
    },
    report,
  );
  if (given) return { name, current: options.use || book.current === name };

  for (const { name: kept, profile } of profiles) {
    if (profile.kind !== "api" || profile.servedBy !== "serve" || profile.keyId === undefined) continue;
    if ((await app.store.keys.get(local.id, profile.keyId)) === undefined) continue;
    if (profile.url !== url) await saveProfile(home, kept, { ...profile, url }, { use: options.use });
    else if (options.use && book.current !== kept) await useProfile(home, kept);
    return { name: kept, current: options.use || book.current === kept };
  }
  if (options.use) {
    workspace.host.warn(
      "no profile holds a root key of this database, so none was switched to: use hookline login",
    );
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
  return looksLikeApiKey(text) && (await store.keys.byHash(hashApiKey(text))) === undefined;
}

function readAccountName(text: string): string {
  const name = text.trim();
  if (/^[^\p{Cc}\p{Cs}]{1,100}$/u.test(name)) return name;
  throw new HooklineError("account-name-invalid", "an account's name is one line of 1 to 100 characters", {
    nextSteps: ["give another name with --create-account"],
  });
}

/** Tidies now and every hour. @returns ends it */
function keepTidy({ app }: ControlPlane, fail: (error: unknown) => void): () => void {
  let isOver = false;
  const tidy = (): void =>
    void app.tidy().catch((error: unknown) => {
      // It may be under way when the database is closed.
      if (!isOver) fail(error);
    });
  tidy();
  const timer = setInterval(tidy, tidyEveryMs);
  return () => {
    isOver = true;
    clearInterval(timer);
  };
}

function aborted(signal: AbortSignal): Promise<void> {
  if (signal.aborted) return Promise.resolve();
  return new Promise((done) => signal.addEventListener("abort", () => done(), { once: true }));
}
