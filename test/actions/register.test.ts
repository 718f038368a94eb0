import { spawnSync } from "node:child_process";
import { randomBytes } from "node:crypto";
import { existsSync, readFileSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { register, removeAbandoned, type RegisterOptions } from "../../src/actions/register.ts";
import { withRemote } from "../../src/actions/remote.ts";
import { openWorkspace, type Workspace } from "../../src/actions/workspace.ts";
import { deleteProfile, saveProfile } from "../../src/config/profiles.ts";
import {
  editRegistrations,
  hasRegistrations,
  readRegistrations,
  registrationsFile,
} from "../../src/config/registrations.ts";
import { createStdin } from "../../src/config/stdin.ts";
import type { Endpoint } from "../../src/remote/contract.ts";
import { startServer } from "../cli/run-servers.ts";
import { createPlace, root } from "../cli/spawn.ts";
import { secretKey, startStripe } from "../remote/stripe-server.ts";
import { openPlane, type Plane, type PlaneOptions } from "../server/plane.ts";
import { Readable } from "node:stream";

const now = Date.parse("2026-03-17T14:32:00Z");
/** The number of a process that is gone. */
const gone = spawnSync(process.execPath, ["-e", ""]).pid;

interface Setting {
  workspace: Workspace;
  home: string;
  warnings: string[];
}

/** A workspace with a home of its own. @param variables of its environment */
async function setUp(
  variables: Readonly<Record<string, string>> = {},
  home = createPlace().home,
): Promise<Setting> {
  const warnings: string[] = [];
  const workspace = await openWorkspace({
    environment: {
      variable: (name) => {
        const value = Object.hasOwn(variables, name) ? variables[name] : undefined;
        return value === undefined ? undefined : { value, source: "environment" };
      },
      home,
      noColor: false,
      forceColor: undefined,
      term: undefined,
      colorterm: undefined,
      ci: false,
      startedByNpx: false,
      debug: false,
      proxy: {},
    },
    cwd: home,
    packageRoot: root,
    version: "1.2.3",
    stdin: createStdin(Readable.from([]), new AbortController().signal),
    now: () => now,
    random: randomBytes,
    sleep: () => Promise.resolve(),
    warn: (text) => void warnings.push(text),
  });
  return { workspace, home, warnings };
}

/** The same with a control plane on a port, which the profile `work` leads to. */
async function setUpPlane(options: PlaneOptions = {}): Promise<Setting & { plane: Plane; url: string }> {
  const plane = await openPlane(options);
  const { url } = await plane.serve();
  const setting = await setUp();
  await saveProfile(setting.home, "work", { kind: "api", url, key: plane.root }, { use: true });
  return { ...setting, plane, url };
}

const options = (
  { registry }: Workspace,
  ids: readonly string[] = ["fareplay"],
  more: Partial<RegisterOptions> = {},
): RegisterOptions => ({
  providers: ids.map((id) => registry.require(id)),
  events: [],
  url: "http://127.0.0.1:4400",
  ...more,
});

const endpointsAt = (workspace: Workspace, profile?: string): Promise<Endpoint[]> =>
  withRemote(workspace, profile, async (remote) => (await remote.call("endpoints.list", { query: {} })).data);

/** As if the process had been killed: its notes are of one that is gone. */
const crash = (home: string): Promise<void> =>
  editRegistrations(home, (all) => all.map((note) => ({ ...note, pid: gone })));

describe("registering", () => {
  test("makes an endpoint for each provider, notes it without its secret, and removes all of it", async () => {
    const { workspace, home } = await setUp();
    const made = await register(
      workspace,
      options(workspace, ["fareplay", "fynn"], { url: "https://x.example/a/" }),
    );
    const listed = await endpointsAt(workspace);
    expect(made.endpoints).toEqual(
      ["fareplay", "fynn"].map((provider) => ({
        id: listed.find((endpoint) => endpoint.provider === provider)?.id,
        provider,
        url: `https://x.example/a/${provider}`,
        profile: "embedded",
        secret: expect.stringMatching(/^.{16,}$/) as string,
      })),
    );
    expect(listed).toMatchObject([
      {
        events: ["*"],
        description: expect.stringMatching(/^of a hookline listen that runs \(\w+\)$/) as string,
      },
      { events: ["*"] },
    ]);
    expect(await readRegistrations(home)).toMatchObject(
      made.endpoints.map(({ id, provider }) => ({
        id,
        provider,
        profile: "embedded",
        api: null,
        pid: process.pid,
        createdAt: now,
      })),
    );
    const kept = readFileSync(registrationsFile(home), "utf8");
    for (const { secret } of made.endpoints) expect(kept).not.toContain(secret);

    expect(await made.remove()).toBeUndefined();
    expect(await endpointsAt(workspace)).toEqual([]);
    expect(hasRegistrations(home)).toBe(false);
    expect(await made.remove()).toBeUndefined();
  });

  test("gives the development secret to a listener of this machine, which knows it", async () => {
    const { workspace } = await setUp();
    const fareplay = workspace.registry.require("fareplay");
    const { endpoints } = await register(workspace, options(workspace));
    expect(endpoints).toMatchObject([
      {
        url: "http://127.0.0.1:4400/fareplay",
        secret: workspace.secretsOf(fareplay).development().secrets[0],
      },
    ]);
  });

  test("asks for the events that are named, at the profile that is named", async () => {
    const { workspace, home, plane, url } = await setUpPlane();
    await saveProfile(
      home,
      "other",
      { kind: "api", url: "http://127.0.0.1:1", key: plane.root },
      { use: true },
    );
    const { endpoints, remove } = await register(
      workspace,
      options(workspace, ["fareplay"], { profile: "work", events: ["order.*", "payment.refunded"] }),
    );
    expect(endpoints).toMatchObject([{ profile: "work" }]);
    expect(await endpointsAt(workspace, "work")).toMatchObject([{ events: ["order.*", "payment.refunded"] }]);
    expect(await readRegistrations(home)).toMatchObject([{ profile: "work", api: `${url}/` }]);
    expect(await remove()).toBeUndefined();
    expect(await endpointsAt(workspace, "work")).toEqual([]);
  });

  test("leaves nothing behind where the second is refused", async () => {
    const { workspace, home } = await setUp();
    await expect(
      register(workspace, options(workspace, ["fynn", "fareplay"], { events: ["an.event"] })),
    ).rejects.toMatchObject({ code: "body-invalid", exitCode: 2 });
    expect(await endpointsAt(workspace)).toEqual([]);
    expect(hasRegistrations(home)).toBe(false);
  });

  test("says what to do where the API does not send to this machine", async () => {
    const { workspace, home } = await setUpPlane({ allowPrivate: false });
    await expect(register(workspace, options(workspace))).rejects.toMatchObject({
      code: "target-refused",
      exitCode: 2,
      nextSteps: [expect.stringContaining("--public-url https://")],
    });
    expect(hasRegistrations(home)).toBe(false);
  });

  test("asks for nothing where it could not be noted", async () => {
    const { workspace, home, plane } = await setUpPlane();
    writeFileSync(registrationsFile(home), "damaged");
    await expect(register(workspace, options(workspace))).rejects.toMatchObject({
      code: "registrations-damaged",
    });
    expect(plane.requests).toEqual([]);
  });

  test("needs a provider to be named", async () => {
    const { workspace, home } = await setUp();
    await expect(register(workspace, options(workspace, []))).rejects.toMatchObject({
      code: "usage",
      exitCode: 2,
      nextSteps: [expect.stringContaining("--provider")],
    });
    expect(hasRegistrations(home)).toBe(false);
  });

  test("refuses an address that is none", async () => {
    const { workspace, home } = await setUp();
    await expect(
      register(workspace, options(workspace, ["fareplay"], { url: "x.example" })),
    ).rejects.toMatchObject({
      code: "target-invalid",
    });
    expect(existsSync(join(home, "hookline.db"))).toBe(false);
  });

  test("works at Stripe, whose provider need not be named", async () => {
    const stripe = await startStripe();
    const { workspace, home } = await setUp();
    await saveProfile(home, "stripe", { kind: "stripe", url: stripe.url, key: secretKey }, { use: true });
    const made = await register(workspace, options(workspace, [], { url: "https://x.example" }));
    expect(made.endpoints).toMatchObject([
      {
        url: "https://x.example/stripe",
        profile: "stripe",
        secret: expect.stringMatching(/^whsec_/) as string,
      },
    ]);
    expect(stripe.endpoints).toMatchObject([{ enabled_events: ["*"] }]);
    await crash(home);
    // As if its id had never been learnt.
    await editRegistrations(home, (all) => all.map((note) => ({ ...note, id: null })));
    expect(await removeAbandoned(workspace)).toEqual({ removed: 1, problems: [] });
    expect(stripe.endpoints).toEqual([]);
  });

  test("at Stripe an address of this machine is refused with what to do", async () => {
    const stripe = await startStripe();
    const { workspace, home } = await setUp();
    await saveProfile(home, "stripe", { kind: "stripe", url: stripe.url, key: secretKey }, { use: true });
    const error = { type: "invalid_request_error", message: "Invalid URL: URL must be publicly accessible." };
    stripe.next.push({ status: 400, body: { error } });
    await expect(register(workspace, options(workspace, ["stripe"]))).rejects.toMatchObject({
      code: "stripe-refused",
      nextSteps: [expect.stringContaining("--public-url")],
    });
    expect(hasRegistrations(home)).toBe(false);
  });
});

describe("an end without the API", () => {
  test("is told, and leaves the endpoint to the next start", async () => {
    const { workspace, home, plane } = await setUpPlane();
    const { endpoints, remove } = await register(workspace, options(workspace));
    const id = endpoints[0]?.id ?? "";
    await saveProfile(home, "work", { kind: "api", url: "http://127.0.0.1:1", key: plane.root });
    const failure = await remove();
    expect(failure).toMatchObject({
      code: "endpoint-left",
      message: `${id} (profile work) could not be deleted: the profile work leads to another API now`,
      nextSteps: [
        "the next start of hookline listen tries again",
        `or do it yourself: hookline endpoints delete ${id} --profile work`,
      ],
    });
    expect(await readRegistrations(home)).toMatchObject([{ id }]);
  });

  test("waits no longer than it may for an API that does not answer", async () => {
    const asked: string[] = [];
    const server = await startServer(({ method }, response) => {
      asked.push(method);
      if (method !== "POST") return;
      const made = {
        id: "ep_1",
        url: "http://127.0.0.1:4400/fareplay",
        provider: "fareplay",
        events: ["*"],
        description: null,
        status: "enabled",
        disabled_at: null,
        disabled_reason: null,
        created_at: "2026-03-17T14:32:00.000Z",
        secret_hint: null,
        secret_rotation: null,
        secret: "fps_1234567890",
        warnings: [{ code: "event-renamed", message: "it is spelt in two ways" }],
      };
      response.writeHead(201, { "content-type": "application/json" }).end(JSON.stringify(made));
    });
    const { workspace, home, warnings } = await setUp();
    await saveProfile(home, "slow", { kind: "api", url: server.url, key: "hk_1" }, { use: true });
    const { remove } = await register(workspace, options(workspace, ["fareplay"], { patienceMs: 50 }));
    expect(warnings).toEqual(["it is spelt in two ways"]);
    expect(await remove()).toMatchObject({
      code: "endpoint-left",
      exitCode: 5,
      message: expect.stringMatching(
        /^ep_1 \(profile slow\) could not be deleted: .*(did not answer|no answer)/,
      ) as string,
    });
    expect(asked).toContain("DELETE");
    expect(await readRegistrations(home)).toMatchObject([{ id: "ep_1" }]);
  });
});

describe("the next start", () => {
  test("has nothing to do where nothing was left", async () => {
    const { workspace, home } = await setUp();
    expect(await removeAbandoned(workspace)).toEqual({ removed: 0, problems: [] });
    expect(existsSync(join(home, "hookline.db"))).toBe(false);
  });

  test("removes what killed listeners left, each through its profile, and leaves those of others", async () => {
    const { workspace, home, plane } = await setUpPlane();
    await register(workspace, options(workspace, ["fareplay", "fynn"]));
    await register(workspace, options(workspace, ["fikafi"], { profile: "embedded" }));
    await crash(home);
    const { endpoints } = await register(workspace, options(workspace, ["svix"]));
    await editRegistrations(home, (all) =>
      all.map((note) =>
        note.provider === "svix" ? { ...note, pid: process.ppid, started: undefined } : note,
      ),
    );
    // What is not there any more is done.
    const [{ id = "" } = {}] = await endpointsAt(workspace, "embedded");
    await withRemote(workspace, "embedded", (remote) => remote.call("endpoints.delete", { params: { id } }));

    expect(await removeAbandoned(workspace)).toEqual({ removed: 3, problems: [] });
    expect(await endpointsAt(workspace)).toMatchObject([{ id: endpoints[0]?.id }]);
    expect(await readRegistrations(home)).toMatchObject([{ provider: "svix" }]);
    expect(plane.requests.filter(({ method }) => method === "DELETE")).toHaveLength(2);
  });

  test("finds by its mark what was made just before the end, its id never learnt", async () => {
    const { workspace, home } = await setUpPlane();
    await register(workspace, options(workspace, ["fareplay", "fynn"]));
    await withRemote(workspace, undefined, (remote) =>
      remote.call("endpoints.create", {
        body: {
          url: "https://x.example",
          provider: "fareplay",
          events: ["*"],
          description: "of a hookline listen",
        },
      }),
    );
    await crash(home);
    await editRegistrations(home, (all) => [
      ...all.map((note) => ({ ...note, id: null })),
      ...all.slice(0, 1).map((note) => ({ ...note, id: null, mark: "never made" })),
    ]);
    expect(await removeAbandoned(workspace)).toEqual({ removed: 2, problems: [] });
    expect(await endpointsAt(workspace)).toMatchObject([{ url: "https://x.example/" }]);
    expect(hasRegistrations(home)).toBe(false);
  });

  test("takes what is not there for removed", async () => {
    const { workspace, home, plane } = await setUpPlane();
    await register(workspace, options(workspace));
    await crash(home);
    const other = await plane.addAccount("other");
    // The profile's key is of another account now, which does not know the endpoint.
    await saveProfile(home, "work", { kind: "api", url: workspaceUrl(home), key: other.root });
    expect(await removeAbandoned(workspace)).toEqual({ removed: 1, problems: [] });
    expect(hasRegistrations(home)).toBe(false);
  });

  test("uses the key that the profile has by then", async () => {
    const { workspace, home, plane, url } = await setUpPlane();
    const { key } = await plane.makeKey(["endpoints:read", "endpoints:write"]);
    await saveProfile(home, "work", { kind: "api", url, key }, { use: true });
    await register(workspace, options(workspace));
    await crash(home);
    await saveProfile(home, "work", { kind: "api", url, key: plane.root });
    expect(await removeAbandoned(workspace)).toEqual({ removed: 1, problems: [] });
  });

  test("asks no other API than the one it was made at", async () => {
    const { plane, url, home } = await setUpPlane();
    const variables = { HOOKLINE_PROFILE: "embedded", HOOKLINE_API_URL: url, HOOKLINE_API_KEY: plane.root };
    const named = await setUp(variables, home);
    const { endpoints } = await register(named.workspace, options(named.workspace));
    expect(endpoints).toMatchObject([{ profile: "embedded" }]);
    await crash(home);
    const unnamed = await setUp({}, home);
    expect(await removeAbandoned(unnamed.workspace)).toEqual({
      removed: 0,
      problems: [
        `an earlier listener left something behind: ${endpoints[0]?.id} (profile embedded) could not be deleted: the profile embedded leads to another API now`,
      ],
    });
    expect(await removeAbandoned(named.workspace)).toEqual({ removed: 1, problems: [] });
  });

  test("leaves for later what it cannot remove, and removes the rest", async () => {
    const { workspace, home, plane, url } = await setUpPlane();
    await saveProfile(home, "gone", { kind: "api", url, key: plane.root });
    await saveProfile(home, "dead", { kind: "api", url, key: plane.root });
    for (const profile of ["gone", "dead", "work"])
      await register(workspace, options(workspace, ["fareplay"], { profile }));
    await crash(home);
    await deleteProfile(home, "gone");
    const { key } = await plane.makeKey(["events:read"]);
    await saveProfile(home, "dead", { kind: "api", url, key });
    const { removed, problems } = await removeAbandoned(workspace);
    expect(removed).toBe(1);
    expect(problems.map((problem) => problem.replace(/^.*: ep_\w+ /, "")).sort()).toEqual([
      "(profile dead) could not be deleted: this needs a key with the scope endpoints:write",
      '(profile gone) could not be deleted: there is no profile "gone"',
    ]);
    expect((await readRegistrations(home)).map(({ profile }) => profile)).toEqual(["gone", "dead"]);
    expect(problems.join()).not.toContain(key);
  });

  test("leaves for later what an API that is away has", async () => {
    const { workspace, home } = await setUp();
    const server = await startServer((_, response) => void response.writeHead(503).end());
    await saveProfile(home, "work", { kind: "api", url: server.url, key: "hk_1" }, { use: true });
    await expect(register(workspace, options(workspace))).rejects.toMatchObject({
      exitCode: 5,
      nextSteps: expect.arrayContaining([
        expect.stringMatching(/^an endpoint that may be there \(profile work\) could not be deleted: /),
      ]) as string[],
    });
    expect(await readRegistrations(home)).toMatchObject([{ id: null }]);
    await crash(home);
    expect(await removeAbandoned(workspace)).toMatchObject({ removed: 0, problems: [expect.anything()] });
    expect(await readRegistrations(home)).toMatchObject([{ id: null }]);
  });

  test("leaves another machine's alone, and drops the note after a week", async () => {
    const { workspace, home } = await setUp();
    await register(workspace, options(workspace, ["fareplay", "fynn"]));
    const old = now - 8 * 24 * 3600 * 1000;
    await editRegistrations(home, (all) =>
      all.map((note, index) => ({ ...note, host: "elsewhere", createdAt: index === 0 ? old : now })),
    );
    expect(await removeAbandoned(workspace)).toEqual({ removed: 0, problems: [] });
    expect(await endpointsAt(workspace)).toHaveLength(2);
    expect(await readRegistrations(home)).toMatchObject([{ provider: "fynn" }]);
  });

  test("goes on where the notes are damaged, and says so", async () => {
    const { workspace, home } = await setUp();
    writeFileSync(registrationsFile(home), "{");
    expect(await removeAbandoned(workspace)).toEqual({
      removed: 0,
      problems: [expect.stringContaining(registrationsFile(home))],
    });
  });
});

/** Where the profile `work` leads. */
function workspaceUrl(home: string): string {
  const kept = JSON.parse(readFileSync(join(home, "profiles.json"), "utf8")) as {
    profiles: { work: { url: string } };
  };
  return kept.profiles.work.url;
}
