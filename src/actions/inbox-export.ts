import { lstatSync, mkdirSync, readdirSync, renameSync, rmSync, writeFileSync } from "node:fs";
import { join, resolve } from "node:path";
import { HooklineError, isHooklineError } from "../errors.ts";
import { redact } from "../inbox/redact.ts";
import type { DeliverySummary, Inbox, RecordedDelivery } from "../inbox/types.ts";
import type { RawHeaders } from "../signing/types.ts";
import { isWhole } from "./inbox-payloads.ts";
import type { Workspace } from "./workspace.ts";

export interface ExportOptions {
  /** Folder that the files go into. */
  out: string;
  /** Replace files that are there. */
  force: boolean;
}

export interface Exported {
  number: number;
  id: string;
  file: string;
  bytes: number;
}

/**
 * Writes deliveries as raw HTTP requests, one file each, without credentials; those that were not recorded whole are
 * left out.
 * @throws HooklineError `file-exists` and `out-redirected`, before anything is written, and `out-unwritable`
 */
export function* exportDeliveries(
  { host, registry }: Workspace,
  inbox: Inbox,
  numbers: readonly number[],
  { out, force }: ExportOptions,
): Generator<Exported> {
  const folder = resolve(host.cwd, out);
  const places = inbox
    .some(numbers)
    .filter(isWhole)
    .sort((a, b) => a.number - b.number)
    .map((delivery) => ({ delivery, place: placeOf(delivery) }));
  for (const name of new Set(places.map(({ place }) => place.folder))) refuseRedirected(join(folder, name));
  if (!force) refuseExisting(folder, places);
  for (const { delivery, place } of places) {
    const recorded = inbox.get(delivery.number);
    // Removed meanwhile, as an inbox does with its oldest.
    if (recorded === undefined || recorded.body === null) continue;
    const provider = recorded.provider === null ? undefined : registry.get(recorded.provider);
    const request = rawRequest({ ...recorded, headers: redact(recorded.headers, provider) }, recorded.body);
    const file = join(folder, place.folder, place.file);
    write(join(folder, place.folder), file, request, force);
    yield { number: recorded.number, id: recorded.id, file, bytes: request.length };
  }
}

/** The request as it was on the wire; a body that came in chunks has its length told instead. */
export function rawRequest(
  { method, target, headers }: Pick<RecordedDelivery, "method" | "target" | "headers">,
  body: Uint8Array,
): Buffer {
  // A stray byte above ASCII stands in no request line.
  const escaped = target.replace(
    /[^\x21-\x7e]/g,
    (byte) => `%${Buffer.from(byte, "latin1").toString("hex")}`,
  );
  const lines = [`${method} ${escaped} HTTP/1.1`];
  const whole = withLength(headers, body.length);
  for (let index = 0; index + 1 < whole.length; index += 2)
    lines.push(`${whole[index]}: ${whole[index + 1]}`);
  return Buffer.concat([Buffer.from(`${lines.join("\r\n")}\r\n\r\n`, "latin1"), body]);
}

function withLength(headers: RawHeaders, length: number): string[] {
  const result: string[] = [];
  let isTold = false;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const [name = "", value = ""] = headers.slice(index, index + 2);
    if (!/^(transfer-encoding|content-length)$/i.test(name)) result.push(name, value);
    else if (!isTold) {
      if (/^content-length$/i.test(name)) result.push(name, value);
      else result.push("Content-Length", String(length));
      isTold = true;
    }
  }
  return isTold || length === 0 ? result : [...result, "Content-Length", String(length)];
}

interface Place {
  folder: string;
  file: string;
}

function placeOf({ provider, event, number }: DeliverySummary): Place {
  return {
    folder: safeName(provider ?? "unknown"),
    file: `${safeName(event ?? "request")}-${number}.http`,
  };
}

const longestName = 80;
/** Names that Windows takes for devices, with whatever extension. */
const devices = /^(con|prn|aux|nul|com\d|lpt\d|conin\$|conout\$)(?=\.|$)/i;

/** A name from outside as part of a file's name: plain characters, nothing hidden, no way out of its folder. */
export function safeName(text: string): string {
  const plain = text.slice(0, longestName).replace(/[^A-Za-z0-9._-]+/g, "-");
  const name = plain.replace(/^[.-]+/, "").replace(/[.-]+$/, "");
  return name === "" ? "unnamed" : name.replace(devices, "_$1");
}

function refuseExisting(folder: string, places: readonly { place: Place }[]): void {
  const there = new Map<string, Set<string>>();
  for (const { place } of places) {
    let names = there.get(place.folder);
    if (names === undefined) there.set(place.folder, (names = namesIn(join(folder, place.folder))));
    if (names.has(place.file)) throw exists(join(folder, place.folder, place.file));
  }
}

function namesIn(folder: string): Set<string> {
  try {
    return new Set(readdirSync(folder));
  } catch {
    return new Set();
  }
}

/** Only its user can read the file; one that is there, be it a link, is replaced and never written through. */
function write(folder: string, file: string, content: Buffer, force: boolean): void {
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 });
    // Once more: time has passed since all of them were looked at.
    refuseRedirected(folder);
    if (!force) return writeFileSync(file, content, { flag: "wx", mode: 0o600 });
    const beside = `${file}.${process.pid}.tmp`;
    try {
      writeFileSync(beside, content, { flag: "wx", mode: 0o600 });
      renameSync(beside, file);
    } catch (error) {
      rmSync(beside, { force: true });
      throw error;
    }
  } catch (cause) {
    if (isHooklineError(cause)) throw cause;
    if ((cause as NodeJS.ErrnoException).code === "EEXIST" && !force) throw exists(file);
    throw new HooklineError("out-unwritable", `cannot write ${file}: ${(cause as Error).message}`, {
      cause,
      nextSteps: ["give --out a folder that you may write to"],
    });
  }
}

/** What others can put into the user's folder must not lead files out of it. */
function refuseRedirected(folder: string): void {
  let stat;
  try {
    stat = lstatSync(folder, { throwIfNoEntry: false });
  } catch {
    // What cannot be looked at is reported where it is written to.
  }
  if (stat === undefined || stat.isDirectory()) return;
  const what = stat.isSymbolicLink() ? "is a link, which may lead elsewhere" : "is no folder";
  throw new HooklineError("out-redirected", `${folder} ${what}, so nothing was written there`, {
    nextSteps: ["give --out another folder", "or remove what is there"],
  });
}

function exists(file: string): HooklineError {
  return new HooklineError("file-exists", `${file} is there already, and nothing was written over it`, {
    nextSteps: ["give --out another folder", "or replace what is there: --force"],
  });
}
