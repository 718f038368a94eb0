import type { Scope } from "../remote/contract.ts";
import { scopes as allScopes } from "../remote/scopes.ts";
import type { Account, ActivityRow, KeyRow, Store, Tables } from "../store/contract.ts";
import { hashApiKey, isLive, looksLikeApiKey, statusOf } from "./api-keys.ts";
import type { ServerEvent } from "./server-events.ts";
import type { NewId } from "./ids.ts";
import { createFailureLimiter } from "./limiter.ts";
import { ApiProblem, type ProblemCode } from "./problems.ts";

/** How a request says who it is. */
export type Credential =
  /** Every key that came with it. */
  | { kind: "keys"; keys: readonly string[] }
  /** This machine itself, which may read the database anyhow. */
  | { kind: "embedded"; account: Account };

/** Who asks, and what they may do. */
export interface Principal {
  account: Account;
  /** Undefined for this machine itself. */
  key: KeyRow | undefined;
  scopes: ReadonlySet<string>;
  actor: Pick<ActivityRow, "actorKind" | "actorKeyId" | "actorName">;
}

export interface Authenticator {
  /** Writes down the uses of dead keys that were only counted; it happens by itself after a second. */
  flush(): Promise<void>;
  /**
   * @param isCheckedAgain `confirm` follows, so that a key may be taken for what it was when it last came
   * @throws ApiProblem 401 or, after too many failures from the address, 429
   */
  authenticate(credential: Credential, address: string | null, isCheckedAgain: boolean): Promise<Principal>;
  /** The one who asks as the tables of a transaction have it; undefined where the key has died. */
  confirm(principal: Principal, tables: Tables): Promise<Principal | undefined>;
  /** @throws ApiProblem `scope-missing` */
  authorise(principal: Principal, scope: Scope, route: string, address: string | null): Promise<void>;
}

interface AuthenticatorOptions {
  store: Store;
  newId: NewId;
  now: () => number;
  report: (event: ServerEvent) => void;
}

/** Milliseconds after which a key's use is written down anew. */
const usedEvery = 60_000;
const minute = 60_000;
/** Keys, and pairs of key and address, remembered at most. */
const mostRemembered = 1000;
/** Milliseconds that a dead key's uses beyond the limit are counted before they are written down. */
const flushAfterMs = 1000;

const endings = {
  expired: ["key-expired", "the API key has expired"],
  replaced: ["key-replaced", "the API key was rotated, and the time it had left is over"],
  revoked: ["key-revoked", "the API key was revoked"],
} as const satisfies Record<string, readonly [ProblemCode, string]>;

export function createAuthenticator({ store, newId, now, report }: AuthenticatorOptions): Authenticator {
  const limiter = createFailureLimiter(now);
  /** @returns seconds to wait where too many failed */
  const limit = (address: string | null): number | undefined =>
    address === null ? undefined : limiter.fail(address);

  const fail = (
    code: ProblemCode,
    detail: string,
    address: string | null,
    keyId: string | null,
    wait: number | undefined,
  ): ApiProblem => {
    report({ type: "auth-failed", code, address, limited: wait !== undefined, keyId });
    if (wait === undefined)
      return new ApiProblem(code, detail, {
        nextSteps: ["give a live key as x-api-key or Authorization: Bearer"],
      });
    return new ApiProblem("too-many-failures", `too many requests from ${address} failed to authenticate`, {
      retryAfter: wait,
      nextSteps: [`wait ${wait} s, or use a key that works: that is let through at any time`],
    });
  };

  /** Repeats within a minute become one entry. */
  const recordRefusal = (
    key: KeyRow,
    action: string,
    address: string | null,
    detail: ActivityRow["detail"],
    count = 1,
  ): Promise<void> => {
    const time = now();
    const repeats = [action, key.id, address ?? "", JSON.stringify(detail), Math.floor(time / minute)].join(
      "/",
    );
    return store.write(key.accountId, (tables) =>
      tables.activity.record(
        {
          id: newId("act"),
          accountId: key.accountId,
          at: time,
          lastAt: time,
          count,
          action,
          ...actorOf(key),
          address,
          subjectId: key.id,
          subjectName: key.name,
          detail,
        },
        repeats,
      ),
    );
  };

  /** Uses of dead keys that are not written down yet, by key and address. */
  const uncounted = new Map<string, { key: KeyRow; address: string | null; status: string; count: number }>();
  let timer: NodeJS.Timeout | undefined;
  const flush = async (): Promise<void> => {
    clearTimeout(timer);
    timer = undefined;
    for (const [who, left] of [...uncounted]) {
      uncounted.delete(who);
      try {
        await recordRefusal(left.key, "key.refused", left.address, { reason: left.status }, left.count);
      } catch (error) {
        // Counted on, to be written down with the next.
        uncounted.set(who, { ...left, count: left.count + (uncounted.get(who)?.count ?? 0) });
        report({ type: "failed", route: "activity", error });
      }
    }
  };

  /**
   * Every use of a dead key is in the activity log. Who goes on beyond the limit is only counted at first, so that a
   * dead key cannot keep the disk busy.
   */
  const recordDeadUse = async (
    key: KeyRow,
    address: string | null,
    status: string,
    limited: boolean,
  ): Promise<void> => {
    const who = `${key.id}/${address ?? ""}`;
    const count = (uncounted.get(who)?.count ?? 0) + 1;
    if (limited) {
      uncounted.set(who, { key, address, status, count });
      timer ??= setTimeout(() => void flush(), flushAfterMs).unref();
      return;
    }
    uncounted.delete(who);
    await recordRefusal(key, "key.refused", address, { reason: status }, count);
  };

  /** When each key was last written down as used from an address: two that take turns would write at every request. */
  const written = new Map<string, number>();
  const recordUse = async (key: KeyRow, address: string | null): Promise<void> => {
    const time = now();
    const who = `${key.id}/${address ?? ""}`;
    if (time - (written.get(who) ?? -Infinity) < usedEvery) return;
    const isElsewhere = (last: KeyRow): boolean =>
      last.lastUsedAt === null || last.lastUsedAddress !== address;
    const isKnown = (last: KeyRow): boolean =>
      !isElsewhere(last) && time - (last.lastUsedAt ?? 0) < usedEvery;
    if (isKnown(key)) return;
    written.delete(who);
    written.set(who, time);
    if (written.size > mostRemembered) written.delete([...written.keys()][0] ?? "");
    await store.write(key.accountId, async (tables) => {
      // Of requests at the same moment one is first.
      const last = (await tables.keys.get(key.accountId, key.id)) ?? key;
      // It may have died since it was looked at.
      if (isKnown(last) || !isLive(last, time)) return;
      await tables.keys.update(key.accountId, key.id, { lastUsedAt: time, lastUsedAddress: address });
      if (!isElsewhere(last)) return;
      await tables.activity.record(
        {
          id: newId("act"),
          accountId: key.accountId,
          at: time,
          lastAt: time,
          count: 1,
          action: "key.used",
          ...actorOf(key),
          address,
          subjectId: key.id,
          subjectName: key.name,
          detail: { first: last.lastUsedAt === null },
        },
        // A key that two places use in turn would fill the log.
        last.lastUsedAt === null
          ? undefined
          : `key.used/${key.id}/${address ?? ""}/${Math.floor(time / (60 * minute))}`,
      );
    });
  };

  /** Keys that were live when they last came, by their hashes. */
  const recent = new Map<string, { key: KeyRow; account: Account }>();
  const find = async (
    text: string,
    isCheckedAgain: boolean,
  ): Promise<{ key: KeyRow; account: Account } | undefined> => {
    if (!looksLikeApiKey(text)) return undefined;
    const hash = hashApiKey(text);
    const name = hash.toString("latin1");
    const known = recent.get(name);
    if (isCheckedAgain && known !== undefined) return known;
    recent.delete(name);
    const key = await store.keys.byHash(hash);
    const account = key === undefined ? undefined : await store.accounts.get(key.accountId);
    if (key === undefined || account === undefined) return undefined;
    recent.set(name, { key, account });
    if (recent.size > mostRemembered) recent.delete([...recent.keys()][0] ?? "");
    return { key, account };
  };
  const forget = (key: KeyRow): void => void recent.delete(Buffer.from(key.hash).toString("latin1"));

  return {
    async authenticate(credential, address, isCheckedAgain) {
      if (credential.kind === "embedded") {
        const { account } = credential;
        return {
          account,
          key: undefined,
          scopes: new Set(allScopes),
          actor: { actorKind: "embedded", actorKeyId: null, actorName: null },
        };
      }
      const given = [...new Set(credential.keys)];
      const [text] = given;
      if (text === undefined)
        throw fail("key-missing", "this needs an API key", address, null, limit(address));
      if (given.length > 1)
        throw fail(
          "key-ambiguous",
          "x-api-key and Authorization hold different API keys",
          address,
          null,
          limit(address),
        );
      const found = await find(text, isCheckedAgain);
      if (found === undefined)
        throw fail("key-invalid", "the API key is not one of this server's", address, null, limit(address));
      const { key, account } = found;
      const status = statusOf(key, now());
      if (status !== "active" && status !== "rotating") {
        forget(key);
        const wait = limit(address);
        await recordDeadUse(key, address, status, wait !== undefined);
        const [code, detail] = endings[status];
        throw fail(code, detail, address, key.id, wait);
      }
      await recordUse(key, address);
      return { account, key, scopes: new Set(key.scopes), actor: actorOf(key) };
    },

    flush,

    async confirm(principal, tables) {
      const { account, key } = principal;
      if (key === undefined) return principal;
      const current = await tables.keys.get(account.id, key.id);
      if (current !== undefined && isLive(current, now())) return { ...principal, key: current };
      forget(key);
      return undefined;
    },

    async authorise({ key, scopes }, scope, route, address) {
      if (scopes.has(scope)) return;
      if (key !== undefined && isLive(key, now()))
        await recordRefusal(key, "key.denied", address, { route, scope });
      throw new ApiProblem("scope-missing", `this needs a key with the scope ${scope}`, {
        nextSteps: [`use a key that has ${scope}: hookline keys list shows the scopes of each`],
      });
    },
  };
}

function actorOf(key: KeyRow): Principal["actor"] {
  return { actorKind: "key", actorKeyId: key.id, actorName: key.name };
}
