import { isUtf8 } from "node:buffer";
import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Edit } from "../payloads/edit.ts";
import { isInbox, loadPayloads, type Payload } from "../payloads/load.ts";
import { randomText } from "../providers/ids.ts";
import type { Delivery, DeliveryDetail, PublishedEvent, Remote } from "../remote/contract.ts";
import {
  deliveriesOf,
  headOf,
  outcomeOf,
  readUntil,
  showDelivery,
  type DeliveryOutcome,
} from "./deliveries.ts";
import { remoteReader } from "./remote-payloads.ts";
import type { Workspace } from "./workspace.ts";

export interface PublishOptions {
  what: readonly string[];
  provider?: string;
  /** The type of what is published, whatever the payload says. */
  type?: string;
  edits: readonly Edit[];
  /** Renew the envelope's id and time. */
  fresh: boolean;
  /** Milliseconds to wait until each delivery has been tried; undefined: not at all. */
  waitMs: number | undefined;
  /** Told of each as soon as it is published, waited for or not. */
  onPublished?: (event: PublishedEvent) => void;
}

/** An event that was published, and how its deliveries stand. */
export interface Published {
  event: PublishedEvent;
  deliveries: { delivery: Delivery; outcome: DeliveryOutcome }[];
  /** Why its deliveries could not be read. */
  unread: HooklineError | undefined;
}

/**
 * Loads what the user named, edits it and publishes its bytes as they are, one event after the other.
 * @throws HooklineError where a payload, an edit or a type is wrong: before anything is published; `event-type-unknown`
 *   where nothing names the type; and what the API refuses
 */
export async function* publish(
  workspace: Workspace,
  remote: Remote,
  options: PublishOptions,
): AsyncGenerator<Published> {
  const { host } = workspace;
  const payloads = (await load(workspace, remote, options)).map((payload) => ({
    payload,
    type: requireType(payload, options.type),
  }));
  const published: PublishedEvent[] = [];
  let failure: { error: unknown } | undefined;
  for (const { payload, type } of payloads) {
    const { provider, body } = payload;
    try {
      const event = await remote.call("events.publish", {
        body: { provider: provider.id, type, ...payloadOf(body) },
      });
      options.onPublished?.(event);
      if (options.waitMs === undefined) yield { event, ...(await read(workspace, remote, event, 0)) };
      else published.push(event);
    } catch (error) {
      failure = { error };
      break;
    }
  }
  const end = host.now() + (options.waitMs ?? 0);
  for (const event of published) yield { event, ...(await read(workspace, remote, event, end - host.now())) };
  if (failure !== undefined) throw failure.error;
}

/**
 * Sends an endpoint a sample, and waits until it was tried.
 * @param options.type of the event; one that the endpoint is subscribed to where it is left out
 */
export async function testEndpoint(
  { host }: Workspace,
  remote: Remote,
  id: string,
  { type, waitMs }: { type: string | undefined; waitMs: number },
): Promise<{ delivery: DeliveryDetail; outcome: DeliveryOutcome }> {
  const { deliveries } = await remote.call("endpoints.test", {
    params: { id },
    body: type === undefined ? {} : { type },
  });
  const [made] = deliveries;
  if (made === undefined) {
    throw new HooklineError("api-answer-unexpected", "the API took the test, but made no delivery of it", {
      exitCode: EXIT.remote,
      nextSteps: [`see the endpoint: hookline endpoints show ${id}`],
    });
  }
  const delivery = await readUntil(
    host,
    waitMs,
    () => showDelivery(remote, made.id),
    (read) => isOver(outcomeOf(headOf(read), 0)),
  );
  return { delivery, outcome: outcomeOf(headOf(delivery), 0) };
}

const isOver = (outcome: DeliveryOutcome): boolean => outcome !== "waiting";

/** How an event's deliveries stand, once each was tried or the time is up. The event is published, whatever comes of this. */
async function read(
  { host }: Workspace,
  remote: Remote,
  event: PublishedEvent,
  waitMs: number,
): Promise<Pick<Published, "deliveries" | "unread">> {
  if (event.deliveries.length === 0) return { deliveries: [], unread: undefined };
  try {
    const deliveries = await readUntil(
      host,
      waitMs,
      async () =>
        (await deliveriesOf(remote, event.id)).map((delivery) => ({
          delivery,
          outcome: outcomeOf(delivery, 0),
        })),
      (list) => list.every(({ outcome }) => isOver(outcome)),
    );
    return { deliveries, unread: undefined };
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    return { deliveries: [], unread: error };
  }
}

async function load(workspace: Workspace, remote: Remote, options: PublishOptions): Promise<Payload[]> {
  const { host, registry, fixturesDir } = workspace;
  const payloads = await loadPayloads(options.what, {
    registry,
    fixturesDir,
    cwd: host.cwd,
    readStdin: () => host.stdin.read("the payload"),
    readRemote: remoteReader(remote),
    ...(options.what.some(isInbox)
      ? { readInbox: (await import("./inbox-payloads.ts")).inboxReader(host) }
      : {}),
    ...(options.provider === undefined ? {} : { provider: options.provider }),
  });
  if (options.edits.length === 0 && !options.fresh) return payloads;
  const { editBody, freshenBody } = await import("../payloads/edit.ts");
  return payloads.map((payload) => {
    const edited = editBody(payload.body, options.edits);
    const fresh = { id: () => randomText(host.random, 22), now: host.now() };
    const body = options.fresh ? freshenBody(edited, payload.provider.envelope, fresh) : edited;
    return { ...payload, body };
  });
}

function requireType({ name, event, provider }: Payload, given: string | undefined): string {
  const type = given ?? event;
  if (type !== undefined) return type;
  const what = name === "-" ? "the body on stdin" : name;
  throw new HooklineError("event-type-unknown", `nothing says which event ${what} is`, {
    nextSteps: [
      "name its type: --type order.created",
      `see which there are: hookline events types --provider ${provider.id}`,
    ],
  });
}

/** As text where the bytes are text, and come out of it as they were. */
function payloadOf(body: Buffer): { payload: string } | { payload_base64: string } {
  return isUtf8(body) ? { payload: body.toString("utf8") } : { payload_base64: body.toString("base64") };
}
