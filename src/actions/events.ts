import type { Event, EventDetail, EventTypeInfo, Remote } from "../remote/contract.ts";
import { readPages, type Listed, type PageOptions } from "./pages.ts";

export interface EventFilter {
  provider?: string;
  type?: string;
  /** Unix milliseconds: the first that counts, and the first that no longer does. */
  since?: number;
  until?: number;
}

export async function listEventTypes(
  remote: Remote,
  provider: string | undefined,
): Promise<Listed<EventTypeInfo>> {
  return remote.call("eventTypes.list", { query: provider === undefined ? {} : { provider } });
}

export function listEvents(
  remote: Remote,
  { since, until, ...filter }: EventFilter,
  page: PageOptions,
): Promise<Listed<Event>> {
  const times = {
    ...(since === undefined ? {} : { since: new Date(since).toISOString() }),
    ...(until === undefined ? {} : { until: new Date(until).toISOString() }),
  };
  return readPages((part) => remote.call("events.list", { query: { ...filter, ...times, ...part } }), page);
}

export async function showEvent(remote: Remote, id: string): Promise<{ event: EventDetail; body: Buffer }> {
  const event = await remote.call("events.get", { params: { id } });
  const body =
    event.payload === null
      ? Buffer.from(event.payload_base64 ?? "", "base64")
      : Buffer.from(event.payload, "utf8");
  return { event, body };
}
