import { scopes } from "../remote/scopes.ts";
import type { Account, Store } from "../store/contract.ts";
import type { AppOptions } from "./app.ts";
import { createIds } from "./ids.ts";
import { prepareKey } from "./routes/keys.ts";

/** The account that this machine itself works in. */
export const localAccountName = "local";

/**
 * The account of that name, made where there is none.
 * @returns `made`: whether it was made now
 */
export async function ensureAccount(
  { store, now, random }: Pick<AppOptions, "store" | "now" | "random">,
  name: string,
): Promise<{ account: Account; made: boolean }> {
  const existing = await store.accounts.byName(name);
  if (existing !== undefined) return { account: existing, made: false };
  const account = { id: createIds(now, random)("acct"), name, createdAt: now() };
  const made = await store.accounts.insert(account);
  if (made) return { account, made };
  // Another process was quicker.
  const theirs = await store.accounts.byName(name);
  if (theirs === undefined) throw new Error(`the account ${name} is neither there nor can it be made`);
  return { account: theirs, made: false };
}

/** A root key that is in force only once it is kept somewhere. */
export interface RootKey {
  id: string;
  key: string;
}

const settingOf = (account: Account): string => `root-key/${account.id}`;

/** Whether an account was given its root key. */
export async function hasRootKey(store: Store, account: Account): Promise<boolean> {
  return (await store.settings.get(settingOf(account))) !== undefined;
}

/**
 * Gives an account its root key: every scope, no end. It is made once, and handed over before it comes into force, so
 * that no key can be in force that nobody has.
 * @param handOver keeps the key somewhere
 * @returns undefined where the account has its root key already
 */
export async function giveRootKey(
  options: AppOptions,
  account: Account,
  handOver: (rootKey: RootKey) => Promise<void>,
): Promise<RootKey | undefined> {
  const { store, now, random } = options;
  if (await hasRootKey(store, account)) return undefined;
  const newId = createIds(now, random);
  const made = prepareKey(
    { options, newId, now: now() },
    {
      accountId: account.id,
      name: "root",
      scopes,
      provider: null,
      createdBy: null,
      expiresAt: null,
      replaces: null,
    },
  );
  const rootKey = { id: made.row.id, key: made.key };
  return store.write(account.id, async (tables) => {
    const mine = Buffer.from(rootKey.id);
    const kept = await tables.settings.setOnce(settingOf(account), mine);
    if (!mine.equals(kept)) return undefined;
    await handOver(rootKey);
    await tables.keys.insert(made.row);
    await tables.activity.record({
      id: newId("act"),
      accountId: account.id,
      at: made.row.createdAt,
      lastAt: made.row.createdAt,
      count: 1,
      action: "key.created",
      actorKind: "server",
      actorKeyId: null,
      actorName: null,
      address: null,
      subjectId: made.row.id,
      subjectName: made.row.name,
      detail: { scopes: scopes.join(" "), expires_at: null },
    });
    return rootKey;
  });
}
