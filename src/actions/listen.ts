import { hasRegistrations } from "../config/registrations.ts";
import type { Provider } from "../providers/contract.ts";
import type { SecretsOf } from "../transport/assess.ts";
import { urlsOf } from "../transport/bind.ts";
import { createReceiver } from "../transport/receive.ts";
import { parseTarget } from "../transport/target.ts";
import { events } from "./channel.ts";
import { createExpectations } from "./expectations.ts";
import { openForwarder } from "./forwarding.ts";
import { createDeliveries, type Deliveries } from "./listen-deliveries.ts";
import type { ListenEvent, Listening, ListenOptions } from "./listen-events.ts";
import { createReplayer } from "./listen-replay.ts";
import { findSecrets } from "./listen-secrets.ts";
import { openRecordingOf } from "./recording.ts";
import type { Route } from "./routes.ts";
import type { Registration } from "./register.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

/** Milliseconds that requests under way get to finish when the listener stops. */
const graceMs = 5000;
/** After so long the user is told what is waited for. */
const patienceMs = 300;
/** Milliseconds more in which their last answers may go out. */
const lastAnswerMs = 500;

/**
 * Receives deliveries, verifies them, forwards, records and reports each, until the signal, the time or the number is up.
 * Reading throws a HooklineError where something is wrong before the first delivery.
 */
export function listen(workspace: Workspace, options: ListenOptions): Listening {
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  const controls: Controls = {};
  const reported = events<ListenEvent>(
    (report) => receive(workspace, { ...options, signal }, report, controls),
    () => left.abort(),
  );
  return Object.assign(reported, {
    replayLast: async () => (await controls.replayLast?.()) ?? false,
    inspectorPage: () => controls.inspectorPage?.(),
    stop: () => left.abort(),
  });
}

/** What can be asked of a listener once it runs. */
type Controls = Partial<Pick<Listening, "replayLast" | "inspectorPage">>;

async function receive(
  workspace: Workspace,
  options: ListenOptions,
  report: (event: ListenEvent) => void,
  controls: Controls,
): Promise<void> {
  const { host, registry } = workspace;
  const only = options.providers.map((id) => registry.require(id));
  const expectations = createExpectations(options.expect, registry);
  const target = targetRoute(options);
  const places = { routes: options.routes, target };
  const registered = new Map<string, { secrets: readonly string[]; origin: SecretOrigin }>();
  const found = findSecrets(workspace, options.requireVerified);
  const secretsOf: typeof found = (provider) => withRegistered(found(provider), registered.get(provider.id));
  let broken: { error: unknown } | undefined;
  const isBroken = (error: unknown): void => void (broken ??= { error });
  let stopping = false;
  let endWait: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (endWait = resolve));
  const stop = (): void => {
    stopping = true;
    endWait();
  };
  /** What is to be closed in the end, whatever happens; the last first. */
  const closers: (() => Promise<void>)[] = [];

  try {
    const forwarder =
      options.routes.length === 0 && target === undefined
        ? undefined
        : await openForwarder(workspace, places, options);
    if (forwarder !== undefined) closers.push(() => forwarder.close());
    const recording = options.record ? await openRecordingOf(workspace, options) : undefined;
    if (recording !== undefined) closers.push(() => recording.close());

    const isDone = (): boolean =>
      options.exitAfter !== undefined && deliveries.accepted() >= options.exitAfter;
    const deliveries: Deliveries = createDeliveries(workspace, options, {
      only,
      secretsOf,
      forwarder,
      recording,
      expectations,
      report,
      onAccepted: () => {
        if (isDone()) setImmediate(stop);
      },
      broken: isBroken,
    });
    const receiver = await createReceiver({
      host: options.host,
      port: options.port,
      maxBody: options.maxBody,
      now: host.now,
      open: () => !stopping && !isDone(),
      answer: deliveries.answer,
      refused: deliveries.refused,
      // One delivery that could not be answered must not end the others; the defect is told at the end.
      broken: isBroken,
    });
    let isClosed = false;
    const close = async (): Promise<void> => {
      if (isClosed) return;
      isClosed = true;
      // What the target has not answered by then is given up, and the senders are told so before they are cut off.
      const giveUp = setTimeout(() => void forwarder?.close(), graceMs);
      await receiver.close(graceMs + lastAnswerMs);
      clearTimeout(giveUp);
      await forwarder?.close();
      await deliveries.settled();
    };
    closers.push(close);

    const timer = options.forMs === undefined ? undefined : setTimeout(stop, options.forMs);
    closers.push(async () => clearTimeout(timer));
    options.signal.addEventListener("abort", stop, { once: true });
    if (options.signal.aborted) stop();
    const urls = urlsOf(receiver);
    const replayer = createReplayer(workspace, { forwarder, recording, only, report });
    controls.replayLast = async () => {
      const last = deliveries.last();
      return last !== undefined && replayer.accepted(last);
    };
    const registration = await registerAt(workspace, options, only, urls[0] ?? "", isBroken);
    if (registration !== undefined) {
      closers.push(async () => {
        const left = await registration.remove();
        if (left !== undefined) host.warn(left.message);
      });
      for (const { id, provider, secret } of registration.endpoints)
        if (secret !== null)
          registered.set(provider, { secrets: [secret], origin: { source: "registered", name: id } });
      deliveries.forgetSecrets();
    }
    const inspecting =
      options.inspect === undefined || recording === undefined
        ? undefined
        : await (
            await import("./inspecting.ts")
          ).openInspector(workspace, options.inspect, {
            recording,
            forwarder,
            replayer,
            listening: urls[0] ?? "",
            broken: isBroken,
          });
    if (inspecting !== undefined) {
      closers.push(() => inspecting.close());
      controls.inspectorPage = () => inspecting.page();
    }
    report({
      type: "ready",
      urls,
      port: receiver.port,
      target: target?.target.url.href,
      routes: options.routes,
      paths: (only.length > 0 ? only : registry.all).map((provider) => provider.id),
      recording: recording !== undefined,
      inspector: inspecting?.url,
      registered: (registration?.endpoints ?? []).map(({ id, provider, url, profile }) => ({
        id,
        provider,
        url,
        profile,
      })),
    });
    await stopped;
    // Most are answered at once, and then there is nothing to be told.
    const wait = setTimeout(() => {
      const underWay = deliveries.underWay();
      if (underWay > 0) report({ type: "stopping", underWay, graceMs });
    }, patienceMs);
    await close().finally(() => clearTimeout(wait));
    if (broken !== undefined) throw broken.error;
    report({ type: "stopped", ...deliveries.counts, unmet: expectations.unmet() });
  } finally {
    options.signal.removeEventListener("abort", stop);
    for (const end of closers.reverse()) await end();
  }
}

/** Makes the endpoints that were asked for; those that an earlier listener left behind are deleted whatever was. */
async function registerAt(
  workspace: Workspace,
  { register: wanted }: ListenOptions,
  providers: readonly Provider[],
  url: string,
  broken: (error: unknown) => void,
): Promise<Registration | undefined> {
  if (wanted === undefined && !hasRegistrations(workspace.host.environment.home)) return undefined;
  const { register, removeAbandoned } = await import("./register.ts");
  const tidied = removeAbandoned(workspace).then(({ problems }) => {
    for (const problem of problems) workspace.host.warn(problem);
  });
  if (wanted === undefined) {
    // Nothing waits for it.
    tidied.catch(broken);
    return undefined;
  }
  await tidied;
  const { profile, events, publicUrl } = wanted;
  return register(workspace, {
    providers,
    events,
    url: publicUrl ?? url,
    ...(profile === undefined ? {} : { profile }),
  });
}

/** The secret of an endpoint that was made for this listener is tried first. */
function withRegistered(
  own: SecretsOf<SecretOrigin>,
  made: { secrets: readonly string[]; origin: SecretOrigin } | undefined,
): SecretsOf<SecretOrigin> {
  if (made === undefined) return own;
  const secrets = [...made.secrets, ...(own.configured?.secrets ?? [])];
  return { configured: { secrets, origin: made.origin }, development: own.development };
}

/** The listener's own target, as a route that takes what no other does. */
function targetRoute({ target, timeoutMs }: ListenOptions): Route | undefined {
  return target === undefined ? undefined : { match: "*", target: parseTarget(target), timeoutMs };
}
