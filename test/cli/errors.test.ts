import { existsSync } from "node:fs";
import { describe, expect, test } from "vitest";
import { bin, createPlace, run, startCommand, type Finished } from "./spawn.ts";

interface ErrorLine {
  code: string;
  message: string;
  next_steps: string[];
}

/** The one line of JSON that ends standard error; nothing is on standard output. */
function errorOf({ stdout, stderr }: Finished): ErrorLine {
  expect(stdout).toBe("");
  const lines = stderr.split("\n");
  expect(lines.at(-1)).toBe("");
  const document = JSON.parse(lines.at(-2) ?? "") as { error: ErrorLine };
  expect(Object.keys(document)).toEqual(["error"]);
  expect(Object.keys(document.error)).toEqual(["code", "message", "next_steps"]);
  return document.error;
}

const place = createPlace();
place.write("order.json", "{}");
place.write("fareplay/order.json", "{}");
place.write("fareplay/not.json", "{not json");
place.write("fareplay/deep.json", "[".repeat(2000) + "]".repeat(2000));
place.write("empty/.hidden", "");

/** Bad input, what it gets, and a part of what is said. */
const table: readonly [args: string[], exit: number, code: string, message: RegExp][] = [
  // What is called.
  [["lisen"], 2, "usage", /^unknown command 'lisen'$/],
  [["LISTEN"], 2, "usage", /^unknown command 'LISTEN'$/],
  [["constructor"], 2, "usage", /^unknown command 'constructor'$/],
  [["__proto__"], 2, "usage", /^unknown command '__proto__'$/],
  [[""], 2, "usage", /^unknown command ''$/],
  [["bogus", "--help"], 2, "usage", /^unknown command 'bogus'$/],
  [["help", "bogus"], 2, "usage", /^unknown command 'bogus'$/],
  [["fixtures", "bogus"], 2, "usage", /^unknown command 'bogus'$/],
  [["fixtures", "bogus", "--help"], 2, "usage", /^unknown command 'bogus'$/],
  [[], 2, "usage", /^no command is named$/],
  [["fixtures"], 2, "usage", /^a subcommand is missing$/],
  [["providers"], 2, "usage", /^a subcommand is missing$/],
  [["--bogus"], 2, "usage", /^unknown option '--bogus'$/],
  [["sign", "order.created", "--bogus"], 2, "usage", /^unknown option '--bogus'$/],
  [["sign", "order.created", "-x"], 2, "usage", /^unknown option '-x'$/],
  [["sign", "order.created", "--times", "3"], 2, "usage", /^unknown option '--times'$/],
  [["sign"], 2, "usage", /^missing required argument 'payload'$/],
  [["providers", "show"], 2, "usage", /^missing required argument 'id'$/],
  [["fixtures", "new"], 2, "usage", /^missing required argument 'provider\/event'$/],
  [
    ["sign", "order.created", "x"],
    2,
    "usage",
    /^too many arguments for 'sign': expected 1 argument but got 2$/,
  ],
  [["demo", "x"], 2, "usage", /^too many arguments for 'demo': expected 0 arguments but got 1$/],
  [["sign", "order.created", "--at"], 2, "usage", /^option '--at <time>' argument missing$/],
  [["listen", "--port"], 2, "usage", /^option '--port <n>' argument missing$/],
  // What flags take.
  [["sign", "order.created", "--at", "noon"], 2, "usage", /^--at takes a time such as/],
  [["sign", "order.created", "--at", "2026-02-30"], 2, "usage", /^--at takes a time/],
  [["sign", "order.created", "--at", "-5"], 2, "usage", /^--at takes a time/],
  [["sign", "order.created", "-H", "no colon"], 2, "usage", /^-H takes a header as 'Name: value'/],
  [["sign", "order.created", "-H", "A: b\nEvil: c"], 2, "usage", /^-H takes a header/],
  [
    ["sign", "order.created", "-H", "Content-Length: 1"],
    2,
    "usage",
    /^-H cannot set a header of the connection/,
  ],
  [
    ["verify", "--body", "order.json", "--tolerance", "300"],
    2,
    "usage",
    /^--tolerance takes a duration such as 300s, or off$/,
  ],
  [["verify", "--body", "order.json", "--tolerance", "0s"], 2, "usage", /^--tolerance takes/],
  [["listen", "--port", "65536"], 2, "usage", /^--port takes a whole number from 0 to 65535$/],
  [["listen", "--port", "http"], 2, "usage", /^--port takes/],
  [["listen", "--timeout", "30"], 2, "usage", /^--timeout takes a duration such as 30s/],
  [["listen", "--for", "99d"], 2, "usage", /^--for takes a duration above 0 and below 24 days$/],
  [["listen", "--max-body", "5tb"], 2, "usage", /^--max-body takes a size up to 1gb/],
  [["listen", "--exit-after", "0"], 2, "usage", /^--exit-after takes a whole number from 1/],
  [["listen", "--print", "some"], 2, "usage", /^--print takes line, body, full or none$/],
  [
    ["replay", "order.created", "--to", "3000", "--times", "1.5"],
    2,
    "usage",
    /^--times takes a whole number/,
  ],
  [["replay", "order.created", "--to", "3000", "--concurrency", "0"], 2, "usage", /^--concurrency takes/],
  [
    ["replay", "order.created", "--to", "3000", "--rate", "fast"],
    2,
    "usage",
    /^--rate takes a number of requests/,
  ],
  [["replay", "order.created"], 2, "usage", /^--to is missing/],
  [["replay", "--to", "3000"], 2, "usage", /^no payload is named$/],
  // Targets.
  [["sign", "order.created", "--curl", ""], 2, "target-invalid", /it is empty$/],
  [["sign", "order.created", "--curl", "app"], 2, "target-invalid", /neither a port nor http/],
  [["sign", "order.created", "--curl", "ftp://x"], 2, "target-invalid", /not ftp$/],
  [["sign", "order.created", "--curl", "99999"], 2, "target-invalid", /no URL/],
  [["sign", "order.created", "--curl", "http://a:b@c"], 2, "target-invalid", /does not belong into a URL/],
  // Payloads.
  [
    ["sign", "order.creatd"],
    4,
    "payload-unknown",
    /^there is no provider, event, file or folder "order.creatd"$/,
  ],
  [["sign", "./none.json"], 4, "payload-unknown", /^there is no file or folder \.\/none\.json$/],
  [["sign", "fareplay/../../x"], 4, "payload-unknown", /^there is no provider/],
  [["sign", "__proto__"], 4, "payload-unknown", /"__proto__"$/],
  [["sign", "fareplay/constructor"], 4, "payload-unknown", /"fareplay\/constructor"$/],
  [["sign", "./empty"], 4, "payload-unknown", /^there are no files in \.\/empty$/],
  [["sign", "invoice.paid"], 2, "payload-ambiguous", /^several providers have an event invoice\.paid/],
  [["sign", "fynn"], 2, "sign-one", /^"fynn" names 7 payloads/],
  [
    ["sign", "./order.json"],
    2,
    "payload-provider-unknown",
    /^nothing says whose webhook \.\/order\.json is$/,
  ],
  [["sign", "-"], 2, "payload-provider-unknown", /stdin/],
  [["sign", "inbox:1"], 4, "not-found", /^the inbox is empty/],
  [["sign", "remote:1"], 4, "not-found", /^this account has nothing of that id: "1"$/],
  [["sign", "remote:1", "--profile", "none"], 4, "profile-unknown", /^there is no profile "none"$/],
  [["replay", "remote:1", "--to", "3000"], 4, "not-found", /"1"$/],
  [
    ["replay", "remote:1", "--to", "3000", "--profile", "none"],
    4,
    "profile-unknown",
    /^there is no profile "none"$/,
  ],
  [["sign", "order.created", "--provider", "nobody"], 4, "provider-unknown", /"nobody"/],
  // Edits.
  [["sign", "./fareplay/not.json", "--set", "a=1"], 2, "edit-not-json", /^the body is not JSON/],
  [["sign", "./fareplay/deep.json", "--set", "a=1"], 2, "edit-too-deep", /^the body nests deeper/],
  [["sign", "order.created", "--set", "data..total=1"], 2, "edit-path", /is not a path/],
  [
    ["sign", "order.created", "--set", "/data/constructor/x=1"],
    2,
    "edit-path",
    /which hookline does not edit$/,
  ],
  [["sign", "order.created", "--unset", "data.items[9]"], 2, "edit-path", /out of range$/],
  [["sign", "paymentDetails", "--fresh"], 2, "no-envelope", /nothing to renew$/],
  // Secrets.
  [
    ["sign", "order.created", "--secret", "env:NONE"],
    2,
    "secret-unset",
    /^the variable NONE holds no secret/,
  ],
  [["sign", "order.created", "--secret", "env:__proto__"], 2, "secret-unset", /^the variable __proto__/],
  [
    ["sign", "order.created", "--secret", "file:none"],
    2,
    "secret-unreadable",
    /^cannot read the secret file/,
  ],
  [["sign", "order.created", "--secret", ""], 2, "secret-missing", /is empty$/],
  [
    ["sign", "svix/user.created", "--secret", "no base64!"],
    2,
    "secret-malformed",
    /^the signing secret is not whsec_<base64>/,
  ],
  [["sign", "order.created", "--out", "none/x.json"], 2, "out-unwritable", /^cannot write /],
  [["verify"], 2, "verify-needs-body", /^verify takes either --body/],
  [["verify", "--body", "none"], 2, "file-unreadable", /^cannot read the body from none/],
  [["verify", "--request", "order.json"], 2, "request-malformed", /^this is not a raw HTTP\/1\.1 request/],
  [["verify", "--body", "order.json"], 2, "provider-unclear", /^no header says/],
  [["providers", "show", "nobody"], 4, "provider-unknown", /"nobody"/],
  [["fixtures", "list", "nobody"], 4, "provider-unknown", /"nobody"/],
  [["fixtures", "show", "fareplay"], 2, "fixture-one", /^"fareplay" names 8 fixtures$/],
  [["fixtures", "new", "order.created"], 2, "fixture-name", /^"order\.created" does not name a fixture$/],
  [["secrets", "nobody"], 4, "provider-unknown", /"nobody"/],
  [["secrets", "--write-env", "."], 2, "env-file-unwritable", /^cannot write /],
  // Keys.
  [["keys"], 2, "usage", /^a subcommand is missing$/],
  [["keys", "rotate"], 2, "usage", /^no key is named$/],
  [["keys", "create"], 2, "usage", /^--name and --scope are missing$/],
  [["keys", "create", "--name", "x", "--scope", "keys:reed"], 2, "usage", /^--scope knows no "keys:reed"$/],
  [
    ["keys", "create", "--name", "x", "--scope", "*", "--write-env", ".env"],
    2,
    "usage",
    /^--write-env takes/,
  ],
  [
    ["keys", "create", "--name", "x", "--scope", "*", "--write-env", ".:KEY"],
    1,
    "env-file-unwritable",
    /nothing was changed$/,
  ],
  [["keys", "create", "--name", "", "--scope", "*"], 2, "usage", /^--name: a name must not be empty/],
  [
    ["keys", "create", "--name", "x", "--scope", "*", "--provider", "fynn"],
    2,
    "body-invalid",
    /^no form of API keys is known of this provider: provider must be one of /,
  ],
  [["keys", "show", "key_0"], 4, "not-found", /^this account has nothing of that id: "key_0"$/],
  [["keys", "list", "--profile", "none"], 4, "profile-unknown", /^there is no profile "none"$/],
  [["activity"], 2, "usage", /^a subcommand is missing$/],
  [["activity", "list", "--since", "noon"], 2, "usage", /^--since takes a time/],
  // Profiles, endpoints and events.
  [["login"], 2, "usage", /^no URL is given to log in to$/],
  [["login", "https://a.example"], 2, "usage", /^no key is given for a\.example$/],
  [["login", "http://a.example"], 2, "http-refused", /^the URL is plain HTTP/],
  [["login", "https://a.example", "--key", "env:NONE"], 3, "key-missing", /^the variable NONE holds no key/],
  [["login", "https://a.example", "--key", "-"], 3, "key-missing", /^standard input is empty$/],
  [["logout"], 2, "profile-built-in", /^you are not logged in anywhere/],
  [["whoami", "--profile", "none"], 4, "profile-unknown", /^there is no profile "none"$/],
  [["profiles"], 2, "usage", /^a subcommand is missing$/],
  [["profiles", "use", "none"], 4, "profile-unknown", /^there is no profile "none"$/],
  [["endpoints"], 2, "usage", /^a subcommand is missing$/],
  [["endpoints", "create"], 2, "usage", /^--provider, --events and --url are missing$/],
  [["endpoints", "update", "ep_0"], 2, "usage", /^nothing is to be changed$/],
  [["endpoints", "delete"], 2, "usage", /^no endpoint is named$/],
  [["endpoints", "show", "ep_0"], 4, "not-found", /^this account has nothing of that id: "ep_0"$/],
  [["endpoints", "test"], 2, "usage", /^no endpoint is named$/],
  [["endpoints", "test", "ep_0"], 4, "not-found", /^this account has nothing of that id: "ep_0"$/],
  [["endpoints", "test", "ep_0", "--wait-timeout", "soon"], 2, "usage", /^--wait-timeout takes a duration/],
  [["endpoints", "test", "ep_0", "--type"], 2, "usage", /^option '--type <event>' argument missing$/],
  [["events"], 2, "usage", /^a subcommand is missing$/],
  [["events", "list", "--until", "noon"], 2, "usage", /^--until takes a time/],
  [["events", "show"], 2, "usage", /^no event is named$/],
  [["events", "show", "evt_0"], 4, "not-found", /^this account has nothing of that id: "evt_0"$/],
  [["events", "publish"], 2, "usage", /^no payload is named$/],
  [["events", "publish", "order.creatd"], 4, "payload-unknown", /"order\.creatd"$/],
  [["events", "publish", "./none.json"], 4, "payload-unknown", /^there is no file or folder \.\/none\.json$/],
  [["events", "publish", "inbox:1"], 4, "not-found", /^the inbox is empty/],
  [["events", "publish", "remote:1"], 4, "not-found", /"1"$/],
  [["events", "publish", "-"], 2, "payload-provider-unknown", /stdin/],
  [
    ["events", "publish", "./fareplay/not.json"],
    2,
    "event-type-unknown",
    /^nothing says which event \.\/fareplay\/not\.json is$/,
  ],
  [
    ["events", "publish", "order.created", "--type", "order.made"],
    2,
    "body-invalid",
    /^Fareplay sends no such event: type is order\.made/,
  ],
  [["events", "publish", "order.created", "--set", "data..total=1"], 2, "edit-path", /is not a path/],
  [["events", "publish", "paymentDetails", "--fresh"], 2, "no-envelope", /nothing to renew$/],
  [
    ["events", "publish", "order.created", "--wait-timeout", "0s"],
    2,
    "usage",
    /^--wait-timeout takes a duration above 0/,
  ],
  [
    ["events", "publish", "order.created", "--profile", "none"],
    4,
    "profile-unknown",
    /^there is no profile "none"$/,
  ],
  // Deliveries.
  [["deliveries"], 2, "usage", /^a subcommand is missing$/],
  [
    ["deliveries", "list", "--status", "done"],
    2,
    "usage",
    /^--status takes pending, sending, succeeded, failed, cancelled$/,
  ],
  [["deliveries", "list", "--since", "noon"], 2, "usage", /^--since takes a time/],
  [["deliveries", "list", "--until", "2026-02-30"], 2, "usage", /^--until takes a time/],
  [["deliveries", "list", "--limit", "0"], 2, "usage", /^--limit takes a whole number from 1 to 100$/],
  [["deliveries", "list", "--all", "--limit", "2"], 2, "usage", /cannot be used with/],
  [["deliveries", "list", "--cursor", "!"], 2, "usage", /^--cursor takes what an earlier list ended with$/],
  [["deliveries", "list", "--endpoint", "shop"], 2, "query-invalid", /endpoint_id must be an id/],
  [["deliveries", "show"], 2, "usage", /^no delivery is named$/],
  [["deliveries", "show", "dlv_0"], 4, "not-found", /^this account has nothing of that id: "dlv_0"$/],
  [["deliveries", "show", "../keys"], 4, "not-found", /"\.\.\/keys"$/],
  [["deliveries", "retry"], 2, "usage", /^no delivery is named$/],
  [["deliveries", "retry", "dlv_0"], 4, "not-found", /"dlv_0"$/],
  [
    ["deliveries", "retry", "dlv_0", "--status", "failed"],
    2,
    "usage",
    /^deliveries are named and filtered at once$/,
  ],
  [["deliveries", "retry", "--status", "succeeded"], 2, "usage", /unless you insist$/],
  [["deliveries", "retry", "--status", "lost"], 2, "usage", /^--status takes pending/],
  [["deliveries", "retry", "--since", "later"], 2, "usage", /^--since takes a time/],
  [["deliveries", "retry", "dlv_0", "--wait-timeout", "60"], 2, "usage", /^--wait-timeout takes a duration/],
  [["deliveries", "watch", "--status", "lost"], 2, "usage", /^--status takes pending/],
  [["deliveries", "watch", "--since", "1h"], 2, "usage", /^unknown option '--since'$/],
  [["deliveries", "watch", "--profile", "none"], 4, "profile-unknown", /^there is no profile "none"$/],
  // The server.
  [
    ["serve", "--retry-delays", "1s,,5s"],
    2,
    "usage",
    /^--retry-delays takes durations such as 1s,10m,1h, or none$/,
  ],
  [["serve", "--retry-delays", Array(101).fill("1s").join()], 2, "usage", /^--retry-delays takes up to 100/],
  [["serve", "--disable-after", "-1"], 2, "usage", /^--disable-after takes a whole number from 0/],
  [["serve", "--concurrency", "0"], 2, "usage", /^--concurrency takes a whole number from 1 to 10000$/],
  [["serve", "--endpoint-concurrency", "many"], 2, "usage", /^--endpoint-concurrency takes a whole number/],
];

describe("bad input", () => {
  test.each(table)("%j is exit %i, %s", async (args, exit, code, message) => {
    const finished = await run([...args, "--json"], { place, input: "" });
    const error = errorOf(finished);
    expect({ exit: finished.code, code: error.code }).toEqual({ exit, code });
    expect(error.message).toMatch(message);
    // No user's mistake shows our insides.
    expect(finished.stderr).not.toMatch(/\n\s+at |\.cjs|node:internal|HooklineError/);
    // One style: no capital at the start (unless it is a name, or the user's own word), no full stop at the end.
    for (const text of [error.message, ...error.next_steps]) {
      expect(text).toMatch(/^(?!(?!Fareplay )[A-Z][a-z]* )/);
      expect(text).not.toMatch(/\.$/);
    }
  });

  test.each([
    [["lisen"], "did you mean listen?", "see hookline --help"],
    [["fixtures", "lst"], "did you mean list?", "see hookline fixtures --help"],
    [["sign", "x", "--secrt"], "did you mean --secret?", "see hookline sign --help"],
    [["providers", "show"], "see hookline providers show --help"],
    [["sign", "order.creatd"], "did you mean order.created?", "see what can be sent: hookline fixtures list"],
    [["sign", "invoice.paid"], "say which one is meant: standard-webhooks/invoice.paid"],
  ])("%j is told: %s", async (args, ...steps) => {
    expect(errorOf(await run([...args, "--json"])).next_steps).toEqual(steps);
  });
});

describe("an error for people", () => {
  test("is what happened, then what to do next, on standard error", async () => {
    expect(await run(["fixtures", "lst"])).toMatchObject({
      code: 2,
      stdout: "",
      stderr:
        "error: unknown command 'lst'\n  next: did you mean list?\n  next: see hookline fixtures --help\n",
    });
  });

  test("of a missing subcommand comes after the help", async () => {
    const { code, stdout, stderr } = await run(["providers"]);
    expect({ code, stdout }).toEqual({ code: 2, stdout: "" });
    expect(stderr).toMatch(/^Usage: hookline providers /);
    expect(stderr).toMatch(/error: a subcommand is missing\n {2}next: see hookline providers --help\n$/);
  });

  test("is not silenced by --quiet, though notes are", async () => {
    const { code, stderr } = await run(["providers", "show", "nobody", "--quiet"]);
    expect(code).toBe(4);
    expect(stderr).toMatch(/^error: /);
    expect((await run(["sign", "order.created", "--quiet"])).stderr).toBe("");
  });

  test("repeats no control character of an argument", async () => {
    for (const args of [["\u001b[31m\u202e"], ["sign", "\u001b]0;x\u0007"], ["sign", "x", "--\u001b[2J"]]) {
      for (const flags of [[], ["--json"]]) {
        const { stderr, stdout } = await run([...args, ...flags]);
        expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u202e]/);
      }
    }
  });

  test("shows its stack with HOOKLINE_DEBUG alone", async () => {
    const args = ["sign", "order.created", "--secret", "file:none"];
    expect((await run(args)).stderr).not.toContain(" at ");
    const { code, stderr } = await run(args, { env: { HOOKLINE_DEBUG: "1" } });
    expect(code).toBe(2);
    expect(stderr).toMatch(/^error: cannot read the secret file/);
    expect(stderr).toMatch(/\n\s+at /);
    expect(stderr).toContain("ENOENT");
  });

  test("says so where the current folder is gone", async () => {
    const line = 'mkdir gone && cd gone && rmdir ../gone && exec "$NODE" "$BIN" providers list --json';
    const env = { NODE: process.execPath, BIN: bin };
    const finished = await startCommand("sh", ["-c", line], { place: createPlace(), env }).finished;
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({
      code: "folder-gone",
      message: "the current folder is not there any more",
    });
  });
});

describe("a bug of ours", () => {
  const broken = createPlace();
  // What stands for a bug: a clock that throws, at once or when nobody waits for it any more.
  const atOnce = broken.write(
    "at-once.cjs",
    'Date.now = () => { throw new TypeError("the clock stopped"); };',
  );
  const later = broken.write(
    "later.cjs",
    'setImmediate(() => { throw new TypeError("the clock stopped"); });',
  );
  const withBug = (file: string, args: readonly string[], env = {}): Promise<Finished> =>
    run(args, { env: { NODE_OPTIONS: `--require "${file}"`, ...env } });

  test.each([
    ["thrown", atOnce],
    ["thrown where nobody catches it", later],
  ])("%s is exit 70, without its stack", async (_, file) => {
    expect(await withBug(file, ["sign", "order.created"])).toMatchObject({
      code: 70,
      stdout: "",
      stderr: "error: unexpected: the clock stopped\n  this is a bug of hookline\n",
    });
    const json = await withBug(file, ["sign", "order.created", "--json"]);
    expect(json.code).toBe(70);
    expect(errorOf(json)).toMatchObject({ code: "unexpected", message: "the clock stopped" });
  });

  test("shows its stack with HOOKLINE_DEBUG", async () => {
    const { code, stderr } = await withBug(atOnce, ["sign", "order.created"], { HOOKLINE_DEBUG: "1" });
    expect(code).toBe(70);
    expect(stderr).toMatch(/TypeError: the clock stopped\n\s+at /);
  });
});

describe("colour", () => {
  const coloured = async (args: readonly string[], env: Readonly<Record<string, string>>): Promise<boolean> =>
    (await run(args, { env })).stderr.includes("\u001b[");

  /** The first is told before any command runs, the second by a command. */
  const errors = [["sign"], ["providers", "show", "nobody"]];

  test.each([
    [false, [], {}],
    [false, [], { CI: "true" }],
    [false, [], { FORCE_COLOR: "0" }],
    [false, ["--no-color"], { FORCE_COLOR: "1" }],
    [false, ["--no-color"], {}],
    [true, [], { FORCE_COLOR: "1" }],
    [true, [], { FORCE_COLOR: "1", NO_COLOR: "1" }],
    [true, ["--color"], {}],
    [true, ["--color"], { NO_COLOR: "1", CI: "true" }],
  ])("%s through a pipe with %j and %j", async (expected, flags, env) => {
    for (const args of errors) expect(await coloured([...args, ...flags], env)).toBe(expected);
  });

  const terminal = process.platform === "linux" && existsSync("/usr/bin/script");
  test.runIf(terminal).each([
    [true, [], {}],
    [true, [], { CI: "true" }],
    [false, [], { NO_COLOR: "1" }],
    [false, ["--no-color"], {}],
    [false, [], { TERM: "dumb" }],
  ])("%s on a terminal with %j and %j", async (expected, flags, env) => {
    const words = { NODE: process.execPath, BIN: bin, TERM: "xterm", ...env };
    const line = `"$NODE" "$BIN" providers list ${flags.join(" ")}`;
    const { code, stdout } = await startCommand("/usr/bin/script", ["-qec", line, "/dev/null"], {
      env: words,
    }).finished;
    expect({ code, coloured: stdout.includes("\u001b[") }).toEqual({ code: 0, coloured: expected });
  });

  test("is never in JSON", async () => {
    const { stdout } = await run(["providers", "list", "--json", "--color"]);
    expect(stdout).not.toContain("\u001b");
    expect((await run(["sign", "--json", "--color"])).stderr).not.toContain("\u001b");
  });
});
