import { existsSync, readFileSync, renameSync, rmSync, statSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { homeOf } from "./api-server.ts";
import { post, type PostOptions } from "./run-servers.ts";
import { createPlace, ndjson, run, start, type Place, type Started } from "./spawn.ts";
import { startOnTerminal } from "./terminal.ts";

const serve = (place: Place, ...args: string[]): Started =>
  start(["serve", "--port", "0", "--json", ...args], { place });

const ask = async (url: string, path: string, options: PostOptions = {}) => {
  const { status, body } = await post(url + path, { method: "GET", body: "", ...options });
  return { status, json: JSON.parse(body.toString()) as Record<string, unknown> };
};

const withKey = (key: string): PostOptions => ({ headers: { "x-api-key": key } });

interface Profiles {
  current: string;
  profiles: Record<string, { url: string; key: string; keyId: string }>;
}
const profilesOf = (place: Place): Profiles =>
  JSON.parse(readFileSync(join(homeOf(place), "profiles.json"), "utf8")) as Profiles;

const stop = async (server: Started) => {
  server.kill("SIGTERM");
  return server.finished;
};

const errorOf = (stderr: string) =>
  (JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as { error: { code: string; message: string } })
    .error;

describe("the first start", () => {
  test("gives the account local a root key, in the profile local, and says where it listens", async () => {
    const place = createPlace();
    const server = serve(place);
    const url = await server.ready();
    const { current, profiles } = profilesOf(place);
    expect(current).toBe("embedded");
    expect(profiles["local"]).toMatchObject({ url, kind: "api", account: "local" });
    const key = profiles["local"]?.key ?? "";
    expect((await ask(url, "/v1/health")).json).toMatchObject({ status: "ok" });
    expect((await ask(url, "/v1/keys/current", withKey(key))).json).toMatchObject({
      account: { name: "local" },
      key: { name: "root", status: "active", expires_at: null },
    });
    const { code, stdout, stderr } = await stop(server);
    expect(code).toBe(0);
    expect(ndjson(stdout)).toMatchObject([
      { type: "ready", url, database: join(homeOf(place), "hookline.db"), profile: "local" },
    ]);
    // Every line of the log is a document, and none holds the key.
    const log = ndjson(stderr);
    expect(log.map(({ event }) => event)).toEqual(["root-key", "ready", "request", "request", "stopped"]);
    expect(stdout + stderr).not.toContain(key.slice(3));
    for (const file of ["hookline.db", "master.key", "profiles.json"])
      expect([file, statSync(join(homeOf(place), file)).mode & 0o777]).toEqual([file, 0o600]);
  });

  test("is the only one that does; the profile follows the server to its next port", async () => {
    const place = createPlace();
    const first = serve(place);
    await first.ready();
    const before = profilesOf(place).profiles["local"];
    await stop(first);
    const second = serve(place, "--use");
    const url = await second.ready();
    const { current, profiles } = profilesOf(place);
    expect(current).toBe("local");
    expect(profiles).toEqual({ local: { ...before, url } });
    const { code, stdout } = await run(["whoami", "--json"], { place });
    expect([code, JSON.parse(stdout)]).toMatchObject([0, { profile: "local", account: { name: "local" } }]);
    await stop(second);
  });

  test("of another database has a profile of its own: no key is lost", async () => {
    const place = createPlace();
    const [one, other] = [serve(place, "--db", "one.db"), serve(place, "--db", "sub/other.db")];
    await Promise.all([one.ready(), other.ready()]);
    expect(Object.keys(profilesOf(place).profiles)).toHaveLength(2);
    expect(existsSync(join(place.cwd, "sub/other.db"))).toBe(true);
    await Promise.all([stop(one), stop(other)]);
  });

  test("on a terminal shows the key once", async () => {
    const place = createPlace();
    const terminal = startOnTerminal(["serve", "--port", "0"], { place });
    await terminal.until("control plane on");
    const key = profilesOf(place).profiles["local"]?.key ?? "";
    expect(terminal.screen()).toContain(key);
    terminal.type("\x03");
    await terminal.until("stopped after 0 requests");
    await terminal.ended;
    const again = startOnTerminal(["serve", "--port", "0"], { place });
    await again.until("control plane on");
    expect(again.screen()).not.toContain(key);
    again.type("\x03");
    await again.until("stopped after 0 requests");
    await again.ended;
  });
});

describe("--create-account", () => {
  test("makes an account with a root key in a file of its own, once", async () => {
    const place = createPlace();
    const file = join(place.cwd, "acme.key");
    const args = ["--create-account", "acme", "--root-key-file", "acme.key"];
    const server = serve(place, ...args);
    const url = await server.ready();
    expect(statSync(file).mode & 0o777).toBe(0o600);
    const key = readFileSync(file, "utf8").trim();
    expect((await ask(url, "/v1/keys/current", withKey(key))).json).toMatchObject({
      account: { name: "acme" },
    });
    // It is no key of the local account, and sees none of its rows.
    const { json } = await ask(url, "/v1/keys", withKey(key));
    expect((json["data"] as { name: string }[]).map(({ name }) => name)).toEqual(["root"]);
    await stop(server);
    // A supervisor starts it again just so.
    const again = serve(place, ...args);
    await again.ready();
    expect(readFileSync(file, "utf8").trim()).toBe(key);
    const { code, stderr } = await stop(again);
    expect(code).toBe(0);
    expect(stderr).toContain("the account acme was given its root key before");
  });

  test.each<[string, string[], (place: Place) => void, string]>([
    ["there is nowhere to put its key", [], () => undefined, "root-key-nowhere"],
    [
      "the file is there already",
      ["--root-key-file", "key"],
      (place) => place.write("key", "something else"),
      "root-key-file-unwritable",
    ],
    [
      "the file's folder is missing",
      ["--root-key-file", "none/key"],
      () => undefined,
      "root-key-file-unwritable",
    ],
  ])("makes none where %s", async (_, args, prepare, code) => {
    const place = createPlace();
    prepare(place);
    const finished = await serve(place, "--create-account", "acme", ...args).finished;
    expect([finished.code, finished.stdout, errorOf(finished.stderr).code]).toEqual([2, "", code]);
    // The next start, done right, makes it as if nothing had been.
    const server = serve(place, "--create-account", "acme", "--root-key-file", "right.key");
    await server.ready();
    expect(ndjson(server.stderr())).toContainEqual(expect.objectContaining({ event: "account", made: true }));
    await stop(server);
  });

  test("replaces a file that holds a key which never came into force", async () => {
    const place = createPlace();
    const other = createPlace();
    await stop(await ready(serve(other, "--create-account", "acme", "--root-key-file", "acme.key")));
    const useless = readFileSync(join(other.cwd, "acme.key"), "utf8");
    place.write("acme.key", useless);
    const server = serve(place, "--create-account", "acme", "--root-key-file", "acme.key");
    const url = await server.ready();
    const key = readFileSync(join(place.cwd, "acme.key"), "utf8");
    expect(key).not.toBe(useless);
    expect((await ask(url, "/v1/keys/current", withKey(key.trim()))).status).toBe(200);
    await stop(server);
  });
});

const ready = async (server: Started): Promise<Started> => {
  await server.ready();
  return server;
};

describe("what stops it before it starts", () => {
  test.each<[string, string[], (place: Place) => void, string]>([
    ["a port that is no number", ["--port", "x"], () => undefined, "usage"],
    ["an address of another machine", ["--host", "192.0.2.1"], () => undefined, "cannot-listen"],
    ["a database that is a folder", ["--db", "."], () => undefined, "database-unwritable"],
    [
      "a file that is no database",
      ["--db", "x"],
      (place) => place.write("x", "text ".repeat(99)),
      "database-damaged",
    ],
    ["an account's name of two lines", ["--create-account", "a\nb"], () => undefined, "account-name-invalid"],
  ])("%s: exit 2, and what to do", async (_, args, prepare, code) => {
    const place = createPlace();
    prepare(place);
    const finished = await serve(place, ...args).finished;
    expect([finished.code, finished.stdout, errorOf(finished.stderr).code]).toEqual([2, "", code]);
  });

  test.each<[string, string[], string, RegExp]>([
    ["retries without an end", ["--retry-delays", "1s,"], "usage", /^--retry-delays takes durations/],
    ["endpoints that fail less than never", ["--disable-after", "-1"], "usage", /^--disable-after takes/],
    ["room for no delivery", ["--concurrency", "0"], "usage", /^--concurrency takes a whole number from 1/],
    [
      "private targets where others reach it",
      ["--allow-private-targets", "--host", "0.0.0.0"],
      "targets-exposed",
      /not one on 0\.0\.0\.0: whoever has a key could have it call into your network$/,
    ],
    [
      "private targets on ::",
      ["--allow-private-targets", "--host", "::"],
      "targets-exposed",
      /not one on ::/,
    ],
    [
      "an address in place of a range",
      ["--allow-target", "10.0.0.1"],
      "target-range-invalid",
      /^"10\.0\.0\.1" is not a range of addresses$/,
    ],
    [
      "a range that is too narrow",
      ["--allow-target", "10.0.0.0/8", "--allow-target", "10.0.0.0/33"],
      "target-range-invalid",
      /^"10\.0\.0\.0\/33" is not/,
    ],
    ["a name", ["--allow-target", "localhost/8"], "target-range-invalid", /^"localhost\/8" is not/],
  ])("how it delivers: %s: exit 2, and nothing is made", async (_, args, code, message) => {
    const place = createPlace();
    const finished = await serve(place, ...args).finished;
    const error = errorOf(finished.stderr);
    expect([finished.code, finished.stdout, error.code]).toEqual([2, "", code]);
    expect(error.message).toMatch(message);
    expect(existsSync(join(homeOf(place), "hookline.db"))).toBe(false);
  });

  test("a port that is taken", async () => {
    const place = createPlace();
    const server = serve(place);
    const { port } = new URL(await server.ready());
    const finished = await run(["serve", "--port", port, "--json"], { place });
    expect([finished.code, errorOf(finished.stderr).code]).toEqual([2, "port-taken"]);
    await stop(server);
  });

  test("a master key that is gone, or another", async () => {
    const place = createPlace();
    await stop(await ready(serve(place)));
    const file = join(homeOf(place), "master.key");
    renameSync(file, `${file}.kept`);
    const gone = await serve(place).finished;
    expect([gone.code, errorOf(gone.stderr).code]).toEqual([2, "master-key-missing"]);
    expect(existsSync(file)).toBe(false);
    writeFileSync(file, Buffer.alloc(32, 7).toString("base64"), { mode: 0o600 });
    const other = await serve(place).finished;
    expect([other.code, errorOf(other.stderr).code]).toEqual([2, "master-key-wrong"]);
    rmSync(file);
    renameSync(`${file}.kept`, file);
    await stop(await ready(serve(place)));
  });
});

describe("the end", () => {
  test.each(["SIGTERM", "SIGINT"] as const)("by %s waits for what is under way", async (signal) => {
    const place = createPlace();
    const server = serve(place);
    const { port } = new URL(await server.ready());
    const { key } = profilesOf(place).profiles["local"] ?? { key: "" };
    const body = JSON.stringify({ name: "last", scopes: ["keys:read"] });
    const socket = connect(Number(port), "127.0.0.1");
    let answer = "";
    socket.on("data", (chunk: Buffer) => (answer += chunk.toString("latin1")));
    const closed = new Promise((resolve) => socket.on("close", resolve));
    const head = `POST /v1/keys HTTP/1.1\r\nHost: x\r\nX-Api-Key: ${key}\r\nContent-Type: application/json\r\nContent-Length: ${body.length}\r\n\r\n`;
    socket.write(head + body.slice(0, 5));
    // A second request has been answered, so the first has arrived before it.
    expect((await ask(`http://127.0.0.1:${port}`, "/v1/health")).status).toBe(200);
    server.kill(signal);
    await server.until("a closed port", () => true);
    socket.write(body.slice(5));
    await closed;
    expect(answer).toMatch(/^HTTP\/1\.1 201 /);
    expect((await server.finished).code).toBe(0);
    const { stdout } = await run(["keys", "list", "--json"], { place });
    expect((JSON.parse(stdout) as { data: { name: string }[] }).data.map(({ name }) => name)).toContain(
      "last",
    );
  });
});

test("the log tells no secret, whatever is asked", async () => {
  const place = createPlace();
  const server = serve(place);
  const url = await server.ready();
  const { key } = profilesOf(place).profiles["local"] ?? { key: "" };
  const made = await ask(url, "/v1/endpoints", {
    method: "POST",
    headers: { "x-api-key": key, "content-type": "application/json" },
    body: JSON.stringify({ url: "https://example.com/hooks?token=t0ken", provider: "stripe", events: ["*"] }),
  });
  const { secret } = made.json as { secret: string };
  expect(secret).toMatch(/^whsec_/);
  for (const path of [`/v1/keys?key=${key}`, `/v1/key/${key}`, `/${secret}/x`, `/v1/keys/${key}`])
    await ask(url, path, withKey(key));
  await ask(url, "/v1/keys", { headers: { authorization: `Bearer ${key}x` } });
  const { stdout, stderr } = await stop(server);
  for (const hidden of [key.slice(3), secret.slice(6), "t0ken"])
    expect(stdout + stderr).not.toContain(hidden);
  expect(ndjson(stderr).filter(({ event }) => event === "auth-failed")).toMatchObject([
    { code: "key-invalid" },
  ]);
});
