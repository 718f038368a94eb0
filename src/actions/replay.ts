import { shownUrl } from "../text/shown-url.ts";
import { judge, judgeRefusal, type RefusalOutcome } from "../transport/judge.ts";
import type { SendResult } from "../transport/send.ts";
import { parseTarget } from "../transport/target.ts";
import { eventsUntil } from "./channel.ts";
import { openSender, type ConnectOptions } from "./connect.ts";
import { inTurns, type TurnSummary } from "./in-turns.ts";
import { createMask, type Mask } from "./mask.ts";
import { prepare, type PreparedPayload, type PrepareOptions, type Tampering } from "./prepare.ts";
import { reproduce, type Pipeline } from "./reproduce.ts";
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
  /** Null where nobody knows whose it is. */
  provider: string | null;
  title: string;
  event: string | undefined;
  deliveryId: string;
  bytes: number;
  /** How it was made wrong: it had to be refused then. */
  tampering: Tampering | undefined;
  outcome: RefusalOutcome;
  status: number | undefined;
  durationMs: number;
  /** The answer of a failed delivery: its head, and its whole length. */
  answer: { body: Buffer; bytes: number } | undefined;
  /** A command that sends the same once more. */
  again: Pipeline;
}

export type ReplaySummary = TurnSummary;

export type ReplayEvent = ReplayStart | ReplayDelivery | ReplaySummary;

/** Bytes of a failing answer that are kept to be shown. */
export const keepBytes = 20_000;

/**
 * Sends payloads, each signed anew, and judges every answer by its provider's own rule.
 * Reading throws a HooklineError where something is wrong before the first request.
 */
export function replay(workspace: Workspace, options: ReplayOptions): AsyncIterable<ReplayEvent> {
  return eventsUntil(options.signal, (signal, report) => send(workspace, { ...options, signal }, report));
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
  const mask = createMask(workspace);
  const commands = new Map(payloads.map((one) => [one, reproduce(one, { ...options, url: target.url })]));
  const total = payloads.length * options.times;
  report({ type: "start", url: shownUrl(target.url.href), total, signing: signingOf(payloads) });

  const summary = await inTurns(sender, { ...options, total }, async (turn) => {
    const prepared = payloads[turn % payloads.length] as PreparedPayload;
    const { payload, tampering, next } = prepared;
    const { headers, body, deliveryId } = next();
    const timeoutMs = options.timeoutMs ?? payload.provider.ack.timeoutMs;
    const result = await sender.send({ method: "POST", path, headers, body, timeoutMs });
    const outcome = (tampering === undefined ? judge : judgeRefusal)(payload.provider.ack, result);
    report({
      type: "delivery",
      name: payload.name,
      provider: payload.provider.id,
      title: payload.provider.title,
      event: payload.event,
      deliveryId,
      bytes: body.length,
      tampering,
      outcome,
      status: result.ok ? result.status : undefined,
      durationMs: result.durationMs,
      answer: failedAnswer(outcome, result, mask),
      again: commands.get(prepared) ?? [],
    });
    return { result, outcome };
  });
  report(summary);
}

/** What is shown of an answer: that of a failed delivery, without secrets. */
export function failedAnswer(
  outcome: RefusalOutcome,
  result: SendResult,
  mask: Mask,
): ReplayDelivery["answer"] {
  return !outcome.ok && result.ok && result.bytes > 0
    ? { body: mask(result.body), bytes: result.bytes }
    : undefined;
}

/** Which secret signs for which provider. */
export function signingOf(payloads: readonly PreparedPayload[]): ReplayStart["signing"] {
  const seen = new Map<string, ReplayStart["signing"][number]>();
  for (const { payload, origin } of payloads) {
    if (origin === undefined) continue;
    const { id, title } = payload.provider;
    seen.set(id, { provider: id, title, origin });
  }
  return [...seen.values()];
}
