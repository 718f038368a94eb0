import { cpSync, mkdirSync, readdirSync, readFileSync, symlinkSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { closedPort, post } from "./run-servers.ts";
import {
  createPlace,
  ndjson,
  root,
  run,
  start,
  startCommand,
  type Finished,
  type Place,
  type SpawnOptions,
} from "./spawn.ts";

interface DemoPlace extends Place {
  temporary: string;
  options: SpawnOptions & { env: Record<string, string> };
}

/** A place with a folder for temporary files of its own. */
function createDemoPlace(env: Readonly<Record<string, string>> = {}): DemoPlace {
  const place = createPlace();
  const temporary = join(place.home, "../temporary");
  mkdirSync(temporary);
  return { ...place, temporary, options: { place, env: { TMPDIR: temporary, ...env } } };
}

function expectNothingLeft({ home, cwd, temporary }: DemoPlace): void {
  expect([home, cwd, temporary].map((folder) => readdirSync(folder))).toEqual([[], [], []]);
}

async function providerIds(): Promise<string[]> {
  const { stdout } = await run(["providers", "list", "--json"]);
  const { data } = JSON.parse(stdout) as { data: { id: string }[] };
  expect(data.length).toBeGreaterThanOrEqual(11);
  return data.map(({ id }) => id);
}

function expectTold({ code, stdout }: Finished): void {
  expect(code).toBe(0);
  expect(stdout).toMatch(/✓ (\d+) deliveries sent, \1 verified; 1 tampered with and rejected;\n/);
  expect(stdout).toContain("\n  1 failed at first, then delivered by hand\n");
}

/** A program that is loaded before hookline, and writes down whom it connects to and which names it looks up. */
const spy = `
const { appendFileSync } = require("node:fs");
const dns = require("node:dns");
const { Socket } = require("node:net");
const note = (text) => appendFileSync(process.env.CONTACTS, text + "\\n");
const { connect } = Socket.prototype;
Socket.prototype.connect = function (...given) {
  const [{ host, port, path }] = given.flat();
  note(path ?? \`\${host}:\${port}\`);
  return connect.apply(this, given);
};
const { lookup } = dns;
dns.lookup = (name, ...rest) => {
  note(name);
  return lookup(name, ...rest);
};
`;

describe("demo", () => {
  test("--json tells every step, and nothing is left behind", async () => {
    const place = createDemoPlace();
    const { code, stdout, stderr } = await run(["demo", "--json"], place.options);
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expectNothingLeft(place);
    const told = ndjson(stdout);
    const of = (type: string): Record<string, unknown>[] => told.filter((one) => one["type"] === type);
    const ids = await providerIds();

    const loopback = /^http:\/\/127\.0\.0\.1:\d+$/;
    expect(told.slice(0, 2).map(({ type }) => type)).toEqual(["control-plane", "listener"]);
    for (const { url } of told.slice(0, 2)) expect(url).toMatch(loopback);
    const listener = String(told[1]?.["url"]);
    expect(of("endpoint").map(({ provider, url }) => [provider, url])).toEqual(
      ids.map((id) => [id, `${listener}/${id}`]),
    );
    // Each has a secret of its own.
    expect(new Set(of("endpoint").map((endpoint) => endpoint["secret_hint"])).size).toBe(ids.length);

    const named = ({ provider, event }: Record<string, unknown>): string =>
      `${String(provider)}/${String(event)}`;
    const [tampered, ...others] = of("delivery").reverse();
    const accepted = others.reverse();
    expect([...new Set(accepted.map(({ provider }) => provider))]).toEqual(ids);
    expect(accepted.map(named)).toEqual(of("published").slice(0, -1).map(named));
    expect(accepted.every((one) => one["verified"] === true && one["status"] === 200)).toBe(true);
    expect(of("tampered")).toMatchObject([{ name: "fareplay/order.created", status: 401 }]);
    expect(tampered).toMatchObject({
      provider: "fareplay",
      event: "order.created",
      verified: false,
      code: "signature-mismatch",
      findings: [{ cause: "tampered", confidence: "proved" }],
      status: 401,
    });

    const end = told.slice(told.findIndex(({ type }) => type === "app"));
    const published = end[1]?.["deliveries"] as { id: string }[];
    const delivery_id = published[0]?.id;
    expect(end).toMatchObject([
      { type: "app", up: false },
      { type: "published", provider: "fareplay", event: "order.created" },
      { type: "attempt", delivery_id, number: 1, kind: "automatic", status: 503, outcome: "pending" },
      { type: "app", up: true },
      { type: "retry", delivery_id },
      { type: "attempt", delivery_id, number: 2, kind: "manual", status: 200, outcome: "succeeded" },
      {
        type: "attempts",
        delivery_id,
        status: "succeeded",
        attempts: [
          { number: 1, status: 503 },
          { number: 2, status: 200 },
        ],
      },
      { type: "summary" },
    ]);
    const [first] = (end[6]?.["attempts"] ?? []) as { started_at: string }[];
    const wait = Date.parse(String(end[2]?.["next_attempt_at"])) - Date.parse(first?.started_at ?? "");
    // Fareplay's first retry, a minute after the attempt has ended.
    expect(wait).toBeGreaterThanOrEqual(60_000);
    expect(end[5]?.["next_attempt_at"]).toBeNull();

    const sent = accepted.length;
    const summary = { type: "summary", ok: true, sent, verified: sent, rejected: 1, failed: 1, retried: 1 };
    expect(told.at(-1)).toEqual(summary);
  });

  test("for people it is a story in chapters, of lines that fit on a terminal", async () => {
    const place = createDemoPlace();
    const finished = await run(["demo"], place.options);
    expectTold(finished);
    expectNothingLeft(place);
    const { stdout, stderr } = finished;
    expect([...stdout.matchAll(/^(\d)\. /gm)].map(([, number]) => number)).toEqual(["1", "2", "3", "4"]);
    for (const title of ["Fareplay", "Fynn", "Fikäfi", "Stripe"]) expect(stdout).toContain(`\n  ${title}\n`);
    const [, rejected = ""] = stdout.split("\n3. ");
    expect(rejected).toContain("✗ rejected  order.created");
    expect(rejected).toContain("answered 503  Fareplay tries again in 1 min");
    expect(rejected).toMatch(/✗ attempt 1, automatic {2}503 .*\n.*✓ attempt 2, by hand {4}200 /);
    for (const words of ["listen 3000", "replay order", "serve", "endpoints create", "events publish"])
      expect(stderr).toContain(`npx hookline ${words}`);
    const lines = `${stdout}${stderr}`.split("\n");
    expect(lines.filter((line) => line.length > 80)).toEqual([]);
  });

  test("whatever the environment says, it talks to this machine alone", async () => {
    const dead = `http://127.0.0.1:${await closedPort()}`;
    const names = (await providerIds()).map((id) => id.toUpperCase().replaceAll("-", "_"));
    const garbage = Object.fromEntries(
      names.flatMap((name) => [
        [`${name}_WEBHOOK_SECRET`, "whsec_!not base64!"],
        [`${name}_WEBHOOK_SECRET_PREVIOUS`, "\u0001"],
      ]),
    );
    const place = createDemoPlace({
      ...garbage,
      HOOKLINE_API_URL: "https://api.invalid",
      HOOKLINE_API_KEY: "hk_nobodys",
      HOOKLINE_PROFILE: "nobody",
      HOOKLINE_MASTER_KEY: "no key",
      HOOKLINE_SMTP_URL: "smtp://mail.invalid",
      HTTP_PROXY: dead,
      HTTPS_PROXY: dead,
      http_proxy: dead,
    });
    const contacts = place.write("contacts", "");
    const { env } = place.options;
    Object.assign(env, {
      CONTACTS: contacts,
      NODE_OPTIONS: `--require=${place.write("spy.cjs", spy)}`,
      // A home that nothing can be kept in.
      HOOKLINE_HOME: contacts,
    });
    expectTold(await run(["demo"], place.options));
    const contacted = readFileSync(contacts, "utf8").trimEnd().split("\n");
    // Names that are looked up have no port: its own address alone, to listen on.
    expect(contacted.filter((to) => !/^127\.0\.0\.1(:\d+)?$/.test(to))).toEqual([]);
    // The control plane, the listener and the app.
    expect(new Set(contacted.filter((to) => to.includes(":"))).size).toBe(3);
    expect(contacted).not.toContain(new URL(dead).host);
    expect(readdirSync(place.temporary)).toEqual([]);
  });

  test("two at the same time are not in each other's way", async () => {
    const place = createDemoPlace();
    const both = await Promise.all([run(["demo"], place.options), run(["demo"], place.options)]);
    for (const finished of both) expectTold(finished);
    expectNothingLeft(place);
  });

  test("ends with 1 where an event arrives as another", async () => {
    const place = createDemoPlace();
    const copy = join(place.temporary, "../package");
    for (const part of ["bin", "dist", "fixtures", "package.json"])
      cpSync(join(root, part), join(copy, part), { recursive: true });
    symlinkSync(join(root, "node_modules"), join(copy, "node_modules"));
    const fixture = join(copy, "fixtures/stripe/charge.refunded.json");
    const body = readFileSync(fixture, "utf8");
    writeFileSync(fixture, body.replace('"type": "charge.refunded"', '"type": "charge.captured"'));
    expect(readFileSync(fixture, "utf8")).not.toBe(body);

    const args = [join(copy, "bin/hookline.js"), "demo", "--json"];
    const { code, stdout } = await startCommand(process.execPath, args, place.options).finished;
    expect(code).toBe(1);
    const summary = ndjson(stdout).at(-1) as { sent: number };
    // Of Stripe, and of FitAiid and Fjellride, who receive Stripe's.
    expect(summary).toMatchObject({ type: "summary", ok: false, verified: summary.sent - 3, retried: 1 });
    expectNothingLeft(place);
  });

  test("a folder for temporary files that is not there is said", async () => {
    const place = createPlace();
    const missing = join(place.home, "missing");
    const { code, stdout, stderr } = await run(["demo", "--json"], { place, env: { TMPDIR: missing } });
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(JSON.parse(stderr)).toMatchObject({ error: { code: "temporary-folder-unwritable" } });
  });

  test.each([
    ["SIGINT", 1, 130],
    ["SIGTERM", 1, 143],
    ["SIGINT", 2, 130],
  ] as const)("%s (%i) ends it with everything it opened", async (signal, times, expected) => {
    // It is over so soon that the signal may come too late: then it is tried again.
    for (let tries = 1; ; tries++) {
      const place = createDemoPlace();
      const demo = start(["demo"], place.options);
      await demo.until("the listener", (out) => out.includes("receives them"));
      for (let time = 0; time < times; time++) demo.kill(signal);
      const { code, stdout } = await demo.finished;
      expectNothingLeft(place);
      if (code === 0 && tries < 5) continue;
      expect(code).toBe(expected);
      const urls = stdout.match(/http:\/\/127\.0\.0\.1:\d+/g) ?? [];
      expect(urls.length).toBeGreaterThanOrEqual(2);
      for (const url of urls) await expect(post(url)).rejects.toThrow();
      return;
    }
  });

  test("a reader that leaves early ends it, and nothing is left behind", async () => {
    const place = createDemoPlace();
    const reader: SpawnOptions["reader"] = (stdout) => void stdout.once("data", () => stdout.destroy());
    await run(["demo"], { ...place.options, reader });
    expectNothingLeft(place);
  });
});
