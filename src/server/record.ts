import type { Registry } from "../providers/index.ts";
import type { ClaimedDelivery, DeliveryRow, EndpointRow, Store, Tables } from "../store/contract.ts";
import type { DeliveryAttempted, EndpointDisabled, ServerEvent } from "./server-events.ts";
import type { Sent } from "./courier.ts";
import type { NewId } from "./ids.ts";
import { afterAttempt } from "./schedule.ts";
import { shownUrl } from "./shown-url.ts";

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
 * @returns `isKept`: false where the delivery is no longer in the worker's hands, and nothing was written; `dueAt`: when the
 *   next attempt is due, Unix milliseconds
 */
export type Recorder = (
  claimed: ClaimedDelivery,
  sent: Sent,
) => Promise<{ isKept: boolean; dueAt: number | null }>;

/** An attempt to be written down. */
interface Entry {
  claimed: ClaimedDelivery;
  sent: Sent;
  resolve: (result: { isKept: boolean; dueAt: number | null }) => void;
  reject: (error: unknown) => void;
}

/** What came of it; undefined where nothing was written. */
type Written = (DeliveryAttempted | EndpointDisabled)[] | undefined;

/** Attempts that end while a transaction is waited for are written down in one. */
export function createRecorder(options: RecorderOptions): Recorder {
  const { store, report } = options;
  const waiting = new Map<string, Entry[]>();

  const tell = ({ resolve }: Entry, written: Written): void => {
    for (const event of written ?? []) report(event);
    const [attempted] = written ?? [];
    const dueAt = attempted?.type === "attempt" ? attempted.nextAttemptAt : null;
    resolve({ isKept: written !== undefined, dueAt });
  };
  const writeAlone = async (accountId: string, entry: Entry): Promise<void> => {
    try {
      tell(entry, await store.write(accountId, (tables) => write(options, tables, entry)));
    } catch (error) {
      entry.reject(error);
    }
  };
  const writeAll = async (accountId: string): Promise<void> => {
    let entries: Entry[] = [];
    const take = (): void => {
      entries = [...entries, ...(waiting.get(accountId) ?? [])];
      waiting.delete(accountId);
    };
    try {
      const written = await store.write(accountId, async (tables) => {
        // As late as can be.
        take();
        const all: Written[] = [];
        for (const entry of entries) all.push(await write(options, tables, entry));
        return all;
      });
      entries.forEach((entry, index) => tell(entry, written[index]));
    } catch (error) {
      take();
      const [first] = entries;
      if (entries.length === 1) return first?.reject(error);
      // One of them may be at fault: the others are not to wait for it.
      await Promise.all(entries.map((entry) => writeAlone(accountId, entry)));
    }
  };

  return (claimed, sent) =>
    new Promise((resolve, reject) => {
      const { accountId } = claimed.delivery;
      const entry = { claimed, sent, resolve, reject };
      const entries = waiting.get(accountId);
      if (entries !== undefined) entries.push(entry);
      else {
        waiting.set(accountId, [entry]);
        void writeAll(accountId);
      }
    });
}

async function write(
  options: RecorderOptions,
  tables: Tables,
  { claimed: { delivery, endpoint }, sent }: Entry,
): Promise<Written> {
  const { registry, now, fraction, retryDelaysMs } = options;
  const { accountId, id, worker, isManual } = delivery;
  const at = now();
  const retry =
    retryDelaysMs === undefined
      ? (registry.get(delivery.provider)?.retry ?? { delaysMs: [] })
      : { delaysMs: retryDelaysMs };
  const { changes, isExhausted } = afterAttempt(delivery, sent, retry, at, fraction);
  const current = (await tables.endpoints.get(accountId, endpoint.id)) ?? endpoint;
  // Deleted meanwhile, it gets nothing more.
  const isCancelled = changes.status === "pending" && current.deletedAt !== null;
  const kept = isCancelled
    ? { ...changes, status: "cancelled" as const, dueAt: null, scheduledAt: null }
    : changes;
  if (!(await tables.deliveries.update(accountId, id, worker, kept))) return undefined;
  const { durationMs, status, error, message } = sent.attempt;
  const number = changes.attemptsMade;
  const kind = isManual ? "manual" : "automatic";
  await tables.attempts.insert({ accountId, deliveryId: id, number, kind, ...sent.attempt });
  const attempted: DeliveryAttempted = {
    type: "attempt",
    accountId,
    deliveryId: id,
    endpointId: endpoint.id,
    url: shownUrl(endpoint.url),
    provider: delivery.provider,
    eventType: delivery.eventType,
    number,
    kind,
    status,
    error,
    message,
    durationMs,
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
    subjectName: shownUrl(url),
    detail: { reason, failures, delivery: delivery.id },
  });
  const account = await tables.accounts.get(accountId);
  return {
    type: "endpoint-disabled",
    accountId,
    account: account?.name ?? "",
    endpointId: id,
    url: shownUrl(url),
    provider,
    reason,
    failures,
  };
}
