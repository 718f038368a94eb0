import { cpSync, existsSync, readFileSync, statSync, symlinkSync, writeFileSync } from "node:fs";
import { isBuiltin } from "node:module";
import { join } from "node:path";
import { beforeAll, describe, expect, test } from "vitest";
import { post } from "./run-servers.ts";
import {
  createFolder,
  createPlace,
  disk,
  ndjson,
  root,
  startCommand,
  type Finished,
  type Place,
} from "./spawn.ts";

/** npm asks nobody: what it needs is here, or the test fails. */
const env = { npm_config_offline: "true", npm_config_update_notifier: "false" };

function npm(place: Place, command: "npm" | "npx", ...args: string[]): Promise<Finished> {
  return startCommand(command, args, { place, env }).finished;
}

/** A copy of the checkout as `npm ci` leaves it. */
function copyCheckout(): Place {
  const place = createPlace(disk);
  const parts = [
    "package.json",
    "package-lock.json",
    "tsconfig.json",
    "LICENSE",
    "bin",
    "src",
    ".config",
    "fixtures",
    "dist",
  ];
  for (const part of parts)
    cpSync(join(root, part), join(place.cwd, part), { recursive: true, preserveTimestamps: true });
  symlinkSync(join(root, "node_modules"), join(place.cwd, "node_modules"));
  return place;
}

describe("a checkout", () => {
  test("`npx hookline` runs it; `prepare` does nothing where the build is fresh, and builds where it is not", async () => {
    const place = copyCheckout();
    const stamp = join(place.cwd, "dist/.stamp");
    const bundle = join(place.cwd, "dist/main.cjs");
    const untouched = () => [statSync(bundle).mtimeMs, readFileSync(stamp, "utf8")];
    const before = untouched();

    const shown = await npm(place, "npx", "hookline", "providers", "list", "--json");
    expect(JSON.parse(shown.stdout)).toHaveProperty("data");
    expect((await npm(place, "npm", "run", "--silent", "prepare")).code).toBe(0);
    expect(untouched()).toEqual(before);

    const source = join(place.cwd, "src/errors.ts");
    writeFileSync(source, `${readFileSync(source, "utf8")}\n// One more line.\n`);
    expect((await npm(place, "npm", "run", "--silent", "prepare")).code).toBe(0);
    expect(untouched()[1]).not.toBe(before[1]);
    expect((await npm(place, "npx", "hookline", "--version")).stdout).toMatch(/^\d+\.\d+\.\d+\n$/);
  });
});

describe("the package", () => {
  let place: Place;
  let files: string[];

  beforeAll(async () => {
    const packed = await npm(
      copyCheckout(),
      "npm",
      "pack",
      "--json",
      "--pack-destination",
      createPackFolder(),
    );
    const [tarball] = JSON.parse(packed.stdout) as [{ filename: string; files: { path: string }[] }];
    files = tarball.files.map(({ path }) => path);
    place = createPlace(disk);
    const installed = await npm(
      place,
      "npm",
      "install",
      "--no-audit",
      "--no-fund",
      join(packFolder, tarball.filename),
    );
    expect(installed.code).toBe(0);
    // An optional dependency, which npm leaves out where nobody can be asked for it.
    const libsql = join(place.cwd, "node_modules/libsql");
    if (!isBuiltin("node:sqlite") && !existsSync(libsql))
      symlinkSync(join(root, "node_modules/libsql"), libsql);
  });

  let packFolder = "";
  const createPackFolder = (): string => (packFolder = createFolder(disk));

  test("holds the program, the fixtures and the licences, and no sources", () => {
    expect(files).toEqual(
      expect.arrayContaining([
        "package.json",
        "bin/hookline.js",
        "dist/main.cjs",
        "dist/commands/listen.cjs",
        "dist/THIRD-PARTY-LICENSES.txt",
        "fixtures/fareplay/order.created.json",
        "LICENSE",
      ]),
    );
    expect(files.filter((file) => /^(src|test|\.config|\.ci|\.github|node_modules)\//.test(file))).toEqual(
      [],
    );
    const installed = join(place.cwd, "node_modules/hookline");
    const name = "fixtures/fareplay/order.created.json";
    expect(readFileSync(join(installed, name)).equals(readFileSync(join(root, name)))).toBe(true);
    expect(existsSync(join(installed, "node_modules"))).toBe(false);
  });

  test("works where it is installed: every command loads, and the demo passes", async () => {
    const { version } = JSON.parse(readFileSync(join(root, "package.json"), "utf8")) as { version: string };
    expect((await npm(place, "npx", "hookline", "--version")).stdout).toBe(`${version}\n`);
    const installed = join(place.cwd, "node_modules/.bin/hookline");
    const hookline = (...args: string[]): Promise<Finished> =>
      startCommand(installed, args, { place }).finished;
    const { stdout } = await hookline("--help");
    const commands = [...stdout.matchAll(/^ {2}([a-z]+) /gm)].map(([, name = ""]) => name);
    expect(commands).toEqual(expect.arrayContaining(["listen", "replay", "sign", "verify", "demo"]));
    for (const command of new Set(commands)) {
      if (command === "hookline") continue;
      const help = await hookline(command, "--help");
      expect([command, help.code, help.stderr]).toEqual([command, 0, ""]);
    }
    expect((await hookline("demo")).code).toBe(0);
  });

  // npm hands its command to a shell: dash stays between the two, bash makes way.
  test.each([
    ["SIGKILL", "sh"],
    ["SIGTERM", "sh"],
    ["SIGKILL", "bash"],
  ] as const)("a listener whose npx is ended by %s (through %s) stops by itself", async (signal, shell) => {
    const npx = startCommand("npx", ["hookline", "listen", "--port", "0", "--json"], {
      place,
      env: { ...env, npm_config_script_shell: shell },
    });
    const url = await npx.ready();
    expect((await post(url)).status).toBe(200);
    const killed = performance.now();
    npx.kill(signal);
    // Its output ends only once every process that could write to it has ended.
    const { stdout, signal: endedBy } = await npx.finished;
    expect(performance.now() - killed).toBeLessThan(6000);
    expect(endedBy).toBe(signal);
    expect(ndjson(stdout).at(-1)).toMatchObject({ type: "stopped", received: 1 });
    await expect(post(url)).rejects.toThrow();
  });
});
