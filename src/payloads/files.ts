import { createReadStream, readdirSync, statSync } from "node:fs";
import { join } from "node:path";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import { parseRawRequest } from "./raw-request.ts";

/** Largest payload read, in bytes. */
const maxPayloadBytes = 64 * 1024 * 1024;

/** What stands at a path; a link is followed. Throws `payload-unreadable` where that cannot be told. */
export function kindOf(path: string, name: string): "folder" | "file" | undefined {
  try {
    return statSync(path).isDirectory() ? "folder" : "file";
  } catch (cause) {
    if (["ENOENT", "ENOTDIR", "ENAMETOOLONG", "ERR_INVALID_ARG_VALUE"].includes(codeOf(cause)))
      return undefined;
    throw unreadable(name, cause);
  }
}

/**
 * The regular files in a folder and below, as paths below it with `/`, in byte order. Dot-files, `node_modules` and
 * links are left out: a link in a cloned repository could lead to any file of the user. None where there is no folder.
 */
export function filesBelow(folder: string): string[] {
  const files: string[] = [];
  const visit = (below: string): void => {
    for (const entry of readdirSync(join(folder, below), { withFileTypes: true })) {
      if (entry.name.startsWith(".") || entry.name === "node_modules") continue;
      if (entry.isDirectory()) visit(`${below}${entry.name}/`);
      else if (entry.isFile()) files.push(`${below}${entry.name}`);
    }
  };
  try {
    visit("");
  } catch (cause) {
    throw unreadable(folder, cause);
  }
  return files.sort((a, b) => Buffer.compare(Buffer.from(a), Buffer.from(b)));
}

/** All bytes of a file, pipe or device, as far as the limit goes. `name` is the file as the user knows it. */
export async function readPayloadFile(path: string, name: string): Promise<Buffer> {
  const chunks: Buffer[] = [];
  try {
    // `end` is inclusive: one byte more than allowed tells that there is too much.
    for await (const chunk of createReadStream(path, { end: maxPayloadBytes })) chunks.push(chunk as Buffer);
  } catch (cause) {
    throw unreadable(name, cause);
  }
  const body = Buffer.concat(chunks);
  refuseTooLarge(body, name);
  return body;
}

/** A request as it was recorded in a file. */
export interface RecordedRequest {
  /** Path and query. */
  target: string;
  headers: string[];
  body: Buffer;
}

/** Whether a file holds a raw HTTP request, and not a body alone. */
export function isRequestFile(path: string): boolean {
  return /\.http$/i.test(path);
}

/** Reads a raw HTTP request; its body may have been edited since. @throws HooklineError `request-malformed` */
export async function readRequest(path: string, name: string): Promise<RecordedRequest> {
  const bytes = await readPayloadFile(path, name);
  try {
    const { target, headers, body, rest } = parseRawRequest(bytes);
    return { target, headers, body: wasLengthened(body, rest) ? rest : body };
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    const { code, message, nextSteps } = error;
    throw new HooklineError(code, `${name} cannot be read: ${message}`, { nextSteps, cause: error });
  }
}

/** Whether more follows the body than its Content-Length says, and not just the line end that editors add. */
function wasLengthened(body: Buffer, rest: Buffer): boolean {
  if (!rest.subarray(0, body.length).equals(body)) return false;
  return rest.subarray(body.length).some((byte) => byte !== 0x0a && byte !== 0x0d);
}

export function refuseTooLarge(body: Buffer, name: string): void {
  if (body.length <= maxPayloadBytes) return;
  throw new HooklineError("payload-too-large", `${name} is larger than 64 MiB, the most a payload may have`, {
    nextSteps: ["send a smaller payload"],
  });
}

function unreadable(name: string, cause: unknown): HooklineError {
  return new HooklineError("payload-unreadable", `${name} cannot be read (${codeOf(cause)})`, {
    exitCode: EXIT.usage,
    nextSteps: ["check that it is there and that you may read it"],
    cause,
  });
}

function codeOf(cause: unknown): string {
  return cause instanceof Error && "code" in cause ? String(cause.code) : String(cause);
}
