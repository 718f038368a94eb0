import { spawn } from "node:child_process";
import { once } from "node:events";
import {
  chmodSync,
  existsSync,
  mkdirSync,
  readFileSync,
  readdirSync,
  statSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { inspect } from "node:util";
import { build } from "esbuild";
import { beforeAll, describe, expect, test } from "vitest";
import {
  deleteProfile,
  loadProfiles,
  saveProfile,
  tryProfiles,
  updateProfile,
  useProfile,
  type KeptProfile,
} from "../../src/config/profiles.ts";
import { isHooklineError } from "../../src/errors.ts";
import { createFolder, root } from "../cli/spawn.ts";

const api: KeptProfile = { kind: "api", url: "https://api.example.com/hooks", key: "hk_1" };
const full: KeptProfile = {
  kind: "api",
  url: "http://10.0.0.7:4400",
  key: "hk_2",
  allowHttp: true,
  account: "acme",
  keyId: "key_1",
  servedBy: "serve",
};
const stripe: KeptProfile = {
  kind: "stripe",
  url: "https://api.stripe.com",
  key: "sk_test_1",
  account: "acme",
};

const fileOf = (home: string): string => join(home, "profiles.json");

/** A home whose profile file holds the text. */
function homeWith(content: unknown): string {
  const home = createFolder();
  writeFileSync(fileOf(home), typeof content === "string" ? content : JSON.stringify(content));
  return home;
}

const coded = (code: string, exitCode = 2): unknown => expect.objectContaining({ code, exitCode });

describe("profiles", () => {
  test("are the built-in one alone where none are kept, and reading makes nothing", async () => {
    const home = join(createFolder(), "none");
    const book = await loadProfiles(home);
    expect(book.current).toBe("embedded");
    expect(book.names()).toEqual(["embedded"]);
    expect(book.get("embedded")).toEqual({ kind: "embedded" });
    expect(existsSync(home)).toBe(false);
  });

  test("are read as they were saved, every kind of them", async () => {
    const home = createFolder();
    await saveProfile(home, "zeta", api);
    await saveProfile(home, "local", full);
    const saved = await saveProfile(home, "stripe", stripe, { use: true });
    const read = await loadProfiles(home);
    for (const book of [saved, read]) {
      expect(book.current).toBe("stripe");
      expect(book.names()).toEqual(["embedded", "local", "stripe", "zeta"]);
      expect(book.get("zeta")).toEqual(api);
      expect(book.get("local")).toEqual(full);
      expect(book.get("stripe")).toEqual(stripe);
    }
  });

  test("are replaced whole by one of the same name, and do not become current unasked", async () => {
    const home = createFolder();
    await saveProfile(home, "a", full);
    const book = await saveProfile(home, "a", api);
    expect(book.get("a")).toEqual(api);
    expect(book.current).toBe("embedded");
  });

  test("become current and give way to the built-in one when they are deleted", async () => {
    const home = createFolder();
    await saveProfile(home, "a", api);
    await saveProfile(home, "b", stripe);
    expect((await useProfile(home, "a")).current).toBe("a");
    expect((await deleteProfile(home, "b")).current).toBe("a");
    const book = await deleteProfile(home, "a");
    expect(book.current).toBe("embedded");
    expect(book.names()).toEqual(["embedded"]);
    await saveProfile(home, "a", api, { use: true });
    await useProfile(home, "embedded");
    expect((await loadProfiles(home)).current).toBe("embedded");
  });

  test.each([
    "a",
    "a.b",
    "a.b.c",
    "constructor",
    "toString",
    "prototype",
    "__internal__",
    "-",
    "..",
    "x".repeat(64),
  ])("may be called %s", async (name) => {
    const home = createFolder();
    await saveProfile(home, name, api, { use: true });
    const book = await loadProfiles(home);
    expect(book.names()).toEqual(["embedded", name]);
    expect(book.get(name)).toEqual(api);
    expect((await deleteProfile(home, name)).names()).toEqual(["embedded"]);
  });

  test.each(["", " ", "a b", "a/b", "ä", "a\n", "__proto__", "x".repeat(65)])(
    "may not be called %j",
    async (name) => {
      const home = createFolder();
      await expect(saveProfile(home, name, api)).rejects.toEqual(coded("profile-name-invalid"));
      expect(readdirSync(home)).toEqual([]);
    },
  );

  test("called embedded are built in", async () => {
    const home = createFolder();
    await expect(saveProfile(home, "embedded", api)).rejects.toEqual(coded("profile-built-in"));
    await expect(deleteProfile(home, "embedded")).rejects.toEqual(coded("profile-built-in"));
  });

  test.each(["none", "A", "__proto__", "constructor", "hasOwnProperty", ""])(
    "that are not there are unknown (%j), and those that are there are named",
    async (name) => {
      const home = createFolder();
      await saveProfile(home, "a", api);
      const before = readFileSync(fileOf(home));
      const unknown = expect.objectContaining({
        code: "profile-unknown",
        exitCode: 4,
        message: expect.stringContaining(JSON.stringify(name)) as string,
        nextSteps: expect.arrayContaining([expect.stringContaining("embedded, a")]) as string[],
      }) as Error;
      const book = await loadProfiles(home);
      expect(() => book.get(name)).toThrow(unknown);
      await expect(useProfile(home, name)).rejects.toEqual(unknown);
      await expect(deleteProfile(home, name)).rejects.toEqual(unknown);
      expect(readFileSync(fileOf(home))).toEqual(before);
    },
  );

  test("keep what a later hookline wrote beside them", async () => {
    const home = homeWith({ version: 2, current: "a", profiles: { a: { ...api, region: "eu" } } });
    await saveProfile(home, "b", stripe);
    expect(JSON.parse(readFileSync(fileOf(home), "utf8"))).toEqual({
      version: 2,
      current: "a",
      profiles: { a: { ...api, region: "eu" }, b: stripe },
    });
  });

  test("are changed one by one, or left as they are", async () => {
    const home = homeWith({ version: 2, current: "a", profiles: { a: { ...api, region: "eu" } } });
    const before = readFileSync(fileOf(home), "utf8");
    expect(await updateProfile(home, "a", () => undefined)).toBe(false);
    expect(await updateProfile(home, "none", (now) => now)).toBe(false);
    expect(await updateProfile(home, "constructor", (now) => now)).toBe(false);
    await tryProfiles(home);
    expect(JSON.parse(readFileSync(fileOf(home), "utf8"))).toEqual(JSON.parse(before));
    const changed = await updateProfile(home, "a", (now) => now && { ...now, key: "hk_new" });
    expect(changed).toBe(true);
    expect(JSON.parse(readFileSync(fileOf(home), "utf8"))).toEqual({
      version: 2,
      current: "a",
      profiles: { a: { ...api, region: "eu", key: "hk_new" } },
    });
    await expect(updateProfile(home, "embedded", () => api)).rejects.toEqual(coded("profile-built-in"));
  });

  test("whose current one an editor removed still have the others", async () => {
    const home = homeWith({ current: "gone", profiles: { a: api } });
    const book = await loadProfiles(home);
    expect(() => book.get(book.current)).toThrow(coded("profile-unknown", 4));
    expect((await useProfile(home, "a")).current).toBe("a");
  });

  test("may begin with a byte order mark", async () => {
    const home = homeWith(`\ufeff${JSON.stringify({ current: "a", profiles: { a: api } })}`);
    await saveProfile(home, "b", stripe);
    expect((await loadProfiles(home)).names()).toEqual(["embedded", "a", "b"]);
  });
});

describe("a damaged profile file", () => {
  const secret = "hk_do_not_show";
  const a = { kind: "api", url: "https://example.com", key: secret };
  test.each([
    ["empty", "", /not valid JSON/],
    ["cut off", JSON.stringify({ current: "a", profiles: { a } }).slice(0, -9), /not valid JSON/],
    ["a bare key", secret, /not valid JSON/],
    ["a list", "[]", /the file: must be an object/],
    ["null", "null", /the file: must be an object/],
    ["without a current one", { profiles: {} }, /current: must be text/],
    ["without profiles", { current: "a" }, /profiles: must be an object/],
    ["with a list of profiles", { current: "a", profiles: [a] }, /profiles: must be an object/],
    ["with a profile that is text", { current: "a", profiles: { a: secret } }, /profiles\.a: must be/],
    [
      "with another kind",
      { current: "a", profiles: { a: { ...a, kind: secret } } },
      /the kind api or stripe/,
    ],
    [
      "with a profile embedded",
      { current: "a", profiles: { embedded: a } },
      /profiles\.embedded: is no name/,
    ],
    ["with a profile of no kind", { current: "a", profiles: { a: {} } }, /the kind api or stripe/],
    [
      "without a key",
      { current: "a", profiles: { a: { ...a, key: undefined } } },
      /profiles\.a\.key: must be text/,
    ],
    [
      "with a URL that is a number",
      { current: "a", profiles: { a: { ...a, url: 1 } } },
      /a\.url: must be text/,
    ],
    [
      "with a switch that is text",
      { current: "a", profiles: { a: { ...a, allowHttp: "no" } } },
      /true or false/,
    ],
    ["with a name that is none", { current: "a", profiles: { "a b": a } }, /a b: is no name/],
    [
      "with a profile __proto__",
      `{"current":"a","profiles":{"__proto__":${JSON.stringify(a)}}}`,
      /__proto__ may not/,
    ],
    ["with a prototype", `{"current":"a","profiles":{},"__proto__":{"x":1}}`, /__proto__ may not/],
    [
      "with a prototype in a profile",
      `{"current":"a","profiles":{"a":{"__proto__":{}}}}`,
      /__proto__ may not/,
    ],
  ])("(%s) is named, never quoted and never overwritten", async (_, content, message) => {
    const home = homeWith(content);
    const before = readFileSync(fileOf(home));
    for (const run of [
      () => loadProfiles(home),
      () => saveProfile(home, "b", stripe),
      () => updateProfile(home, "a", () => api),
      () => tryProfiles(home),
      () => useProfile(home, "embedded"),
      () => deleteProfile(home, "a"),
    ]) {
      const error: unknown = await run().then(
        () => undefined,
        (thrown: unknown) => thrown,
      );
      if (!isHooklineError(error)) throw new Error(`not refused: ${inspect(error)}`);
      expect(error).toMatchObject({ code: "profiles-damaged", exitCode: 2 });
      expect(error.message).toContain(fileOf(home));
      expect(error.message).toMatch(message);
      expect(error.nextSteps.join()).toContain("move it away");
      expect(inspect(error, { depth: Infinity })).not.toContain("do_not_show");
    }
    expect(readFileSync(fileOf(home))).toEqual(before);
    expect(readdirSync(home)).toEqual(["profiles.json"]);
  });

  test("that is a folder cannot be read, nor written", async () => {
    const home = createFolder();
    mkdirSync(fileOf(home));
    await expect(loadProfiles(home)).rejects.toEqual(coded("profiles-unreadable"));
    await expect(saveProfile(home, "a", api)).rejects.toEqual(coded("home-unwritable"));
    expect(readdirSync(home)).toEqual(["profiles.json"]);
  });
});

describe("hookline's folder", () => {
  const modeOf = (path: string): number => statSync(path).mode & 0o777;

  test("and the file are the user's alone", async () => {
    const home = join(createFolder(), "deep/home");
    await saveProfile(home, "a", api);
    expect(modeOf(home)).toBe(0o700);
    expect(modeOf(fileOf(home))).toBe(0o600);
    expect(readdirSync(home)).toEqual(["profiles.json"]);
  });

  test.each([
    ["", {}],
    [" inside a snap, where conf writes in another way", { SNAP: "/snap/code/1" }],
  ])("keeps its mode where it was there; the file is closed to others%s", async (_, env) => {
    const home = homeWith({ current: "a", profiles: { a: api } });
    chmodSync(home, 0o755);
    chmodSync(fileOf(home), 0o644);
    await inChild(`profiles.saveProfile(${JSON.stringify(home)}, "b", ${JSON.stringify(stripe)})`, env);
    expect(modeOf(home)).toBe(0o755);
    expect(modeOf(fileOf(home))).toBe(0o600);
    expect((await loadProfiles(home)).names()).toEqual(["embedded", "a", "b"]);
  });

  test("that is a file holds no profiles and cannot keep any", async () => {
    const home = join(createFolder(), "file");
    writeFileSync(home, "");
    expect((await loadProfiles(home)).names()).toEqual(["embedded"]);
    await expect(saveProfile(home, "a", api)).rejects.toMatchObject({
      code: "home-unwritable",
      exitCode: 2,
      message: expect.stringContaining(home) as string,
      nextSteps: [expect.stringContaining("HOOKLINE_HOME")],
    });
  });
});

let bundle: string;
beforeAll(async () => {
  bundle = join(createFolder(), "profiles.cjs");
  await build({
    entryPoints: [join(root, "src/config/profiles.ts")],
    outfile: bundle,
    bundle: true,
    platform: "node",
    format: "cjs",
    logLevel: "error",
  });
});

/** Runs an expression over `profiles` in a process of its own. @returns what it printed */
async function inChild(script: string, env: Readonly<Record<string, string>> = {}): Promise<string> {
  const text = `const profiles = require(${JSON.stringify(bundle)}); (async () => ${script})()`;
  const child = spawn(process.execPath, ["-e", text], {
    stdio: ["ignore", "pipe", "inherit"],
    env: { PATH: process.env["PATH"], ...env },
  });
  let output = "";
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => (output += chunk));
  const [code, signal] = (await once(child, "close")) as [number | null, string | null];
  expect({ code, signal }).toEqual({ code: 0, signal: null });
  return output;
}

describe("several processes", () => {
  test("that save at the same moment lose nothing, and whoever reads meanwhile finds the file whole", async () => {
    const home = join(createFolder(), "home");
    const writers = ["a", "b", "c", "d", "e"].map((name) =>
      inChild(`{
        for (let i = 0; i < 5; i++)
          await profiles.saveProfile(${JSON.stringify(home)}, "${name}" + i, ${JSON.stringify(api)});
      }`),
    );
    let writing = true;
    const reader = (async () => {
      while (writing) {
        await loadProfiles(home);
        await new Promise(setImmediate);
      }
    })();
    await Promise.all(writers).finally(() => (writing = false));
    await reader;
    const all = ["a", "b", "c", "d", "e"].flatMap((name) => [0, 1, 2, 3, 4].map((i) => `${name}${i}`));
    expect((await loadProfiles(home)).names()).toEqual(["embedded", ...all]);
    expect(readdirSync(home)).toEqual(["profiles.json"]);
  });

  test("that change one profile at the same moment each see what the other made of it", async () => {
    const home = createFolder();
    await saveProfile(home, "a", { ...api, key: "0" });
    const count = `{
      for (let i = 0; i < 10; i++)
        await profiles.updateProfile(${JSON.stringify(home)}, "a", (now) => ({ ...now, key: String(Number(now.key) + 1) }));
    }`;
    // Of those that expect the key as it was, one alone puts its own into its place.
    const swap = (mine: string): Promise<string> =>
      inChild(`console.log(await profiles.updateProfile(${JSON.stringify(home)}, "b",
        (now) => now.key === "old" ? { ...now, key: "${mine}" } : undefined))`);
    await saveProfile(home, "b", { ...api, key: "old" });
    const [, , one, two] = await Promise.all([inChild(count), inChild(count), swap("one"), swap("two")]);
    const book = await loadProfiles(home);
    expect(book.get("a")).toEqual({ ...api, key: "20" });
    expect([one, two].sort()).toEqual(["false\n", "true\n"]);
    expect(book.get("b")).toEqual({ ...api, key: one === "true\n" ? "one" : "two" });
  });

  test.each(["SIGINT", "SIGTERM"])("see one %s once, whether they saved a profile or not", async (signal) => {
    const home = createFolder();
    const output = await inChild(`{
      let seen = 0;
      process.on("${signal}", () => seen++);
      await profiles.saveProfile(${JSON.stringify(home)}, "a", ${JSON.stringify(api)});
      process.kill(process.pid, "${signal}");
      while (seen === 0) await new Promise(setImmediate);
      // A second one would have been sent by the first's listeners, and come with the next turns of the loop.
      for (let i = 0; i < 1000; i++) await new Promise(setImmediate);
      console.log(seen);
    }`);
    expect(output).toBe("1\n");
  });
});
