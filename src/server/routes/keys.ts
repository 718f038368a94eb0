import { randomText } from "../../providers/ids.ts";
import type { Key, NewKey, Scope } from "../../remote/contract.ts";
import type { KeyRow } from "../../store/contract.ts";
import { hashApiKey, hintOf, isLive, makeApiKey, ownPrefix, statusOf } from "../api-keys.ts";
import type { Handler, Handling } from "../app.ts";
import { ApiProblem, notFound } from "../problems.ts";
import { listOf, maybeTime, pageOf, timeText } from "./pages.ts";

/** The scope without which an account cannot manage its keys any more. */
const manageKeys: Scope = "keys:write";

export const currentKey: Handler<"keys.current"> = ({ principal, now }) => ({
  account: { id: principal.account.id, name: principal.account.name },
  key: principal.key === undefined ? null : show(principal.key, now),
  scopes: [...principal.scopes] as Scope[],
});

export const listKeys: Handler<"keys.list"> = async ({ tables, principal, now }, { query }) => {
  const { status } = query;
  const filter = status === undefined ? undefined : { status, now };
  return listOf(await tables.keys.list(principal.account.id, pageOf("key", query), filter), (key) =>
    show(key, now),
  );
};

export const getKey: Handler<"keys.get"> = async (handling, { params }) =>
  show(await find(handling, params.id), handling.now);

export const createKey: Handler<"keys.create"> = async (handling, { body }) => {
  const { principal, now, log } = handling;
  requireScopes(handling, body.scopes);
  const bound = principal.key === undefined ? null : endOf(principal.key);
  const expiresAt = body.expires_in === undefined ? bound : expiryWanted(body.expires_in, bound, now);
  const made = await insert(handling, {
    name: body.name,
    scopes: [...new Set(body.scopes)],
    provider: body.provider ?? null,
    createdBy: principal.key?.id ?? null,
    expiresAt,
    replaces: null,
  });
  await log("key.created", made.row, {
    scopes: made.row.scopes.join(" "),
    expires_at: maybeTime(made.row.expiresAt),
  });
  return showNew(made, now);
};

export const rotateKey: Handler<"keys.rotate"> = async (handling, { params, body }) => {
  const { tables, principal, now, log } = handling;
  const old = await findLive(handling, params.id);
  const heir = await heirOf(handling, old);
  // A grace that has begun ends, whatever became of the successor: nothing that the old key does may prolong it.
  if (heir !== undefined || old.graceEndsAt !== null) throw rotationUnderWay(old, heir);
  requireScopes(handling, old.scopes as Scope[]);
  const made = await insert(handling, {
    name: old.name,
    scopes: old.scopes,
    provider: old.provider,
    // It takes the old one's place, so it has the same creator, unless another key makes it.
    createdBy: principal.key?.id === old.id ? old.createdBy : (principal.key?.id ?? null),
    expiresAt: expiryOfSuccessor(handling, old, body.expires_in),
    replaces: old.id,
  });
  const graceEndsAt = body.grace_seconds === null ? null : now + body.grace_seconds * 1000;
  await tables.keys.update(old.accountId, old.id, { replacedBy: made.row.id, graceEndsAt });
  await log("key.rotated", old, { successor: made.row.id, grace_ends_at: maybeTime(graceEndsAt) });
  return showNew(made, now);
};

export const retireKey: Handler<"keys.retire"> = async (handling, { params, body }) => {
  const { tables, now, log } = handling;
  const key = await findLive(handling, params.id);
  if ((await heirOf(handling, key)) === undefined) {
    throw new ApiProblem(
      "rotation-missing",
      `${key.id} has no successor that works, so nothing would take its place`,
      {
        nextSteps: [
          `make one first: hookline keys rotate ${key.id}`,
          `or end it at once: hookline keys revoke ${key.id}`,
        ],
      },
    );
  }
  const graceEndsAt = Math.min(key.graceEndsAt ?? Infinity, now + body.grace_seconds * 1000);
  await tables.keys.update(key.accountId, key.id, { graceEndsAt });
  await log("key.retired", key, { grace_ends_at: timeText(graceEndsAt) });
  return show({ ...key, graceEndsAt }, now);
};

export const revokeKey: Handler<"keys.revoke"> = async (handling, { params }) => {
  const { tables, now, log } = handling;
  const key = await find(handling, params.id);
  if (key.revokedAt !== null) return show(key, now);
  const { accountId, id } = key;
  const predecessor = key.replaces === null ? undefined : await tables.keys.get(accountId, key.replaces);
  const restores =
    predecessor !== undefined &&
    predecessor.replacedBy === id &&
    predecessor.graceEndsAt === null &&
    isLive(predecessor, now) &&
    (await heirOf(handling, key)) === undefined;
  if (!restores && isLive(key, now) && key.scopes.includes(manageKeys)) {
    if ((await tables.keys.countLasting(accountId, manageKeys, now, id)) === 0) {
      throw new ApiProblem("last-key", `${id} is the account's last key with ${manageKeys}`, {
        nextSteps: [`make another first: hookline keys create --scope ${manageKeys}`],
      });
    }
  }
  await tables.keys.update(accountId, id, { revokedAt: now });
  // Without its successor the old key has to stay, unless its end is set.
  if (restores) await tables.keys.update(accountId, predecessor.id, { replacedBy: null });
  await log("key.revoked", key, restores ? { restored: predecessor.id } : {});
  return show({ ...key, revokedAt: now }, now);
};

interface MadeKey {
  row: KeyRow;
  /** The key itself, which is in no table. */
  key: string;
}

/** Makes a key and its row. @throws ApiProblem `body-invalid` where the provider gives out no keys */
export function prepareKey(
  { options, newId, now }: Pick<Handling, "options" | "newId" | "now">,
  row: Pick<KeyRow, "accountId" | "name" | "scopes" | "provider" | "createdBy" | "expiresAt" | "replaces">,
): MadeKey {
  const key = makeApiKey(prefixOf(options.registry, row.provider), (length) =>
    randomText(options.random, length),
  );
  return {
    key,
    row: {
      ...row,
      id: newId("key"),
      hash: hashApiKey(key),
      hint: hintOf(key),
      createdAt: now,
      replacedBy: null,
      graceEndsAt: null,
      revokedAt: null,
      lastUsedAt: null,
      lastUsedAddress: null,
    },
  };
}

async function insert(
  handling: Handling,
  row: Omit<Parameters<typeof prepareKey>[1], "accountId">,
): Promise<MadeKey> {
  const made = prepareKey(handling, { ...row, accountId: handling.principal.account.id });
  await handling.tables.keys.insert(made.row);
  return made;
}

function prefixOf(registry: Handling["options"]["registry"], provider: string | null): string {
  if (provider === null) return ownPrefix;
  const prefix = registry.get(provider)?.apiKey?.prefix;
  if (prefix !== undefined) return prefix;
  const having = registry.all.filter(({ apiKey }) => apiKey !== undefined).map(({ id }) => id);
  throw new ApiProblem("body-invalid", "no form of API keys is known of this provider", {
    errors: [{ path: "provider", message: `must be one of ${having.join(", ")}` }],
    nextSteps: ["leave the provider out for a key of hookline's own form"],
  });
}

async function find({ tables, principal }: Handling, id: string): Promise<KeyRow> {
  const key = await tables.keys.get(principal.account.id, id);
  if (key === undefined) throw notFound();
  return key;
}

async function findLive(handling: Handling, id: string): Promise<KeyRow> {
  const key = await find(handling, id);
  if (isLive(key, handling.now)) return key;
  throw new ApiProblem("key-dead", `${id} is ${statusOf(key, handling.now)}: it works no more`, {
    nextSteps: ["make a new key: hookline keys create"],
  });
}

/** The key that is to take a key's place: its successor, or where that works no more the successor's, if any works. */
async function heirOf({ tables, now }: Handling, key: KeyRow): Promise<KeyRow | undefined> {
  let { replacedBy } = key;
  while (replacedBy !== null) {
    const heir = await tables.keys.get(key.accountId, replacedBy);
    if (heir === undefined || isLive(heir, now)) return heir;
    ({ replacedBy } = heir);
  }
  return undefined;
}

function rotationUnderWay(old: KeyRow, heir: KeyRow | undefined): ApiProblem {
  const ends = old.graceEndsAt === null ? "" : ` until ${timeText(old.graceEndsAt)}`;
  if (heir === undefined) {
    return new ApiProblem("rotation-under-way", `${old.id} was rotated before, and works only${ends}`, {
      nextSteps: ["make another key: hookline keys create"],
    });
  }
  return new ApiProblem(
    "rotation-under-way",
    `${old.id} is being replaced by ${heir.id} and works beside it${ends}`,
    {
      nextSteps: [
        `use ${heir.id}, or rotate that one`,
        ...(ends === "" ? [`undo the rotation: hookline keys revoke ${heir.id}`] : []),
      ],
    },
  );
}

/** @throws ApiProblem `scope-exceeded` */
function requireScopes({ principal }: Handling, scopes: readonly Scope[]): void {
  const beyond = scopes.filter((scope) => !principal.scopes.has(scope));
  if (beyond.length === 0) return;
  throw new ApiProblem("scope-exceeded", `the key that asks does not have ${beyond.join(", ")} itself`, {
    nextSteps: ["ask with a key that has these scopes, or leave them out"],
  });
}

/**
 * When a successor expires: its life is as long as the old one's was made to be, but it ends no later than the key that
 * makes it. That is so too where a key replaces itself, else a stolen one could prolong itself for good.
 * @throws ApiProblem `expiry-exceeded`
 */
function expiryOfSuccessor(
  { principal, now }: Handling,
  old: KeyRow,
  expiresIn: number | null | undefined,
): number | null {
  const bound = principal.key === undefined ? null : endOf(principal.key);
  if (expiresIn !== undefined) return expiryWanted(expiresIn, bound, now);
  const expiresAt = earlier(old.expiresAt === null ? null : now + (old.expiresAt - old.createdAt), bound);
  // Nobody is to be surprised by a successor that is gone before the key it replaces would have been.
  if (outlives(old.expiresAt ?? Infinity, expiresAt)) throw outlivesCreator(bound);
  return expiresAt;
}

/** @param expiresIn seconds, null for ever @throws ApiProblem `expiry-exceeded` */
function expiryWanted(expiresIn: number | null, bound: number | null, now: number): number | null {
  const wanted = expiresIn === null ? Infinity : now + expiresIn * 1000;
  if (outlives(wanted, bound)) throw outlivesCreator(bound);
  return expiresIn === null ? null : wanted;
}

/** When a key ends as things stand: what it makes must not live longer. */
function endOf({ expiresAt, graceEndsAt }: KeyRow): number | null {
  return earlier(expiresAt, graceEndsAt);
}

function outlives(time: number, bound: number | null): boolean {
  return bound !== null && time > bound;
}

function earlier(a: number | null, b: number | null): number | null {
  return a === null || b === null ? (a ?? b) : Math.min(a, b);
}

function outlivesCreator(bound: number | null): ApiProblem {
  return new ApiProblem(
    "expiry-exceeded",
    `the new key cannot live beyond ${timeText(bound ?? 0)}, when the one that makes it ends`,
    { nextSteps: ["use a key that lives longer to make it", "or ask for a shorter life with --expires"] },
  );
}

function showNew({ row, key }: MadeKey, now: number): NewKey {
  return { ...show(row, now), key };
}

function show(row: KeyRow, now: number): Key {
  return {
    id: row.id,
    name: row.name,
    hint: row.hint,
    provider: row.provider,
    scopes: [...row.scopes] as Scope[],
    status: statusOf(row, now),
    created_at: timeText(row.createdAt),
    created_by: row.createdBy,
    expires_at: maybeTime(row.expiresAt),
    replaces: row.replaces,
    replaced_by: row.replacedBy,
    grace_ends_at: maybeTime(row.graceEndsAt),
    revoked_at: maybeTime(row.revokedAt),
    last_used_at: maybeTime(row.lastUsedAt),
    last_used_address: row.lastUsedAddress,
  };
}
