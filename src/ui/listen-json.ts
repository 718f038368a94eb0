import type {
  Forward,
  ListenDelivery,
  ListenEvent,
  ListenReady,
  ListenReplayed,
} from "../actions/listen-events.ts";
import { renderFinding } from "./findings.ts";
import { milliseconds } from "./format.ts";

/** What a listener reports, for programs. */
export function listenJson(event: ListenEvent): object {
  switch (event.type) {
    case "ready":
      return readyJson(event);
    case "delivery":
      return deliveryJson(event);
    case "replayed":
      return replayedJson(event);
    case "stopping":
      return { type: event.type, under_way: event.underWay, grace_ms: event.graceMs };
    case "stopped": {
      const { type, received, verified, rejected, unverified, duplicates, unmet } = event;
      return { type, received, verified, rejected, unverified, duplicates, unmet };
    }
  }
}

function readyJson(ready: ListenReady): object {
  const { urls, port, target, routes, recording, inspector, registered } = ready;
  return {
    type: "ready",
    url: urls[0] ?? "",
    urls,
    port,
    target: target ?? null,
    routes: routes.map(({ match, target: to }) => ({ match, to: to.url.href })),
    recording,
    inspector_url: inspector ?? null,
    registered: registered.map(({ id, provider, url, profile }) => ({ id, provider, url, profile })),
  };
}

function deliveryJson(delivery: ListenDelivery): object {
  return {
    type: "delivery",
    id: delivery.id,
    provider: delivery.provider ?? null,
    event: delivery.event ?? null,
    delivery_id: delivery.deliveryId ?? null,
    verified: delivery.verified,
    code: delivery.code,
    findings: delivery.findings.map((finding, index) => renderFinding(finding, index)),
    duplicate: delivery.duplicate,
    bytes: delivery.bytes,
    forwarded: delivery.forwards.map(forwardJson),
    status: delivery.status,
    duration_ms: milliseconds(delivery.durationMs),
    received_at: new Date(delivery.receivedAt).toISOString(),
  };
}

function replayedJson({ id, provider, event, signed, forwards }: ListenReplayed): object {
  return {
    type: "replayed",
    id,
    provider: provider ?? null,
    event: event ?? null,
    signed,
    forwarded: forwards.map(forwardJson),
  };
}

function forwardJson({ url, route, ok, result }: Forward): object {
  return {
    to: url,
    route,
    ok,
    status: result.ok ? result.status : null,
    duration_ms: milliseconds(result.durationMs),
    error: result.ok ? null : result.error,
  };
}
