import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import type { ClaimedDelivery, DeliveryRow, EndpointRow, Store, Tables } from "../store/contract.ts";
import type { DeliveryAttempted, EndpointDisabled, ServerEvent } from "./app.ts";
import type { Sent } from "./courier.ts";
import type { NewId } from "./ids.ts";
import { afterAttempt } from "./schedule.ts";

export interface RecorderOptions {
  store: Store;
  registry: Registry;
  newId: NewId;
  /** Unix milliseconds. */
  now: () => number;
  /** From 0 up to, not including, 1. */
  fraction: () => number;
  report: (event: ServerEvent) => void;
  /** Waits before the automatic retries, in place of every provider's own. */
  retryDelaysMs?: readonly number[] | undefined;
  /** Deliveries given up one after another that disable an endpoint; 0: none do. */
  disableAfter: number;
}

/**
 * Writes an attempt down, with what it means for its delivery and its endpoint, in one transaction.
 * @returns false where the delivery is no longer in the worker's hands, and nothing was written
 */
export type Recorder = (claimed: ClaimedDelivery, sent: Sent) => Promise<boolean>;

export function createRecorder(options: RecorderOptions): Recorder {
  const { store, registry, now, fraction, report, retryDelaysMs } = options;
  const retryOf = (provider: string): Provider["retry"] =>
    retryDelaysMs === undefined
      ? (registry.get(provider)?.retry ?? { delaysMs: [] })
      : { delaysMs: retryDelaysMs };

  return async ({ delivery, endpoint }, sent) => {
    const { accountId, id, worker, isManual } = delivery;
    const at = now();
    const { changes, isExhausted } = afterAttempt(delivery, sent, retryOf(delivery.provider), at, fraction);
    const attempt = {
      accountId,
      deliveryId: id,
      number: changes.attemptsMade,
      kind: isManual ? ("manual" as const) : ("automatic" as const),
      ...sent.attempt,
    };
    const events = await store.write(accountId, async (tables) => {
      const current = (await tables.endpoints.get(accountId, endpoint.id)) ?? endpoint;
      // Deleted meanwhile, it gets nothing more.
      const isCancelled = changes.status === "pending" && current.deletedAt !== null;
      const kept = isCancelled
        ? { ...changes, status: "cancelled" as const, dueAt: null, scheduledAt: null }
        : changes;
      if (!(await tables.deliveries.update(accountId, id, worker, kept))) return undefined;
      await tables.attempts.insert(attempt);
      const attempted: DeliveryAttempted = {
        type: "attempt",
        accountId,
        deliveryId: id,
        endpointId: endpoint.id,
        url: endpoint.url,
        provider: delivery.provider,
        eventType: delivery.eventType,
        number: attempt.number,
        kind: attempt.kind,
        status: attempt.status,
        error: attempt.error,
        message: attempt.message,
        durationMs: attempt.durationMs,
        outcome: kept.status,
        nextAttemptAt: kept.dueAt,
      };
      if (sent.ok) {
        if (current.failures > 0) await tables.endpoints.update(accountId, endpoint.id, { failures: 0 });
        return [attempted];
      }
      if (!isExhausted && !sent.isGone) return [attempted];
      const disabled = await countFailure(options, tables, current, delivery, sent.isGone, at);
      return disabled === undefined ? [attempted] : [attempted, disabled];
    });
    for (const event of events ?? []) report(event);
    return events !== undefined;
  };
}

/** One more delivery was given up: after so many in a row, or where it says it is gone, the endpoint is disabled. */
async function countFailure(
  { newId, disableAfter }: RecorderOptions,
  tables: Tables,
  endpoint: EndpointRow,
  delivery: DeliveryRow,
  isGone: boolean,
  now: number,
): Promise<EndpointDisabled | undefined> {
  const { accountId, id, url, provider } = endpoint;
  if (endpoint.deletedAt !== null) return undefined;
  const failures = endpoint.failures + 1;
  const isOver = endpoint.disabledAt === null && (isGone || (disableAfter > 0 && failures >= disableAfter));
  const reason = isGone ? "gone" : "failing";
  await tables.endpoints.update(accountId, id, {
    failures,
    ...(isOver ? { disabledAt: now, disabledReason: reason } : {}),
  });
  if (!isOver) return undefined;
  await tables.activity.record({
    id: newId("act"),
    accountId,
    at: now,
    lastAt: now,
    count: 1,
    action: "endpoint.disabled",
    actorKind: "server",
    actorKeyId: null,
    actorName: null,
    address: null,
    subjectId: id,
    subjectName: url,
    detail: { reason, failures, delivery: delivery.id },
  });
  const account = await tables.accounts.get(accountId);
  return {
    type: "endpoint-disabled",
    accountId,
    account: account?.name ?? "",
    endpointId: id,
    url,
    provider,
    reason,
    failures,
  };
}
