import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { HooklineError } from "../errors.ts";
import { parseTarget } from "../transport/target.ts";
import { prepare, type PrepareOptions } from "./prepare.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

export interface SignOptions extends Omit<PrepareOptions, "what" | "fresh"> {
  what: string;
  fresh: boolean;
  /** Also make a curl command that sends the very bytes to this target. */
  curl?: string;
  /** File the bytes are written to, for curl to read. */
  out?: string;
}

export interface Signed {
  provider: string;
  title: string;
  event: string | undefined;
  headers: string[];
  bytes: number;
  origin: SecretOrigin;
  /** Arguments of a curl command, unquoted. */
  curl: string[] | undefined;
}

/** @throws HooklineError `sign-one`, `sign-needs-out` and what preparing a payload can throw */
export async function sign(workspace: Workspace, options: SignOptions): Promise<Signed> {
  const [prepared, ...more] = await prepare(workspace, { ...options, what: [options.what] });
  if (prepared === undefined || more.length > 0) {
    throw new HooklineError(
      "sign-one",
      `${JSON.stringify(options.what)} names ${more.length + 1} payloads; sign takes one`,
      {
        nextSteps: ["name one of them, as provider/event", "or send them all: hookline replay … --to TARGET"],
      },
    );
  }
  const { payload, origin, next } = prepared;
  const { headers, body } = next();
  const out = options.out === undefined ? undefined : resolve(workspace.host.cwd, options.out);
  if (out !== undefined) write(out, body);
  return {
    provider: payload.provider.id,
    title: payload.provider.title,
    event: payload.event,
    headers,
    bytes: body.length,
    origin,
    curl:
      options.curl === undefined
        ? undefined
        : curlArguments(options.curl, headers, sourceOf(out, payload.path, body.equals(payload.body))),
  };
}

function sourceOf(out: string | undefined, path: string | undefined, unchanged: boolean): string {
  if (out !== undefined) return out;
  if (path !== undefined && unchanged) return path;
  throw new HooklineError(
    "sign-needs-out",
    `the signed bytes are in no file that curl could send: ${unchanged ? "they came from standard input" : "they were edited"}`,
    {
      nextSteps: ["add --out FILE: the bytes are written there and curl reads them from it"],
    },
  );
}

function curlArguments(target: string, headers: readonly string[], file: string): string[] {
  const lines = headers.flatMap((name, index) =>
    index % 2 === 0 ? ["-H", `${name}: ${headers[index + 1] ?? ""}`] : [],
  );
  return ["curl", "-i", "-X", "POST", parseTarget(target).url.href, ...lines, "--data-binary", `@${file}`];
}

function write(file: string, body: Buffer): void {
  try {
    writeFileSync(file, body);
  } catch (cause) {
    throw new HooklineError("out-unwritable", `cannot write ${file}: ${(cause as Error).message}`, {
      cause,
      nextSteps: ["give --out a file in a folder that exists and that you may write to"],
    });
  }
}
