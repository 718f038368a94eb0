import type { DeliveryFilter, DeliveryOutcome } from "../actions/deliveries.ts";
import type { Listed } from "../actions/pages.ts";
import type { Delivery, DeliveryDetail } from "../remote/contract.ts";
import { bodyLines } from "./body.ts";
import { noneFits } from "./endpoints.ts";
import { bytes, dateTime, duration, relativeTime } from "./format.ts";
import { showMore } from "./more.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";
import { table } from "./table.ts";
import type { Theme } from "./theme.ts";

type Attempt = DeliveryDetail["attempts"][number];
type AttemptHead = NonNullable<Delivery["last_attempt"]>;

/** Columns that a terminal needs for ids and URLs beside all else. */
const wide = 150;

/** @param now Unix milliseconds, as everywhere here */
export async function showDeliveries(
  output: Output,
  { data, next_cursor }: Listed<Delivery>,
  { filter, now }: { filter: DeliveryFilter; now: number },
): Promise<void> {
  output.json({ data, next_cursor });
  if (output.jsonMode) return;
  if (data.length === 0) {
    const flags = Object.keys(filter);
    return output.note(
      flags.length > 0
        ? noneFits(flags)
        : "nothing was delivered yet; what is published goes to the endpoints that take it: hookline events publish",
    );
  }
  output.line(await deliveryTable(output, data, now));
  showMore(output, next_cursor);
}

export function deliveryTable(
  { out, width }: Output,
  data: readonly Delivery[],
  now: number,
): Promise<string> {
  const isNarrow = width < wide;
  return table(
    data.map((delivery) => [
      delivery.id,
      delivery.status,
      isNarrow ? delivery.event_type : `${delivery.provider}/${delivery.event_type}`,
      ...(isNarrow ? [] : [String(delivery.attempts_made ?? "")]),
      delivery.last_attempt === null ? "" : shortOutcome(delivery.last_attempt),
      whenText(delivery, now),
      delivery.endpoint_url ?? delivery.endpoint_id ?? "",
    ]),
    {
      head: ["DELIVERY", "STATUS", "EVENT", ...(isNarrow ? [] : ["TRIES"]), "LAST", "WHEN", "ENDPOINT"],
      theme: out,
      width,
    },
  );
}

/** `200 in 12 ms`, `timeout` */
function shortOutcome({ status, error, duration_ms }: AttemptHead): string {
  if (status === null) return safeLine(error ?? "", 20);
  return error === "late" ? `${status} late` : `${status} in ${duration(duration_ms)}`;
}

/** When it was tried last, or will be tried next; `waits` until its endpoint is enabled. */
function whenText(
  { status, created_at, last_attempt, next_attempt_at: next, attempts_made: made }: Delivery,
  now: number,
): string {
  if (status === "pending" && next !== null)
    return Date.parse(next) <= now ? "due now" : `next ${relativeTime(Date.parse(next), now)}`;
  if (status === "pending" && made !== null) return "waits";
  return relativeTime(Date.parse(last_attempt?.started_at ?? created_at), now);
}

/** A delivery as a choice of a prompt. */
export function deliveryChoice(
  delivery: Delivery,
  now: number,
): { value: string; name: string; description: string } {
  const { id, status, provider, event_type, endpoint_url, endpoint_id, last_attempt: last } = delivery;
  return {
    value: id,
    name: `${status.padEnd(9)}  ${whenText(delivery, now)}  ${safeLine(`${provider}/${event_type}`, 60)}  ${safeLine(endpoint_url ?? "", 60)}`,
    description: [
      safeLine(id, 100),
      endpoint_id === null ? [] : safeLine(endpoint_id, 100),
      last === null ? [] : shortOutcome(last),
    ]
      .flat()
      .join(", "),
  };
}

/** A delivery with all its attempts. @param options.answers show what every attempt was answered, not only the last */
export function showDelivery(
  output: Output,
  delivery: DeliveryDetail,
  { answers, now }: { answers: boolean; now: number },
): void {
  output.json(delivery);
  if (output.jsonMode) return;
  const { out } = output;
  const line = (name: string, value: string): void =>
    output.line(`  ${out.dim(name.padEnd(8))}  ${safeLine(value, 2100)}`);
  const { id, event_id, provider, event_type, endpoint_id, endpoint_url, status, attempts } = delivery;
  output.line(out.bold(safeLine(id, 300)));
  line("event", `${event_id} (${provider}/${event_type})`);
  if (endpoint_id !== null) line("endpoint", `${endpoint_id} ${endpoint_url ?? ""}`.trimEnd());
  line("status", [status, nextText(delivery, now)].filter(Boolean).join(", "));
  line("created", time(delivery.created_at, now));
  if (attempts.length === 0)
    return output.note(
      output.err.dim(
        delivery.attempts_made === null
          ? "  the API does not tell of its attempts"
          : "  no attempt was made yet",
      ),
    );
  for (const [index, attempt] of attempts.entries()) {
    const { number, kind, started_at } = attempt;
    output.line("");
    output.line(
      `  ${markOf(out, attempt)} attempt ${number}, ${kind === "manual" ? "by hand" : kind}  ${out.dim(time(started_at, now))}  ${attemptText(attempt)}`,
    );
    if (answers || index === attempts.length - 1)
      for (const text of answerLines(attempt, out)) output.line(`    ${text}`);
  }
}

/** What an attempt was answered. */
export function answerLines({ answer, answer_bytes: length }: Attempt, theme: Theme): string[] {
  if (answer === null || answer === "") return [];
  const body = Buffer.from(answer, "utf8");
  const lines = bodyLines(body, theme, { maxLines: 200 });
  return length === null || length <= body.length
    ? lines
    : [...lines, theme.dim(`│ … ${bytes(length)} in all`)];
}

function markOf(theme: Theme, { error }: AttemptHead): string {
  return error === null ? theme.green("✓") : theme.red("✗");
}

/** `200 in 12 ms`, `500 in 3 ms`, `202 in 9 ms: answered 202, not 200`, `connection refused (1 ms)` */
function attemptText({ status, error, message, duration_ms }: AttemptHead): string {
  const took = duration(duration_ms);
  // That a 500 is no success goes without saying; that a redirect is none does not.
  const isPlain = error === null || (error === "status" && status !== null && status >= 400);
  const why = isPlain ? undefined : safeLine(message ?? error, 300);
  if (status === null) return `${why ?? "no answer"} (${took})`;
  return why === undefined ? `${status} in ${took}` : `${status} in ${took}: ${why}`;
}

/** What happens next with a delivery that is not done; "" where there is nothing to say. */
function nextText(
  { status, next_attempt_at: next, attempts_made: made }: Delivery | DeliveryDetail,
  now: number,
): string {
  if (status === "pending") {
    if (next !== null) {
      const at = Date.parse(next);
      return at <= now ? "the next attempt is due now" : `next attempt ${relativeTime(at, now)}`;
    }
    return made === null ? "" : "waits until its endpoint is enabled";
  }
  if (status === "failed") return made === null ? "" : "no further attempt is due";
  return "";
}

/**
 * How the attempt went that was asked for: `✓ dlv_… https://… 200 in 12 ms`.
 * @param outcome as `outcomeOf` tells it
 * @param options.name what stands in place of the delivery's id
 */
export function outcomeLine(
  theme: Theme,
  delivery: Delivery,
  outcome: DeliveryOutcome,
  { now, name }: { now: number; name?: string },
): string {
  const { id, endpoint_url, last_attempt: last } = delivery;
  const to = [name ?? id, endpoint_url].flatMap((text) => (text === null ? [] : safeLine(text, 200)));
  return `${mark(theme, outcome)} ${[...to, how()].join("  ")}`;

  function how(): string {
    switch (outcome) {
      case "succeeded":
        return last === null ? "succeeded" : theme.green(attemptText(last));
      case "failed": {
        const text = last === null ? "failed" : attemptText(last);
        const next = nextText(delivery, now);
        return theme.red(text) + (next === "" ? "" : `, ${next}`);
      }
      case "waiting":
        return waitingText(delivery);
      case "paused":
        return "waits until its endpoint is enabled";
      case "cancelled":
        return "cancelled";
    }
  }
}

function waitingText({ status, attempts_made: made }: Delivery): string {
  if (made === null) return "is sent once more";
  if (status === "sending") return "being sent";
  return made > 0 ? "asked for, not tried again yet" : "not tried yet";
}

function mark(theme: Theme, outcome: DeliveryOutcome): string {
  if (outcome === "succeeded") return theme.green("✓");
  return outcome === "failed" || outcome === "cancelled" ? theme.red("✗") : theme.yellow("…");
}

/** Says who makes the attempts to come where no server does. @param deliveries those that were tried */
export function noteNextAttempts(output: Output, deliveries: readonly Delivery[]): void {
  if (deliveries.some(({ status, next_attempt_at: next }) => status === "pending" && next !== null))
    output.note(
      output.err.dim(
        "what is due later is sent while hookline deliveries watch, or hookline serve, is running",
      ),
    );
}

/** How a delivery stands, behind the time: `14:32:07  ✗ pending    fareplay/order.created  dlv_…  https://…  …` */
export function statusLine(
  theme: Theme,
  delivery: Delivery,
  { at, time }: { at: number; time: string },
): string {
  const { id, status, provider, event_type, endpoint_url, last_attempt: last } = delivery;
  const word = status.padEnd(9);
  const shown =
    status === "succeeded"
      ? theme.green(`✓ ${word}`)
      : status === "failed" || (status === "pending" && last !== null)
        ? theme.red(`✗ ${word}`)
        : theme.yellow(`… ${word}`);
  const next = nextText(delivery, at);
  return [
    theme.dim(time),
    shown,
    safeLine(`${provider}/${event_type}`, 80),
    theme.dim(safeLine(id, 60)),
    ...(endpoint_url === null ? [] : [safeLine(endpoint_url, 100)]),
    [
      ...(last !== null ? [`attempt ${last.number}: ${attemptText(last)}`] : []),
      ...(next === "" ? [] : [next]),
    ].join(", "),
  ]
    .join("  ")
    .trimEnd();
}

/** `2026-03-17 14:32:07 (3 min ago)` */
function time(at: string, now: number): string {
  const ms = Date.parse(at);
  return `${dateTime(ms)} (${relativeTime(ms, now)})`;
}
