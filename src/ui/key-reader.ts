import { emitKeypressEvents } from "node:readline";

/** What is used of `process.stdin`. */
export interface Keyboard extends NodeJS.ReadableStream {
  readonly isTTY?: boolean;
  readonly readableEnded?: boolean;
  setRawMode(isRaw: boolean): unknown;
}

/** What is used of `process`. */
export interface Signals {
  readonly platform: string;
  emit(name: "SIGINT", signal: "SIGINT"): boolean;
  kill(pid: number, signal: "SIGTSTP"): unknown;
  on(name: "SIGCONT", listener: () => void): unknown;
  off(name: "SIGCONT", listener: () => void): unknown;
}

/** The terminal that keys come from. */
export interface KeySource {
  stdin: Keyboard;
  process: Signals;
  /** Whether keys go to this process now: a job in the background would be stopped for reading them. */
  ownsTerminal: () => boolean;
}

/** Keys that are read one at a time, until it is closed. */
export interface KeyReader {
  /** Leaves the keyboard to a question, … */
  pause(): void;
  /** … and takes it back. */
  resume(): void;
  /** Leaves the terminal as it was. */
  close(): void;
}

const ctrlC = "\x03";
const ctrlZ = "\x1a";

/**
 * Reads keys from a terminal in raw mode, in which Ctrl-C and Ctrl-Z are keys too: they do what they always do. Several
 * keys that come at once are a paste, unless they are one key held down, and mean nothing.
 * @param onKey gets what was typed, in lower case; arrows and other keys that send escape sequences never come
 */
export function readKeys(
  { stdin, process, ownsTerminal }: KeySource,
  onKey: (key: string) => void,
): KeyReader {
  let isPaused = false;
  let arrived: string[] = [];

  const take = (): void => {
    const [first, ...others] = arrived;
    arrived = [];
    if (first !== undefined && first !== "" && !isPaused && others.every((other) => other === first))
      onKey(first);
  };
  const onKeypress = (text: string | undefined): void => {
    if (text === ctrlC) process.emit("SIGINT", "SIGINT");
    else if (text === ctrlZ) suspend();
    else if (arrived.push(text?.toLowerCase() ?? "") === 1) queueMicrotask(take);
  };
  const suspend = (): void => {
    if (process.platform === "win32") return;
    stdin.setRawMode(false);
    // The whole job, as the terminal would. It goes on behind this line when it is continued, or at once where no shell
    // is there to do so.
    process.kill(0, "SIGTSTP");
    takeTerminal();
  };
  const takeTerminal = (): void => {
    if (isPaused) return;
    if (!ownsTerminal()) {
      stdin.pause();
      return;
    }
    // Whoever had the terminal meanwhile has changed its mode, and what is thought to be set would not be set again.
    stdin.setRawMode(false);
    stdin.setRawMode(true);
    stdin.resume();
  };
  // The terminal is gone: there is nobody to read from any more.
  const ignore = (): void => undefined;

  const start = (): void => {
    isPaused = false;
    stdin.on("keypress", onKeypress);
    takeTerminal();
  };
  const pause = (): void => {
    isPaused = true;
    stdin.off("keypress", onKeypress);
  };
  emitKeypressEvents(stdin);
  stdin.on("error", ignore);
  process.on("SIGCONT", takeTerminal);
  start();
  return {
    pause,
    resume: start,
    close() {
      pause();
      process.off("SIGCONT", takeTerminal);
      stdin.off("error", ignore);
      stdin.setRawMode(false);
      stdin.pause();
    },
  };
}
