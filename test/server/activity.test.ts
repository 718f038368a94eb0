import { describe, expect, test } from "vitest";
import { createApp } from "../../src/server/app.ts";
import type { RouteName } from "../../src/remote/contract.ts";
import type { Store } from "../../src/store/contract.ts";
import { openPlane, type Plane } from "./plane.ts";

type Entry = Record<string, unknown> & { id: string; action: string };

async function list(
  plane: Plane,
  query: object = {},
): Promise<{ data: Entry[]; next_cursor: string | null }> {
  return (await plane.done("activity.list", { query: { limit: 100, ...query } })) as never;
}

const endpoint = { url: "https://example.com/hooks", provider: "fareplay", events: ["order.*", "*"] };

/** What an action is done to, and what its entry says. */
interface Made {
  id: string;
  input: object;
  name?: string;
}
const aKey = async (plane: Plane): Promise<Made> => {
  const { id } = await plane.makeKey(["keys:read"], { name: "subject" });
  return { id, input: { params: { id } }, name: "subject" };
};
const aRotatedKey = async (plane: Plane): Promise<Made> => {
  const made = await aKey(plane);
  await plane.done("keys.rotate", { ...made.input, body: { grace_seconds: null } });
  return made;
};
const anEndpoint = async (plane: Plane): Promise<Made> => {
  const { id } = (await plane.done("endpoints.create", { body: endpoint })) as { id: string };
  return { id, input: { params: { id } }, name: endpoint.url };
};
const nothing = (): Promise<Made> => Promise.resolve({ id: "", input: {} });

const actions: [string, RouteName, (plane: Plane) => Promise<Made>, object | undefined, object][] = [
  [
    "key.created",
    "keys.create",
    nothing,
    { name: "subject", scopes: ["keys:read", "events:read"], expires_in: 60 },
    { scopes: "keys:read events:read", expires_at: "2026-03-17T14:33:00.000Z" },
  ],
  [
    "key.rotated",
    "keys.rotate",
    aKey,
    { grace_seconds: 60 },
    { successor: expect.stringMatching(/^key_/) as string, grace_ends_at: "2026-03-17T14:33:00.000Z" },
  ],
  [
    "key.retired",
    "keys.retire",
    aRotatedKey,
    { grace_seconds: 60 },
    { grace_ends_at: "2026-03-17T14:33:00.000Z" },
  ],
  ["key.revoked", "keys.revoke", aKey, undefined, {}],
  ["endpoint.created", "endpoints.create", nothing, endpoint, { provider: "fareplay", events: "order.* *" }],
  [
    "endpoint.updated",
    "endpoints.update",
    anEndpoint,
    { events: ["*"], description: "x" },
    { fields: "events description" },
  ],
  ["endpoint.disabled", "endpoints.update", anEndpoint, { status: "disabled" }, {}],
  ["endpoint.deleted", "endpoints.delete", anEndpoint, undefined, {}],
  [
    "endpoint.secret_rotated",
    "endpoints.rotateSecret",
    anEndpoint,
    { grace_seconds: 60 },
    { previous_until: "2026-03-17T14:33:00.000Z" },
  ],
];

describe.each(actions)("%s", (action, route, prepare, body, detail) => {
  test.each(["key", "embedded"])(
    "by %s is recorded: who did it to what, from where, with its detail",
    async (kind) => {
      const plane = await openPlane();
      const { id, input, name } = await prepare(plane);
      const { key: root } = (await plane.done("keys.current", {}, plane.root)) as { key: { id: string } };
      const asker =
        kind === "key"
          ? { key: plane.root, actor: { kind, key_id: root.id, name: "root" }, address: "2001:db8::1" }
          : { key: undefined, actor: { kind, key_id: null, name: null }, address: null };
      const { actor, address } = asker;
      const answer = await plane.call(route, { ...input, ...(body && { body }) }, asker.key, { address });
      const subject = id === "" ? (answer.body as { id: string }).id : id;
      const entries = (await list(plane, { action })).data;
      expect(entries.filter((entry) => (entry["subject"] as { id: string }).id === subject)).toEqual([
        {
          id: expect.stringMatching(/^act_/) as string,
          at: new Date(plane.time()).toISOString(),
          last_at: new Date(plane.time()).toISOString(),
          count: 1,
          action,
          actor,
          address,
          subject: { id: subject, name: name ?? (route === "keys.create" ? "subject" : endpoint.url) },
          detail,
        },
      ]);
    },
  );

  test("leaves neither itself nor an entry where the other cannot be kept", async () => {
    const plane = await openPlane();
    const { input } = await prepare(plane);
    const before = await everything(plane);
    const { store } = plane.options;
    const failing: Store = {
      ...store,
      write: (accountId, work) =>
        store.write(accountId, (tables) =>
          work({
            ...tables,
            activity: { ...tables.activity, record: () => Promise.reject(new Error("no log")) },
          }),
        ),
    };
    const app = createApp({ ...plane.options, store: failing });
    const credential = { kind: "embedded" as const, account: plane.account };
    const asked = { ...input, ...(body && { body }), credential, address: null, idempotencyKey: "a" };
    expect((await app.invoke(route, asked)).status).toBe(500);
    expect(await everything(plane)).toEqual(before);
    expect(await store.answers.get(plane.account.id, "", "a")).toBe(undefined);
    // The same request goes well once it can be recorded.
    expect((await plane.app.invoke(route, asked)).status).toBeLessThan(300);
    expect((await list(plane)).data.length).toBe(before.activity.length + 1);
  });

  test("is not recorded where the account has no such thing", async () => {
    const plane = await openPlane();
    const { input } = await prepare(plane);
    if (!("params" in input)) return;
    const other = await plane.addAccount("other");
    const before = await everything(plane);
    const answer = await plane.call(route, { ...input, ...(body && { body }) }, other.root);
    expect(answer.status).toBe(404);
    expect(await everything(plane)).toEqual(before);
    const theirs = await plane.options.store.activity.list(other.account.id, { limit: 100 });
    expect(theirs.rows.map((row) => row.action).sort()).toEqual(["key.created", "key.used"]);
  });
});

async function everything(plane: Plane) {
  const { store } = plane.options;
  const page = { limit: 100 };
  return {
    keys: (await store.keys.list(plane.account.id, page)).rows,
    endpoints: (await store.endpoints.list(plane.account.id, page)).rows,
    activity: (await store.activity.list(plane.account.id, page)).rows,
  };
}

test("a key's restoring is recorded with the end of its successor", async () => {
  const plane = await openPlane();
  const { id, input } = await aKey(plane);
  const next = (await plane.done("keys.rotate", { ...input, body: { grace_seconds: null } })) as {
    id: string;
  };
  await plane.done("keys.revoke", { params: { id: next.id } });
  const { data } = await list(plane, { action: "key.revoked" });
  expect(data).toMatchObject([{ subject: { id: next.id }, detail: { restored: id } }]);
});

describe("the activity log", () => {
  test("is read newest first, page by page, each entry once", async () => {
    const plane = await openPlane();
    for (let index = 0; index < 7; index++) {
      await aKey(plane);
      if (index % 2 === 1) plane.pass(1);
    }
    const all = (await list(plane)).data.map(({ id }) => id);
    expect(all).toEqual([...all].sort().reverse());
    const seen: string[] = [];
    let cursor: string | null = null;
    do {
      const page = await list(plane, { limit: 3, ...(cursor === null ? {} : { cursor }) });
      expect(page.data.length).toBeGreaterThan(0);
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
    } while (cursor !== null && seen.length < 50);
    expect(seen).toEqual(all);
  });

  test("is filtered by action, key and time", async () => {
    const plane = await openPlane();
    const one = await plane.makeKey(["keys:write", "keys:read"]);
    plane.pass(1000);
    const since = new Date(plane.time()).toISOString();
    const child = await plane.makeKey(["keys:read"], {}, one.key);
    plane.pass(1000);
    const until = new Date(plane.time()).toISOString();
    await plane.done("keys.revoke", { params: { id: one.id } });
    const actionsOf = async (query: object) =>
      (await list(plane, query)).data.map(({ action }) => action).sort();
    // As the one who did it, and as the one it was done to.
    expect(await actionsOf({ key_id: one.id })).toEqual([
      "key.created",
      "key.created",
      "key.revoked",
      "key.used",
    ]);
    expect(await actionsOf({ key_id: child.id })).toEqual(["key.created"]);
    expect(await actionsOf({ key_id: one.id, action: "key.revoked" })).toEqual(["key.revoked"]);
    expect(await actionsOf({ since, until })).toEqual(["key.created", "key.used"]);
    expect(await actionsOf({ since: until })).toEqual(["key.revoked"]);
    expect(await actionsOf({ until: since, key_id: one.id })).toEqual(["key.created"]);
    expect(await actionsOf({ action: "key.nothing" })).toEqual([]);
    expect(await actionsOf({ action: "' or 1=1 --" })).toEqual([]);
  });

  test.each([
    [{ since: "yesterday" }],
    [{ since: "2026-03-17" }],
    [{ since: "2026-03-17T14:32:00" }],
    [{ cursor: "key_1" }],
    [{ until: "2026-02-30T00:00:00.000Z" }],
    [{ key_id: "root" }],
    [{ key_id: "ep_1" }],
    [{ action: "a".repeat(101) }],
    [{ actor: "key_1" }],
  ])("cannot be asked with %j", async (query) => {
    const plane = await openPlane();
    const answer = await plane.call("activity.list", { query });
    expect([answer.status, (answer.body as { code: string }).code]).toEqual([400, "query-invalid"]);
  });
});
