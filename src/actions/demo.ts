import { editBody } from "../payloads/edit.ts";
import { listFixtures, loadPayloads, type Payload } from "../payloads/load.ts";
import type { Provider } from "../providers/contract.ts";
import type { PublishedEvent } from "../remote/contract.ts";
import { endToEnd } from "../transport/forward.ts";
import { createSender } from "../transport/send.ts";
import type { DemoEvent, DemoSummary } from "./demo-events.ts";
import {
  openApp,
  startControlPlane,
  startListener,
  type DemoControlPlane,
  type DemoListener,
} from "./demo-parts.ts";
import { createTemporaryFolder, isolate } from "./demo-place.ts";
import type { ListenDelivery } from "./listen-events.ts";
import type { Workspace } from "./workspace.ts";

const sample = { provider: "fareplay", event: "order.created" };
const tampering = { name: `${sample.provider}/${sample.event}`, path: "data.total", value: "0.01" };

/** What the story is told with. */
interface Stage {
  workspace: Workspace;
  /** Those with something to send. */
  providers: readonly Provider[];
  plane: DemoControlPlane;
  listener: DemoListener;
  /** The endpoints' signing secrets and ids, by the ids of their providers. */
  secrets: Map<string, string>;
  endpoints: Map<string, string>;
  /** The delivery that is changed later, as it came in. */
  intact: ListenDelivery | undefined;
  signal: AbortSignal;
  summary: DemoSummary;
}

/**
 * Tells the whole story: a control plane and a listener come up, every fixture of every provider is published, delivered
 * and verified, one delivery is changed on its way, and one fails and is retried by hand. It stays on this machine, and
 * leaves nothing there: what is kept meanwhile is in a temporary folder, and nothing of this user's is read or written.
 * @throws HooklineError `temporary-folder-unwritable`, `sqlite-missing` and what a request to the control plane can throw
 */
export async function* demo(workspace: Workspace, signal: AbortSignal): AsyncGenerator<DemoEvent> {
  const folder = createTemporaryFolder(workspace.host.warn);
  const closing: (() => Promise<void>)[] = [];
  const summary: DemoSummary = {
    type: "summary",
    ok: false,
    isCutShort: true,
    sent: 0,
    verified: 0,
    rejected: 0,
    failed: 0,
    retried: 0,
  };
  try {
    yield* tell(workspace, folder.path, summary, closing, signal);
  } finally {
    try {
      for (const close of closing.reverse()) await close();
    } finally {
      folder.remove();
    }
  }
  const { sent, verified, rejected, failed, retried, isCutShort } = summary;
  const ok = !isCutShort && sent > 0 && verified === sent && rejected === 1 && failed === 1 && retried === 1;
  yield { ...summary, ok };
}

async function* tell(
  users: Workspace,
  home: string,
  summary: DemoSummary,
  closing: (() => Promise<void>)[],
  signal: AbortSignal,
): AsyncGenerator<DemoEvent> {
  const secrets = new Map<string, string>();
  const workspace = isolate(users, home, secrets);
  const { registry, fixturesDir } = workspace;
  const sending = new Set(listFixtures(registry, fixturesDir).map(({ provider }) => provider));
  const plane = await startControlPlane(workspace, signal);
  if (plane === undefined) return;
  closing.push(() => plane.close());
  yield { type: "control-plane", url: plane.url };
  const listener = await startListener(workspace, signal);
  if (listener === undefined) return;
  closing.push(() => listener.close());
  yield { type: "listener", url: listener.url };

  const providers = registry.all.filter(({ id }) => sending.has(id));
  const endpoints = new Map<string, string>();
  const stage: Stage = {
    workspace,
    providers,
    plane,
    listener,
    secrets,
    endpoints,
    intact: undefined,
    signal,
    summary,
  };
  for (const chapter of [makeEndpoints, deliverEverything, tamper, failAndRetry]) {
    yield* chapter(stage, closing);
    if (signal.aborted) return;
  }
  summary.isCutShort = false;
}

/** An endpoint for each provider, at its path of the listener. */
async function* makeEndpoints(stage: Stage): AsyncGenerator<DemoEvent> {
  const { providers, plane, listener, secrets, endpoints } = stage;
  const made = await Promise.all(
    providers.map(({ id }) =>
      plane.remote.call("endpoints.create", {
        body: { url: `${listener.url}/${id}`, provider: id, events: ["*"] },
      }),
    ),
  );
  for (const [index, { title }] of providers.entries()) {
    const endpoint = made[index];
    if (endpoint === undefined) continue;
    const { id, provider, url, events, secret, secret_hint: secretHint } = endpoint;
    if (secret !== null) secrets.set(provider, secret);
    endpoints.set(provider, id);
    yield { type: "endpoint", id, provider, title, url, events, secretHint };
  }
}

/** Every event there is: those of one provider at once, one provider after the other. */
async function* deliverEverything(stage: Stage): AsyncGenerator<DemoEvent> {
  const { providers, plane, listener, summary, signal } = stage;
  for (const { id, title } of providers) {
    if (signal.aborted) return;
    const payloads = await load(stage, id);
    const published = await Promise.all(payloads.map((payload) => publish(stage, payload)));
    const arrived = new Set<string>();
    const deliveries: ListenDelivery[] = [];
    for (const event of published) {
      yield { type: "published", title, event };
      summary.sent++;
      const attempt = await plane.attempt(event.deliveries[0]?.id ?? "", 1);
      // What was not even tried is not waited for.
      if (attempt === undefined) return;
      if (attempt.outcome === "succeeded") arrived.add(event.type);
      const delivery = attempt.status === null ? undefined : await listener.delivery();
      if (delivery === undefined) yield { type: "attempt", title, attempt };
      else deliveries.push(delivery);
    }
    const placeOf = ({ event }: ListenDelivery): number => published.findIndex(({ type }) => type === event);
    for (const delivery of deliveries.sort((one, other) => placeOf(one) - placeOf(other))) {
      yield { type: "delivery", delivery };
      const { provider, event = "", verified } = delivery;
      if (`${provider}/${event}` === tampering.name) stage.intact = delivery;
      // Each counts once, and only as the event it was published as.
      if (provider === id && verified === true && arrived.delete(event)) summary.verified++;
    }
  }
}

/** One that arrived before is changed and sent again, its signature with it. */
async function* tamper({ listener, intact, summary }: Stage): AsyncGenerator<DemoEvent> {
  if (intact?.body === undefined) return;
  const { headers, body } = intact;
  const changed = editBody(body, [{ op: "set", path: tampering.path, value: tampering.value }]);
  const sender = await createSender(new URL(listener.url), { timeoutMs: 5000, keepBytes: 0 });
  try {
    const path = `/${sample.provider}`;
    const result = await sender.send({
      method: "POST",
      path,
      headers: endToEnd(headers, "host"),
      body: changed,
    });
    const status = result.ok ? result.status : undefined;
    yield { type: "tampered", ...tampering, status };
    const delivery = result.ok ? await listener.delivery() : undefined;
    if (delivery === undefined) return;
    yield { type: "delivery", delivery };
    if (status === 401 && delivery.verified === false) summary.rejected++;
  } finally {
    await sender.close();
  }
}

/** A provider's endpoint leads to an app that is down; once it is up the delivery is sent again. */
async function* failAndRetry(stage: Stage, closing: (() => Promise<void>)[]): AsyncGenerator<DemoEvent> {
  const { workspace, plane, secrets, endpoints, summary } = stage;
  const provider = workspace.registry.require(sample.provider);
  const { id, title } = provider;
  const app = await openApp(workspace, provider, [secrets.get(id) ?? ""]);
  closing.push(() => app.close());
  await plane.remote.call("endpoints.update", {
    params: { id: endpoints.get(id) ?? "" },
    body: { url: app.url },
  });
  yield { type: "app", title, url: app.url, isUp: false };

  const payloads = await load(stage, tampering.name);
  if (payloads[0] === undefined) return;
  const event = await publish(stage, payloads[0]);
  yield { type: "published", title, event };
  const deliveryId = event.deliveries[0]?.id ?? "";
  const first = await plane.attempt(deliveryId, 1);
  if (first === undefined) return;
  yield { type: "attempt", title, attempt: first };
  if (first.status === 503 && first.outcome === "pending" && first.nextAttemptAt !== null) summary.failed++;

  app.start();
  yield { type: "app", title, url: app.url, isUp: true };
  await plane.remote.call("deliveries.retry", { params: { id: deliveryId }, body: {} });
  yield { type: "retry", deliveryId };
  const second = await plane.attempt(deliveryId, 2);
  if (second === undefined) return;
  yield { type: "attempt", title, attempt: second };

  const delivery = await plane.remote.call("deliveries.get", { params: { id: deliveryId } });
  yield { type: "attempts", delivery };
  const kinds = delivery.attempts.map(({ kind, error }) => `${kind} ${error === null ? "ok" : "failed"}`);
  if (delivery.status === "succeeded" && kinds.join() === "automatic failed,manual ok") summary.retried++;
}

function load({ workspace: { host, registry, fixturesDir } }: Stage, name: string): Promise<Payload[]> {
  return loadPayloads([name], {
    registry,
    fixturesDir,
    cwd: host.cwd,
    readStdin: () => host.stdin.read("the payload"),
  });
}

function publish({ plane }: Stage, { provider, event, body }: Payload): Promise<PublishedEvent> {
  return plane.remote.call("events.publish", {
    body: { provider: provider.id, type: event ?? "", payload_base64: body.toString("base64") },
  });
}
