import fc from "fast-check";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import type { Page, Rows, Store, Tables } from "../../src/store/contract.ts";
import { describeDeliveries } from "./deliveries.ts";
import { describeHands } from "./hands.ts";
import { describeQueue } from "./queue.ts";
import { account, activity, answer, endpoint, key, time } from "./rows.ts";

/** A store that nobody else uses. */
export interface TestStore {
  store: Store;
  /** Opens what `store` keeps a second time, as another process would. */
  reopen(): Promise<Store>;
  /** Closes all that was opened. */
  cleanup(): Promise<void>;
}

const [mine, theirs] = ["acct_mine", "acct_theirs"];
/** Names that mean something to an object, a pattern or SQL. */
const oddNames = ["__proto__", "constructor", "toString", "%", "_", "'", '"', "\\", "NULL", "0", "1e3", " "];
const text = fc.string({ unit: "binary" }).filter((value) => !value.includes("\0"));
const soon = (): Promise<void> => new Promise((resolve) => setImmediate(resolve));
const rejection = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => undefined,
    (error: unknown) => error,
  );

/** What any database behind a store must do. */
export function describeStore(name: string, open: () => Promise<TestStore>): void {
  describe(name, () => {
    let opened: TestStore;
    let store: Store;
    beforeEach(async () => {
      opened = await open();
      ({ store } = opened);
      await store.accounts.insert(account(mine));
      await store.accounts.insert(account(theirs));
    });
    afterEach(() => opened.cleanup());

    const ids = (page: Rows<{ id: string }>): string[] => page.rows.map(({ id }) => id);

    /** That a list has its pages right: ids are inserted out of order, some for another account. */
    const expectPages = async (
      insert: (accountId: string, id: string) => Promise<void>,
      list: (accountId: string, page: Page) => Promise<Rows<{ id: string }>>,
    ): Promise<void> => {
      for (const id of ["c", "a", "e", "b", "d"]) await insert(mine, id);
      await insert(theirs, "bb");
      const page = async (page: Page): Promise<[string, boolean]> => {
        const found = await list(mine, page);
        return [ids(found).join(""), found.more];
      };
      expect(await page({ limit: 10 })).toEqual(["edcba", false]);
      expect(await page({ limit: 5 })).toEqual(["edcba", false]);
      expect(await page({ limit: 4 })).toEqual(["edcb", true]);
      expect(await page({ limit: 1 })).toEqual(["e", true]);
      expect(await page({ limit: 2, before: "d" })).toEqual(["cb", true]);
      expect(await page({ limit: 3, before: "d" })).toEqual(["cba", false]);
      expect(await page({ limit: 2, before: "cc" })).toEqual(["cb", true]);
      expect(await page({ limit: 2, before: "a" })).toEqual(["", false]);
      expect(await page({ limit: 2, before: "zz" })).toEqual(["ed", true]);
      expect(await list("acct_none", { limit: 5 })).toEqual({ rows: [], more: false });
      expect(ids(await list(theirs, { limit: 5 }))).toEqual(["bb"]);
    };

    describe("accounts", () => {
      test("are found by id and by name", async () => {
        const row = account("acct_1", { name: "Zoë 🦀", createdAt: 8.64e15 });
        expect(await store.accounts.insert(row)).toBe(true);
        expect(await store.accounts.get("acct_1")).toEqual(row);
        expect(await store.accounts.byName("Zoë 🦀")).toEqual(row);
        expect(await store.accounts.get("Zoë 🦀")).toBeUndefined();
        expect(await store.accounts.byName("zoë 🦀")).toBeUndefined();
        expect(await store.accounts.byName("acct_1")).toBeUndefined();
      });

      test("have names of their own: the first keeps it", async () => {
        const first = account("acct_1", { name: "same" });
        expect(await store.accounts.insert(first)).toBe(true);
        expect(await store.accounts.insert(account("acct_2", { name: "same" }))).toBe(false);
        expect(await store.accounts.byName("same")).toEqual(first);
        expect(await store.accounts.get("acct_2")).toBeUndefined();
      });

      test("of which one is refused in a transaction leave the rest of it whole", async () => {
        await store.write(mine, async (tables) => {
          expect(await tables.accounts.insert(account("acct_1", { name: `name of ${mine}` }))).toBe(false);
          await tables.keys.insert(key(mine, "key_1"));
        });
        expect(await store.keys.get(mine, "key_1")).toBeDefined();
      });

      test("made under one name at once are one", async () => {
        const other = await opened.reopen();
        const made = await Promise.all(
          [store, other, store, other].map((each, index) =>
            each.accounts.insert(account(`acct_${index}`, { name: "same" })),
          ),
        );
        expect(made.filter(Boolean)).toHaveLength(1);
      });

      test("are listed by name", async () => {
        await store.accounts.insert(account("acct_1", { name: "zz" }));
        await store.accounts.insert(account("acct_2", { name: "aa" }));
        expect((await store.accounts.list()).map(({ name }) => name)).toEqual([
          "aa",
          `name of ${mine}`,
          `name of ${theirs}`,
          "zz",
        ]);
      });

      test.each(oddNames)("may be called %s", async (name) => {
        expect(await store.accounts.byName(name)).toBeUndefined();
        await store.accounts.insert(account(name, { name }));
        expect(await store.accounts.byName(name)).toEqual(account(name, { name }));
        expect(await store.accounts.get(name)).toEqual(account(name, { name }));
      });
    });

    describe("keys", () => {
      const full = key(mine, "key_1", {
        provider: "fareplay",
        scopes: ["keys:read", "keys:write"],
        createdBy: "key_0",
        expiresAt: time + 1,
        replaces: "key_00",
        replacedBy: "key_2",
        graceEndsAt: time + 2,
        revokedAt: time + 3,
        lastUsedAt: time + 4,
        lastUsedAddress: "::1",
      });

      test.each([
        ["with all there is to know", full],
        ["with what must be known", key(mine, "key_1")],
        ["with no scopes", key(mine, "key_1", { scopes: [] })],
      ])("come back as they were, %s", async (_, row) => {
        await store.keys.insert(row);
        expect(await store.keys.get(mine, "key_1")).toEqual(row);
        expect(await store.keys.byHash(row.hash)).toEqual(row);
        expect(await store.keys.list(mine, { limit: 1 })).toEqual({ rows: [row], more: false });
        expect((await store.keys.get(mine, "key_1"))?.hash).toBeInstanceOf(Uint8Array);
      });

      test("come back whatever they are called, whatever their hash", async () => {
        let made = 0;
        await fc.assert(
          fc.asyncProperty(
            text,
            text,
            fc.uint8Array({ maxLength: 40 }),
            fc.array(text, { maxLength: 5 }),
            async (name, hint, random, scopes) => {
              const id = `key_${++made}`;
              const hash = Buffer.concat([random, Buffer.from(id)]);
              const row = key(mine, id, { name, hint, scopes, hash: new Uint8Array(hash) });
              await store.keys.insert(row);
              expect(await store.keys.get(mine, id)).toEqual(row);
              expect(await store.keys.byHash(row.hash)).toEqual(row);
            },
          ),
          { numRuns: 30 },
        );
      });

      test("are found by their whole hash, of any account", async () => {
        await store.keys.insert(key(mine, "key_1", { hash: new Uint8Array([1, 2, 3]) }));
        await store.keys.insert(key(theirs, "key_2", { hash: new Uint8Array([1, 2, 4]) }));
        expect(await store.keys.byHash(new Uint8Array([1, 2, 4]))).toMatchObject({ accountId: theirs });
        expect(await store.keys.byHash(Buffer.from([1, 2, 3]))).toMatchObject({ accountId: mine });
        expect(await store.keys.byHash(new Uint8Array([1, 2]))).toBeUndefined();
        expect(await store.keys.byHash(new Uint8Array())).toBeUndefined();
      });

      test("with a hash, or an id, that another has are refused", async () => {
        await store.keys.insert(key(mine, "key_1", { hash: new Uint8Array([1]) }));
        expect(
          await rejection(store.keys.insert(key(theirs, "key_2", { hash: new Uint8Array([1]) }))),
        ).toBeDefined();
        expect(await rejection(store.keys.insert(key(mine, "key_1", { name: "other" })))).toBeDefined();
        expect(await store.keys.get(theirs, "key_2")).toBeUndefined();
        expect(await store.keys.get(mine, "key_1")).toMatchObject({ name: "a key" });
      });

      test.each([
        { replacedBy: "key_2" },
        { graceEndsAt: 0 },
        { graceEndsAt: null },
        { revokedAt: time },
        { lastUsedAt: time, lastUsedAddress: "127.0.0.1" },
        {},
      ])("change in what is given alone: %j", async (changes) => {
        const before = key(mine, "key_1", { graceEndsAt: 7 });
        await store.keys.insert(before);
        await store.keys.insert(key(mine, "key_2"));
        await store.keys.insert(key(theirs, "key_3"));
        expect(await store.keys.update(mine, "key_1", changes)).toBe(true);
        expect(await store.keys.get(mine, "key_1")).toEqual({ ...before, ...changes });
        expect(await store.keys.get(mine, "key_2")).toEqual(key(mine, "key_2"));
        expect(await store.keys.update(mine, "none", changes)).toBe(false);
        expect(await store.keys.update(mine, "key_3", changes)).toBe(false);
        expect(await store.keys.get(theirs, "key_3")).toEqual(key(theirs, "key_3"));
        // Once more is no change, but there is such a key.
        expect(await store.keys.update(mine, "key_1", changes)).toBe(true);
      });

      test("are listed in pages", () =>
        expectPages(
          (accountId, id) => store.keys.insert(key(accountId, id)),
          (accountId, page) => store.keys.list(accountId, page),
        ));

      test("are listed in pages where they are filtered too", () =>
        expectPages(
          async (accountId, id) => {
            await store.keys.insert(key(accountId, id));
            await store.keys.insert(key(accountId, `${id}0`, { revokedAt: time }));
          },
          (accountId, page) => store.keys.list(accountId, page, { status: "live", now: time }),
        ));

      test.each([
        ["with no end", {}, "live"],
        ["about to expire", { expiresAt: time + 1 }, "live"],
        ["expiring now", { expiresAt: time }, "dead"],
        ["expired", { expiresAt: time - 1 }, "dead"],
        ["about to be replaced", { replacedBy: "x", graceEndsAt: time + 1 }, "live"],
        ["replaced now", { replacedBy: "x", graceEndsAt: time }, "dead"],
        ["replaced without an end", { replacedBy: "x" }, "live"],
        ["expired within its grace", { expiresAt: time, graceEndsAt: time + 1 }, "dead"],
        ["replaced before it expires", { expiresAt: time + 1, graceEndsAt: time }, "dead"],
        ["revoked", { revokedAt: time - 1 }, "dead"],
        ["revoked at a later moment by another clock", { revokedAt: time + 1 }, "dead"],
        ["revoked with all to come", { revokedAt: 0, expiresAt: time + 1, graceEndsAt: time + 1 }, "dead"],
      ])("%s are live or dead", async (_, changes, expected) => {
        await store.keys.insert(key(mine, "key_1", changes));
        await store.keys.insert(key(theirs, "key_2", changes));
        for (const status of ["live", "dead"] as const) {
          const found = await store.keys.list(mine, { limit: 5 }, { status, now: time });
          expect(ids(found)).toEqual(status === expected ? ["key_1"] : []);
        }
      });

      test("that last are those with the scope that live and have no successor", async () => {
        const write = { scopes: ["endpoints:read", "keys:write"] };
        const rows = [
          key(mine, "lasts", write),
          key(mine, "expires", { ...write, expiresAt: time + 1 }),
          key(mine, "expired", { ...write, expiresAt: time }),
          key(mine, "rotating", { ...write, replacedBy: "lasts" }),
          key(mine, "rotated", { ...write, replacedBy: "lasts", graceEndsAt: time + 1 }),
          key(mine, "revoked", { ...write, revokedAt: time - 1 }),
          key(mine, "reads", { scopes: ["keys:read"] }),
          key(mine, "none", { scopes: [] }),
          key(mine, "similar", { scopes: ["keys:write2", "xkeys:write", "keys_write", "KEYS:WRITE"] }),
          key(theirs, "theirs", write),
        ];
        for (const row of rows) await store.keys.insert(row);
        expect(await store.keys.countLasting(mine, "keys:write", time, "")).toBe(2);
        expect(await store.keys.countLasting(mine, "keys:write", time + 1, "")).toBe(1);
        expect(await store.keys.countLasting(mine, "keys:write", time, "lasts")).toBe(1);
        expect(await store.keys.countLasting(mine, "keys:write", time, "reads")).toBe(2);
        expect(await store.keys.countLasting(theirs, "keys:write", time, "theirs")).toBe(0);
        expect(await store.keys.countLasting(mine, "keys:%", time, "")).toBe(0);
        expect(await store.keys.countLasting("acct_none", "keys:write", time, "")).toBe(0);
      });
    });

    describe("endpoints", () => {
      const full = endpoint(mine, "end_1", {
        events: ["order.*", "refund.created"],
        description: "Zoë's 🦀",
        disabledAt: time + 1,
        disabledReason: "requested",
        deletedAt: time + 2,
        secretHint: "whsec_…abcd",
        secret: new Uint8Array([0, 1, 255]),
        previousSecret: new Uint8Array(),
        previousUntil: time + 3,
      });

      test.each([
        ["with all there is to know", full],
        ["with what must be known", endpoint(mine, "end_1")],
      ])("come back as they were, %s", async (_, row) => {
        await store.endpoints.insert(row);
        expect(await store.endpoints.get(mine, "end_1")).toEqual(row);
      });

      test("come back whatever they hold", async () => {
        let made = 0;
        await fc.assert(
          fc.asyncProperty(
            text,
            fc.array(text, { maxLength: 5 }),
            fc.option(fc.uint8Array()),
            async (url, events, secret) => {
              const row = endpoint(mine, `end_${++made}`, { url, events, secret, description: url });
              await store.endpoints.insert(row);
              expect(await store.endpoints.get(mine, row.id)).toEqual(row);
              expect((await store.endpoints.list(mine, { limit: 1, before: `${row.id}!` })).rows[0]).toEqual(
                row,
              );
            },
          ),
          { numRuns: 30 },
        );
      });

      test("with an id that another of the account has are refused", async () => {
        await store.endpoints.insert(endpoint(mine, "end_1"));
        expect(await rejection(store.endpoints.insert(endpoint(mine, "end_1", { url: "x" })))).toBeDefined();
        expect(await store.endpoints.get(mine, "end_1")).toEqual(endpoint(mine, "end_1"));
      });

      test("lose the previous secrets that are in use no longer, and no others", async () => {
        const held = (id: string, account: string, previousUntil: number | null) =>
          endpoint(account, id, { previousSecret: new Uint8Array([1]), previousUntil });
        const rows = [
          held("end_1", mine, time),
          held("end_2", mine, time + 1),
          held("end_3", mine, null),
          held("end_4", theirs, time),
        ];
        for (const row of rows) await store.endpoints.insert(row);
        await store.endpoints.dropPreviousSecrets(mine, time);
        const [over, ...others] = rows;
        const dropped = { ...over, previousSecret: null, previousUntil: null };
        expect(await store.endpoints.get(mine, "end_1")).toEqual(dropped);
        for (const row of others) expect(await store.endpoints.get(row.accountId, row.id)).toEqual(row);
      });

      test.each([
        { url: "http://localhost:1" },
        { events: ["a", "b"] },
        { description: null },
        { disabledAt: 1, disabledReason: "gone" },
        { deletedAt: 1 },
        { secretHint: "x", secret: new Uint8Array([9]), previousSecret: null, previousUntil: null },
        {},
      ])("change in what is given alone: %j", async (changes) => {
        const before = { ...full, deletedAt: null };
        await store.endpoints.insert(before);
        await store.endpoints.insert(endpoint(mine, "end_2"));
        await store.endpoints.insert(endpoint(theirs, "end_3"));
        expect(await store.endpoints.update(mine, "end_1", changes)).toBe(true);
        expect(await store.endpoints.get(mine, "end_1")).toEqual({ ...before, ...changes });
        expect(await store.endpoints.get(mine, "end_2")).toEqual(endpoint(mine, "end_2"));
        expect(await store.endpoints.update(mine, "none", changes)).toBe(false);
        expect(await store.endpoints.update(mine, "end_3", changes)).toBe(false);
        expect(await store.endpoints.get(theirs, "end_3")).toEqual(endpoint(theirs, "end_3"));
        expect(await store.endpoints.update(mine, "end_1", changes)).toBe(true);
      });

      test("that are deleted can be got and are not listed", async () => {
        const deleted = endpoint(mine, "end_1", { deletedAt: time });
        await store.endpoints.insert(deleted);
        await store.endpoints.insert(endpoint(mine, "end_2"));
        expect(await store.endpoints.get(mine, "end_1")).toEqual(deleted);
        expect(ids(await store.endpoints.list(mine, { limit: 5 }))).toEqual(["end_2"]);
        for (const status of ["enabled", "disabled"] as const) {
          const found = await store.endpoints.list(mine, { limit: 5 }, { status, provider: "stripe" });
          expect(ids(found)).toEqual(status === "enabled" ? ["end_2"] : []);
        }
      });

      test("are listed in pages", () =>
        expectPages(
          (accountId, id) => store.endpoints.insert(endpoint(accountId, id)),
          (accountId, page) => store.endpoints.list(accountId, page),
        ));

      test("are listed in pages where they are filtered too", () =>
        expectPages(
          async (accountId, id) => {
            await store.endpoints.insert(endpoint(accountId, id));
            await store.endpoints.insert(endpoint(accountId, `${id}0`, { provider: "github" }));
            await store.endpoints.insert(endpoint(accountId, `${id}1`, { disabledAt: time }));
            await store.endpoints.insert(endpoint(accountId, `${id}2`, { deletedAt: time }));
          },
          (accountId, page) =>
            store.endpoints.list(accountId, page, { provider: "stripe", status: "enabled" }),
        ));

      test("are filtered by provider and by status", async () => {
        await store.endpoints.insert(endpoint(mine, "a", { provider: "stripe" }));
        await store.endpoints.insert(endpoint(mine, "b", { provider: "stripe", disabledAt: 0 }));
        await store.endpoints.insert(endpoint(mine, "c", { provider: "__proto__", disabledAt: time }));
        const list = async (filter?: Parameters<Store["endpoints"]["list"]>[2]): Promise<string> =>
          ids(await store.endpoints.list(mine, { limit: 9 }, filter)).join("");
        expect(await list()).toBe("cba");
        expect(await list({})).toBe("cba");
        expect(await list({ provider: undefined, status: undefined })).toBe("cba");
        expect(await list({ provider: "stripe" })).toBe("ba");
        expect(await list({ provider: "__proto__" })).toBe("c");
        expect(await list({ provider: "Stripe" })).toBe("");
        expect(await list({ status: "enabled" })).toBe("a");
        expect(await list({ status: "disabled" })).toBe("cb");
        expect(await list({ status: "disabled", provider: "stripe" })).toBe("b");
      });
    });

    describeDeliveries(() => store, [mine, theirs]);
    describeQueue(() => store, [mine, theirs]);
    describeHands(() => store, mine);

    describe("activity", () => {
      test("comes back as it was", async () => {
        const full = activity(mine, "act_2", {
          lastAt: time + 5,
          count: 3,
          actorKind: "key",
          actorKeyId: "key_1",
          actorName: "Zoë 🦀",
          address: "::ffff:127.0.0.1",
          subjectId: "key_2",
          subjectName: "'; drop table activity; --",
          detail: { text: "a\0b\ud800", number: -0.5, big: 2 ** 53, yes: true, no: false, nothing: null },
        });
        await store.activity.record(activity(mine, "act_1"));
        await store.activity.record(full);
        expect(await store.activity.list(mine, { limit: 5 })).toEqual({
          rows: [full, activity(mine, "act_1")],
          more: false,
        });
      });

      test("has any detail, also under the names of an object's own", async () => {
        let made = 0;
        const value = fc.oneof(
          fc.string({ unit: "binary" }),
          fc.double({ noNaN: true, noDefaultInfinity: true }).map((number) => number + 0),
          fc.boolean(),
          fc.constant(null),
        );
        const names = fc.oneof(fc.string({ unit: "binary" }), fc.constantFrom(...oddNames));
        await fc.assert(
          fc.asyncProperty(fc.dictionary(names, value, { noNullPrototype: true }), async (detail) => {
            const id = `act_${String(++made).padStart(4, "0")}`;
            await store.activity.record(activity(mine, id, { detail }));
            const [row] = (await store.activity.list(mine, { limit: 1 })).rows;
            expect(row?.id).toBe(id);
            expect(Object.entries(row?.detail ?? {}).sort()).toEqual(Object.entries(detail).sort());
          }),
          { numRuns: 30 },
        );
      });

      test("with the same text becomes one row: the first", async () => {
        const first = activity(mine, "act_1", { subjectId: "first", detail: { of: "first" } });
        await store.activity.record(first, "same");
        await store.activity.record(
          activity(mine, "act_2", { at: time + 9, lastAt: time + 9, subjectId: "second", detail: {} }),
          "same",
        );
        await store.activity.record(
          activity(mine, "act_3", { at: time + 5, lastAt: time + 5, count: 2 }),
          "same",
        );
        expect(await store.activity.list(mine, { limit: 5 })).toEqual({
          rows: [{ ...first, count: 4, lastAt: time + 9 }],
          more: false,
        });
      });

      test("becomes one row in each account, and for each text", async () => {
        for (const accountId of [mine, theirs]) {
          for (const [index, repeats] of ["same", "same", "Same", "__proto__", ""].entries())
            await store.activity.record(activity(accountId, `act_${index}`), repeats);
        }
        for (const accountId of [mine, theirs]) {
          const { rows } = await store.activity.list(accountId, { limit: 9 });
          expect(rows.map(({ id, count }) => `${id} ${count}`)).toEqual([
            "act_4 1",
            "act_3 1",
            "act_2 1",
            "act_0 2",
          ]);
        }
      });

      test("without a text never becomes one", async () => {
        await store.activity.record(activity(mine, "act_1"));
        await store.activity.record(activity(mine, "act_2"));
        await store.activity.record(activity(mine, "act_3"), undefined);
        expect(ids(await store.activity.list(mine, { limit: 9 }))).toHaveLength(3);
      });

      test("that comes at once is counted in full", async () => {
        const other = await opened.reopen();
        await Promise.all(
          Array.from({ length: 20 }, (_, index) =>
            (index % 2 ? store : other).activity.record(activity(mine, `act_${index}`), "same"),
          ),
        );
        const { rows } = await store.activity.list(mine, { limit: 9 });
        expect(rows.map(({ count }) => count)).toEqual([20]);
      });

      test("is listed in pages", () =>
        expectPages(
          (accountId, id) => store.activity.record(activity(accountId, id)),
          (accountId, page) => store.activity.list(accountId, page),
        ));

      test("is listed in pages where it is filtered too", () =>
        expectPages(
          async (accountId, id) => {
            await store.activity.record(activity(accountId, id, { action: "it", actorKeyId: "k" }));
            await store.activity.record(activity(accountId, `${id}0`, { action: "it" }));
            await store.activity.record(activity(accountId, `${id}1`, { actorKeyId: "k" }));
          },
          (accountId, page) =>
            store.activity.list(accountId, page, { action: "it", keyId: "k", since: time }),
        ));

      test("is filtered by action, key and time", async () => {
        const rows = [
          activity(mine, "a", { action: "x", at: time, lastAt: time + 100 }),
          activity(mine, "b", { action: "x", at: time + 1, actorKeyId: "k" }),
          activity(mine, "c", { action: "y", at: time + 2, subjectId: "k" }),
          activity(mine, "d", { action: "y", at: time + 3, actorKeyId: "k", subjectId: "k" }),
          activity(mine, "e", { action: "z", at: time + 4, actorName: "k", subjectName: "k" }),
          activity(theirs, "f", { action: "x", at: time + 1, actorKeyId: "k", subjectId: "k" }),
        ];
        for (const row of rows) await store.activity.record(row);
        const list = async (filter?: Parameters<Store["activity"]["list"]>[2]): Promise<string> =>
          ids(await store.activity.list(mine, { limit: 9 }, filter)).join("");
        expect(await list()).toBe("edcba");
        expect(await list({ action: undefined, keyId: undefined, since: undefined, until: undefined })).toBe(
          "edcba",
        );
        expect(await list({ action: "x" })).toBe("ba");
        expect(await list({ action: "%" })).toBe("");
        expect(await list({ keyId: "k" })).toBe("dcb");
        expect(await list({ keyId: "K" })).toBe("");
        expect(await list({ since: time + 1 })).toBe("edcb");
        expect(await list({ until: time + 3 })).toBe("cba");
        expect(await list({ since: time + 1, until: time + 2 })).toBe("b");
        expect(await list({ since: time + 2, until: time + 2 })).toBe("");
        expect(await list({ since: 0 })).toBe("edcba");
        expect(await list({ until: 0 })).toBe("");
        expect(await list({ action: "y", keyId: "k", since: time + 2, until: time + 3 })).toBe("c");
      });
    });

    describe("answers", () => {
      test("come back as they were", async () => {
        await store.answers.insert(answer(mine));
        expect(await store.answers.get(mine, "key_1", "once")).toEqual(answer(mine));
      });

      test("come back whatever they hold", async () => {
        let made = 0;
        await fc.assert(
          fc.asyncProperty(fc.uint8Array(), fc.uint8Array(), text, async (request, body, caller) => {
            const row = answer(mine, { request, body, caller, idempotencyKey: `once ${++made}` });
            await store.answers.insert(row);
            expect(await store.answers.get(mine, caller, row.idempotencyKey)).toEqual(row);
          }),
          { numRuns: 30 },
        );
      });

      test("are one per account, caller and idempotency key", async () => {
        const rows = [
          answer(mine),
          answer(theirs),
          answer(mine, { caller: "" }),
          answer(mine, { caller: "key_2" }),
          answer(mine, { idempotencyKey: "Once" }),
          answer(mine, { idempotencyKey: "__proto__" }),
        ];
        for (const [status, row] of rows.entries()) await store.answers.insert({ ...row, status });
        for (const [status, row] of rows.entries()) {
          expect(await store.answers.get(row.accountId, row.caller, row.idempotencyKey)).toEqual({
            ...row,
            status,
          });
          expect(await rejection(store.answers.insert({ ...row, status: 99 }))).toBeDefined();
        }
        expect(await store.answers.get(mine, "key_1", "never")).toBeUndefined();
        expect(await store.answers.get(theirs, "", "once")).toBeUndefined();
      });

      test("from before a time are deleted, of one account", async () => {
        for (const accountId of [mine, theirs]) {
          for (const at of [time - 1, time, time + 1])
            await store.answers.insert(answer(accountId, { idempotencyKey: `${at - time}`, createdAt: at }));
        }
        await store.answers.deleteBefore(mine, time);
        const left = async (accountId: string): Promise<string[]> => {
          const found = await Promise.all(
            ["-1", "0", "1"].map((idempotencyKey) => store.answers.get(accountId, "key_1", idempotencyKey)),
          );
          return found.flatMap((row) => row?.idempotencyKey ?? []);
        };
        expect(await left(mine)).toEqual(["0", "1"]);
        expect(await left(theirs)).toEqual(["-1", "0", "1"]);
        // The key can be used anew.
        await store.answers.insert(answer(mine, { idempotencyKey: "-1" }));
      });
    });

    describe("settings", () => {
      const value = (number: number): Uint8Array => new Uint8Array([number]);

      test("are set once", async () => {
        expect(await store.settings.get("a")).toBeUndefined();
        expect(await store.settings.setOnce("a", value(1))).toEqual(value(1));
        expect(await store.settings.setOnce("a", value(2))).toEqual(value(1));
        expect(await store.settings.get("a")).toEqual(value(1));
        expect(await store.settings.get("A")).toBeUndefined();
      });

      test.each(oddNames)("may be called %s, and empty", async (name) => {
        expect(await store.settings.get(name)).toBeUndefined();
        expect(await store.settings.setOnce(name, new Uint8Array())).toEqual(new Uint8Array());
        expect(await store.settings.setOnce(name, value(1))).toEqual(new Uint8Array());
      });

      test("that several set at once are what one of them set, for all", async () => {
        const stores = [store, await opened.reopen(), store, await opened.reopen()];
        const set = await Promise.all(stores.map((each, index) => each.settings.setOnce("a", value(index))));
        expect(new Set(set.map(String)).size).toBe(1);
        for (const each of stores) expect(await each.settings.get("a")).toEqual(set[0]);
      });
    });

    describe("every row belongs to an account", () => {
      test.each<[string, (store: Store) => Promise<void>]>([
        ["key", ({ keys }) => keys.insert(key("acct_none", "x"))],
        ["endpoint", ({ endpoints }) => endpoints.insert(endpoint("acct_none", "x"))],
        ["activity", ({ activity: log }) => log.record(activity("acct_none", "x"), "same")],
        ["answer", ({ answers }) => answers.insert(answer("acct_none"))],
      ])("a %s of none is refused", async (_, insert) => {
        expect(await rejection(insert(store))).toBeDefined();
      });

      test("and nobody finds another's", async () => {
        await store.keys.insert(key(theirs, "x", { scopes: ["s"] }));
        await store.endpoints.insert(endpoint(theirs, "x"));
        await store.activity.record(activity(theirs, "x", { action: "it", actorKeyId: "k" }));
        await store.answers.insert(answer(theirs));
        const page = { limit: 5, before: "z" };
        const nothing = { rows: [], more: false };
        expect(await store.keys.get(mine, "x")).toBeUndefined();
        expect(await store.keys.update(mine, "x", { revokedAt: 1 })).toBe(false);
        expect(await store.keys.list(mine, page)).toEqual(nothing);
        expect(await store.keys.list(mine, page, { status: "live", now: time })).toEqual(nothing);
        expect(await store.keys.countLasting(mine, "s", time, "")).toBe(0);
        expect(await store.endpoints.get(mine, "x")).toBeUndefined();
        expect(await store.endpoints.update(mine, "x", { deletedAt: 1 })).toBe(false);
        expect(await store.endpoints.list(mine, page)).toEqual(nothing);
        expect(await store.endpoints.list(mine, page, { provider: "stripe" })).toEqual(nothing);
        expect(await store.activity.list(mine, page)).toEqual(nothing);
        expect(await store.activity.list(mine, page, { action: "it", keyId: "k" })).toEqual(nothing);
        expect(await store.activity.list(mine, page, { keyId: "k" })).toEqual(nothing);
        expect(await store.answers.get(mine, "key_1", "once")).toBeUndefined();
        await store.answers.deleteBefore(mine, time + 1);
        expect(await store.keys.get(theirs, "x")).toMatchObject({ revokedAt: null });
        expect(await store.endpoints.get(theirs, "x")).toMatchObject({ deletedAt: null });
        expect(await store.answers.get(theirs, "key_1", "once")).toBeDefined();
      });

      test("whose ids are another's as well", async () => {
        for (const [accountId, name] of [
          [mine, "my"],
          [theirs, "their"],
        ] as const) {
          await store.keys.insert(key(accountId, "x", { name }));
          await store.endpoints.insert(endpoint(accountId, "x", { url: name }));
          await store.activity.record(activity(accountId, "x", { action: name }));
        }
        await store.keys.update(mine, "x", { lastUsedAt: 1 });
        await store.endpoints.update(mine, "x", { url: "changed" });
        expect(await store.keys.get(mine, "x")).toMatchObject({ name: "my", lastUsedAt: 1 });
        expect(await store.keys.get(theirs, "x")).toMatchObject({ name: "their", lastUsedAt: null });
        expect(await store.endpoints.get(theirs, "x")).toMatchObject({ url: "their" });
        expect((await store.activity.list(theirs, { limit: 2 })).rows.map(({ action }) => action)).toEqual([
          "their",
        ]);
      });
    });

    describe("a write", () => {
      /** One row in every table. */
      const writeAll = async (tables: Tables): Promise<void> => {
        await tables.accounts.insert(account("acct_new"));
        await tables.keys.insert(key("acct_new", "x"));
        await tables.endpoints.insert(endpoint("acct_new", "x"));
        await tables.activity.record(activity("acct_new", "x"));
        await tables.answers.insert(answer("acct_new"));
        await tables.settings.setOnce("x", new Uint8Array([1]));
        await tables.keys.update(mine, "key_old", { revokedAt: 1 });
        await tables.answers.deleteBefore(mine, time + 1);
      };
      /** How many of them are there. */
      const found = async (tables: Tables): Promise<number> => {
        const all = await Promise.all([
          tables.accounts.get("acct_new"),
          tables.keys.get("acct_new", "x"),
          tables.endpoints.get("acct_new", "x"),
          tables.activity.list("acct_new", { limit: 1 }).then(({ rows }) => rows[0]),
          tables.answers.get("acct_new", "key_1", "once"),
          tables.settings.get("x"),
          tables.keys.get(mine, "key_old").then((row) => row?.revokedAt ?? undefined),
          tables.answers.get(mine, "key_1", "once").then((row) => (row === undefined ? true : undefined)),
        ]);
        return all.filter((row) => row !== undefined).length;
      };
      beforeEach(async () => {
        await store.keys.insert(key(mine, "key_old"));
        await store.answers.insert(answer(mine));
      });

      test("is kept as a whole, seen by itself at once and by another process once it is done", async () => {
        const other = await opened.reopen();
        const result = await store.write(mine, async (tables) => {
          await writeAll(tables);
          expect(await found(tables)).toBe(8);
          expect(await found(other)).toBe(0);
          return "result";
        });
        expect(result).toBe("result");
        expect(await found(store)).toBe(8);
        expect(await found(other)).toBe(8);
        await store.close();
        expect(await found(await opened.reopen())).toBe(8);
      });

      test.each<[string, (tables: Tables) => Promise<unknown>]>([
        ["work that rejects", () => Promise.reject(new Error("no"))],
        [
          "work that throws",
          () => {
            throw new Error("no");
          },
        ],
        ["a row that is refused", (tables) => tables.keys.insert(key("acct_none", "x"))],
      ])("keeps nothing of %s, and tells why", async (_, fail) => {
        const error = await rejection(
          store.write(mine, async (tables) => {
            await writeAll(tables);
            await soon();
            await fail(tables);
          }),
        );
        expect(error).toBeInstanceOf(Error);
        expect(await found(store)).toBe(0);
        expect(await found(await opened.reopen())).toBe(0);
        // The next is none the worse.
        await store.write(mine, writeAll);
        expect(await found(store)).toBe(8);
      });

      test("is not seen by others of its process before it is done, nor where it fails", async () => {
        let begun = (): void => undefined;
        const started = new Promise<void>((resolve) => (begun = resolve));
        let finish = (): void => undefined;
        const gate = new Promise<void>((resolve) => (finish = resolve));
        const writing = rejection(
          store.write(mine, async (tables) => {
            await writeAll(tables);
            begun();
            await gate;
            throw new Error("no");
          }),
        );
        await started;
        const during = found(store);
        await soon();
        finish();
        expect(await during).toBe(0);
        expect(await writing).toBeInstanceOf(Error);
        expect(await found(store)).toBe(0);
      });

      test("reads what still holds when it ends, whoever else writes", async () => {
        const stores = [store, await opened.reopen(), await opened.reopen()];
        await store.endpoints.insert(endpoint(mine, "counter", { description: "0" }));
        const count = (each: Store): Promise<void> =>
          each.write(mine, async ({ endpoints }) => {
            const before = await endpoints.get(mine, "counter");
            await soon();
            await endpoints.update(mine, "counter", { description: String(Number(before?.description) + 1) });
          });
        await Promise.all(Array.from({ length: 8 }, () => stores.map(count)).flat());
        for (const each of stores)
          expect(await each.endpoints.get(mine, "counter")).toMatchObject({ description: "24" });
      });

      test("runs the statements it is given at once", async () => {
        await store.write(mine, async ({ keys }) => {
          await Promise.all(["a", "b", "c"].map((id) => keys.insert(key(mine, id))));
        });
        expect(ids(await store.keys.list(mine, { limit: 3 }))).toEqual(["key_old", "c", "b"]);
      });

      test("gives tables that are of no use afterwards", async () => {
        const tables = await store.write(mine, async (tables) => tables);
        const late = tables.keys.insert(key(mine, "late"));
        expect(await rejection(late)).toBeInstanceOf(Error);
        expect(await store.keys.get(mine, "late")).toBeUndefined();
      });

      test("that runs when the store is closed is finished first", async () => {
        let begun = (): void => undefined;
        const started = new Promise<void>((resolve) => (begun = resolve));
        const writing = store.write(mine, async (tables) => {
          begun();
          await soon();
          await writeAll(tables);
        });
        await started;
        const closing = store.close();
        await Promise.all([writing, closing]);
        expect(await found(await opened.reopen())).toBe(8);
      });
    });

    test("what is written outside of a transaction is kept as well", async () => {
      await store.keys.insert(key(mine, "x"));
      const other = await opened.reopen();
      expect(await other.keys.get(mine, "x")).toEqual(key(mine, "x"));
      await store.close();
      expect(await (await opened.reopen()).keys.get(mine, "x")).toEqual(key(mine, "x"));
    });

    test("a store that is closed is of no use", async () => {
      await store.close();
      expect(await rejection(store.accounts.list())).toBeInstanceOf(Error);
      expect(await rejection(store.write(mine, () => Promise.resolve()))).toBeInstanceOf(Error);
    });
  });
}
