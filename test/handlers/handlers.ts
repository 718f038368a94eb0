import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { randomBytes } from "node:crypto";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll } from "vitest";
import { check, type CheckEvent, type CheckOptions } from "../../src/actions/check.ts";
import { openWorkspace, type Host, type Workspace } from "../../src/actions/workspace.ts";
import { showCheck, type Checked } from "../../src/ui/check.ts";
import { createOutput } from "../../src/ui/output.ts";
import { createTheme } from "../../src/ui/theme.ts";
import { root } from "../cli/spawn.ts";

/** A secret that is also base64 of something, so that it can be decoded by mistake. */
const fareplaySecret = "fp5A2cT9kLmN0pQrStUvWxYz34567890ab";
const secrets: Readonly<Record<string, string>> = {
  FAREPLAY_WEBHOOK_SECRET: fareplaySecret,
  FAREPLAY_WEBHOOK_SECRET_PREVIOUS: "the-secret-before-this-one",
  STRIPE_WEBHOOK_SECRET: "whsec_test_7f3c9d2e1b0a48576f",
  STANDARD_WEBHOOKS_WEBHOOK_SECRET: "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSwtest",
};

export interface Handler {
  url: string;
  pid: number;
}

const running = new Set<ChildProcess>();
const folders: string[] = [];

afterAll(() => {
  for (const child of running) child.kill("SIGKILL");
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});

/** Starts a handler of this folder, which prints its port; it runs until the test file is done. */
export function startHandler(
  file: string,
  args: readonly string[] = [],
  env: Readonly<Record<string, string>> = {},
): Promise<Handler> {
  const command = file.endsWith(".py") ? "python3" : process.execPath;
  const child = spawn(command, [join(root, "test/handlers", file), ...args], {
    env: { PATH: process.env["PATH"], PORT: "0", ...secrets, ...env },
    stdio: ["ignore", "pipe", "ignore"],
  });
  running.add(child);
  return new Promise((resolve, reject) => {
    let said = "";
    child.once("error", reject);
    child.once("exit", (code) => reject(new Error(`${file} ${args.join(" ")} ended with ${code}`)));
    child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
      said += chunk;
      const port = /^(\d+)\n/.exec(said)?.[1];
      if (port !== undefined) resolve({ url: `http://127.0.0.1:${port}/webhooks`, pid: child.pid ?? 0 });
    });
  });
}

export function hasPython(): boolean {
  return spawnSync("python3", ["--version"]).status === 0;
}

/** A workspace of its own, with the secrets above in its environment. */
export function testWorkspace(
  variables: Readonly<Record<string, string>> = secrets,
  cwd = newFolder(),
): Promise<Workspace> {
  const host: Host = {
    environment: {
      variable: (name) =>
        Object.hasOwn(variables, name) ? { value: variables[name] ?? "", source: "environment" } : undefined,
      home: newFolder(),
      noColor: true,
      forceColor: undefined,
      term: undefined,
      colorterm: undefined,
      ci: true,
      startedByNpx: false,
      debug: false,
      proxy: {},
    },
    cwd,
    packageRoot: root,
    version: "0.0.0",
    stdin: { read: () => Promise.reject(new Error("nobody reads standard input here")) },
    now: () => Date.now(),
    random: randomBytes,
    sleep: () => Promise.resolve(),
    warn: () => undefined,
  };
  return openWorkspace(host);
}

function newFolder(): string {
  const folder = mkdtempSync(join(tmpdir(), "hookline-check-"));
  folders.push(folder);
  return folder;
}

/** Checks a handler, with a slow body that is not as slow as others. */
export async function checked(
  url: string,
  options: Partial<CheckOptions> = {},
  workspace?: Workspace,
): Promise<Checked & { text: string; json: Record<string, unknown>[]; events: CheckEvent[] }> {
  const events: CheckEvent[] = [];
  const checking = check(workspace ?? (await testWorkspace()), {
    to: url,
    provider: "fareplay",
    events: [],
    only: [],
    skip: [],
    headers: [],
    insecure: false,
    signal: new AbortController().signal,
    slowBodyMs: 50,
    ...options,
  });
  const plain = await createTheme(0);
  const said = { text: "", json: "" };
  const print = (as: keyof typeof said) => {
    const sink = {
      write: (text: string | Uint8Array, done: () => void) => {
        said[as] += Buffer.from(text).toString("utf8");
        done();
        return true;
      },
      on: () => undefined,
    };
    const json = as === "json";
    const streams = {
      stdout: sink,
      stderr: { ...sink, write: (_: unknown, done: () => void) => (done(), true) },
    };
    return createOutput(streams, {
      json,
      quiet: false,
      interactive: false,
      out: plain,
      err: plain,
      onClosed: () => undefined,
    });
  };
  const [text, json] = [print("text"), print("json")];
  const found = await showCheck(text, checking, (event) => events.push(event));
  if (found === undefined) throw new Error("it ended before it began");
  await showCheck(json, replayed(events));
  await Promise.all([text.flush(), json.flush()]);
  return {
    ...found,
    text: said.text,
    json: said.json
      .split("\n")
      .filter((line) => line !== "")
      .map((line) => JSON.parse(line) as Record<string, unknown>),
    events,
  };
}

async function* replayed(events: readonly CheckEvent[]): AsyncGenerator<CheckEvent> {
  yield* events;
}

/** What a run came to, in a line: score, causes, and the checks that failed or were noted. */
export function row(name: string, { checks, summary }: Checked): string {
  const of = (wanted: string): string[] =>
    checks.filter(({ outcome }) => outcome === wanted).map(({ check: { id } }) => id);
  const { passed, total } = summary.score;
  const causes = summary.causes.map(({ code, confidence }) => (confidence === "proved" ? code : `${code}?`));
  return [
    name.padEnd(26),
    `${passed}/${total}`,
    causes.join(" ") || "-",
    ...(of("noted").length > 0 ? [`noted: ${of("noted").join(" ")}`] : []),
    ...(of("not-run").length > 0 ? [`not run: ${of("not-run").length}`] : []),
  ].join("  ");
}
