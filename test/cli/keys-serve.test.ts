import { readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer } from "./run-servers.ts";
import { createPlace, run, start, type Finished, type Place, type Started } from "./spawn.ts";

interface Profiles {
  current: string;
  profiles: Record<string, Record<string, unknown> & { key: string; keyId: string }>;
}

const fileOf = (place: Place): string => join(place.home, ".local/share/hookline/profiles.json");
const profilesOf = (place: Place): Profiles => JSON.parse(readFileSync(fileOf(place), "utf8")) as Profiles;

/** A server whose root key is in the profile `local`, which is the current one. */
async function serve(place: Place): Promise<Started> {
  const server = start(["serve", "--port", "0", "--json", "--use"], { place });
  await server.ready();
  return server;
}

async function json<Shape = Record<string, unknown>>(
  place: Place,
  args: readonly string[],
  env = {},
): Promise<Shape> {
  const finished = await run([...args, "--json"], { place, env });
  expect(finished).toMatchObject({ code: 0 });
  return JSON.parse(finished.stdout) as Shape;
}

const codeOf = ({ stderr }: Finished): string =>
  (JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as { error: { code: string } }).error.code;

describe("keys of a server", () => {
  test("are made, limited, revoked and refused as those of this machine", async () => {
    const place = createPlace();
    const server = await serve(place);
    const made = await json<{ id: string; key: string }>(place, [
      "keys",
      "create",
      "--name",
      "ci",
      "--scope",
      "keys:read",
    ]);
    const env = { HOOKLINE_API_KEY: made.key };
    expect(await json(place, ["keys", "show", made.id], env)).toMatchObject({
      created_by: profilesOf(place).profiles["local"]?.keyId,
      last_used_address: "127.0.0.1",
    });
    const denied = await run(["keys", "revoke", made.id, "--yes", "--json"], { place, env });
    expect([denied.code, codeOf(denied)]).toEqual([3, "scope-missing"]);
    const unknown = await run(["keys", "show", `key_${"0".repeat(26)}`, "--json"], { place });
    expect([unknown.code, codeOf(unknown)]).toEqual([4, "not-found"]);
    await json(place, ["keys", "revoke", made.id, "--yes"]);
    const dead = await run(["keys", "list", "--json"], { place, env });
    expect([dead.code, codeOf(dead)]).toEqual([3, "key-revoked"]);
    const { data } = await json<{ data: unknown[] }>(place, ["keys", "audit"]);
    expect(data[0]).toMatchObject({
      finding: "dead-key-used",
      key: { id: made.id },
      addresses: ["127.0.0.1"],
    });
    const { data: log } = await json<{ data: { action: string; actor: { name: string } }[] }>(place, [
      ...["activity", "list", "--key", made.id],
    ]);
    expect(log.map(({ action, actor }) => `${action} by ${actor.name}`)).toEqual([
      ...[
        "key.refused by ci",
        "key.revoked by root",
        "key.denied by ci",
        "key.used by ci",
        "key.created by root",
      ],
    ]);
    expect(server.stderr()).not.toMatch(/hk_[0-9A-Za-z]{36}/);
  });

  test("rotating the profile's own key updates the profile, and nothing else of it", async () => {
    const place = createPlace();
    await serve(place);
    const before = profilesOf(place);
    const old = before.profiles["local"];
    const { stdout, stderr, code } = await run(
      ["keys", "rotate", old?.keyId ?? "", "--grace", "0", "--write-env", ".env:API_KEY", "--json"],
      { place },
    );
    expect(code).toBe(0);
    const made = JSON.parse(stdout) as { id: string };
    expect(made).toMatchObject({ profile_updated: "local", replaced: { id: old?.keyId } });
    expect(stderr).toContain("the profile local holds the new key");
    expect(stderr).not.toContain("warning");
    const key = /^API_KEY=(.*)\n$/.exec(readFileSync(join(place.cwd, ".env"), "utf8"))?.[1];
    expect(profilesOf(place)).toEqual({ ...before, profiles: { local: { ...old, key, keyId: made.id } } });
    expect(statSync(fileOf(place)).mode & 0o777).toBe(0o600);
    // The old one is dead by now, so this is the new one at work.
    const { data } = await json<{ data: unknown[] }>(place, ["keys", "list"]);
    expect(data).toMatchObject([
      { id: made.id, status: "active" },
      { id: old?.keyId, status: "replaced" },
    ]);
  });

  test("a rotation that cannot be written leaves the profile and its key as they were", async () => {
    const place = createPlace();
    await serve(place);
    const before = readFileSync(fileOf(place), "utf8");
    const id = profilesOf(place).profiles["local"]?.keyId ?? "";
    const failed = await run(["keys", "rotate", id, "--write-env", ".:API_KEY", "--json"], { place });
    expect([failed.code, codeOf(failed)]).toEqual([1, "env-file-unwritable"]);
    expect(readFileSync(fileOf(place), "utf8")).toBe(before);
    expect(await json(place, ["keys", "show", id])).toMatchObject({ status: "active", replaced_by: null });
  });

  test("rotating it without the profile warns that the profile holds the old one", async () => {
    const place = createPlace();
    await serve(place);
    const { keyId: id = "" } = profilesOf(place).profiles["local"] ?? {};
    const { code, stderr } = await run(["keys", "rotate", id, "--profile", "embedded"], { place });
    expect(code).toBe(0);
    expect(stderr).toMatch(
      /^warning: the profile local still holds the old key, which works until .*: log in there/m,
    );
    expect(await json(place, ["keys", "list"])).toMatchObject({
      data: [{ replaces: id }, { id, status: "rotating" }],
    });
  });

  test("a server that is away is exit 5, and a damaged profile file exit 2", async () => {
    const place = createPlace();
    const server = await serve(place);
    server.kill("SIGTERM");
    expect((await server.finished).code).toBe(0);
    const away = await run(["keys", "list", "--json"], { place });
    expect([away.code, codeOf(away)]).toEqual([5, "api-unreachable"]);
    writeFileSync(fileOf(place), "{");
    const damaged = await run(["keys", "list", "--json"], { place });
    expect([damaged.code, codeOf(damaged)]).toEqual([2, "profiles-damaged"]);
  });
});

/** An API that is not hookline's own: it answers each route with what it is given, by method and path. */
async function fakeApi(
  answers: Record<string, readonly [status: number, body: unknown]>,
): Promise<Record<string, string>> {
  const server = await startServer((request, response) => {
    const path = (request.url ?? "").split("?")[0];
    const [status, body] = answers[`${request.method} ${request.url}`] ??
      answers[`${request.method} ${path}`] ?? [404, {}];
    response.writeHead(status, { "content-type": "application/json" });
    response.end(JSON.stringify(body));
  });
  return { HOOKLINE_API_URL: `http://127.0.0.1:${server.port}`, HOOKLINE_API_KEY: `hk_${"0".repeat(36)}` };
}

const someKey = {
  ...{
    id: "key_a",
    name: "test",
    hint: "hk_…0000",
    provider: null,
    scopes: ["keys:write"],
    status: "active",
  },
  ...{ created_at: "2026-03-17T14:32:00.000Z", created_by: null, expires_at: null, replaces: null },
  ...{
    replaced_by: null,
    grace_ends_at: null,
    revoked_at: null,
    last_used_at: null,
    last_used_address: null,
  },
};
const account = { id: "acct_a", name: "acme" };

describe("an API of another", () => {
  test("gets nothing raw onto the screen", async () => {
    const evil = "\u001b]0;PWN\u0007\u202e\n::error::PWN";
    const key = {
      ...someKey,
      ...{
        name: evil,
        hint: evil,
        provider: evil,
        created_by: "key_a",
        last_used_address: evil,
      },
    };
    const entry = {
      ...{ id: "act_a", at: key.created_at, last_at: key.created_at, count: 2, action: evil, address: evil },
      ...{ actor: { kind: "key", key_id: evil, name: evil }, subject: { id: evil, name: evil } },
      detail: { [evil]: evil },
    };
    const dead = { ...key, id: "key_c", status: "revoked", revoked_at: key.created_at };
    const made = { ...key, id: "key_d" };
    const env = await fakeApi({
      "GET /v1/keys": [200, { data: [made], next_cursor: evil }],
      "GET /v1/keys?status=live&limit=100": [200, { data: [made], next_cursor: null }],
      "GET /v1/keys/key_a": [200, { ...key, created_by: evil }],
      "GET /v1/keys/key_c": [200, dead],
      "POST /v1/keys/key_a/revoke": [200, key],
      "POST /v1/keys": [201, { ...key, key: evil }],
      "GET /v1/keys/current": [200, { account, key, scopes: ["keys:read"] }],
      "GET /v1/activity": [200, { data: [entry], next_cursor: evil }],
    });
    const commands = [
      ["keys", "list"],
      ["keys", "show", "key_a"],
      ["keys", "revoke", "key_a"],
      ["keys", "revoke", "key_a", "--yes"],
      ["keys", "revoke", "key_c"],
      ["keys", "create", "--name", "x", "--scope", "keys:read"],
      ["activity", "list"],
    ].flatMap((args) => [args, [...args, "--json"]]);
    for (const { stdout, stderr } of await Promise.all(commands.map((args) => run(args, { env })))) {
      expect(stdout + stderr).toContain("PWN");
      expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|^\s*::/m);
    }
  });

  test("may fail between the two steps of a rotation: the new key is shown all the same", async () => {
    const key = `hk_${"1".repeat(36)}`;
    const env = await fakeApi({
      "GET /v1/keys/current": [200, { account, key: someKey, scopes: ["keys:write"] }],
      "POST /v1/keys/key_a/rotate": [201, { ...someKey, id: "key_b", replaces: "key_a", key }],
      "POST /v1/keys/key_a/retire": [500, {}],
    });
    const forPeople = await run(["keys", "rotate", "key_a"], { env });
    expect(forPeople).toMatchObject({ code: 1, stdout: `${key}\n` });
    expect(forPeople.stderr).toMatch(/^warning: HOOKLINE_API_KEY still holds the old key, which works on$/m);
    expect(forPeople.stderr).toMatch(/^error: the new key key_b works, but the old one has no end yet/m);
    expect(forPeople.stderr).toMatch(
      /^ {2}next: once the new key is in use, end the old one: hookline keys revoke key_a$/m,
    );
    const forPrograms = await run(["keys", "rotate", "key_a", "--json"], { env });
    expect([forPrograms.code, codeOf(forPrograms)]).toEqual([1, "grace-not-begun"]);
    expect(JSON.parse(forPrograms.stdout)).toMatchObject({
      key,
      replaced: { id: "key_a", grace_seconds: 86_400 },
    });
  });
});
