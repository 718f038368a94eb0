import { mkdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startApi, startStub, stubKey } from "./api-server.ts";
import { startServer, values, type Received } from "./run-servers.ts";
import { copyPlace, createPlace, run, type Finished, type Place } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

type Endpoint = Record<string, unknown> & { id: string };

const json = ({ stdout }: Finished): Endpoint => JSON.parse(stdout) as Endpoint;
const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

const endpoints = (place: Place, args: string[], env: Record<string, string> = {}): Promise<Finished> =>
  run(["endpoints", ...args], { place, env });

const inJson = async (place: Place, ...args: string[]): Promise<Endpoint> => {
  const finished = await endpoints(place, [...args, "--json"]);
  expect(finished.code).toBe(0);
  return json(finished);
};

const far = ["--provider", "fareplay", "--events", "order.*", "--url", "https://shop.example/hooks"];
const readEnv = (place: Place): Record<string, string> =>
  Object.fromEntries(
    readFileSync(join(place.cwd, ".env"), "utf8")
      .trimEnd()
      .split("\n")
      .map((line) => /^(\w+)=(.*)$/.exec(line)?.slice(1) ?? [line, ""]),
  ) as Record<string, string>;

interface Scene {
  place: Place;
  made: Endpoint;
}

/** The scene that `make` makes once; every call gives a place of the caller's own in which that was done. */
function copiesOf(make: (place: Place) => Promise<Endpoint>): () => Promise<Scene> {
  let first: Promise<Scene> | undefined;
  const makeFirst = async (): Promise<Scene> => {
    const place = createPlace();
    return { place, made: await make(place) };
  };
  return async () => {
    const { place, made } = await (first ??= makeFirst());
    return { place: copyPlace(place), made };
  };
}

const beginEnabled = copiesOf((place) => inJson(place, "create", ...far));
const beginDisabled = copiesOf(async (place) => {
  const { id } = await inJson(place, "create", ...far);
  return inJson(place, "disable", id);
});
const beginTwo = copiesOf(async (place) => {
  const at = (path: string): Promise<Endpoint> =>
    inJson(place, "create", ...far.slice(0, 4), "--url", `https://shop.example/${path}`);
  const first = await at("first");
  await at("second");
  return first;
});
const beginFor = (provider: string): (() => Promise<Scene>) =>
  copiesOf((place) =>
    inJson(place, "create", "--provider", provider, "--events", "*", "--url", "https://a.example"),
  );
const beginOf = { fareplay: beginFor("fareplay"), svix: beginFor("svix") };

describe("endpoints on this machine", () => {
  test("are made, shown, changed, paused and deleted", async () => {
    const place = createPlace();
    const made = await inJson(place, "create", ...far, "--description", "the shop");
    const { id, secret, ...shown } = made;
    expect(shown).toEqual({
      url: "https://shop.example/hooks",
      provider: "fareplay",
      events: ["order.*"],
      description: "the shop",
      status: "enabled",
      disabled_at: null,
      disabled_reason: null,
      created_at: expect.stringMatching(/^\d{4}-.*Z$/) as string,
      secret_hint: `…${String(secret).slice(-4)}`,
      secret_rotation: null,
      warnings: [],
    });
    expect(await inJson(place, "show", id)).toMatchObject({ id, description: "the shop" });
    expect(await inJson(place, "show", id)).not.toHaveProperty("secret");
    const people = await endpoints(place, ["show", id]);
    expect(people.stdout).toMatch(/^ {2}events +order\.\*$/m);
    expect(people.stdout).not.toContain(secret);

    const events = ["--events", "order.created, order.accepted", "--events", "order.created"];
    expect(await inJson(place, "update", id, ...events, "--description", "")).toMatchObject({
      events: ["order.created", "order.accepted"],
      description: null,
    });
    expect(await inJson(place, "disable", id)).toMatchObject({
      status: "disabled",
      disabled_reason: "requested",
    });
    expect((await inJson(place, "list", "--status", "disabled"))["data"]).toMatchObject([{ id }]);
    expect((await inJson(place, "list", "--status", "enabled"))["data"]).toEqual([]);
    expect(await inJson(place, "enable", id)).toMatchObject({ status: "enabled", disabled_at: null });

    const unasked = await endpoints(place, ["delete", id, "--json"]);
    expect(unasked.code).toBe(2);
    expect(errorOf(unasked)).toMatchObject({
      code: "confirmation-missing",
      next_steps: ["add --yes to confirm it"],
    });
    expect(await inJson(place, "delete", id, "--yes")).toEqual({ id, deleted: true });
    const gone = await endpoints(place, ["show", id, "--json"]);
    expect(gone.code).toBe(2);
    const next_steps = [
      "see those that are left: hookline endpoints list",
      "or make another: hookline endpoints create",
    ];
    expect(errorOf(gone)).toMatchObject({ code: "endpoint-deleted", next_steps });
    for (const args of [["enable"], ["rotate-secret"], ["update", "--description", "x"]] as const) {
      const [word, ...flags] = args;
      const refused = await endpoints(place, [word, id, ...flags, "--json"]);
      expect(refused.code).toBe(2);
      expect(errorOf(refused)).toMatchObject({ code: "endpoint-deleted", next_steps });
    }
    expect(await inJson(place, "delete", id, "--yes")).toEqual({ id, deleted: true });
  });

  test("create prints the secret alone on standard output, and the rest beside it", async () => {
    const place = createPlace();
    const { code, stdout, stderr } = await endpoints(place, ["create", ...far]);
    expect(code).toBe(0);
    expect(stdout).toMatch(/^[0-9a-f]{64}\n$/);
    expect(stderr).toMatch(/✓ ep_\w+ gets order\.\* of fareplay at https:\/\/shop\.example\/hooks\n/);
    expect(stderr).toContain("not shown again");
    expect(stderr).not.toContain("development secret");
    const quiet = await endpoints(place, ["create", ...far, "--quiet"]);
    expect(quiet).toMatchObject({ code: 0, stderr: "" });
  });

  test("one of this machine has its development secret, which listen knows", async () => {
    const place = createPlace();
    const args = ["--provider", "svix", "--events", "*", "--url", "3000/x"];
    const { stdout, stderr } = await endpoints(place, ["create", ...args]);
    expect(stdout).toBe((await run(["secrets", "svix"], { place })).stdout);
    expect(stderr).toContain("it is this machine's development secret: hookline listen knows it already");
  });

  test("a renamed event's other spelling is warned of, and the warning is in the JSON", async () => {
    const place = createPlace();
    const args = ["--provider", "fynn", "--events", "subscription.canceled", "--url", "https://a.example"];
    const { stdout, stderr } = await endpoints(place, ["create", ...args, "--json"]);
    const { warnings } = JSON.parse(stdout) as { warnings: { code: string; message: string }[] };
    expect(warnings).toMatchObject([{ code: "event-renamed" }]);
    expect(stderr).toContain(`warning: ${warnings[0]?.message}\n`);
  });

  test("an empty list says whether there are others, and a provider that there is not is refused", async () => {
    const { place } = await beginEnabled();
    const none = await endpoints(place, ["list", "--provider", "svix", "--status", "enabled"]);
    expect(none).toMatchObject({ code: 0, stdout: "" });
    expect(none.stderr).toBe("there are none that fit; leave out --provider or --status to see more\n");
    const unknown = await endpoints(place, ["list", "--provider", "fareplai", "--json"]);
    expect(unknown).toMatchObject({ code: 4, stdout: "" });
    expect(errorOf(unknown)).toMatchObject({
      code: "provider-unknown",
      next_steps: expect.arrayContaining(["did you mean fareplay?"]) as string[],
    });
  });

  test("a list comes in pages, or whole", async () => {
    const place = createPlace();
    const none = await endpoints(place, ["list"]);
    expect(none).toMatchObject({ code: 0, stdout: "" });
    expect(none.stderr).toContain("hookline endpoints create");
    const ids: string[] = [];
    for (const provider of ["svix", "github", "svix"]) {
      const args = ["--provider", provider, "--events", "*", "--url", "https://a.example"];
      ids.unshift((await inJson(place, "create", ...args)).id);
    }
    const idsOf = (page: Endpoint): string[] => (page["data"] as Endpoint[]).map(({ id }) => id);
    const first = await inJson(place, "list", "--limit", "2");
    expect(idsOf(first)).toEqual(ids.slice(0, 2));
    const rest = await inJson(place, "list", "--cursor", String(first["next_cursor"]));
    expect([idsOf(rest), rest["next_cursor"]]).toEqual([ids.slice(2), null]);
    expect(idsOf(await inJson(place, "list", "--all"))).toEqual(ids);
    expect(idsOf(await inJson(place, "list", "--provider", "svix"))).toEqual([ids[0], ids[2]]);
    const people = await endpoints(place, ["list", "--limit", "1"]);
    expect(people.stdout).toMatch(/^ENDPOINT +STATUS +PROVIDER +URL +EVENTS\nep_\w+ +enabled +svix +https:/);
    expect(people.stderr).toContain(`--cursor ${ids[0]}`);
  });
});

describe("a signing secret is rotated", () => {
  test.each<[provider: keyof typeof beginOf, args: string[], signsWith: string | null, words: RegExp]>([
    ["fareplay", [], "previous", /the old one signs until \d{4}-.* \(in 24 h\), then the new one does/],
    ["svix", ["--grace", "7d"], "both", /both the old and the new one sign until \d{4}-.* \(in 7 d\)/],
    ["fareplay", ["--grace", "0"], null, /it signs from now on, the old one no more/],
  ])("of %s with %j: who signs is %s", async (provider, args, signsWith, words) => {
    const { place, made } = await beginOf[provider]();
    const { code, stdout, stderr } = await endpoints(place, ["rotate-secret", made.id, ...args]);
    expect(code).toBe(0);
    expect(stderr).toMatch(words);
    const shown = await inJson(place, "show", made.id);
    expect(shown["secret_rotation"]).toEqual(
      signsWith === null
        ? null
        : { signs_with: signsWith, previous_until: expect.stringMatching(/Z$/) as string },
    );
    expect(stdout.trim()).not.toBe(made["secret"]);
    expect(String(shown["secret_hint"]).slice(-4)).toBe(stdout.trim().slice(-4));

    const again = await endpoints(place, ["rotate-secret", made.id, "--json"]);
    expect(again.code).toBe(signsWith === null ? 0 : 2);
    if (signsWith === null) expect(json(again)["previous_secret"]).toBe(stdout.trim());
    else expect(errorOf(again).code).toBe("rotation-under-way");
    // Without a grace it is done all the same, and ends what is in use still.
    const ended = await inJson(place, "rotate-secret", made.id, "--grace", "0");
    expect(ended["secret_rotation"]).toBeNull();
  });

  test("without a grace no former secret stays in the file", async () => {
    const place = createPlace();
    place.write(".env", "A=1\n");
    const { id } = await inJson(place, "create", ...far, "--write-env", ".env:HOOK");
    await inJson(place, "rotate-secret", id, "--write-env", ".env:HOOK");
    expect(Object.keys(readEnv(place))).toEqual(["A", "HOOK", "HOOK_PREVIOUS"]);
    const before = readEnv(place);
    const args = ["rotate-secret", id, "--grace", "0", "--write-env", ".env:HOOK"];
    const people = await endpoints(place, args);
    const file = join(place.cwd, ".env");
    expect(people.stdout).toBe(`✓ ${file} holds it as HOOK, and no HOOK_PREVIOUS any more\n`);
    expect(Object.keys(readEnv(place))).toEqual(["A", "HOOK"]);
    expect(Object.values(before)).not.toContain(readEnv(place)["HOOK"]);
    expect((await inJson(place, ...args))["written"]).toEqual({ file, name: "HOOK", previous: null });
    expect(Object.keys(readEnv(place))).toEqual(["A", "HOOK"]);
  });

  test("--write-env writes the new one and the one before, and prints neither", async () => {
    const place = createPlace();
    place.write(".env", "A=1\n");
    const { id, ...made } = await inJson(place, "create", ...far, "--write-env", ".env:HOOK");
    expect(made).not.toHaveProperty("secret");
    expect(made["written"]).toEqual({ file: join(place.cwd, ".env"), name: "HOOK" });
    const first = readEnv(place)["HOOK"] ?? "";
    expect(first).toMatch(/^[0-9a-f]{64}$/);

    const rotated = await endpoints(place, ["rotate-secret", id, "--write-env", ".env:HOOK", "--json"]);
    expect(json(rotated)["written"]).toEqual({
      file: join(place.cwd, ".env"),
      name: "HOOK",
      previous: "HOOK_PREVIOUS",
    });
    const { HOOK: second = "", ...others } = readEnv(place);
    expect(others).toEqual({ A: "1", HOOK_PREVIOUS: first });
    expect(second).toMatch(/^[0-9a-f]{64}$/);
    expect(second).not.toBe(first);
    for (const secret of [first, second]) expect(rotated.stdout + rotated.stderr).not.toContain(secret);
    expect(json(rotated)).not.toHaveProperty("previous_secret");
    expect(statSync(join(place.cwd, ".env")).mode & 0o777).toBe(0o600);

    const people = await endpoints(place, ["create", ...far, "--write-env", "other.env:X"]);
    expect(people.stdout).toBe(`✓ ${join(place.cwd, "other.env")} holds its signing secret as X\n`);
    expect(people.stderr).not.toMatch(/[0-9a-f]{64}/);
  });

  test("what is signed during the grace is accepted with what was written", async () => {
    const place = createPlace();
    const name = "SVIX_WEBHOOK_SECRET";
    const args = ["--provider", "svix", "--events", "*", "--url", "https://a.example"];
    const { id } = await inJson(place, "create", ...args, "--write-env", `.env:${name}`);
    const old = readEnv(place)[name] ?? "";
    await inJson(place, "rotate-secret", id, "--write-env", `.env:${name}`);
    // Signed with the old one, verified with what the file holds now.
    const signed = await run(
      ["sign", "svix/user.created", "--secret", "env:OLD", "--json", "--out", "body.json"],
      {
        place,
        env: { OLD: old },
      },
    );
    const { headers } = JSON.parse(signed.stdout) as { headers: Record<string, string> };
    const flags = Object.entries(headers).flatMap(([header, value]) => ["-H", `${header}: ${value}`]);
    const verified = await run(["verify", "--env-file", ".env", "--body", "body.json", ...flags], { place });
    expect(verified.code).toBe(0);
  });
});

describe("endpoints and what is not right", () => {
  const place = createPlace();

  test.each<[args: string[], exit: number, code: string, message: RegExp]>([
    [["create"], 2, "usage", /^--provider, --events and --url are missing$/],
    [["create", "--provider", "svix", "--events", "*"], 2, "usage", /^--url is missing$/],
    [["create", ...far.slice(2), "--provider", "nobody"], 2, "body-invalid", /provider/],
    [["create", ...far, "--events", "order.made"], 2, "body-invalid", /order\.made/],
    [["create", ...far, "--url", "shop/x"], 2, "target-invalid", /"shop\/x" is not a target/],
    [["create", ...far, "--url", "https://a:b@c.example"], 2, "target-invalid", /a user name or password/],
    [
      ["create", ...far.slice(0, 2), "--events", " , ", "--url", "https://a.example"],
      2,
      "usage",
      /names no event/,
    ],
    [["create", ...far, "--write-env", "nowhere"], 2, "usage", /takes a file and a variable/],
    [["create", ...far, "--write-env", ".:NAME"], 1, "env-file-unwritable", /^cannot write /],
    [
      ["create", ...far, "--write-env", "none/.env:X"],
      1,
      "env-file-unwritable",
      /\/none is not there; nothing/,
    ],
    [
      ["create", ...far, "--url", "https://a.example/#x"],
      2,
      "target-invalid",
      /#x" has a fragment, which is never/,
    ],
    [["create", ...far, "--url", "3000#x"], 2, "target-invalid", /has a fragment/],
    [["update", "ep_1", "--url", "https://a.example/x#"], 2, "target-invalid", /has a fragment/],
    [["show"], 2, "usage", /^no endpoint is named$/],
    [["update", "--description", "x"], 2, "usage", /^no endpoint is named$/],
    [["enable"], 2, "usage", /^no endpoint is named$/],
    [["disable"], 2, "usage", /^no endpoint is named$/],
    [["delete", "--yes"], 2, "usage", /^no endpoint is named$/],
    [["rotate-secret"], 2, "usage", /^no endpoint is named$/],
    [["test"], 2, "usage", /^no endpoint is named$/],
    [["test", "ep_1"], 4, "not-found", /nothing of that id/],
    [["test", "../keys"], 4, "not-found", /nothing of that id/],
    [["test", "ep_1", "--wait-timeout", "0s"], 2, "usage", /^--wait-timeout takes a duration above 0/],
    [["test", "ep_1", "--wait"], 2, "usage", /^unknown option '--wait'$/],
    [["test", "ep_1", "--profile", "none"], 4, "profile-unknown", /"none"/],
    [
      ["rotate-secret", "ep_1", "--write-env", "none/.env:X"],
      1,
      "env-file-unwritable",
      /\/none is not there; nothing/,
    ],
    [["update", "ep_1"], 2, "usage", /^nothing is to be changed$/],
    [["update", "ep_1", "--events", ","], 2, "usage", /names no event/],
    [["show", "ep_1"], 4, "not-found", /nothing of that id/],
    [["show", "../keys"], 4, "not-found", /nothing of that id/],
    [["rotate-secret", "ep_1", "--grace", "soon"], 2, "usage", /^--grace takes a duration/],
    [["rotate-secret", "ep_1", "--write-env", ".:NAME"], 1, "env-file-unwritable", /^cannot write /],
    [["list", "--status", "off"], 2, "usage", /^--status takes enabled or disabled$/],
    [["list", "--limit", "0"], 2, "usage", /^--limit takes a whole number from 1 to 100$/],
    [["list", "--all", "--limit", "2"], 2, "usage", /cannot be used with/],
    [["list", "--profile", "none"], 4, "profile-unknown", /"none"/],
  ])("%j is refused", async (args, exit, code, message) => {
    const finished = await endpoints(place, [...args, "--json"]);
    expect(finished).toMatchObject({ code: exit, stdout: "" });
    expect(errorOf(finished).code).toBe(code);
    expect(errorOf(finished).message).toMatch(message);
  });

  test("and none of it made an endpoint", async () => {
    expect((await inJson(place, "list"))["data"]).toEqual([]);
  });

  test("on a server it is its key that decides", async () => {
    const { url, key } = await startApi();
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: key };
    const made = await endpoints(place, ["create", ...far, "--json"], env);
    expect(made.code).toBe(0);
    expect(json(await endpoints(place, ["list", "--json"], env))["data"]).toHaveLength(1);
    // It may know providers that this machine does not.
    const unknown = await endpoints(place, ["list", "--provider", "fareplai"], env);
    expect(unknown).toMatchObject({ code: 0, stdout: "" });
    expect(unknown.stderr).toMatch(
      /^there is no provider called "fareplai" as far as this machine knows: did you mean fareplay\?\nthere are none that fit; leave out --provider to see more\n$/,
    );
    const here = [...far, "--url", "http://127.0.0.1:9", "--json"];
    expect(errorOf(await endpoints(place, ["create", ...here], env))).toMatchObject({
      code: "target-refused",
      next_steps: [
        expect.any(String),
        expect.stringContaining("hookline serve --allow-private-targets"),
      ] as string[],
    });
    // This machine's own database has none.
    expect((await inJson(place, "list"))["data"]).toEqual([]);
    const wrong = await endpoints(place, ["list", "--json"], { ...env, HOOKLINE_API_KEY: "hk_wrong" });
    expect(wrong.code).toBe(3);
    expect(errorOf(wrong).code).toBe("key-invalid");
    const bad = await endpoints(place, ["show", "../keys", "--json"], env);
    expect(bad.code).toBe(4);
    expect(errorOf(bad).code).toBe("id-invalid");
  });
});

describe("an endpoint is tested", () => {
  test("with a sample, once: signed with its own secret, whatever it is answered", async () => {
    const place = createPlace();
    let status = 200;
    const app = await startServer((_, response) => void response.writeHead(status).end('{"why":"closed"}'));
    const { id } = await inJson(place, "create", ...far.slice(0, 4), "--url", app.url);
    const tested = await endpoints(place, ["test", id, "--type", "order.cancelled"]);
    expect(tested).toMatchObject({ code: 0, stderr: "" });
    expect(tested.stdout).toMatch(/^✓ fareplay\/order\.cancelled {2}http:\S+ {2}200 in /);
    const [{ headers = [], body = Buffer.alloc(0) } = {}] = app.received;
    const flags = headers.flatMap((value, index) =>
      index % 2 === 0 ? [] : ["-H", `${headers[index - 1]}: ${value}`],
    );
    place.write("body.json", body);
    expect((await run(["verify", "--body", "body.json", ...flags], { place })).code).toBe(0);

    status = 422;
    const failed = await endpoints(place, ["test", id]);
    expect(failed).toMatchObject({ code: 1, stderr: "" });
    expect(failed.stdout).toMatch(/^✗ fareplay\/order\.\w+ .* 422 in .*\n +│ \{\n +│ +"why": "closed"\n/);
    // It is not tried again.
    const kept = await run(["deliveries", "list", "--endpoint", id, "--json"], { place });
    const { data } = JSON.parse(kept.stdout) as { data: unknown[] };
    expect(data).toMatchObject([
      { status: "failed", attempts_made: 1, next_attempt_at: null },
      { status: "succeeded", attempts_made: 1 },
    ]);

    const missing = await endpoints(place, ["test", id, "--type", "order.made", "--json"]);
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(missing)).toMatchObject({
      code: "sample-missing",
      next_steps: ["see those there are: hookline fixtures list fareplay"],
    });
  });

  test("and disabled where it answers 410: nothing goes there until it is enabled", async () => {
    const place = createPlace();
    let status = 410;
    const app = await startServer((_, response) => void response.writeHead(status).end());
    const { id } = await inJson(place, "create", ...far.slice(0, 4), "--url", app.url);
    const tested = await endpoints(place, ["test", id]);
    expect(tested.code).toBe(1);
    expect(tested.stderr).toBe(
      `warning: the endpoint ${id} is disabled now, as it answered 410 Gone; enable it again: hookline endpoints enable ${id}\n`,
    );
    expect(await inJson(place, "show", id)).toMatchObject({ status: "disabled", disabled_reason: "gone" });
    const people = await endpoints(place, ["show", id]);
    expect(people.stdout).toMatch(/^ {2}status +disabled since .*, as it answered 410 Gone$/m);
    status = 200;
    const refused = await endpoints(place, ["test", id, "--json"]);
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(refused)).toMatchObject({
      code: "endpoint-disabled",
      next_steps: [`enable it first: hookline endpoints enable ${id}`],
    });
    await inJson(place, "enable", id);
    expect((await endpoints(place, ["test", id])).code).toBe(0);
    expect(app.received).toHaveLength(2);
  });
});

describe("a secret that cannot be written after all", () => {
  const answer = {
    id: "ep_1",
    url: "https://shop.example/hooks",
    provider: "fareplay",
    events: ["*"],
    description: null,
    status: "enabled",
    disabled_at: null,
    disabled_reason: null,
    created_at: "2026-03-17T14:32:07.000Z",
    secret_hint: "…cret",
    secret_rotation: null,
  };

  /** The file was fine when it was tried; when the answer comes, a folder stands in its place. */
  const spoiling = (
    file: string,
    body: object,
    others: (request: Received) => { status: number; body: unknown } | undefined = () => undefined,
  ) =>
    startStub((request) => {
      if (request.method !== "POST") return others(request);
      mkdirSync(file, { recursive: true });
      return { status: request.url === "/v1/endpoints" ? 201 : 200, body };
    });

  test.each([
    [200, "is deleted again"],
    [500, "could not be deleted"],
  ])("takes a new endpoint with it (deleting it answers %i)", async (status, words) => {
    const place = createPlace();
    const { url, received } = await spoiling(
      join(place.cwd, ".env"),
      { ...answer, secret: "top secret", warnings: [] },
      () => ({ status, body: { id: "ep_1", deleted: true } }),
    );
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const finished = await endpoints(place, ["create", ...far, "--write-env", ".env:X", "--json"], env);
    expect(finished).toMatchObject({ code: 1, stdout: "" });
    expect(errorOf(finished).code).toBe("secret-unwritten");
    expect(errorOf(finished).message).toContain(words);
    expect(finished.stderr).not.toContain("top secret");
    expect(received.map(({ method, url: path }) => `${method} ${path}`)).toEqual([
      "POST /v1/endpoints",
      "DELETE /v1/endpoints/ep_1",
    ]);
  });

  test("where the provider signs nothing there is none to write, and no endpoint", async () => {
    const place = createPlace();
    const { url, received } = await startStub(({ method }) =>
      method === "POST"
        ? { status: 201, body: { ...answer, secret: null, secret_hint: null, warnings: [] } }
        : { status: 200, body: { id: "ep_1", deleted: true } },
    );
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const finished = await endpoints(place, ["create", ...far, "--write-env", ".env:X", "--json"], env);
    expect(finished.code).toBe(1);
    expect(errorOf(finished).message).toContain("signs nothing");
    expect(received.at(-1)?.method).toBe("DELETE");
    // Without --write-env that is no problem.
    const printed = await endpoints(place, ["create", ...far], env);
    expect(printed).toMatchObject({ code: 0, stdout: "" });
    expect(printed.stderr).toContain("no signing secret");
  });

  test.each([[[]], [["--json"]]])("is printed where it was rotated: never lost %j", async (flags) => {
    const place = createPlace();
    const { url } = await spoiling(join(place.cwd, ".env"), {
      ...answer,
      secret: "new secret",
      previous_secret: "old secret",
    });
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const finished = await endpoints(
      place,
      ["rotate-secret", "ep_1", "--write-env", ".env:X", ...flags],
      env,
    );
    expect(finished.code).toBe(1);
    if (flags.length === 0) expect(finished.stdout).toBe("new secret\n");
    else expect(json(finished)).toMatchObject({ secret: "new secret", previous_secret: "old secret" });
    expect(finished.stderr).toContain("the secret of ep_1 was rotated, but cannot write");
    expect(finished.stderr).not.toContain("new secret");
  });

  test.each([
    [["--grace", "3s"], [null, null, null], "rotate-secret ep_1 --undo"],
    [["--grace", "0"], [null, null, null], "rotate-secret ep_1 --undo"],
  ])("is not lost with the answer, as the one before has no end %j", async (flags, graces, step) => {
    const place = createPlace();
    const { url, received } = await startStub(() => ({ status: 502, body: {} }));
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const args = ["rotate-secret", "ep_1", "--write-env", ".env:X", "--json", ...flags];
    const lost = await endpoints(place, args, env);
    expect(lost.code).toBe(5);
    expect((errorOf(lost).next_steps ?? []).join("\n")).toContain(step);
    // Asked again it is the same request, which gets the answer that was lost.
    expect(
      received.map(({ body }) => (JSON.parse(body.toString()) as { grace_seconds: unknown }).grace_seconds),
    ).toEqual(graces);
    expect(new Set(received.flatMap(({ headers }) => values(headers, "idempotency-key"))).size).toBe(1);
  });

  test("is rotated without an end first, and its grace begins when it is written", async () => {
    const place = createPlace();
    const rotated = { ...answer, secret: "new secret", previous_secret: "old secret" };
    const { url, received } = await startStub(() => ({ status: 200, body: rotated }));
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    const args = ["rotate-secret", "ep_1", "--write-env", ".env:X", "--grace", "3s"];
    expect((await endpoints(place, args, env)).code).toBe(0);
    expect(received.map(({ url: path, body }) => [path, JSON.parse(body.toString()) as object])).toEqual([
      ["/v1/endpoints/ep_1/rotate-secret", { grace_seconds: null }],
      ["/v1/endpoints/ep_1/retire-secret", { grace_seconds: 3, secret_hint: "…cret" }],
    ]);
    expect(readFileSync(join(place.cwd, ".env"), "utf8")).toBe("X='new secret'\nX_PREVIOUS='old secret'\n");
  });

  test("is not even made where the file cannot be written to begin with", async () => {
    const place = createPlace();
    mkdirSync(join(place.cwd, ".env"));
    const { url, received } = await startStub();
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    for (const args of [
      ["create", ...far],
      ["rotate-secret", "ep_1"],
    ]) {
      const finished = await endpoints(place, [...args, "--write-env", ".env:X", "--json"], env);
      expect(finished).toMatchObject({ code: 1, stdout: "" });
      expect(errorOf(finished).code).toBe("env-file-unwritable");
    }
    expect(received).toEqual([]);
  });

  test("nothing of a server's text reaches the terminal raw", async () => {
    const place = createPlace();
    const evil = "\u001b]0;x\u0007\n::error::x";
    const { url } = await startStub(() => ({
      status: 200,
      body: { ...answer, description: evil, url: evil, events: [evil], disabled_reason: evil },
    }));
    const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
    for (const flags of [[], ["--json"]]) {
      const { code, stdout } = await endpoints(place, ["show", "ep_1", ...flags], env);
      expect(code).toBe(0);
      expect(stdout).toContain("u001b");
      expect(stdout).not.toMatch(/[\u0000-\u0009\u000b-\u001f]|^::/m);
    }
  });
});

describe.skipIf(!hasTerminal)("endpoints on a terminal", () => {
  test("create asks for provider, events and URL", async () => {
    const place = createPlace();
    const terminal = startOnTerminal(["endpoints", "create"], { place });
    await terminal.until("Whose events?");
    terminal.type("\x1b[B\r");
    await terminal.until("Which events?");
    terminal.type("\x1b[B \x1b[B \r");
    await terminal.until("Where do they go?");
    terminal.type("shop\r");
    await terminal.until("is not a target");
    terminal.type("\x15https://shop.example/x\r");
    expect(await terminal.ended).toBe(0);
    const [made] = (await inJson(place, "list"))["data"] as Endpoint[];
    expect(made).toMatchObject({ provider: "fynn", url: "https://shop.example/x" });
    expect(made?.["events"]).toHaveLength(2);
  });

  test.each([
    ["show", "Which endpoint?", "there is no endpoint"],
    ["disable", "Disable which endpoint?", "there is no enabled endpoint"],
  ])("%s offers those that there are", async (word, question, none) => {
    const place = createPlace();
    const empty = startOnTerminal(["endpoints", word], { place });
    await empty.until(none);
    expect(await empty.ended).toBe(2);
    const { place: filled, made } = await beginTwo();
    const terminal = startOnTerminal(["endpoints", word], { place: filled });
    await terminal.until(question);
    await terminal.until("https://shop.example/second");
    terminal.type("\x1b[B\r");
    expect(await terminal.ended).toBe(0);
    expect(terminal.screen()).toContain(made.id);
    const [second, first] = (await inJson(filled, "list"))["data"] as Endpoint[];
    const changed = word === "disable" ? "disabled" : "enabled";
    expect([first?.["status"], second?.["status"]]).toEqual([changed, "enabled"]);
  });

  test.each([
    ["update", ["--description", "changed"], "Change which endpoint?"],
    ["enable", [], "Enable which endpoint?"],
    ["rotate-secret", [], "Rotate the secret of which endpoint?"],
  ])("%s asks which", async (word, flags, question) => {
    const { place, made } = await beginDisabled();
    const before = await inJson(place, "show", made.id);
    const terminal = startOnTerminal(["endpoints", word, ...flags], { place });
    await terminal.until(question);
    terminal.type("\r");
    expect(await terminal.ended).toBe(0);
    expect(await inJson(place, "show", made.id)).not.toEqual(before);
  });

  test("test offers those that are enabled", async () => {
    const { place } = await beginDisabled();
    const app = await startServer();
    await inJson(place, "create", ...far.slice(0, 4), "--url", app.url);
    const terminal = startOnTerminal(["endpoints", "test"], { place });
    await terminal.until("Test which endpoint?");
    await terminal.until(app.url);
    expect(terminal.screen()).not.toContain("shop.example");
    terminal.type("\r");
    expect(await terminal.ended).toBe(0);
    expect(app.received).toHaveLength(1);
  });

  test("delete asks which, and of one that is deleted nothing", async () => {
    const {
      place,
      made: { id },
    } = await beginEnabled();
    const terminal = startOnTerminal(["endpoints", "delete"], { place });
    await terminal.until("Delete which endpoint?");
    terminal.type("\r");
    await terminal.until(`Delete the endpoint ${id} (https://shop.example/hooks)`);
    terminal.type("y\r");
    expect(await terminal.ended).toBe(0);
    const again = startOnTerminal(["endpoints", "delete", id], { place });
    await again.until(`${id} is deleted`);
    expect(await again.ended).toBe(0);
  });

  test("delete names the URL and asks", async () => {
    const {
      place,
      made: { id },
    } = await beginEnabled();
    const refused = startOnTerminal(["endpoints", "delete", id], { place });
    await refused.until(`Delete the endpoint ${id} (https://shop.example/hooks)`);
    refused.type("n\r");
    expect(await refused.ended).toBe(1);
    expect(await inJson(place, "show", id)).toMatchObject({ id });
  });
});
