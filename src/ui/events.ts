import type { Listed } from "../actions/pages.ts";
import type { Event, EventDetail, EventTypeInfo } from "../remote/contract.ts";
import { bodyLines } from "./body.ts";
import { dateTime } from "./format.ts";
import { showMore } from "./endpoints.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

export async function showEventTypes(
  output: Output,
  { data, next_cursor }: Listed<EventTypeInfo>,
): Promise<void> {
  output.json({ data, next_cursor });
  if (output.jsonMode) return;
  if (data.length === 0) return output.note("there are none; see all with: hookline events types");
  output.line(
    await table(
      data.map(({ provider, type, description }) => [provider, type, description]),
      { head: ["PROVIDER", "EVENT", "MEANS"], theme: output.out, width: output.width },
    ),
  );
}

export async function showEvents(output: Output, { data, next_cursor }: Listed<Event>): Promise<void> {
  output.json({ data, next_cursor });
  if (output.jsonMode) return;
  if (data.length === 0) return output.note("there are none");
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

/** An event's payload: pretty on a terminal, its very bytes through a pipe. */
export function showEvent(output: Output, { event, body }: { event: EventDetail; body: Buffer }): void {
  output.json(event);
  if (output.jsonMode) return;
  if (!output.isTerminal) return output.raw(body);
  const { id, provider, type, created_at } = event;
  output.note(
    output.err.dim(safeLine([id, `${provider}/${type}`, dateTime(Date.parse(created_at))].join(" · "), 300)),
  );
  for (const line of bodyLines(body, output.out)) output.line(line);
}
