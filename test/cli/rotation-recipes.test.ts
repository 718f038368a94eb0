import { spawnSync } from "node:child_process";
import { chmodSync, existsSync, mkdirSync, readFileSync, writeFileSync } from "node:fs";
import { delimiter, join } from "node:path";
import { parseEnv } from "node:util";
import { transformSync } from "esbuild";
import { expect, test } from "vitest";
import { publishing, serveIn, until, type ServedPlane } from "./rotation-plane.ts";
import { bin, createPlace, root, run, startCommand, type Finished, type Place } from "./spawn.ts";

const recipes = new Map(
  [...readFileSync(join(root, "docs/rotation.md"), "utf8").matchAll(/^```bash (\S+)\n(.*?)^```$/gms)].map(
    ([, name = "", script = ""]) => [name, script],
  ),
);

const hasBash = spawnSync("bash", ["-c", "exit 0"]).status === 0;

/**
 * An application: it verifies webhooks with the functions that `hookline snippet` prints and with NAME and
 * NAME_PREVIOUS, uses an API key all the time, and reads .env when it starts and at SIGHUP.
 */
const application = (apiUrl: string): string => `
import { createServer } from "node:http";
import { readFileSync, writeFileSync } from "node:fs";
import { parseEnv } from "node:util";
import { verifyFareplay } from "./verify-fareplay.mjs";
import { verifyStandardWebhooks } from "./verify-standard-webhooks.mjs";

const apps = {
  "/fareplay": [verifyFareplay, "FAREPLAY_WEBHOOK_SECRET"],
  "/standard": [verifyStandardWebhooks, "STANDARD_WEBHOOKS_WEBHOOK_SECRET"],
};
const counts = { accepted: 0, refused: 0, allowed: 0, denied: 0 };
const read = () => parseEnv(readFileSync(".env", "utf8"));
let env = read();
process.on("SIGHUP", () => {
  env = read();
  writeFileSync("app.reloaded", "");
});
const server = createServer((request, response) => {
  if (request.url === "/counts") return void response.end(JSON.stringify(counts));
  const chunks = [];
  request.on("data", (chunk) => chunks.push(chunk));
  request.on("end", () => {
    const [verify, name] = apps[request.url];
    const secrets = [env[name], env[name + "_PREVIOUS"]];
    const isGenuine = secrets.some((secret) => secret && verify(Buffer.concat(chunks), request.headers, secret));
    counts[isGenuine ? "accepted" : "refused"]++;
    response.writeHead(isGenuine ? 200 : 401).end();
  });
});
server.listen(0, "127.0.0.1", () => {
  writeFileSync("app.pid", String(process.pid));
  console.log("listening on http://127.0.0.1:" + server.address().port);
});
const ask = async () => {
  const { status } = await fetch("${apiUrl}/v1/keys/current", { headers: { "x-api-key": env.API_KEY } });
  counts[status === 200 ? "allowed" : "denied"]++;
  setTimeout(ask, 10);
};
ask();
`;

interface Shop {
  place: Place;
  plane: ServedPlane;
  url: string;
  /** Runs one of the recipes, as it stands in the docs. */
  recipe: (
    name: string,
    args?: readonly string[],
    env?: Readonly<Record<string, string>>,
  ) => Promise<Finished>;
  env: () => NodeJS.Dict<string>;
  counts: () => Promise<Record<"accepted" | "refused" | "allowed" | "denied", number>>;
}

/** Where the recipes lie, with a `hookline` on the PATH. */
function createShop(): { place: Place; recipe: Shop["recipe"] } {
  const place = createPlace();
  mkdirSync(join(place.home, "bin"));
  writeFileSync(join(place.home, "bin/hookline"), `#!/bin/sh\nexec "${process.execPath}" "${bin}" "$@"\n`);
  chmodSync(join(place.home, "bin/hookline"), 0o755);
  for (const [name, script] of recipes) chmodSync(place.write(name, script), 0o755);
  const path = [join(place.home, "bin"), join(process.execPath, ".."), process.env["PATH"]].join(delimiter);
  return {
    place,
    recipe: (name, args = [], env = {}) =>
      startCommand(join(place.cwd, name), args, { place, env: { PATH: path, ...env } }).finished,
  };
}

async function openShop(): Promise<Shop> {
  const { place, recipe } = createShop();
  const plane = await serveIn(place);
  for (const provider of ["fareplay", "standard-webhooks"]) {
    const [verifier = ""] = (await run(["snippet", provider], { place })).stdout.split(
      "// In use, with Express",
    );
    place.write(`verify-${provider}.mjs`, transformSync(verifier, { loader: "ts" }).code);
  }
  const { id } = await plane.json(
    ...["keys", "create", "--name", "shop", "--scope", "events:read", "--write-env", ".env:API_KEY"],
  );
  place.write("api-key.id", `${id}\n`);
  place.write("app.mjs", application(plane.url));
  const url = await startCommand(process.execPath, ["app.mjs"], { place }).ready();
  return {
    place,
    plane,
    url,
    recipe,
    env: () => parseEnv(readFileSync(join(place.cwd, ".env"), "utf8")),
    counts: async () => (await (await fetch(`${url}/counts`)).json()) as Awaited<ReturnType<Shop["counts"]>>,
  };
}

test("the docs have the recipes that are tried here, each a whole script", () => {
  expect([...recipes.keys()]).toEqual([
    "rotate-api-key.sh",
    "deploy.sh",
    "rotate-secret.sh",
    "drop-previous.sh",
    "audit-keys.sh",
  ]);
  for (const script of recipes.values())
    expect(script).toMatch(/^#!\/usr\/bin\/env bash\n# .*\n(?:# .*\n)*set -euo pipefail\n/);
});

test.skipIf(!hasBash)(
  "an API key is rotated night after night, and its application never denied",
  async () => {
    const { place, plane, recipe, env, counts } = await openShop();
    const worksWith = async (key: string): Promise<boolean> =>
      (await plane.ask("GET", "/v1/keys/current", key)).status === 200;
    const keys = [env()["API_KEY"] ?? ""];
    for (const night of [1, 2]) {
      const before = await counts();
      expect(await recipe("rotate-api-key.sh", [], { GRACE: "1s" })).toMatchObject({ code: 0, stdout: "" });
      const key = env()["API_KEY"] ?? "";
      expect(keys).not.toContain(key);
      await until(async () => !(await worksWith(keys.at(-1) ?? "")));
      keys.push(key);
      await until(async () => (await counts()).allowed > before.allowed + 20);
      expect(await worksWith(key)).toBe(true);
      expect([night, readFileSync(join(place.cwd, "api-key.id"), "utf8").trim()]).toEqual([
        night,
        (JSON.parse(readFileSync(join(place.cwd, "rotated-key.json"), "utf8")) as { id: string }).id,
      ]);
    }

    // A night on which the deployment fails changes nothing.
    const files = (): string[] =>
      [".env", "api-key.id"].map((file) => readFileSync(join(place.cwd, file), "utf8"));
    const before = files();
    place.write("deploy.sh", "#!/bin/sh\necho no room left; exit 4\n");
    const failed = await recipe("rotate-api-key.sh");
    expect(failed.code).toBe(1);
    expect(failed.stderr).toMatch(/no room left\n.*"code":"exec-failed"/);
    expect(files()).toEqual(before);
    expect(await worksWith(keys.at(-1) ?? "")).toBe(true);
    expect(await counts()).toMatchObject({ denied: 0 });
  },
);

test.skipIf(!hasBash)(
  "signing secrets are rotated and the former ones dropped, and nothing is refused",
  async () => {
    const { place, plane, url, recipe, env, counts } = await openShop();
    const cases = [
      ["fareplay", "order.created", `${url}/fareplay`, "FAREPLAY_WEBHOOK_SECRET"],
      ["standard-webhooks", "user.created", `${url}/standard`, "STANDARD_WEBHOOKS_WEBHOOK_SECRET"],
    ] as const;
    const arrived = async (): Promise<number> => {
      const { accepted, refused } = await counts();
      return accepted + refused;
    };
    const early = await recipe("drop-previous.sh", ["FAREPLAY_WEBHOOK_SECRET"]);
    expect([early.code, early.stderr]).toEqual([
      1,
      "rotated-secret.json says of no rotation when it ends: see hookline endpoints show\n",
    ]);
    let published = 0;
    for (const [provider, type, target, name] of cases) {
      const to = ["--provider", provider, "--events", "*", "--url", target, "--write-env", `.env:${name}`];
      const { id } = await plane.json("endpoints", "create", ...to);
      expect(await recipe("deploy.sh")).toMatchObject({ code: 0 });
      const old = env()[name];
      const stream = publishing(plane, provider, type);
      expect(await recipe("rotate-secret.sh", [id, name], { GRACE: "1s" })).toMatchObject({
        code: 0,
        stdout: "",
      });
      expect(env()[`${name}_PREVIOUS`]).toBe(old);
      expect(env()[name]).not.toBe(old);
      // A rotation that fails takes nothing away from what is known of the one before.
      const document = readFileSync(join(place.cwd, "rotated-secret.json"));
      expect((await recipe("rotate-secret.sh", ["ep_none", name])).code).toBe(4);
      expect(readFileSync(join(place.cwd, "rotated-secret.json"))).toEqual(document);
      const early = await recipe("drop-previous.sh", [name]);
      expect(early.code).toBe(1);
      expect(early.stderr).toMatch(/^too early: the former secret is in use until \d{4}-/);
      await until(async () => (await plane.json("endpoints", "show", id))["secret_rotation"] === null);
      // What was signed before has come by the time the former secret goes.
      const signed = published + stream.published() + 1;
      await until(async () => (await arrived()) >= signed);
      await until(async () => (await recipe("drop-previous.sh", [name], { MARGIN_SECONDS: "1" })).code === 0);
      expect(env()[`${name}_PREVIOUS`]).toBeUndefined();
      const dropped = stream.published();
      await until(() => stream.published() > dropped + 20);
      await stream.stop();
      published += stream.published();
    }
    await until(async () => (await arrived()) >= published);
    expect(await counts()).toMatchObject({ accepted: published, refused: 0, denied: 0 });
  },
);

test.skipIf(!hasBash)("an audit ends with 0, with 1 and what it found, or with what went wrong", async () => {
  const { place, recipe } = createShop();
  expect(await recipe("audit-keys.sh")).toMatchObject({ code: 0, stdout: "" });
  const { stdout } = await run(["keys", "create", "--name", "ci", "--scope", "keys:read", "--json"], {
    place,
  });
  const { id, key } = JSON.parse(stdout) as { id: string; key: string };
  const found = await recipe("audit-keys.sh");
  expect(found.code).toBe(1);
  expect(found.stdout).toBe(`never-expires ${id} ci\n`);
  expect(await recipe("audit-keys.sh", [], { HOOKLINE_API_KEY: `${key}x` })).toMatchObject({
    code: 3,
    stdout: "",
  });
  expect(existsSync(join(place.cwd, "audit.json"))).toBe(true);
});
