import { spawn, type ChildProcess } from "node:child_process";
import type { Readable } from "node:stream";
import { childEnvironment } from "../config/child-environment.ts";
import { EXIT, HooklineError } from "../errors.ts";
import { groupGone, signalGroup } from "./process-group.ts";

/** Where the output of a command goes. */
export interface CommandOutput {
  /** Resolves when there is room for more. */
  write(from: "stdout" | "stderr", chunk: Buffer): Promise<void>;
  end(): Promise<void>;
}

/** A command that is given a new secret, in its environment alone. */
export interface Exec {
  /** As a shell reads it: `sh`, on Windows `cmd`. */
  command: string;
  cwd: string;
  /** Under which the secret is given beside hookline's own names. */
  name: string | undefined;
  timeoutMs: number;
  /** @param secrets that must not be shown */
  open: (secrets: readonly string[]) => CommandOutput;
  /** Has the command ended. */
  stop: AbortSignal;
  /** What it is ended with. */
  stopWith: () => StopSignal;
  /** Tells the user, while the command goes on. */
  warn: (text: string) => void;
}

type StopSignal = "SIGINT" | "SIGTERM";

/** Milliseconds that a command has to end once it was told to, and the rest of its output to come when it has ended. */
const patienceMs = 5000;
/** Milliseconds of silence after which no more of it is waited for: what it left running may keep the pipe open. */
const silenceMs = 500;

const isWindows = process.platform === "win32";

/**
 * Runs a command, in a process group of its own, with variables beside those of this process. Told to stop, or where its
 * time is up, the whole group gets the signal, and is killed where it does not end. What it leaves running when it ends
 * by itself is left alone.
 * @throws HooklineError `exec-failed` unless it ended with exit code 0; `interrupted` where it was told to stop
 */
export async function runCommand(
  exec: Exec,
  variables: Readonly<Record<string, string>>,
  {
    secrets,
    leftOpen,
  }: {
    /** That must not be shown. */
    secrets: readonly string[];
    /** What is to be done where this process ends at once: `undo it then: …`. */
    leftOpen: string;
  },
): Promise<void> {
  const { command, cwd, timeoutMs, stop } = exec;
  if (stop.aborted) throw interrupted("the command was not run, as a signal came before");
  const output = exec.open(secrets);
  const child = spawn(command, {
    shell: true,
    cwd,
    env: childEnvironment(variables),
    stdio: ["ignore", "pipe", "pipe"],
    detached: !isWindows,
    windowsHide: true,
  });
  const closed = new Promise<void>((resolve) => child.once("close", () => resolve()));
  const ended = new Promise<HooklineError | undefined>((resolve) => {
    child.once("error", (cause) =>
      resolve(failed(`the command could not be started: ${cause.message}`, [], cause)),
    );
    child.once("exit", (code, signal) => resolve(failureOf(code, signal)));
  });
  let giveUp: () => void = () => undefined;
  const givenUp = new Promise<void>((resolve) => (giveUp = resolve));
  let resting: NodeJS.Timeout | undefined;
  /** From the command's end on, silence means that there is no more of its own to come. */
  let hasEnded = false;
  const rest = Promise.all(
    (["stdout", "stderr"] as const).map((name) =>
      pass(child[name], async (chunk) => {
        clearTimeout(resting);
        await output.write(name, chunk);
        if (hasEnded) resting = setTimeout(giveUp, silenceMs);
      }),
    ),
  );

  let broken: HooklineError | undefined;
  let killing: NodeJS.Timeout | undefined;
  let ending: NodeJS.Timeout | undefined;
  const breakOff = (signal: StopSignal, why: HooklineError): void => {
    if (broken !== undefined) return;
    broken = why;
    signalAll(child, signal);
    killing = setTimeout(() => signalAll(child, "SIGKILL"), patienceMs);
  };
  const timer = setTimeout(
    () => breakOff("SIGTERM", failed(`the command did not end within ${timeoutMs / 1000} s`, [timeoutStep])),
    timeoutMs,
  );
  const onStop = (): void => {
    const signal = exec.stopWith();
    exec.warn(
      `waiting up to ${patienceMs / 1000} s for the command to end, then all is undone; ${signal === "SIGINT" ? "Ctrl-C" : signal} once more leaves the rotation open: ${leftOpen}`,
    );
    breakOff(signal, interrupted(`the command was ended by ${signal}`));
  };
  // Where this process ends at once, nothing that holds the secret shall be left behind.
  const onExit = (): void => signalAll(child, "SIGKILL");
  stop.addEventListener("abort", onStop, { once: true });
  process.once("exit", onExit);
  try {
    const failure = await ended;
    clearTimeout(timer);
    stop.removeEventListener("abort", onStop);
    // Broken off, whatever belongs to it has to be gone before anything is undone.
    if (broken !== undefined && child.pid !== undefined) await groupGone(child.pid, 2 * patienceMs);
    hasEnded = true;
    resting = setTimeout(giveUp, silenceMs);
    ending = setTimeout(giveUp, patienceMs);
    await Promise.race([closed, givenUp]);
    child.stdout.destroy();
    child.stderr.destroy();
    await rest;
    await output.end();
    if (broken !== undefined) throw broken;
    if (failure !== undefined) throw failure;
  } finally {
    clearTimeout(timer);
    clearTimeout(killing);
    clearTimeout(resting);
    clearTimeout(ending);
    stop.removeEventListener("abort", onStop);
    process.removeListener("exit", onExit);
  }
}

const timeoutStep = "give it more time with --exec-timeout";

/** Hands on what comes of a stream until it ends or is destroyed. */
async function pass(stream: Readable, write: (chunk: Buffer) => Promise<void>): Promise<void> {
  try {
    for await (const chunk of stream) await write(chunk as Buffer);
  } catch {
    // Destroyed: what is left of the command's output belongs to what it left running.
  }
}

function signalAll({ pid }: ChildProcess, signal: StopSignal | "SIGKILL"): void {
  if (pid !== undefined) signalGroup(pid, signal);
}

function failureOf(code: number | null, signal: NodeJS.Signals | null): HooklineError | undefined {
  if (code === 0) return undefined;
  if (code === null) return failed(`the command was ended by ${signal}`);
  const ended = `the command ended with exit code ${code}`;
  if (code === 127 || (isWindows && code === 9009))
    return failed(`${ended}, as the shell found no such command`, [
      "check its path: it is run in the current folder, with the PATH of hookline",
    ]);
  if (code === 126 && !isWindows)
    return failed(`${ended}, as the shell may not run it`, ["make it executable: chmod +x"]);
  return failed(ended);
}

function failed(message: string, nextSteps: readonly string[] = [], cause?: unknown): HooklineError {
  return new HooklineError("exec-failed", message, { exitCode: EXIT.failed, nextSteps, cause });
}

function interrupted(message: string): HooklineError {
  return new HooklineError("interrupted", message, { exitCode: EXIT.failed });
}

/**
 * What came of a command that failed, once all was put back.
 * @param undone what was: `the new key was revoked, and …`
 */
export function execUndone(failure: HooklineError, undone: string): HooklineError {
  const { code, message, exitCode, nextSteps } = failure;
  return new HooklineError(code, `${message}: ${undone}`, {
    exitCode,
    nextSteps: [
      ...nextSteps,
      "where the command has put the new value to use already, have it put the one before to use again",
    ],
    cause: failure,
  });
}
