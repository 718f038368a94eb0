import type { Provider } from "../providers/contract.ts";
import { randomText } from "../providers/ids.ts";
import { urlsOf } from "../transport/bind.ts";
import { forward, forwardPath, relayed } from "../transport/forward.ts";
import { createAssessor, type Assessment } from "../transport/assess.ts";
import { createReceiver, type Answer, type IncomingRequest, type Refusal } from "../transport/receive.ts";
import type { SendResult } from "../transport/send.ts";
import { parseTarget } from "../transport/target.ts";
import { events } from "./channel.ts";
import { openSender } from "./connect.ts";
import { createExpectations } from "./expectations.ts";
import type { ListenDelivery, ListenEvent, ListenOptions, RefusalCode } from "./listen-events.ts";
import { createInOrder } from "./in-order.ts";
import { createDiagnoser, type Diagnoser } from "./listen-diagnosis.ts";
import { findSecrets } from "./listen-secrets.ts";
import { createRecent } from "./recent.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

const refusalCodes: Record<Refusal["status"], RefusalCode> = {
  400: "request-malformed",
  405: "method-not-allowed",
  413: "body-too-large",
  431: "headers-too-large",
  503: "overloaded",
};

/** Milliseconds that requests under way get to finish when the listener stops. */
const graceMs = 5000;
/** Milliseconds more in which their last answers may go out. */
const lastAnswerMs = 500;
/** Largest answer of a target that is passed on, in bytes. */
const largestAnswer = 50_000_000;
/** Bytes of deliveries that wait to be told while one before them is looked into. */
const mostWaiting = 32 * 1024 * 1024;
/** Accepted deliveries among which repeats are looked for. */
const remembered = 10_000;

/**
 * Receives deliveries, verifies them, forwards them and reports each, until the signal, the time or the number is up.
 * Reading throws a HooklineError where something is wrong before the first delivery.
 */
export function listen(workspace: Workspace, options: ListenOptions): AsyncIterable<ListenEvent> {
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  return events(
    (report) => receive(workspace, { ...options, signal }, report),
    () => left.abort(),
  );
}

async function receive(
  workspace: Workspace,
  options: ListenOptions,
  report: (event: ListenEvent) => void,
): Promise<void> {
  const { host, registry } = workspace;
  const only = options.providers.map((id) => registry.require(id));
  const expectations = createExpectations(options.expect, registry);
  const target = options.target === undefined ? undefined : parseTarget(options.target);
  const sender =
    target === undefined
      ? undefined
      : await openSender(workspace, target.url, options, {
          timeoutMs: options.timeoutMs,
          keepBytes: largestAnswer,
          connections: 256,
        });
  const secretsOf = findSecrets(workspace, options.requireVerified);
  const assess = createAssessor<SecretOrigin>({
    registry,
    only,
    requireVerified: options.requireVerified,
    secretGiven: options.secretGiven === true,
    secretsOf,
  });

  const recent = createRecent(remembered, host.random(4).readUInt32LE());
  const counts = { received: 0, verified: 0, rejected: 0, unverified: 0, duplicates: 0 };
  let accepted = 0;
  let stopping = false;
  let turns: Promise<unknown> = Promise.resolve();
  const inTurn = (go: () => Promise<SendResult>): Promise<SendResult> => {
    const turn = turns.then(go);
    turns = turn;
    return turn;
  };
  let underWay = 0;
  let noneUnderWay: () => void = () => undefined;

  const diagnoser = options.diagnose ? createDiagnoser(workspace, () => performance.now()) : undefined;
  const deliveries = createInOrder<ListenDelivery>(report, {
    sizeOf: ({ body }) => 1024 + (body?.length ?? 0),
    most: mostWaiting,
  });
  let broken: { error: unknown } | undefined;
  let endWait: () => void = () => undefined;
  const stopped = new Promise<void>((resolve) => (endWait = resolve));
  const stop = (): void => {
    stopping = true;
    endWait();
  };
  // One random part for the run and a number for each: a random id for every delivery would cost more than its check.
  const run = randomText(host.random, 14);
  const newId = (): string => `dlv_${run}${(counts.received % 36 ** 6).toString(36).padStart(6, "0")}`;

  const answer = (request: IncomingRequest): Answer | Promise<Answer> => {
    const started = performance.now();
    const assessment = assess(request);
    const { provider, verified } = assessment;
    counts.received++;
    const turnedAway = options.requireVerified ? verified !== true : verified === false;
    const isAccepted = !turnedAway || options.forwardInvalid;
    const key = isAccepted ? assessment.dedupeKey() : undefined;
    const duplicate = key !== undefined && recent.seen(key);
    if (!isAccepted) counts.rejected++;
    else if (verified === true) counts.verified++;
    else counts.unverified++;
    if (duplicate) counts.duplicates++;
    if (verified === true && provider !== undefined)
      diagnoser?.verified({ provider, headers: request.headers, body: request.body, key });
    if (isAccepted) {
      accepted++;
      expectations.accept(provider?.id, assessment.event);
    }
    const id = newId();

    const finish = (forwarded: ListenDelivery["forwarded"]): Answer => {
      const reply = isAccepted ? replyTo(forwarded?.result) : { ...unverifiedReply };
      const delivery: ListenDelivery = {
        type: "delivery",
        id,
        provider: provider?.id,
        title: provider?.title,
        event: assessment.event,
        deliveryId: assessment.deliveryId,
        verified: turnedAway ? false : verified,
        code: assessment.code,
        findings: assessment.findings,
        origin: assessment.origin,
        secretEnv: provider?.secretEnv,
        accepted: isAccepted,
        duplicate,
        method: request.method,
        target: request.target,
        headers: request.headers,
        body: request.body,
        bytes: request.body.length,
        forwarded,
        status: reply.status,
        durationMs: performance.now() - started,
        receivedAt: request.receivedAt,
      };
      const why = isDiagnosable(assessment) && diagnoser?.admit() === true ? diagnoser : undefined;
      if (why === undefined) deliveries.tell(delivery);
      // The sender has its answer before anything is looked for, and learns nothing of it, not even by the time it takes.
      else reply.sent = deliveries.later(delivery, () => explain(why, assessment, request, delivery));
      if (options.exitAfter !== undefined && accepted >= options.exitAfter) setImmediate(stop);
      return reply;
    };
    if (!isAccepted || sender === undefined || target === undefined) return finish(undefined);

    const path = forwardPath(target, assessment.rest, assessment.query);
    const go = (): Promise<SendResult> => forward(sender, target, request, path);
    const turn = options.inOrder ? inTurn(go) : go();
    underWay++;
    return turn.then((result) => {
      underWay--;
      if (stopping && underWay === 0) noneUnderWay();
      return finish(withAllowance(result, provider));
    });
  };

  const explain = async (
    why: Diagnoser,
    { provider, dedupeKey }: Assessment<SecretOrigin>,
    request: IncomingRequest,
    delivery: ListenDelivery,
  ): Promise<ListenDelivery> => {
    let { findings } = delivery;
    try {
      if (provider !== undefined) {
        const { configured, development } = secretsOf(provider);
        const { secrets, origin } = configured ?? development();
        const { headers, body, receivedAt: now } = request;
        findings =
          (await why.explain({ provider, headers, body, now, secrets, origin }, dedupeKey())) ?? findings;
      }
    } catch (error) {
      broken ??= { error };
    }
    return { ...delivery, findings };
  };

  const refused = (refusal: Refusal): void => {
    counts.received++;
    counts.rejected++;
    deliveries.tell({
      ...refusal,
      type: "delivery",
      id: newId(),
      provider: registry.get(/^\/*([^/?]*)/.exec(refusal.target)?.[1] ?? "")?.id,
      title: undefined,
      event: undefined,
      deliveryId: undefined,
      verified: false,
      code: refusalCodes[refusal.status],
      findings: [],
      origin: undefined,
      secretEnv: undefined,
      accepted: false,
      duplicate: false,
      body: undefined,
      forwarded: undefined,
      durationMs: 0,
    });
  };

  const receiver = await createReceiver({
    host: options.host,
    port: options.port,
    maxBody: options.maxBody,
    now: host.now,
    open: () => !stopping && (options.exitAfter === undefined || accepted < options.exitAfter),
    answer,
    refused,
    // One delivery that could not be answered must not end the others; the defect is told at the end.
    broken: (error) => (broken ??= { error }),
  });
  const timer = options.forMs === undefined ? undefined : setTimeout(stop, options.forMs);
  options.signal.addEventListener("abort", stop, { once: true });
  if (options.signal.aborted) stop();
  report({
    type: "ready",
    urls: urlsOf(receiver),
    port: receiver.port,
    target: target?.url.href,
    paths: (only.length > 0 ? only : registry.all).map((provider) => provider.id),
  });

  await stopped;
  clearTimeout(timer);
  options.signal.removeEventListener("abort", stop);
  // What the target has not answered by then is given up, and the senders are told so before they are cut off.
  const giveUp = setTimeout(() => void sender?.close(), graceMs);
  await receiver.close(graceMs + lastAnswerMs);
  clearTimeout(giveUp);
  await sender?.close();
  if (underWay > 0) await new Promise<void>((resolve) => (noneUnderWay = resolve));
  await deliveries.settled();
  if (broken !== undefined) throw broken.error;
  report({ type: "stopped", ...counts, unmet: expectations.unmet() });
}

/** A signature that could be looked into: a provider is known, and what it was held against. */
function isDiagnosable({ provider, findings, verified }: Assessment<SecretOrigin>): boolean {
  return provider !== undefined && verified === false && findings.length > 0;
}

const unverifiedReply: Answer = {
  status: 401,
  headers: ["content-type", "application/json"],
  body: '{"error":"the signature does not verify"}',
};

function replyTo(result: SendResult | undefined): Answer {
  if (result === undefined) return { status: 200 };
  if (result.ok && result.bytes > result.body.length) {
    return failure(502, "the target's answer is larger than 50 MB");
  }
  if (result.ok) return relayed(result);
  return failure(
    result.error === "timeout" ? 504 : 502,
    result.answer === undefined
      ? `the target did not answer: ${result.message}`
      : `the target ${result.message}`,
  );
}

function failure(status: number, error: string): Answer {
  return { status, headers: ["content-type", "application/json"], body: JSON.stringify({ error }) };
}

function withAllowance(result: SendResult, provider: Provider | undefined): ListenDelivery["forwarded"] {
  const allowedMs = provider?.ack.timeoutMs;
  return { result, ...(allowedMs !== undefined && result.durationMs > allowedMs ? { allowedMs } : {}) };
}
