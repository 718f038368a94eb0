import { deliveryIdOf, lazyJson } from "../providers/event.ts";
import { randomText, uuid } from "../providers/ids.ts";
import type { Provider } from "../providers/contract.ts";
import type { PublishedEvent } from "../remote/contract.ts";
import type { DeliveryRow, EndpointRow, EventRow } from "../store/contract.ts";
import type { Handling } from "./app.ts";
import { timeOf } from "./ids.ts";
import { timeText } from "./routes/pages.ts";

/** What is published, and to whom. */
export interface Publication {
  provider: Provider;
  type: string;
  payload: Uint8Array;
  /** Enabled ones. */
  endpoints: readonly EndpointRow[];
  /** Those that would get it, but are disabled. */
  disabled: readonly EndpointRow[];
  /** What its publisher is told. */
  warnings?: PublishedEvent["warnings"];
  /** It is sent once: no schedule follows. */
  isTest: boolean;
}

/** Stores an event with a delivery for each endpoint, and has them sent as soon as they are on disk. */
export async function publish(
  handling: Handling,
  { provider, type, payload, endpoints, disabled, warnings = [], isTest }: Publication,
): Promise<PublishedEvent> {
  const { tables, principal, options, now, newId } = handling;
  const accountId = principal.account.id;
  const id = newId("evt");
  const createdAt = timeOf(id);
  const event: EventRow = {
    id,
    accountId,
    provider: provider.id,
    type,
    messageId: messageIdOf(provider, payload, options.random),
    payload,
    createdAt,
  };
  await tables.events.insert(event);
  const deliveries: PublishedEvent["deliveries"] = [];
  for (const endpoint of endpoints) {
    const worker = options.dispatch?.reserve(accountId, endpoint.id, payload.length) ?? null;
    const deliveryId = newId("dlv");
    const delivery: DeliveryRow = {
      id: deliveryId,
      accountId,
      eventId: id,
      endpointId: endpoint.id,
      provider: provider.id,
      eventType: type,
      status: worker === null ? "pending" : "sending",
      attemptsMade: 0,
      automaticMade: 0,
      createdAt: timeOf(deliveryId),
      dueAt: worker === null ? now : null,
      scheduledAt: isTest ? null : now,
      isManual: isTest,
      hasSucceeded: false,
      worker,
      changed: 0,
    };
    if (worker !== null) {
      handling.after((isKept) => {
        if (isKept) options.dispatch?.take({ delivery, event, endpoint });
        else options.dispatch?.giveBack(accountId, endpoint.id, payload.length);
      });
    }
    await tables.deliveries.insert(delivery);
    deliveries.push({ id: deliveryId, endpoint_id: endpoint.id });
  }
  return {
    id,
    provider: provider.id,
    type,
    created_at: timeText(createdAt),
    deliveries,
    disabled_endpoints: disabled.map((endpoint) => endpoint.id),
    warnings,
  };
}

/** The id that the provider's requests carry: the body's own where it has one. */
function messageIdOf(provider: Provider, payload: Uint8Array, random: (bytes: number) => Buffer): string {
  const own = deliveryIdOf(provider, { headers: [], path: "", json: lazyJson(payload) });
  // No header could carry it otherwise.
  if (own !== undefined && !/[\p{Cc}\p{Cs}]/u.test(own)) return own;
  const { idPrefix } = provider.envelope;
  return idPrefix === undefined ? uuid(random) : idPrefix + randomText(random, 22);
}
