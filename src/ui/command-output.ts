import { hint } from "./format.ts";

interface Mask {
  /** What may be shown by now: the end of what came is kept back as long as it may be the beginning of a secret. */
  push(chunk: Buffer): Buffer;
  /** What was kept back. */
  end(): Buffer;
}

/** The least that is looked for without its prefix: less may stand anywhere. */
const leastLength = 12;

/** Replaces secrets in a stream of bytes by what may be shown of them. */
export function createMask(secrets: readonly string[]): Mask {
  const shown = new Map(
    secrets
      .filter((secret) => secret !== "")
      .flatMap((secret) => formsOf(secret).map((form) => [form, hint(secret)] as const)),
  );
  // Of two that begin alike the longer one is meant.
  const forms = [...shown.keys()].sort((one, other) => other.length - one.length);
  const longest = forms[0]?.length ?? 0;
  let kept = "";

  const replace = (text: string, isEnd: boolean): string => {
    let done = "";
    let from = 0;
    for (let at = 0; at < text.length; at++) {
      const form = forms.find((one) => text.startsWith(one, at));
      // What has only begun may still become a longer one.
      const rest = text.length - at;
      if (
        !isEnd &&
        rest < longest &&
        forms.some((one) => one.length > rest && one.startsWith(text.slice(at)))
      ) {
        kept = text.slice(at);
        return done + text.slice(from, at);
      }
      if (form === undefined) continue;
      done += text.slice(from, at) + bytesOf(shown.get(form) ?? "…");
      from = at + form.length;
      at = from - 1;
    }
    kept = "";
    return done + text.slice(from);
  };
  return {
    // Latin1 keeps every byte as it is.
    push: (chunk) => Buffer.from(replace(kept + chunk.toString("latin1"), false), "latin1"),
    end: () => Buffer.from(replace(kept, true), "latin1"),
  };
}

/** As it is, without its prefix (libraries take it so), in a URL, and in base64 (as in a Kubernetes secret). */
function formsOf(secret: string): string[] {
  const bare = secret.replace(/^[A-Za-z]{1,8}_/, "");
  const bytes = Buffer.from(secret);
  // The last group of base64 depends on what follows.
  const base64 = bytes.subarray(0, bytes.length - (bytes.length % 3)).toString("base64");
  const others = [bare, encodeURIComponent(secret), base64].filter((form) => form.length >= leastLength);
  return [...new Set([secret, ...others])].map(bytesOf);
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
