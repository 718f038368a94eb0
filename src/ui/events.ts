import type { EventFilter } from "../actions/events.ts";
import type { Listed } from "../actions/pages.ts";
import type { HooklineError } from "../errors.ts";
import type { Delivery, Event, EventDetail, EventTypeInfo } from "../remote/contract.ts";
import { bodyLines } from "./body.ts";
import { dateTime } from "./format.ts";
import { noneFits, noteUnknown } from "./endpoints.ts";
import { showMore } from "./more.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

/** @param asked.unknown where the provider that they are filtered by may not be one */
export async function showEventTypes(
  output: Output,
  { data, next_cursor }: Listed<EventTypeInfo>,
  { isFiltered, unknown }: { isFiltered: boolean; unknown: HooklineError | undefined },
): Promise<void> {
  output.json({ data, next_cursor });
  if (unknown !== undefined) noteUnknown(output, unknown);
  if (output.jsonMode) return;
  if (data.length === 0) return output.note(isFiltered ? noneFits(["provider"]) : "there are none");
  output.line(
    await table(
      data.map(({ provider, type, description }) => [provider, type, description]),
      { head: ["PROVIDER", "EVENT", "MEANS"], theme: output.out, width: output.width },
    ),
  );
}

/** @param asked.unknown where the filter's provider may not be one */
export async function showEvents(
  output: Output,
  { data, next_cursor }: Listed<Event>,
  { filter, unknown }: { filter: EventFilter; unknown: HooklineError | undefined },
): Promise<void> {
  output.json({ data, next_cursor });
  if (unknown !== undefined) noteUnknown(output, unknown);
  if (output.jsonMode) return;
  if (data.length === 0) {
    const flags = Object.keys(filter);
    return output.note(flags.length > 0 ? noneFits(flags) : "no event was published yet");
  }
  output.line(
    await table(
      data.map(({ id, created_at, provider, type }) => [
        id,
        dateTime(Date.parse(created_at)),
        provider,
        type,
      ]),
      { head: ["ID", "CREATED", "PROVIDER", "EVENT"], theme: output.out, width: output.width },
    ),
  );
  showMore(output, next_cursor);
}

/** An event as a choice of a prompt. */
export function eventChoice(event: Event): { value: string; name: string; description: string } {
  const { id, provider, type, created_at } = event;
  return {
    value: id,
    name: `${dateTime(Date.parse(created_at))}  ${safeLine(`${provider}/${type}`, 60)}`,
    description: safeLine(id, 100),
  };
}

/**
 * An event's payload: pretty on a terminal, its very bytes through a pipe.
 * @param shown.deliveries of the event, told on a terminal; undefined where they are not known
 */
export function showEvent(
  output: Output,
  { event, body, deliveries }: { event: EventDetail; body: Buffer; deliveries: Listed<Delivery> | undefined },
): void {
  output.json(event);
  if (output.jsonMode) return;
  if (!output.isTerminal) return output.raw(body);
  const { id, provider, type, created_at } = event;
  output.note(
    output.err.dim(safeLine([id, `${provider}/${type}`, dateTime(Date.parse(created_at))].join(" · "), 300)),
  );
  for (const line of bodyLines(body, output.out)) output.line(line);
  if (deliveries === undefined) return;
  const { data, next_cursor } = deliveries;
  if (data.length === 0) return output.note(output.err.dim("no endpoint took it"));
  for (const delivery of data)
    output.note(
      output.err.dim(
        safeLine([delivery.id, delivery.status, delivery.endpoint_url ?? ""].join("  ").trimEnd(), 300),
      ),
    );
  if (next_cursor !== null)
    output.note(output.err.dim(safeLine(`… see all: hookline deliveries list --event ${id} --all`, 300)));
}
