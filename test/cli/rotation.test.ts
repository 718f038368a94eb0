import { readFileSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { createRegistry } from "../../src/providers/index.ts";
import { createVerifier } from "../../src/signing/verify.ts";
import { again, publishing, serveIn, until, type ServedPlane } from "./rotation-plane.ts";
import { startServer, type Received } from "./run-servers.ts";
import { createPlace, type Place } from "./spawn.ts";

const name = "APP_SECRET";
/** A delivery as it came: which of the old and the new secret verify it, and whether the receiver took it. */
interface Arrived {
  request: Received;
  accepted: boolean;
}

interface Receiver {
  url: string;
  arrived: Arrived[];
  /** Told when the receiver is to read its secrets anew; it answers when this resolves. */
  onReload: () => Promise<void>;
}

const registry = createRegistry();

const isGenuine = (provider: string, secrets: readonly string[], { body, headers }: Received): boolean =>
  createVerifier(registry.require(provider).signatures, secrets)({ body, headers, now: Date.now() }).ok;

const secretsIn = (place: Place): string[] => {
  const env = parseEnv(readFileSync(join(place.cwd, ".env"), "utf8"));
  return [env[name], env[`${name}_PREVIOUS`]].filter((secret) => secret !== undefined);
};

/** An app that reads NAME and NAME_PREVIOUS when it starts and at `/reload`, and refuses what neither verifies. */
async function startApp(place: Place, provider: string): Promise<Receiver> {
  let secrets: string[] | undefined;
  const receiver: Receiver = { url: "", arrived: [], onReload: () => Promise.resolve() };
  const { url } = await startServer(async (request, response) => {
    if (request.url === "/reload") {
      secrets = secretsIn(place);
      await receiver.onReload();
      return void response.end();
    }
    const accepted = isGenuine(provider, (secrets ??= secretsIn(place)), request);
    receiver.arrived.push({ request, accepted });
    response.writeHead(accepted ? 200 : 401).end();
  });
  return Object.assign(receiver, { url });
}

interface Scene {
  place: Place;
  plane: ServedPlane;
  app: Receiver;
  id: string;
  old: string;
  /** Waits until so many deliveries have come that were published from now on. @returns those */
  more: (count: number) => Promise<Arrived[]>;
  stop(): Promise<{ published: number; refused: number }>;
}

const numberOf = ({ body }: Received): number =>
  Number((JSON.parse(body.toString()) as { id: string }).id.slice("evt_".length));

/** An endpoint that gets deliveries every few milliseconds. */
async function begin(provider: string, type: string): Promise<Scene> {
  const place = createPlace();
  const plane = await serveIn(place);
  const app = await startApp(place, provider);
  const create = ["--provider", provider, "--events", "*", "--url", app.url, "--write-env", `.env:${name}`];
  const { id } = await plane.json("endpoints", "create", ...create);
  const [old = ""] = secretsIn(place);
  const stream = publishing(plane, provider, type);
  return {
    place,
    plane,
    app,
    id,
    old,
    async more(count) {
      // The one that is being published now may have been signed already.
      const from = stream.published() + 1;
      const found = (): Arrived[] => app.arrived.filter(({ request }) => numberOf(request) >= from);
      await until(() => found().length >= count);
      return found();
    },
    async stop() {
      await stream.stop();
      const published = stream.published();
      await until(() => app.arrived.length >= published);
      return { published, refused: app.arrived.filter(({ accepted }) => !accepted).length };
    },
  };
}

const reload = ({ url }: Receiver): string =>
  `node -e 'fetch("${url}/reload").then((answer) => process.exit(answer.ok ? 0 : 1))'`;

const rotate = ({ plane, id }: Scene, command: string, grace: string) =>
  plane.run([
    ...["endpoints", "rotate-secret", id, "--grace", grace, "--write-env", `.env:${name}`, "--json"],
    ...["--exec", command],
  ]);

describe.each([
  ["standard-webhooks", "user.created", { carries: "two signatures", inGrace: [true, true] }],
  ["fareplay", "order.created", { carries: "one", inGrace: [true, false] }],
] as const)("a signing secret of %s", (provider, type, { inGrace }) => {
  test("is rotated without one delivery refused: before, meanwhile, in the grace, at its end and after", async () => {
    const scene = await begin(provider, type);
    const { place, plane, app, id, old, more } = scene;
    const verify = (arrived: Arrived[], ...secrets: string[]): boolean[][] =>
      arrived.map(({ request }) => secrets.map((secret) => isGenuine(provider, [secret], request)));
    const all = (arrived: Arrived[], expected: readonly boolean[]): boolean[][] =>
      arrived.map(() => [...expected]);

    const before = await more(20);
    expect(verify(before, old)).toEqual(all(before, [true]));

    // While the command runs: first the app has the old secret alone, then both.
    let meanwhile: Arrived[] = [];
    app.onReload = async () => {
      meanwhile = await more(20);
    };
    const { code, stdout } = await rotate(scene, reload(app), "1s");
    expect(code).toBe(0);
    const rotated = JSON.parse(stdout) as { secret_rotation: { signs_with: string; previous_until: string } };
    expect(rotated.secret_rotation.signs_with).toBe(inGrace[1] ? "both" : "previous");
    const [next = "", previous] = secretsIn(place);
    expect(previous).toBe(old);
    expect(meanwhile.length).toBeGreaterThanOrEqual(20);
    expect(verify(meanwhile, old, next)).toEqual(all(meanwhile, inGrace));

    // Whatever came until the grace ended was signed as it was meanwhile; from then on with the new one alone.
    const fromRotation = app.arrived.length;
    await until(async () => (await plane.json("endpoints", "show", id))["secret_rotation"] === null);
    expect(Date.now()).toBeGreaterThanOrEqual(Date.parse(rotated.secret_rotation.previous_until));
    const after = await more(20);
    expect(verify(after, old, next)).toEqual(all(after, [false, true]));
    const kinds = new Set(verify(app.arrived.slice(fromRotation), old, next).map(String));
    expect([...kinds].sort()).toEqual([String([false, true]), String(inGrace)]);

    const { published, refused } = await scene.stop();
    expect({ refused, isMany: published > 50 }).toEqual({ refused: 0, isMany: true });
    const { data } = await plane.json("deliveries", "list", "--status", "failed");
    expect(data).toEqual([]);
    console.log(`${provider}: ${published} deliveries published during the rotation, ${refused} refused`);
  });

  test("is as it was where the command fails, again without one delivery refused", async () => {
    const scene = await begin(provider, type);
    const { place, plane, app, id, old, more } = scene;
    const file = readFileSync(join(place.cwd, ".env"));
    let tried = "";
    app.onReload = async () => {
      tried = secretsIn(place)[0] ?? "";
      await more(20);
    };
    await more(5);
    const failed = await rotate(scene, `${reload(app)}; exit 7`, "2s");
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(failed.stderr).toContain("exit code 7");
    expect(readFileSync(join(place.cwd, ".env"))).toEqual(file);
    expect(await plane.json("endpoints", "show", id)).toMatchObject({ secret_rotation: null });
    for (const { request } of await more(20))
      expect([old, tried].map((secret) => isGenuine(provider, [secret], request))).toEqual([true, false]);
    expect(await scene.stop()).toMatchObject({ refused: 0 });
  });
});

test("an API key is rotated without one refusal of its user; the old one works to the end of the grace", async () => {
  const place = createPlace();
  const plane = await serveIn(place);
  const written = ["--write-env", ".env:API_KEY"];
  const { id } = await plane.json("keys", "create", "--name", "app", "--scope", "keys:read", ...written);
  const keyIn = (): string => parseEnv(readFileSync(join(place.cwd, ".env"), "utf8"))["API_KEY"] ?? "";
  const old = keyIn();
  const asks = async (key: string) => {
    const { status, body } = await plane.ask("GET", "/v1/keys/current", key);
    return { status, code: body["code"], at: Date.now() };
  };
  let key = old;
  const app: number[] = [];
  const late: Awaited<ReturnType<typeof asks>>[] = [];
  const deployed = await startServer((_, response) => {
    key = keyIn();
    response.end();
  });
  const streams = [
    again(async () => app.push((await asks(key)).status)),
    // Those that fail to authenticate are limited, so it stops at the first refusal.
    again(async () => {
      if (late.at(-1)?.status !== 401) late.push(await asks(old));
    }),
  ];
  const command = `node -e 'fetch("${deployed.url}").then(() => 0)'`;
  await plane.json("keys", "rotate", id, "--grace", "1s", ...written, "--exec", command);
  const made = keyIn();
  expect(key).toBe(made);
  expect(made).not.toBe(old);
  expect([(await asks(old)).status, (await asks(made)).status]).toEqual([200, 200]);
  const end = Date.parse((await plane.json("keys", "show", id))["grace_ends_at"] as string);
  await until(() => late.at(-1)?.status === 401);
  const before = app.length;
  await until(() => app.length > before + 10);
  for (const stream of streams) await stream.stop();

  expect(app.filter((status) => status !== 200)).toEqual([]);
  const last = late.at(-1);
  expect(late.slice(0, -1).filter(({ status }) => status !== 200)).toEqual([]);
  expect(last).toMatchObject({ status: 401, code: "key-replaced" });
  expect(last?.at).toBeGreaterThanOrEqual(end);
  expect([(await asks(old)).status, (await asks(made)).status]).toEqual([401, 200]);
  const asked = `${app.length} requests of the app, 0 refused`;
  console.log(`keys: ${asked}; ${late.length - 1} with the old key until its grace ended`);
});
