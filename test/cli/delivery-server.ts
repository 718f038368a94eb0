import type { Delivery, DeliveryDetail, Endpoint } from "../../src/remote/contract.ts";
import { startStub, stubKey, type StubApi } from "./api-server.ts";
import type { Received } from "./run-servers.ts";

type Attempt = DeliveryDetail["attempts"][number];

/** How an attempt goes: the status answered, or why none came. */
type Reply = number | "refused" | "timeout";

interface FakeEndpoint {
  id: string;
  url: string;
  disabled?: boolean;
  /** How the attempts go, one after the other; the last one goes for all after it. */
  replies: Reply[];
}

interface Canned {
  status: number;
  body?: unknown;
}

/** An API that delivers, but only in its own words: nothing is sent. */
interface DeliveringApi extends StubApi {
  env: Record<string, string>;
  deliveries: DeliveryDetail[];
  /** Adds a delivery that was tried so often. */
  add(parts?: Partial<DeliveryDetail>, replies?: Reply[]): DeliveryDetail;
  /** Makes what is due, as the worker would. */
  work(): void;
}

interface FakeOptions {
  endpoints?: FakeEndpoint[];
  /** Attempts are made when so many requests have come since they were asked for; never where it is null. */
  after?: number | null;
  /** Said in place of the answer that would come. @param count how many requests came before this one */
  instead?: (request: Received, count: number) => Canned | undefined;
}

const start = Date.parse("2026-03-17T14:00:00.000Z");
const iso = (ms: number): string => new Date(ms).toISOString();

/** A control plane in front of `stubKey`: `/v1/events`, `/v1/deliveries`, `/v1/endpoints/{id}` and its `/test`. */
export async function startDelivering({
  endpoints = [],
  after = 0,
  instead = () => undefined,
}: FakeOptions = {}): Promise<DeliveringApi> {
  const deliveries: DeliveryDetail[] = [];
  /** Of each change the delivery, in order. */
  const changes: string[] = [];
  const due = new Map<string, number>();
  let requests = 0;
  let events = 0;

  const changed = ({ id }: DeliveryDetail): void => void changes.push(id);
  const ask = (delivery: DeliveryDetail): void => {
    Object.assign(delivery, { status: "pending", next_attempt_at: iso(start) });
    due.set(delivery.id, requests);
    changed(delivery);
  };
  const attempt = (delivery: DeliveryDetail, reply: Reply): void => {
    const number = delivery.attempts.length + 1;
    delivery.attempts.push(attemptOf(number, reply));
    delivery.attempts_made = number;
    const isAccepted = typeof reply === "number" && reply < 300;
    delivery.status = isAccepted ? "succeeded" : number < 3 ? "pending" : "failed";
    delivery.next_attempt_at = delivery.status === "pending" ? iso(Date.now() + 60_000) : null;
    changed(delivery);
  };
  const work = (): void => {
    for (const [id, since] of due) {
      if (after === null || requests - since <= after) continue;
      due.delete(id);
      const delivery = deliveries.find((each) => each.id === id);
      const { replies = [200] } = endpoints.find((each) => each.id === delivery?.endpoint_id) ?? {};
      if (delivery !== undefined)
        attempt(delivery, replies[delivery.attempts.length] ?? replies.at(-1) ?? 200);
    }
  };
  const add: DeliveringApi["add"] = (parts = {}, replies = []) => {
    const number = deliveries.length + 1;
    const delivery: DeliveryDetail = {
      id: `dlv_${number}`,
      event_id: `evt_${number}`,
      endpoint_id: "ep_1",
      endpoint_url: "https://shop.example/hooks",
      provider: "fareplay",
      event_type: "order.created",
      status: "pending",
      attempts_made: 0,
      created_at: iso(start + number * 1000),
      next_attempt_at: null,
      attempts: [],
      ...parts,
    };
    deliveries.push(delivery);
    for (const reply of replies) attempt(delivery, reply);
    Object.assign(delivery, parts);
    return delivery;
  };

  const publish = (provider: string, type: string, targets: FakeEndpoint[]): Canned => {
    const event = { id: `evt_p${++events}`, provider, type, created_at: iso(start) };
    const made = targets
      .filter(({ disabled }) => disabled !== true)
      .map(({ id, url }) =>
        add({ event_id: event.id, endpoint_id: id, endpoint_url: url, provider, event_type: type }),
      );
    for (const delivery of made) ask(delivery);
    return {
      status: 202,
      body: {
        ...event,
        deliveries: made.map(({ id, endpoint_id }) => ({ id, endpoint_id })),
        disabled_endpoints: targets.filter(({ disabled }) => disabled === true).map(({ id }) => id),
      },
    };
  };
  const refusalOf = (
    delivery: DeliveryDetail,
    force: boolean,
  ): { code: string; detail: string } | undefined =>
    endpoints.find(({ id }) => id === delivery.endpoint_id)?.disabled === true
      ? {
          code: "endpoint-disabled",
          detail: `the endpoint ${delivery.endpoint_id} of ${delivery.id} is disabled`,
        }
      : delivery.status === "succeeded" && !force
        ? { code: "delivery-succeeded", detail: `${delivery.id} has succeeded` }
        : undefined;

  const answer = (request: Received): Canned | undefined => {
    const { pathname, searchParams } = new URL(request.url, "http://api");
    const body = (request.body.length > 0 ? JSON.parse(request.body.toString()) : {}) as {
      provider?: string;
      type?: string;
      force?: boolean;
      ids?: string[];
    };
    const [, , area = "", id = "", verb = ""] = pathname.split("/");
    const one = deliveries.find((each) => each.id === id);
    switch (
      `${request.method} ${area} ${id === "" ? "" : id === "changes" || id === "retry" ? id : "ID"}${verb}`
    ) {
      case "POST events ":
        return publish(body.provider ?? "", body.type ?? "", endpoints);
      case "POST endpoints IDtest":
        return publish("fareplay", body.type ?? "order.created", endpoints.slice(0, 1));
      case "GET endpoints ID": {
        const known = endpoints.find((each) => each.id === id);
        return known && { status: 200, body: endpointOf(known) };
      }
      case "GET deliveries ":
        return { status: 200, body: pageOf(deliveries, searchParams) };
      case "GET deliveries changes": {
        const from = Number(searchParams.get("cursor") ?? changes.length);
        const upTo = Math.min(changes.length, from + Number(searchParams.get("limit") ?? 25));
        const ids = new Set(changes.slice(from, upTo));
        // Each stands at its last change alone.
        const data = deliveries.filter((each) => ids.has(each.id) && changes.lastIndexOf(each.id) < upTo);
        return {
          status: 200,
          body: { data: data.map(head), next_cursor: String(upTo), more: upTo < changes.length },
        };
      }
      case "GET deliveries ID":
        return one && { status: 200, body: one };
      case "POST deliveries IDretry": {
        if (one === undefined) return undefined;
        const refusal = refusalOf(one, body.force === true);
        if (refusal !== undefined) return { status: 409, body: refusal };
        ask(one);
        return { status: 202, body: head(one) };
      }
      case "POST deliveries retry": {
        const data = (body.ids ?? []).map((each) => {
          const delivery = deliveries.find((candidate) => candidate.id === each);
          const refusal = delivery && refusalOf(delivery, body.force === true);
          if (delivery !== undefined && refusal === undefined) ask(delivery);
          return {
            id: each,
            retried: refusal === undefined,
            code: refusal?.code ?? null,
            message: refusal?.detail ?? null,
          };
        });
        return { status: 202, body: { data, next_cursor: null } };
      }
      default:
        return undefined;
    }
  };

  const stub = await startStub((request) => {
    const canned = instead(request, requests);
    requests++;
    work();
    const said = canned ?? answer(request);
    return said && { status: said.status, body: said.body ?? {} };
  });
  return {
    ...stub,
    env: { HOOKLINE_API_URL: stub.url, HOOKLINE_API_KEY: stubKey },
    deliveries,
    add,
    work,
  };
}

function endpointOf({ id, url, disabled = false }: FakeEndpoint): Endpoint {
  return {
    id,
    url,
    provider: "fareplay",
    events: ["*"],
    description: null,
    status: disabled ? "disabled" : "enabled",
    disabled_at: disabled ? iso(start) : null,
    disabled_reason: disabled ? "requested" : null,
    created_at: iso(start),
    secret_hint: null,
    secret_rotation: null,
  };
}

function attemptOf(number: number, reply: Reply): Attempt {
  const isAccepted = typeof reply === "number" && reply < 300;
  return {
    number,
    kind: number === 1 ? "automatic" : "manual",
    started_at: iso(start + number * 60_000),
    duration_ms: 12,
    status: typeof reply === "number" ? reply : null,
    error: isAccepted ? null : typeof reply === "number" ? "status" : reply,
    message: isAccepted
      ? null
      : typeof reply === "number"
        ? "only 2xx counts as success"
        : `${reply} by the target`,
    answer: typeof reply === "number" ? `{"said":${reply}}` : null,
    answer_bytes: typeof reply === "number" ? 12 : null,
  };
}

/** The client drops what the answer's schema does not name. */
function head({ attempts, ...delivery }: DeliveryDetail): Delivery {
  return { ...delivery, last_attempt: attempts.at(-1) ?? null };
}

/** Newest first; a cursor is the number of those before. */
function pageOf(deliveries: readonly DeliveryDetail[], query: URLSearchParams): object {
  const fields = ["status", "event_id", "event_type", "endpoint_id"] as const;
  const fitting = deliveries
    .filter((delivery) => fields.every((field) => !query.has(field) || query.get(field) === delivery[field]))
    .reverse();
  const from = Number(query.get("cursor") ?? 0);
  const end = from + Number(query.get("limit") ?? 25);
  return {
    data: fitting.slice(from, end).map(head),
    next_cursor: end < fitting.length ? String(end) : null,
  };
}
