import type { Provider } from "../providers/contract.ts";
import { randomText } from "../providers/ids.ts";
import { redact } from "../inbox/redact.ts";
import { identify, splitTarget } from "../providers/identify.ts";
import { createAssessor, type Assessment, type SecretsOf } from "../transport/assess.ts";
import { relayed } from "../transport/forward.ts";
import type { Answer, IncomingRequest, Refusal } from "../transport/receive.ts";
import type { Expectations } from "./expectations.ts";
import type { Forwarder } from "./forwarding.ts";
import { createInOrder } from "./in-order.ts";
import type { Forward, ListenDelivery, ListenOptions, ListenStopped, RefusalCode } from "./listen-events.ts";
import { createDiagnoser, type Diagnoser } from "./listen-diagnosis.ts";
import { createRecent } from "./recent.ts";
import type { Recording } from "./recording.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

const refusalCodes: Record<Refusal["status"], RefusalCode> = {
  400: "request-malformed",
  405: "method-not-allowed",
  413: "body-too-large",
  431: "headers-too-large",
  503: "overloaded",
};

/** Bytes of deliveries that wait to be told while one before them is looked into. */
const mostWaiting = 32 * 1024 * 1024;
/** Accepted deliveries among which repeats are looked for. */
const remembered = 10_000;

/** An accepted delivery, as far as it takes to send it once more. */
export interface Accepted {
  id: string;
  provider: Provider | undefined;
  event: string | undefined;
  deliveryId: string | undefined;
  verified: boolean | null;
  request: IncomingRequest;
}

/** What a listener does with each request. */
export interface Deliveries {
  answer: (request: IncomingRequest) => Answer | Promise<Answer>;
  refused: (refusal: Refusal) => void;
  /** Secrets that were looked up before are to be looked up anew. */
  forgetSecrets(): void;
  counts: Readonly<Omit<ListenStopped, "type" | "unmet">>;
  /** How many were accepted. */
  accepted(): number;
  /** How many have no answer yet. */
  underWay(): number;
  /** The last one that was. */
  last(): Accepted | undefined;
  /** Resolves when none is on its way to a target any more, and all are told. */
  settled(): Promise<void>;
}

export interface DeliveriesOptions {
  only: readonly Provider[];
  secretsOf: (provider: Provider) => SecretsOf<SecretOrigin>;
  forwarder: Forwarder | undefined;
  recording: Recording | undefined;
  expectations: Expectations;
  report: (delivery: ListenDelivery) => void;
  /** A delivery has been accepted, and is about to be answered. */
  onAccepted: () => void;
  /** What went wrong beside a delivery that was answered all the same. */
  broken: (error: unknown) => void;
}

export function createDeliveries(
  workspace: Workspace,
  options: ListenOptions,
  parts: DeliveriesOptions,
): Deliveries {
  const { host, registry } = workspace;
  const { secretsOf, forwarder, recording, expectations } = parts;
  const createAssess = () =>
    createAssessor<SecretOrigin>({
      registry,
      only: parts.only,
      requireVerified: options.requireVerified,
      secretGiven: options.secretGiven === true,
      secretsOf,
    });
  let assess = createAssess();
  const recent = createRecent(remembered, host.random(4).readUInt32LE());
  const counts = { received: 0, verified: 0, rejected: 0, unverified: 0, duplicates: 0 };
  let accepted = 0;
  let last: Accepted | undefined;
  let turns: Promise<unknown> = Promise.resolve();
  const inTurn = <Result>(go: () => Promise<Result>): Promise<Result> => {
    const turn = turns.then(go);
    turns = turn;
    return turn;
  };
  let underWay = 0;
  let noneUnderWay: () => void = () => undefined;

  const diagnoser = options.diagnose ? createDiagnoser(workspace, () => performance.now()) : undefined;
  const told = createInOrder<ListenDelivery>(parts.report, {
    sizeOf: ({ body }) => 1024 + (body?.length ?? 0),
    most: mostWaiting,
  });
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
    const id = newId();
    if (isAccepted) {
      accepted++;
      expectations.accept(provider?.id, assessment.event);
      last = { id, provider, event: assessment.event, deliveryId: assessment.deliveryId, verified, request };
    }

    const finish = (forwards: readonly Forward[]): Answer => {
      const reply = isAccepted ? replyTo(forwards) : { ...unverifiedReply };
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
        headers: redact(request.headers, provider),
        body: request.body,
        bytes: request.body.length,
        forwards,
        status: reply.status,
        durationMs: performance.now() - started,
        receivedAt: request.receivedAt,
      };
      recording?.add(delivery, request.headers);
      const why = isDiagnosable(assessment) && diagnoser?.admit() === true ? diagnoser : undefined;
      if (why === undefined) told.tell(delivery);
      // The sender has its answer before anything is looked for, and learns nothing of it, not even by the time it takes.
      else reply.sent = told.later(delivery, () => explain(why, assessment, request, delivery));
      if (isAccepted) parts.onAccepted();
      return reply;
    };
    if (!isAccepted || forwarder === undefined) return finish([]);

    const routes = forwarder.routesOf(provider?.id, assessment.event);
    if (routes.length === 0) return finish([]);
    const { rest, query } = assessment;
    const { method, headers, body } = request;
    const go = () => forwarder.send(routes, { provider, rest, query, method, headers, body });
    underWay++;
    return (options.inOrder ? inTurn(go) : go()).then((forwards) => {
      underWay--;
      if (underWay === 0) noneUnderWay();
      return finish(forwards);
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
        const found = await why.explain({ provider, headers, body, now, secrets, origin }, dedupeKey());
        if (found !== undefined) {
          findings = found;
          recording?.explain(delivery.id, found);
        }
      }
    } catch (error) {
      parts.broken(error);
    }
    return { ...delivery, findings };
  };

  const refused = (refusal: Refusal): void => {
    counts.received++;
    counts.rejected++;
    const { path } = splitTarget(refusal.target);
    const { provider } = identify(path, refusal.headers, { registry, only: parts.only });
    const delivery: ListenDelivery = {
      ...refusal,
      type: "delivery",
      id: newId(),
      provider: provider?.id,
      headers: redact(refusal.headers, provider),
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
      forwards: [],
      durationMs: 0,
    };
    recording?.add(delivery, refusal.headers);
    told.tell(delivery);
  };

  return {
    answer,
    refused,
    forgetSecrets: () => (assess = createAssess()),
    counts,
    accepted: () => accepted,
    last: () => last,
    underWay: () => underWay,
    async settled() {
      if (underWay > 0) await new Promise<void>((resolve) => (noneUnderWay = resolve));
      await told.settled();
    },
  };
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

/** The sender gets the answer of the first target that failed, so that it comes again; else the first one's. */
function replyTo(forwards: readonly Forward[]): Answer {
  const { result } = forwards.find(({ ok }) => !ok) ?? forwards[0] ?? {};
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
