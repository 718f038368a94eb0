import { describe, expect, test } from "vitest";
import { values } from "../cli/run-servers.ts";
import { openPlane, type Plane } from "./plane.ts";

const day = 86_400_000;

const codeOf = ({ body }: { body: unknown }): unknown => (body as { code?: string }).code;
const make = { body: { name: "made", scopes: ["keys:read"] } };
const endpoint = { body: { url: "https://example.com/hooks", provider: "fareplay", events: ["*"] } };
const once = (idempotencyKey: string) => ({ idempotencyKey });

async function count(plane: Plane, name = "made"): Promise<number> {
  const { data } = (await plane.done("keys.list", { query: { limit: 100 } })) as { data: { name: string }[] };
  return data.filter((key) => key.name === name).length;
}

describe("a POST with an Idempotency-Key, repeated", () => {
  test("is done once and answered the same, with a header that says so", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    const send = () =>
      served.send("POST", "/v1/keys", {
        key: plane.root,
        body: make.body,
        headers: { "idempotency-key": "a" },
      });
    const first = await send();
    plane.pass(day / 2);
    const again = await send();
    expect([first.status, again.status]).toEqual([201, 201]);
    expect(again.json).toEqual(first.json);
    expect(again.json["key"]).toMatch(/^hk_/);
    expect([first, again].map(({ headers }) => values(headers, "idempotency-replayed"))).toEqual([
      [],
      ["true"],
    ]);
    expect(values(again.headers, "content-type")).toEqual(["application/json"]);
    expect(await count(plane)).toBe(1);
    const { data } = await plane.done("activity.list", {
      query: { action: "key.created", key_id: again.json["id"] },
    });
    expect(data).toHaveLength(1);
  });

  test("is done once though all come at the same moment", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    const answers = await Promise.all(
      Array.from({ length: 8 }, () =>
        served.send("POST", "/v1/keys", {
          key: plane.root,
          body: make.body,
          headers: { "idempotency-key": "a" },
        }),
      ),
    );
    expect(new Set(answers.map(({ status }) => status))).toEqual(new Set([201]));
    expect(new Set(answers.map(({ json }) => json["key"])).size).toBe(1);
    expect(
      answers.filter(({ headers }) => values(headers, "idempotency-replayed").length === 0),
    ).toHaveLength(1);
    expect(await count(plane)).toBe(1);
  });

  test("is the same with its names in another order", async () => {
    const plane = await openPlane();
    const { name, scopes } = make.body;
    const first = await plane.call("keys.create", { body: { name, scopes } }, plane.root, once("a"));
    const again = await plane.call("keys.create", { body: { scopes, name } }, plane.root, once("a"));
    expect(again.body).toEqual(first.body);
  });

  test("is the same where it gives the default or leaves it out", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"]);
    const rotate = (body: object) =>
      plane.call("keys.rotate", { params: { id }, body }, plane.root, once("a"));
    const first = await rotate({});
    expect(first.status).toBe(201);
    expect(await rotate({ grace_seconds: 86_400 })).toMatchObject({ status: 201, body: first.body });
    expect(codeOf(await rotate({ grace_seconds: 86_401 }))).toBe("idempotency-key-reused");
  });

  test("answers with what was true at the first time, for as long as it is kept", async () => {
    const plane = await openPlane();
    const first = await plane.call("keys.create", make, plane.root, once("a"));
    const { id } = first.body as { id: string };
    await plane.done("keys.revoke", { params: { id } });
    expect((await plane.call("keys.create", make, plane.root, once("a"))).body).toEqual(first.body);
  });
});

describe("an Idempotency-Key", () => {
  test.each<[string, Parameters<Plane["call"]>[0], object]>([
    ["body", "keys.create", { body: { ...make.body, name: "other" } }],
    ["route", "endpoints.create", endpoint],
  ])("of another %s is refused, and nothing is done", async (_, name, input) => {
    const plane = await openPlane();
    await plane.call("keys.create", make, plane.root, once("a"));
    const answer = await plane.call(name, input, plane.root, once("a"));
    expect([answer.status, codeOf(answer)]).toEqual([422, "idempotency-key-reused"]);
    expect([await count(plane, "other"), await count(plane)]).toEqual([0, 1]);
    expect((await plane.done("endpoints.list", { query: {} }))["data"]).toEqual([]);
  });

  test("of another route that takes the same is refused", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"]);
    const input = { params: { id }, body: { grace_seconds: 60 } };
    await plane.done("keys.rotate", { params: { id }, body: { grace_seconds: null } });
    expect((await plane.call("keys.retire", input, plane.root, once("a"))).status).toBe(200);
    expect(codeOf(await plane.call("keys.rotate", input, plane.root, once("a")))).toBe(
      "idempotency-key-reused",
    );
  });

  test("of another thing's id is refused", async () => {
    const plane = await openPlane();
    const [one, other] = [await plane.makeKey(["keys:read"]), await plane.makeKey(["keys:read"])];
    const revoke = (id: string) => plane.call("keys.revoke", { params: { id } }, plane.root, once("a"));
    expect((await revoke(one.id)).status).toBe(200);
    expect((await revoke(other.id)).status).toBe(422);
    expect((await plane.call("keys.current", {}, other.key)).status).toBe(200);
  });

  test("is each caller's own: of another key, of this machine, of another account", async () => {
    const plane = await openPlane();
    const second = await plane.makeKey(["*"]);
    const { root: foreign } = await plane.addAccount("other");
    const made: unknown[] = [];
    for (const key of [plane.root, second.key, undefined, foreign]) {
      const { status, body, headers } = await plane.call("keys.create", make, key, once("a"));
      expect([status, headers["idempotency-replayed"]]).toEqual([201, undefined]);
      made.push((body as { key: string }).key);
    }
    expect(new Set(made).size).toBe(4);
  });

  test("is forgotten after 24 hours: then it is done anew, whatever it is", async () => {
    const plane = await openPlane();
    await plane.call("keys.create", make, plane.root, once("a"));
    plane.pass(day);
    expect((await plane.call("keys.create", make, plane.root, once("a"))).headers).toHaveProperty(
      "idempotency-replayed",
    );
    plane.pass(1);
    const anew = await plane.call("keys.create", make, plane.root, once("a"));
    expect([anew.status, anew.headers["idempotency-replayed"]]).toEqual([201, undefined]);
    expect(await count(plane)).toBe(2);
    plane.pass(day + 1);
    expect((await plane.call("endpoints.create", endpoint, plane.root, once("a"))).status).toBe(201);
  });

  test.each([[""], [" "], ["a b"], ["a\nb"], ["é"], ["a".repeat(256)], ["a\u0000"]])(
    "cannot be %j",
    async (key) => {
      const plane = await openPlane();
      const answer = await plane.call("keys.create", make, plane.root, once(key));
      expect([answer.status, codeOf(answer)]).toEqual([400, "idempotency-key-invalid"]);
      expect(await count(plane)).toBe(0);
    },
  );

  test.each([
    ["a"],
    ["a".repeat(255)],
    ["'; drop table answers; --".replaceAll(" ", "")],
    ["__proto__"],
    ["a/b"],
    ["%00"],
  ])("may be %j", async (key) => {
    const plane = await openPlane();
    const first = await plane.call("keys.create", make, plane.root, once(key));
    expect((await plane.call("keys.create", make, plane.root, once(key))).body).toEqual(first.body);
  });

  test("sent twice with one request is refused", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    const headers = { "idempotency-key": ["a", "b"] };
    const { json } = await served.send("POST", "/v1/keys", { key: plane.root, body: make.body, headers });
    expect(json["code"]).toBe("idempotency-key-invalid");
  });

  test("is nothing to GET, PATCH and DELETE, be it right or wrong", async () => {
    const plane = await openPlane();
    const { id } = await plane.done("endpoints.create", endpoint);
    const params = { id };
    for (const key of ["a", "not valid"]) {
      const status = key === "a" ? "disabled" : "enabled";
      const answers = [
        await plane.call("endpoints.get", { params }, plane.root, once(key)),
        await plane.call("endpoints.update", { params, body: { status } }, plane.root, once(key)),
        await plane.call("endpoints.get", { params }, plane.root, once(key)),
      ];
      expect(answers.map((answer) => [answer.status, answer.headers])).toEqual(Array(3).fill([200, {}]));
      expect((answers[2]?.body as { status: string }).status).toBe(status);
    }
    expect((await plane.call("endpoints.delete", { params }, plane.root, once("a"))).status).toBe(200);
    expect((await plane.call("endpoints.delete", { params }, plane.root, once("a"))).status).toBe(200);
  });
});

describe("what is refused", () => {
  test("is not remembered: the same request can succeed later", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"]);
    const retire = () =>
      plane.call("keys.retire", { params: { id }, body: { grace_seconds: 60 } }, plane.root, once("a"));
    expect((await retire()).status).toBe(409);
    await plane.done("keys.rotate", { params: { id }, body: { grace_seconds: null } });
    expect(await retire()).toMatchObject({ status: 200, headers: {} });
    expect(await retire()).toMatchObject({ status: 200, headers: { "idempotency-replayed": "true" } });
  });

  test.each<[string, object, number]>([
    ["its body", { name: "", scopes: ["keys:read"] }, 422],
    ["its scopes", { name: "made", scopes: ["events:read"] }, 403],
  ])("for %s leaves the Idempotency-Key free for another", async (_, body, status) => {
    const plane = await openPlane();
    const { key } = await plane.makeKey(["keys:write", "keys:read"]);
    expect((await plane.call("keys.create", { body }, key, once("a"))).status).toBe(status);
    expect((await plane.call("keys.create", make, key, once("a"))).status).toBe(201);
    expect(await count(plane)).toBe(1);
  });

  test("is refused again to a key that has died meanwhile: no answer is kept for it", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["*"]);
    expect((await plane.call("keys.create", make, key, once("a"))).status).toBe(201);
    await plane.done("keys.revoke", { params: { id } });
    expect(codeOf(await plane.call("keys.create", make, key, once("a")))).toBe("key-revoked");
  });
});

test("an answer is kept sealed where it holds a secret", async () => {
  const plane = await openPlane();
  const { id: signed } = await plane.done("endpoints.create", endpoint);
  const { id: rotated } = await plane.makeKey(["keys:read"]);
  const { id: revoked } = await plane.makeKey(["keys:read"]);
  const caller = ((await plane.done("keys.current", {}, plane.root))["key"] as { id: string }).id;
  const asked: [string, Parameters<Plane["call"]>[0], object][] = [
    ["make", "keys.create", make],
    ["rotate", "keys.rotate", { params: { id: rotated }, body: {} }],
    ["endpoint", "endpoints.create", endpoint],
    ["secret", "endpoints.rotateSecret", { params: { id: signed }, body: {} }],
    ["revoke", "keys.revoke", { params: { id: revoked } }],
  ];
  for (const [key, name, input] of asked) {
    const answer = await plane.call(name, input, plane.root, once(key));
    const row = await plane.options.store.answers.get(plane.account.id, caller, key);
    const kept = Buffer.from(row?.body ?? []).toString("latin1");
    const {
      key: apiKey,
      secret,
      previous_secret: previous,
    } = answer.body as Record<string, string | undefined>;
    const secrets = [apiKey, secret, previous].filter((one) => one !== undefined);
    expect([key, secrets.length > 0]).toEqual([key, key !== "revoke"]);
    for (const one of secrets) expect(kept).not.toContain(one);
    expect(kept.includes(`"id"`)).toBe(key === "revoke");
    expect(await plane.call(name, input, plane.root, once(key))).toMatchObject({ body: answer.body });
  }
});
