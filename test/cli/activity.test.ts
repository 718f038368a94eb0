import { describe, expect, test } from "vitest";
import { copyPlace, createPlace, run, type Place } from "./spawn.ts";

interface Entry {
  id: string;
  at: string;
  action: string;
  actor: { kind: string; key_id: string | null; name: string | null };
  subject: { id: string; name: string | null } | null;
  detail: Record<string, unknown>;
}

interface Listed {
  data: Entry[];
  next_cursor: string | null;
}

async function list(place: Place, ...more: string[]): Promise<Listed> {
  const finished = await run(["activity", "list", "--json", ...more], { place });
  expect(finished).toMatchObject({ code: 0, stderr: "" });
  return JSON.parse(finished.stdout) as Listed;
}

interface Scene {
  place: Place;
  ids: [string, string];
}

async function makeScene(): Promise<Scene> {
  const place = createPlace();
  const create = async (name: string): Promise<{ id: string; key: string }> => {
    const { stdout } = await run(["keys", "create", "--name", name, "--scope", "*", "--json"], { place });
    return JSON.parse(stdout) as { id: string; key: string };
  };
  const [first, second] = [await create("first"), await create("second")];
  await run(["keys", "list"], { place, env: { HOOKLINE_API_KEY: second.key } });
  await run(["keys", "revoke", second.id, "--yes"], { place });
  return { place, ids: [first.id, second.id] };
}

let scene: Promise<Scene> | undefined;

/** Two keys of which the second was used and revoked, in a place of the caller's own. */
async function setUp(): Promise<Scene> {
  const { place, ids } = await (scene ??= makeScene());
  return { place: copyPlace(place), ids };
}

describe("the activity", () => {
  test("is who did what with which key, newest first, as the API answers it", async () => {
    const { place, ids } = await setUp();
    const { data, next_cursor: cursor } = await list(place);
    expect(cursor).toBeNull();
    const machine = { kind: "embedded", key_id: null, name: null };
    const second = { id: ids[1], name: "second" };
    expect(data).toMatchObject([
      { action: "key.revoked", actor: machine, subject: second },
      { action: "key.used", actor: { kind: "key", key_id: ids[1], name: "second" }, subject: second },
      { action: "key.created", actor: machine, subject: second },
      { action: "key.created", actor: machine, subject: { id: ids[0], name: "first" } },
    ]);
    expect(Object.keys(data[0] ?? {})).toEqual([
      ...["id", "at", "last_at", "count", "action", "actor", "address", "subject", "detail"],
    ]);
  });

  test("is filtered by action, key and time, and comes in parts", async () => {
    const { place, ids } = await setUp();
    const actions = async (...flags: string[]): Promise<string[]> =>
      (await list(place, ...flags)).data.map(({ action, subject }) => `${action} ${subject?.name}`);
    expect(await actions("--action", "key.created")).toEqual(["key.created second", "key.created first"]);
    expect(await actions("--key", ids[0])).toEqual(["key.created first"]);
    const [, used] = (await list(place)).data;
    const at = used?.at ?? "";
    expect(await actions("--since", at)).toEqual(["key.revoked second", "key.used second"]);
    expect(await actions("--until", at)).toEqual(["key.created second", "key.created first"]);
    expect(await actions("--since", at, "--until", at)).toEqual([]);

    const page = await list(place, "--limit", "3");
    expect(page.data).toHaveLength(3);
    expect(await actions("--limit", "3", "--cursor", page.next_cursor ?? "")).toEqual(["key.created first"]);
    expect(await actions("--all")).toHaveLength(4);
  });

  test("is a table for people, with nothing raw in it", async () => {
    const { place, ids } = await setUp();
    await run(["keys", "create", "--name", "evil \u202e", "--scope", "keys:read", "--expires", "1d"], {
      place,
    });
    const { code, stdout, stderr } = await run(["activity", "list"], { place });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toMatch(/^TIME +ACTION +WHO +WHAT\n/);
    const time = String.raw`\d{4}-\d\d-\d\d \d\d:\d\d:\d\d`;
    for (const line of [
      String.raw`key\.created +this machine +evil \\u202e \(key_\w+\) · scopes keys:read · expires at ${time}`,
      String.raw`key\.revoked +this machine +second \(${ids[1]}\)`,
      String.raw`key\.used +second +second \(${ids[1]}\) · first`,
    ])
      expect(stdout).toMatch(new RegExp(`^${time}  ${line}$`, "m"));
    expect(stdout).not.toContain("\u202e");
    const { stderr: more } = await run(["activity", "list", "--limit", "1"], { place });
    expect(more).toMatch(/^there are more: go on with --cursor \S+, or add --all\n$/);
    const none = await run(["activity", "list", "--action", "none"], { place });
    expect(none).toMatchObject({ code: 0, stdout: "" });
    expect(none.stderr).toMatch(
      /^no such action is known; there are: key\.created, .*\nno activity that matches the filters\n$/,
    );
    expect(await run(["activity", "list", "--action", "key.denied"], { place })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "no activity that matches the filters\n",
    });
    expect(await run(["activity", "list"], { place: createPlace() })).toMatchObject({
      stderr: "no activity\n",
    });
  });

  test.each([
    [["--since", "yesterday"], 2, "usage"],
    [["--limit", "0"], 2, "usage"],
    [["--limit", "1", "--all"], 2, "usage"],
    [["--key", "nonsense"], 2, "usage"],
    [["--action", "a b"], 2, "usage"],
    [["--cursor", ""], 2, "usage"],
  ])("%j is exit %i, %s", async (flags, exit, code) => {
    const finished = await run(["activity", "list", "--json", ...flags]);
    expect(finished).toMatchObject({ code: exit, stdout: "" });
    expect(JSON.parse(finished.stderr)).toMatchObject({ error: { code } });
  });
});
