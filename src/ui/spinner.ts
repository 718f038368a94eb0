import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Milliseconds that a wait stays unseen: most are over before. */
const hidden = 250;

/**
 * Shows a spinner on standard error while something takes long, where a person looks on.
 * @param label what is waited for: `asking https://…`
 */
export async function during<Result>(
  { output, stderr }: { output: Output; stderr: NodeJS.WriteStream },
  label: string,
  work: Promise<Result>,
): Promise<Result> {
  if (!output.interactive || !stderr.isTTY || !stderr.columns) return work;
  let stop: () => void = () => undefined;
  let over = false;
  const timer = setTimeout(() => {
    void import("./ora.ts").then(({ ora }) => {
      if (over) return;
      const line = ora({
        stream: stderr,
        isEnabled: true,
        text: safeLine(label, 100),
        // Neither raw mode nor the cursor's exit hook may come between Ctrl-C and its handler.
        discardStdin: false,
        hideCursor: false,
      }).start();
      stop = () => line.stop();
    });
  }, hidden);
  try {
    return await work;
  } finally {
    over = true;
    clearTimeout(timer);
    stop();
  }
}
