import { chmodSync, existsSync, readdirSync, readFileSync, statSync } from "node:fs";
import { join } from "node:path";
import { parseEnv } from "node:util";
import { describe, expect, test } from "vitest";
import { secretKey, startStripe } from "../remote/stripe-server.ts";
import { startStub, stubKey } from "./api-server.ts";
import { serveIn } from "./rotation-plane.ts";
import { bin, copyPlace, createPlace, run, start, type Finished, type Place } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

type Document = Record<string, unknown>;

interface Subject {
  place: Place;
  id: string;
  /** The command line up to `--exec`. */
  rotate: string[];
  /** What a rotation would change, as it is now. */
  state: () => Promise<unknown>;
}

const json = async (place: Place, ...args: string[]): Promise<Document & { id: string }> => {
  const finished = await run([...args, "--json"], { place });
  expect({ ...finished, args }).toMatchObject({ args, code: 0 });
  return JSON.parse(finished.stdout) as Document & { id: string };
};

const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as { error: ReturnType<typeof errorOf> }).error;

const file = (place: Place, name: string): string => readFileSync(join(place.cwd, name), "utf8");

/** Everything that looks like a key or a secret of Fynn's or Fareplay's. */
const secretsIn = (text: string): string[] => [
  ...new Set(text.match(/hk_[0-9A-Za-z]{36}|whsec_[\w+/=]{20,}|\b[0-9a-f]{48,}\b/g) ?? []),
];

interface Kind {
  /** Makes what is to be rotated. */
  create: string[];
  rotate: string[];
  show: string[];
}

const kinds = {
  "keys rotate": {
    create: ["keys", "create", "--name", "app", "--scope", "keys:*"],
    rotate: ["keys", "rotate"],
    show: ["keys", "show"],
  },
  "endpoints rotate-secret": {
    create: [
      ...["endpoints", "create", "--provider", "standard-webhooks", "--events", "*"],
      ...["--url", "https://shop.example/hooks"],
    ],
    rotate: ["endpoints", "rotate-secret"],
    show: ["endpoints", "show"],
  },
} satisfies Record<string, Kind>;

const made = new Map<Kind, Promise<{ place: Place; id: string }>>();

/** A place of the caller's own with a key or an endpoint whose secret is in `.env`. */
async function begin(kind: Kind): Promise<Subject> {
  const make = async (): Promise<{ place: Place; id: string }> => {
    const place = createPlace();
    return { place, id: (await json(place, ...kind.create, "--write-env", ".env:APP")).id };
  };
  if (!made.has(kind)) made.set(kind, make());
  const { place: first, id } = (await made.get(kind)) ?? (await make());
  const place = copyPlace(first);
  place.write(".env", file(first, ".env"));
  return {
    place,
    id,
    rotate: [...kind.rotate, id],
    state: async () => [file(place, ".env"), await json(place, ...kind.show, id)],
  };
}

const writes = ["--write-env", ".env:APP"];

describe.each(Object.entries(kinds))("%s --exec", (name, kind) => {
  const isKey = name.startsWith("keys");

  test("gives the command the new value in its environment, once it is written, and shows no secret", async () => {
    const { place, id, rotate } = await begin(kind);
    const [old = ""] = secretsIn(file(place, ".env"));
    const command = "env > seen; cp .env written; echo to stdout; env >&2";
    const finished = await run([...rotate, "--grace", "1h", ...writes, "--json", "--exec", command], {
      place,
    });
    expect(finished.code).toBe(0);
    const seen = new Map(
      file(place, "seen")
        .split("\n")
        .map((line) => [line.slice(0, line.indexOf("=")), line.slice(line.indexOf("=") + 1)] as const),
    );
    const document = JSON.parse(finished.stdout) as Document;
    const now = secretsIn(file(place, ".env"));
    const next = now.find((one) => one !== old);
    expect(Object.fromEntries([...seen].filter(([key]) => /^(HOOKLINE_|APP)/.test(key)))).toEqual(
      isKey
        ? { HOOKLINE_NEW_KEY: next, HOOKLINE_NEW_KEY_ID: document["id"], HOOKLINE_OLD_KEY_ID: id, APP: next }
        : {
            HOOKLINE_NEW_SECRET: next,
            HOOKLINE_PREVIOUS_SECRET: old,
            HOOKLINE_ENDPOINT_ID: id,
            APP: next,
            APP_PREVIOUS: old,
          },
    );
    expect(file(place, "written")).toBe(file(place, ".env"));
    // The command's output is on standard error, the values masked.
    expect(finished.stderr).toContain("to stdout\n");
    expect(finished.stderr).toMatch(isKey ? /^APP=hk_…\w{4}$/m : /^APP_PREVIOUS=whsec_…\S{4}$/m);
    expect(secretsIn(finished.stdout + finished.stderr)).toEqual([]);
    // The grace begins when it has succeeded.
    const shown = await json(place, isKey ? "keys" : "endpoints", "show", id);
    const end = isKey
      ? shown["grace_ends_at"]
      : (shown["secret_rotation"] as { previous_until: string }).previous_until;
    expect(Date.parse(end as string)).toBeGreaterThan(statSync(join(place.cwd, "seen")).mtimeMs + 3_590_000);
  });

  test("runs the command while the former value has no end, and both are in use", async () => {
    const { place, rotate, id } = await begin(kind);
    const show = `"${process.execPath}" "${bin}" ${isKey ? "keys" : "endpoints"} show ${id} --json > open.json`;
    const { code } = await run([...rotate, "--grace", "0", ...writes, "--exec", show], { place });
    expect(code).toBe(0);
    expect(JSON.parse(file(place, "open.json"))).toMatchObject(
      isKey
        ? { status: "rotating", grace_ends_at: null }
        : { secret_rotation: { signs_with: "both", previous_until: null } },
    );
    // With no grace it ends when the command has succeeded, and nothing of it stays in the file.
    expect(await json(place, isKey ? "keys" : "endpoints", "show", id)).toMatchObject(
      isKey ? { status: "replaced" } : { secret_rotation: null },
    );
    expect(file(place, ".env")).not.toContain("PREVIOUS");
  });

  test("without --write-env prints the new value only when the command has succeeded", async () => {
    const { place, rotate } = await begin(kind);
    const printed = await run([...rotate, "--exec-env", "MINE", "--exec", 'printf %s "$MINE" > mine'], {
      place,
    });
    expect(printed).toMatchObject({ code: 0, stdout: `${file(place, "mine")}\n` });
    expect(secretsIn(printed.stderr)).toEqual([]);
  });

  test.each([
    ["ends with another exit code", "echo half; exit 3", /exit code 3/, []],
    ["is killed", "kill -9 $$", /ended by SIGKILL/, []],
    ["is not found", "nonesuch-command", /exit code 127, as the shell found no such command/, []],
    ["takes too long", "sleep 60", /did not end within 0\.3 s/, ["--exec-timeout", "300ms"]],
    [
      "takes too long and ignores it",
      "trap '' TERM; sleep 1; sleep 1",
      /did not end/,
      ["--exec-timeout", "300ms"],
    ],
    ["prints the secret and fails", "env; exit 1", /exit code 1/, []],
  ])("undoes all where the command %s: exit 1", async (_, command, words, flags) => {
    const { place, rotate, state } = await begin(kind);
    chmodSync(join(place.cwd, ".env"), 0o640);
    const before = await state();
    const failed = await run([...rotate, ...writes, "--json", ...flags, "--exec", command], { place });
    expect(failed).toMatchObject({ code: 1, stdout: "" });
    expect(errorOf(failed)).toMatchObject({
      code: "exec-failed",
      message: expect.stringMatching(words) as string,
    });
    expect(errorOf(failed).message).toContain(isKey ? "was revoked" : "is void");
    expect(errorOf(failed).message).toContain(`${join(place.cwd, ".env")} was put back`);
    expect(secretsIn(failed.stderr)).toEqual([]);
    expect(await state()).toEqual(before);
    expect(statSync(join(place.cwd, ".env")).mode & 0o777).toBe(0o640);
    // So that it can be tried again.
    expect((await run([...rotate, ...writes, "--exec", "true"], { place })).code).toBe(0);
  });

  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)(
    "hands %s on to the command and all it started, and undoes all before it ends with %i",
    async (signal, code) => {
      const { place, rotate, state } = await begin(kind);
      const before = await state();
      const inner = `trap "echo inner >> gone; exit" ${signal.slice(3)}; echo ready; while :; do sleep 0.05; done`;
      place.write("inner.sh", inner);
      const command = `trap "echo outer >> gone" ${signal.slice(3)}; sh inner.sh; exit 0`;
      const started = start([...rotate, ...writes, "--json", "--exec", command], { place });
      await started.until("the command", (_, stderr) => stderr.includes("ready"));
      started.kill(signal);
      const ended = await started.finished;
      expect(ended).toMatchObject({ code, stdout: "" });
      expect(errorOf(ended)).toMatchObject({
        code: "interrupted",
        message: expect.stringContaining(`the command was ended by ${signal}: `) as string,
      });
      expect(file(place, "gone").trim().split("\n").sort()).toEqual(["inner", "outer"]);
      expect(await state()).toEqual(before);
    },
  );

  test.skipIf(!hasTerminal)("undoes all where Ctrl-C is pressed", async () => {
    const { place, rotate, state } = await begin(kind);
    const before = await state();
    const terminal = startOnTerminal([...rotate, ...writes, "--exec", "echo ready; sleep 60"], { place });
    await terminal.until("ready");
    terminal.type("\x03");
    expect(await terminal.ended).toBe(130);
    expect(terminal.screen()).toContain("error: the command was ended by SIGINT");
    expect(await state()).toEqual(before);
  });

  test("ends at once at a second signal: nothing is undone, and nothing refused", async () => {
    const { place, id, rotate } = await begin(kind);
    const command = 'trap "echo going on" INT; echo ready; while :; do sleep 0.05; done';
    const started = start([...rotate, ...writes, "--exec", command], { place });
    await started.until("the command", (_, stderr) => stderr.includes("ready"));
    started.kill("SIGINT");
    await started.until("the signal", (_, stderr) => stderr.includes("going on"));
    // The second one can say nothing, so the first does.
    const step = isKey ? "hookline keys revoke key_" : `hookline endpoints rotate-secret ${id} --undo`;
    await started.until("what to do", (_, stderr) =>
      stderr.includes(`leaves the rotation open: undo it then: ${step}`),
    );
    started.kill("SIGINT");
    expect(await started.finished).toMatchObject({ code: 130 });
    expect(await json(place, ...kind.show, id)).toMatchObject(
      isKey
        ? { status: "rotating", grace_ends_at: null }
        : { secret_rotation: { signs_with: "both", previous_until: null } },
    );
  });

  test("leaves alone what the command leaves running", async () => {
    const { place, rotate } = await begin(kind);
    const command = "(sleep 1; echo late > late) & echo started";
    const { code, stderr } = await run([...rotate, ...writes, "--exec", command], { place });
    expect(code).toBe(0);
    expect(stderr).toContain("started");
    while (!existsSync(join(place.cwd, "late"))) await new Promise((resolve) => setTimeout(resolve, 20));
  });

  // What every process of this machine was started with is there to be read.
  test.skipIf(!existsSync("/proc/self/cmdline"))(
    "has no secret in the arguments of any process",
    async () => {
      const { place, rotate } = await begin(kind);
      const command = "cat /proc/[0-9]*/cmdline > arguments 2>/dev/null; exit 0";
      expect((await run([...rotate, ...writes, "--exec", command], { place })).code).toBe(0);
      const seen = file(place, "arguments");
      expect(seen).toContain("--write-env");
      for (const secret of secretsIn(file(place, ".env"))) expect(seen).not.toContain(secret);
      expect(secretsIn(file(place, ".env")).length).toBeGreaterThan(0);
    },
  );

  test("passes on all of a large output", async () => {
    const { place, rotate } = await begin(kind);
    const command = `"${process.execPath}" -e 'for (let n = 0; n < 200000; n++) console.log("line " + n)'`;
    const { code, stderr } = await run([...rotate, ...writes, "--exec", command], { place });
    expect(code).toBe(0);
    expect(stderr.match(/^line \d+$/gm)).toHaveLength(200_000);
  });

  test.each([
    [["--exec", " "], "--exec names no command"],
    [["--exec", "true", "--exec-env", "A-B"], "--exec-env takes the name of a variable"],
    [["--exec", "true", "--exec-timeout", "soon"], "--exec-timeout takes a duration"],
    [["--exec-env", "A"], "--exec-env without --exec"],
    [["--exec-timeout", "1s"], "--exec-timeout without --exec"],
  ])("takes %j for a mistake, and changes nothing: exit 2", async (flags, words) => {
    const { place, rotate } = await begin(kind);
    const before = file(place, ".env");
    const wrong = await run([...rotate, ...writes, "--json", ...flags], { place });
    expect(wrong).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(wrong)).toMatchObject({
      code: "usage",
      message: expect.stringContaining(words) as string,
    });
    expect(file(place, ".env")).toBe(before);
  });

  test("runs nothing where the file cannot be written", async () => {
    const { place, rotate } = await begin(kind);
    const failed = await run([...rotate, "--write-env", "no/.env:APP", "--json", "--exec", "touch ran"], {
      place,
    });
    expect([failed.code, errorOf(failed).code]).toEqual([1, "env-file-unwritable"]);
    expect(existsSync(join(place.cwd, "ran"))).toBe(false);
  });

  test("runs nothing where the API cannot do it, as Stripe's", async () => {
    const place = createPlace();
    const { url } = await startStripe();
    await run(["login", url, "--stripe", "--key", "-"], { place, input: secretKey });
    const id = isKey ? "key_01" : "we_1";
    const failed = await run([...kind.rotate, id, ...writes, "--json", "--exec", "touch ran"], { place });
    expect([failed.code, errorOf(failed).code]).toEqual([2, "stripe-unsupported"]);
    expect(readdirSync(place.cwd)).toEqual([]);
  });
});

describe("a profile's own key", () => {
  test("is put back with the file where the command fails; the command itself asks with the new one", async () => {
    const place = createPlace();
    const plane = await serveIn(place);
    const { key } = (await plane.json("keys", "list")) as unknown as { key?: string };
    expect(key).toBeUndefined();
    const [{ id = "" } = {}] = (await plane.json("keys", "list"))["data"] as { id: string }[];
    const profiles = join(place.home, ".local/share/hookline/profiles.json");
    const before = readFileSync(profiles, "utf8");
    const hookline = `"${process.execPath}" "${bin}"`;
    const command = `${hookline} whoami --json > who.json; exit 1`;
    const failed = await plane.run(["keys", "rotate", id, ...writes, "--json", "--exec", command]);
    expect(failed.code).toBe(1);
    expect(errorOf(failed).message).toContain(" and the profile local were put back, and ");
    expect(file(place, "who.json")).toContain(`"replaces":"${id}"`);
    expect(JSON.parse(readFileSync(profiles, "utf8"))).toEqual(JSON.parse(before));
    expect(existsSync(join(place.cwd, ".env"))).toBe(false);
    expect(await plane.json("keys", "show", id)).toMatchObject({ status: "active", replaced_by: null });
  });
});

describe("a rotation of a signing secret that was left open", () => {
  /** The command kills hookline, so nothing is undone. */
  const leftOpen = async () => {
    const { place, id, rotate } = await begin(kinds["endpoints rotate-secret"]);
    const { signal } = await run([...rotate, ...writes, "--exec", "kill -9 $PPID"], { place });
    expect(signal).toBe("SIGKILL");
    const shown = await run(["endpoints", "show", id], { place });
    expect(shown.stdout).toContain("both the old and the new one sign until it is finished or undone");
    return { place, id };
  };

  test.each([
    ["--undo", [], "has its former signing secret again", null],
    ["--finish", ["--grace", "0"], "is finished: it signs from now on, the old one no more", null],
    ["--finish", [], "is finished: both the old and the new one sign until", { signs_with: "both" }],
  ])("ends with %s %j", async (flag, flags, words, rotation) => {
    const { place, id } = await leftOpen();
    const again = await run(["endpoints", "rotate-secret", id, "--json"], { place });
    expect([again.code, errorOf(again).code]).toEqual([2, "rotation-under-way"]);
    expect(errorOf(again).next_steps.join("\n")).toContain(`rotate-secret ${id} ${flag}`);
    const ended = await run(["endpoints", "rotate-secret", id, flag, ...flags], { place });
    expect(ended.code).toBe(0);
    expect(ended.stdout).toContain(words);
    const shown = await json(place, "endpoints", "show", id);
    if (rotation === null) expect(shown["secret_rotation"]).toBeNull();
    else expect(shown["secret_rotation"]).toMatchObject(rotation);
  });

  test("is no matter where there is none, or with flags of another", async () => {
    const { place, id } = await begin(kinds["endpoints rotate-secret"]);
    const none = await run(["endpoints", "rotate-secret", id, "--undo", "--json"], { place });
    expect([none.code, errorOf(none).code]).toEqual([2, "rotation-missing"]);
    const both = await run(["endpoints", "rotate-secret", id, "--undo", "--finish", "--json"], { place });
    expect([both.code, errorOf(both).message]).toEqual([2, "--undo and --finish do not go together"]);
  });
});

describe("a rotation of a signing secret that another ends while the command runs", () => {
  const rotateHere = `"${process.execPath}" "${bin}" endpoints rotate-secret "$HOOKLINE_ENDPOINT_ID"`;
  const finish = `${rotateHere} --finish --grace 0`;
  const undo = `${rotateHere} --undo`;
  const again = `${rotateHere} --grace 0 --write-env other.env:APP`;

  test.each([
    // [by the other, the command's exit code, exit code, error, what of the file is in force, its variables]
    [finish, 1, 1, "rotation-not-undone", "new", ["APP", "APP_PREVIOUS"]],
    [undo, 1, 1, "exec-failed", "old", ["APP"]],
    [again, 1, 1, "rotation-overtaken", "other", ["APP", "APP_PREVIOUS"]],
    [finish, 0, 0, undefined, "new", ["APP"]],
    [undo, 0, 1, "rotation-undone", "old", ["APP"]],
    [again, 0, 1, "rotation-overtaken", "other", ["APP", "APP_PREVIOUS"]],
  ])("%s, and it ends with %i: exit %i, %s, %s in force", async (other, ends, code, error, which, names) => {
    const { place, id, rotate } = await begin(kinds["endpoints rotate-secret"]);
    const [old = ""] = secretsIn(file(place, ".env"));
    const command = `${other} > /dev/null 2>&1; exit ${ends}`;
    const ended = await run([...rotate, ...writes, "--json", "--exec", command], { place });
    expect(ended.code).toBe(code);
    if (error !== undefined) expect(errorOf(ended).code).toBe(error);
    const env = parseEnv(file(place, ".env"));
    expect(Object.keys(env)).toEqual(names);
    if (which === "old") expect(env["APP"]).toBe(old);
    else expect(env["APP"]).not.toBe(old);
    const inForce = which === "other" ? parseEnv(file(place, "other.env"))["APP"] : env["APP"];
    const shown = await json(place, "endpoints", "show", id);
    expect(shown).toMatchObject({ secret_hint: `whsec_…${inForce?.slice(-4)}`, secret_rotation: null });
    if (which === "other")
      expect(errorOf(ended).message).toContain(`${String(shown["secret_hint"])} is in force`);
    // What is told of it is so.
    if (ended.stdout !== "") expect(JSON.parse(ended.stdout)).toMatchObject({ secret_rotation: null });
    expect(secretsIn(ended.stderr)).toEqual([]);
  });

  test("prints the new secret, where nothing else has it and it is in force", async () => {
    const { place, id, rotate } = await begin(kinds["endpoints rotate-secret"]);
    const ended = await run([...rotate, "--exec", `${finish} > /dev/null; exit 1`], { place });
    expect(ended.code).toBe(1);
    expect(ended.stderr).toContain("the new one alone is in force");
    const { secret_hint: hint } = await json(place, "endpoints", "show", id);
    expect(ended.stdout.trim().slice(-4)).toBe(String(hint).slice(-4));
  });
});

test("a grace that cannot begin after the command has succeeded is told with what to do", async () => {
  const place = createPlace();
  const endpoint = {
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
    secret_rotation: { signs_with: "previous", previous_until: null },
  };
  const { url, received } = await startStub((request) =>
    request.url.endsWith("/rotate-secret")
      ? { status: 200, body: { ...endpoint, secret: "new secret", previous_secret: "old secret" } }
      : { status: 500, body: {} },
  );
  const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: stubKey };
  const rotate = ["endpoints", "rotate-secret", "ep_1", "--write-env", ".env:X", "--json"];
  const begun = await run([...rotate, "--exec", "true"], { place, env });
  expect([begun.code, errorOf(begun).code]).toEqual([1, "grace-not-begun"]);
  expect(errorOf(begun).next_steps[0]).toBe("begin it: hookline endpoints rotate-secret ep_1 --finish");
  expect(file(place, ".env")).toBe("X='new secret'\nX_PREVIOUS='old secret'\n");
  const stuck = await run([...rotate, "--exec", "exit 1"], { place, env });
  expect([stuck.code, errorOf(stuck).code]).toEqual([1, "rotation-not-undone"]);
  expect(errorOf(stuck).next_steps[0]).toBe("undo it: hookline endpoints rotate-secret ep_1 --undo");
  // Whichever is in force, it is there.
  expect(file(place, ".env")).toBe("X='new secret'\nX_PREVIOUS='old secret'\n");
  expect(received.map(({ url: path }) => path.split("/").at(-1))).toEqual([
    ...["rotate-secret", "retire-secret", "rotate-secret", "restore-secret"],
  ]);
});
