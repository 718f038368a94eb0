import type { ServerResponse } from "node:http";
import { startServer, values, type Received } from "../cli/run-servers.ts";

export const secretKey = "sk_test_51MrLocalServerOnly4eC39HqLyjW";

interface StripeObject extends Record<string, unknown> {
  id: string;
  created: number;
}

/** An answer in place of the one that would come. */
export interface Canned {
  status: number;
  headers?: Record<string, string>;
  /** As it goes out; anything but text as JSON. */
  body?: unknown;
  /** Closes the connection in place of the answer: before or after doing what was asked. */
  reset?: "before" | "after";
}

export interface StripeServer {
  url: string;
  received: Received[];
  endpoints: StripeObject[];
  events: StripeObject[];
  /** Events that were resent, with the endpoint each went to. */
  resent: { event: string; endpoint: string | null }[];
  /** For the next requests, one each. */
  next: Canned[];
}

/** The shape of Stripe's error answers: https://docs.stripe.com/api/errors */
export function refusal(status: number, error: Record<string, unknown>): Canned {
  return { status, body: { error: { type: "invalid_request_error", ...error } } };
}

const account = {
  id: "acct_1MrJULkdIwHu7ix1",
  object: "account",
  email: "shop@example.com",
  business_profile: { name: "A shop", url: null },
  settings: { dashboard: { display_name: "The shop", timezone: "Etc/UTC" } },
};

export function stripeEndpoint(number: number, parts: Record<string, unknown> = {}): StripeObject {
  return {
    id: `we_1Mr5jULkdIwHu7ix${String(number).padStart(4, "0")}`,
    object: "webhook_endpoint",
    api_version: null,
    application: null,
    created: 1680122196 + number,
    description: null,
    enabled_events: ["charge.succeeded", "charge.failed"],
    livemode: false,
    metadata: {},
    status: "enabled",
    url: "https://example.com/my/webhook/endpoint",
    ...parts,
  };
}

export function stripeEvent(number: number, parts: Record<string, unknown> = {}): StripeObject {
  return {
    id: `evt_1NG8Du2eZvKYlo2C${String(number).padStart(4, "0")}`,
    object: "event",
    api_version: "2024-04-10",
    created: 1686089970 + number,
    data: { object: { id: "seti_1NG8Du2eZvKYlo2C9XMqbR0x", object: "setup_intent" } },
    livemode: false,
    pending_webhooks: 0,
    request: { id: null, idempotency_key: null },
    type: "setup_intent.created",
    ...parts,
  };
}

const resendParameters = /^(webhook_endpoint|account)$/;
const endpointParameters = /^(url|enabled_events\[\d+\]|description|disabled|api_version)$/;

/** A local server that answers as Stripe's documentation says; lists are newest first. Closed after the test. */
export async function startStripe(): Promise<StripeServer> {
  const endpoints: StripeObject[] = [];
  const events: StripeObject[] = [];
  const resent: StripeServer["resent"] = [];
  const next: Canned[] = [];
  const answered = new Map<string, Canned>();

  const answer = (request: Received): Canned => {
    const { method, headers, body } = request;
    const url = new URL(request.url, "http://localhost");
    const [, version, resource, id, ...rest] = url.pathname.split("/");
    const given = values(headers, "authorization")[0]?.replace(/^Bearer /, "") ?? "";
    if (given !== secretKey) {
      const masked = given.replace(/^(\w\w_\w+_).*(.{4})$/, "$1****$2");
      return refusal(401, { message: `Invalid API Key provided: ${masked}` });
    }
    const form = new URLSearchParams(body.toString("utf8"));
    const isResend = resource === "events" && rest.join("/") === "retry";
    if (method === "POST") {
      if (values(headers, "content-type")[0] !== "application/x-www-form-urlencoded")
        return refusal(400, { message: "Invalid request: the body is not form-encoded." });
      const parameters = isResend ? resendParameters : endpointParameters;
      const unknown = [...form.keys()].find((name) => !parameters.test(name));
      if (unknown !== undefined) {
        const message = `Received unknown parameter: ${unknown}`;
        return refusal(400, { code: "parameter_unknown", message, param: unknown });
      }
    }
    const unrecognized = refusal(404, { message: `Unrecognized request URL (${method}: ${url.pathname}).` });
    if (version !== "v1" || (rest.length > 0 && !(isResend && method === "POST"))) return unrecognized;
    if (isResend) {
      const event = one(events, id ?? "", "event");
      const endpoint = form.get("webhook_endpoint");
      const to = one(endpoints, endpoint ?? "", "webhook endpoint");
      if (event.status !== 200 || to.status !== 200) return event.status === 200 ? to : event;
      resent.push({ event: id ?? "", endpoint });
      return event;
    }
    const query = url.searchParams;
    if (resource === "account" && id === undefined) return { status: 200, body: account };
    if (resource === "events" && method === "GET")
      return id === undefined
        ? listOf(filtered(events, query), query, "/v1/events")
        : one(events, id, "event");
    if (resource !== "webhook_endpoints") return unrecognized;
    if (id === undefined) {
      if (method === "GET") return listOf(endpoints, query, "/v1/webhook_endpoints");
      const made = stripeEndpoint(endpoints.length + 1, { ...changesOf(form) });
      endpoints.unshift(made);
      return { status: 200, body: { ...made, secret: "whsec_wRNftLajMZNeslQOP6vEPm4iVx5NlZ6z" } };
    }
    const found = one(endpoints, id, "webhook endpoint");
    if (found.status !== 200) return found;
    const at = endpoints.findIndex((endpoint) => endpoint.id === id);
    if (method === "DELETE") {
      endpoints.splice(at, 1);
      return { status: 200, body: { id, object: "webhook_endpoint", deleted: true } };
    }
    if (method === "POST") endpoints[at] = { ...(found.body as StripeObject), ...changesOf(form) };
    return { status: 200, body: endpoints[at] };
  };

  const server = await startServer((request, response) => {
    const canned = next.shift();
    if (canned !== undefined && canned.reset !== "after") return send(response, canned);
    const [key] = values(request.headers, "idempotency-key");
    const result = (key === undefined ? undefined : answered.get(key)) ?? answer(request);
    if (key !== undefined) answered.set(key, result);
    send(response, canned ?? result);
  });
  return { url: server.url, received: server.received, endpoints, events, resent, next };
}

function send(response: ServerResponse, { status, headers = {}, body, reset }: Canned): void {
  if (reset) return void response.socket?.destroy();
  const text = typeof body === "string" ? body : JSON.stringify(body ?? {}, null, 2);
  response.writeHead(status, { "content-type": "application/json", "request-id": "req_Local1", ...headers });
  response.end(text);
}

function one(objects: readonly StripeObject[], id: string, what: string): Canned {
  const body = objects.find((object) => object.id === id);
  if (body !== undefined) return { status: 200, body };
  return refusal(404, { code: "resource_missing", message: `No such ${what}: '${id}'`, param: "id" });
}

function filtered(events: readonly StripeObject[], query: URLSearchParams): StripeObject[] {
  const type = query.get("type");
  const from = Number(query.get("created[gte]") ?? 0);
  const before = Number(query.get("created[lt]") ?? Infinity);
  const succeeded = query.get("delivery_success");
  return events.filter(
    (event) =>
      (type === null || event["type"] === type) &&
      (succeeded === null || succeeded === String(event["pending_webhooks"] === 0)) &&
      event.created >= from &&
      event.created < before,
  );
}

function listOf(objects: readonly StripeObject[], query: URLSearchParams, url: string): Canned {
  const limit = Number(query.get("limit") ?? 10);
  if (!Number.isInteger(limit) || limit < 1 || limit > 100)
    return refusal(400, { message: "Invalid integer: limit", param: "limit" });
  const after = query.get("starting_after");
  const start = after === null ? 0 : objects.findIndex(({ id }) => id === after) + 1;
  if (after !== null && start === 0)
    return refusal(400, {
      code: "resource_missing",
      message: `No such object: '${after}'`,
      param: "starting_after",
    });
  const data = objects.slice(start, start + limit);
  return { status: 200, body: { object: "list", url, has_more: start + limit < objects.length, data } };
}

function changesOf(form: URLSearchParams): Record<string, unknown> {
  const enabled = [...form].filter(([name]) => name.startsWith("enabled_events")).map(([, value]) => value);
  const text = (name: string): string | null => form.get(name);
  return {
    ...(text("url") === null ? {} : { url: text("url") }),
    ...(enabled.length === 0 ? {} : { enabled_events: enabled }),
    ...(text("description") === null ? {} : { description: text("description") || null }),
    ...(text("disabled") === null ? {} : { status: text("disabled") === "true" ? "disabled" : "enabled" }),
  };
}
