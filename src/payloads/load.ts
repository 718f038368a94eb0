import { HooklineError } from "../errors.ts";
import type { Provider } from "../providers/contract.ts";
import { eventIn, fromDisk } from "./disk.ts";
import { readPayloadFile, refuseTooLarge } from "./files.ts";
import { fixturesOf } from "./fixtures.ts";
import { isPath, noFixture, ofNobody, ofNobodyHere, unknown, unread } from "./load-errors.ts";
import type { Loading, LoadOptions, Payload } from "./payload.ts";

export { listFixtures } from "./fixtures.ts";
export type { InboxDelivery, LoadOptions, Payload, RemoteEvent } from "./payload.ts";

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
