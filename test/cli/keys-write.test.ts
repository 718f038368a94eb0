import {
  lstatSync,
  mkdirSync,
  readFileSync,
  readlinkSync,
  statSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { copyPlace, createPlace, run, type Finished, type Place } from "./spawn.ts";

type Made = Record<string, unknown> & { id: string; key: string };

async function create(place: Place): Promise<Made> {
  const { stdout } = await run(["keys", "create", "--name", "test", "--scope", "keys:*", "--json"], {
    place,
  });
  return JSON.parse(stdout) as Made;
}

let first: Promise<{ place: Place; old: Made }> | undefined;

/** A place of the caller's own with one key. */
async function begin(): Promise<{ place: Place; old: Made }> {
  const makeFirst = async (): Promise<{ place: Place; old: Made }> => {
    const place = createPlace();
    return { place, old: await create(place) };
  };
  const { place, old } = await (first ??= makeFirst());
  return { place: copyPlace(place), old };
}

async function show(place: Place, id: string): Promise<Record<string, unknown>> {
  return JSON.parse((await run(["keys", "show", id, "--json"], { place })).stdout) as Record<string, unknown>;
}

const works = async (place: Place, key: string): Promise<boolean> =>
  (await run(["keys", "list"], { place, env: { HOOKLINE_API_KEY: key } })).code === 0;

/** The key that a dotenv file holds, whose every other byte has to be as it was. */
function keyIn(file: string, before: string, after: string): string {
  const text = readFileSync(file, "latin1");
  expect(text.startsWith(before)).toBe(true);
  expect(text.endsWith(after)).toBe(true);
  const key = text.slice(before.length, text.length - after.length);
  expect(key).toMatch(/^hk_[0-9A-Za-z]{36}$/);
  return key;
}

function expectNoKey({ stdout, stderr }: Finished): void {
  expect(stdout + stderr).not.toMatch(/hk_[0-9A-Za-z]{36}/);
}

const commands = (id: string): Record<string, string[]> => ({
  create: ["keys", "create", "--name", "new", "--scope", "keys:*"],
  rotate: ["keys", "rotate", id],
});

describe.each(["create", "rotate"])("keys %s --write-env", (command) => {
  const setUp = async (): Promise<{ place: Place; old: Made; args: string[] }> => {
    const { place, old } = await begin();
    return { place, old, args: commands(old.id)[command] ?? [] };
  };

  test("writes the key to its line alone, and prints it nowhere", async () => {
    const { place, old, args } = await setUp();
    const before = "# caf\xe9\r\nOTHER='a b'\r\nAPI_KEY=";
    const after = " # the key\r\nLAST=1";
    const file = place.write("deep/.env", Buffer.from(`${before}old${after}`, "latin1"));
    const finished = await run([...args, "--write-env", "deep/.env:API_KEY"], { place });
    expect(finished).toMatchObject({ code: 0, stdout: `✓ ${file} holds the key as API_KEY\n` });
    expectNoKey(finished);
    const key = keyIn(file, before, after);
    expect(statSync(file).mode & 0o777).toBe(0o600);
    expect(await works(place, key)).toBe(true);
    expect(await works(place, old.key)).toBe(true);
  });

  test("says in JSON where it is, in place of the key", async () => {
    const { place, args } = await setUp();
    mkdirSync(join(place.cwd, "new/folder"), { recursive: true });
    const file = join(place.cwd, "new/folder/.env");
    const finished = await run([...args, "--json", "--write-env", "new/folder/.env:API_KEY"], { place });
    expect(finished.code).toBe(0);
    expectNoKey(finished);
    const made = JSON.parse(finished.stdout) as Record<string, unknown>;
    expect(made).toMatchObject({ status: "active", written: { file, name: "API_KEY" } });
    expect(made).not.toHaveProperty("key");
    expect(await works(place, keyIn(file, "API_KEY=", "\n"))).toBe(true);
  });

  test("follows links", async () => {
    const { place, args } = await setUp();
    const file = place.write("real/.env", "A=1\n");
    symlinkSync("real/.env", join(place.cwd, ".env"));
    expect((await run([...args, "--write-env", ".env:API_KEY"], { place })).code).toBe(0);
    expect(lstatSync(join(place.cwd, ".env")).isSymbolicLink()).toBe(true);
    expect(readlinkSync(join(place.cwd, ".env"))).toBe("real/.env");
    expect(await works(place, keyIn(file, "A=1\nAPI_KEY=", "\n"))).toBe(true);
  });

  test.each([
    ["a folder", (place: Place) => mkdirSync(join(place.cwd, ".env"))],
    ["below a file", (place: Place) => writeFileSync(join(place.cwd, "file"), "x")],
  ])("changes nothing where the file is %s: exit 1", async (what, make) => {
    const { place, old, args } = await setUp();
    make(place);
    const target = what === "a folder" ? ".env:API_KEY" : "file/.env:API_KEY";
    const finished = await run([...args, "--json", "--write-env", target], { place });
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expectNoKey(finished);
    const { error } = JSON.parse(finished.stderr) as { error: { code: string; message: string } };
    expect(error.code).toBe("env-file-unwritable");
    expect(error.message).toMatch(/^cannot write .*; nothing was changed$/);
    expect(await works(place, old.key)).toBe(true);
    expect(await show(place, old.id)).toMatchObject({
      status: "active",
      replaced_by: null,
      grace_ends_at: null,
    });
    const { stdout } = await run(["keys", "list", "--status", "live", "--json"], { place });
    expect((JSON.parse(stdout) as { data: unknown[] }).data).toHaveLength(1);
  });
});

describe("a rotation that writes", () => {
  test("begins the grace, which the old key lives to the end of", async () => {
    const { place, old } = await begin();
    const { stdout } = await run(
      ["keys", "rotate", old.id, "--grace", "2h", "--write-env", ".env:K", "--json"],
      {
        place,
      },
    );
    const { replaced, id } = JSON.parse(stdout) as {
      replaced: unknown;
      id: string;
    };
    expect(replaced).toEqual({ id: old.id, grace_seconds: 7200 });
    const key = await show(place, old.id);
    expect(key).toMatchObject({ status: "rotating", replaced_by: id });
    expect(Date.parse(key["grace_ends_at"] as string)).toBeGreaterThan(
      Date.parse(key["created_at"] as string) + 7_199_000,
    );
  });

  test("of a key from an env file warns of the copy there, unless it is the one written", async () => {
    const { place, old } = await begin();
    const next = await create(place);
    place.write(".env", `HOOKLINE_API_KEY=${old.key}\n`);
    const rotate = (id: string, name: string): Promise<Finished> =>
      run(["keys", "rotate", id, "--env-file", ".env", "--write-env", `.env:${name}`, "--json"], { place });
    const other = await rotate(old.id, "OTHER");
    expect(other.stderr).toContain("warning: HOOKLINE_API_KEY still holds the old key");
    place.write(".env", `HOOKLINE_API_KEY=${next.key}\n`);
    const same = await rotate(next.id, "HOOKLINE_API_KEY");
    expect(same.code).toBe(0);
    expect(same.stderr).not.toContain("warning");
    expect((await run(["keys", "list", "--env-file", ".env"], { place })).code).toBe(0);
  });
});
