import { performance } from "node:perf_hooks";
import type { LoadFigures, LoadSecond } from "../reports/report.ts";
import { judge, judgeRefusal } from "../transport/judge.ts";
import { createPace } from "../transport/pace.ts";
import type { Sender, SendResult } from "../transport/send.ts";
import { parseTarget } from "../transport/target.ts";
import { eventsUntil } from "./channel.ts";
import { openSender, type ConnectOptions } from "./connect.ts";
import { drive, realClock, type Lateness } from "./load-drive.ts";
import { createMeasure, isUnconnected, type LoadFailures } from "./load-measure.ts";
import { judgeThreshold, type JudgedThreshold, type Threshold } from "./load-thresholds.ts";
import { warmUp } from "./load-warm-up.ts";
import { prepare, type PreparedPayload, type PrepareOptions } from "./prepare.ts";
import { signingOf, type ReplayStart } from "./replay.ts";
import { reproduce, type Pipeline } from "./reproduce.ts";
import type { Workspace } from "./workspace.ts";

export type { LoadFailures } from "./load-measure.ts";
export type { Lateness } from "./load-drive.ts";
export type { JudgedThreshold } from "./load-thresholds.ts";

export interface LoadOptions extends PrepareOptions, ConnectOptions {
  to: string;
  /** Most under way at once; of each model its own default where left out. */
  concurrency: number | undefined;
  /** Requests started per second, whatever the target does; as many as it takes where left out. */
  rate?: number;
  /** Milliseconds in which requests are started. */
  forMs: number;
  /** Milliseconds of them in which rate, or concurrency, grows from nothing. */
  rampMs: number;
  thresholds: readonly Threshold[];
  /** Milliseconds to wait for an answer, in place of each provider's own allowance. */
  timeoutMs?: number;
  signal: AbortSignal;
}

export interface LoadStart {
  type: "start";
  url: string;
  rate: number | null;
  /** Most under way at once. */
  concurrency: number;
  forMs: number;
  rampMs: number;
  signing: ReplayStart["signing"];
  /** What is sent, in turns. */
  names: readonly string[];
  /** Of one that is sent: its size, and how to send it by hand. */
  request: { bytes: number; command: Pipeline };
}

export type LoadTick = { type: "second" } & LoadSecond;

export interface LoadSummary
  extends
    Omit<LoadFigures, "errors" | "thresholds" | "notes" | "concurrency" | "payloads">,
    Omit<LoadRemarks, "closed" | "concurrency"> {
  type: "summary";
  concurrency: number;
  durationMs: number;
  failures: readonly LoadFailures[];
  thresholds: readonly JudgedThreshold[];
  interrupted: boolean;
}

/** What has to be known to read the figures rightly. */
export interface LoadRemarks {
  /** A slow target slows the load. */
  closed: boolean;
  concurrency: number;
  /** Late as hookline was busy with others. */
  late: Lateness;
  /** Late as so many as may be were under way. */
  held: Lateness;
  /** Were due, and never started. */
  unstarted: number;
  /** Were under way when it was interrupted; they are in no figure. */
  abandoned: number;
  /** Ended early, as nobody answers there. */
  gaveUp: boolean;
  /** Share of the time, 0 to 1, that hookline's own thread was at work. */
  busy: number;
}

export type LoadEvent = LoadStart | LoadTick | LoadSummary;

/** Under way at once where as many are sent as the target takes. */
const usualConcurrency = 10;
/** Most connections at once where the rate is given: beyond it, requests wait, and the waiting counts. */
const mostConnections = 5000;
/** So many that got no connection, and not one answer: nobody is there. */
const hopeless = 100;

/**
 * Puts load on a target and measures how it bears up.
 * Reading throws a HooklineError where something is wrong before the first request.
 */
export function load(workspace: Workspace, options: LoadOptions): AsyncIterable<LoadEvent> {
  return eventsUntil(options.signal, (signal, report) => run(workspace, { ...options, signal }, report));
}

async function run(
  workspace: Workspace,
  options: LoadOptions,
  report: (event: LoadEvent) => void,
): Promise<void> {
  const { rate, forMs, rampMs, signal } = options;
  const target = parseTarget(options.to);
  // Each is a delivery of its own: a receiver that knows an id already has less to do.
  const fresh = options.fresh || (options.original === true ? false : "where-possible");
  const host = { ...workspace.host, random: inPortions(workspace.host.random) };
  const payloads = await prepare({ ...workspace, host }, { ...options, fresh });
  await warmUp(payloads);
  const most = options.concurrency ?? (rate === undefined ? usualConcurrency : mostConnections);
  const sender = await openSender(workspace, target.url, options, {
    connections: most,
    timeoutMs:
      options.timeoutMs ?? Math.max(...payloads.map(({ payload }) => payload.provider.ack.timeoutMs)),
    keepBytes: 0,
  });
  const close = (): void => void sender.close();
  signal.addEventListener("abort", close, { once: true });
  report(startOf(payloads, target.url, most, options));

  const pace = rate === undefined ? undefined : createPace(rate, rampMs);
  const seconds: LoadSecond[] = [];
  const measure = createMeasure(
    pace === undefined ? undefined : (ms) => pace.dueBefore(Math.min(ms, forMs)),
    (second) => {
      seconds.push(second);
      report({ type: "second", ...second });
    },
  );
  const send = createSend(payloads, target.url, options, sender);
  const { counts } = measure;
  let turn = 0;
  let abandoned = 0;
  let unconnected = 0;
  let gaveUp = false;

  const before = performance.eventLoopUtilization();
  const startedAt = realClock.now();
  try {
    const end = await drive(
      { ...(rate === undefined ? {} : { rate }), most, forMs, rampMs, signal },
      realClock,
      async (lateMs) => {
        measure.started();
        const answer = await send(turn++);
        measure.advance(realClock.now() - startedAt);
        if (isError(answer.result, "aborted")) {
          abandoned++;
          measure.abandoned();
          return true;
        }
        measure.answered({ ...answer, lateMs });
        if (isUnconnected(answer.result)) unconnected++;
        gaveUp ||= counts.answered === 0 && counts.failed === unconnected && unconnected >= hopeless;
        return !gaveUp;
      },
      measure.advance,
    );
    const { utilization } = performance.eventLoopUtilization(before);
    measure.finish(end.durationMs);
    const { succeeded, failed } = counts;
    const sent = succeeded + failed;
    const unstarted = gaveUp || signal.aborted ? 0 : end.unstarted;
    const afterRamp = end.startingMs - rampMs;
    const achievedRate =
      afterRamp > 0 ? (end.startedAfterRamp / afterRamp) * 1000 : (turn / Math.max(1, end.startingMs)) * 1000;
    const latencies = measure.latencies();
    report({
      type: "summary",
      rate: rate ?? null,
      concurrency: most,
      forMs,
      durationMs: end.durationMs,
      sent,
      succeeded,
      failed,
      achievedRate,
      ...latencies,
      failures: measure.failures(),
      statuses: measure.statuses(),
      seconds,
      thresholds: options.thresholds.map((threshold) =>
        judgeThreshold(threshold, { sent, failed, unstarted, achievedRate, latency: measure.latency }),
      ),
      late: end.late,
      held: end.held,
      unstarted,
      abandoned,
      gaveUp,
      busy: utilization,
      interrupted: signal.aborted,
    });
  } finally {
    signal.removeEventListener("abort", close);
    await sender.close();
  }
}

/** Random bytes out of larger portions: asking for a few at a time costs as much as signing does. */
function inPortions(random: (bytes: number) => Buffer): (bytes: number) => Buffer {
  let portion: Buffer = Buffer.alloc(0);
  return (bytes) => {
    if (portion.length < bytes) portion = random(Math.max(bytes, 8192));
    const taken = portion.subarray(0, bytes);
    portion = portion.subarray(bytes);
    return taken;
  };
}

function startOf(
  payloads: readonly PreparedPayload[],
  url: URL,
  concurrency: number,
  options: LoadOptions,
): LoadStart {
  const { rate = null, forMs, rampMs } = options;
  const first = payloads[0] as PreparedPayload;
  return {
    type: "start",
    url: url.href,
    rate,
    concurrency,
    forMs,
    rampMs,
    signing: signingOf(payloads),
    names: payloads.map(({ payload }) => payload.name),
    request: { bytes: first.next().body.length, command: reproduce(first, { ...options, url }) },
  };
}

/** Sends the request of a turn, counted from 0: the payloads take turns. */
function createSend(payloads: readonly PreparedPayload[], url: URL, options: LoadOptions, sender: Sender) {
  const path = url.pathname + url.search;
  return async (turn: number) => {
    const { payload, tampering, next } = payloads[turn % payloads.length] as PreparedPayload;
    const { ack, title } = payload.provider;
    const { headers, body } = next();
    const timeoutMs = options.timeoutMs ?? ack.timeoutMs;
    const result = await sender.send({ method: "POST", path, headers, body, timeoutMs });
    return { result, outcome: (tampering === undefined ? judge : judgeRefusal)(ack, result), title };
  };
}

function isError(result: SendResult, error: string): boolean {
  return !result.ok && result.error === error;
}
