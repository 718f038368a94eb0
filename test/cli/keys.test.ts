import { describe, expect, test } from "vitest";
import { bin, copyPlace, createPlace, run, startCommand, type Finished, type Place } from "./spawn.ts";

type Json = Record<string, unknown>;

const id = /^key_[0-9a-z]{26}$/;
const keyText = /hk_[0-9A-Za-z]{36}/;

/** Runs a command with --json that has to succeed. @returns its document */
async function json<Shape = Json>(place: Place, args: readonly string[], env = {}): Promise<Shape> {
  const finished = await run([...args, "--json"], { place, env });
  expect(finished).toMatchObject({ code: 0 });
  expect(finished.stdout).toMatch(/^\{.*\}\n$/);
  return JSON.parse(finished.stdout) as Shape;
}

async function create(place: Place, ...more: string[]): Promise<{ id: string; key: string }> {
  return json(place, ["keys", "create", "--name", "test", "--scope", "*", ...more]);
}

interface Scene {
  place: Place;
  first: { id: string; key: string };
  last: { id: string; key: string };
}

const scenes = new Map<number, Promise<Scene>>();

/** A place of the caller's own with so many keys that may do everything: the first one made, and the last. */
async function begin(count: number): Promise<Scene> {
  const make = async (): Promise<Scene> => {
    const before = count > 1 ? await begin(count - 1) : undefined;
    const place = before?.place ?? createPlace();
    const last = await create(place);
    return { place, first: before?.first ?? last, last };
  };
  const scene = scenes.get(count) ?? make();
  scenes.set(count, scene);
  const { place, ...keys } = await scene;
  return { place: copyPlace(place), ...keys };
}

async function list(place: Place, ...more: string[]): Promise<Json[]> {
  return (await json<{ data: Json[] }>(place, ["keys", "list", ...more])).data;
}

function errorOf({ stderr }: Finished): { code: string; message: string; next_steps: string[] } {
  const last = stderr.trimEnd().split("\n").at(-1) ?? "";
  return (JSON.parse(last) as { error: { code: string; message: string; next_steps: string[] } }).error;
}

const as = (key: string): { HOOKLINE_API_KEY: string } => ({ HOOKLINE_API_KEY: key });

/** Runs it again and again until it ends with this code. */
async function until(
  code: number,
  args: readonly string[],
  place: Place,
  env: Record<string, string>,
): Promise<Finished> {
  for (let tries = 0; tries < 50; tries++) {
    const finished = await run(args, { place, env });
    if (finished.code === code) return finished;
    expect(finished.code).toBe(0);
  }
  throw new Error(`${args.join(" ")} never ended with ${code}`);
}

describe("a key", () => {
  test("lives: it is made, works, is rotated, dies after the grace, and every step is in the log", async () => {
    const place = createPlace();
    const old = await json<{ id: string; key: string }>(place, [
      ...["keys", "create", "--name", "deploy", "--scope", "keys:*,activity:read", "--scope", "events:read"],
      ...["--expires", "30d"],
    ]);
    expect(old).toEqual({
      id: expect.stringMatching(id) as string,
      key: expect.stringMatching(/^hk_[0-9A-Za-z]{36}$/) as string,
      name: "deploy",
      hint: `hk_…${old.key.slice(-4)}`,
      provider: null,
      scopes: ["keys:read", "keys:write", "activity:read", "events:read"],
      status: "active",
      created_at: expect.any(String) as string,
      created_by: null,
      expires_at: expect.any(String) as string,
      replaces: null,
      replaced_by: null,
      grace_ends_at: null,
      revoked_at: null,
      last_used_at: null,
      last_used_address: null,
    });
    expect(await json(place, ["keys", "list"], as(old.key))).toEqual({
      data: [expect.objectContaining({ id: old.id }) as Json],
      next_cursor: null,
    });

    const rotated = await run(["keys", "rotate", old.id, "--grace", "1s", "--json"], {
      place,
      env: as(old.key),
    });
    expect(rotated.code).toBe(0);
    const next = JSON.parse(rotated.stdout) as Json & { id: string; key: string };
    expect(next).toMatchObject({
      name: "deploy",
      scopes: ["keys:read", "keys:write", "activity:read", "events:read"],
      replaces: old.id,
      replaced: { id: old.id, grace_seconds: 1 },
      written: null,
      profile_updated: null,
    });
    expect(rotated.stderr).toMatch(/warning: HOOKLINE_API_KEY still holds the old key, which works until /);
    expect(rotated.stderr).not.toMatch(keyText);
    expect(await list(place, "--status", "live")).toHaveLength(2);

    const refused = await until(3, ["keys", "list", "--json"], place, as(old.key));
    expect(errorOf(refused)).toMatchObject({ code: "key-replaced" });
    expect(refused.stderr).not.toMatch(keyText);
    expect(await json(place, ["keys", "show", old.id], as(next.key))).toMatchObject({
      status: "replaced",
      replaced_by: next.id,
    });
    expect(await list(place, "--status", "dead")).toEqual([expect.objectContaining({ id: old.id })]);

    const { data: findings } = await json<{ data: Json[] }>(place, ["keys", "audit"]);
    expect(findings).toEqual([
      {
        finding: "dead-key-used",
        key: expect.objectContaining({ id: old.id, status: "replaced" }) as Json,
        count: 1,
        last_at: expect.any(String) as string,
        addresses: [],
      },
    ]);
    const { id: other } = await create(place);
    await json(place, ["keys", "revoke", next.id, "--yes"]);

    const { data: log } = await json<{ data: { action: string; subject: { id: string } }[] }>(place, [
      "activity",
      "list",
    ]);
    const names: Record<string, string> = { [old.id]: "old", [next.id]: "new", [other]: "other" };
    expect(log.map(({ action, subject }) => `${action} ${names[subject.id]}`).reverse()).toEqual([
      ...["key.created old", "key.used old", "key.rotated old", "key.retired old", "key.refused old"],
      ...["key.used new", "key.created other", "key.revoked new"],
    ]);
  });

  test("is revoked at once, and again without harm", async () => {
    const { place, last: second } = await begin(2);
    const revoked = await json(place, ["keys", "revoke", second.id, "--yes"]);
    expect(revoked).toMatchObject({
      id: second.id,
      status: "revoked",
      revoked_at: expect.any(String) as string,
    });
    expect(errorOf(await run(["keys", "list", "--json"], { place, env: as(second.key) }))).toMatchObject({
      code: "key-revoked",
    });
    expect(await json(place, ["keys", "revoke", second.id])).toEqual(revoked);
    const again = await run(["keys", "revoke", second.id], { place });
    expect(again.stdout).toMatch(/^test \(key_\w+\) was revoked before, .+: nothing was changed\n$/);
  });

  test("tells, before it is revoked, which keys it made and who holds it", async () => {
    const { place, last: maker } = await begin(2);
    const child = await run(["keys", "create", "--name", "child", "--scope", "keys:read", "--json"], {
      place,
      env: as(maker.key),
    });
    const { id: childId } = JSON.parse(child.stdout) as { id: string };
    const { code, stderr } = await run(["keys", "revoke", maker.id, "--yes"], { place, env: as(maker.key) });
    expect(code).toBe(0);
    expect(stderr).toBe(
      "warning: HOOKLINE_API_KEY holds this key: without another there, commands are refused\n" +
        `note: 1 key that it made goes on working: child (${childId})\n`,
    );
  });

  test("is revoked only where that is confirmed", async () => {
    const { place, first } = await begin(1);
    const finished = await run(["keys", "revoke", first.id, "--json"], { place });
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(finished)).toMatchObject({
      code: "confirmation-missing",
      next_steps: ["add --yes to confirm it"],
    });
    expect(await list(place, "--status", "live")).toHaveLength(1);
  });

  test("whose grace has begun ends, whatever becomes of its successor", async () => {
    const { place, first: old } = await begin(2);
    const next = await json<{ id: string }>(place, ["keys", "rotate", old.id]);
    const { code, stdout, stderr } = await run(["keys", "revoke", next.id, "--yes"], { place });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(`✓ test (${next.id}) is revoked\n`);
    expect(await json(place, ["keys", "show", old.id])).toMatchObject({
      status: "rotating",
      replaced_by: next.id,
      grace_ends_at: expect.any(String) as string,
    });
  });

  test("may be made never to end, and never to end by a rotation", async () => {
    const place = createPlace();
    const bounded = await create(place, "--expires", "1h");
    expect(bounded).toMatchObject({ expires_at: expect.any(String) as string });
    const endless = ["--expires", "never"];
    expect(await create(place, ...endless)).toMatchObject({ expires_at: null });
    const own = await run(["keys", "rotate", bounded.id, ...endless, "--json"], {
      place,
      env: as(bounded.key),
    });
    expect([own.code, errorOf(own).code]).toEqual([3, "expiry-exceeded"]);
    expect(await json(place, ["keys", "rotate", bounded.id, ...endless])).toMatchObject({ expires_at: null });
  });

  test.skipIf(process.platform !== "linux")(
    "that nobody got is revoked, and the one it was to replace stays: exit 1",
    async () => {
      const { place, first: old } = await begin(1);
      for (const [args, code] of [
        [["create", "--name", "lost", "--scope", "*"], "creation-undone"],
        [["rotate", old.id], "rotation-undone"],
      ] as const)
        for (const flags of [[], ["--json"]]) {
          const finished = await startCommand(
            "sh",
            ["-c", 'exec "$@" >/dev/full', "sh", process.execPath, bin, "keys", ...args, ...flags],
            { place },
          ).finished;
          expect(finished.code).toBe(1);
          expect(finished.stderr).toContain("could not be kept, so it was revoked");
          expect(finished.stderr).not.toMatch(keyText);
          if (flags.length > 0) expect(errorOf(finished).code).toBe(code);
        }
      expect(await list(place, "--status", "live")).toEqual([
        expect.objectContaining({ id: old.id, status: "active", replaced_by: null, grace_ends_at: null }),
      ]);
      expect(await list(place, "--status", "dead")).toHaveLength(4);
    },
  );

  test.each([[[]], [["--json"]]])("that its reader left before it came is revoked too %j", async (flags) => {
    const place = createPlace();
    const finished = await startCommand(
      process.execPath,
      [bin, "keys", "create", "--name", "lost", "--scope", "keys:read", ...flags],
      { place, reader: (stdout) => stdout.destroy() },
    ).finished;
    expect(finished.code).toBe(1);
    expect(finished.stderr).toContain("could not be kept, so it was revoked");
    expect(await list(place)).toMatchObject([{ name: "lost", status: "revoked" }]);
  });

  test("can look like a provider's", async () => {
    const made = await create(createPlace(), "--provider", "fjellride");
    expect(made).toMatchObject({ provider: "fjellride", key: expect.stringMatching(/^fjr_/) as string });
  });

  test("is alone on standard output for people, so that $(…) captures it", async () => {
    const place = createPlace();
    const made = await run(
      ["keys", "create", "--name", "ci", "--scope", "events:write", "--expires", "90d"],
      { place },
    );
    expect(made.code).toBe(0);
    expect(made.stdout).toMatch(/^hk_[0-9A-Za-z]{36}\n$/);
    expect(made.stderr).toMatch(
      /^✓ made ci \(key_\w+\): events:write, ends in 90 d\n {2}it is not shown again\n$/,
    );
    const [key] = await list(place);
    const rotated = await run(["keys", "rotate", key?.["id"] as string], { place });
    expect(rotated.stdout).toMatch(/^hk_[0-9A-Za-z]{36}\n$/);
    expect(rotated.stderr).toMatch(
      /^ {2}the old one works until \d{4}-\d\d-\d\d \d\d:\d\d:\d\d \(in 24 h\)$/m,
    );
    expect(rotated.stderr).not.toMatch(keyText);
    const atOnce = await run(["keys", "rotate", (await list(place))[0]?.["id"] as string, "--grace", "0"], {
      place,
    });
    expect(atOnce.stderr).toContain("the old one works no more");
  });
});

describe("what is refused", () => {
  const place = createPlace();

  test.each([
    [["keys", "create", "--name", "x"], /^--scope is missing$/],
    [["keys", "create"], /^--name and --scope are missing$/],
    [["keys", "create", "--name", "x", "--scope", "keys:reed"], /^--scope knows no "keys:reed"$/],
    [
      ["keys", "create", "--name", "x", "--scope", "*", "--expires", "soon"],
      /^--expires takes a duration .*, or never$/,
    ],
    [["keys", "create", "--name", "", "--scope", "*"], /^--name: a name must not be empty/],
    [["keys", "create", "--name", " x", "--scope", "*"], /^--name: a name has no blank at either end$/],
    [["keys", "create", "--name", "a\nb", "--scope", "*"], /^--name: a name has no line breaks/],
    [["keys", "create", "--name", "x".repeat(101), "--scope", "*"], /^--name: .* 100 characters at most$/],
    [["keys", "list", "--cursor", ""], /^--cursor takes what an earlier list ended with$/],
    [["keys", "list", "--cursor", "a b"], /^--cursor takes what an earlier list ended with$/],
    [
      ["keys", "create", "--name", "x", "--scope", "*", "--write-env", ".env"],
      /^--write-env takes a file and/,
    ],
    [["keys", "rotate", "key_x", "--grace", "2y"], /^--grace takes a duration/],
    [["keys", "rotate", "key_x", "--expires", "0d"], /^--expires takes a duration .*, or never$/],
    [["keys", "rotate"], /^no key is named$/],
    [["keys", "show"], /^no key is named$/],
    [["keys", "revoke", "--yes"], /^no key is named$/],
    [["keys", "list", "--status", "old"], /^--status takes live or dead$/],
    [["keys", "list", "--limit", "101"], /^--limit takes a whole number from 1 to 100$/],
    [["keys", "list", "--limit", "5", "--all"], /^option '--all' cannot be used with option '--limit <n>'$/],
    [["keys", "audit", "--within", "0d"], /^--within takes a duration/],
  ])("%j: a usage error", async (args, message) => {
    const finished = await run([...args, "--json"], { place });
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(finished)).toMatchObject({
      code: "usage",
      message: expect.stringMatching(message) as string,
    });
  });

  test.each(["show", "rotate", "revoke"])("%s of an id that there is not: exit 4", async (command) => {
    for (const unknown of ["key_0000000000000000000000000000", "nonsense", "../../x"]) {
      const finished = await run(
        ["keys", command, unknown, "--json", ...(command === "revoke" ? ["--yes"] : [])],
        {
          place,
        },
      );
      expect(finished).toMatchObject({ code: 4, stdout: "" });
      expect(errorOf(finished)).toEqual({
        code: "not-found",
        message: `this account has nothing of that id: ${JSON.stringify(unknown)}`,
        next_steps: ["see what there is: hookline keys list"],
      });
    }
  });

  test("whatever a key may not do: exit 3", async () => {
    const { place: own, first: root } = await begin(1);
    const { id: weakId, key: weak } = await json<{ id: string; key: string }>(own, [
      ...["keys", "create", "--name", "weak", "--scope", "keys:write", "--expires", "1h"],
    ]);
    const refused: [args: string[], code: string][] = [
      [["keys", "list"], "scope-missing"],
      [["activity", "list"], "scope-missing"],
      [["keys", "show", root.id], "scope-missing"],
      [["keys", "create", "--name", "x", "--scope", "keys:read"], "scope-exceeded"],
      [["keys", "create", "--name", "x", "--scope", "keys:write", "--expires", "2h"], "expiry-exceeded"],
      [["keys", "rotate", root.id], "scope-exceeded"],
    ];
    for (const [args, code] of refused) {
      const finished = await run([...args, "--json"], { place: own, env: as(weak) });
      expect({ args, exit: finished.code, code: errorOf(finished).code }).toEqual({ args, exit: 3, code });
    }
    // All it has is no more than it has, and lives no longer.
    const child = JSON.parse(
      (await run(["keys", "create", "--name", "x", "--scope", "*", "--json"], { place: own, env: as(weak) }))
        .stdout,
    ) as Json;
    expect(child).toMatchObject({
      scopes: ["keys:write"],
      created_by: weakId,
      expires_at: (await json(own, ["keys", "show", weakId]))["expires_at"],
    });
    const wrong = await run(["keys", "list", "--json"], { place: own, env: as(`hk_${"0".repeat(36)}`) });
    expect(wrong.code).toBe(3);
    expect(errorOf(wrong)).toMatchObject({
      code: "key-invalid",
      next_steps: [
        "the key is the one of HOOKLINE_API_KEY: put another there",
        "or unset it, so that this machine itself asks",
      ],
    });
  });

  test("the last key that can manage keys, and a second rotation: exit 2", async () => {
    const { place: own, first } = await begin(1);
    const last = await run(["keys", "revoke", first.id, "--yes", "--json"], { place: own });
    expect(last.code).toBe(2);
    expect(errorOf(last).code).toBe("last-key");
    await json(own, ["keys", "rotate", first.id]);
    const second = await run(["keys", "rotate", first.id, "--json"], { place: own });
    expect(second.code).toBe(2);
    expect(errorOf(second).code).toBe("rotation-under-way");
  });
});

describe("lists for people", () => {
  test("say what there is, when it ends and how to go on", async () => {
    const place = createPlace();
    expect(await run(["keys", "list"], { place })).toMatchObject({
      code: 0,
      stdout: "",
      stderr: "no keys: make one with hookline keys create\n",
    });
    await create(place, "--expires", "90d");
    await run(["keys", "create", "--name", "evil\u202e name", "--scope", "keys:read"], { place });
    const { stdout, stderr } = await run(["keys", "list"], { place });
    expect(stderr).toBe("");
    expect(stdout).toMatch(/^ID +NAME +STATUS +LAST USED +KEY +SCOPES\n/);
    expect(stdout).toMatch(
      /^key_\w{26} +test +active, ends in 90 d +never +hk_….{4} +keys:\* endpoints:\* events:\* deliveries:\* activity:\*$/m,
    );
    expect(stdout).toMatch(/^key_\w{26} +evil\\u202e name +active +never +hk_….{4} +keys:read$/m);

    const first = await run(["keys", "list", "--limit", "1"], { place });
    const cursor = /go on with --cursor (\S+), or add --all/.exec(first.stderr)?.[1] ?? "";
    expect(first.stdout.split("\n")).toHaveLength(3);
    const second = await run(["keys", "list", "--limit", "1", "--cursor", cursor], { place });
    expect(second.stdout).toContain("test");
    expect(second.stderr).toBe("");
  });

  test("and --all reads to the end", async () => {
    const { place } = await begin(3);
    const page = await json<{ data: Json[]; next_cursor: string }>(place, ["keys", "list", "--limit", "2"]);
    expect(page.data).toHaveLength(2);
    const all = await json<{ data: Json[]; next_cursor: null }>(place, ["keys", "list", "--all"]);
    expect(all.data).toHaveLength(3);
    expect(all.next_cursor).toBeNull();
    expect(await list(place, "--all", "--cursor", page.next_cursor)).toHaveLength(1);
  });

  test("one key is shown whole, but for itself", async () => {
    const place = createPlace();
    const { id: key, key: text } = await create(place, "--expires", "1h");
    const { code, stdout } = await run(["keys", "show", key], { place });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      new RegExp(`^test \\(${key}\\)\n  key +hk_…${text.slice(-4)}\n  status +active, ends in 60 min\n`),
    );
    expect(stdout).toMatch(/^ {2}last used never$/m);
    expect(stdout).not.toContain(text);
  });
});

describe("an audit", () => {
  test("fails where it is told to and something is found", async () => {
    const place = createPlace();
    const clean = await run(["keys", "audit", "--fail"], { place });
    expect(clean).toMatchObject({ code: 0, stdout: "✓ 0 live keys, nothing to mend\n" });
    const { id: key } = await create(place, "--expires", "10d");
    expect((await run(["keys", "audit"], { place })).code).toBe(0);
    const failed = await run(["keys", "audit", "--fail"], { place });
    expect(failed.code).toBe(1);
    expect(failed.stdout).toMatch(/^FINDING +KEY +WHAT\n/);
    expect(failed.stdout).toMatch(new RegExp(`^expiring +${key} +test: ends in 10 d$`, "m"));
    const { data } = await json<{ data: Json[] }>(place, ["keys", "audit", "--within", "11d"]);
    expect(data).toEqual([{ finding: "expiring", key: expect.objectContaining({ id: key }) as Json }]);
    expect(await json(place, ["keys", "audit", "--within", "9d"])).toMatchObject({ data: [] });
  });

  test("says that it cannot see uses of dead keys without activity:read", async () => {
    const place = createPlace();
    const { key } = await json<{ key: string }>(place, [
      "keys",
      "create",
      "--name",
      "x",
      "--scope",
      "keys:read",
    ]);
    const { code, stderr } = await run(["keys", "audit", "--json"], { place, env: as(key) });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr: "uses of dead keys are not looked for: that takes a key with the scope activity:read\n",
    });
  });
});
