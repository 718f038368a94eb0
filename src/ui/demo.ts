import type { Attempted, DemoEvent, DemoSummary } from "../actions/demo-events.ts";
import type { ListenDelivery } from "../actions/listen-events.ts";
import type { DeliveryDetail } from "../remote/contract.ts";
import { renderFinding } from "./findings.ts";
import { bytes, count, duration } from "./format.ts";
import { showDelivery } from "./listen.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/**
 * Tells the demonstration as it happens.
 * @returns whether all went as it should
 */
export async function showDemo(output: Output, events: AsyncIterable<DemoEvent>): Promise<boolean> {
  const show = output.jsonMode ? (event: DemoEvent): void => showJson(output, event) : createTeller(output);
  let isOk = false;
  for await (const event of events) {
    show(event);
    if (event.type === "summary") isOk = event.ok;
  }
  return isOk;
}

function showJson(output: Output, event: DemoEvent): void {
  if (event.type === "delivery") showDelivery(output, event.delivery, "line");
  else output.json(documentOf(event));
}

function documentOf(event: Exclude<DemoEvent, { type: "delivery" }>): object {
  switch (event.type) {
    case "control-plane":
    case "listener":
      return event;
    case "endpoint": {
      const { type, id, provider, url, events, secretHint } = event;
      return { type, id, provider, url, events, secret_hint: secretHint };
    }
    case "published": {
      const { id, provider, type, deliveries } = event.event;
      return { type: "published", id, provider, event: type, deliveries };
    }
    case "tampered":
      return { ...event, status: event.status ?? null };
    case "app":
      return { type: "app", url: event.url, up: event.isUp };
    case "attempt":
      return attemptDocument(event.attempt);
    case "retry":
      return { type: "retry", delivery_id: event.deliveryId };
    case "attempts": {
      const { id, status, attempts } = event.delivery;
      return { type: "attempts", delivery_id: id, status, attempts };
    }
    case "summary": {
      const { type, ok, sent, verified, rejected, failed, retried } = event;
      return { type, ok, sent, verified, rejected, failed, retried };
    }
  }
}

function attemptDocument(attempt: Attempted): object {
  const { nextAttemptAt } = attempt;
  return {
    type: "attempt",
    delivery_id: attempt.deliveryId,
    endpoint_id: attempt.endpointId,
    url: attempt.url,
    provider: attempt.provider,
    event: attempt.eventType,
    number: attempt.number,
    kind: attempt.kind,
    status: attempt.status,
    error: attempt.error,
    message: attempt.message,
    duration_ms: attempt.durationMs,
    outcome: attempt.outcome,
    next_attempt_at: nextAttemptAt === null ? null : new Date(nextAttemptAt).toISOString(),
  };
}

/** Columns for the name of an event. */
const eventWidth = 32;
const titleWidth = 19;

/** For people: chapters of short lines. */
function createTeller(output: Output): (event: DemoEvent) => void {
  const { out } = output;
  const line = (indent: number, text: string): void => output.line(" ".repeat(indent) + text);
  let chapters = 0;
  const chapter = (title: string): void => line(0, `\n${out.bold(`${++chapters}. ${title}`)}`);
  let hasEndpoints = false;
  let told = "";

  return (event) => {
    switch (event.type) {
      case "control-plane":
        line(0, "The whole story of webhooks, on this machine alone. Nothing of it stays.");
        chapter("Two sides");
        return line(2, `a control plane, which sends webhooks   ${out.cyan(event.url)}`);
      case "listener":
        return line(2, `a listener, which receives them         ${out.cyan(event.url)}`);
      case "endpoint": {
        if (!hasEndpoints) line(2, "an endpoint for each vendor, with a secret of its own that signs:");
        hasEndpoints = true;
        const path = safeLine(new URL(event.url).pathname, 60).padEnd(titleWidth);
        const hint = out.dim(event.secretHint ?? "");
        return line(4, `${safeLine(event.title, 40).padEnd(titleWidth)} ${path} ${hint}`);
      }
      case "published":
        if (chapters === 1) chapter("Every event of every vendor is published, signed, sent and verified");
        // The app's delivery is told by its attempts.
        if (chapters > 2 || told === event.title) return;
        told = event.title;
        return line(2, out.bold(safeLine(told, 60)));
      case "delivery":
        for (const text of deliveryLines(output, event.delivery)) line(4, text);
        return;
      case "tampered":
        chapter("One is changed on its way");
        line(2, `${event.name} comes again, with ${event.path} set to ${event.value}.`);
        if (event.status === undefined) line(4, out.red("✗ the listener does not answer"));
        return;
      case "app":
        if (!event.isUp) chapter("One cannot be delivered, at first");
        if (event.isUp) return line(2, "The app is up again. The delivery is retried by hand:");
        line(2, `${safeLine(event.title, 40)}'s endpoint now leads to an app, and the app is down:`);
        return line(4, out.cyan(event.url));
      case "attempt":
        return line(4, attemptLine(output, event.title, event.attempt));
      case "retry":
        return;
      case "attempts":
        line(2, "What the control plane knows of it:");
        for (const text of attemptLines(output, event.delivery)) line(4, text);
        return;
      case "summary":
        return showSummary(output, event);
    }
  };
}

function deliveryLines({ out }: Output, delivery: ListenDelivery): string[] {
  const { verified, event, status } = delivery;
  const what = safeLine(event ?? "(no event)", 60).padEnd(eventWidth);
  if (verified === true && status < 300) {
    return [`${out.green("✓ verified")}  ${what} ${out.dim(bytes(delivery.bytes).padStart(6))}`];
  }
  const [finding] = delivery.findings;
  return [
    `${out.red("✗ rejected")}  ${what} ${out.red(`answered ${status}`)}`,
    ...(finding === undefined ? [] : [out.dim(`  ${renderFinding(finding).message}`)]),
  ];
}

function attemptLine({ out }: Output, title: string, attempt: Attempted): string {
  const { status, error, nextAttemptAt, at } = attempt;
  const what = safeLine(attempt.eventType, 60);
  const answer = status === null ? (error ?? "no answer") : `answered ${status}`;
  if (error === null) return `${out.green("✓ delivered")}  ${what}  ${out.green(answer)}`;
  // Recorded a moment before it is told.
  const waitMs = nextAttemptAt === null ? undefined : Math.round((nextAttemptAt - at) / 1000) * 1000;
  const next =
    waitMs === undefined
      ? "no further try is due"
      : `${safeLine(title, 60)} tries again in ${duration(waitMs)}`;
  return `${out.red("✗ failed")}     ${what}  ${out.red(answer)}  ${next}`;
}

function attemptLines({ out }: Output, { status, attempts }: DeliveryDetail): string[] {
  return [
    ...attempts.map(({ number, kind, status: answered, error, duration_ms }) => {
      const mark = error === null ? out.green("✓") : out.red("✗");
      const how = kind === "manual" ? "by hand" : "automatic";
      return `${mark} attempt ${number}, ${how.padEnd(10)} ${answered ?? error ?? ""} in ${duration(duration_ms)}`;
    }),
    `${status === "succeeded" ? out.green("✓") : out.red("✗")} ${status}`,
  ];
}

function showSummary(output: Output, summary: DemoSummary): void {
  const { out } = output;
  const { ok, isCutShort, sent, verified, rejected, failed, retried } = summary;
  const mark = ok ? out.green("✓") : out.red("✗");
  const totals = `${count(sent, "delivery", "deliveries")} sent, ${verified} verified; ${rejected} tampered with and rejected`;
  if (isCutShort) {
    output.line(`\n${out.red("✗")} cut short: ${totals}`);
    return;
  }
  output.line(`\n${mark} ${totals};`);
  output.line(
    `  ${failed} failed at first, ${retried === failed ? "then" : `but ${retried}`} delivered by hand`,
  );
  output.note(nextCommands);
}

const nextCommands = `
Now your own app, on port 3000:
  npx hookline listen 3000/webhooks
    receives, verifies and forwards to it
  npx hookline replay order.created --to localhost:4400/fareplay
    sends a signed event
And a control plane of your own:
  npx hookline endpoints create --provider fynn --events '*' --url 4400/fynn
    says where events go
  npx hookline events publish fynn
    publishes them: signed, sent and kept
  npx hookline serve
    delivers, and retries what failed`;
