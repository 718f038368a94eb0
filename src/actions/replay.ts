import { setMaxListeners } from "node:events";
import { createHistogram } from "node:perf_hooks";
import { judge, type Outcome } from "../transport/judge.ts";
import { parseTarget } from "../transport/target.ts";
import { events } from "./channel.ts";
import { openSender, type ConnectOptions } from "./connect.ts";
import { prepare, type PreparedPayload, type PrepareOptions } from "./prepare.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

export interface ReplayOptions extends PrepareOptions, ConnectOptions {
  to: string;
  /** How often each payload is sent. */
  times: number;
  /** Most requests under way at once. */
  concurrency: number;
  /** Requests started per second; as many as the target takes where left out. */
  rate?: number;
  /** Milliseconds to wait for an answer, in place of each provider's own allowance. */
  timeoutMs?: number;
  /** Sends nothing more once it is aborted. */
  signal: AbortSignal;
}

export interface ReplayStart {
  type: "start";
  url: string;
  total: number;
  /** Which secret signs for which provider. */
  signing: { provider: string; title: string; origin: SecretOrigin }[];
}

export interface ReplayDelivery {
  type: "delivery";
  name: string;
  provider: string;
  title: string;
  event: string | undefined;
  deliveryId: string;
  bytes: number;
  outcome: Outcome;
  status: number | undefined;
  durationMs: number;
  /** The answer of a failed delivery: its head, and its whole length. */
  answer: { body: Buffer; bytes: number } | undefined;
}

export interface ReplaySummary {
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

export type ReplayEvent = ReplayStart | ReplayDelivery | ReplaySummary;

/** Bytes of a failing answer that are kept to be shown. */
const keepBytes = 20_000;

/**
 * Sends payloads, each signed anew, and judges every answer by its provider's own rule.
 * Reading throws a HooklineError where something is wrong before the first request.
 */
export function replay(workspace: Workspace, options: ReplayOptions): AsyncIterable<ReplayEvent> {
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  // Every worker that waits for its turn listens; Node would take more than ten for a leak.
  setMaxListeners(0, signal);
  return events(
    (report) => send(workspace, { ...options, signal }, report),
    () => left.abort(),
  );
}

async function send(
  workspace: Workspace,
  options: ReplayOptions,
  report: (event: ReplayEvent) => void,
): Promise<void> {
  const target = parseTarget(options.to);
  const payloads = await prepare(workspace, options);
  const longest = Math.max(...payloads.map(({ payload }) => payload.provider.ack.timeoutMs));
  const sender = await openSender(workspace, target.url, options, {
    connections: options.concurrency,
    timeoutMs: options.timeoutMs ?? longest,
    keepBytes,
  });
  const path = target.url.pathname + target.url.search;
  const total = payloads.length * options.times;
  report({ type: "start", url: target.url.href, total, signing: signingOf(payloads) });

  const stop = (): void => void sender.close();
  options.signal.addEventListener("abort", stop, { once: true });
  const started = performance.now();
  const latency = createHistogram();
  let claimed = 0;
  let broken = false;
  let sent = 0;
  let succeeded = 0;
  let answered = 0;

  const one = async (turn: number): Promise<void> => {
    const { payload, next } = payloads[turn % payloads.length] as PreparedPayload;
    sent++;
    const { headers, body, deliveryId } = next();
    const timeoutMs = options.timeoutMs ?? payload.provider.ack.timeoutMs;
    const result = await sender.send({ method: "POST", path, headers, body, timeoutMs });
    const outcome = judge(payload.provider.ack, result);
    if (result.ok) {
      answered++;
      latency.record(Math.max(1, Math.round(result.durationMs * 1000)));
    }
    if (outcome.ok) succeeded++;
    report({
      type: "delivery",
      name: payload.name,
      provider: payload.provider.id,
      title: payload.provider.title,
      event: payload.event,
      deliveryId,
      bytes: body.length,
      outcome,
      status: result.ok ? result.status : undefined,
      durationMs: result.durationMs,
      answer:
        !outcome.ok && result.ok && result.bytes > 0 ? { body: result.body, bytes: result.bytes } : undefined,
    });
  };
  const worker = async (): Promise<void> => {
    while (claimed < total && !options.signal.aborted && !broken) {
      // Each waits for a turn of its own: those that waited for the same one would all send at once.
      const turn = claimed++;
      if (options.rate !== undefined) await untilDue(started + (turn / options.rate) * 1000, options.signal);
      if (!options.signal.aborted) await one(turn);
    }
  };
  try {
    await Promise.all(Array.from({ length: Math.min(options.concurrency, total) }, worker));
  } finally {
    broken = true;
    options.signal.removeEventListener("abort", stop);
    await sender.close();
  }
  const ms = (percentile: number): number => latency.percentile(percentile) / 1000;
  report({
    type: "summary",
    total,
    sent,
    succeeded,
    failed: sent - succeeded,
    durationMs: performance.now() - started,
    latencyMs:
      answered === 0 ? undefined : { p50: ms(50), p95: ms(95), p99: ms(99), max: latency.max / 1000 },
    interrupted: options.signal.aborted,
  });
}

function signingOf(payloads: readonly PreparedPayload[]): ReplayStart["signing"] {
  const seen = new Map<string, ReplayStart["signing"][number]>();
  for (const { payload, origin } of payloads) {
    const { id, title } = payload.provider;
    seen.set(id, { provider: id, title, origin });
  }
  return [...seen.values()];
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
