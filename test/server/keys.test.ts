import { describe, expect, test } from "vitest";
import { scopes as allScopes } from "../../src/remote/scopes.ts";
import type { Scope } from "../../src/remote/contract.ts";
import { openPlane, type Plane } from "./plane.ts";

const second = 1000;
const hour = 3600;

const at = (plane: Plane, seconds: number): string => new Date(plane.time() + seconds * second).toISOString();
const codeOf = ({ body }: { body: unknown }): unknown => (body as { code?: string }).code;

async function create(plane: Plane, body: object, by?: string) {
  const answer = await plane.call("keys.create", { body: { name: "k", scopes: ["keys:read"], ...body } }, by);
  return { ...answer, body: answer.body as Record<string, unknown> };
}

describe("a child's scopes", () => {
  test.each<[string, readonly Scope[], readonly Scope[], number]>([
    ["fewer", ["keys:write", "events:read"], ["events:read"], 201],
    ["the same", ["keys:write", "events:read"], ["events:read", "keys:write"], 201],
    ["one more", ["keys:write", "events:read"], ["events:read", "events:write"], 403],
    ["another", ["keys:write"], ["keys:read"], 403],
    ["all", ["keys:write"], allScopes, 403],
  ])("%s than its creator's: %o makes %o: %d", async (_, own, wanted, status) => {
    const plane = await openPlane();
    const { key } = await plane.makeKey(own);
    const answer = await create(plane, { scopes: wanted }, key);
    expect([answer.status, codeOf(answer)]).toEqual([status, status === 201 ? undefined : "scope-exceeded"]);
    if (status === 201) expect(answer.body["scopes"]).toEqual(wanted);
  });

  test("are each there once, however often they are asked for", async () => {
    const plane = await openPlane();
    const { body } = await create(plane, { scopes: ["keys:read", "events:read", "keys:read"] });
    expect(body["scopes"]).toEqual(["keys:read", "events:read"]);
  });

  test.each([
    [[]],
    [["keys:admin"]],
    [["*"]],
    [["KEYS:READ"]],
    [["constructor"]],
    [Array(11).fill("keys:read")],
  ])("cannot be %o", async (scopes) => {
    const plane = await openPlane();
    expect(await create(plane, { scopes })).toMatchObject({ status: 422, body: { code: "body-invalid" } });
  });
});

describe("a child's life", () => {
  test.each<[string, number | undefined, number | null | undefined, number | null | "refused"]>([
    ["neither ends", undefined, undefined, null],
    ["the creator does not end", undefined, hour, hour],
    ["it is not given", hour, undefined, hour],
    ["it is shorter", hour, hour - 1, hour - 1],
    ["it is as long", hour, hour, hour],
    ["it is longer by a second", hour, hour + 1, "refused"],
    ["it is to last for ever", hour, null, "refused"],
    ["both are to last for ever", undefined, null, null],
  ])("where %s", async (_, creatorLife, wanted, expected) => {
    const plane = await openPlane();
    const creator = await plane.makeKey(["*"], creatorLife === undefined ? {} : { expires_in: creatorLife });
    const answer = await create(plane, wanted === undefined ? {} : { expires_in: wanted }, creator.key);
    if (expected === "refused") expect([answer.status, codeOf(answer)]).toEqual([403, "expiry-exceeded"]);
    else expect(answer.body["expires_at"]).toBe(expected === null ? null : at(plane, expected));
    if (expected !== "refused") expect(answer.body["created_by"]).toBe(creator.id);
  });

  test("is not longer for being made late, nor through generations", async () => {
    const plane = await openPlane();
    const first = await plane.makeKey(["*"], { expires_in: hour });
    const end = at(plane, hour);
    plane.pass(hour * second - second);
    const child = await plane.makeKey(["*"], {}, first.key);
    const grandchild = await create(plane, {}, child.key);
    expect(grandchild.body["expires_at"]).toBe(end);
    expect(await create(plane, { expires_in: 1 }, child.key)).toMatchObject({ status: 201 });
    expect(await create(plane, { expires_in: 2 }, child.key)).toMatchObject({ status: 403 });
    plane.pass(second);
    for (const key of [first.key, child.key, grandchild.body["key"] as string]) {
      expect(codeOf(await plane.call("keys.current", {}, key))).toBe("key-expired");
    }
  });

  test.each([[0], [-1], [1.5], ["60"], [10 * 365 * 86_400 + 1], [Infinity]])(
    "cannot be %j s",
    async (expires_in) => {
      const plane = await openPlane();
      expect(codeOf(await create(plane, { expires_in }))).toBe("body-invalid");
    },
  );
});

describe("a key's status", () => {
  test.each<[string, (plane: Plane, id: string) => Promise<unknown>, string, string]>([
    ["expires", () => Promise.resolve(), "active", "expired"],
    [
      "is rotated",
      (plane, id) => plane.done("keys.rotate", { params: { id }, body: { grace_seconds: 60 } }),
      "rotating",
      "replaced",
    ],
    [
      "is retired",
      async (plane, id) => {
        await plane.done("keys.rotate", { params: { id }, body: { grace_seconds: null } });
        await plane.done("keys.retire", { params: { id }, body: { grace_seconds: 60 } });
      },
      "rotating",
      "replaced",
    ],
  ])("where it %s changes at the very moment, and its list with it", async (_, begin, before, after) => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["*"], after === "expired" ? { expires_in: 60 } : {});
    await begin(plane, id);
    const seen = async () => ({
      status: (await plane.done("keys.get", { params: { id } }))["status"],
      works: (await plane.call("keys.current", {}, key)).status === 200,
      live: await listed("live"),
      dead: await listed("dead"),
    });
    const listed = async (status: string): Promise<boolean> => {
      const { data } = (await plane.done("keys.list", { query: { status } })) as { data: { id: string }[] };
      return data.some((other) => other.id === id);
    };
    plane.pass(60 * second - 1);
    expect(await seen()).toEqual({ status: before, works: true, live: true, dead: false });
    plane.pass(1);
    expect(await seen()).toEqual({ status: after, works: false, live: false, dead: true });
  });
});

describe("a key's form", () => {
  test.each([
    [undefined, /^hk_[0-9A-Za-z]{36}$/],
    ["fjellride", /^fjr_[0-9A-Za-z]{36}$/],
  ])("of the provider %s", async (provider, form) => {
    const plane = await openPlane();
    const { body } = await create(plane, provider === undefined ? {} : { provider });
    expect(body["key"]).toMatch(form);
    expect(body["provider"]).toBe(provider ?? null);
    expect((await plane.call("keys.current", {}, body["key"] as string)).status).toBe(200);
    const { body: next } = await plane.call("keys.rotate", { params: { id: body["id"] }, body: {} });
    expect(next).toMatchObject({ key: expect.stringMatching(form) as string, provider: provider ?? null });
  });

  test.each([["fareplay"], ["nobody"], ["__proto__"], ["constructor"], ["FJELLRIDE"]])(
    "is not known of the provider %j",
    async (provider) => {
      const plane = await openPlane();
      const answer = await create(plane, { provider });
      expect([answer.status, codeOf(answer)]).toEqual([422, "body-invalid"]);
      expect(answer.body["errors"]).toEqual([{ path: "provider", message: "must be one of fjellride" }]);
    },
  );

  test("is seen in one answer alone", async () => {
    const plane = await openPlane();
    const { body } = await create(plane, {});
    const id = body["id"];
    const others = [
      await plane.done("keys.get", { params: { id } }),
      await plane.done("keys.list", { query: {} }),
      await plane.done("keys.current", {}, body["key"] as string),
      await plane.done("activity.list", { query: {} }),
    ];
    expect(JSON.stringify(others)).not.toContain(body["key"]);
    expect(others[0]).not.toHaveProperty("key");
  });
});

describe("a key's name", () => {
  test.each([
    ["k"],
    ["CI (GitHub) – größe 日本語 🚲"],
    ["a".repeat(100)],
    ["'; drop table keys; --"],
    ["__proto__"],
    ["null"],
    ["<b>"],
    ["%s %00"],
  ])("may be %j", async (name) => {
    const plane = await openPlane();
    const { body } = await create(plane, { name });
    expect((await plane.done("keys.get", { params: { id: body["id"] } }))["name"]).toBe(name);
    const { data } = (await plane.done("activity.list", { query: { key_id: body["id"] } })) as {
      data: { subject: object }[];
    };
    expect(data[0]?.subject).toEqual({ id: body["id"], name });
  });

  test.each([
    [""],
    [" k"],
    ["k "],
    ["a\nb"],
    ["a\0b"],
    ["\u001b[31mred"],
    ["\u0085"],
    ["\ud800"],
    ["a".repeat(101)],
    [1],
    [null],
    [["k"]],
  ])("cannot be %j", async (name) => {
    const plane = await openPlane();
    expect(codeOf(await create(plane, { name }))).toBe("body-invalid");
  });
});

describe("the last key with keys:write", () => {
  const revoke = (plane: Plane, id: string, by?: string) => plane.call("keys.revoke", { params: { id } }, by);
  const rootId = async (plane: Plane): Promise<string> =>
    ((await plane.done("keys.current", {}, plane.root))["key"] as { id: string }).id;

  /** What is done before, so that the root key is the last one or is not. */
  test.each<[string, number, (plane: Plane) => Promise<unknown>]>([
    ["it is alone", 409, () => Promise.resolve()],
    ["others lack the scope", 409, (plane) => plane.makeKey(["keys:read", "events:write"])],
    ["there is another", 200, (plane) => plane.makeKey(["keys:write"])],
    [
      "the other has expired",
      409,
      async (plane) => {
        await plane.makeKey(["keys:write"], { expires_in: 60 });
        plane.pass(60 * second);
      },
    ],
    ["the other is revoked", 409, async (plane) => revoke(plane, (await plane.makeKey(["keys:write"])).id)],
    [
      "the other is replaced, and its successor expired",
      409,
      async (plane) => {
        const { id } = await plane.makeKey(["keys:write"]);
        await plane.done("keys.rotate", { params: { id }, body: { grace_seconds: 60, expires_in: 60 } });
        plane.pass(60 * second);
      },
    ],
    [
      "the other is in rotation, so its successor stays",
      200,
      async (plane) => {
        const { id } = await plane.makeKey(["keys:write"]);
        await plane.done("keys.rotate", { params: { id }, body: { grace_seconds: 60 } });
      },
    ],
    [
      "it is in rotation itself",
      200,
      async (plane) => plane.done("keys.rotate", { params: { id: await rootId(plane) }, body: {} }),
    ],
    [
      "it is in rotation, but its successor has expired",
      409,
      async (plane) => {
        const body = { grace_seconds: null, expires_in: 60 };
        await plane.done("keys.rotate", { params: { id: await rootId(plane) }, body });
        plane.pass(60 * second);
      },
    ],
    ["another account has one", 409, (plane) => plane.addAccount("other")],
  ])("where %s: revoking it is answered with %d", async (_, status, prepare) => {
    const plane = await openPlane();
    const id = await rootId(plane);
    await prepare(plane);
    for (const by of [undefined, plane.root]) {
      const answer = await revoke(plane, id, by);
      expect(answer.status).toBe(status);
      if (status === 409) expect(codeOf(answer)).toBe("last-key");
      if (status === 200) return;
    }
    expect((await plane.call("keys.current", {}, plane.root)).status).toBe(200);
  });

  test("cannot be retired while no successor of it works", async () => {
    const plane = await openPlane();
    const id = await rootId(plane);
    await plane.done("keys.rotate", { params: { id }, body: { grace_seconds: null, expires_in: 60 } });
    plane.pass(60 * second);
    const answer = await plane.call("keys.retire", { params: { id }, body: { grace_seconds: 0 } });
    expect([answer.status, codeOf(answer)]).toEqual([409, "rotation-missing"]);
  });

  test("is kept where its grace is over and its successor is the only one", async () => {
    const plane = await openPlane();
    const next = await plane.done("keys.rotate", {
      params: { id: await rootId(plane) },
      body: { grace_seconds: 0 },
    });
    expect(codeOf(await revoke(plane, next["id"] as string))).toBe("last-key");
    expect((await plane.call("keys.current", {}, next["key"] as string)).status).toBe(200);
  });

  test("is kept where two are revoked at the same moment: one of them is", async () => {
    const plane = await openPlane();
    const served = await plane.serve();
    const second = await plane.makeKey(["keys:write"]);
    const ids = [await rootId(plane), second.id];
    const answers = await Promise.all(
      [plane.root, second.key].map((key, index) =>
        served.send("POST", `/v1/keys/${ids[index] ?? ""}/revoke`, { key }),
      ),
    );
    expect(answers.map(({ status }) => status).sort()).toEqual([200, 409]);
    const crosswise = await openPlane();
    const other = await crosswise.makeKey(["keys:write"]);
    const root = await rootId(crosswise);
    const both = await Promise.all([
      revoke(crosswise, other.id, crosswise.root),
      revoke(crosswise, root, other.key),
    ]);
    // Whoever comes second asks with a key that works no more.
    expect(both.map(({ status }) => status).sort()).toEqual([200, 401]);
  });
});

describe("a revoked key", () => {
  test("stays as it is when it is revoked again", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["*"]);
    const first = await plane.done("keys.revoke", { params: { id } });
    expect(first).toMatchObject({ status: "revoked", revoked_at: at(plane, 0) });
    plane.pass(5000);
    expect(await plane.done("keys.revoke", { params: { id } })).toEqual(first);
    const { data } = await plane.done("activity.list", { query: { action: "key.revoked" } });
    expect(data).toHaveLength(1);
    expect(codeOf(await plane.call("keys.current", {}, key))).toBe("key-revoked");
  });

  test("does nothing that it had begun before: every change asks anew whether it works", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["*"]);
    await plane.done("keys.current", {}, key);
    const [revoked, ...others] = await Promise.all([
      plane.call("keys.revoke", { params: { id } }),
      create(plane, {}, key),
      plane.call("keys.rotate", { params: { id }, body: {} }, key),
      plane.call(
        "endpoints.create",
        { body: { url: "https://example.com", provider: "fareplay", events: ["*"] } },
        key,
      ),
    ]);
    expect(revoked.status).toBe(200);
    expect(others.map(codeOf)).toEqual(["key-revoked", "key-revoked", "key-revoked"]);
    expect((await plane.done("endpoints.list", { query: {} }))["data"]).toEqual([]);
    const { data } = await plane.done("activity.list", { query: { action: "key.refused" } });
    expect(data).toMatchObject([{ count: 3, actor: { key_id: id }, detail: { reason: "revoked" } }]);
  });

  test("leaves its children alive", async () => {
    const plane = await openPlane();
    const parent = await plane.makeKey(["*"]);
    const child = await plane.makeKey(["keys:read"], {}, parent.key);
    await plane.done("keys.revoke", { params: { id: parent.id } });
    expect((await plane.call("keys.current", {}, child.key)).status).toBe(200);
  });
});

test("keys are listed newest first, page by page, each once", async () => {
  const plane = await openPlane();
  const made: string[] = [];
  // The root key was made by another source of ids: only within one do they sort within a millisecond.
  plane.pass(1);
  for (let index = 0; index < 6; index++) {
    made.unshift((await plane.makeKey(["keys:read"])).id);
    if (index % 2 === 1) plane.pass(1);
  }
  const seen: string[] = [];
  for (let cursor: string | undefined; seen.length < 20;) {
    const query = cursor === undefined ? { limit: 3 } : { limit: 3, cursor };
    const page = (await plane.done("keys.list", { query })) as {
      data: { id: string }[];
      next_cursor: string | null;
    };
    seen.push(...page.data.map(({ id }) => id));
    if (page.next_cursor === null) break;
    cursor = page.next_cursor;
  }
  expect(seen.slice(0, 6)).toEqual(made);
  expect(seen).toHaveLength(7);
});
