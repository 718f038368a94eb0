import type { Delivery } from "../remote/contract.ts";
import type { Retried } from "../actions/retry-deliveries.ts";
import { noteNextAttempts, outcomeLine } from "./deliveries.ts";
import { count } from "./format.ts";
import type { Output } from "./output.ts";
import { createProgress } from "./progress.ts";
import { safeLine } from "./safe.ts";

/** From this many on a bar stands for what goes well; the rest is still printed. */
const many = 25;

/** How often each came of it. */
export interface RetryCounts {
  refused: number;
  succeeded: number;
  /** Tried, and failed again, or never to be tried. */
  failed: number;
  /** Not tried yet. */
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
  const progress = await createProgress(stderr, {
    enabled: output.interactive && total >= many,
    total,
    label: "retrying",
    theme: output.err,
  });
  try {
    for await (const retry of retries) {
      counts[kindOf(retry)]++;
      if (retry.retried) tried.push(retry.delivery);
      progress.update({ ok: counts.succeeded + counts.waiting, failed: counts.failed + counts.refused });
      output.json(retryJson(retry));
      const isFine =
        retry.retried && (retry.outcome === "succeeded" || (retry.outcome === "waiting" && !waits));
      if (total < many || !isFine) output.line(retryLine(output, retry, now()));
    }
  } finally {
    progress.stop();
  }
  if (total > 1) showCounts(output, counts, kind);
  if (kind === "embedded") noteNextAttempts(output, tried);
  if (counts.waiting > 0 && kind !== "stripe")
    output.note(
      output.err.dim(
        waits
          ? "the time was up: see how they go on with hookline deliveries watch"
          : "see how they go: hookline deliveries watch, or add --wait",
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

function retryLine({ out }: Output, retry: Retried, now: number): string {
  const { delivery } = retry;
  if (retry.retried) return outcomeLine(out, delivery, retry.outcome, { now, name: delivery.id });
  const why = retry.message ?? retry.code ?? "the API did not say why";
  return `${out.red("✗")} ${safeLine(delivery.id, 100)}  not retried: ${safeLine(why, 300)}`;
}

function showCounts(
  output: Output,
  { refused, succeeded, failed, waiting }: RetryCounts,
  kind: "embedded" | "api" | "stripe",
): void {
  const { out } = output;
  const asked = count(succeeded + failed + waiting, "delivery", "deliveries");
  const failures = `${failed} failed`;
  const outcomes = [
    `${asked} retried`,
    `${succeeded} succeeded`,
    failed > 0 ? out.red(failures) : failures,
    ...(waiting > 0 ? [`${waiting} not tried yet`] : []),
  ];
  output.line(
    [
      ...(kind === "stripe" ? [`${asked} asked for`] : outcomes),
      ...(refused > 0 ? [out.red(`${refused} not retried`)] : []),
    ].join(" · "),
  );
}
