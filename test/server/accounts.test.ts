import { describe, expect, test } from "vitest";
import { ensureAccount, giveRootKey, hasRootKey, type RootKey } from "../../src/server/accounts.ts";
import { scopes } from "../../src/remote/scopes.ts";
import type { Store } from "../../src/store/contract.ts";
import { openPlane, type Plane } from "./plane.ts";

const status = async (plane: Plane, key: string): Promise<number> =>
  (await plane.call("keys.current", {}, key)).status;

describe("an account", () => {
  test("is made once, however many ask at the same moment", async () => {
    const plane = await openPlane();
    const all = await Promise.all(Array.from({ length: 6 }, () => ensureAccount(plane.options, "new")));
    expect(new Set(all.map(({ account }) => account.id)).size).toBe(1);
    expect(all.filter(({ made }) => made)).toHaveLength(1);
    expect(await ensureAccount(plane.options, "new")).toEqual({ account: all[0]?.account, made: false });
    expect((await plane.options.store.accounts.list()).map(({ name }) => name)).toEqual(["acme", "new"]);
  });

  test("shares nothing with another of nearly its name", async () => {
    const plane = await openPlane();
    const other = await plane.addAccount("Acme");
    expect(other.account.id).not.toBe(plane.account.id);
    const { id } = await plane.makeKey(["keys:read"]);
    const { data } = (await plane.done("keys.list", { query: {} }, other.root)) as {
      data: { name: string }[];
    };
    expect(data.map(({ name }) => name)).toEqual(["root"]);
    expect((await plane.call("keys.get", { params: { id } }, other.root)).status).toBe(404);
    const activity = JSON.stringify(await plane.done("activity.list", { query: { limit: 100 } }, other.root));
    expect(activity).not.toContain(id);
    expect(activity).not.toContain(plane.account.id);
  });
});

describe("a root key", () => {
  test("has every scope and no end, and comes from the server itself", async () => {
    const plane = await openPlane();
    const { key } = (await plane.done("keys.current", {}, plane.root)) as { key: object };
    expect(key).toMatchObject({ name: "root", scopes, expires_at: null, created_by: null, provider: null });
    const { data } = await plane.done("activity.list", { query: { action: "key.created" } });
    expect(data).toMatchObject([{ actor: { kind: "server", key_id: null, name: null }, address: null }]);
  });

  test("is given once, also when it is revoked since", async () => {
    const plane = await openPlane();
    expect(
      await giveRootKey(plane.options, plane.account, () => Promise.reject(new Error("asked again"))),
    ).toBe(undefined);
    await plane.makeKey(["keys:write"]);
    const { key } = (await plane.done("keys.current", {}, plane.root)) as { key: { id: string } };
    await plane.done("keys.revoke", { params: { id: key.id } });
    expect(
      await giveRootKey(plane.options, plane.account, () => Promise.reject(new Error("asked again"))),
    ).toBe(undefined);
    expect(await hasRootKey(plane.options.store, plane.account)).toBe(true);
  });

  test("is given once, however many ask at the same moment, and only the one handed over works", async () => {
    const plane = await openPlane();
    const { account } = await ensureAccount(plane.options, "new");
    const handed: RootKey[] = [];
    const given = await Promise.all(
      Array.from({ length: 6 }, () =>
        giveRootKey(plane.options, account, async (rootKey) => void handed.push(rootKey)),
      ),
    );
    expect(handed).toHaveLength(1);
    expect(given.filter((one) => one !== undefined)).toEqual(handed);
    expect(await status(plane, handed[0]?.key ?? "")).toBe(200);
    const { data } = await plane.done("keys.list", { query: {} }, handed[0]?.key);
    expect(data).toHaveLength(1);
  });

  test("is handed over before it is in force", async () => {
    const plane = await openPlane();
    const { account } = await ensureAccount(plane.options, "new");
    const steps: string[] = [];
    const { store } = plane.options;
    const watched: Store = {
      ...store,
      async write(accountId, work) {
        const result = await store.write(accountId, (tables) => {
          const insert: Store["keys"]["insert"] = async (key) => {
            steps.push(`row of ${key.id}`);
            await tables.keys.insert(key);
          };
          return work({ ...tables, keys: { ...tables.keys, insert } });
        });
        steps.push("kept");
        return result;
      },
    };
    const given = await giveRootKey({ ...plane.options, store: watched }, account, async ({ id }) => {
      await Promise.resolve();
      steps.push(`handed over ${id}`);
    });
    expect(steps).toEqual([`handed over ${given?.id}`, `row of ${given?.id}`, "kept"]);
  });

  test("that could not be handed over is none: another is made the next time", async () => {
    const plane = await openPlane();
    const { account } = await ensureAccount(plane.options, "new");
    let lost = "";
    const failing = giveRootKey(plane.options, account, (rootKey) => {
      lost = rootKey.key;
      return Promise.reject(new Error("the disk is full"));
    });
    await expect(failing).rejects.toThrow("the disk is full");
    expect(await hasRootKey(plane.options.store, account)).toBe(false);
    expect(await status(plane, lost)).toBe(401);
    expect((await plane.options.store.keys.list(account.id, { limit: 10 })).rows).toEqual([]);
    expect((await plane.options.store.activity.list(account.id, { limit: 10 })).rows).toEqual([]);
    const given = await giveRootKey(plane.options, account, () => Promise.resolve());
    expect(given?.key).not.toBe(lost);
    expect(await status(plane, given?.key ?? "")).toBe(200);
  });
});
