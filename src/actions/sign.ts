import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { HooklineError } from "../errors.ts";
import type { Payload } from "../payloads/load.ts";
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
  /** Names and values alternately; text, not the latin1 of the wire. */
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
  const text = headers.map(utf8);
  const out = options.out === undefined ? undefined : resolve(workspace.host.cwd, options.out);
  const curl =
    options.curl === undefined ? undefined : curlArguments(options.curl, text, sourceOf(out, payload, body));
  if (out !== undefined) write(out, body);
  return {
    provider: payload.provider.id,
    title: payload.provider.title,
    event: payload.event,
    headers: text,
    bytes: body.length,
    origin,
    curl,
  };
}

/** Header values are made of text, whose UTF-8 bytes go out one character each. */
function utf8(value: string): string {
  return Buffer.from(value, "latin1").toString("utf8");
}

/** The file that holds the signed bytes. */
function sourceOf(out: string | undefined, payload: Payload, body: Buffer): string {
  const unchanged = body.equals(payload.body);
  if (out !== undefined) return out;
  if (payload.path !== undefined && unchanged) return payload.path;
  const origin = payload.source === "remote" ? "the API" : "standard input";
  throw new HooklineError(
    "sign-needs-out",
    `the signed bytes are in no file that curl could send: ${unchanged ? `they came from ${origin}` : "they were edited"}`,
    {
      nextSteps: ["add --out FILE: the bytes are written there and curl reads them from it"],
    },
  );
}

/** What curl sends of its own accord, in place of a header that is not given. */
const curlsOwn = ["content-type", "user-agent"];

function curlArguments(target: string, headers: readonly string[], file: string): string[] {
  const url = parseTarget(target).url.href;
  const given = new Set<string>();
  const lines: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    given.add(name.toLowerCase());
    // curl takes `Name:` for leaving a header out, and `Name;` for an empty one.
    const value = headers[index + 1] ?? "";
    lines.push("-H", value === "" ? `${name};` : `${name}: ${value}`);
  }
  for (const name of curlsOwn) if (!given.has(name)) lines.push("-H", `${name}:`);
  // Without -g curl reads these as patterns of several URLs.
  const literal = /[[\]{}]/.test(url) ? ["-g"] : [];
  return ["curl", "-i", ...literal, "-X", "POST", url, ...lines, "--data-binary", `@${file}`];
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
