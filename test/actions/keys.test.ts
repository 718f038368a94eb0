import { describe, expect, test } from "vitest";
import { createKey, readScopes, type KeyPlace } from "../../src/actions/keys.ts";
import { readAll } from "../../src/actions/pages.ts";
import { prepareRevocation, revokeKey } from "../../src/actions/revoke-key.ts";
import { HooklineError } from "../../src/errors.ts";
import type { RouteName, Scope } from "../../src/remote/contract.ts";
import { scopes as allScopes } from "../../src/remote/scopes.ts";
import { openPlane } from "../server/plane.ts";
import { remoteOf } from "./remotes.ts";

describe("scopes are read", () => {
  const keys: Scope[] = ["keys:read", "keys:write"];
  test.each<[texts: string[], scopes: Scope[], all: boolean]>([
    [["keys:read"], ["keys:read"], false],
    [["keys:read", "keys:write"], keys, false],
    [["keys:read, keys:write"], keys, false],
    [["keys:*"], keys, false],
    [["keys:*", "keys:read", "keys:read"], keys, false],
    [["events:write,keys:*"], ["events:write", ...keys], false],
    [["*"], [], true],
    [["keys:read,*"], ["keys:read"], true],
    [allScopes, allScopes, false],
  ])("%j", (texts, scopes, all) => expect(readScopes(texts)).toEqual({ scopes, all }));

  test.each<[texts: string[], named: string[], nextStep: RegExp]>([
    [["keys:reed"], ["keys:reed"], /^did you mean keys:read\?$/],
    [["keys:read,nope", "also:not"], ["nope", "also:not"], /^use keys:read, keys:write, /],
    [["*:read"], ["*:read"], /^/],
    [["keys"], ["keys"], /^/],
    [["KEYS:READ"], ["KEYS:READ"], /^/],
    [[""], [""], /^/],
    [["keys:read,"], [""], /^/],
    [["constructor:*"], ["constructor:*"], /^/],
  ])("or refused: %j", (texts, named, nextStep) => {
    let error: HooklineError | undefined;
    try {
      readScopes(texts);
    } catch (cause) {
      error = cause as HooklineError;
    }
    expect(error).toMatchObject({ code: "usage", exitCode: 2 });
    expect(error?.message).toBe(`--scope knows no ${named.map((name) => JSON.stringify(name)).join(", ")}`);
    expect(error?.nextSteps[0]).toMatch(nextStep);
  });
});

describe("a new key", () => {
  const failing: KeyPlace = {
    what: "the file",
    test: () => undefined,
    keep: () => Promise.reject(new HooklineError("full", "the disk is full")),
  };
  const wanted = { name: "ci", scopes: { scopes: ["events:read"] as Scope[], all: false } };

  test("has all scopes of its maker where * asks for them", async () => {
    const plane = await openPlane();
    const { key } = await plane.makeKey(["keys:write", "events:read"]);
    const made = await createKey(remoteOf(plane, { key }), {
      ...wanted,
      scopes: { scopes: [], all: true },
      places: [],
    });
    expect(made.scopes).toEqual(["keys:write", "events:read"]);
  });

  test("that is never to end is refused to a maker that ends, and has no end otherwise", async () => {
    const plane = await openPlane();
    const maker = (await plane.done("keys.create", {
      body: { name: "maker", scopes: ["keys:write", "events:read"], expires_in: 3600 },
    })) as { key: string };
    const endless = { ...wanted, expiresIn: null, places: [] };
    await expect(createKey(remoteOf(plane, { key: maker.key }), endless)).rejects.toMatchObject({
      code: "expiry-exceeded",
      exitCode: 3,
    });
    expect((await createKey(remoteOf(plane), endless)).expires_at).toBeNull();
  });

  test("is revoked where it cannot be kept", async () => {
    const plane = await openPlane();
    await expect(createKey(remoteOf(plane), { ...wanted, places: [failing] })).rejects.toMatchObject({
      code: "creation-undone",
      exitCode: 1,
      message: "the new key could not be kept, so it was revoked: the disk is full",
    });
    expect(await plane.done("keys.list", { query: { status: "live" } })).toMatchObject({
      data: [{ name: "root" }],
    });
  });

  test("is named where not even that can be done", async () => {
    const plane = await openPlane();
    const away = (name: RouteName): void => {
      if (name === "keys.revoke")
        throw new HooklineError("api-unreachable", "the API is away", { exitCode: 5 });
    };
    const error = (await createKey(remoteOf(plane, { before: away }), { ...wanted, places: [failing] }).catch(
      (cause: unknown) => cause,
    )) as HooklineError;
    const { data } = (await plane.done("keys.list")) as { data: { id: string; name: string }[] };
    const made = data.find(({ name }) => name === wanted.name);
    expect(error).toMatchObject({ code: "creation-not-undone", exitCode: 1 });
    expect(error.nextSteps).toEqual([`nobody has it, so revoke it: hookline keys revoke ${made?.id}`]);
  });
});

describe("before a key is revoked", () => {
  test("it is known what comes of it", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:read", "keys:write"]);
    const remote = remoteOf(plane, { key });
    expect(await prepareRevocation(remote, id)).toMatchObject({
      key: { id },
      isOwn: true,
      restores: undefined,
      made: [],
    });
    const open = { params: { id }, body: { grace_seconds: null } };
    const successor = (await plane.done("keys.rotate", open))["id"] as string;
    expect(await prepareRevocation(remote, successor)).toMatchObject({
      key: { id: successor },
      isOwn: false,
      restores: { id },
    });
    expect(await revokeKey(remote, successor)).toMatchObject({ status: "revoked" });
    expect(await prepareRevocation(remote, successor)).toMatchObject({ restores: undefined });
  });

  test("a key whose grace has begun is not said to live on", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read", "keys:write"]);
    const successor = (await plane.done("keys.rotate", { params: { id }, body: {} }))["id"] as string;
    expect(await prepareRevocation(remoteOf(plane), successor)).toMatchObject({ restores: undefined });
    await revokeKey(remoteOf(plane), successor);
    expect(await plane.done("keys.get", { params: { id } })).toMatchObject({
      status: "rotating",
      grace_ends_at: expect.any(String) as string,
    });
  });

  test("the live keys that it made are known, and no others", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:read", "keys:write"]);
    const remote = remoteOf(plane, { key });
    const make = async (name: string): Promise<string> => {
      const scopes = { scopes: ["keys:read"] as Scope[], all: false };
      return (await createKey(remote, { name, scopes, places: [] })).id;
    };
    const [first, dead, last] = [await make("first"), await make("dead"), await make("last")];
    await revokeKey(remote, dead);
    await plane.makeKey(["keys:read"]);
    const { made } = await prepareRevocation(remote, id);
    expect(made?.map((one) => one.id).sort()).toEqual([first, last].sort());
  });

  test("that they cannot be listed keeps nobody from revoking it", async () => {
    const plane = await openPlane();
    const { id } = await plane.makeKey(["keys:read"]);
    const away = (name: RouteName): void => {
      if (name === "keys.list") throw new HooklineError("api-unreachable", "the API is away");
    };
    const revocation = await prepareRevocation(remoteOf(plane, { before: away }), id);
    expect(revocation).toMatchObject({ key: { id }, made: undefined });
  });

  test("nothing is asked for that the key may not see", async () => {
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:write"]);
    const remote = remoteOf(plane, { key });
    expect(await prepareRevocation(remote, id)).toEqual({
      key: undefined,
      isOwn: true,
      restores: undefined,
      made: undefined,
    });
    expect(remote.log).toEqual(["keys.current"]);
  });
});

describe("a list read to its end", () => {
  const pages: Record<string, { data: number[]; next_cursor: string | null }> = {
    start: { data: [1, 2], next_cursor: "b" },
    b: { data: [3], next_cursor: "c" },
    c: { data: [], next_cursor: null },
    loop: { data: [4], next_cursor: "loop" },
  };
  const read = ({
    cursor = "start",
  }: {
    cursor?: string;
  }): Promise<{ data: number[]; next_cursor: string | null }> =>
    Promise.resolve(pages[cursor] ?? { data: [], next_cursor: null });

  test("holds every page from the cursor on", async () => {
    expect(await readAll(read)).toEqual({ data: [1, 2, 3], next_cursor: null });
    expect(await readAll(read, "b")).toEqual({ data: [3], next_cursor: null });
  });

  test("is given up where the API leads in a circle", async () => {
    await expect(readAll(read, "loop")).rejects.toMatchObject({ code: "api-answer-unexpected", exitCode: 5 });
  });
});
