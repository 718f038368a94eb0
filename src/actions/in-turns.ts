import { createHistogram } from "node:perf_hooks";
import type { RefusalOutcome } from "../transport/judge.ts";
import type { Sender, SendResult } from "../transport/send.ts";

export interface TurnOptions {
  total: number;
  /** Most requests under way at once. */
  concurrency: number;
  /** Requests started per second; as many as the target takes where left out. */
  rate?: number;
  /** Sends nothing more once it is aborted. */
  signal: AbortSignal;
}

/** How a number of requests went. */
export interface TurnSummary {
  type: "summary";
  total: number;
  sent: number;
  succeeded: number;
  failed: number;
  durationMs: number;
  /** Of the answers that came; undefined where none did. */
  latencyMs: { p50: number; p95: number; p99: number; max: number } | undefined;
  interrupted: boolean;
}

/**
 * Sends so many requests, some at once, and closes the sender: at the end, at the signal, or where one throws.
 * @param one sends the request of a turn, counted from 0; undefined where there was none to send
 */
export async function inTurns(
  sender: Sender,
  options: TurnOptions,
  one: (turn: number) => Promise<{ result: SendResult; outcome: RefusalOutcome } | undefined>,
): Promise<TurnSummary> {
  const { total, concurrency, rate, signal } = options;
  const stop = (): void => void sender.close();
  signal.addEventListener("abort", stop, { once: true });
  const started = performance.now();
  const latency = createHistogram();
  let claimed = 0;
  let broken = false;
  let sent = 0;
  let succeeded = 0;
  let answered = 0;

  const take = async (turn: number): Promise<void> => {
    const done = await one(turn);
    if (done === undefined) return;
    const { result, outcome } = done;
    sent++;
    if (result.ok) {
      answered++;
      latency.record(Math.max(1, Math.round(result.durationMs * 1000)));
    }
    if (outcome.ok) succeeded++;
  };
  const worker = async (): Promise<void> => {
    while (claimed < total && !signal.aborted && !broken) {
      // Each waits for a turn of its own: those that waited for the same one would all send at once.
      const turn = claimed++;
      if (rate !== undefined) await untilDue(started + (turn / rate) * 1000, signal);
      if (!signal.aborted) await take(turn);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(concurrency, total) }, worker));
  } finally {
    broken = true;
    signal.removeEventListener("abort", stop);
    await sender.close();
  }
  const ms = (percentile: number): number => latency.percentile(percentile) / 1000;
  return {
    type: "summary",
    total,
    sent,
    succeeded,
    failed: sent - succeeded,
    durationMs: performance.now() - started,
    latencyMs:
      answered === 0 ? undefined : { p50: ms(50), p95: ms(95), p99: ms(99), max: latency.max / 1000 },
    interrupted: signal.aborted,
  };
}

/** Waits until the moment on the monotonic clock, or until the signal. */
function untilDue(at: number, signal: AbortSignal): Promise<void> {
  const wait = at - performance.now();
  if (wait <= 0 || signal.aborted) return Promise.resolve();
  return new Promise((resolve) => {
    const done = (): void => {
      clearTimeout(timer);
      signal.removeEventListener("abort", done);
      resolve();
    };
    const timer = setTimeout(done, wait);
    signal.addEventListener("abort", done, { once: true });
  });
}
