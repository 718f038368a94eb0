import { basename, dirname, resolve } from "node:path";
import { EXIT, HooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import { eventOf, lazyJson } from "../providers/event.ts";
import { identify, splitTarget } from "../providers/identify.ts";
import type { Registry } from "../providers/index.ts";
import {
  filesBelow,
  isRequestFile,
  kindOf,
  readPayloadFile,
  readRequest,
  type RecordedRequest,
} from "./files.ts";
import { withoutExtension } from "./fixtures.ts";
import { ofNobody, unknown } from "./load-errors.ts";
import type { Loading, Payload } from "./payload.ts";

/** How far above a file named by the user its provider's folder is looked for. */
const parentsSearched = 3;

export async function fromDisk(name: string, loading: Loading): Promise<Payload[]> {
  const path = resolve(loading.cwd, name);
  switch (name === "" ? undefined : kindOf(path, name)) {
    case undefined:
      throw unknown(name, loading);
    case "file":
      return [await fromFile(name, path, undefined, loading)];
    case "folder":
      return fromFolder(name, path, loading);
  }
}

async function fromFolder(name: string, folder: string, loading: Loading): Promise<Payload[]> {
  const files = filesBelow(folder);
  if (files.length === 0) {
    throw new HooklineError("payload-unknown", `there are no files in ${name}`, {
      exitCode: EXIT.notFound,
      nextSteps: ["hidden files, node_modules and links in a folder are left out: name such a file itself"],
    });
  }
  const payloads: Payload[] = [];
  for (const below of files) {
    const shown = `${name.replace(/[\\/]+$/, "")}/${below}`;
    payloads.push(await fromFile(shown, resolve(folder, below), folder, loading));
  }
  return payloads;
}

async function fromFile(
  name: string,
  path: string,
  topFolder: string | undefined,
  { registry, signer }: Loading,
): Promise<Payload> {
  const place = providerFolder(path, topFolder, registry);
  if (isRequestFile(path)) {
    const request = await readRequest(path, name);
    return fromRequest(name, request, signer ?? senderOf(request, place?.provider, registry));
  }
  const provider = signer ?? place?.provider;
  if (provider === undefined)
    throw ofNobody(name, ["put it in a folder named after its provider, like fareplay/order.created.json"]);
  const body = await readPayloadFile(path, name);
  const below = place?.below ?? basename(path);
  const named = [withoutExtension(below), below].find((event) => Object.hasOwn(provider.events, event));
  const event = named === undefined ? eventIn(provider, body) : { event: named };
  return { name, source: "file", provider, ...event, body, path };
}

function fromRequest(
  name: string,
  { target, headers, body }: RecordedRequest,
  provider: Provider | undefined,
): Payload {
  if (provider === undefined) throw ofNobody(name);
  const event = eventOf(provider, { headers, path: splitTarget(target).path, json: lazyJson(body) });
  return { name, source: "file", provider, ...(event === undefined ? {} : { event }), body, headers };
}

/** Whose a recorded request is: its path or headers tell; those of a receiver look like its base's, so its folder does. */
function senderOf(
  { target, headers }: RecordedRequest,
  folder: Provider | undefined,
  registry: Registry,
): Provider | undefined {
  const { provider } = identify(splitTarget(target).path, headers, { registry, only: [] });
  return provider === undefined || folder?.base === provider.id ? folder : provider;
}

/** The nearest folder above a file that is named after a provider, no higher than the folder the user named. */
function providerFolder(
  file: string,
  topFolder: string | undefined,
  registry: Registry,
): { provider: Provider; below: string } | undefined {
  let below = basename(file);
  let folder = dirname(file);
  for (let level = 1; topFolder !== undefined || level <= parentsSearched; level++) {
    const name = basename(folder);
    const provider = registry.get(name);
    if (provider !== undefined) return { provider, below };
    if (folder === topFolder || name === "") return undefined;
    below = `${name}/${below}`;
    folder = dirname(folder);
  }
  return undefined;
}

/** The event a body names itself; without a request around it, only its pointers and shapes tell. */
export function eventIn(provider: Provider, body: Buffer): { event?: string } {
  const event = eventOf(provider, { headers: [], path: "", json: lazyJson(body) });
  return event === undefined ? {} : { event };
}
