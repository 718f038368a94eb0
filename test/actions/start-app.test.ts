import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startApp, type App, type StartOptions } from "../../src/actions/start-app.ts";
import { createFolder } from "../cli/spawn.ts";

const isWindows = process.platform === "win32";
const node = JSON.stringify(process.execPath);

/** Starts a command that is to print `ready`. @returns the app, whatever became of it */
async function started(command: string, options: Partial<StartOptions> = {}) {
  let app: App | undefined;
  const failure = await startApp(
    {
      command,
      cwd: createFolder(),
      env: {},
      ready: { text: "ready" },
      timeoutMs: 20_000,
      probe: () => Promise.resolve(false),
      signal: new AbortController().signal,
      ...options,
    },
    (one) => (app = one),
  ).then(
    () => undefined,
    (error: unknown) => error,
  );
  return { app, failure };
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

describe.skipIf(isWindows)("an app that is started for a run", () => {
  test("is ready once it prints the text, on either stream, in whatever pieces", async () => {
    const { app, failure } = await started(
      "printf 'rea' >&2; sleep 0.05; printf 'dy\\n' >&2; echo more; sleep 60",
    );
    expect(failure).toBeUndefined();
    expect(app?.ended()).toBeUndefined();
    await app?.stop();
    expect(app?.output()).toMatch(/^ready\n/);
    expect(app?.wasKilled()).toBe(false);
  });

  test("is ready once its URL answers, and gets the variables it is to have", async () => {
    let asked = 0;
    const cwd = createFolder();
    const { app, failure } = await started('echo "stub at $HOOKLINE_STUB_URL"; touch up; sleep 60', {
      cwd,
      ready: { url: new URL("http://127.0.0.1:9/health") },
      env: { HOOKLINE_STUB_URL: "http://127.0.0.1:1234" },
      probe: () => Promise.resolve(++asked > 2 && existsSync(join(cwd, "up"))),
    });
    expect(failure).toBeUndefined();
    await app?.stop();
    expect(app?.output()).toBe("stub at http://127.0.0.1:1234\n");
  });

  test("is not started where something answers there before", async () => {
    const folder = createFolder();
    const { app, failure } = await started("touch started", {
      cwd: folder,
      ready: { url: new URL("http://127.0.0.1:9/") },
      probe: () => Promise.resolve(true),
    });
    expect(failure).toMatchObject({ code: "app-running", exitCode: 1 });
    expect([app, existsSync(join(folder, "started"))]).toEqual([undefined, false]);
  });

  test("is not started where something answers at a target, whatever tells that it is ready", async () => {
    const probed: string[] = [];
    const { app, failure } = await started("echo ready", {
      targets: [new URL("http://127.0.0.1:9/hook")],
      probe: ({ href }) => Promise.resolve(probed.push(href) > 0),
    });
    expect(failure).toMatchObject({ code: "app-running" });
    expect([app, probed]).toEqual([undefined, ["http://127.0.0.1:9/hook"]]);
  });

  test.each([
    ["--ready is named where it was given", {}, /^check what --ready names/],
    ["the target where it was not", { isTarget: true }, /^check that it listens there/],
  ])("%s", async (_, more, advice) => {
    const ready = { url: new URL("http://127.0.0.1:9/"), ...more };
    const { failure } = await started("exec sleep 60", { ready, timeoutMs: 50 });
    expect(failure).toMatchObject({
      code: "app-not-ready",
      nextSteps: [expect.stringMatching(advice), expect.any(String)],
    });
  });

  test.each([
    ["ends before", "echo broken; exit 3", /ended with code 3 before it was ready/],
    ["is killed before", "echo broken; kill -9 $$", /ended by SIGKILL before/],
    ["is no command", "echo broken; no-such-command-of-anybody", /ended with code 127 before/],
  ])("that %s it is ready is told, with what it printed", async (_, command, message) => {
    const { app, failure } = await started(command);
    expect(failure).toMatchObject({ code: "app-ended", exitCode: 1 });
    expect((failure as Error).message).toMatch(message);
    expect(app?.output()).toMatch(/^broken\n/);
  });

  test("that is not ready in time is stopped", async () => {
    const { app, failure } = await started("echo $$ > pid; echo waiting; exec sleep 60", { timeoutMs: 300 });
    expect(failure).toMatchObject({ code: "app-not-ready", exitCode: 1 });
    expect(app?.output()).toBe("waiting\n");
  });

  test("is given up at a signal", async () => {
    const interruption = new AbortController();
    const starting = started("sleep 60", { signal: interruption.signal });
    interruption.abort();
    expect((await starting).failure).toMatchObject({ code: "interrupted" });
  });

  test("is stopped with what it started, even where that ignores SIGTERM", async () => {
    const stubborn = `${node} -e 'process.on("SIGTERM",()=>{});console.log("grandchild",process.pid);setInterval(()=>{},1e3)'`;
    const { app } = await started(`${stubborn} & sleep 60 & wait`, {
      ready: { text: "grandchild" },
      graceMs: 150,
    });
    const pid = Number(/grandchild (\d+)/.exec(app?.output() ?? "")?.[1]);
    expect(isRunning(pid)).toBe(true);
    await app?.stop();
    expect([isRunning(pid), app?.wasKilled()]).toEqual([false, true]);
    // Once more changes nothing.
    await app?.stop();
  });

  test("that prints without end is kept by its last 64 KiB", async () => {
    const { app } = await started(
      `${node} -e 'console.log("x".repeat(3e5)+"ready");setInterval(()=>{},1e3)'`,
    );
    const output = app?.output() ?? "";
    expect([output.length, output.endsWith("ready\n")]).toEqual([64 * 1024, true]);
    expect(app?.output(app.printed())).toBe("");
    expect(app?.output(app.printed() - 6)).toBe("ready\n");
    await app?.stop();
  });
});
