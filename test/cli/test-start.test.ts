import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { closedPort, startServer } from "./run-servers.ts";
import { createPlace, ndjson, root, run, start, type Finished } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };
const example = join(root, "docs/examples/fareplay.suite.json");
const handler = `${JSON.stringify(process.execPath)} ${JSON.stringify(join(root, "test/suites/handler.js"))}`;

/** Runs the example against the handler, which is started for it. */
async function withHandler(
  { defect, ready }: { defect?: string; ready?: (port: number) => string } = {},
  args: readonly string[] = [],
): Promise<Finished & { report: string }> {
  const place = createPlace();
  const port = await closedPort();
  const report = join(place.cwd, "out.json");
  const finished = await run(
    [
      ...["test", example, "--to", `${port}/webhooks`, "--start", handler, "--report", `json:${report}`],
      ...(ready === undefined ? [] : ["--ready", ready(port)]),
      ...args,
    ],
    { place, env: { ...env, PORT: String(port), ...(defect === undefined ? {} : { DEFECT: defect }) } },
  );
  return { ...finished, report: readFileSync(report, "utf8") };
}

/** Whether a process runs. One that has ended and that nobody buries runs no more. */
function isRunning(pid: number): boolean {
  try {
    process.kill(pid, 0);
    return !/^\d+ \(.*\) [ZX] /s.test(readFileSync(`/proc/${pid}/stat`, "utf8"));
  } catch {
    return false;
  }
}

describe.skipIf(process.platform === "win32")("with --start", () => {
  test.each([
    ["its URL answers", (port: number) => `http://127.0.0.1:${port}/health`],
    ["it prints a text", () => "listening on"],
    ["its target answers", undefined],
  ])("the example passes on a handler that is right, ready once %s", async (_, ready) => {
    const { code, stdout, stderr } = await withHandler(ready === undefined ? {} : { ready });
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("listening")]);
    expect(stdout).toMatch(/4 steps · 4 passed · 0 failed/);
  });

  test("the example finds a handler that verifies nothing, and shows what that printed, without secrets", async () => {
    const { code, stdout, stderr, report } = await withHandler({ defect: "no-verification" });
    expect(code).toBe(1);
    expect(stdout).toMatch(/✗ {2}an order that was tampered with is refused +200 /);
    expect(stdout).toMatch(
      /answered 200 to a request whose body is not the one that was signed: it was taken for right/,
    );
    expect(stdout).toMatch(/again: hookline replay fareplay\/order\.created .*--tamper body --to/);
    expect(stdout).toMatch(/fareplay\.suite\.json:43\n/);
    expect(stderr).toMatch(/what the app printed:\n│ listening on \d+\n│ secret: \[secret\]\n/);
    for (const text of [stdout, stderr, report]) expect(text).not.toContain(secret);
    // The report tells the same: place, command and output.
    expect(report).toMatch(/fareplay\.suite\.json/);
    expect(report).toMatch(/hookline replay fareplay\/order\.created/);
    expect(report).toMatch(/listening on/);
  });

  test("the example finds a handler that does a delivery's work again", async () => {
    const { code, stdout } = await withHandler({ defect: "no-deduplication" }, ["--json"]);
    const failed = ndjson(stdout).filter(({ outcome }) => outcome === "failed");
    expect(code).toBe(1);
    expect(failed).toMatchObject([{ line: 32, failures: [{ code: "calls" }] }]);
  });

  test("what ends before it is ready, or never is, is told with its output: exit code 1", async () => {
    const place = createPlace();
    place.write("a.suite.json", '{"to": "1", "steps": [{"send": "order.created"}]}');
    const results = await Promise.all(
      [
        ["echo 'no \u001b[31mdatabase'; exit 3"],
        ["echo 'no \u001b[31mdatabase'; sleep 60", "--ready-timeout", "500ms", "--ready", "up"],
      ].map((flags) => run(["test", "a.suite.json", "--start", ...flags], { place, env })),
    );
    for (const { code, stdout, stderr } of results) {
      expect([code, stdout]).toEqual([1, ""]);
      expect(stderr).toContain("│ no \\u001b[31mdatabase\n");
    }
    expect(results.map(({ stderr }) => /^error: (.*)$/m.exec(stderr)?.[1])).toEqual([
      expect.stringMatching(/ended with code 3 before it was ready$/),
      expect.stringMatching(/did not print "up" within 0\.5 s$/),
    ]);
  });

  test("an app that dies in the middle is named as the reason", async () => {
    const place = createPlace();
    const port = await closedPort();
    place.write("a.suite.json", `{"to": "${port}", "steps": [{"send": "order.created"}]}`);
    const dies = `const s = require("node:http").createServer((q, r) => q.method === "GET" ? r.end() : process.exit(7)); s.listen(${port}, "127.0.0.1")`;
    place.write("dies.cjs", dies);
    const { code, stdout } = await run(
      [
        "test",
        "a.suite.json",
        "--start",
        `exec ${JSON.stringify(process.execPath)} dies.cjs`,
        "--ready",
        `http://127.0.0.1:${port}/`,
      ],
      { place, env },
    );
    expect([code, stdout]).toEqual([1, expect.stringMatching(/the app that was started ended with code 7/)]);
  });

  test("what answers already is not taken for the app, and an app that ends by itself proves nothing", async () => {
    const place = createPlace();
    const old = await startServer();
    place.write("a.suite.json", `{"to": "${old.port}", "steps": [{"send": "order.created"}]}`);
    const free = await closedPort();
    place.write("b.suite.json", `{"to": "${free}", "steps": [{"send": "order.created", "delay": "300ms"}]}`);
    // The app is gone by then, and another one takes its place.
    place.write(
      "late.cjs",
      `require("node:http").createServer((q, r) => r.end()).listen(${free}, "127.0.0.1", () => setTimeout(() => process.exit(), 15000));`,
    );
    const stale = await run(
      ["test", "a.suite.json", "--start", "echo listening; exit 1", "--ready", "listening"],
      { place, env },
    );
    expect([stale.code, stale.stdout, old.received.length]).toEqual([1, "", 1]);
    expect(stale.stderr).toMatch(/something answers at .* before .* is started/);
    const escaped = `${JSON.stringify(process.execPath)} late.cjs & sleep 0.2; echo listening; sleep 0.1; exit 4`;
    const dead = await run(
      ["test", "b.suite.json", "--start", escaped, "--ready", "listening", "--report", "junit:out.xml"],
      { place, env },
    );
    expect([dead.code, dead.stdout]).toEqual([1, expect.stringMatching(/1 passed · 0 failed/)]);
    expect(dead.stderr).toMatch(/the app that was started ended with code 4 before the run was over/);
    expect(readFileSync(join(place.cwd, "out.xml"), "utf8")).toMatch(/failures="1"/);
  });

  test("calls beyond those expected fail, soon after the answer as well", async () => {
    const place = createPlace();
    const port = await closedPort();
    const calling = [
      'const { createServer } = require("node:http");',
      'const call = (path) => fetch(process.env.HOOKLINE_STUB_URL + path, { method: "POST" });',
      "createServer(async (q, r) => {",
      '  const twice = q.headers["x-twice"];',
      '  if (q.method === "POST") await call("/kitchen");',
      '  if (twice === "now") await call("/kitchen");',
      '  if (twice === "late") setTimeout(() => void call("/kitchen"), 20);',
      "  r.end();",
      `}).listen(${port}, "127.0.0.1");`,
    ].join("\n");
    place.write("calling.cjs", calling);
    const step = (twice: string, times?: unknown): object => ({
      send: "order.created",
      headers: { "X-Twice": twice },
      expect: { calls: [{ path: "/kitchen", ...(times === undefined ? {} : { times }) }] },
    });
    const steps = [step("no"), step("now"), step("late"), step("now", 2), step("late", { atLeast: 1 })];
    place.write("a.suite.json", JSON.stringify({ to: String(port), steps }));
    const command = `exec ${JSON.stringify(process.execPath)} calling.cjs`;
    const { stdout } = await run(["test", "a.suite.json", "--start", command, "--json"], { place, env });
    const all = ndjson(stdout).filter(({ type }) => type === "step");
    expect(all.map(({ outcome }) => outcome)).toEqual(["passed", "failed", "failed", "passed", "passed"]);
    expect(all[2]).toMatchObject({ failures: [{ message: "/kitchen was called 2 times, expected 1" }] });
  });

  const stubborn = [
    'process.on("SIGTERM", () => undefined);',
    'require("node:fs").writeFileSync("pid", String(process.pid));',
    'console.log("grandchild");',
    "setInterval(() => undefined, 1000);",
  ].join("\n");

  test.each([
    ["one signal", 1, 5000],
    ["a second one, at once", 2, 0],
  ])("nothing is left behind after %s, not even what ignores it", async (_, signals, atLeast) => {
    const place = createPlace();
    // Nothing listens there: it is waited for.
    place.write(
      "a.suite.json",
      `{"to": "${await closedPort()}", "steps": [{"send": "order.created", "delay": "60s"}]}`,
    );
    place.write("stubborn.cjs", stubborn);
    const command = `sh -c '${JSON.stringify(process.execPath)} stubborn.cjs & sleep 60 & wait'`;
    const args = ["test", "a.suite.json", "--start", command, "--ready", "grandchild", "--json"];
    const started = start(args, { place, env });
    await started.until("the step", (stdout) => stdout.includes('"suite"'));
    const pids = [Number(readFileSync(join(place.cwd, "pid"), "utf8"))];
    expect(pids.map(isRunning)).toEqual([true]);
    const before = performance.now();
    started.kill("SIGTERM");
    if (signals === 2) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      started.kill("SIGTERM");
    }
    const { code, stdout } = await started.finished;
    if (signals === 1) expect(ndjson(stdout).at(-1)).toMatchObject({ app_killed: true, not_run: 1 });
    expect([code, performance.now() - before >= atLeast]).toEqual([143, true]);
    await gone(pids);
  });
});

/** Waits until the processes are gone: SIGKILL takes a moment. Fails by the test's own deadline. */
async function gone(pids: readonly number[]): Promise<void> {
  while (pids.some(isRunning)) await new Promise((resolve) => setTimeout(resolve, 10));
}
