import { formsOf } from "../text/secret-forms.ts";
import { hint } from "./format.ts";

interface Mask {
  /** What may be shown by now: the end of what came is kept back as long as it may be the beginning of a secret. */
  push(chunk: Buffer): Buffer;
  /** What was kept back. */
  end(): Buffer;
}

/** Replaces secrets, in whatever form, in a stream of bytes by what may be shown of them. */
export function createMask(secrets: readonly string[]): Mask {
  const shown = new Map(
    secrets.flatMap((secret) => formsOf(secret).map((form) => [bytesOf(form), hint(secret)] as const)),
  );
  // Of two that begin alike the longer one is meant.
  const forms = [...shown.keys()].sort((one, other) => other.length - one.length);
  const longest = forms[0]?.length ?? 0;
  const pattern = new RegExp(forms.map((form) => form.replace(/[^\w]/g, "\\$&")).join("|") || "(?!)", "g");
  let kept = "";

  /** Where the end of a text begins that more may make a form of. */
  const beginningOf = (text: string, from: number): number => {
    for (let at = Math.max(from, text.length - longest + 1); at < text.length; at++) {
      const end = text.slice(at);
      if (forms.some((form) => form.length > end.length && form.startsWith(end))) return at;
    }
    return text.length;
  };
  const replace = (text: string, isEnd: boolean): string => {
    let done = "";
    for (let from = 0; ; from = pattern.lastIndex) {
      pattern.lastIndex = from;
      const found = pattern.exec(text);
      const until = isEnd ? text.length : beginningOf(text, from);
      if (found === null || found.index >= until) {
        kept = text.slice(until);
        return done + text.slice(from, until);
      }
      done += text.slice(from, found.index) + bytesOf(shown.get(found[0]) ?? "…");
    }
  };
  return {
    // Latin1 keeps every byte as it is.
    push: (chunk) => Buffer.from(replace(kept + chunk.toString("latin1"), false), "latin1"),
    end: () => Buffer.from(replace(kept, true), "latin1"),
  };
}

const bytesOf = (text: string): string => Buffer.from(text).toString("latin1");

/**
 * Shows a command's output on standard error as it comes, but for secrets. It is the user's own, so nothing else is
 * taken out of it.
 */
export function showCommandOutput(
  { stderr }: { stderr: NodeJS.WritableStream },
  secrets: readonly string[],
): { write(from: "stdout" | "stderr", chunk: Buffer): Promise<void>; end(): Promise<void> } {
  const masks = { stdout: createMask(secrets), stderr: createMask(secrets) };
  let isLineOver = true;
  const write = (bytes: Buffer): Promise<void> => {
    if (bytes.length === 0) return Promise.resolve();
    isLineOver = bytes.at(-1) === 0x0a;
    // An error is told to whoever listens; the command goes on all the same.
    return new Promise((resolve) => stderr.write(bytes, () => resolve()));
  };
  return {
    write: (from, chunk) => write(masks[from].push(chunk)),
    async end() {
      for (const mask of Object.values(masks)) await write(mask.end());
      // What hookline says after it begins on a line of its own.
      if (!isLineOver) await write(Buffer.from("\n"));
    },
  };
}
