import type { LoadStart, LoadTick } from "../actions/load.ts";
import { duration } from "./format.ts";
import { perSecond } from "./load-words.ts";
import type { Theme } from "./theme.ts";

export interface LoadProgress {
  update(second: LoadTick): void;
  /** Clears the line. */
  stop(): void;
}

/** One line at the bottom of the terminal: `12 s of 60 s · 500/s · p99 34 ms · 3 failed · 17 under way`. */
export async function createLoadProgress(
  stream: NodeJS.WriteStream,
  { forMs }: LoadStart,
  { enabled, theme }: { enabled: boolean; theme: Theme },
): Promise<LoadProgress> {
  // A terminal of unknown size says it has 0 columns; the library would clear infinitely many lines of it.
  if (!enabled || !stream.isTTY || !stream.columns) return { update: () => undefined, stop: () => undefined };
  let latest: LoadTick | undefined;
  let failed = 0;
  const draw = (): string => {
    if (latest === undefined) return `for ${duration(forMs)}`;
    const { at, started, p99, underWay } = latest;
    const failures = `${failed} failed`;
    return [
      `${duration(Math.min((at + 1) * 1000, forMs))} of ${duration(forMs)}`,
      `${perSecond(started)}/s`,
      ...(p99 === null ? [] : [`p99 ${duration(p99)}`]),
      failed > 0 ? theme.red(failures) : failures,
      `${underWay} under way`,
    ].join(" · ");
  };
  const { ora } = await import("./ora.ts");
  const line = ora({
    stream,
    isEnabled: true,
    prefixText: draw,
    spinner: { frames: [""], interval: 250 },
    color: false,
    // Neither raw mode nor the cursor's exit hook may come between Ctrl-C and its handler.
    discardStdin: false,
    hideCursor: false,
  }).start();
  return {
    update(second) {
      latest = second;
      failed += second.failed;
    },
    stop() {
      if (line.isSpinning) line.stop();
    },
  };
}
