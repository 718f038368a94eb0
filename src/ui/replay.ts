import type { ReplayDelivery, ReplayEvent, ReplaySummary } from "../actions/replay.ts";
import { bodyLines } from "./body.ts";
import { count, duration, milliseconds } from "./format.ts";
import { originText } from "./origin.ts";
import { shortReason } from "./outcome.ts";
import type { Output } from "./output.ts";
import { createProgress, type Progress } from "./progress.ts";
import { safeBytes, safeLine } from "./safe.ts";

/** From this many deliveries on a bar stands for the successful ones; failures are still printed. */
const many = 25;
/** Failures printed in full; more of them are only counted. */
const shownFailures = 50;

/**
 * Prints a replay as it goes.
 * @param watch is told of each event as well
 * @returns its summary
 */
export async function showReplay(
  output: Output,
  stderr: NodeJS.WriteStream,
  events: AsyncIterable<ReplayEvent>,
  watch: (event: ReplayEvent) => void = () => undefined,
): Promise<ReplaySummary | undefined> {
  let summary: ReplaySummary | undefined;
  let progress: Progress | undefined;
  let crowd = false;
  const counts = { ok: 0, failed: 0 };
  try {
    for await (const event of events) {
      watch(event);
      if (event.type === "start") {
        crowd = event.total >= many;
        for (const { title, origin } of event.signing) {
          output.note(output.err.dim(`${safeLine(title)} is signed with ${originText(origin)}`));
        }
        output.note(
          output.err.dim(
            `sending ${count(event.total, "delivery", "deliveries")} to ${safeLine(event.url, 200)}`,
          ),
        );
        if (crowd) {
          progress = await createProgress(stderr, {
            enabled: output.interactive,
            total: event.total,
            label: "sending",
            theme: output.err,
          });
        }
      } else if (event.type === "delivery") {
        counts[event.outcome.ok ? "ok" : "failed"]++;
        progress?.update(counts);
        if (output.jsonMode) output.json(deliveryJson(event));
        if (!event.outcome.ok && counts.failed <= shownFailures) showFailure(output, event);
        else if (!crowd) output.line(deliveryLine(output, event));
      } else summary = event;
    }
  } finally {
    progress?.stop();
  }
  if (summary !== undefined) showSummary(output, summary);
  return summary;
}

/** `✓ fareplay/order.created  200  12 ms` */
function deliveryLine(output: Output, delivery: ReplayDelivery): string {
  const { out } = output;
  const { outcome, status, durationMs } = delivery;
  return [
    outcome.ok ? out.green("✓") : out.red("✗"),
    safeLine(nameOf(delivery), 80).padEnd(38),
    status === undefined ? out.red("—  ") : outcome.ok ? out.green(String(status)) : out.red(String(status)),
    duration(durationMs),
    ...(outcome.ok ? [] : [out.red(shortReason(outcome, delivery))]),
  ].join("  ");
}

/** `fareplay/order.created`, and behind it how it was made wrong. */
function nameOf({ name, tampering }: ReplayDelivery): string {
  return tampering === undefined ? name : `${name} (${tampering})`;
}

function showFailure(output: Output, delivery: ReplayDelivery): void {
  output.line(deliveryLine(output, delivery));
  if (delivery.answer === undefined) return;
  for (const line of bodyLines(delivery.answer.body, output.out, {
    maxLines: 20,
    length: delivery.answer.bytes,
  })) {
    output.line(`  ${line}`);
  }
}

function showSummary(output: Output, summary: ReplaySummary): void {
  const { latencyMs, sent, total, succeeded, failed, durationMs } = summary;
  output.json({
    type: "summary",
    total,
    sent,
    succeeded,
    failed,
    duration_ms: milliseconds(durationMs),
    latency_ms:
      latencyMs === undefined
        ? null
        : Object.fromEntries(Object.entries(latencyMs).map(([name, ms]) => [name, milliseconds(ms)])),
    interrupted: summary.interrupted,
  });
  const { out } = output;
  if (total === 1 && sent === 1) return;
  const latency =
    latencyMs === undefined
      ? ""
      : ` · p50 ${duration(latencyMs.p50)} · p95 ${duration(latencyMs.p95)} · p99 ${duration(latencyMs.p99)}`;
  const failures = failed > 0 ? out.red(`${failed} failed`) : `${failed} failed`;
  output.line(
    `${sent < total ? `${sent} of ${total}` : sent} sent · ${succeeded} succeeded · ${failures}${latency} · ${duration(durationMs)}`,
  );
  if (failed > shownFailures)
    output.note(`${failed - shownFailures} more failures are not shown; --json has them all`);
}

function deliveryJson(delivery: ReplayDelivery): object {
  const { outcome, answer } = delivery;
  return {
    type: "delivery",
    name: delivery.name,
    provider: delivery.provider,
    event: delivery.event ?? null,
    tampering: delivery.tampering ?? null,
    delivery_id: delivery.deliveryId,
    bytes: delivery.bytes,
    ok: outcome.ok,
    status: delivery.status ?? null,
    duration_ms: milliseconds(delivery.durationMs),
    code: outcome.ok ? null : outcome.reason,
    message: outcome.ok ? null : shortReason(outcome, delivery),
    answer: answer === undefined ? null : { bytes: answer.bytes, text: safeBytes(answer.body).text },
  };
}
