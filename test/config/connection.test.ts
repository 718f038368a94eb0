import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import { chooseConnection, readApiKey, readApiUrl, type Connection } from "../../src/config/connection.ts";
import type { VariableSource } from "../../src/config/environment.ts";
import type { Profile, ProfileBook } from "../../src/config/profiles.ts";
import { HooklineError, isHooklineError } from "../../src/errors.ts";

const liveKey = "hk_live_aaaaaaaa";
const otherKey = "hk_other_bbbbbbb";
const stripeKey = "sk_test_cccccccc";
const secrets = [liveKey, otherKey, stripeKey, "do_not_show"];

const profiles: Readonly<Record<string, Profile>> = {
  embedded: { kind: "embedded" },
  live: { kind: "api", url: "https://api.example.com/hooks/", key: liveKey },
  other: { kind: "api", url: "https://other.example.com", key: otherKey },
  lan: { kind: "api", url: "http://10.0.0.7:4400", key: liveKey, allowHttp: true },
  plain: { kind: "api", url: "http://10.0.0.7:4400", key: liveKey },
  local: { kind: "api", url: "http://127.0.0.1:4400", key: liveKey, servedBy: "serve" },
  stripe: { kind: "stripe", url: "https://api.stripe.com", key: stripeKey },
  mistaken: { kind: "api", url: "https://api.example.com", key: stripeKey },
  broken: { kind: "api", url: "nowhere", key: liveKey },
  keyless: { kind: "api", url: "https://api.example.com", key: "" },
};

interface Case {
  current?: string;
  flag?: string;
  env?: Readonly<Record<string, string>>;
  file?: Readonly<Record<string, string>>;
}

function choose({ current = "embedded", flag, env = {}, file = {} }: Case): Connection {
  const book: ProfileBook = {
    current,
    names: () => Object.keys(profiles),
    get(name) {
      const profile = profiles[name];
      if (profile === undefined) throw new HooklineError("profile-unknown", name, { exitCode: 4 });
      return profile;
    },
  };
  const variable = (name: string): { value: string; source: VariableSource } | undefined => {
    const source = env[name] ? "environment" : "env-file";
    const value = env[name] ?? file[name];
    return value ? { value, source } : undefined;
  };
  return chooseConnection({ environment: { variable }, book, profileFlag: flag });
}

function failure(run: () => unknown): HooklineError {
  try {
    run();
  } catch (error) {
    if (isHooklineError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

const all = {
  HOOKLINE_PROFILE: "other",
  HOOKLINE_API_URL: "https://third.example.com",
  HOOKLINE_API_KEY: "hk_third",
};

describe("the connection", () => {
  // What is chosen: profile and what named it, kind, URL and its source, key and its source, what is replaced.
  test.each<[string, Case, string]>([
    ["nothing said", {}, "embedded(current) embedded -() -() -"],
    [
      "the current profile",
      { current: "live" },
      `live(current) api https://api.example.com/hooks(profile) ${liveKey}(profile) -`,
    ],
    [
      "the current profile, Stripe's",
      { current: "stripe" },
      `stripe(current) stripe https://api.stripe.com/(profile) ${stripeKey}(profile) -`,
    ],
    [
      "HOOKLINE_PROFILE before the current one",
      { current: "live", env: { HOOKLINE_PROFILE: "other" } },
      `other(environment) api https://other.example.com/(profile) ${otherKey}(profile) -`,
    ],
    [
      "the same in an env file",
      { current: "live", file: { HOOKLINE_PROFILE: "other" } },
      `other(env-file) api https://other.example.com/(profile) ${otherKey}(profile) -`,
    ],
    [
      "HOOKLINE_PROFILE=embedded",
      { current: "live", env: { HOOKLINE_PROFILE: "embedded" } },
      "embedded(environment) embedded -() -() -",
    ],
    [
      "the flag before HOOKLINE_PROFILE",
      { flag: "live", env: { HOOKLINE_PROFILE: "other" } },
      `live(flag) api https://api.example.com/hooks(profile) ${liveKey}(profile) -`,
    ],
    [
      "the flag before all variables",
      { flag: "live", env: all },
      `live(flag) api https://api.example.com/hooks(profile) ${liveKey}(profile) -`,
    ],
    [
      "the flag before all of an env file",
      { flag: "stripe", file: all },
      `stripe(flag) stripe https://api.stripe.com/(profile) ${stripeKey}(profile) -`,
    ],
    [
      "the flag for the embedded one",
      { flag: "embedded", current: "live", env: all },
      "embedded(flag) embedded -() -() -",
    ],
    [
      "a key in place of the profile's",
      { current: "live", env: { HOOKLINE_API_KEY: "hk_x" } },
      "live(current) api https://api.example.com/hooks(profile) hk_x(environment) key",
    ],
    [
      "a key in the embedded one",
      { env: { HOOKLINE_API_KEY: "hk_x" } },
      "embedded(current) embedded -() hk_x(environment) -",
    ],
    [
      "a URL and a key in place of the embedded one",
      { env: { HOOKLINE_API_URL: "https://x.example", HOOKLINE_API_KEY: "hk_x" } },
      "embedded(current) api https://x.example/(environment) hk_x(environment) -",
    ],
    [
      "a URL of the environment, a key of an env file",
      { env: { HOOKLINE_API_URL: "https://x.example" }, file: { HOOKLINE_API_KEY: "hk_x\n" } },
      "embedded(current) api https://x.example/(environment) hk_x(env-file) -",
    ],
    [
      "a URL and a key in place of the profile's",
      { current: "live", env: { HOOKLINE_API_URL: "https://x.example/a/b/", HOOKLINE_API_KEY: "hk_x" } },
      "live(current) api https://x.example/a/b(environment) hk_x(environment) url,key",
    ],
    [
      "another path on the profile's host",
      { current: "live", env: { HOOKLINE_API_URL: "https://API.example.com:443/v" } },
      `live(current) api https://api.example.com/v(environment) ${liveKey}(profile) url`,
    ],
    [
      "all three variables",
      { current: "live", env: all },
      "other(environment) api https://third.example.com/(environment) hk_third(environment) url,key",
    ],
    [
      "a URL in place of Stripe's",
      {
        current: "stripe",
        env: { HOOKLINE_API_URL: "http://localhost:12111", HOOKLINE_API_KEY: "rk_test_x" },
      },
      "stripe(current) stripe http://localhost:12111/(environment) rk_test_x(environment) url,key",
    ],
    [
      "empty variables, which say nothing",
      { current: "live", env: { HOOKLINE_PROFILE: "", HOOKLINE_API_URL: "", HOOKLINE_API_KEY: "" } },
      `live(current) api https://api.example.com/hooks(profile) ${liveKey}(profile) -`,
    ],
  ])("%s", (_, given, expected) => {
    const {
      profile,
      profileSource,
      kind,
      url,
      urlSource = "",
      key,
      keySource = "",
      shadowed,
    } = choose(given);
    expect(
      `${profile}(${profileSource}) ${kind} ${url?.href ?? "-"}(${urlSource}) ${key ?? "-"}(${keySource}) ${shadowed.join() || "-"}`,
    ).toBe(expected);
  });

  test.each<[string, Case, string, number]>([
    ["an unknown profile by flag", { flag: "none" }, "profile-unknown", 4],
    ["an unknown profile by variable", { env: { HOOKLINE_PROFILE: "none" } }, "profile-unknown", 4],
    [
      "a key for another host",
      { current: "live", env: { HOOKLINE_API_URL: "https://evil.example" } },
      "key-of-other-host",
      3,
    ],
    [
      "a key for a host below",
      { current: "live", env: { HOOKLINE_API_URL: "https://api.example.com.evil.example" } },
      "key-of-other-host",
      3,
    ],
    [
      "a key for another port",
      { current: "live", env: { HOOKLINE_API_URL: "https://api.example.com:8443" } },
      "key-of-other-host",
      3,
    ],
    [
      "a key for another scheme",
      { current: "live", env: { HOOKLINE_API_URL: "http://api.example.com", HOOKLINE_ALLOW_HTTP: "1" } },
      "key-of-other-host",
      3,
    ],
    [
      "a key for another port of this machine",
      { current: "local", env: { HOOKLINE_API_URL: "http://127.0.0.1:4401" } },
      "key-of-other-host",
      3,
    ],
    [
      "a key whose profile has no URL",
      { current: "broken", env: { HOOKLINE_API_URL: "https://x.example" } },
      "key-of-other-host",
      3,
    ],
    [
      "Stripe's key for another host",
      { current: "stripe", file: { HOOKLINE_API_URL: "https://evil.example" } },
      "key-of-other-host",
      3,
    ],
    ["a URL without any key", { env: { HOOKLINE_API_URL: "https://x.example" } }, "key-missing", 3],
    ["a profile with an empty key", { current: "keyless" }, "key-missing", 3],
    ["a profile with no URL", { current: "broken" }, "api-url-invalid", 2],
    [
      "a variable that holds no URL",
      { env: { HOOKLINE_API_URL: "x.example/do_not_show", HOOKLINE_API_KEY: "k" } },
      "api-url-invalid",
      2,
    ],
    ["plain HTTP", { current: "plain" }, "http-refused", 2],
    [
      "plain HTTP by variable",
      { env: { HOOKLINE_API_URL: "http://x.example", HOOKLINE_API_KEY: "k" } },
      "http-refused",
      2,
    ],
    [
      "plain HTTP to another host than the one the profile allows",
      { current: "lan", env: { HOOKLINE_API_URL: "http://10.0.0.8:4400", HOOKLINE_API_KEY: "k" } },
      "http-refused",
      2,
    ],
    ["a malformed key", { current: "live", env: { HOOKLINE_API_KEY: "do_not_show\nx" } }, "key-malformed", 2],
    [
      "Stripe's key for a profile of hookline's",
      { current: "live", env: { HOOKLINE_API_KEY: "sk_live_do_not_show" } },
      "key-of-other-kind",
      3,
    ],
    [
      "Stripe's key in the embedded one",
      { env: { HOOKLINE_API_KEY: "rk_live_do_not_show" } },
      "key-of-other-kind",
      3,
    ],
    ["Stripe's key saved for another", { current: "mistaken" }, "key-of-other-kind", 3],
    [
      "a key of hookline's for Stripe",
      { current: "stripe", env: { HOOKLINE_API_KEY: "hk_do_not_show" } },
      "key-of-other-kind",
      3,
    ],
  ])("refuses %s, and shows no key", (_, given, code, exitCode) => {
    const error = failure(() => choose(given));
    expect(error).toMatchObject({ code, exitCode });
    if (code !== "profile-unknown") expect(error.nextSteps).not.toEqual([]);
    for (const secret of secrets) expect(inspect(error, { depth: Infinity })).not.toContain(secret);
  });

  test("of a key for another host says what to set", () => {
    const error = failure(() =>
      choose({ current: "live", env: { HOOKLINE_API_URL: "https://x.example:8443" } }),
    );
    expect(error.message).toContain("x.example:8443");
    expect(error.nextSteps).toContain("set HOOKLINE_API_KEY to a key of x.example:8443");
  });

  test.each<[string, Case, boolean]>([
    ["by default", { current: "live" }, false],
    ["for this machine, which needs no leave", { current: "local" }, false],
    ["by the profile", { current: "lan" }, true],
    ["by the variable", { current: "plain", env: { HOOKLINE_ALLOW_HTTP: "1" } }, true],
    ["by the variable, with the flag", { flag: "plain", env: { HOOKLINE_ALLOW_HTTP: "yes" } }, true],
    [
      "by the profile, with another path",
      { current: "lan", env: { HOOKLINE_API_URL: "http://10.0.0.7:4400/x" } },
      true,
    ],
  ])("allows plain HTTP %s: %s", (_, given, expected) => expect(choose(given).allowHttp).toBe(expected));

  test.each(["0", "false", "FALSE"])("does not by HOOKLINE_ALLOW_HTTP=%s", (value) => {
    const error = failure(() => choose({ current: "plain", env: { HOOKLINE_ALLOW_HTTP: value } }));
    expect(error.code).toBe("http-refused");
  });
});

describe("an API's URL", () => {
  test.each([
    ["https://api.example.com", "https://api.example.com/"],
    ["https://api.example.com/", "https://api.example.com/"],
    ["  https://api.example.com\n", "https://api.example.com/"],
    ["HTTPS://API.Example.com:443/Hooks", "https://api.example.com/Hooks"],
    ["https://api.example.com/hooks/", "https://api.example.com/hooks"],
    ["https://api.example.com/a/b//", "https://api.example.com/a/b"],
    ["https://api.example.com//", "https://api.example.com/"],
    ["https://[2001:db8::1]:8443/x", "https://[2001:db8::1]:8443/x"],
    ["https://example.com/@hooks", "https://example.com/@hooks"],
    ["http://localhost:4400", "http://localhost:4400/"],
    ["http://hooks.localhost", "http://hooks.localhost/"],
    ["http://127.0.0.1:4400/x/", "http://127.0.0.1:4400/x"],
    ["http://127.9.8.7", "http://127.9.8.7/"],
    ["http://[::1]:4400", "http://[::1]:4400/"],
  ])("%j is %s", (text, href) => expect(readApiUrl(text, { allowHttp: false }).href).toBe(href));

  test.each([
    "",
    "api.example.com",
    "localhost:4400",
    "4400",
    "ftp://example.com",
    "file:///etc/passwd",
    "https:example.com",
    "https://",
    "https://example.com:65536",
    "https://do_not_show@example.com",
    "https://user:do_not_show@example.com",
    "https://@example.com",
    "https://example.com?key=do_not_show",
    "https://example.com/?",
    "https://example.com/#do_not_show",
    "https://example.com/#",
    "https://exa\nmple.com",
    "https://exam\tple.com",
    "https://example.com/a b",
    "https:\\\\example.com",
    "https://example.com\\@evil.example",
    "do_not_show",
  ])("%j is none, and is not quoted", (text) => {
    const error = failure(() => readApiUrl(text, { allowHttp: true, from: "HOOKLINE_API_URL" }));
    expect(error).toMatchObject({ code: "api-url-invalid", exitCode: 2 });
    expect(error.message).toMatch(/^HOOKLINE_API_URL is not valid: /);
    expect(inspect(error, { depth: Infinity })).not.toContain("do_not_show");
  });

  test.each([
    "http://example.com",
    "http://localhost.example.com",
    "http://notlocalhost",
    "http://10.0.0.1",
    "http://0.0.0.0",
    "http://128.0.0.1",
    "http://127.0.0.1.example.com",
    "http://[::2]",
    "http://[::ffff:10.0.0.1]",
  ])("%s is refused unless plain HTTP is allowed", (text) => {
    expect(failure(() => readApiUrl(text, { allowHttp: false }))).toMatchObject({
      code: "http-refused",
      exitCode: 2,
    });
    expect(readApiUrl(text, { allowHttp: true }).protocol).toBe("http:");
  });
});

describe("an API key", () => {
  test.each([
    ["hk_1", "api", "hk_1"],
    ["hk_1\n", "api", "hk_1"],
    ["hk_1\r\n", "api", "hk_1"],
    ["!~", "api", "!~"],
    ["sk_testing", "api", "sk_testing"],
    ["sk_test_1", "stripe", "sk_test_1"],
    ["sk_live_1\n", "stripe", "sk_live_1"],
    ["rk_test_1", "stripe", "rk_test_1"],
    ["rk_live_1", "stripe", "rk_live_1"],
  ] as const)("%j for %s is %s", (text, kind, expected) => expect(readApiKey(text, kind)).toBe(expected));

  test.each([
    ["", "api", "key-missing", 3],
    ["\n", "stripe", "key-missing", 3],
    [" do_not_show", "api", "key-malformed", 2],
    ["do_not_show ", "api", "key-malformed", 2],
    ["do_not_show\n\n", "api", "key-malformed", 2],
    ["do_not_show\nx-admin: 1", "api", "key-malformed", 2],
    ["do_not_show\u0000", "api", "key-malformed", 2],
    ["do_not_showé", "api", "key-malformed", 2],
    ["“do_not_show”", "api", "key-malformed", 2],
    ["do_not_show\u200b", "stripe", "key-malformed", 2],
    ["x".repeat(1025), "api", "key-malformed", 2],
    ["sk_test_do_not_show", "api", "key-of-other-kind", 3],
    ["sk_live_do_not_show", "api", "key-of-other-kind", 3],
    ["rk_test_do_not_show", "api", "key-of-other-kind", 3],
    ["rk_live_do_not_show\n", "api", "key-of-other-kind", 3],
    ["hk_do_not_show", "stripe", "key-of-other-kind", 3],
    ["pk_test_do_not_show", "stripe", "key-of-other-kind", 3],
    ["xsk_test_do_not_show", "stripe", "key-of-other-kind", 3],
  ] as const)("%j for %s is refused as %s, and is not shown", (text, kind, code, exitCode) => {
    const error = failure(() => readApiKey(text, kind, "HOOKLINE_API_KEY"));
    expect(error).toMatchObject({ code, exitCode });
    expect(error.message).toContain("HOOKLINE_API_KEY");
    expect(inspect(error, { depth: Infinity })).not.toContain("do_not_show");
  });
});
