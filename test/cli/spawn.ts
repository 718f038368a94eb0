import { spawn, type ChildProcess } from "node:child_process";
import { cpSync, mkdirSync, mkdtempSync, realpathSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { dirname, join } from "node:path";
import { fileURLToPath } from "node:url";
import { afterAll, afterEach } from "vitest";

/** The checkout. */
export const root = join(dirname(fileURLToPath(import.meta.url)), "../..");
/** The program as users start it; the suite's set-up has built it. */
export const bin = join(root, "bin/hookline.js");

/** Whatever has not happened by then never will: generous, as the machine may be busy. */
const usualDeadlineMs = 25_000;

/** A home and a working folder of their own, both empty. */
export interface Place {
  home: string;
  cwd: string;
  /** Writes a file into the working folder. @returns its path */
  write(name: string, content: string | Uint8Array): string;
}

const folders: string[] = [];

/** Where folders are on a disk, for tests in which its pace, or running what was installed, counts. */
export const disk = process.env["DISK_FOLDER"] ?? tmpdir();

/** An empty folder, removed when the test file is done. */
export function createFolder(parent = tmpdir()): string {
  const folder = realpathSync(mkdtempSync(join(parent, "hookline-test-")));
  folders.push(folder);
  return folder;
}

export function createPlace(parent?: string): Place {
  const folder = createFolder(parent);
  const place = { home: join(folder, "home"), cwd: join(folder, "work") };
  mkdirSync(place.home);
  mkdirSync(place.cwd);
  return {
    ...place,
    write(name, content) {
      const file = join(place.cwd, name);
      mkdirSync(dirname(file), { recursive: true });
      writeFileSync(file, content);
      return file;
    },
  };
}

/** A place whose home is as that one's is now, so that what many tests begin with is made once. Nobody may be writing there. */
export function copyPlace({ home }: Place): Place {
  const copy = createPlace();
  cpSync(home, copy.home, { recursive: true });
  return copy;
}

export interface SpawnOptions {
  /** Where it runs; a place that all processes of the test file share where left out. */
  place?: Place;
  /** Variables beside PATH and HOME; the test's own environment is not handed on. */
  env?: Readonly<Record<string, string>>;
  /** Standard input; closed at once where left out. */
  input?: string | Uint8Array;
  /** Called with standard output as it comes; nothing is gathered then. The reader may destroy it. */
  reader?: (stdout: NodeJS.ReadableStream & { destroy(): void }) => void;
  /** Milliseconds after which it counts as hanging. */
  deadlineMs?: number;
}

export interface Finished {
  /** Exit code, null where a signal ended it. */
  code: number | null;
  signal: NodeJS.Signals | null;
  stdout: string;
  /** Standard output, byte for byte. */
  bytes: Buffer;
  stderr: string;
}

export interface Started {
  pid: number;
  stdout(): string;
  stderr(): string;
  /** Waits until the process has said so; fails where it ends, or the deadline passes, before. */
  until(what: string, said: (stdout: string, stderr: string) => boolean): Promise<void>;
  /** Waits until a listener is up. @returns its address */
  ready(): Promise<string>;
  kill(signal: NodeJS.Signals): void;
  /** Settles when the process has ended and its output is read. */
  finished: Promise<Finished>;
}

const running = new Set<ChildProcess>();
let shared: Place | undefined;

/** The place that processes of this test file share: their development secrets are the same. */
function sharedPlace(): Place {
  return (shared ??= createPlace());
}

/** Starts hookline. Whatever a test started is killed when that test ends. */
export function start(args: readonly string[], options: SpawnOptions = {}): Started {
  return startCommand(process.execPath, [bin, ...args], options);
}

/** Runs hookline to its end. */
export function run(args: readonly string[], options: SpawnOptions = {}): Promise<Finished> {
  return start(args, options).finished;
}

/** Starts any program the same way. */
export function startCommand(command: string, args: readonly string[], options: SpawnOptions = {}): Started {
  const { place = sharedPlace(), env = {}, input, reader, deadlineMs = usualDeadlineMs } = options;
  const child = spawn(command, args, {
    cwd: place.cwd,
    env: { PATH: process.env["PATH"], HOME: place.home, ...env },
    stdio: [input === undefined ? "ignore" : "pipe", "pipe", "pipe"],
  });
  running.add(child);
  const chunks: Buffer[] = [];
  let errors = "";
  let listeners: (() => void)[] = [];
  const told = (): void => {
    for (const listener of listeners) listener();
  };
  const { stdout, stderr, stdin } = child;
  if (stdout === null || stderr === null) throw new Error("no pipes to the process");
  // A program that does not read its input may be gone before it is written.
  stdin?.on("error", () => undefined).end(input);
  if (reader !== undefined) reader(stdout);
  else
    stdout.on("data", (chunk: Buffer) => {
      chunks.push(chunk);
      told();
    });
  stderr.setEncoding("utf8").on("data", (chunk: string) => {
    errors += chunk;
    told();
  });
  const output = (): string => Buffer.concat(chunks).toString("utf8");
  const words = (): string => `${command} ${args.join(" ")}\nstdout:\n${output()}\nstderr:\n${errors}`;

  let ended: Finished | undefined;
  const finished = new Promise<Finished>((resolve, reject) => {
    const timer = setTimeout(() => {
      child.kill("SIGKILL");
      reject(new Error(`still running after ${deadlineMs} ms: ${words()}`));
    }, deadlineMs);
    child.on("error", reject);
    child.on("close", (code, signal) => {
      clearTimeout(timer);
      running.delete(child);
      ended = { code, signal, stdout: output(), bytes: Buffer.concat(chunks), stderr: errors };
      resolve(ended);
      told();
    });
  });
  // A test that waits for something else must not fail by this one's deadline as well.
  finished.catch(() => undefined);

  const until: Started["until"] = (what, said) =>
    new Promise((resolve, reject) => {
      const settle = (done: () => void): void => {
        clearTimeout(timer);
        listeners = listeners.filter((listener) => listener !== look);
        done();
      };
      const look = (): void => {
        if (said(output(), errors)) settle(resolve);
        else if (ended !== undefined)
          settle(() => reject(new Error(`ended with ${ended?.code} before ${what}: ${words()}`)));
      };
      const timer = setTimeout(
        () => settle(() => reject(new Error(`waited in vain for ${what}: ${words()}`))),
        deadlineMs,
      );
      listeners.push(look);
      look();
    });

  return {
    pid: child.pid ?? 0,
    stdout: output,
    stderr: () => errors,
    until,
    async ready() {
      const address = /(?:"type":"ready","url":"|listening on (?:\x1b\[\d+m)?)(http:\/\/[^\s"\x1b]+)/;
      await until("a ready line", (out, err) => address.test(out) || address.test(err));
      return (address.exec(output()) ?? address.exec(errors))?.[1] ?? "";
    },
    kill: (signal) => void child.kill(signal),
    finished,
  };
}

/** The documents of NDJSON text; fails where a line is anything else. */
export function ndjson(text: string): Record<string, unknown>[] {
  if (text !== "" && !text.endsWith("\n")) throw new Error(`the last line has no end: ${text}`);
  return text
    .split("\n")
    .slice(0, -1)
    .map((line) => JSON.parse(line) as Record<string, unknown>);
}

afterEach(async () => {
  const left = [...running];
  await Promise.all(
    left.map(
      (child) =>
        new Promise((resolve) => {
          child.once("close", resolve);
          child.kill("SIGKILL");
        }),
    ),
  );
});

afterAll(() => {
  for (const folder of folders) rmSync(folder, { recursive: true, force: true });
});
