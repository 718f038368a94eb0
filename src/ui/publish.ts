import type { DeliveryOutcome } from "../actions/deliveries.ts";
import type { Published } from "../actions/publish.ts";
import type { Delivery, DeliveryDetail } from "../remote/contract.ts";
import { answerLines, noteNextAttempts, outcomeLine } from "./deliveries.ts";
import { count } from "./format.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Endpoints or events that are named in a warning. */
const mostNamed = 5;

/**
 * Prints events as they are published.
 * @param options.isEmbedded whether no server makes the attempts to come
 * @returns how their deliveries went, or why that could not be read; `missed`: events that only disabled endpoints take
 */
export async function showPublished(
  output: Output,
  events: AsyncIterable<Published>,
  { waits, isEmbedded, now }: { waits: boolean; isEmbedded: boolean; now: () => number },
): Promise<{ outcomes: DeliveryOutcome[]; unread: Published["unread"]; missed: number }> {
  const outcomes: DeliveryOutcome[] = [];
  const tried: Delivery[] = [];
  const untaken = new Map<string, Set<string>>();
  const disabled = new Set<string>();
  let missed = 0;
  let unread: Published["unread"];
  for await (const published of events) {
    const { event, deliveries } = published;
    showOne(output, published, now());
    for (const { delivery, outcome } of deliveries) {
      outcomes.push(outcome);
      tried.push(delivery);
    }
    unread ??= published.unread;
    for (const id of event.disabled_endpoints) disabled.add(id);
    if (event.deliveries.length > 0) continue;
    if (event.disabled_endpoints.length > 0) missed++;
    else untaken.set(event.provider, (untaken.get(event.provider) ?? new Set()).add(event.type));
  }
  warnOfNobody(output, untaken, { disabled: [...disabled], missed });
  // Of this machine's own it was said when it happened.
  if (!isEmbedded) warnOfPaused(output, tried);
  if (isEmbedded) noteNextAttempts(output, tried);
  if (outcomes.includes("waiting"))
    output.note(
      output.err.dim(
        waits
          ? "the time was up: see how it goes on with hookline deliveries watch"
          : "see how it goes: hookline deliveries watch, or publish with --wait",
      ),
    );
  return { outcomes, unread, missed };
}

function showOne(output: Output, { event, deliveries, unread }: Published, now: number): void {
  const { out } = output;
  const { deliveries: made, disabled_endpoints, ...head } = event;
  output.json({
    ...head,
    deliveries: unread === undefined ? deliveries.map(({ delivery }) => delivery) : made,
    disabled_endpoints,
  });
  const what = safeLine(`${event.provider}/${event.type}`, 300);
  output.line(`${out.green("✓")} ${what} is published as ${safeLine(event.id, 300)}`);
  for (const { delivery, outcome } of deliveries)
    output.line(`  ${outcomeLine(out, delivery, outcome, { now })}`);
  if (unread !== undefined)
    for (const { id } of made) output.line(`  ${out.yellow("…")} ${safeLine(id, 100)}`);
}

/** Says whom the events did not reach, and why. @param untaken types that no endpoint takes, by provider */
function warnOfNobody(
  output: Output,
  untaken: ReadonlyMap<string, ReadonlySet<string>>,
  { disabled, missed }: { disabled: readonly string[]; missed: number },
): void {
  const [first] = disabled;
  if (missed > 0) {
    const [are, id] = disabled.length === 1 ? ["is", first] : ["are", "ID"];
    output.warn(
      `${count(missed, "event", "events")} had no delivery: ${some(disabled)} ${are} disabled; enable it: hookline endpoints enable ${id}`,
    );
  } else if (disabled.length > 0) {
    const [what, id] =
      disabled.length === 1
        ? ["an endpoint that takes it is", first]
        : [`${disabled.length} endpoints that take it are`, "ID"];
    const named = disabled.length === 1 ? "" : ` (${some(disabled)})`;
    output.warn(`${what} disabled and got nothing${named}; enable it: hookline endpoints enable ${id}`);
  }
  for (const [provider, types] of untaken) {
    const events = types.size > mostNamed ? "'*'" : [...types].join(",");
    output.warn(
      `no endpoint takes ${some([...types])} of ${provider}, so it went nowhere; make one, and publish it again: hookline endpoints create --provider ${provider} --events ${events} --url URL`,
    );
  }
}

/** Says which endpoints were disabled meanwhile, where deliveries to them were tried and wait now. */
function warnOfPaused(output: Output, tried: readonly Delivery[]): void {
  const ids = new Set<string>();
  for (const { status, last_attempt, next_attempt_at, endpoint_id } of tried)
    if (status === "pending" && last_attempt !== null && next_attempt_at === null && endpoint_id !== null)
      ids.add(endpoint_id);
  for (const id of [...ids].slice(0, mostNamed))
    output.warn(`the endpoint ${id} is disabled now; enable it again: hookline endpoints enable ${id}`);
}

function some(names: readonly string[]): string {
  const more = names.length - mostNamed;
  return names.slice(0, mostNamed).join(", ") + (more > 0 ? ` and ${more} more` : "");
}

/** Prints how a test of an endpoint went. */
export function showTest(
  output: Output,
  { delivery, outcome }: { delivery: DeliveryDetail; outcome: DeliveryOutcome },
  now: number,
): void {
  output.json(delivery);
  const { out } = output;
  const last = delivery.attempts.at(-1);
  const what = safeLine(`${delivery.provider}/${delivery.event_type}`, 100);
  output.line(outcomeLine(out, { ...delivery, last_attempt: last ?? null }, outcome, { now, name: what }));
  if (outcome === "failed" && last !== undefined)
    for (const line of answerLines(last, out)) output.line(`  ${line}`);
  if (outcome === "waiting")
    output.note(
      output.err.dim(
        `the time was up: look again with hookline deliveries show ${safeLine(delivery.id, 100)}`,
      ),
    );
}
