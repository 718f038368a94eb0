import { randomBytes } from "node:crypto";
import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Provider } from "../../src/providers/contract.ts";
import { createRegistry } from "../../src/providers/index.ts";
import { ensureAccount, giveRootKey } from "../../src/server/accounts.ts";
import { createApp } from "../../src/server/app.ts";
import { openStore } from "../../src/store/open.ts";
import { openPlane, type Plane } from "./plane.ts";

const second = 1000;

type Body = Record<string, unknown> & {
  id: string;
  secret: string;
  errors?: { path: string; message: string }[];
};

const good = { url: "https://example.com/hooks", provider: "fareplay", events: ["order.created"] };
const at = (plane: Plane, seconds: number): string => new Date(plane.time() + seconds * second).toISOString();
const codeOf = ({ body }: { body: unknown }): unknown => (body as { code?: string }).code;

async function create(plane: Plane, body: object = {}) {
  const answer = await plane.call("endpoints.create", { body: { ...good, ...body } }, plane.root);
  return { ...answer, body: answer.body as Body };
}
async function update(plane: Plane, id: string, body: object) {
  const answer = await plane.call("endpoints.update", { params: { id }, body }, plane.root);
  return { ...answer, body: answer.body as Body };
}
const rotate = async (plane: Plane, id: string, body: object = {}) =>
  plane.call("endpoints.rotateSecret", { params: { id }, body }, plane.root);
const get = (plane: Plane, id: string) => plane.done("endpoints.get", { params: { id } });

/** A provider that signs nothing. */
function unsigned(): Provider {
  const registry = createRegistry();
  return { ...registry.require("fareplay"), id: "plain", title: "Plain", signatures: [{ kind: "none" }] };
}

describe("an endpoint's URL", () => {
  test.each([
    ["https://example.com/hooks", "https://example.com/hooks"],
    ["HTTP://EXAMPLE.com", "http://example.com/"],
    ["https://example.com:443/a?b=c&b=d", "https://example.com/a?b=c&b=d"],
    ["http://127.0.0.1:3000/", "http://127.0.0.1:3000/"],
    ["http://[::1]:3000/x", "http://[::1]:3000/x"],
    ["https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"],
    ["https://example.com/a/../b", "https://example.com/b"],
    [`https://example.com/${"a".repeat(2028)}`, `https://example.com/${"a".repeat(2028)}`],
  ])("may be %s, and is kept as it will be asked for", async (url, kept) => {
    const plane = await openPlane();
    const { status, body } = await create(plane, { url });
    expect([status, body["url"]]).toEqual([201, kept]);
    expect((await update(plane, body.id, { url })).body["url"]).toBe(kept);
    expect((await get(plane, body.id))["url"]).toBe(kept);
  });

  test.each([
    [""],
    ["example.com"],
    ["3000"],
    ["//example.com"],
    ["ftp://example.com"],
    ["file:///etc/passwd"],
    ["javascript:alert(1)"],
    ["https://"],
    ["http://example.com:99999"],
    ["https://user@example.com"],
    ["https://user:password@example.com"],
    ["https://:password@example.com"],
    ["https://example.com/#part"],
    ["https://exa mple.com"],
    ["https://[::1"],
    [`https://example.com/${"a".repeat(2029)}`],
    [null],
    [1],
    [["https://example.com"]],
    [{ href: "https://example.com" }],
  ])("cannot be %j", async (url) => {
    const plane = await openPlane();
    const { body: before } = await create(plane);
    for (const answer of [await create(plane, { url }), await update(plane, before.id, { url })]) {
      expect([answer.status, codeOf(answer)]).toEqual([422, "body-invalid"]);
      expect(answer.body.errors?.map(({ path }) => path)).toContain("url");
      if (typeof url === "string" && url.includes("password"))
        expect(JSON.stringify(answer.body)).not.toContain("user:password");
    }
    expect((await get(plane, before.id))["url"]).toBe(good.url);
  });
});

describe("an endpoint's events", () => {
  test.each([
    [["order.created"], ["order.created"]],
    [["order.*"], ["order.*"]],
    [["*"], ["*"]],
    [
      ["order.created", "order.*", "order.created"],
      ["order.created", "order.*"],
    ],
  ])("may be %o", async (events, kept) => {
    const plane = await openPlane();
    const { body } = await create(plane, { events });
    expect(body["events"]).toEqual(kept);
    expect((await update(plane, body.id, { events })).body["events"]).toEqual(kept);
  });

  test.each([
    [[]],
    [[""]],
    [["order.*.created"]],
    [["*.created"]],
    [["order*"]],
    [["**"]],
    [["order created"]],
    [["order.\u0000"]],
    [["a".repeat(201)]],
    [Array.from({ length: 101 }, () => "*")],
    ["*"],
    [[null]],
    [["order.shipped.by.bike"]],
    [["invoice.paid"]],
    [["toString"]],
    [["__proto__"]],
  ])("cannot be %j", async (events) => {
    const plane = await openPlane();
    const { body: before } = await create(plane);
    for (const answer of [await create(plane, { events }), await update(plane, before.id, { events })]) {
      expect([answer.status, codeOf(answer)]).toEqual([422, "body-invalid"]);
      expect(answer.body.errors?.every(({ path }) => path.startsWith("events"))).toBe(true);
    }
    expect((await get(plane, before.id))["events"]).toEqual(good.events);
  });

  test("are blamed each at its own place", async () => {
    const plane = await openPlane();
    const events = ["order.created", "order.created", "nonsense", "order.*", "rubbish"];
    const { body } = await create(plane, { events });
    expect(body.errors?.map(({ path }) => path)).toEqual(["events.2", "events.4"]);
  });

  test("come with a warning where a renamed one may be missed, at every change of them", async () => {
    const plane = await openPlane();
    const warned = (body: Body) => (body["warnings"] as { code: string }[]).map(({ code }) => code);
    const { body } = await create(plane, { provider: "fynn", events: ["subscription.cancelled"] });
    expect(warned(body)).toEqual(["event-renamed"]);
    expect(warned((await update(plane, body.id, { description: "x" })).body)).toEqual([]);
    expect(warned((await update(plane, body.id, { events: ["subscription.*"] })).body)).toEqual([]);
    expect(warned((await update(plane, body.id, { events: ["subscription.canceled"] })).body)).toEqual([
      "event-renamed",
    ]);
    expect(await get(plane, body.id)).not.toHaveProperty("warnings");
  });
});

test.each([["nobody"], [""], ["__proto__"], ["constructor"], ["FAREPLAY"], [null]])(
  "no endpoint is of the provider %j",
  async (provider) => {
    const plane = await openPlane();
    const { status, body } = await create(plane, { provider });
    expect([status, body["code"], body.errors?.[0]?.path]).toEqual([422, "body-invalid", "provider"]);
    expect((await plane.done("endpoints.list", { query: {} }))["data"]).toEqual([]);
  },
);

describe("an endpoint", () => {
  test("is changed only where it is asked for; null takes the description away", async () => {
    const plane = await openPlane();
    const { body: made } = await create(plane, { description: "of the shop" });
    const { body } = await update(plane, made.id, { url: "https://example.org/" });
    expect(body).toMatchObject({
      url: "https://example.org/",
      description: "of the shop",
      events: good.events,
    });
    expect((await update(plane, made.id, { description: null })).body["description"]).toBe(null);
    expect(await get(plane, made.id)).toMatchObject({
      url: "https://example.org/",
      description: null,
      provider: "fareplay",
    });
  });

  test.each([
    [{}],
    [{ provider: "stripe" }],
    [{ id: "ep_1" }],
    [{ status: "deleted" }],
    [{ status: null }],
    [{ url: null }],
    [{ secret: "x" }],
    [{ disabled_at: null }],
  ])("cannot be changed by %j", async (body) => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    expect(codeOf(await update(plane, made.id, body))).toBe("body-invalid");
  });

  test("is disabled and enabled again; a second time changes nothing", async () => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    const disabled = await update(plane, made.id, { status: "disabled" });
    expect(disabled.body).toMatchObject({
      status: "disabled",
      disabled_at: at(plane, 0),
      disabled_reason: "requested",
    });
    const since = disabled.body["disabled_at"];
    plane.pass(second);
    expect((await update(plane, made.id, { status: "disabled" })).body["disabled_at"]).toBe(since);
    expect((await plane.done("endpoints.list", { query: { status: "disabled" } }))["data"]).toHaveLength(1);
    expect((await plane.done("endpoints.list", { query: { status: "enabled" } }))["data"]).toEqual([]);
    const enabled = { status: "enabled", disabled_at: null, disabled_reason: null };
    expect((await update(plane, made.id, { status: "enabled" })).body).toMatchObject(enabled);
    await update(plane, made.id, { status: "enabled" });
    for (const action of ["endpoint.disabled", "endpoint.enabled"])
      expect((await plane.done("activity.list", { query: { action } }))["data"]).toHaveLength(1);
  });

  test("that is deleted is gone everywhere, and so are its secrets", async () => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    await rotate(plane, made.id);
    const params = { id: made.id };
    expect(await plane.done("endpoints.delete", { params })).toEqual({ id: made.id, deleted: true });
    const answers = [
      await plane.call("endpoints.get", { params }),
      await plane.call("endpoints.update", { params, body: { status: "enabled" } }),
      await plane.call("endpoints.rotateSecret", { params, body: {} }),
    ];
    expect(answers.map((answer) => [answer.status, codeOf(answer)])).toEqual(
      Array(3).fill([410, "endpoint-deleted"]),
    );
    // Asked for again, as after an answer that was lost, it is done.
    expect(await plane.done("endpoints.delete", { params })).toEqual({ id: made.id, deleted: true });
    expect((await plane.done("endpoints.list", { query: {} }))["data"]).toEqual([]);
    expect(await plane.options.store.endpoints.get(plane.account.id, made.id)).toMatchObject({
      deletedAt: plane.time(),
      secret: null,
      secretHint: null,
      previousSecret: null,
      previousUntil: null,
    });
  });
});

describe("an endpoint's secret", () => {
  test("is seen in the creating and the rotating answer alone", async () => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    const { body: rotated } = (await rotate(plane, made.id)) as { body: Body };
    expect(rotated["previous_secret"]).toBe(made.secret);
    expect(rotated.secret).not.toBe(made.secret);
    const others = JSON.stringify([
      await get(plane, made.id),
      await plane.done("endpoints.list", { query: {} }),
      (await update(plane, made.id, { description: "x" })).body,
      await plane.done("activity.list", { query: { limit: 100 } }),
      plane.events,
    ]);
    expect(others).not.toContain(made.secret);
    expect(others).not.toContain(rotated.secret);
    expect((await get(plane, made.id))["secret_hint"]).toMatch(new RegExp(`…${rotated.secret.slice(-4)}$`));
  });

  test.each([
    ["fareplay", "previous"],
    ["fynn", "previous"],
    ["fikafi", "previous"],
    ["github", "previous"],
    ["stripe", "both"],
    ["fjellride", "both"],
    ["standard-webhooks", "both"],
    ["svix", "both"],
  ])("of %s, rotated, leaves %s to sign until the grace ends", async (provider, signs_with) => {
    const plane = await openPlane();
    const { body: made } = await create(plane, { provider, events: ["*"] });
    const { status, body } = await rotate(plane, made.id, { grace_seconds: 60 });
    const secret_rotation = { signs_with, previous_until: at(plane, 60) };
    expect([status, body]).toMatchObject([200, { secret_rotation, previous_secret: made.secret }]);
    expect((await get(plane, made.id))["secret_rotation"]).toEqual(secret_rotation);
    const again = await rotate(plane, made.id);
    expect([again.status, codeOf(again)]).toEqual([409, "rotation-under-way"]);
    plane.pass(60 * second - 1);
    expect((await rotate(plane, made.id, { grace_seconds: 1 })).status).toBe(409);
    plane.pass(1);
    expect((await get(plane, made.id))["secret_rotation"]).toBe(null);
    const next = (await rotate(plane, made.id)).body as Body;
    expect(next["previous_secret"]).toBe((body as Body).secret);
  });

  test("has a day of grace where none is given", async () => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    expect((await rotate(plane, made.id)).body).toMatchObject({
      secret_rotation: { previous_until: at(plane, 86_400) },
    });
  });

  test("rotated without a grace is the only one at once, and can be rotated at once", async () => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    const first = (await rotate(plane, made.id, { grace_seconds: 0 })).body as Body;
    expect(first["secret_rotation"]).toBe(null);
    expect(await plane.options.store.endpoints.get(plane.account.id, made.id)).toMatchObject({
      previousSecret: null,
      previousUntil: null,
    });
    expect((await rotate(plane, made.id, { grace_seconds: 0 })).body).toMatchObject({
      previous_secret: first.secret,
    });
  });

  test("rotated without a grace ends all before it, also one whose grace has not ended", async () => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    await rotate(plane, made.id, { grace_seconds: 3600 });
    expect((await rotate(plane, made.id, { grace_seconds: 0 })).body).toMatchObject({
      secret_rotation: null,
    });
    expect(await plane.options.store.endpoints.get(plane.account.id, made.id)).toMatchObject({
      previousSecret: null,
      previousUntil: null,
    });
  });

  test.each([[-1], [0.5], ["60"], [31_536_001]])("has no grace of %j", async (grace_seconds) => {
    const plane = await openPlane();
    const { body: made } = await create(plane);
    expect(codeOf(await rotate(plane, made.id, { grace_seconds }))).toBe("body-invalid");
  });

  test("is rotated once, however many ask at the same moment", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    const { body: made } = await create(plane);
    const answers = await Promise.all(
      Array.from({ length: 5 }, () =>
        served.send("POST", `/v1/endpoints/${made.id}/rotate-secret`, { key: plane.root }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409, 409, 409, 409]);
    expect(answers.find(({ status }) => status === 200)?.json["previous_secret"]).toBe(made.secret);
  });

  test("is none where the provider signs nothing", async () => {
    const plane = await openPlane({ providers: [unsigned()] });
    const { status, body } = await create(plane, { provider: "plain" });
    expect([status, body]).toMatchObject([201, { secret: null, secret_hint: null, secret_rotation: null }]);
    const answer = await rotate(plane, body.id);
    expect([answer.status, codeOf(answer)]).toEqual([409, "endpoint-unsigned"]);
  });
});

test("endpoints are listed by provider and status, page by page", async () => {
  const plane = await openPlane();
  const made: string[] = [];
  for (const provider of ["fareplay", "stripe", "fareplay", "fareplay"]) {
    made.unshift((await create(plane, { provider, events: ["*"] })).body.id);
  }
  const list = async (query: object) => {
    const { data, next_cursor } = (await plane.done("endpoints.list", { query })) as {
      data: { id: string }[];
      next_cursor: string | null;
    };
    return { ids: data.map(({ id }) => id), next_cursor };
  };
  const fareplay = made.filter((_, index) => index !== 2);
  expect((await list({ provider: "fareplay" })).ids).toEqual(fareplay);
  const first = await list({ provider: "fareplay", limit: 2 });
  expect(first).toEqual({ ids: fareplay.slice(0, 2), next_cursor: fareplay[1] });
  expect(await list({ provider: "fareplay", limit: 2, cursor: first.next_cursor })).toEqual({
    ids: fareplay.slice(2),
    next_cursor: null,
  });
  expect((await list({ provider: "nobody" })).ids).toEqual([]);
});

test("the files on the disk hold no key and no secret, not even in the answers that are kept", async () => {
  const folder = mkdtempSync(join(tmpdir(), "hookline-disk-"));
  const plane = await openPlane();
  const store = await openStore(join(folder, "hookline.db"));
  const bytes = () => Buffer.concat(readdirSync(folder).map((name) => readFileSync(join(folder, name))));
  try {
    const options = { ...plane.options, store };
    const app = createApp(options);
    const { account } = await ensureAccount(options, "disk");
    const root = await giveRootKey(options, account, () => Promise.resolve());
    const call = async (
      name: Parameters<typeof app.invoke>[0],
      input: object,
    ): Promise<Record<string, string>> => {
      const credential = { kind: "keys" as const, keys: [root?.key ?? ""] };
      const idempotencyKey = randomBytes(8).toString("hex");
      const { body } = await app.invoke(name, { ...input, credential, idempotencyKey, address: "192.0.2.1" });
      return body as Record<string, string>;
    };
    const marker = "a description that can be found";
    const child = await call("keys.create", { body: { name: "k", scopes: ["keys:read"] } });
    const next = await call("keys.rotate", { params: { id: child["id"] }, body: {} });
    const endpoint = await call("endpoints.create", { body: { ...good, description: marker } });
    const rotated = await call("endpoints.rotateSecret", { params: { id: endpoint["id"] }, body: {} });
    const secrets = [root?.key, child["key"], next["key"], endpoint["secret"], rotated["secret"]].map(
      (text) => {
        expect(text?.length).toBeGreaterThan(20);
        // Nor in part, without its prefix.
        return text?.slice(8, -6) ?? "";
      },
    );
    const holds = (): boolean[] => [marker, ...secrets].map((text) => bytes().includes(text));
    expect(readdirSync(folder)).toContain("hookline.db-wal");
    expect(holds()).toEqual([true, false, false, false, false, false]);
    await store.close();
    expect(holds()).toEqual([true, false, false, false, false, false]);
  } finally {
    await store.close().catch(() => undefined);
    rmSync(folder, { recursive: true, force: true });
  }
});
