import { isHooklineError } from "../errors.ts";
import type { Answer, Delivery, DeliveryDetail, Remote } from "../remote/contract.ts";
import { readAll, readPages, type Listed, type PageOptions } from "./pages.ts";
import type { Host } from "./workspace.ts";

export const deliveryStatuses = ["pending", "sending", "succeeded", "failed", "cancelled"] as const;

export interface DeliveryFilter {
  status?: Delivery["status"];
  /** Id of an endpoint. */
  endpoint?: string;
  /** Id of an event (`evt_…`), or a type of events. */
  event?: string;
  /** Unix milliseconds: the first that counts, and the first that no longer does. */
  since?: number;
  until?: number;
}

/**
 * How the attempt went that was asked for. `waiting`: it has not been made yet; `paused`: it is made once the endpoint is
 * enabled again.
 */
export type DeliveryOutcome = "succeeded" | "failed" | "waiting" | "paused" | "cancelled";

/** Milliseconds between two looks at what is waited for: each pause is twice the one before. */
export const pauseMs = { first: 100, longest: 1000 };

/** Deliveries, newest first. */
export function listDeliveries(
  remote: Remote,
  filter: DeliveryFilter,
  page: PageOptions,
): Promise<Listed<Delivery>> {
  const query = queryOf(filter);
  return readPages((part) => remote.call("deliveries.list", { query: { ...query, ...part } }), page);
}

export function showDelivery(remote: Remote, id: string): Promise<DeliveryDetail> {
  return remote.call("deliveries.get", { params: { id } });
}

/** The deliveries of an event, in the order they were made. */
export async function deliveriesOf(remote: Remote, eventId: string): Promise<Delivery[]> {
  const { data } = await readAll((part) =>
    remote.call("deliveries.list", { query: { event_id: eventId, ...part } }),
  );
  return data.reverse();
}

/** The latest deliveries of an event, for who wants to know them too; undefined where the API does not tell them. */
export async function deliveriesIfAllowed(
  remote: Remote,
  eventId: string,
): Promise<Listed<Delivery> | undefined> {
  try {
    return await remote.call("deliveries.list", { query: { event_id: eventId } });
  } catch (error) {
    if (isHooklineError(error)) return undefined;
    throw error;
  }
}

/** A delivery as lists have it. */
export function headOf({ attempts, ...delivery }: DeliveryDetail): Delivery {
  const last = attempts.at(-1);
  if (last === undefined) return { ...delivery, last_attempt: null };
  const { number, kind, started_at, duration_ms, status, error, message } = last;
  return { ...delivery, last_attempt: { number, kind, started_at, duration_ms, status, error, message } };
}

/**
 * How the attempt went that follows those made before.
 * @param attemptsBefore how many had been made; null where the API does not say
 */
export function outcomeOf(delivery: Delivery, attemptsBefore: number | null): DeliveryOutcome {
  const { status, attempts_made: made, last_attempt: last, next_attempt_at: next } = delivery;
  if (last !== null && attemptsBefore !== null && last.number > attemptsBefore)
    return last.error === null ? "succeeded" : "failed";
  if (status === "cancelled") return "cancelled";
  return status === "pending" && made !== null && next === null ? "paused" : "waiting";
}

/** Whether a delivery is one of those that the filter names; `since` and `until` are not looked at. */
export function fits(delivery: Delivery, { status, endpoint, event }: DeliveryFilter): boolean {
  return (
    (status === undefined || delivery.status === status) &&
    (endpoint === undefined || delivery.endpoint_id === endpoint) &&
    (event === undefined || (isEventId(event) ? delivery.event_id : delivery.event_type) === event)
  );
}

/**
 * Reads until what was read will do, or the time is up.
 * @returns what was read last
 */
export async function readUntil<Result>(
  host: Host,
  timeoutMs: number,
  read: () => Promise<Result>,
  isEnough: (result: Result) => boolean,
): Promise<Result> {
  const end = host.now() + timeoutMs;
  for (let pause = pauseMs.first; ; pause = Math.min(pause * 2, pauseMs.longest)) {
    const result = await read();
    const left = end - host.now();
    if (isEnough(result) || left <= 0) return result;
    await host.sleep(Math.min(pause, left));
  }
}

/**
 * What has changed since the cursor, all of it.
 * @param take gets each delivery as it stands now
 * @returns the cursor of what is to come
 */
export async function readChanges(
  remote: Remote,
  cursor: string,
  take: (delivery: Delivery) => void,
): Promise<string> {
  for (let next = cursor; ;) {
    const page: Answer<"deliveries.changes"> = await remote.call("deliveries.changes", {
      query: { limit: 100, cursor: next },
    });
    for (const delivery of page.data) take(delivery);
    // A server that says there is more and gives nothing would be asked for ever.
    if (!page.more || page.next_cursor === next) return page.next_cursor;
    next = page.next_cursor;
  }
}

function isEventId(event: string): boolean {
  return event.startsWith("evt_");
}

/** A filter as the API takes it. */
export function queryOf({ status, endpoint, event, since, until }: DeliveryFilter) {
  return {
    ...(status === undefined ? {} : { status }),
    ...(endpoint === undefined ? {} : { endpoint_id: endpoint }),
    ...(event === undefined ? {} : isEventId(event) ? { event_id: event } : { event_type: event }),
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  };
}
