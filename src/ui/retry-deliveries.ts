import type { Delivery } from "../remote/contract.ts";
import type { Refused, Retried } from "../actions/retry-deliveries.ts";
import { deliveryTable, noteNextAttempts, outcomeLine } from "./deliveries.ts";
import { count } from "./format.ts";
import type { Output } from "./output.ts";
import { createProgress } from "./progress.ts";
import { showRefused } from "./refused-deliveries.ts";

/** From this many on a bar stands for what goes well; the rest is still printed. */
const many = 25;

/** Whether so many retries have a bar, and no spinner then. */
export function hasBar(total: number): boolean {
  return total >= many;
}

/** How often each came of it. */
export interface RetryCounts {
  refused: number;
  succeeded: number;
  /** Tried, and failed again, or never to be tried. */
  failed: number;
  /** Asked for, with no outcome yet. */
  waiting: number;
}

/**
 * Prints what becomes of deliveries that are retried, as it is told.
 * @param options.kind of the API: Stripe's does not tell how attempts go, and for the embedded one no server makes more
 */
export async function showRetries(
  output: Output,
  stderr: NodeJS.WriteStream,
  retries: AsyncIterable<Retried>,
  {
    total,
    waits,
    kind,
    now,
  }: { total: number; waits: boolean; kind: "embedded" | "api" | "stripe"; now: () => number },
): Promise<RetryCounts> {
  const counts: RetryCounts = { refused: 0, succeeded: 0, failed: 0, waiting: 0 };
  const tried: Delivery[] = [];
  const refused: Refused[] = [];
  const progress = await createProgress(stderr, {
    // Where nobody waits for what a server does, there is nothing to count.
    enabled: output.interactive && hasBar(total) && (waits || kind === "embedded"),
    total,
    label: "retrying",
    theme: output.err,
  });
  try {
    for await (const retry of retries) {
      counts[kindOf(retry)]++;
      if (retry.retried) tried.push(retry.delivery);
      else refused.push(retry);
      progress.update({ ok: counts.succeeded, failed: counts.failed + counts.refused });
      output.json(retryJson(retry));
      if (!retry.retried) continue;
      const { delivery, outcome } = retry;
      const isFine = outcome === "succeeded" || (outcome === "waiting" && !waits);
      if (!hasBar(total) || !isFine) output.line(outcomeLine(output.out, delivery, outcome, { now: now() }));
    }
  } finally {
    progress.stop();
  }
  showRefused(output, refused, "not retried");
  if (total > 1) showCounts(output, counts, { kind, waits });
  if (kind === "embedded") noteNextAttempts(output, tried);
  if (counts.waiting > 0 && kind !== "stripe")
    output.note(
      output.err.dim(
        waits
          ? "the time was up: see how they go on with hookline deliveries watch"
          : "see how they go: hookline deliveries list, or add --wait",
      ),
    );
  return counts;
}

function kindOf(retry: Retried): keyof RetryCounts {
  if (!retry.retried) return "refused";
  return retry.outcome === "succeeded" || retry.outcome === "waiting" ? retry.outcome : "failed";
}

function retryJson(retry: Retried): object {
  return {
    ...retry.delivery,
    retried: retry.retried,
    code: retry.retried ? null : retry.code,
    message: retry.retried ? null : retry.message,
  };
}

/** Prints what would be retried, and what would be refused. */
export async function showDryRun(
  output: Output,
  deliveries: readonly Delivery[],
  { refusals, now }: { refusals: ReadonlyMap<Delivery, Refused>; now: number },
): Promise<void> {
  const data = deliveries.map((delivery) => {
    const refusal = refusals.get(delivery);
    const { code, message } = refusal ?? { code: null, message: null };
    return { ...delivery, would_retry: refusal === undefined, code, message };
  });
  output.json({ data, next_cursor: null });
  if (output.jsonMode) return;
  if (deliveries.length === 0) return output.note("no delivery fits: nothing would be retried");
  const meant = deliveries.filter((delivery) => !refusals.has(delivery));
  if (meant.length > 0) output.line(await deliveryTable(output, meant, now));
  showRefused(output, [...refusals.values()], "would not be retried");
  const these = meant.length === 1 ? "this one" : meant.length === 0 ? "none" : `these ${meant.length}`;
  output.note(output.err.dim(`nothing was changed: without --dry-run ${these} would be retried`));
}

function showCounts(
  output: Output,
  { refused, succeeded, failed, waiting }: RetryCounts,
  { kind, waits }: { kind: "embedded" | "api" | "stripe"; waits: boolean },
): void {
  const { out } = output;
  const asked = count(succeeded + failed + waiting, "delivery", "deliveries");
  const failures = `${failed} failed`;
  const isOpen = kind === "stripe" || (waiting > 0 && !waits);
  const outcomes = [
    `${succeeded} succeeded`,
    failed > 0 ? out.red(failures) : failures,
    ...(waiting > 0 ? [`${waiting} without an outcome yet`] : []),
  ];
  output.line(
    [
      `${asked} ${isOpen ? "asked for" : "retried"}`,
      ...(kind === "stripe" || (isOpen && succeeded + failed === 0) ? [] : outcomes),
      ...(refused > 0 ? [out.red(`${refused} not retried`)] : []),
    ].join(" · "),
  );
}
