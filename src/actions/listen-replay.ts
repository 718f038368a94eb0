import type { Attempt, RecordedDelivery } from "../inbox/types.ts";
import type { Provider } from "../providers/contract.ts";
import { identify, splitTarget } from "../providers/identify.ts";
import { forwardPath } from "../transport/forward.ts";
import { curlArguments, headerText } from "./curl.ts";
import type { Forwarder } from "./forwarding.ts";
import { redact, withSecrets } from "../inbox/redact.ts";
import type { Accepted } from "./listen-deliveries.ts";
import type { Forward, ListenReplayed } from "./listen-events.ts";
import { attemptOf, type Recording } from "./recording.ts";
import { headersAgain, type Received } from "./resend.ts";
import type { Route } from "./routes.ts";
import type { Workspace } from "./workspace.ts";

/** What is asked for where a recorded delivery is replayed. */
interface ReplayOrder {
  /** Index of one of the forwarder's places. */
  route: number;
  /** With the headers it came with. */
  original: boolean;
  /** In place of the recorded one. */
  body?: Buffer;
}

/** Sends what a listener has received to its targets once more. */
export interface Replayer {
  /** To all targets that it went to. @returns false where there are none */
  accepted(delivery: Accepted): Promise<boolean>;
  /** To one target. @throws HooklineError where it cannot be signed */
  recorded(delivery: RecordedDelivery, order: ReplayOrder): Promise<Attempt>;
  /** The arguments of a curl command that sends it, without credentials. @param url of a target, or the listener's own */
  curl(delivery: RecordedDelivery, url: string): string[];
}

/** Bytes of a body that a command can hold; a longer one comes through a pipe. */
const longestArgument = 100_000;

export function createReplayer(
  workspace: Workspace,
  {
    forwarder,
    recording,
    only,
    report,
  }: {
    forwarder: Forwarder | undefined;
    recording: Recording | undefined;
    /** The providers to expect where a path names none. */
    only: readonly Provider[];
    report: (event: ListenReplayed) => void;
  },
): Replayer {
  const { host, registry } = workspace;

  const send = async (
    id: string,
    target: string,
    received: Received & { body: Buffer },
    routes: readonly Route[],
    how: { original: boolean; edited?: boolean },
  ): Promise<readonly Forward[]> => {
    const { provider, event, body } = received;
    const { headers, origin } = headersAgain(workspace, received, { ...how, now: host.now() });
    const { path, query } = splitTarget(target);
    const { rest } = identify(path, received.headers, { registry, only });
    const request = { provider, rest, query, method: "POST", headers, body };
    const forwards = (await forwarder?.send(routes, request)) ?? [];
    report({ type: "replayed", id, provider: provider?.id, event, signed: origin !== undefined, forwards });
    return forwards;
  };

  return {
    async accepted({ id, request, ...delivery }) {
      const { headers, body, target } = request;
      const routes = forwarder?.routesOf(delivery.provider?.id, delivery.event) ?? [];
      if (routes.length === 0) return false;
      const received = { ...delivery, headers, body };
      const forwards = await send(id, target, received, routes, { original: false });
      const number = recording?.numberOf(id);
      if (number !== undefined)
        for (const forward of forwards)
          await recording?.addAttempt(number, attemptOf(forward, "replay", host.now()));
      return true;
    },
    async recorded(delivery, { route, original, body }) {
      const place = forwarder?.all[route];
      if (place === undefined) throw new Error("there is no such route");
      const headers = withSecrets(delivery);
      const received = {
        ...receivedOf(workspace, delivery),
        headers,
        ...(body === undefined ? {} : { body }),
      };
      const forwards = await send(delivery.id, delivery.target, received, [place], {
        original: original && body === undefined,
        edited: body !== undefined,
      });
      const [forward] = forwards;
      if (forward === undefined) throw new Error("nothing was sent");
      const attempt = attemptOf(forward, "replay", host.now());
      // That the app takes another body says nothing of this one.
      if (body === undefined) await recording?.addAttempt(delivery.number, attempt);
      return attempt;
    },
    curl(delivery, url) {
      const received = receivedOf(workspace, delivery);
      const { provider, body } = received;
      const { headers } = headersAgain(workspace, received, { original: false, now: host.now() });
      const { path, query } = splitTarget(delivery.target);
      const { rest } = identify(path, received.headers, { registry, only });
      const place = forwarder?.all.find(({ target }) => target.url.href === url);
      const to =
        place === undefined
          ? `${new URL(url).origin}/${(path + (query === "" ? "" : `?${query}`)).replace(/^\//, "")}`
          : place.target.url.origin + forwardPath(place.target, rest, query);
      const text = body.toString("utf8");
      const isText =
        body.length <= longestArgument && Buffer.from(text, "utf8").equals(body) && !text.includes("\0");
      const data = isText ? ["--data-raw", text] : ["--data-binary", "@-"];
      return curlArguments(to, redact(headers, provider).map(headerText), data);
    },
  };
}

function receivedOf({ registry }: Workspace, delivery: RecordedDelivery): Received & { body: Buffer } {
  const { provider, event, deliveryId, verified, headers, body } = delivery;
  return {
    provider: provider === null ? undefined : registry.get(provider),
    event: event ?? undefined,
    deliveryId: deliveryId ?? undefined,
    verified,
    headers,
    body: Buffer.from(body ?? []),
  };
}
