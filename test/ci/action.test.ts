import { existsSync, readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { has } from "./on-path.ts";
import { action, createApp, freePort, read, runAction, type Ran, type RunOptions } from "./pipelines.ts";

const { version } = JSON.parse(read("package.json")) as { version: string };
const secret = { FAREPLAY_WEBHOOK_SECRET: "whsec_for_tests_alone" };

describe("action.yml", () => {
  test("has what GitHub's metadata syntax asks of a composite action", () => {
    expect(Object.keys(action).sort()).toEqual([
      ...["branding", "description", "inputs", "name", "outputs", "runs"],
    ]);
    for (const [name, input] of Object.entries(action.inputs)) {
      expect(name).toMatch(/^[a-z_][a-z0-9_-]*$/);
      expect(input.description).toMatch(/\S/);
      // Every value of an input is text; one that is not would be turned into it in YAML's way.
      expect(typeof input.default).toBe("string");
      expect(
        Object.keys(input).filter((key) => !["description", "default", "required"].includes(key)),
      ).toEqual([]);
    }
    const ids = action.runs.steps.map(({ id }) => id);
    for (const output of Object.values(action.outputs)) {
      expect(output.description).toMatch(/\S/);
      const [, id] = /^\$\{\{ steps\.([\w-]+)\.outputs\.[\w-]+ \}\}$/.exec(output.value) ?? [];
      expect(ids).toContain(id);
    }
    expect(action.runs.using).toBe("composite");
    for (const step of action.runs.steps) {
      expect([step.run, step.uses].filter((one) => one !== undefined)).toHaveLength(1);
      if (step.run !== undefined) expect(step.shell).toBe("bash");
      // Whoever pins actions pins those that they use.
      if (step.uses !== undefined) expect(step.uses).toMatch(/^[\w-]+\/[\w-]+@[0-9a-f]{40}$/);
    }
    expect(["white", "yellow", "blue", "green", "orange", "red", "purple", "gray-dark"]).toContain(
      action.branding.color,
    );
  });

  test("puts no input into a script, and each into the script's environment or a step's settings", () => {
    for (const { run } of action.runs.steps) expect(run ?? "").not.toContain("${{");
    const used = read("action.yml").matchAll(/inputs\.([\w-]+)/g);
    expect(new Set([...used].map(([, name]) => name))).toEqual(new Set(Object.keys(action.inputs)));
    for (const { run, env } of action.runs.steps.filter((step) => step.run !== undefined))
      for (const name of Object.keys(env ?? {})) expect(run).toContain(name);
  });

  test("is told of in docs/ci.md, input by input", () => {
    const page = read("docs/ci.md");
    for (const name of [...Object.keys(action.inputs), ...Object.keys(action.outputs)])
      expect(page).toContain(`\`${name}\``);
  });
});

/** Inputs for the app of that place, which is started for the run. */
async function forApp(
  command: string,
): Promise<{ inputs: Record<string, string>; env: Record<string, string>; port: string }> {
  const port = await freePort();
  const to = `http://127.0.0.1:${port}/webhooks`;
  const ready = `http://127.0.0.1:${port}/health`;
  return { inputs: { command, to, start: "node app.js", ready }, env: { ...secret, PORT: port }, port };
}

const run = (inputs: Record<string, string>, options: RunOptions): Promise<Ran> => runAction(inputs, options);
const answers = (port: string): Promise<boolean> =>
  fetch(`http://127.0.0.1:${port}/health`).then(
    () => true,
    () => false,
  );

describe.skipIf(!has("bash") || !has("curl"))("the action (needs bash and curl)", () => {
  test.each([
    ["check", { provider: "fareplay" }],
    ["replay", { what: "fareplay/order.created\n  order.accepted\n" }],
    ["test", { what: "webhooks/" }],
  ])("%s: starts the app, runs, stops the app, and leaves reports", async (command, more) => {
    const place = createApp();
    const { inputs, env, port } = await forApp(command);
    const ran = await run({ ...inputs, ...more }, { place, env });
    expect(ran).toMatchObject({ code: 0, outputs: { "exit-code": "0" } });
    expect(ran.npm).toEqual([
      expect.stringContaining(`--package=hookline@${version} -- hookline ${command} `),
    ]);
    const junit = ran.outputs["junit"] ?? "";
    expect(junit).toBe(join(place.cwd, "hookline-junit.xml"));
    expect(readFileSync(junit, "utf8")).toContain("<testsuite");
    expect(ran.summary).toMatch(/\S/);
    expect(ran.stdout).not.toContain("Output of the app");
    expect(await answers(port)).toBe(false);
  });

  test("fails with what failed, shows what the app printed, and stops all that it started", async () => {
    const place = createApp();
    const { inputs, env, port } = await forApp("replay");
    const start = "trap '' TERM; node app.js";
    const ran = await run(
      { ...inputs, start, what: "order.created", args: "--header\nX-Fareplay-Signature: sha256=00" },
      { place, env },
    );
    expect(ran).toMatchObject({ code: 1, outputs: { "exit-code": "1" } });
    expect(await answers(port)).toBe(false);
    // What the app prints is between two marks of which it knows neither.
    const [, token, printed] =
      /::stop-commands::([0-9a-f-]{36})\n([^]*)\n::\1::\n::endgroup::/.exec(ran.stdout) ?? [];
    expect(printed).toContain("listening as");
    expect(printed).toContain("::warning::refused");
    expect(printed).not.toContain(token);
  });

  test("waits for a text that the app prints", async () => {
    const place = createApp("wrong");
    const { inputs, env } = await forApp("replay");
    const ran = await run(
      { ...inputs, what: "order.created", ready: "listening as", report: "" },
      { place, env },
    );
    expect(ran).toMatchObject({ code: 0, outputs: { "exit-code": "0", junit: "" }, summary: "" });
    expect(existsSync(join(place.cwd, "hookline-junit.xml"))).toBe(false);
  });

  test.each<[what: string, inputs: Record<string, string>, says: string]>([
    ["another command", { command: "keys" }, "the input command is test, check or replay"],
    ["an app that ends", { start: "echo gone" }, "the app ended before it was ready"],
    [
      "an app that is never ready",
      { start: "sleep 60", "ready-timeout": "0" },
      "the app was not ready in time",
    ],
    ["an app without a sign", { ready: "" }, "say with ready when the app is ready"],
    ["a timeout that is no number", { "ready-timeout": "1s" }, "ready-timeout is a number of seconds"],
    ["a version that is none", { version: "1.0.0 --registry x" }, "the input version is a version on npm"],
  ])("refuses %s", async (_, inputs, says) => {
    const place = createApp();
    const app = await forApp("replay");
    const ran = await run({ ...app.inputs, what: "order.created", ...inputs }, { place, env: app.env });
    expect(ran).toMatchObject({ code: 2, outputs: { "exit-code": "2" }, npm: [] });
    expect(ran.stdout).toContain(`::error title=hookline::`);
    expect(ran.stdout).toContain(says);
  });

  test("fails where the app ended, though something answered in its place", async () => {
    const place = createApp();
    const { inputs, env } = await forApp("replay");
    const asked = { ...inputs, what: "order.created", start: "echo up; sleep 0.5; exit 3", ready: "up" };
    const { code, stdout } = await run(asked, { place, env, programs: { npx: "sleep 1.5" } });
    expect(stdout).toContain("::error title=hookline::the app");
    expect(stdout).toContain("ended before");
    expect(code).toBeGreaterThan(0);
  });

  test("refuses to take what runs already for the app", async () => {
    const place = createApp();
    const { inputs, env } = await forApp("replay");
    const nested = await run(
      // While one run has the app up, its command is another run of the same.
      { ...inputs, what: "order.created" },
      {
        place,
        env,
        programs: {
          npx: 'curl --silent "$INPUT_READY" && exec env INPUT_VERSION=local bash "$HOME/../step.sh"',
        },
      },
    );
    expect(nested.stdout).toContain("something answers at the URL of ready before the app is started");
    expect(nested.code).toBe(2);
  });

  test.each([
    ["", `--yes --package=hookline@${version}`],
    ["1.2.3", "--yes --package=hookline@1.2.3"],
    ["next", "--yes --package=hookline@next"],
    ["local", "--no"],
    ["./hookline.tgz", "--yes --package=./hookline.tgz"],
  ])("runs the version %j", async (given, flags) => {
    const ran = await run(
      { command: "check", version: given, report: "", args: "--version" },
      { place: createApp() },
    );
    expect(ran.npm).toEqual([`npx ${flags} -- hookline check --version`]);
    expect(ran.stdout).toBe(`${version}\n`);
  });

  test("evaluates nothing of what its inputs hold", async () => {
    const place = createApp();
    const hostile = "$(touch pwned)`touch pwned`\";touch pwned;'${{ github.token }}\n*\n";
    for (const name of [
      "command",
      "what",
      "to",
      "provider",
      "args",
      "report",
      "ready",
      "ready-timeout",
      "version",
    ]) {
      const ran = await run(
        { command: "replay", to: "127.0.0.1:1", what: "order.created", report: "", [name]: hostile },
        { place },
      );
      expect(ran.code).not.toBe(0);
    }
    expect(readdirSync(place.cwd).sort()).toEqual(["app.js", "package.json", "webhooks"]);
  });

  test("takes each line of args as one argument, and knows an absolute path", async () => {
    const place = createApp();
    const file = join(place.home, "out.xml");
    const ran = await run(
      { command: "replay", what: "a b\r\n\n", report: `junit:${file}`, args: "  --set\n  a=b c  \n\n*" },
      { place, programs: { npx: 'for one; do printf "<%s>" "$one"; done' } },
    );
    expect(ran.stdout).toBe(
      `<--yes><--package=hookline@${version}><--><hookline><replay><a b><--report=junit:${file}><--set><a=b c><*>`,
    );
    expect(ran.outputs).toEqual({ junit: file, "exit-code": "0" });
  });
});
