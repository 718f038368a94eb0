import { describe, expect, test } from "vitest";
import type { Scope } from "../../src/remote/contract.ts";
import { openPlane, type Plane } from "./plane.ts";

const second = 1000;
const hour = 3600;

type Key = Record<string, unknown> & { id: string; key: string };

const at = (plane: Plane, seconds: number): string => new Date(plane.time() + seconds * second).toISOString();
const codeOf = ({ body }: { body: unknown }): unknown => (body as { code?: string }).code;
const tryRotate = (plane: Plane, id: string, body: object = {}, by?: string) =>
  plane.call("keys.rotate", { params: { id }, body }, by);
const rotate = async (plane: Plane, id: string, body: object = {}, by?: string): Promise<Key> =>
  (await plane.done("keys.rotate", { params: { id }, body }, by)) as Key;
const get = (plane: Plane, id: string) => plane.done("keys.get", { params: { id } });
const works = async (plane: Plane, key: string): Promise<boolean> =>
  (await plane.call("keys.current", {}, key)).status === 200;
const revoke = (plane: Plane, id: string) => plane.done("keys.revoke", { params: { id } });

describe("a rotated key", () => {
  test("and its successor both work until the grace ends", async () => {
    const plane = await openPlane();
    const old = await plane.makeKey(["keys:write", "events:read"], { name: "CI" });
    const next = await rotate(plane, old.id, { grace_seconds: 60 });
    expect(next).toMatchObject({
      name: "CI",
      scopes: ["keys:write", "events:read"],
      replaces: old.id,
      status: "active",
    });
    expect(await get(plane, old.id)).toMatchObject({
      status: "rotating",
      replaced_by: next.id,
      grace_ends_at: at(plane, 60),
    });
    plane.pass(60 * second - 1);
    expect([await works(plane, old.key), await works(plane, next.key)]).toEqual([true, true]);
    plane.pass(1);
    expect([await works(plane, old.key), await works(plane, next.key)]).toEqual([false, true]);
    expect(codeOf(await plane.call("keys.current", {}, old.key))).toBe("key-replaced");
  });

  test.each<[string, object, number | null]>([
    ["a day where none is given", {}, 86_400],
    ["none", { grace_seconds: 0 }, 0],
    ["open", { grace_seconds: null }, null],
    ["a year at most", { grace_seconds: 31_536_000 }, 31_536_000],
  ])("has a grace: %s", async (_, body, seconds) => {
    const plane = await openPlane();
    const old = await plane.makeKey(["keys:read"]);
    await rotate(plane, old.id, body);
    expect((await get(plane, old.id))["grace_ends_at"]).toBe(seconds === null ? null : at(plane, seconds));
    expect(await works(plane, old.key)).toBe(seconds !== 0);
  });

  test.each([[-1], [0.5], ["60"], [31_536_001]])("has no grace of %j", async (grace_seconds) => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"]);
    expect(codeOf(await tryRotate(plane, id, { grace_seconds }))).toBe("body-invalid");
  });

  test("lives no longer for its grace than it would have", async () => {
    const plane = await openPlane();
    const old = await plane.makeKey(["keys:read"], { expires_in: 60 });
    await rotate(plane, old.id, { grace_seconds: hour });
    plane.pass(60 * second);
    expect(codeOf(await plane.call("keys.current", {}, old.key))).toBe("key-expired");
  });

  test("cannot be rotated again within the grace (409), nor after it (410), by anybody", async () => {
    const plane = await openPlane();
    const old = await plane.makeKey(["*"]);
    const next = await rotate(plane, old.id, { grace_seconds: 60 });
    for (const by of [undefined, plane.root, next.key, old.key]) {
      const answer = await tryRotate(plane, old.id, {}, by);
      expect([answer.status, codeOf(answer)]).toEqual([409, "rotation-under-way"]);
    }
    plane.pass(60 * second);
    for (const by of [undefined, plane.root, next.key]) {
      const answer = await tryRotate(plane, old.id, {}, by);
      expect([answer.status, codeOf(answer)]).toEqual([410, "key-dead"]);
    }
  });

  test.each<[string, (plane: Plane, id: string) => Promise<unknown>]>([
    ["expired", (plane) => Promise.resolve(plane.pass(hour * second))],
    ["revoked", revoke],
  ])("is not to be had once it is %s: 410", async (_, end) => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"], { expires_in: hour });
    await end(plane, id);
    expect(codeOf(await tryRotate(plane, id))).toBe("key-dead");
    expect(codeOf(await plane.call("keys.retire", { params: { id }, body: { grace_seconds: 0 } }))).toBe(
      "key-dead",
    );
  });

  test.each([[86_400], [0]])(
    "has one successor, however many ask at the same moment (grace %d)",
    async (grace_seconds) => {
      const plane = await openPlane();
      const served = await plane.serve();
      const old = await plane.makeKey(["*"]);
      const answers = await Promise.all(
        [old.key, plane.root, old.key, plane.root, plane.root].map((key) =>
          served.send("POST", `/v1/keys/${old.id}/rotate`, { key, body: { grace_seconds } }),
        ),
      );
      expect(answers.filter(({ status }) => status === 201)).toHaveLength(1);
      const { data } = (await plane.done("keys.list", { query: {} })) as {
        data: { replaces: string | null }[];
      };
      expect(data.filter(({ replaces }) => replaces === old.id)).toHaveLength(1);
    },
  );
});

describe("the life of a successor", () => {
  /** Life of the key that is rotated, of the one that asks (`self`: itself), and what is asked for, in seconds. */
  test.each<
    [number | undefined, number | "self" | "embedded" | "root", number | undefined, number | null | "refused"]
  >([
    [undefined, "self", undefined, null],
    [undefined, "self", hour, hour],
    [undefined, "root", undefined, null],
    [undefined, "embedded", undefined, null],
    [undefined, hour, undefined, "refused"],
    [undefined, hour, hour, hour],
    [undefined, hour, hour + 1, "refused"],
    [hour, "self", undefined, hour],
    [hour, "self", hour, hour],
    [hour, "self", hour - 1, hour - 1],
    [hour, "self", hour + 1, "refused"],
    [hour, "root", undefined, hour],
    [hour, "root", 5 * hour, 5 * hour],
    [hour, "embedded", 5 * hour, 5 * hour],
    [5 * hour, hour, undefined, "refused"],
    [5 * hour, hour, hour, hour],
    [hour, 5 * hour, undefined, hour],
    [hour, 5 * hour, 5 * hour, 5 * hour],
    [hour, 5 * hour, 5 * hour + 1, "refused"],
  ])("of one of %j s, made by %j, asked for %j: %j", async (life, by, wanted, expected) => {
    const plane = await openPlane();
    const old = await plane.makeKey(["*"], life === undefined ? {} : { expires_in: life });
    const asker =
      by === "embedded"
        ? undefined
        : by === "root"
          ? plane.root
          : by === "self"
            ? old.key
            : (await plane.makeKey(["*"], { expires_in: by })).key;
    const answer = await tryRotate(plane, old.id, wanted === undefined ? {} : { expires_in: wanted }, asker);
    if (expected === "refused") {
      expect([answer.status, codeOf(answer)]).toEqual([403, "expiry-exceeded"]);
      expect((await get(plane, old.id))["status"]).toBe("active");
    } else {
      const end = expected === null ? null : at(plane, expected);
      expect((answer.body as Key)["expires_at"]).toBe(end);
    }
  });

  test("made by itself ends when that ends, through any chain", async () => {
    const plane = await openPlane();
    let current = (await plane.makeKey(["*"], { expires_in: 3 * hour })) as Key;
    const end = at(plane, 3 * hour);
    for (let turn = 0; turn < 3; turn++) {
      plane.pass(hour * second - second);
      current = await rotate(plane, current.id, { grace_seconds: 0 }, current.key);
      expect(current).toMatchObject({ expires_at: end, created_by: null });
      expect(codeOf(await tryRotate(plane, current.id, { expires_in: null }, current.key))).toBe(
        "expiry-exceeded",
      );
    }
    plane.pass(3 * second);
    expect(await works(plane, current.key)).toBe(false);
  });

  test("is not prolonged by two keys that rotate each other", async () => {
    const plane = await openPlane();
    const creator = await plane.makeKey(["*"], { expires_in: 2 * hour });
    const end = plane.time() + 2 * hour * second;
    let pair = [
      (await plane.makeKey(["*"], { expires_in: hour }, creator.key)) as Key,
      (await plane.makeKey(["*"], { expires_in: hour }, creator.key)) as Key,
    ] as const;
    for (let turn = 0; turn < 8; turn++) {
      plane.pass((hour * second) / 4);
      const [one, other] = pair;
      const answer = await tryRotate(plane, other.id, { grace_seconds: 0 }, one.key);
      if (answer.status !== 201) break;
      expect(Date.parse((answer.body as Key)["expires_at"] as string)).toBeLessThanOrEqual(end);
      pair = [answer.body as Key, one];
    }
    plane.pass(end - plane.time());
    expect([await works(plane, pair[0].key), await works(plane, pair[1].key)]).toEqual([false, false]);
  });

  test.each<[string, readonly Scope[], number]>([
    ["all it has", ["keys:write", "events:read"], 201],
    ["more than it has", ["keys:write", "events:read", "activity:read"], 201],
    ["not all it has", ["keys:write"], 403],
  ])("can be given by a key that has %s: %o: %d", async (_, scopes, status) => {
    const plane = await openPlane();
    const old = await plane.makeKey(["keys:write", "events:read"]);
    const { key } = await plane.makeKey(scopes);
    const answer = await tryRotate(plane, old.id, {}, key);
    expect([answer.status, codeOf(answer)]).toEqual([status, status === 201 ? undefined : "scope-exceeded"]);
    expect((await get(plane, old.id))["status"]).toBe(status === 201 ? "rotating" : "active");
  });
});

describe("a rotation left open", () => {
  const retire = (plane: Plane, id: string, grace_seconds: number) =>
    plane.call("keys.retire", { params: { id }, body: { grace_seconds } });

  test("goes on until the old key is retired", async () => {
    const plane = await openPlane();
    const old = await plane.makeKey(["keys:read"]);
    await rotate(plane, old.id, { grace_seconds: null });
    plane.pass(1000 * 86_400 * second);
    expect(await works(plane, old.key)).toBe(true);
    expect(await get(plane, old.id)).toMatchObject({ status: "rotating", grace_ends_at: null });
    expect((await retire(plane, old.id, 60)).body).toMatchObject({
      status: "rotating",
      grace_ends_at: at(plane, 60),
    });
    plane.pass(60 * second);
    expect(await works(plane, old.key)).toBe(false);
    expect(codeOf(await retire(plane, old.id, 60))).toBe("key-dead");
  });

  test("is shortened by retiring it again, never prolonged", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"]);
    await rotate(plane, id, { grace_seconds: 60 });
    expect((await retire(plane, id, 120)).body).toMatchObject({ grace_ends_at: at(plane, 60) });
    expect((await retire(plane, id, 30)).body).toMatchObject({ grace_ends_at: at(plane, 30) });
    expect((await retire(plane, id, 0)).body).toMatchObject({
      status: "replaced",
      grace_ends_at: at(plane, 0),
    });
  });

  test("is what retiring needs: 409 without, 422 without a grace", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"]);
    expect(codeOf(await retire(plane, id, 0))).toBe("rotation-missing");
    expect(codeOf(await plane.call("keys.retire", { params: { id }, body: {} }))).toBe("body-invalid");
    expect((await get(plane, id))["status"]).toBe("active");
  });
});

describe("revoking a successor", () => {
  test("gives the old key its place back while the grace has not begun", async () => {
    const plane = await openPlane();
    const old = await plane.makeKey(["keys:read"]);
    const next = await rotate(plane, old.id, { grace_seconds: null });
    await revoke(plane, next.id);
    expect(await get(plane, old.id)).toMatchObject({
      status: "active",
      replaced_by: null,
      grace_ends_at: null,
    });
    plane.pass(1000 * hour * second);
    expect([await works(plane, old.key), await works(plane, next.key)]).toEqual([true, false]);
    const again = await rotate(plane, old.id);
    expect(await get(plane, old.id)).toMatchObject({ replaced_by: again.id });
  });

  test("changes nothing of a grace that has begun, whoever does it", async () => {
    const plane = await openPlane();
    for (const by of ["root", "old", "child"]) {
      const old = await plane.makeKey(["keys:read", "keys:write"]);
      const next = await rotate(plane, old.id, { grace_seconds: 60 });
      const child = await plane.makeKey(["keys:write"], {}, old.key);
      const key = { root: plane.root, old: old.key, child: child.key }[by];
      await plane.done("keys.revoke", { params: { id: next.id } }, key);
      for (const asker of [plane.root, old.key])
        expect(codeOf(await tryRotate(plane, old.id, { grace_seconds: 3600 }, asker))).toBe(
          "rotation-under-way",
        );
      const prolonged = await tryRotate(plane, child.id, { expires_in: 61 }, child.key);
      expect(codeOf(prolonged)).toBe("expiry-exceeded");
      plane.pass(60 * second);
      expect([await works(plane, old.key), await works(plane, child.key)]).toEqual([false, false]);
    }
  });

  test("brings back no key that is over", async () => {
    const plane = await openPlane();
    const old = await plane.makeKey(["keys:read"]);
    const next = await rotate(plane, old.id, { grace_seconds: 60 });
    plane.pass(60 * second);
    await revoke(plane, next.id);
    expect(await get(plane, old.id)).toMatchObject({ status: "replaced", replaced_by: next.id });
    expect(await works(plane, old.key)).toBe(false);
  });

  test("that has a successor itself leaves the first key in rotation: the last has its place", async () => {
    const plane = await openPlane();
    const first = await plane.makeKey(["keys:read"]);
    const middle = await rotate(plane, first.id, { grace_seconds: 60 });
    const last = await rotate(plane, middle.id, { grace_seconds: null });
    await revoke(plane, middle.id);
    expect(await get(plane, first.id)).toMatchObject({ status: "rotating", grace_ends_at: at(plane, 60) });
    expect(codeOf(await tryRotate(plane, first.id))).toBe("rotation-under-way");
    plane.pass(60 * second);
    expect([await works(plane, first.key), await works(plane, last.key)]).toEqual([false, true]);
  });

  test("of a successor gives the middle key its place back, and then the first", async () => {
    const plane = await openPlane();
    const first = await plane.makeKey(["keys:read"]);
    const middle = await rotate(plane, first.id, { grace_seconds: null });
    const last = await rotate(plane, middle.id, { grace_seconds: null });
    await revoke(plane, last.id);
    expect([(await get(plane, first.id))["status"], (await get(plane, middle.id))["status"]]).toEqual([
      "rotating",
      "active",
    ]);
    await revoke(plane, middle.id);
    expect(await get(plane, first.id)).toMatchObject({ status: "active", replaced_by: null });
  });
});

test("a key whose successor has expired can be rotated again", async () => {
  const plane = await openPlane();
  const old = await plane.makeKey(["keys:read"]);
  await rotate(plane, old.id, { grace_seconds: null, expires_in: 60 });
  plane.pass(60 * second);
  const next = await rotate(plane, old.id, { grace_seconds: 60 });
  expect(await get(plane, old.id)).toMatchObject({ replaced_by: next.id, grace_ends_at: at(plane, 60) });
});
