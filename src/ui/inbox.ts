import type { DeliveryShape, InboxHoldings } from "../actions/inbox.ts";
import type { Exported } from "../actions/inbox-export.ts";
import type { Listed } from "../actions/pages.ts";
import { noneFits } from "./endpoints.ts";
import { bytes, count, duration, milliseconds, relativeTime } from "./format.ts";
import { showMore } from "./more.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";

/** Columns that a terminal needs for the size and time of each, and for the ids of deliveries. */
const roomy = 80;
const wide = 110;

/** @param filter its flags by name, without dashes @param now Unix milliseconds, as everywhere here */
export async function showInbox(
  output: Output,
  { data, next_cursor }: Listed<DeliveryShape>,
  { filter, now }: { filter: readonly string[]; now: number },
): Promise<void> {
  output.json({ data: data.map(rounded), next_cursor });
  if (output.jsonMode) return;
  if (data.length === 0) {
    return output.note(
      filter.length > 0
        ? noneFits(filter)
        : "nothing is recorded; what a listener receives is: hookline listen 3000/webhooks",
    );
  }
  output.line(await inboxTable(output, data, now));
  showMore(output, next_cursor);
}

/** As it is told to programs. */
export function rounded<Shape extends { duration_ms: number }>(shape: Shape): Shape {
  return { ...shape, duration_ms: milliseconds(shape.duration_ms) };
}

/** One row each; the event stands last where there is little room, as it may be long. */
function inboxTable({ out, width }: Output, data: readonly DeliveryShape[], now: number): Promise<string> {
  const notes = data.some((delivery) => notesOf(delivery) !== "");
  const isRoomy = width >= roomy;
  const isWide = width >= wide;
  return table(
    data.map((delivery) => [
      String(delivery.number),
      relativeTime(Date.parse(delivery.received_at), now),
      `${mark(delivery)} ${delivery.status}`,
      ...(isRoomy ? [bytes(delivery.bytes), duration(delivery.duration_ms)] : []),
      ...(notes ? [notesOf(delivery)] : []),
      // Where another column follows, a long one would push it to the next line.
      isWide ? safeLine(whatOf(delivery), 60) : whatOf(delivery),
      ...(isWide ? [delivery.delivery_id ?? ""] : []),
    ]),
    {
      head: [
        ...["#", "WHEN", "STATUS"],
        ...(isRoomy ? ["SIZE", "TOOK"] : []),
        ...(notes ? ["NOTE"] : []),
        "EVENT",
        ...(isWide ? ["DELIVERY"] : []),
      ],
      theme: out,
      width,
    },
  );
}

/** `✓` verified, `✗` not, `?` nothing to verify it with. */
function mark({ verified }: DeliveryShape): string {
  if (verified === null) return "?";
  return verified ? "✓" : "✗";
}

function notesOf({ accepted, failed, duplicate, replays }: DeliveryShape): string {
  return [
    ...(accepted ? [] : ["rejected"]),
    ...(failed ? ["failed"] : []),
    ...(duplicate ? ["duplicate"] : []),
    ...(replays > 0 ? ["replayed"] : []),
  ].join(" ");
}

/** `fareplay/order.created`, or its request where that is not known. */
export function whatOf({ provider, event, method, target }: DeliveryShape): string {
  const request = method === "" ? "(no HTTP request)" : `${method} ${target}`;
  if (provider === null) return request;
  return event === null ? `${provider} ${request}` : `${provider}/${event}`;
}

/** A delivery as a choice of a prompt. */
export function inboxChoice(
  delivery: DeliveryShape,
  now: number,
): { value: string; name: string; description: string } {
  const { number, id, status, received_at, delivery_id } = delivery;
  const when = relativeTime(Date.parse(received_at), now);
  return {
    value: String(number),
    name: `${String(number).padStart(5)}  ${mark(delivery)} ${status}  ${when.padEnd(10)}  ${safeLine(whatOf(delivery), 60)}  ${notesOf(delivery)}`,
    description: [id, delivery_id ?? []].flat().join(", "),
  };
}

/** Prints what would be sent, or removed. @param will `sent again`, `removed` */
export async function showInboxDryRun(
  output: Output,
  data: readonly DeliveryShape[],
  { will, now }: { will: string; now: number },
): Promise<void> {
  output.json({ data: data.map(rounded), next_cursor: null });
  if (output.jsonMode) return;
  if (data.length === 0) return output.note(`no delivery fits: nothing would be ${will}`);
  output.line(await inboxTable(output, data, now));
  const these = data.length === 1 ? "this one" : `these ${data.length}`;
  output.note(output.err.dim(`nothing was changed: without --dry-run ${these} would be ${will}`));
}

export function showCleared(output: Output, removed: number): void {
  output.json({ removed });
  output.line(`${output.out.green("✓")} ${count(removed, "delivery", "deliveries")} removed`);
}

/** Files that are named where many are written. */
const mostNamed = 20;

/** Prints files as they are written. @returns how many */
export function showExported(output: Output, files: Iterable<Exported>, out: string): number {
  let written = 0;
  for (const { number, id, file, bytes: size } of files) {
    written++;
    output.json({ number, id, file, bytes: size });
    if (written <= mostNamed)
      output.line(`${output.out.green("✓")} ${safeLine(file, 1000)}  ${output.out.dim(bytes(size))}`);
  }
  if (written > mostNamed) output.line(`… ${written - mostNamed} more in ${safeLine(out, 1000)}`);
  if (written > 0)
    output.note(
      output.err.dim(
        "send them again: hookline replay FILE --to …; tell why one fails: hookline verify --request FILE",
      ),
    );
  return written;
}

export function showLimits(output: Output, { limits, totals }: InboxHoldings): void {
  output.json({
    limits: { count: limits.count, age_ms: limits.ageMs, bytes: limits.bytes },
    holds: { count: totals.count, bytes: totals.bytes },
  });
  const { out } = output;
  const line = (name: string, value: string): void => output.line(`${out.dim(name.padEnd(6))}  ${value}`);
  line("holds", `${count(totals.count, "delivery", "deliveries")}, ${bytes(totals.bytes)}`);
  line("most", `${count(limits.count, "delivery", "deliveries")}, ${binaryBytes(limits.bytes)}`);
  line("oldest", duration(limits.ageMs));
}

/** As `--size` reads it: `1 GiB`. */
function binaryBytes(size: number): string {
  for (const [unit, factor] of [
    ["TiB", 1024 ** 4],
    ["GiB", 1024 ** 3],
    ["MiB", 1024 ** 2],
  ] as const)
    if (size >= factor) return `${Number((size / factor).toFixed(1))} ${unit}`;
  return bytes(size);
}
