import { isAscii } from "node:buffer";
import type { Provider } from "../providers/contract.ts";
import type { Exchange, RequestForm, Stop } from "../suites/check/results.ts";
import { judge, judgeRefusal } from "../transport/judge.ts";
import { createHeaderMaker, type HeaderOverride } from "../transport/request.ts";
import type { Sender, SendResult } from "../transport/send.ts";
import type { CheckPayload, Draft } from "./check-payloads.ts";
import { createMask } from "./mask.ts";
import type { Workspace } from "./workspace.ts";

/** Bytes of an answer that are kept to be shown. */
const keepBytes = 4_000;
/** Bytes that are kept beyond those: a secret that is cut off there is hidden whole. */
const marginBytes = 500;
export const receivedBytes = keepBytes + marginBytes;

/** Requests in a row without an answer after which nothing more is to be learnt, where others were answered or none was. */
const mostUnanswered = { answering: 3, silent: 2 };
/** Milliseconds to wait where the first request of all got no answer for as long as the provider waits. */
const silentTimeoutMs = 10_000;

/** How often a request is sent again that was answered by a 5xx, which may have nothing to do with it. */
const repeats = 2;
/** Requests that broke in the same way each time, after which a handler is taken for steady if none did otherwise. */
const enoughSteady = 6;

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
  /** Whether a proxy stands between. */
  proxied: boolean;
  timeoutMs: number;
  /** Whether the user set how long to wait. */
  timeoutGiven: boolean;
  /** Milliseconds that a slow body takes to be sent. */
  slowBodyMs: number;
  signal: AbortSignal;
  /** Sends a request and judges its answer. */
  exchange(request: Outgoing): Promise<Exchange>;
  /** The same, with the body in pieces, sent over so many milliseconds. */
  exchangeSlowly(request: Outgoing, overMs?: number): Promise<Exchange>;
  /** Whether a 5xx turned out to have nothing to do with the request. */
  isUnsteady(): boolean;
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
  /** What is unusual in how it is sent. */
  form?: RequestForm;
  /** Sent along with others, so that a 5xx may be due to them: not sent again by itself. */
  amongOthers?: boolean;
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
  shared: Omit<Battery, "exchange" | "exchangeSlowly" | "isUnsteady" | "stopped" | "sent" | "log">,
  { sender, sendSlowly, path, limitMs }: Transport,
): Battery {
  const { provider, timeoutMs, slowBodyMs } = shared;
  const started = performance.now();
  const log: Exchange[] = [];
  let sent = 0;
  let stop: Stop | undefined;
  let unanswered: string[] = [];
  let everAnswered = false;
  let unsteady = 0;
  let steady = 0;
  const mask = createMask(shared.workspace);

  const heed = (result: SendResult, { outcome }: Exchange): void => {
    if (result.ok && result.status === 429) stop ??= { reason: "rate-limited", after: sent };
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
        stop ??= {
          reason: "no-answers",
          times: unanswered.length,
          message,
          why: whyOf(unanswered),
          answeredBefore: everAnswered,
        };
    }
    if (performance.now() - started > limitMs) stop ??= { reason: "too-long", limitMs };
  };
  const judged = ({ expected, draft, body, form }: Outgoing, result: SendResult): Exchange => {
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
          : { body: mask(answered.body).subarray(0, keepBytes), bytes: answered.bytes },
      ...(form === undefined ? {} : { form }),
    };
    return exchange;
  };
  /** Sends it, and once more where it is not sure that the answer is to the request. */
  const exchanged = async (request: Outgoing, send: () => Promise<SendResult>): Promise<Exchange> => {
    const once = async (): Promise<Exchange> => {
      sent++;
      const result = await send();
      const exchange = judged(request, result);
      if (request.aside !== true) heed(result, exchange);
      else if (exchange.status === 429) stop ??= { reason: "rate-limited", after: sent };
      return exchange;
    };
    let exchange = await once();
    const first = exchange.status ?? 0;
    if (first >= 500 && isDoubted(request)) {
      for (let again = 0; again < repeats && exchange.status === first; again++) {
        if (stop !== undefined || shared.signal.aborted) break;
        const next = await once();
        if (next.status !== undefined) exchange = next;
      }
      const then = exchange.status ?? 0;
      if (then === first) steady++;
      else {
        unsteady++;
        exchange = { ...exchange, unsteady: { first, then } };
      }
    }
    return exchange;
  };
  const isDoubted = ({ aside, amongOthers }: Outgoing): boolean =>
    amongOthers !== true && (unsteady > 0 || (aside !== true && steady < enoughSteady));
  /** How long to wait for an answer. */
  const patience = (): number =>
    everAnswered || shared.timeoutGiven || !unanswered.includes("timeout")
      ? timeoutMs
      : Math.min(timeoutMs, silentTimeoutMs);

  return {
    ...shared,
    log,
    async exchange(request) {
      const { headers, body } = request;
      const exchange = await exchanged(request, () =>
        sender.send({ method: "POST", path, headers, body, timeoutMs: patience() }),
      );
      if (request.aside !== true) log.push(exchange);
      return exchange;
    },
    async exchangeSlowly(request, overMs = slowBodyMs) {
      const { headers, body } = request;
      const pauseMs = overMs / pieces;
      const exchange = {
        ...(await exchanged(request, () => sendSlowly({ headers, body, pieces, pauseMs }))),
        slow: true,
      };
      if (request.aside !== true) log.push(exchange);
      return exchange;
    },
    isUnsteady: () => unsteady > 0,
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
