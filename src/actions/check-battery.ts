import { isAscii } from "node:buffer";
import type { Provider } from "../providers/contract.ts";
import type { Exchange, Stop } from "../suites/check/results.ts";
import { judge, judgeRefusal } from "../transport/judge.ts";
import { createHeaderMaker, type HeaderOverride } from "../transport/request.ts";
import type { Sender, SendResult } from "../transport/send.ts";
import type { CheckPayload, Draft } from "./check-payloads.ts";
import type { Workspace } from "./workspace.ts";

/** Bytes of an answer that are kept to be shown. */
export const keepBytes = 4_000;

/** Requests in a row without an answer after which nothing more is to be learnt, where others were answered or none was. */
const mostUnanswered = { answering: 3, silent: 2 };

/** What the checks of one run share. */
export interface Battery {
  workspace: Workspace;
  provider: Provider;
  /** The first signs. */
  secrets: readonly string[];
  /** The user's own headers. */
  headers: readonly HeaderOverride[];
  payloads: readonly CheckPayload[];
  /** The delivery that checks of anything but the event are made with. */
  main: CheckPayload;
  /** The one that text of people stands in. */
  worded: CheckPayload;
  timeoutMs: number;
  /** Milliseconds that a slow body takes to be sent. */
  slowBodyMs: number;
  signal: AbortSignal;
  /** Sends a request and judges its answer. */
  exchange(request: Outgoing): Promise<Exchange>;
  /** The same, with the body in pieces. */
  exchangeSlowly(request: Outgoing): Promise<Exchange>;
  /** Why nothing more is sent. */
  stopped(): Stop | undefined;
  /** Requests sent so far. */
  sent(): number;
  /** Every request that an answer to was expected of, in order. */
  log: readonly Exchange[];
}

export interface Outgoing {
  expected: Exchange["expected"];
  draft: Draft;
  headers: string[];
  body: Buffer;
  /** Neither logged nor counted for the end of the battery: a probe. */
  aside?: boolean;
}

interface Transport {
  sender: Sender;
  sendSlowly: (request: {
    headers: string[];
    body: Buffer;
    pieces: number;
    pauseMs: number;
  }) => Promise<SendResult>;
  path: string;
  /** Milliseconds that all of it may take. */
  limitMs: number;
}

/** Chunks of a slow body. */
const pieces = 5;

export function createBattery(
  shared: Omit<Battery, "exchange" | "exchangeSlowly" | "stopped" | "sent" | "log">,
  { sender, sendSlowly, path, limitMs }: Transport,
): Battery {
  const { provider, timeoutMs, slowBodyMs } = shared;
  const started = performance.now();
  const log: Exchange[] = [];
  let sent = 0;
  let stop: Stop | undefined;
  let unanswered: string[] = [];
  let everAnswered = false;

  const heed = (result: SendResult, { outcome }: Exchange): void => {
    const isLate = !outcome.ok && outcome.reason === "late";
    if (!isLate && (result.ok || result.answer !== undefined)) {
      unanswered = [];
      everAnswered = true;
    } else if (result.ok || result.error !== "aborted") {
      const { error, message } = result.ok ? { error: "late", message: "answered too late" } : result;
      if (log.length === 0 && ["refused", "dns", "unreachable", "tls"].includes(error))
        stop ??= { reason: "unreachable", error, message };
      unanswered.push(error);
      if (unanswered.length >= mostUnanswered[everAnswered ? "answering" : "silent"])
        stop ??= { reason: "no-answers", times: unanswered.length, message, why: whyOf(unanswered) };
    }
    if (performance.now() - started > limitMs) stop ??= { reason: "too-long", limitMs };
  };
  const judged = ({ expected, draft, body, aside }: Outgoing, result: SendResult): Exchange => {
    const answered = result.ok ? result : result.answer;
    const exchange: Exchange = {
      expected,
      event: draft.event,
      deliveryId: draft.deliveryId,
      bytes: body.length,
      ascii: isAscii(body),
      outcome: (expected === "accepted" ? judge : judgeRefusal)(provider.ack, result),
      status: result.ok ? result.status : undefined,
      durationMs: result.durationMs,
      answer:
        answered === undefined || answered.bytes === 0
          ? undefined
          : { body: answered.body, bytes: answered.bytes },
    };
    if (aside === true) return exchange;
    heed(result, exchange);
    return exchange;
  };

  return {
    ...shared,
    log,
    async exchange(request) {
      sent++;
      const { headers, body } = request;
      const result = await sender.send({ method: "POST", path, headers, body, timeoutMs });
      const exchange = judged(request, result);
      if (request.aside !== true) log.push(exchange);
      return exchange;
    },
    async exchangeSlowly(request) {
      sent++;
      const { headers, body } = request;
      const pauseMs = slowBodyMs / pieces;
      const result = await sendSlowly({ headers, body, pieces, pauseMs });
      const exchange = { ...judged(request, result), slow: true };
      if (request.aside !== true) log.push(exchange);
      return exchange;
    },
    stopped: () => stop,
    sent: () => sent,
  };
}

/** What it is that requests in a row have in common. */
function whyOf(errors: readonly string[]): "timeouts" | "late" | "errors" {
  if (errors.every((error) => error === "late")) return "late";
  return errors.some((error) => error === "timeout" || error === "late") ? "timeouts" : "errors";
}

/** A right delivery, ready to go out. */
export function rightly(
  { workspace, provider, secrets, headers }: Battery,
  draft: Draft,
): { expected: "accepted"; draft: Draft; headers: string[]; body: Buffer } {
  const { event, deliveryId, body, overrides } = draft;
  const make = createHeaderMaker(provider, secrets, [...headers, ...overrides]);
  const now = workspace.host.now();
  return { expected: "accepted", draft, headers: make({ event, deliveryId, body, now }), body };
}
