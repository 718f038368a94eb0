import type { Provider } from "../providers/contract.ts";
import { forward, forwardPath, type Forwardable } from "../transport/forward.ts";
import { judge } from "../transport/judge.ts";
import type { Sender } from "../transport/send.ts";
import { openSender, type ConnectOptions } from "./connect.ts";
import type { Forward } from "./listen-events.ts";
import { createRouter, type Route } from "./routes.ts";
import type { Workspace } from "./workspace.ts";

/** Largest answer of a target that is passed on, in bytes. */
const largestAnswer = 50_000_000;

/** How those are judged whose provider nobody knows. */
const anySuccess: Provider["ack"] = { timeoutMs: Infinity, success: "2xx" };

/** A request on its way to targets. */
export interface Forwarded extends Forwardable {
  provider: Provider | undefined;
  /** What the path says behind the provider's name, without a leading `/`. */
  rest: string;
  query: string;
}

/** Hands deliveries to the targets of a listener. */
export interface Forwarder {
  /** Every place that a delivery can go to: the routes, then the listener's own target. */
  all: readonly Route[];
  /** How many of them are routes. */
  routes: number;
  /** Where a delivery goes. */
  routesOf(provider: string | undefined, event: string | undefined): readonly Route[];
  /** Sends to all of the routes at once; never rejects. */
  send(routes: readonly Route[], request: Forwarded): Promise<readonly Forward[]>;
  /** Gives up what is under way, and closes the connections. */
  close(): Promise<void>;
}

/**
 * @param target takes what no route does
 * @throws HooklineError what {@link openSender} can throw
 */
export async function openForwarder(
  workspace: Workspace,
  { routes, target }: { routes: readonly Route[]; target: Route | undefined },
  options: ConnectOptions,
): Promise<Forwarder> {
  const all = [...routes, ...(target === undefined ? [] : [target])];
  const senders = new Map<string, Sender>();
  const longest = Math.max(...all.map(({ timeoutMs }) => timeoutMs));
  for (const { target: to } of all) {
    const { origin } = to.url;
    if (senders.has(origin)) continue;
    const sender = await openSender(workspace, to.url, options, {
      timeoutMs: longest,
      keepBytes: largestAnswer,
      connections: 256,
    });
    senders.set(origin, sender);
  }

  const one = async (route: Route, request: Forwarded): Promise<Forward> => {
    const sender = senders.get(route.target.url.origin);
    if (sender === undefined) throw new Error("no sender was opened for a route");
    const path = forwardPath(route.target, request.rest, request.query);
    const result = await forward(sender, route.target, request, path, route.timeoutMs);
    const allowedMs = request.provider?.ack.timeoutMs;
    return {
      route: route === target ? null : route.match,
      url: route.target.url.href,
      result,
      ok: judge(request.provider?.ack ?? anySuccess, result).ok,
      ...(allowedMs !== undefined && result.durationMs > allowedMs ? { allowedMs } : {}),
    };
  };

  return {
    all,
    routes: routes.length,
    routesOf: createRouter(routes, target),
    send: (to, request) => Promise.all(to.map((route) => one(route, request))),
    async close() {
      await Promise.all([...senders.values()].map((sender) => sender.close()));
    },
  };
}
