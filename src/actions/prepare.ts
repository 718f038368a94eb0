import { HooklineError } from "../errors.ts";
import { randomText, uuid } from "../providers/ids.ts";
import type { Payload } from "../payloads/load.ts";
import { isRemote, loadPayloads, type LoadOptions } from "../payloads/load.ts";
import type { Edit } from "../payloads/edit.ts";
import { deliveryIdOf, lazyJson } from "../providers/event.ts";
import { createHeaderMaker, type HeaderOverride } from "../transport/request.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

export type { HeaderOverride } from "../transport/request.ts";
export type { Edit } from "../payloads/edit.ts";

/** What of a payload is sent, and how, as the user asked. */
export interface PrepareOptions {
  what: readonly string[];
  provider?: string;
  /** The API that `remote:` names are of, as `--profile` says. */
  profile?: string;
  /** Ends the wait for an API's answer, with the error `interrupted`. */
  signal?: AbortSignal;
  edits: readonly Edit[];
  /** Renew the envelope's id and time for every request. */
  fresh: boolean;
  headers: readonly HeaderOverride[];
  /** Unix milliseconds to sign at, in place of now. */
  at?: number;
}

/** One payload, ready to be sent any number of times. */
export interface PreparedPayload {
  payload: Payload;
  origin: SecretOrigin;
  /** A request of its own each time: its id, its time and so its signature are made anew. */
  next(this: void): { headers: string[]; body: Buffer; deliveryId: string };
}

/**
 * Loads what the user named, edits it and prepares its signature.
 * @throws HooklineError where a payload, an edit or a secret is wrong: before anything is sent
 */
export async function prepare(workspace: Workspace, options: PrepareOptions): Promise<PreparedPayload[]> {
  const { host } = workspace;
  const payloads = await load(workspace, options);
  const editing = options.edits.length > 0 || options.fresh ? await import("../payloads/edit.ts") : undefined;
  return payloads.map((payload) => {
    const { provider } = payload;
    const { secrets, origin } = workspace.signingSecrets(provider);
    const makeHeaders = createHeaderMaker(provider, secrets, options.headers);
    const body = editing === undefined ? payload.body : editing.editBody(payload.body, options.edits);
    const idOf = (bytes: Buffer): string =>
      deliveryIdOf(provider, { headers: [], path: "", json: lazyJson(bytes) }) ??
      newId(provider.envelope.idPrefix, host.random);
    const ownId = deliveryIdOf(provider, { headers: [], path: "", json: lazyJson(body) });

    const next = (): ReturnType<PreparedPayload["next"]> => {
      const now = options.at ?? host.now();
      const sent =
        options.fresh && editing !== undefined
          ? editing.freshenBody(body, provider.envelope, { id: () => randomText(host.random, 22), now })
          : body;
      const deliveryId = options.fresh
        ? idOf(sent)
        : (ownId ?? newId(provider.envelope.idPrefix, host.random));
      const headers = makeHeaders({
        event: payload.event,
        deliveryId,
        body: sent,
        now,
      });
      return { headers, body: sent, deliveryId };
    };
    // A first one at once: what cannot be freshened or signed is told before anything is sent.
    next();
    return { payload, origin, next };
  });
}

/** Reads the payloads. The code that reads those of the remote is loaded only where one is named. */
async function load(
  workspace: Workspace,
  { what, provider, profile, signal }: PrepareOptions,
): Promise<Payload[]> {
  const { host, registry, fixturesDir } = workspace;
  const options: LoadOptions = {
    registry,
    fixturesDir,
    cwd: host.cwd,
    readStdin: () => host.stdin.read("the payload"),
    ...(provider === undefined ? {} : { provider }),
  };
  if (!what.some(isRemote)) return loadPayloads(what, options);
  const { withRemoteReader } = await import("./remote-payloads.ts");
  const reading = withRemoteReader(workspace, profile, (readRemote) =>
    loadPayloads(what, { ...options, readRemote }),
  );
  return signal === undefined ? reading : Promise.race([reading, interruption(signal)]);
}

/** Fails once the signal comes. */
function interruption(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    const fail = (): void =>
      reject(new HooklineError("interrupted", "the payloads were not read to their end"));
    if (signal.aborted) fail();
    else signal.addEventListener("abort", fail, { once: true });
  });
}

function newId(prefix: string | undefined, random: (bytes: number) => Buffer): string {
  return prefix === undefined ? uuid(random) : prefix + randomText(random, 22);
}
