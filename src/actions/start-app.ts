import { spawn, type ChildProcess } from "node:child_process";
import { childEnvironment } from "../config/child-environment.ts";
import { EXIT, HooklineError } from "../errors.ts";
import { groupGone, signalGroup } from "./process-group.ts";
import { wait } from "./wait.ts";

/** When an app counts as started: a URL answers, whatever the status, or a text is printed. */
export type Ready = { url: URL; isTarget?: boolean } | { text: string };

export interface StartOptions {
  /** For the shell. Only ever what the user typed: never from a file. */
  command: string;
  cwd: string;
  /** Variables beside the environment. */
  env: Readonly<Record<string, string>>;
  ready: Ready;
  /** What it is to answer at; nothing may answer there before. */
  targets?: readonly URL[];
  /** Milliseconds in which it has to be ready. */
  timeoutMs: number;
  /** Asks a URL. @returns whether anything answered */
  probe: (url: URL) => Promise<boolean>;
  signal: AbortSignal;
  /** Milliseconds between SIGTERM and SIGKILL. */
  graceMs?: number;
}

/** A program that runs beside hookline, in a process group of its own. */
export interface App {
  /** How much it printed so far, as a mark for `output`. */
  printed(): number;
  /** What it printed on both streams since the mark, up to its last 64 KiB. */
  output(since?: number): string;
  /** How it ended of its own accord: `with code 1`; undefined while it runs. */
  ended(): string | undefined;
  /** Ends it with all that it started: SIGTERM, and SIGKILL for what is left after 5 s. Never throws. */
  stop(): Promise<void>;
  /** Whether it had to be ended by SIGKILL. */
  wasKilled(): boolean;
}

const keptBytes = 64 * 1024;
const usualGraceMs = 5000;
/** After SIGKILL there is nothing to wait for but the system. */
const killedMs = 2000;
const probeEveryMs = 100;
/** For the last of its output. */
const restMs = 200;

/**
 * Starts a command in a shell and waits until it is ready. Whatever it started is stopped where that fails.
 * @throws HooklineError `app-running`, `app-ended`, `app-not-ready` (exit 1; `output` has what it printed), `interrupted`
 */
export async function startApp(options: StartOptions, started: (app: App) => void): Promise<void> {
  const { ready, command, targets = [] } = options;
  const isTarget = "url" in ready && ready.isTarget === true;
  for (const url of [...("url" in ready && !isTarget ? [ready.url] : []), ...targets])
    if (await options.probe(url))
      throw failure(
        "app-running",
        `something answers at ${url.href} before ${JSON.stringify(command)} is started, so that would be tested in its place`,
        ["stop what runs there", "or leave out --start to test just that"],
      );
  const child = spawn(command, {
    shell: true,
    // A group of its own, so that all of it can be stopped, and Ctrl-C is hookline's to handle.
    detached: process.platform !== "win32",
    windowsHide: true,
    cwd: options.cwd,
    env: childEnvironment(options.env),
    stdio: ["ignore", "pipe", "pipe"],
  });
  const app = watchApp(child, options.graceMs ?? usualGraceMs);
  started(app);
  try {
    await untilReady(app, options);
  } catch (error) {
    await app.stop();
    throw error;
  }
}

interface Watched extends App {
  /** Calls back when it printed something, or ended. @returns stops it */
  watch(this: void, told: () => void): () => void;
}

function watchApp(child: ChildProcess, graceMs: number): Watched {
  const kept: Buffer[] = [];
  let keptLength = 0;
  let printed = 0;
  let ended: string | undefined;
  let stopping: Promise<void> | undefined;
  let killed = false;
  const watchers = new Set<() => void>();
  const tell = (): void => {
    for (const told of [...watchers]) told();
  };
  const keep = (chunk: Buffer): void => {
    printed += chunk.length;
    keptLength += chunk.length;
    kept.push(chunk);
    while (keptLength - (kept[0]?.length ?? 0) >= keptBytes) keptLength -= kept.shift()?.length ?? 0;
    tell();
  };
  const closed = new Promise((resolve) => child.once("close", resolve));
  child.stdout?.on("data", keep);
  child.stderr?.on("data", keep);
  const end = (how: string): void => {
    ended ??= how;
    tell();
  };
  child.on("error", ({ message }) => end(`as it cannot be started: ${message}`));
  child.on("exit", (code, signal) => end(code === null ? `by ${signal}` : `with code ${code}`));
  const { pid } = child;
  // Where hookline is ended at once, by a second Ctrl-C or a defect.
  const kill = (): void => {
    if (pid !== undefined) signalGroup(pid, "SIGKILL");
  };
  process.once("exit", kill);

  const stop = async (): Promise<void> => {
    if (pid !== undefined) {
      signalGroup(pid, "SIGTERM");
      if (!(await groupGone(pid, graceMs))) {
        killed = true;
        signalGroup(pid, "SIGKILL");
        await groupGone(pid, killedMs);
      }
    }
    process.off("exit", kill);
    // What left the group may hold its streams open; what it printed last may still be on its way.
    await Promise.race([closed, new Promise((resolve) => setTimeout(resolve, restMs))]);
    child.stdout?.destroy();
    child.stderr?.destroy();
  };
  return {
    printed: () => printed,
    output(since = 0) {
      const all = Buffer.concat(kept);
      const wanted = Math.min(printed - since, keptBytes, all.length);
      return wanted <= 0 ? "" : all.subarray(all.length - wanted).toString("utf8");
    },
    ended: () => (stopping === undefined ? ended : undefined),
    stop: () => (stopping ??= stop()),
    wasKilled: () => killed,
    watch(told) {
      watchers.add(told);
      return () => void watchers.delete(told);
    },
  };
}

async function untilReady(app: Watched, options: StartOptions): Promise<void> {
  const { ready, command, probe, timeoutMs, signal } = options;
  const named = JSON.stringify(command);
  const until = performance.now() + timeoutMs;
  for (;;) {
    const isReady = "url" in ready ? await probe(ready.url) : app.output().includes(ready.text);
    if (signal.aborted)
      throw new HooklineError("interrupted", `${named} was not ready yet`, { exitCode: EXIT.failed });
    const ended = app.ended();
    if (ended !== undefined) {
      throw failure("app-ended", `${named} ended ${ended} before it was ready`, [
        "start it yourself to see what is wrong",
      ]);
    }
    if (isReady) return;
    const left = until - performance.now();
    if (left <= 0)
      throw failure(
        "app-not-ready",
        "url" in ready
          ? `nothing answered at ${ready.url.href} within ${timeoutMs / 1000} s of starting ${named}`
          : `${named} did not print ${JSON.stringify(ready.text)} within ${timeoutMs / 1000} s`,
        [
          "url" in ready && ready.isTarget === true
            ? "check that it listens there, or say what tells that it is ready: --ready 'listening on'"
            : "check what --ready names",
          "or give it more time: --ready-timeout 2m",
        ],
      );
    await wait("url" in ready ? Math.min(left, probeEveryMs) : left, signal, app.watch);
  }
}

function failure(code: string, message: string, nextSteps: readonly string[]): HooklineError {
  return new HooklineError(code, message, { exitCode: EXIT.failed, nextSteps });
}
