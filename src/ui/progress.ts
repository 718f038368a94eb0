import { safeLine } from "./safe.ts";
import type { Theme } from "./theme.ts";

export interface ProgressOptions {
  enabled: boolean;
  /** How many there will be; without it there is no bar. */
  total?: number;
  label: string;
  theme: Theme;
}

export interface Progress {
  /** What is done so far. Cheap: drawing happens ten times a second, whatever is told. */
  update(counts: { ok: number; failed: number }): void;
  /** Clears the line. */
  stop(): void;
}

const CELLS = 10;
const REDRAW_MS = 100;

/** One line at the bottom of the terminal: `sending ███████░░░ 42/100 · 38 ok · 4 failed`. Nothing where it is no TTY. */
export async function createProgress(
  stream: NodeJS.WriteStream,
  options: ProgressOptions,
): Promise<Progress> {
  // A terminal of unknown size says it has 0 columns; the library would clear infinitely many lines of it.
  if (!options.enabled || !stream.isTTY || !stream.columns)
    return { update: () => undefined, stop: () => undefined };
  const { theme, total } = options;
  const label = safeLine(options.label, 40);
  let counts = { ok: 0, failed: 0 };

  const draw = (): string => {
    const done = counts.ok + counts.failed;
    const failed = `${counts.failed} failed`;
    const filled = total ? Math.min(CELLS, Math.floor((done / total) * CELLS)) : 0;
    return [
      label,
      ...(total ? [theme.cyan("█".repeat(filled)) + theme.dim("░".repeat(CELLS - filled))] : []),
      total === undefined ? String(done) : `${done}/${total}`,
      `· ${counts.ok} ok · ${counts.failed > 0 ? theme.red(failed) : failed}`,
    ].join(" ");
  };

  const { ora } = await import("./ora.ts");
  const line = ora({
    stream,
    isEnabled: true,
    // A function is asked at each drawing; the spinner itself is the bar, so its one frame is empty.
    prefixText: draw,
    spinner: { frames: [""], interval: REDRAW_MS },
    color: false,
    // Neither raw mode nor the cursor's exit hook may come between Ctrl-C and its handler.
    discardStdin: false,
    hideCursor: false,
  }).start();

  return {
    update(now) {
      counts = now;
    },
    stop() {
      if (line.isSpinning) line.stop();
    },
  };
}
