import { basename, dirname, resolve } from "node:path";
import { EXIT, HooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import { eventOf, lazyJson } from "../providers/event.ts";
import { identify, splitTarget } from "../providers/identify.ts";
import type { Registry } from "../providers/index.ts";
import { closest } from "../providers/closest.ts";
import {
  filesBelow,
  isRequestFile,
  kindOf,
  readPayloadFile,
  readRequest,
  refuseTooLarge,
  type RecordedRequest,
} from "./files.ts";
import { fixturesOf, withoutExtension } from "./fixtures.ts";

export { listFixtures } from "./fixtures.ts";

/** Raw bytes to send, as they were found. */
export interface Payload {
  /** As it is shown: `fareplay/order.created`, `./x.json`, `remote:evt_1`, `inbox:17`, `-`. */
  name: string;
  source: "fixture" | "file" | "stdin" | "remote" | "inbox";
  /** Who signs it. */
  provider: Provider;
  event?: string;
  body: Buffer;
  /** The file that holds these bytes and nothing else. */
  path?: string;
  /** Those of the request that it came with, where it was recorded as one; names and values alternately. */
  headers?: readonly string[];
}

export interface LoadOptions {
  registry: Registry;
  fixturesDir: string;
  /** What relative paths start from. */
  cwd: string;
  /** The provider asked for by `--provider`: it signs, wherever the bytes come from. */
  provider?: string;
  readStdin: () => Promise<Buffer>;
  /** Reads a published event of the remote; where left out, `remote:` names nothing. */
  readRemote?: (id: string) => Promise<RemoteEvent>;
  /** Reads a delivery that a listener recorded; where left out, `inbox:` names nothing. */
  readInbox?: (id: string) => Promise<InboxDelivery>;
}

/** A recorded delivery, by whose webhook it is. */
export interface InboxDelivery {
  /** As it is shown: `inbox:17`, whatever it was asked for by. */
  name: string;
  /** Id of its provider, which the registry may not know; null where nothing said whose it is. */
  provider: string | null;
  event: string | null;
  headers: readonly string[];
  body: Buffer;
}

/** A published event, by whose webhook it is. */
export interface RemoteEvent {
  /** Id of its provider, which the registry may not know. */
  provider: string;
  type: string;
  body: Buffer;
}

interface Loading extends LoadOptions {
  signer: Provider | undefined;
}

/** How far above a file named by the user its provider's folder is looked for. */
const parentsSearched = 3;

const remotePrefix = "remote:";
const inboxPrefix = "inbox:";

/** Whether a name means an event of the remote. */
export function isRemote(name: string): boolean {
  return name.startsWith(remotePrefix);
}

/** Whether a name means a delivery that a listener recorded. */
export function isInbox(name: string): boolean {
  return name.startsWith(inboxPrefix);
}

/**
 * Finds and reads what the user named, in order: `-` (stdin), `remote:ID`, `inbox:ID`, a provider (all its events),
 * `provider/event`, an event, a file or a folder (all files below, by path). A file whose name ends in `.http` is a raw
 * HTTP request.
 * Throws `payload-unknown` (exit 4), `payload-ambiguous`, `payload-provider-unknown`, `payload-source-unknown`,
 * `payload-unreadable`, `payload-too-large` (over 64 MiB), `provider-unknown`, `request-malformed` and what `readRemote`
 * and `readInbox` throw.
 */
export async function loadPayloads(names: readonly string[], options: LoadOptions): Promise<Payload[]> {
  const { registry, provider } = options;
  const loading = { ...options, signer: provider === undefined ? undefined : registry.require(provider) };
  const payloads: Payload[] = [];
  for (const name of names) payloads.push(...(await load(name, loading)));
  return payloads;
}

async function load(name: string, loading: Loading): Promise<Payload[]> {
  if (name === "-") return [await fromStdin(loading)];
  if (isRemote(name)) return [await fromRemote(name, loading)];
  if (isInbox(name)) return [await fromInbox(name, loading)];
  if (isPath(name)) return fromDisk(name, loading);

  const provider = loading.registry.get(name);
  if (provider !== undefined) return allFixtures(provider, loading);

  const slash = name.indexOf("/");
  const named = slash > 0 ? loading.registry.get(name.slice(0, slash)) : undefined;
  const event = named === undefined ? name : name.slice(slash + 1);
  const owner = named ?? providerOfEvent(event, loading);
  const file = owner === undefined ? undefined : fixtures(owner, loading).get(event);
  if (owner !== undefined && file !== undefined) return [await fromFixture(owner, event, file, loading)];
  if (owner !== undefined && Object.hasOwn(owner.events, event)) throw noFixture(owner, event);
  // Not even as a file: what starts like a fixture's name must not lead out of the folder.
  if (named !== undefined && event.split("/").includes("..")) throw unknown(name, loading);
  return fromDisk(name, loading);
}

/** Whether a name can only mean a file or folder. */
function isPath(name: string): boolean {
  return /^\.{0,2}[\\/]|^\.{1,2}$|^[A-Za-z]:[\\/]|\/$/.test(name);
}

function fixtures(provider: Provider, { registry, fixturesDir }: Loading): Map<string, string> {
  return fixturesOf(provider, registry, fixturesDir);
}

/** The one provider a bare event name means: the one asked for if it has it, else the only one that sends it. */
function providerOfEvent(event: string, loading: Loading): Provider | undefined {
  const { signer, registry } = loading;
  if (signer !== undefined && (Object.hasOwn(signer.events, event) || fixtures(signer, loading).has(event))) {
    return signer;
  }
  const senders = registry.withEvent(event);
  if (senders.length > 1) {
    const choices = senders.map(({ id }) => `${id}/${event}`);
    throw new HooklineError(
      "payload-ambiguous",
      `several providers have an event ${event}: ${choices.join(", ")}`,
      {
        nextSteps: [`say which one is meant: ${choices[0]}`],
      },
    );
  }
  return senders[0];
}

async function allFixtures(provider: Provider, loading: Loading): Promise<Payload[]> {
  const files = [...fixtures(provider, loading)].filter(([event]) => Object.hasOwn(provider.events, event));
  if (files.length === 0) throw noFixture(provider);
  return Promise.all(files.map(([event, file]) => fromFixture(provider, event, file, loading)));
}

async function fromFixture(
  owner: Provider,
  event: string,
  file: string,
  { signer }: Loading,
): Promise<Payload> {
  const name = `${owner.id}/${event}`;
  const body = await readPayloadFile(file, name);
  return { name, source: "fixture", provider: signer ?? owner, event, body, path: file };
}

async function fromStdin({ signer, readStdin }: Loading): Promise<Payload> {
  if (signer === undefined) {
    throw new HooklineError("payload-provider-unknown", "nothing says whose webhook the body on stdin is", {
      nextSteps: ["name its provider: --provider fareplay"],
    });
  }
  const body = await readStdin();
  refuseTooLarge(body, "what came on stdin");
  return { name: "-", source: "stdin", provider: signer, ...eventIn(signer, body), body };
}

async function fromRemote(name: string, { registry, signer, readRemote }: Loading): Promise<Payload> {
  if (readRemote === undefined) throw unread(name, remotePrefix);
  const { provider: id, type, body } = await readRemote(name.slice(remotePrefix.length));
  const provider = signer ?? registry.get(id);
  if (provider === undefined) throw ofNobodyHere(name, id);
  refuseTooLarge(body, name);
  return { name, source: "remote", provider, event: type, body };
}

async function fromInbox(given: string, { registry, signer, readInbox }: Loading): Promise<Payload> {
  if (readInbox === undefined) throw unread(given, inboxPrefix);
  const { name, provider: id, event, headers, body } = await readInbox(given.slice(inboxPrefix.length));
  const provider = signer ?? (id === null ? undefined : registry.get(id));
  if (provider === undefined) throw id === null ? ofNobody(name) : ofNobodyHere(name, id);
  return { name, source: "inbox", provider, ...(event === null ? {} : { event }), body, headers };
}

function unread(name: string, prefix: string): HooklineError {
  return new HooklineError(
    "payload-source-unknown",
    `${name} cannot be sent: this command reads fixtures, files and more, but not ${prefix}`,
    { nextSteps: ["name an event, a file or a folder, or pipe the body in and name it -"] },
  );
}

function ofNobodyHere(name: string, id: string): HooklineError {
  const owner = JSON.stringify(id.length > 100 ? `${id.slice(0, 99)}…` : id);
  return new HooklineError("provider-unknown", `${name} is of ${owner}, a provider not known here`, {
    exitCode: EXIT.notFound,
    nextSteps: [
      "say who signs it: --provider fareplay",
      "or define its provider in hookline.json; those known: hookline providers list",
    ],
  });
}

function ofNobody(name: string, nextSteps: readonly string[] = []): HooklineError {
  return new HooklineError("payload-provider-unknown", `nothing says whose webhook ${name} is`, {
    nextSteps: [...nextSteps, `${nextSteps.length > 0 ? "or " : ""}name the provider: --provider fareplay`],
  });
}

async function fromDisk(name: string, loading: Loading): Promise<Payload[]> {
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
function eventIn(provider: Provider, body: Buffer): { event?: string } {
  const event = eventOf(provider, { headers: [], path: "", json: lazyJson(body) });
  return event === undefined ? {} : { event };
}

function noFixture(provider: Provider, event?: string): HooklineError {
  const what =
    event === undefined ? `${provider.id} has no fixtures` : `${provider.id}/${event} has no fixture`;
  return new HooklineError("payload-unknown", `${what}, so there is nothing to send`, {
    exitCode: EXIT.notFound,
    nextSteps: ["make one: hookline fixtures new", "or give a file or a folder instead"],
  });
}

function unknown(name: string, { registry, fixturesDir }: Loading): HooklineError {
  const known = registry.all.flatMap((provider) => {
    const events = [...fixturesOf(provider, registry, fixturesDir).keys()];
    const bare = provider.base === undefined ? events : [];
    return [provider.id, ...bare, ...events.map((event) => `${provider.id}/${event}`)];
  });
  const near = closest(name, known);
  const provider = registry.get(name.split("/", 1)[0] ?? "");
  const hasNone = provider !== undefined && fixturesOf(provider, registry, fixturesDir).size === 0;
  return new HooklineError(
    "payload-unknown",
    isPath(name)
      ? `there is no file or folder ${name}`
      : `there is no provider, event, file or folder "${name}"`,
    {
      exitCode: EXIT.notFound,
      nextSteps: [
        ...(near.length === 0 ? [] : [`did you mean ${near.join(" or ")}?`]),
        ...(hasNone ? [`${provider.id} has no fixtures yet; make one: hookline fixtures new`] : []),
        "see what can be sent: hookline fixtures list",
      ],
    },
  );
}
