import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { homeOf, startApi, startStub, stubKey } from "./api-server.ts";
import { closedPort, startServer } from "./run-servers.ts";
import { createPlace, run, type Finished, type Place } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

interface Kept {
  current: string;
  profiles: Record<string, Record<string, unknown>>;
}

const fileOf = (place: Place): string => join(homeOf(place), "profiles.json");
const keptIn = (place: Place): Kept => JSON.parse(readFileSync(fileOf(place), "utf8")) as Kept;
const modeOf = (path: string): number => statSync(path).mode & 0o777;
const json = ({ stdout }: Finished): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;

const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

describe("login to a server", () => {
  test("takes the key from standard input, a file, the environment or, with a warning, as it is", async () => {
    const { url, key, host } = await startApi();
    const name = host.replace(":", "-");
    const ways: [args: string[], options: { env?: Record<string, string>; input?: string }][] = [
      [[url, "--key", "-"], { input: `${key}\n` }],
      [[url, "--key", "file:the.key"], {}],
      [[url, "--key", "env:MINE"], { env: { MINE: key } }],
      [[], { env: { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: key } }],
      [[`${url}/`], { env: { HOOKLINE_API_KEY: key } }],
      [[url, "--key", key], {}],
    ];
    for (const [args, options] of ways) {
      const place = createPlace();
      place.write("the.key", `${key}\n`);
      const finished = await run(["login", ...args, "--json"], { place, ...options });
      expect(finished.code).toBe(0);
      expect(json(finished)).toEqual({
        profile: name,
        kind: "api",
        url,
        account: "acme",
        key_id: expect.stringMatching(/^key_/) as string,
        current: true,
      });
      expect(finished.stdout + finished.stderr).not.toContain(key);
      expect(finished.stderr).toBe(
        args.includes(key)
          ? "warning: what is given to --key as it is shows in `ps` and in the shell's history; prefer --key env:NAME or file:PATH\n"
          : "",
      );
      expect(keptIn(place)).toMatchObject({
        current: name,
        profiles: { [name]: { kind: "api", url, key, account: "acme" } },
      });
      expect(modeOf(fileOf(place))).toBe(0o600);
      expect(modeOf(homeOf(place))).toBe(0o700);
    }
  });

  test("says whose account it is, which key and which profile, and never the key", async () => {
    const place = createPlace();
    const { url, key } = await startApi();
    const args = ["login", url, "--key", "-", "--profile", "acme"];
    const { code, stdout, stderr } = await run(args, { place, input: key });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toContain(`✓ logged in to ${url}\n`);
    expect(stdout).toMatch(/^ {2}account +acme \(acct_\w+\)$/m);
    expect(stdout).toMatch(new RegExp(`^ {2}key +root \\(key_\\w+\\), hk_…${key.slice(-4)}, active$`, "m"));
    expect(stdout).toMatch(/^ {2}ends +never$/m);
    expect(stdout).toMatch(/^ {2}profile +acme, the current one$/m);
    expect(stdout).not.toContain(key);
  });

  test("saves nothing with a wrong key: exit 3", async () => {
    const place = createPlace();
    const { url, key } = await startApi();
    const wrong = `${key.slice(0, -1)}${key.endsWith("a") ? "b" : "a"}`;
    const finished = await run(["login", url, "--key", "-", "--json"], { place, input: wrong });
    expect(finished).toMatchObject({ code: 3, stdout: "" });
    expect(errorOf(finished)).toMatchObject({
      code: "key-invalid",
      message: "nothing was saved: the API key is not one of this server's",
    });
    expect(finished.stderr).not.toContain(wrong);
    expect(existsSync(fileOf(place))).toBe(false);
  });

  test("of two accounts keeps them apart", async () => {
    const place = createPlace();
    const { url, key, localKey } = await startApi();
    for (const [name, secret] of [
      ["one", key],
      ["two", localKey],
    ] as const)
      expect(
        (await run(["login", url, "--key", "-", "--profile", name], { place, input: secret })).code,
      ).toBe(0);
    const create = ["--provider", "svix", "--events", "*", "--url", "https://a.example"];
    expect((await run(["endpoints", "create", ...create, "--profile", "one"], { place })).code).toBe(0);
    const counts = await Promise.all(
      ["one", "two"].map(async (name) => {
        const listed = json(await run(["endpoints", "list", "--json", "--profile", name], { place }));
        return (listed["data"] as unknown[]).length;
      }),
    );
    expect(counts).toEqual([1, 0]);

    // The second account's key under the first one's name would be the end of the first one's.
    const args = ["login", url, "--key", "-", "--profile", "one", "--json"];
    const refused = await run(args, { place, input: localKey });
    expect(refused.code).toBe(2);
    expect(errorOf(refused)).toMatchObject({ code: "confirmation-missing" });
    expect(errorOf(refused).message).toContain("the account acme");
    expect(keptIn(place).profiles["one"]).toMatchObject({ key });
  });

  test("with --no-use leaves the current profile as it is", async () => {
    const place = createPlace();
    const { url } = await startStub();
    const finished = await run(["login", url, "--key", "-", "--no-use", "--profile", "other"], {
      place,
      input: stubKey,
    });
    expect(finished.code).toBe(0);
    expect(finished.stderr).toContain("switch to it with: hookline profiles use other");
    expect(keptIn(place).current).toBe("embedded");
  });

  test("asks before a profile for another host is replaced", async () => {
    const place = createPlace();
    const [one, two] = [await startStub(), await startStub()];
    const login = (url: string, ...more: string[]): Promise<Finished> =>
      run(["login", url, "--key", "-", "--profile", "mine", "--json", ...more], { place, input: stubKey });
    expect((await login(one.url)).code).toBe(0);
    // For the same host nothing is lost.
    expect((await login(one.url)).code).toBe(0);
    const refused = await login(two.url);
    expect(refused.code).toBe(2);
    expect(errorOf(refused)).toMatchObject({
      code: "confirmation-missing",
      next_steps: ["add --yes to confirm it"],
    });
    expect(errorOf(refused).message).toContain(one.host);
    expect(keptIn(place).profiles["mine"]).toMatchObject({ url: one.url });
    expect((await login(two.url, "--yes")).code).toBe(0);
    expect(keptIn(place).profiles["mine"]).toMatchObject({ url: two.url });
  });

  test("says which variables go before what was saved", async () => {
    const place = createPlace();
    const { url } = await startStub();
    const { code, stderr } = await run(["login", url, "--key", "-"], {
      place,
      input: stubKey,
      env: { HOOKLINE_PROFILE: "embedded", HOOKLINE_API_KEY: "hk_another" },
    });
    expect(code).toBe(0);
    expect(stderr).toBe(
      "warning: HOOKLINE_PROFILE and HOOKLINE_API_KEY are set and go before this profile: unset them to use what was saved\n",
    );
  });
});

describe("login keeps a key to itself", () => {
  test("nobody at the address: exit 5, nothing saved", async () => {
    const place = createPlace();
    const url = `http://127.0.0.1:${await closedPort()}`;
    const finished = await run(["login", url, "--key", "-", "--json"], { place, input: stubKey });
    expect(finished).toMatchObject({ code: 5, stdout: "" });
    expect(errorOf(finished)).toMatchObject({ code: "api-unreachable" });
    expect(existsSync(fileOf(place))).toBe(false);
  });

  test("a redirect is not followed", async () => {
    const place = createPlace();
    const elsewhere = await startStub();
    const server = await startServer((_, response) => {
      response.writeHead(307, { location: `${elsewhere.url}/v1/keys/current` }).end();
    });
    const finished = await run(["login", server.url, "--key", "-", "--json"], { place, input: stubKey });
    expect(finished.code).toBe(5);
    expect(errorOf(finished)).toMatchObject({ code: "api-redirected" });
    expect(errorOf(finished).message).toContain(elsewhere.host);
    expect(server.received).toHaveLength(1);
    expect(elsewhere.received).toEqual([]);
    expect(existsSync(fileOf(place))).toBe(false);
  });

  test("what answers but is no API of hookline's saves nothing", async () => {
    const place = createPlace();
    const server = await startServer((_, response) => void response.end("<h1>hello</h1>"));
    const finished = await run(["login", server.url, "--key", "-", "--json"], { place, input: stubKey });
    expect(finished.code).toBe(5);
    expect(errorOf(finished)).toMatchObject({ code: "api-answer-unexpected" });
    expect(existsSync(fileOf(place))).toBe(false);
  });

  test("a server that repeats the key does not bring it into the message", async () => {
    const server = await startServer((_, response) => {
      response.writeHead(401).end(JSON.stringify({ detail: `no such key: ${stubKey}` }));
    });
    const finished = await run(["login", server.url, "--key", "-"], { place: createPlace(), input: stubKey });
    expect(finished.code).toBe(3);
    expect(finished.stderr).toContain("no such key");
    expect(finished.stdout + finished.stderr).not.toContain(stubKey);
  });

  test("HOOKLINE_API_KEY is for the host of HOOKLINE_API_URL, else of the profile in use", async () => {
    const place = createPlace();
    const [mine, other] = [await startStub(), await startStub()];
    const login = (url: string, env: Record<string, string>): Promise<Finished> =>
      run(["login", url, "--json"], { place, env: { HOOKLINE_API_KEY: stubKey, ...env } });
    const refused = [await login(other.url, { HOOKLINE_API_URL: "https://hooks.acme.example" })];
    expect((await login(mine.url, {})).code).toBe(0);
    refused.push(await login(other.url, {}));
    for (const finished of refused) {
      expect(finished.code).toBe(2);
      expect(errorOf(finished).message).toBe(`no key is given for ${other.host}`);
    }
    expect(other.received).toEqual([]);
    expect((await login(other.url, { HOOKLINE_PROFILE: "embedded" })).code).toBe(0);
  });

  test.each<[what: string, args: string[], exit: number, code: string, message: RegExp]>([
    ["plain HTTP", ["http://hooks.acme.example"], 2, "http-refused", /^the URL is plain HTTP/],
    ["no scheme", ["hooks.acme.example"], 2, "api-url-invalid", /begins with neither/],
    [
      "a key in the URL",
      [`https://x:${stubKey}@acme.example`],
      2,
      "api-url-invalid",
      /user name or password/,
    ],
    ["the key for a URL", [stubKey], 2, "api-url-invalid", /begins with neither/],
    ["a query", ["https://acme.example?a=1"], 2, "api-url-invalid", /no query/],
    ["no URL", [], 2, "usage", /^no URL is given/],
    [
      "the built-in name",
      ["https://a.example", "--profile", "embedded"],
      2,
      "profile-built-in",
      /cannot be replaced/,
    ],
    [
      "a bad name",
      ["https://a.example", "--profile", "../x"],
      2,
      "profile-name-invalid",
      /no name a profile can have/,
    ],
    ["a prototype", ["https://a.example", "--profile", "__proto__"], 2, "profile-name-invalid", /no name/],
    ["an empty key", ["https://a.example"], 3, "key-missing", /^standard input is empty$/],
    ["Stripe over HTTP", ["--stripe", "--allow-http"], 2, "usage", /do not go together/],
  ])("%s is refused before anything is sent", async (what, args, exit, code, message) => {
    const place = createPlace();
    const input = what === "an empty key" ? "\n" : stubKey;
    const finished = await run(["login", ...args, "--key", "-", "--json"], { place, input });
    expect(finished).toMatchObject({ stdout: "" });
    const error = errorOf(finished);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(finished.code).toBe(exit);
    expect(finished.stderr).not.toContain(stubKey);
    expect(existsSync(fileOf(place))).toBe(false);
  });

  test.each([
    ["example.com", ["did you mean https://example.com?"]],
    ["localhost:4400/api", ["did you mean http://localhost:4400/api?"]],
    [stubKey, ["give it as https://HOST or https://HOST/PATH"]],
  ])("%s lacks its scheme", async (url, steps) => {
    const finished = await run(["login", url, "--key", "-", "--json"], { input: stubKey });
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({ code: "api-url-invalid", next_steps: steps });
  });

  test("a URL with a wrong path is named as such", async () => {
    const { url, key } = await startApi();
    for (const wrong of [`${url}/nowhere`, (await startServer((_, res) => void res.end("<h1>"))).url]) {
      const finished = await run(["login", wrong, "--key", "-", "--json"], { input: key });
      expect([4, 5]).toContain(finished.code);
      expect(errorOf(finished).next_steps).toEqual([
        expect.stringMatching(/ answers, but not as a hookline server does: the URL may lack its path/),
      ]);
    }
  });

  test.each<[what: string, args: string[], options: { env?: Record<string, string>; input?: string }]>([
    ["standard input", ["--key", "-"], { input: "" }],
    ["blank standard input", ["--key", "-"], { input: " \n" }],
    ["a file", ["--key", "file:empty.key"], {}],
    ["a variable", ["--key", "env:EMPTY"], { env: { EMPTY: "" } }],
    ["the flag", ["--key", ""], {}],
    ["HOOKLINE_API_KEY", [], { env: { HOOKLINE_API_KEY: " " } }],
  ])("an empty key of %s is key-missing: exit 3", async (_, args, options) => {
    const place = createPlace();
    place.write("empty.key", "\n");
    const finished = await run(["login", "https://a.example", ...args, "--json"], { place, ...options });
    expect([finished.code, errorOf(finished).code]).toEqual([3, "key-missing"]);
  });

  test.each([
    ["a key of Stripe's", "sk_test_51Mabcdefghij", 3, "to log in to Stripe itself: hookline login --stripe"],
    ["two lines", "one\ntwo", 2, "copy the key again, whole and nothing but it"],
  ])("%s goes to no server", async (_, input, exit, step) => {
    const { url, received } = await startStub();
    const finished = await run(["login", url, "--key", "-", "--json"], { place: createPlace(), input });
    expect(finished.code).toBe(exit);
    expect(errorOf(finished).next_steps).toContain(step);
    expect(received).toEqual([]);
  });

  test("--allow-http is kept in the profile, and the name is made of the host", async () => {
    const place = createPlace();
    // A name that leads here is needed, so the proxy stands for the host.
    const { url: proxy, received } = await startStub((request) =>
      request.url.endsWith("/v1/keys/current")
        ? { status: 200, body: { account: { id: "acct_1", name: "far" }, key: null, scopes: [] } }
        : undefined,
    );
    const finished = await run(
      ["login", "http://hooks.acme.example:8080/api/", "--allow-http", "--key", "-", "--json"],
      {
        place,
        input: stubKey,
        env: { http_proxy: proxy },
      },
    );
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    expect(received.map(({ url }) => url)).toEqual(["http://hooks.acme.example:8080/api/v1/keys/current"]);
    expect(keptIn(place).profiles).toEqual({
      "hooks.acme.example-8080": {
        kind: "api",
        url: "http://hooks.acme.example:8080/api",
        key: stubKey,
        allowHttp: true,
        account: "far",
      },
    });
  });
});

describe("login and the files", () => {
  test("HOOKLINE_HOME moves all of it, and what others could read is tightened", async () => {
    const place = createPlace();
    const { url } = await startStub();
    const home = join(place.home, "mine");
    mkdirSync(home);
    writeFileSync(join(home, "profiles.json"), '{"current":"embedded","profiles":{}}', { mode: 0o644 });
    const env = { HOOKLINE_HOME: home };
    expect((await run(["login", url, "--key", "-"], { place, env, input: stubKey })).code).toBe(0);
    expect(readFileSync(join(home, "profiles.json"), "utf8")).toContain(stubKey);
    expect(modeOf(join(home, "profiles.json"))).toBe(0o600);
    expect(existsSync(join(place.home, ".local"))).toBe(false);
  });

  test("a damaged file stays as it is: a clear error, that quotes nothing of it", async () => {
    const place = createPlace();
    const { url } = await startStub();
    mkdirSync(homeOf(place), { recursive: true });
    const damaged = `{"current": "a", "profiles": {"a": {"key": "${stubKey}"`;
    writeFileSync(fileOf(place), damaged);
    for (const args of [
      ["login", url, "--key", "-"],
      ["whoami"],
      ["profiles", "list"],
      ["profiles", "use", "a"],
      ["logout", "--yes"],
      ["endpoints", "list"],
    ]) {
      const finished = await run([...args, "--json"], { place, input: stubKey });
      expect(finished).toMatchObject({ code: 2, stdout: "" });
      expect(errorOf(finished)).toMatchObject({ code: "profiles-damaged" });
      expect(errorOf(finished).message).toContain(fileOf(place));
      expect(finished.stderr).not.toContain(stubKey);
    }
    expect(readFileSync(fileOf(place), "utf8")).toBe(damaged);
  });
});

describe.skipIf(!hasTerminal)("login on a terminal", () => {
  test("asks for what is missing; the key does not show", async () => {
    const place = createPlace();
    const { url, host } = await startStub();
    const terminal = startOnTerminal(["login"], { place });
    await terminal.until("URL of the API");
    terminal.type(`${host}\r`);
    await terminal.until("begins with neither");
    terminal.type(`\x15${url}\r`);
    await terminal.until(`Key for ${host}`);
    terminal.type("sk_test_1\r");
    await terminal.until("a key of Stripe's");
    terminal.type(`\x15${stubKey}\r`);
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain("logged in to");
    expect(terminal.screen()).not.toContain(stubKey);
    expect(keptIn(place).profiles[host.replace(":", "-")]).toMatchObject({ key: stubKey });
  });

  test("left at the question saves nothing: 130", async () => {
    const place = createPlace();
    const { url, host, received } = await startStub();
    const terminal = startOnTerminal(["login", url], { place });
    await terminal.until(`Key for ${host}`);
    terminal.type("\x03");
    expect(await terminal.ended).toBe(130);
    expect(received).toEqual([]);
    expect(existsSync(fileOf(place))).toBe(false);
  });
});
