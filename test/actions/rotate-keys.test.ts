import { chmodSync, mkdirSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { describe, expect, onTestFinished, test } from "vitest";
import type { KeyPlace } from "../../src/actions/keys.ts";
import { rotateKey, rotateKeyHere } from "../../src/actions/rotate-key.ts";
import type { Workspace } from "../../src/actions/workspace.ts";
import type { Connection } from "../../src/config/connection.ts";
import { loadProfiles, saveProfile, type ApiProfile } from "../../src/config/profiles.ts";
import { HooklineError } from "../../src/errors.ts";
import type { RouteName } from "../../src/remote/contract.ts";
import { openPlane, type Plane } from "../server/plane.ts";
import { remoteOf, type WatchedRemote } from "./remotes.ts";

const graceSeconds = 3600;

function place(
  what: string,
  log: string[],
  { fails = [] }: { fails?: (keyof KeyPlace)[] } = {},
): KeyPlace & { restore(): Promise<void> } {
  const act = (step: keyof KeyPlace): Promise<void> => {
    log.push(`${step} ${what}`);
    return fails.includes(step)
      ? Promise.reject(new HooklineError("full", `${what} is full`))
      : Promise.resolve();
  };
  return { what, test: () => act("test"), keep: () => act("keep"), restore: () => act("restore") };
}

/** A plane with a key, and a remote that acts as that key. */
async function setUp(fails: readonly RouteName[] = []): Promise<{
  plane: Plane;
  remote: WatchedRemote;
  id: string;
  key: string;
  keyNow: (id: string) => Promise<Record<string, unknown>>;
}> {
  const plane = await openPlane();
  const { id, key } = await plane.makeKey(["keys:read", "keys:write"]);
  const remote = remoteOf(plane, {
    key,
    before: (name) => {
      if (fails.includes(name))
        throw new HooklineError("api-unreachable", "the API is away", { exitCode: 5 });
    },
  });
  return { plane, remote, id, key, keyNow: (one) => plane.done("keys.get", { params: { id: one } }) };
}

/** The one key that is not the root key nor this one. */
async function successorOf(plane: Plane, id: string): Promise<Record<string, unknown> | undefined> {
  const { data } = (await plane.done("keys.list")) as { data: Record<string, unknown>[] };
  return data.find(({ replaces }) => replaces === id);
}

describe("a rotation", () => {
  test("begins the old key's grace only when the new one is kept everywhere", async () => {
    const { plane, remote, id, keyNow } = await setUp();
    const { log } = remote;
    const a = place("a", log);
    const b: KeyPlace = {
      ...place("b", log),
      async keep(made) {
        log.push("keep b");
        expect(await keyNow(id)).toMatchObject({ status: "rotating", grace_ends_at: null });
        expect(await plane.call("keys.current", {}, made.key)).toMatchObject({ status: 200 });
      },
    };
    const { made, old } = await rotateKey(remote, id, { graceSeconds, expiresIn: 7200, places: [a, b] });
    expect(log).toEqual(["test a", "test b", "keys.rotate", "keep a", "keep b", "keys.retire"]);
    const graceEnd = new Date(plane.time() + graceSeconds * 1000).toISOString();
    expect(old).toMatchObject({ id, status: "rotating", replaced_by: made.id, grace_ends_at: graceEnd });
    expect(made).toMatchObject({
      replaces: id,
      scopes: ["keys:read", "keys:write"],
      expires_at: new Date(plane.time() + 7_200_000).toISOString(),
    });
  });

  test("makes no key where a place could not keep one", async () => {
    const { plane, remote, id, keyNow } = await setUp();
    const places = [place("a", remote.log), place("b", remote.log, { fails: ["test"] })];
    await expect(rotateKey(remote, id, { graceSeconds, places })).rejects.toMatchObject({
      code: "full",
      exitCode: 1,
      message: "b is full; nothing was changed",
    });
    expect(remote.log).toEqual(["test a", "test b"]);
    expect(await keyNow(id)).toMatchObject({ status: "active" });
    expect(await successorOf(plane, id)).toBeUndefined();
  });

  test("is undone where a place fails: the new key dies, the places before hold the old one, which stays", async () => {
    const { plane, remote, id, keyNow } = await setUp();
    const { log } = remote;
    const places = [place("a", log), place("b", log), place("c", log, { fails: ["keep"] })];
    const error = (await rotateKey(remote, id, { graceSeconds, places }).catch(
      (cause: unknown) => cause,
    )) as Error;
    expect(error).toMatchObject({ code: "rotation-undone", exitCode: 1 });
    expect(error.message).toBe(
      `the new key could not be kept, so it was revoked, and ${id} stays as it was: c is full`,
    );
    expect(log.slice(3)).toEqual([
      "keys.rotate",
      "keep a",
      "keep b",
      "keep c",
      "restore b",
      "restore a",
      "keys.revoke",
    ]);
    expect(await keyNow(id)).toMatchObject({ status: "active", replaced_by: null, grace_ends_at: null });
    expect(await successorOf(plane, id)).toMatchObject({ status: "revoked" });
    // So that it can be tried again.
    expect(await rotateKey(remote, id, { graceSeconds, places: [] })).toMatchObject({ old: { id } });
  });

  test("says which key is left over where even that fails", async () => {
    const { plane, remote, id, keyNow } = await setUp(["keys.revoke"]);
    const places = [place("a", remote.log, { fails: ["keep"] })];
    const error = (await rotateKey(remote, id, { graceSeconds, places }).catch(
      (cause: unknown) => cause,
    )) as HooklineError;
    const made = (await successorOf(plane, id))?.["id"] as string;
    expect(error).toMatchObject({ code: "rotation-not-undone", exitCode: 1 });
    expect(error.message).toMatch(new RegExp(`${made}.*a is full.*the API is away.*${id} stays as it was$`));
    expect(error.nextSteps).toContain(`nobody has it, so revoke it: hookline keys revoke ${made}`);
    expect(await keyNow(id)).toMatchObject({ status: "rotating", grace_ends_at: null });
  });

  test("leaves a key alive that a place holds and cannot give back", async () => {
    const { plane, remote, id } = await setUp();
    const { log } = remote;
    const places = [place("a", log, { fails: ["restore"] }), place("b", log, { fails: ["keep"] })];
    await expect(rotateKey(remote, id, { graceSeconds, places })).rejects.toMatchObject({
      code: "rotation-not-undone",
      message: expect.stringContaining("a holds it and could not be put back (a is full)") as string,
    });
    expect(log).not.toContain("keys.revoke");
    expect(await successorOf(plane, id)).toMatchObject({ status: "active" });
  });

  test("returns the new key even where the grace cannot begin", async () => {
    const { plane, remote, id, keyNow } = await setUp(["keys.retire"]);
    const rotation = await rotateKey(remote, id, { graceSeconds, places: [place("a", remote.log)] });
    const { made } = rotation;
    expect(rotation).toMatchObject({
      old: undefined,
      failure: {
        code: "grace-not-begun",
        exitCode: 1,
        nextSteps: [
          `once the new key is in use, end the old one: hookline keys revoke ${id}`,
          `or undo the rotation: hookline keys revoke ${made.id}`,
        ],
      },
    });
    expect(await plane.call("keys.current", {}, made.key)).toMatchObject({ status: 200 });
    expect(await keyNow(id)).toMatchObject({ status: "rotating", grace_ends_at: null });
    // What the message tells to do ends it.
    expect(await plane.call("keys.revoke", { params: { id } })).toMatchObject({ status: 200 });
  });

  test("no key is in any message", async () => {
    for (const fails of [[], ["keys.revoke"], ["keys.retire"]] as RouteName[][]) {
      const { plane, remote, id } = await setUp(fails);
      const seen: string[] = [];
      const failing: KeyPlace = {
        ...place("a", remote.log),
        keep: ({ key }) => {
          seen.push(key);
          if (!fails.includes("keys.retire")) throw new HooklineError("full", "a is full");
        },
      };
      const result = (await rotateKey(remote, id, { graceSeconds, places: [failing] }).catch(
        (cause: unknown) => ({ failure: cause }),
      )) as { failure: HooklineError };
      expect(seen).toHaveLength(1);
      const told = [result.failure.message, ...result.failure.nextSteps].join("\n");
      expect(told).not.toContain(seen[0]);
      expect(plane.events).toEqual([]);
    }
  });
});

describe("a rotation on this machine", () => {
  const show = (): Promise<void> => Promise.resolve();
  const profile = (key: string, keyId: string): ApiProfile => ({
    kind: "api",
    url: "https://api.example",
    key,
    keyId,
    account: "acme",
    servedBy: "serve",
  });
  const connection = (key: string, more: Partial<Connection> = {}): Connection =>
    ({
      kind: "api",
      url: new URL("https://api.example"),
      key,
      profile: "work",
      profileSource: "current",
      urlSource: "profile",
      keySource: "profile",
      allowHttp: false,
      shadowed: [],
      ...more,
    }) as Connection;

  function folders(): { home: string; file: string; workspace: Pick<Workspace, "host"> } {
    const home = mkdtempSync(join(tmpdir(), "hookline-rotate-"));
    onTestFinished(() => rmSync(home, { recursive: true, force: true }));
    const workspace = { host: { environment: { home }, cwd: home } } as unknown as Pick<Workspace, "host">;
    return { home, file: join(home, ".env"), workspace };
  }

  test("of the profile's own key puts the new one into the profile, and leaves its other fields", async () => {
    const { remote, id, key } = await setUp();
    const { home, file, workspace } = folders();
    await saveProfile(home, "work", profile(key, id), { use: true });
    await saveProfile(home, "copy", profile(key, id));
    const rotation = await rotateKeyHere(workspace, remote, connection(key), id, {
      graceSeconds,
      show,
      writeEnv: { file, name: "API_KEY" },
    });
    const { made } = rotation;
    expect(rotation).toMatchObject({ updatedProfile: "work", staleProfiles: ["copy"], isInVariable: false });
    const book = await loadProfiles(home);
    expect(book.current).toBe("work");
    expect(book.get("work")).toEqual(profile(made.key, made.id));
    expect(book.get("copy")).toEqual(profile(key, id));
    expect(readFileSync(file, "utf8")).toBe(`API_KEY=${made.key}\n`);
  });

  test("puts the profile back where the file, good before, cannot be written any more", async () => {
    const { home, file, workspace } = folders();
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:write"]);
    await saveProfile(home, "work", profile(key, id));
    const remote = remoteOf(plane, {
      key,
      before: (name) => {
        if (name === "keys.rotate") mkdirSync(file);
      },
    });
    await expect(
      rotateKeyHere(workspace, remote, connection(key), id, {
        graceSeconds,
        show,
        writeEnv: { file, name: "API_KEY" },
      }),
    ).rejects.toMatchObject({ code: "rotation-undone", exitCode: 1 });
    expect((await loadProfiles(home)).get("work")).toEqual(profile(key, id));
    expect(await plane.call("keys.current", {}, key)).toMatchObject({
      status: 200,
      body: { key: { status: "active", replaced_by: null } },
    });
    expect(await successorOf(plane, id)).toMatchObject({ status: "revoked" });
  });

  // Root may write anywhere.
  test.skipIf(process.getuid?.() === 0)("makes no key where the profile cannot be written", async () => {
    const { remote, id, key } = await setUp();
    const { home, workspace } = folders();
    await saveProfile(home, "work", profile(key, id));
    chmodSync(home, 0o500);
    onTestFinished(() => chmodSync(home, 0o700));
    await expect(
      rotateKeyHere(workspace, remote, connection(key), id, { graceSeconds, show }),
    ).rejects.toMatchObject({ code: "home-unwritable", exitCode: 1 });
    expect(remote.log).toEqual(["keys.current"]);
  });

  test.each(["environment", "env-file"] as const)(
    "leaves the profile alone where the key is of the %s",
    async (keySource) => {
      const { remote, id, key } = await setUp();
      const { home, workspace } = folders();
      await saveProfile(home, "work", profile("hk_other", "key_other"));
      const rotation = await rotateKeyHere(workspace, remote, connection(key, { keySource }), id, {
        graceSeconds,
        show,
      });
      expect(rotation).toMatchObject({ updatedProfile: undefined, staleProfiles: [], isInVariable: true });
      expect((await loadProfiles(home)).get("work")).toEqual(profile("hk_other", "key_other"));
    },
  );

  test("of another key than the one in use touches no profile", async () => {
    const { plane, remote, id, key } = await setUp();
    const { home, workspace } = folders();
    await saveProfile(home, "work", profile(key, id));
    const other = await plane.makeKey(["keys:read"]);
    const rotation = await rotateKeyHere(workspace, remote, connection(key), other.id, {
      graceSeconds,
      show,
    });
    expect(rotation).toMatchObject({ updatedProfile: undefined, staleProfiles: [], isInVariable: false });
    expect((await loadProfiles(home)).get("work")).toEqual(profile(key, id));
  });

  test("shows the new key before the old one's grace begins, and undoes all where it does not arrive", async () => {
    const { plane, remote, id, key } = await setUp();
    const { home, workspace } = folders();
    await saveProfile(home, "work", profile(key, id));
    const lost = (): Promise<void> => Promise.reject(new HooklineError("output-failed", "the disk is full"));
    await expect(
      rotateKeyHere(workspace, remote, connection(key), id, { graceSeconds, show: lost }),
    ).rejects.toMatchObject({ code: "rotation-undone", exitCode: 1 });
    expect((await loadProfiles(home)).get("work")).toEqual(profile(key, id));
    expect(remote.log).not.toContain("keys.retire");
    expect(await successorOf(plane, id)).toMatchObject({ status: "revoked" });

    remote.log.length = 0;
    await rotateKeyHere(workspace, remote, connection(key), id, {
      graceSeconds,
      async show(made, updatedProfile) {
        remote.log.push(`show ${updatedProfile}`);
        expect((await loadProfiles(home)).get("work")).toEqual(profile(made.key, made.id));
      },
    });
    expect(remote.log).toEqual(["keys.current", "keys.rotate", "show work", "keys.retire"]);
  });

  test("loses no key that another process put into the profile meanwhile", async () => {
    const { home, workspace } = folders();
    const plane = await openPlane();
    const { id, key } = await plane.makeKey(["keys:write"]);
    const theirs = profile("hk_theirs", "key_theirs");
    await saveProfile(home, "work", profile(key, id));
    const remote = remoteOf(plane, { key });
    const call = remote.call.bind(remote);
    remote.call = async (name, input) => {
      const answer = await call(name, input);
      if (name === "keys.rotate") await saveProfile(home, "work", theirs);
      return answer;
    };
    await expect(
      rotateKeyHere(workspace, remote, connection(key), id, { graceSeconds, show }),
    ).rejects.toMatchObject({
      code: "rotation-undone",
      message: expect.stringContaining("the profile work holds another key by now") as string,
    });
    expect((await loadProfiles(home)).get("work")).toEqual(theirs);
    expect(await successorOf(plane, id)).toMatchObject({ status: "revoked" });
    expect(await plane.call("keys.current", {}, key)).toMatchObject({ body: { key: { status: "active" } } });

    // What is put back is the key alone, and only where the profile still holds the new one.
    await saveProfile(home, "work", profile(key, id));
    remote.call = call;
    const late = async (): Promise<void> => {
      await saveProfile(home, "work", theirs);
      throw new HooklineError("output-failed", "the disk is full");
    };
    await expect(
      rotateKeyHere(workspace, remote, connection(key), id, { graceSeconds, show: late }),
    ).rejects.toMatchObject({ code: "rotation-undone" });
    expect((await loadProfiles(home)).get("work")).toEqual(theirs);
  });
});
