import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { randomText } from "../../src/providers/ids.ts";
import { makeApiKey } from "../../src/server/api-keys.ts";
import { values } from "../cli/run-servers.ts";
import { openPlane, type Plane } from "./plane.ts";

const minute = 60_000;
/** Failures an address may have at once, and the milliseconds after which one is forgiven. */
const burst = 20;
const forgiveMs = 3000;

const unknownKey = (): string => makeApiKey("hk_", (length) => randomText(randomBytes, length));
const codeOf = ({ body }: { body: unknown }): unknown => (body as { code?: string }).code;
const from = (address: string) => ({ address });
const at = (plane: Plane): string => new Date(plane.time()).toISOString();

type Entry = Record<string, unknown> & { count: number };
async function activity(plane: Plane, query: object): Promise<Entry[]> {
  return (await plane.done("activity.list", { query }))["data"] as Entry[];
}

describe("a key in the headers", () => {
  type Headers = Record<string, string | string[]>;
  test.each<[string, (key: string, other: string) => Headers, string | undefined]>([
    ["x-api-key", (key) => ({ "x-api-key": key }), undefined],
    ["Authorization: Bearer", (key) => ({ authorization: `Bearer ${key}` }), undefined],
    ["bearer in lower case", (key) => ({ authorization: `bearer ${key}` }), undefined],
    ["BEARER and several blanks", (key) => ({ Authorization: `BEARER   ${key}  ` }), undefined],
    ["the same key in both", (key) => ({ "x-api-key": key, authorization: `Bearer ${key}` }), undefined],
    ["another scheme beside it", (key) => ({ "x-api-key": key, authorization: "Basic YTpi" }), undefined],
    [
      "an empty x-api-key beside it",
      (key) => ({ "x-api-key": "", authorization: `Bearer ${key}` }),
      undefined,
    ],
    ["an empty Bearer beside it", (key) => ({ "x-api-key": key, authorization: "Bearer " }), undefined],
    [
      "different keys in both",
      (key, other) => ({ "x-api-key": key, authorization: `Bearer ${other}` }),
      "key-ambiguous",
    ],
    [
      "a dead key beside a live one",
      (key) => ({ "x-api-key": key, authorization: `Bearer ${unknownKey()}` }),
      "key-ambiguous",
    ],
    ["nothing", () => ({}), "key-missing"],
    ["an empty x-api-key", () => ({ "x-api-key": "" }), "key-missing"],
    ["blanks", () => ({ "x-api-key": "   " }), "key-missing"],
    ["Bearer alone", () => ({ authorization: "Bearer" }), "key-missing"],
    ["an empty Authorization", () => ({ authorization: "" }), "key-missing"],
    ["the key without a scheme", (key) => ({ authorization: key }), "key-missing"],
    [
      "Basic",
      (key) => ({ authorization: `Basic ${Buffer.from(`${key}:`).toString("base64")}` }),
      "key-missing",
    ],
    ["Token", (key) => ({ authorization: `Token ${key}` }), "key-missing"],
    ["a cookie", (key) => ({ cookie: `x-api-key=${key}` }), "key-missing"],
    ["quotes", (key) => ({ "x-api-key": `"${key}"` }), "key-invalid"],
    ["Bearer in x-api-key", (key) => ({ "x-api-key": `Bearer ${key}` }), "key-invalid"],
    ["the key twice", (key) => ({ "x-api-key": [key, key] }), "key-invalid"],
    ["two keys in one", (key, other) => ({ "x-api-key": `${key},${other}` }), "key-invalid"],
    ["other letters' case", (key) => ({ "x-api-key": key.toUpperCase() }), "key-invalid"],
    ["a key cut short", (key) => ({ "x-api-key": key.slice(0, -1) }), "key-invalid"],
    ["a very long text", () => ({ "x-api-key": "k".repeat(12_000) }), "key-invalid"],
    [
      "a very long Bearer",
      () => ({ authorization: `Bearer ${" ".repeat(6000)}${"k".repeat(6000)}` }),
      "key-invalid",
    ],
    ["a key's id", () => ({ "x-api-key": "key_01kky3bwr0vbe5nx1kzpzweaz9" }), "key-invalid"],
    ["bytes beyond ASCII", (key) => ({ "x-api-key": `${key}\u00e9` }), "key-invalid"],
  ])("%s", async (_, headersOf, code) => {
    const plane = await openPlane();
    const served = await plane.serve();
    const { key: other } = await plane.makeKey(["keys:read"]);
    const answer = await served.send("GET", "/v1/keys/current", { headers: headersOf(plane.root, other) });
    expect([answer.status, codeOf({ body: answer.json })]).toEqual([code === undefined ? 200 : 401, code]);
    expect(values(answer.headers, "www-authenticate")).toEqual(
      code === undefined ? [] : ['Bearer realm="hookline"'],
    );
    expect(answer.body.toString("utf8")).not.toContain(plane.root);
  });

  test("is not taken from the query or the body", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    for (const name of ["api_key", "x-api-key", "key", "access_token"]) {
      const { status, json } = await served.send("POST", `/v1/keys?${name}=${plane.root}`, {
        body: { name: "k", scopes: ["keys:read"], [name]: plane.root },
      });
      expect([status, json["code"]]).toEqual([401, "key-missing"]);
    }
    expect(JSON.stringify([plane.requests, plane.events])).not.toContain(plane.root);
  });

  test("is the account's whose key it is, and no other's", async () => {
    const plane = await openPlane();
    const other = await plane.addAccount("other");
    const asked = await plane.done("keys.current", {}, other.root);
    expect(asked["account"]).toEqual({ id: other.account.id, name: "other" });
  });
});

describe("the use of a key", () => {
  test("is written down: when, from where, at most once a minute from one place", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:read"]);
    const seen = async () => {
      const row = await plane.done("keys.get", { params: { id } });
      return [row["last_used_at"], row["last_used_address"]];
    };
    const use = (address: string) => plane.call("keys.list", { query: {} }, key, from(address));
    expect(await seen()).toEqual([null, null]);
    await use("192.0.2.1");
    const first = at(plane);
    expect(await seen()).toEqual([first, "192.0.2.1"]);
    plane.pass(minute - 1);
    await use("192.0.2.1");
    expect(await seen()).toEqual([first, "192.0.2.1"]);
    plane.pass(1);
    await use("192.0.2.1");
    expect(await seen()).toEqual([at(plane), "192.0.2.1"]);
    await use("192.0.2.2");
    expect(await seen()).toEqual([at(plane), "192.0.2.2"]);
  });

  test("is in the activity log where it is the first, or from another place", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:read"]);
    for (const address of ["192.0.2.1", "192.0.2.1", "192.0.2.2", "192.0.2.1", "192.0.2.2"]) {
      await plane.call("keys.list", { query: {} }, key, from(address));
      plane.pass(1000);
    }
    const used = await activity(plane, { action: "key.used", key_id: id });
    expect(used.map(({ address, count, detail }) => [address, count, detail])).toEqual([
      ["192.0.2.2", 1, { first: false }],
      ["192.0.2.1", 1, { first: true }],
    ]);
    // Two that take turns are not written down at each, but again after a while.
    plane.pass(60_000);
    await plane.call("keys.list", { query: {} }, key, from("192.0.2.1"));
    expect(await activity(plane, { action: "key.used", key_id: id })).toHaveLength(3);
  });

  test("has one first time, though many come at the same moment", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:read"]);
    await Promise.all(Array.from({ length: 6 }, () => plane.call("keys.list", { query: {} }, key)));
    expect(await activity(plane, { action: "key.used", key_id: id })).toMatchObject([
      { count: 1, detail: { first: true } },
    ]);
  });

  test("is none where the key is dead", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:read"]);
    await plane.done("keys.revoke", { params: { id } });
    await plane.call("keys.list", { query: {} }, key);
    expect((await plane.done("keys.get", { params: { id } }))["last_used_at"]).toBe(null);
  });
});

describe("the use of a dead key", () => {
  test.each<[string, string, (plane: Plane, id: string) => Promise<unknown>]>([
    ["revoked", "key-revoked", (plane, id) => plane.done("keys.revoke", { params: { id } })],
    [
      "replaced",
      "key-replaced",
      (plane, id) => plane.done("keys.rotate", { params: { id }, body: { grace_seconds: 0 } }),
    ],
    ["expired", "key-expired", (plane) => Promise.resolve(plane.pass(10 * minute))],
  ])(
    "that is %s is in the activity log every time; within a minute as one entry",
    async (reason, code, end) => {
      const plane = await openPlane();
      const { id, key } = await plane.makeKey(["*"], { name: "dead", expires_in: 600 });
      await end(plane, id);
      const begin = at(plane);
      for (let use = 0; use < 5; use++) {
        expect(codeOf(await plane.call("keys.list", { query: {} }, key, from("192.0.2.1")))).toBe(code);
        plane.pass(1000);
      }
      await plane.call("endpoints.list", { query: {} }, key, from("192.0.2.2"));
      plane.pass(minute);
      await plane.call("keys.current", {}, key, from("192.0.2.1"));
      const refused = await activity(plane, { action: "key.refused" });
      expect(refused.map(({ address, count }) => [address, count])).toEqual([
        ["192.0.2.1", 1],
        ["192.0.2.2", 1],
        ["192.0.2.1", 5],
      ]);
      expect(refused[2]).toMatchObject({
        at: begin,
        last_at: new Date(Date.parse(begin) + 4000).toISOString(),
        actor: { kind: "key", key_id: id, name: "dead" },
        subject: { id, name: "dead" },
        detail: { reason },
      });
      expect(plane.events).toHaveLength(7);
      expect(plane.events[0]).toEqual({
        type: "auth-failed",
        code,
        address: "192.0.2.1",
        limited: false,
        keyId: id,
      });
    },
  );

  test("is counted also where the address is limited, and when many come at once", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    const { id, key } = await plane.makeKey(["*"]);
    await plane.done("keys.revoke", { params: { id } });
    const answers = await Promise.all(
      Array.from({ length: 30 }, () => served.send("GET", "/v1/keys", { key })),
    );
    expect(answers.filter(({ status }) => status === 401)).toHaveLength(burst);
    expect(answers.filter(({ status }) => status === 429)).toHaveLength(30 - burst);
    expect(await activity(plane, { action: "key.refused" })).toMatchObject([
      { count: 30, address: "127.0.0.1" },
    ]);
  });

  test("that nobody ever had is in no account's log", async () => {
    const plane = await openPlane();
    await plane.call("keys.list", { query: {} }, unknownKey());
    expect(await activity(plane, { action: "key.refused" })).toEqual([]);
    expect(plane.events).toMatchObject([{ type: "auth-failed", code: "key-invalid", keyId: null }]);
  });
});

test("the use of a key without the scope is recorded with what it wanted", async () => {
  const plane = await openPlane();
  const { id, key } = await plane.makeKey(["keys:read"], { name: "reader" });
  const asked = [
    await plane.call("keys.revoke", { params: { id } }, key),
    await plane.call("keys.revoke", { params: { id: "key_0" } }, key),
    await plane.call("endpoints.list", { query: {} }, key),
    // Whether the request is right besides is nothing for a key that may not ask it.
    await plane.call("endpoints.list", { query: { nonsense: 1 } }, key),
  ];
  expect(asked.map(({ status, body }) => [status, (body as { code: string }).code])).toEqual(
    Array(4).fill([403, "scope-missing"]),
  );
  const denied = await activity(plane, { action: "key.denied" });
  expect(denied).toMatchObject([
    { count: 2, detail: { route: "endpoints.list", scope: "endpoints:read" } },
    { count: 2, detail: { route: "keys.revoke", scope: "keys:write" } },
  ]);
  expect(denied[0]).toMatchObject({
    actor: { kind: "key", key_id: id, name: "reader" },
    address: "192.0.2.7",
  });
  expect(plane.events).toEqual([]);
});

describe("failures from one address", () => {
  const fail = (plane: Plane, address: string) =>
    plane.call("keys.list", { query: {} }, unknownKey(), from(address));

  test("are answered with 429 once there are too many; others, and live keys, never", async () => {
    const plane = await openPlane();
    for (let failure = 0; failure < burst; failure++) {
      expect((await fail(plane, "192.0.2.1")).status).toBe(401);
    }
    const limited = await fail(plane, "192.0.2.1");
    expect([limited.status, codeOf(limited), limited.headers["retry-after"]]).toEqual([
      429,
      "too-many-failures",
      "3",
    ]);
    expect(limited.headers["content-type"]).toBe("application/problem+json");
    expect(plane.events.at(-1)).toMatchObject({ type: "auth-failed", address: "192.0.2.1", limited: true });
    for (let use = 0; use < 50; use++) {
      const answer = await plane.call("keys.list", { query: {} }, plane.root, from("192.0.2.1"));
      expect(answer.status).toBe(200);
    }
    expect((await fail(plane, "192.0.2.2")).status).toBe(401);
    plane.pass(forgiveMs - 1);
    expect((await fail(plane, "192.0.2.1")).status).toBe(429);
    plane.pass(1);
    expect((await fail(plane, "192.0.2.1")).status).toBe(401);
  });

  test("count whatever the failure is; what is refused for its scope or its form does not count", async () => {
    const plane = await openPlane();
    const { key } = await plane.makeKey(["keys:read"]);
    for (let turn = 0; turn < burst; turn++) {
      await plane.call("keys.create", { body: {} }, key, from("192.0.2.1"));
      await plane.call("keys.create", { body: {} }, plane.root, from("192.0.2.1"));
      await plane.call("keys.get", { params: { id: "key_0" } }, plane.root, from("192.0.2.1"));
    }
    const asNobody = () =>
      plane.call("keys.list", { query: {} }, undefined, {
        credential: { kind: "keys", keys: [] },
        ...from("192.0.2.1"),
      });
    const codes: unknown[] = [];
    for (let turn = 0; turn < burst / 2; turn++) {
      codes.push(codeOf(await asNobody()), codeOf(await fail(plane, "192.0.2.1")));
    }
    expect(new Set(codes)).toEqual(new Set(["key-missing", "key-invalid"]));
    expect([codeOf(await asNobody()), codeOf(await fail(plane, "192.0.2.1"))]).toEqual([
      "too-many-failures",
      "too-many-failures",
    ]);
  });

  test("are not told by Retry-After alone over HTTP", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    for (let failure = 0; failure < burst; failure++) await served.send("GET", "/v1/keys");
    const limited = await served.send("GET", "/v1/keys", { key: unknownKey() });
    expect([limited.status, values(limited.headers, "retry-after")]).toEqual([429, ["3"]]);
    expect(values(limited.headers, "www-authenticate")).toEqual([]);
    expect((await served.send("GET", "/v1/keys", { key: plane.root })).status).toBe(200);
    expect((await served.send("GET", "/v1/health")).status).toBe(200);
  });
});

test("what is reported holds no key, live or dead or mistyped", async () => {
  const plane = await openPlane();
  const served = await plane.serve();
  const { id, key } = await plane.makeKey(["keys:read"]);
  await plane.done("keys.revoke", { params: { id } });
  const mistyped = `${plane.root.slice(0, -1)}!`;
  for (const given of [key, mistyped, `${key} ${plane.root}`]) {
    await served.send("GET", `/v1/keys?key=${encodeURIComponent(given)}`, { key: given });
  }
  await served.send("GET", "/v1/keys", { key: plane.root, headers: { authorization: `Bearer ${key}` } });
  expect(plane.events).toHaveLength(4);
  const told = JSON.stringify([plane.events, plane.requests, await activity(plane, {})]);
  for (const secret of [plane.root.slice(3, -6), key.slice(3, -6)]) expect(told).not.toContain(secret);
});
