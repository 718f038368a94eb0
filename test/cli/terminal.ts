import { spawn, spawnSync, type ChildProcess } from "node:child_process";
import { afterEach } from "vitest";
import { bin, type Place } from "./spawn.ts";

/** Whether a pseudo-terminal can be had here. */
export const hasTerminal = spawnSync("script", ["--version"]).status === 0;

/** hookline on a pseudo-terminal, with somebody at the keyboard. */
export interface Terminal {
  /** All that the terminal got, without its styles. */
  screen: () => string;
  /** Waits until the program asks or says this; looks only at what came since the last such wait. */
  until: (text: string) => Promise<void>;
  type: (keys: string) => void;
  /** Settles with the exit code when the program has ended. */
  ended: Promise<number | null>;
}

const deadlineMs = 25_000;
const running = new Set<ChildProcess>();

afterEach(() => {
  for (const child of running) child.kill("SIGKILL");
});

export interface TerminalOptions {
  place: Place;
  env?: Readonly<Record<string, string>>;
  columns?: number;
  /** The terminal's mode stands first and last on the screen, as `mode: …`. */
  showMode?: boolean;
}

export function startOnTerminal(
  args: readonly string[],
  { place, env = {}, columns = 160, showMode = false }: TerminalOptions,
): Terminal {
  const quote = (text: string): string => `'${text.replaceAll("'", String.raw`'\''`)}'`;
  const command = [process.execPath, bin, ...args].map(quote).join(" ");
  const mode = 'echo "mode: $(stty -g)"';
  const steps = showMode ? `${mode}; ${command}; code=$?; ${mode}; exit $code` : command;
  const child = spawn("script", ["-qec", `stty cols ${columns} rows 40; ${steps}`, "/dev/null"], {
    cwd: place.cwd,
    env: { PATH: process.env["PATH"], HOME: place.home, TERM: "xterm", ...env },
    stdio: ["pipe", "pipe", "inherit"],
  });
  running.add(child);
  let output = "";
  let seen = 0;
  let look: () => void = () => undefined;
  child.stdout.setEncoding("utf8").on("data", (chunk: string) => {
    output += chunk;
    look();
  });
  child.stdin.on("error", () => undefined);
  const screen = (): string => output.replace(/\x1b\[[\d;?]*[A-Za-z]/g, "");
  const ended = new Promise<number | null>((resolve) => {
    child.on("close", (code) => {
      running.delete(child);
      resolve(code);
    });
  });
  return {
    screen,
    ended,
    type: (keys) => void child.stdin.write(keys),
    until: (text) =>
      new Promise((resolve, reject) => {
        const timer = setTimeout(
          () => reject(new Error(`waited in vain for ${text}:\n${screen()}`)),
          deadlineMs,
        );
        look = () => {
          const at = screen().indexOf(text, seen);
          if (at < 0) return;
          seen = at + text.length;
          clearTimeout(timer);
          resolve();
        };
        look();
      }),
  };
}
