import type { Ora } from "ora";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Milliseconds that a wait stays unseen: most are over before. */
const hidden = 250;

/** A line at the bottom of the terminal that says what is waited for. */
export interface WaitingLine {
  say(text: string): void;
  /** Takes it away, so that a line can be printed. */
  clear(): void;
}

/** Nothing where nobody looks on. */
export function createWaitingLine(output: Output, stderr: NodeJS.WriteStream): WaitingLine {
  if (!output.interactive || !stderr.isTTY || !stderr.columns) return silent;
  let timer: NodeJS.Timeout | undefined;
  let line: Ora | undefined;
  let turn = 0;
  const clear = (): void => {
    turn++;
    clearTimeout(timer);
    line?.stop();
    line = undefined;
  };
  const show = async (text: string, mine: number): Promise<void> => {
    const { ora } = await import("./ora.ts");
    if (mine !== turn) return;
    // Neither raw mode nor the cursor's exit hook may come between Ctrl-C and its handler.
    const quiet = { discardStdin: false, hideCursor: false };
    line = ora({
      stream: stderr,
      isEnabled: true,
      text: safeLine(text, stderr.columns - 4),
      ...quiet,
    }).start();
  };
  return {
    clear,
    say(text) {
      clear();
      const mine = turn;
      timer = setTimeout(() => void show(text, mine), hidden);
    },
  };
}

export const silent: WaitingLine = { say: () => undefined, clear: () => undefined };
