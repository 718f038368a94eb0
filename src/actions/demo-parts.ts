import type { Provider } from "../providers/contract.ts";
import type { Remote } from "../remote/contract.ts";
import { createVerifier } from "../signing/verify.ts";
import { createReceiver } from "../transport/receive.ts";
import { usualDelivery } from "./control-plane.ts";
import type { Attempted } from "./demo-events.ts";
import { listen } from "./listen.ts";
import type { ListenDelivery, ListenReady } from "./listen-events.ts";
import { openConnection } from "./remote.ts";
import { serve } from "./serve.ts";
import type { RootKeyGiven, ServeEvent, ServeReady } from "./serve-events.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds that anything here may take: on one machine it takes a few. */
const patienceMs = 10_000;
const maxBody = 5_000_000;
const place = { host: "127.0.0.1", port: 0 };

/** Events of something that runs, taken out as they are wanted. */
interface Followed<Event> {
  /** The first that fits of those not taken yet, there already or to come; undefined where none comes. */
  take<Found extends Event>(fits: (event: Event) => event is Found): Promise<Found | undefined>;
  /** Resolves when there will be no more; rejects with what ended them. */
  ended: Promise<void>;
}

function follow<Event>(events: AsyncIterable<Event>, signal: AbortSignal): Followed<Event> {
  const untaken: Event[] = [];
  let look: () => void = () => undefined;
  let isOver = false;
  const read = async (): Promise<void> => {
    for await (const event of events) {
      untaken.push(event);
      look();
    }
  };
  const ended = read().finally(() => {
    isOver = true;
    look();
  });
  // It is awaited where something is waited for, and at the end.
  ended.catch(() => undefined);
  return {
    ended,
    async take<Found extends Event>(fits: (event: Event) => event is Found) {
      const found = await new Promise<Found | undefined>((resolve) => {
        const settle = (event: Found | undefined): void => {
          clearTimeout(timer);
          signal.removeEventListener("abort", giveUp);
          look = () => undefined;
          resolve(event);
        };
        const giveUp = (): void => settle(undefined);
        const timer = setTimeout(giveUp, patienceMs);
        signal.addEventListener("abort", giveUp);
        look = () => {
          const event = untaken.find(fits);
          if (event !== undefined) untaken.splice(untaken.indexOf(event), 1);
          if (event !== undefined || isOver || signal.aborted) settle(event);
        };
        look();
      });
      if (found === undefined && isOver) await ended;
      return found;
    },
  };
}

/** The control plane of a demonstration, as `hookline serve` runs it, and a client that may do everything there. */
export interface DemoControlPlane {
  url: string;
  remote: Remote;
  /** An attempt of a delivery, once it is written down; undefined where it is not made. */
  attempt(deliveryId: string, number: number): Promise<Attempted | undefined>;
  close(): Promise<void>;
}

/**
 * @param signal ends all waiting, not the control plane
 * @returns undefined where it does not come up
 */
export async function startControlPlane(
  workspace: Workspace,
  signal: AbortSignal,
): Promise<DemoControlPlane | undefined> {
  const stop = new AbortController();
  const log = follow(
    serve(workspace, {
      ...place,
      use: false,
      printKeys: true,
      delivery: { ...usualDelivery, guard: { private: true, ranges: [] } },
      signal: stop.signal,
    }),
    signal,
  );
  const close = async (): Promise<void> => {
    stop.abort();
    await log.ended;
  };
  const rootKey = await log.take((event): event is RootKeyGiven => event.type === "root-key");
  const ready = await log.take((event): event is ServeReady => event.type === "ready");
  const [url] = ready?.urls ?? [];
  if (url === undefined || rootKey?.key === undefined) {
    await close();
    return undefined;
  }
  const remote = await openConnection(workspace, { kind: "api", url: new URL(url), key: rootKey.key });
  return {
    url,
    remote,
    async attempt(deliveryId, number) {
      const event = await log.take(
        (event): event is Attempted | Extract<ServeEvent, { type: "failed" }> =>
          event.type === "failed" ||
          (event.type === "attempt" && event.deliveryId === deliveryId && event.number === number),
      );
      if (event?.type === "failed") throw event.error;
      return event;
    },
    async close() {
      await remote.close();
      await close();
    },
  };
}

/** A listener, as `hookline listen` runs it. */
export interface DemoListener {
  url: string;
  /** The next that came in; undefined where nothing does. */
  delivery(): Promise<ListenDelivery | undefined>;
  close(): Promise<void>;
}

/**
 * @param signal ends all waiting, not the listener
 * @returns undefined where it does not come up
 */
export async function startListener(
  workspace: Workspace,
  signal: AbortSignal,
): Promise<DemoListener | undefined> {
  const stop = new AbortController();
  const log = follow(
    listen(workspace, {
      ...place,
      providers: [],
      requireVerified: true,
      forwardInvalid: false,
      inOrder: false,
      timeoutMs: 5000,
      maxBody,
      expect: [],
      insecure: false,
      diagnose: true,
      routes: [],
      record: false,
      recordSecrets: false,
      signal: stop.signal,
    }),
    signal,
  );
  const close = async (): Promise<void> => {
    stop.abort();
    await log.ended;
  };
  const ready = await log.take((event): event is ListenReady => event.type === "ready");
  const [url] = ready?.urls ?? [];
  if (url === undefined) {
    await close();
    return undefined;
  }
  return {
    url,
    delivery: () => log.take((event): event is ListenDelivery => event.type === "delivery"),
    close,
  };
}

/** An app that receives webhooks: down at first, when it answers 503, it then takes what verifies. */
export interface DemoApp {
  url: string;
  start(): void;
  close(): Promise<void>;
}

export async function openApp(
  { host }: Workspace,
  { signatures }: Provider,
  secrets: readonly string[],
): Promise<DemoApp> {
  const verify = createVerifier(signatures, secrets);
  let isUp = false;
  const receiver = await createReceiver({
    ...place,
    maxBody,
    now: host.now,
    open: () => true,
    answer: ({ headers, body, receivedAt }) => {
      if (!isUp) return { status: 503 };
      return { status: verify({ headers, body, now: receivedAt }).ok ? 200 : 401 };
    },
    refused: () => undefined,
    broken: (error) => host.warn(`the app of the demonstration failed: ${String(error)}`),
  });
  return {
    url: `http://${receiver.host}:${receiver.port}/webhooks`,
    start: () => (isUp = true),
    close: () => receiver.close(0),
  };
}
