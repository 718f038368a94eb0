import { writeFileSync } from "node:fs";
import { resolve } from "node:path";
import { HooklineError } from "../errors.ts";
import type { Payload } from "../payloads/load.ts";
import { parseTarget } from "../transport/target.ts";
import { curlArguments, headerText } from "./curl.ts";
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
  if (origin === undefined) throw new Error("it is signed, unless its original headers are asked for");
  const { headers, body } = next();
  const text = headers.map(headerText);
  const out = options.out === undefined ? undefined : resolve(workspace.host.cwd, options.out);
  const curl =
    options.curl === undefined
      ? undefined
      : curlArguments(parseTarget(options.curl).url.href, text, [
          "--data-binary",
          `@${sourceOf(out, payload, body)}`,
        ]);
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

/** The file that holds the signed bytes. */
function sourceOf(out: string | undefined, payload: Payload, body: Buffer): string {
  const unchanged = body.equals(payload.body);
  if (out !== undefined) return out;
  if (payload.path !== undefined && unchanged) return payload.path;
  throw new HooklineError(
    "sign-needs-out",
    `the signed bytes are in no file that curl could send: ${unchanged ? `they came from ${origins[payload.source]}` : "they were edited"}`,
    {
      nextSteps: ["add --out FILE: the bytes are written there and curl reads them from it"],
    },
  );
}

/** Where payloads come from that no file holds alone. */
const origins: Readonly<Record<Payload["source"], string>> = {
  fixture: "a fixture",
  file: "a recorded request",
  stdin: "standard input",
  remote: "the API",
  inbox: "the inbox",
};

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
