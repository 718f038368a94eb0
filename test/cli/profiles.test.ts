import { existsSync, mkdirSync, readFileSync, statSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { homeOf, startApi, startStub, stubKey } from "./api-server.ts";
import { closedPort } from "./run-servers.ts";
import { createPlace, run, type Finished, type Place } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

const json = ({ stdout }: Finished): Record<string, unknown> => JSON.parse(stdout) as Record<string, unknown>;
const errorOf = ({ stderr }: Finished): { code: string; message: string } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string };
    }
  ).error;

const fileOf = (place: Place): string => join(homeOf(place), "profiles.json");

/** A place with profiles in its file. */
function withProfiles(profiles: Record<string, object>, current = "embedded"): Place {
  const place = createPlace();
  mkdirSync(homeOf(place), { recursive: true, mode: 0o700 });
  writeFileSync(fileOf(place), JSON.stringify({ current, profiles }), { mode: 0o600 });
  return place;
}

const acme = {
  kind: "api",
  url: "https://hooks.acme.example",
  key: stubKey,
  account: "acme",
  keyId: "key_1",
};
const stripe = {
  kind: "stripe",
  url: "https://api.stripe.com",
  key: "sk_test_0123456789abcdef",
  account: "The shop",
};

describe("profiles list", () => {
  test("marks the current one and shows hints of keys", async () => {
    const place = withProfiles({ acme, stripe }, "acme");
    const { code, stdout, stderr } = await run(["profiles", "list"], { place });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(
      [
        "   PROFILE   API                                 ACCOUNT   KEY",
        "   embedded  this machine itself",
        "*  acme      https://hooks.acme.example          acme      hk_…1b2c",
        "   stripe    https://api.stripe.com (test mode)  The shop  sk_…cdef",
        "",
      ].join("\n"),
    );
    expect(json(await run(["profiles", "list", "--json"], { place }))).toEqual({
      data: [
        {
          name: "embedded",
          kind: "embedded",
          mode: null,
          url: null,
          account: null,
          key_id: null,
          key_hint: null,
          allow_http: false,
          current: false,
        },
        {
          name: "acme",
          kind: "api",
          mode: null,
          url: acme.url,
          account: "acme",
          key_id: "key_1",
          key_hint: "hk_…1b2c",
          allow_http: false,
          current: true,
        },
        {
          name: "stripe",
          kind: "stripe",
          mode: "test",
          url: stripe.url,
          account: "The shop",
          key_id: null,
          key_hint: "sk_…cdef",
          allow_http: false,
          current: false,
        },
      ],
      next_cursor: null,
    });
  });

  test("says where HOOKLINE_PROFILE chooses another, and where the current one is not there", async () => {
    const place = withProfiles({ acme }, "gone");
    const { code, stderr } = await run(["profiles", "list"], { place, env: { HOOKLINE_PROFILE: "acme" } });
    expect(code).toBe(0);
    expect(stderr).toContain('the current profile is "gone", which there is not');
    expect(stderr).toContain("HOOKLINE_PROFILE is set: acme is used");
  });
});

describe("profiles use, show and delete", () => {
  test("use makes one current, and warns where a variable goes before it", async () => {
    const place = withProfiles({ acme });
    const env = { HOOKLINE_PROFILE: "embedded" };
    const used = await run(["profiles", "use", "acme"], { place, env });
    expect(used).toMatchObject({ code: 0, stdout: `✓ acme is the current profile: ${acme.url}\n` });
    expect(used.stderr).toContain("unset it to use acme");
    expect(JSON.parse(readFileSync(fileOf(place), "utf8"))).toEqual({ current: "acme", profiles: { acme } });
    expect(await run(["profiles", "use", "embedded"], { place })).toMatchObject({ code: 0, stderr: "" });
    const unknown = await run(["profiles", "use", "acne", "--json"], { place });
    expect(unknown.code).toBe(4);
    expect(errorOf(unknown).code).toBe("profile-unknown");
  });

  test("show prints the one in use or the one that is named, and no key", async () => {
    const place = withProfiles({ acme, stripe }, "acme");
    const shown = async (args: string[], env = {}): Promise<unknown> =>
      json(await run(["profiles", "show", ...args, "--json"], { place, env }))["name"];
    expect(await shown([])).toBe("acme");
    expect(await shown([], { HOOKLINE_PROFILE: "stripe" })).toBe("stripe");
    expect(await shown(["embedded"], { HOOKLINE_PROFILE: "stripe" })).toBe("embedded");
    const { stdout } = await run(["profiles", "show"], { place });
    expect(stdout).toContain("hk_…1b2c (key_1)");
    expect(stdout).not.toContain(stubKey);
  });

  test.each([
    [["profiles", "delete", "acme", "--yes"]],
    [["logout", "acme", "--yes"]],
    [["logout", "--yes"]],
  ])("%j deletes it with its key; embedded is current then", async (args) => {
    const place = withProfiles({ acme, stripe }, "acme");
    const finished = await run([...args, "--json"], { place });
    expect(finished.code).toBe(0);
    expect(json(finished)).toEqual({ profile: "acme", deleted: true, current: "embedded" });
    expect(JSON.parse(readFileSync(fileOf(place), "utf8"))).toEqual({
      current: "embedded",
      profiles: { stripe },
    });
  });

  test("logout without a name means the profile in use, also where a variable chooses it", async () => {
    const place = withProfiles({ acme, stripe }, "acme");
    const finished = await run(["logout", "--yes", "--json"], { place, env: { HOOKLINE_PROFILE: "stripe" } });
    expect(json(finished)).toEqual({ profile: "stripe", deleted: true, current: "acme" });
  });

  test.each<[args: string[], exit: number, code: string, message: RegExp]>([
    [["profiles", "use"], 2, "usage", /^no profile is named$/],
    [["profiles", "delete", "--yes"], 2, "usage", /^no profile is named$/],
    [["logout"], 2, "profile-built-in", /^you are not logged in anywhere/],
    [["logout", "embedded", "--yes"], 2, "profile-built-in", /^the profile embedded is built in/],
    [["profiles", "delete", "embedded", "--yes"], 2, "profile-built-in", /cannot be deleted/],
    [["profiles", "delete", "none", "--yes"], 4, "profile-unknown", /"none"/],
    [["logout", "__proto__", "--yes"], 4, "profile-unknown", /"__proto__"/],
    [["logout", "acme"], 2, "confirmation-missing", /profile acme/],
    [["profiles", "delete", "acme"], 2, "confirmation-missing", /its key/],
  ])("%j is refused", async (args, exit, code, message) => {
    const place = withProfiles({ acme });
    const before = readFileSync(fileOf(place), "utf8");
    const finished = await run([...args, "--json"], { place });
    expect(finished).toMatchObject({ code: exit, stdout: "" });
    expect(errorOf(finished).code).toBe(code);
    expect(errorOf(finished).message).toMatch(message);
    expect(readFileSync(fileOf(place), "utf8")).toBe(before);
  });

  test.skipIf(!hasTerminal)("a terminal is asked which", async () => {
    const place = withProfiles({ acme, stripe });
    const using = startOnTerminal(["profiles", "use"], { place });
    await using.until("Use which profile?");
    using.type("\x1b[B\r");
    expect(await using.ended).toBe(0);
    expect(JSON.parse(readFileSync(fileOf(place), "utf8"))).toMatchObject({ current: "acme" });
    const deleting = startOnTerminal(["profiles", "delete", "--yes"], { place });
    await deleting.until("Delete which profile?");
    deleting.type("\r");
    expect(await deleting.ended).toBe(0);
    expect(deleting.screen()).not.toContain("embedded  this machine itself");
    expect(JSON.parse(readFileSync(fileOf(place), "utf8"))).toEqual({
      current: "embedded",
      profiles: { stripe },
    });
  });

  test.skipIf(!hasTerminal)("a terminal is asked, and no means no", async () => {
    const place = withProfiles({ acme }, "acme");
    for (const [key, exit] of [
      ["\r", 1],
      ["y\r", 0],
    ] as const) {
      const terminal = startOnTerminal(["logout"], { place });
      await terminal.until("Delete the profile acme (https://hooks.acme.example) and its key");
      terminal.type(key);
      expect(await terminal.ended).toBe(exit);
      expect(readFileSync(fileOf(place), "utf8").includes(stubKey)).toBe(exit === 1);
    }
  });
});

describe("whoami", () => {
  test("embedded is this machine itself, and its database", async () => {
    const place = createPlace();
    const finished = await run(["whoami", "--json"], { place });
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    const { database, ...rest } = json(finished);
    expect(rest).toMatchObject({
      profile: "embedded",
      profile_source: "current",
      kind: "embedded",
      url: null,
      url_source: null,
      key_source: null,
      account: { name: "local" },
      key: null,
      shadows: [],
    });
    expect(statSync(String(database)).isFile()).toBe(true);
    expect((await run(["whoami"], { place })).stdout).toContain("this machine itself");
  });

  test("tells account, key and where both came from; --profile, then HOOKLINE_PROFILE, then the current one", async () => {
    const { url, key, localKey } = await startApi();
    const place = withProfiles(
      { one: { kind: "api", url, key }, two: { kind: "api", url, key: localKey } },
      "one",
    );
    const whoami = async (args: string[], env: Record<string, string> = {}) => {
      const finished = await run(["whoami", "--json", ...args], { place, env });
      expect(finished.code).toBe(0);
      expect(finished.stdout).not.toContain(key);
      const { account, ...rest } = json(finished);
      return { ...rest, account: (account as { name: string }).name };
    };
    expect(await whoami([])).toMatchObject({
      profile: "one",
      profile_source: "current",
      kind: "api",
      url,
      url_source: "profile",
      key_source: "profile",
      database: null,
      account: "acme",
      key: { name: "root", status: "active", hint: `hk_…${key.slice(-4)}` },
      shadows: [],
    });
    expect(await whoami([], { HOOKLINE_PROFILE: "two" })).toMatchObject({
      profile: "two",
      profile_source: "environment",
      account: "local",
      shadows: [{ variable: "HOOKLINE_PROFILE", source: "environment", hides: "profile", profile: "one" }],
    });
    // Of the environment nothing counts where a profile is named.
    expect(
      await whoami(["--profile", "two"], { HOOKLINE_PROFILE: "one", HOOKLINE_API_KEY: key }),
    ).toMatchObject({ profile: "two", profile_source: "flag", account: "local", shadows: [] });
    expect(await whoami([], { HOOKLINE_API_KEY: localKey })).toMatchObject({
      profile: "one",
      account: "local",
      key_source: "environment",
      shadows: [{ variable: "HOOKLINE_API_KEY", hides: "key", profile: "one" }],
    });
    expect(
      await whoami([], { HOOKLINE_PROFILE: "embedded", HOOKLINE_API_URL: url, HOOKLINE_API_KEY: key }),
    ).toMatchObject({
      profile: "embedded",
      kind: "api",
      url,
      account: "acme",
      shadows: [
        { variable: "HOOKLINE_PROFILE", hides: "profile", profile: "one" },
        { variable: "HOOKLINE_API_URL", hides: "profile", profile: "embedded" },
        { variable: "HOOKLINE_API_KEY", hides: "key", profile: "embedded" },
      ],
    });
    place.write(".env", `HOOKLINE_API_KEY=${localKey}\n`);
    expect(await whoami(["--env-file", ".env"])).toMatchObject({
      account: "local",
      key_source: "env-file",
      shadows: [{ source: "env-file", hides: "key" }],
    });
  });

  test("says in words what the environment hides, also where the answer is an error", async () => {
    const { url } = await startStub();
    const place = withProfiles({ mine: { kind: "api", url, key: stubKey } }, "mine");
    const good = await run(["whoami"], { place, env: { HOOKLINE_API_KEY: stubKey } });
    expect(good.code).toBe(0);
    expect(good.stderr).toBe("note: HOOKLINE_API_KEY is set: the key of the profile mine is not used\n");
    expect(good.stdout).toContain("from HOOKLINE_API_KEY");
    const bad = await run(["whoami"], { place, env: { HOOKLINE_API_KEY: "hk_stale" } });
    expect(bad.code).toBe(3);
    expect(bad.stdout).toBe(
      [
        "  profile   mine, the current one",
        "  kind      a hookline server",
        `  api       ${url}, from the profile`,
        "  key       …, from HOOKLINE_API_KEY",
        "",
      ].join("\n"),
    );
    expect(bad.stderr).toMatch(
      /^note: HOOKLINE_API_KEY is set: the key of the profile mine is not used\nerror: /,
    );
    expect(bad.stderr).not.toContain("hk_stale");
  });

  test("tells what is known here where nobody answers, and does not advise to ask it again", async () => {
    const url = `http://127.0.0.1:${await closedPort()}`;
    const place = withProfiles({ mine: { kind: "api", url, key: stubKey } }, "mine");
    const people = await run(["whoami"], { place });
    expect(people.code).toBe(5);
    expect(people.stdout).toContain("  key       hk_…1b2c, from the profile\n");
    expect(people.stderr).toContain("cannot be reached");
    expect(people.stderr).not.toContain("hookline whoami");
    const programs = await run(["whoami", "--json"], { place });
    expect(programs).toMatchObject({ code: 5, stdout: "" });
    expect(errorOf(programs).code).toBe("api-unreachable");
  });

  test("says that --profile goes before the variables that name an API", async () => {
    const { url } = await startStub();
    const place = withProfiles({ mine: { kind: "api", url, key: stubKey } });
    const { code, stderr } = await run(["whoami", "--profile", "mine"], {
      place,
      env: { HOOKLINE_API_URL: "https://other.example", HOOKLINE_API_KEY: "hk_other" },
    });
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        "note: HOOKLINE_API_URL and HOOKLINE_API_KEY are set, but not used: --profile mine goes before\n",
    });
  });

  test.each([
    [{}, [`the key is the one of the profile mine: log in again with hookline login URL --profile mine`]],
    [
      { HOOKLINE_API_KEY: "hk_stale" },
      [
        "the key is the one of HOOKLINE_API_KEY: put another there",
        "or unset it, so that the key of the profile mine is used",
      ],
    ],
  ])("of a key that is refused says where it came from: %j", async (env, steps) => {
    const { url } = await startStub();
    const place = withProfiles({ mine: { kind: "api", url, key: "hk_old" } }, "mine");
    const { code, stderr } = await run(["keys", "list", "--json"], { place, env });
    expect(code).toBe(3);
    const { error } = JSON.parse(stderr) as { error: { next_steps: string[] } };
    expect(error.next_steps).toEqual(steps.map((step) => step.replace("URL", url)));
  });

  test("prints no control character that a server or a file has in it", async () => {
    const evil = "\u001b]0;x\u0007\u202e";
    const { url } = await startStub(({ url: path }) =>
      path === "/v1/keys/current"
        ? { status: 200, body: { account: { id: "acct_1", name: evil }, key: null, scopes: [] } }
        : undefined,
    );
    const place = withProfiles({ mine: { kind: "api", url, key: stubKey, account: evil } }, "mine");
    for (const args of [["whoami"], ["profiles", "list"], ["profiles", "show"]]) {
      for (const flags of [[], ["--json"]]) {
        const { code, stdout } = await run([...args, ...flags], { place });
        expect(code).toBe(0);
        expect(stdout).toContain(String.raw`\u001b]0;x\u0007\u202e`);
        expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
      }
    }
  });
});

describe("a profile's key", () => {
  test("goes to no host but its own: exit 3, and no request arrives", async () => {
    const { url, host, requestsUntil } = await startApi();
    const place = withProfiles({ acme }, "acme");
    for (const args of [["whoami"], ["endpoints", "list"], ["events", "types"]]) {
      const finished = await run([...args, "--json"], { place, env: { HOOKLINE_API_URL: url } });
      expect(finished).toMatchObject({ code: 3, stdout: "" });
      expect(errorOf(finished).code).toBe("key-of-other-host");
      expect(errorOf(finished).message).toContain(host);
      expect(finished.stderr).not.toContain(stubKey);
    }
    // The log does tell of a request that has come.
    await run(["whoami"], { place, env: { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey } });
    expect(await requestsUntil("/v1/keys/current")).toEqual(["/v1/keys/current"]);
  });

  test("is not kept where nothing was: reading makes no file", async () => {
    const place = createPlace();
    await run(["profiles", "list"], { place });
    expect(existsSync(homeOf(place))).toBe(false);
  });
});
