import { editBody } from "../payloads/edit.ts";
import { listFixtures } from "../payloads/load.ts";
import { createSender } from "../transport/send.ts";
import { events } from "./channel.ts";
import { listen } from "./listen.ts";
import type { ListenEvent } from "./listen-events.ts";
import { prepare } from "./prepare.ts";
import { replay, type ReplayEvent } from "./replay.ts";
import type { Workspace } from "./workspace.ts";

/** What happens in the demonstration, on the listener's side and on the sender's. */
export type DemoEvent =
  | { side: "listener"; event: ListenEvent }
  | { side: "sender"; provider: string; event: ReplayEvent }
  /** A delivery was changed after it was signed, and this is what the listener answered. */
  | { side: "tampered"; name: string; path: string; value: string; status: number | undefined };

const tampering = { name: "fareplay/order.created", path: "data.total", value: "0.01" };

/**
 * Starts a listener, sends every fixture of every provider to it, signed, then one that was changed on the way, and
 * stops. It stays on this machine, and uses the development secrets whatever is configured.
 */
export function demo(workspace: Workspace, signal: AbortSignal): AsyncIterable<DemoEvent> {
  const finished = new AbortController();
  const stop = AbortSignal.any([signal, finished.signal]);
  return events(
    (report) => show(workspace, stop, report).finally(() => finished.abort()),
    () => finished.abort(),
  );
}

async function show(
  workspace: Workspace,
  signal: AbortSignal,
  report: (event: DemoEvent) => void,
): Promise<void> {
  const own: Workspace = {
    ...workspace,
    secretsOf: (provider) => ({
      configured: undefined,
      development: workspace.secretsOf(provider).development,
    }),
    signingSecrets: (provider) => workspace.secretsOf(provider).development(),
  };
  const finished = new AbortController();
  const stop = AbortSignal.any([signal, finished.signal]);
  const listening = listen(own, {
    providers: [],
    host: "127.0.0.1",
    port: 0,
    requireVerified: true,
    forwardInvalid: false,
    inOrder: false,
    timeoutMs: 5000,
    maxBody: 5_000_000,
    expect: [],
    insecure: false,
    signal: stop,
  });

  const send = async (url: string): Promise<void> => {
    const providers = new Set(listFixtures(own.registry, own.fixturesDir).map(({ provider }) => provider));
    for (const provider of providers) {
      const sent = replay(own, {
        what: [provider],
        to: `${url}/${provider}`,
        edits: [],
        fresh: false,
        headers: [],
        times: 1,
        concurrency: 1,
        insecure: false,
        signal: stop,
      });
      for await (const event of sent) report({ side: "sender", provider, event });
    }
    if (!stop.aborted) report({ side: "tampered", ...tampering, status: await sendTampered(own, url) });
  };
  let sending: Promise<void> | undefined;
  for await (const event of listening) {
    report({ side: "listener", event });
    if (event.type !== "ready") continue;
    sending = send(event.urls[0] ?? "").finally(() => finished.abort());
    // Awaited below, once the listener has stopped.
    sending.catch(() => undefined);
  }
  await sending;
}

async function sendTampered(workspace: Workspace, url: string): Promise<number | undefined> {
  const [prepared] = await prepare(workspace, {
    what: [tampering.name],
    edits: [],
    fresh: false,
    headers: [],
  });
  if (prepared === undefined) return undefined;
  const { headers, body } = prepared.next();
  const changed = editBody(body, [{ op: "set", path: tampering.path, value: tampering.value }]);
  const sender = await createSender(new URL(url), { timeoutMs: 5000, keepBytes: 0 });
  try {
    const result = await sender.send({ method: "POST", path: "/fareplay", headers, body: changed });
    return result.ok ? result.status : undefined;
  } finally {
    await sender.close();
  }
}
