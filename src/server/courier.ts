import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import { isHooklineError } from "../errors.ts";
import { headerValue } from "../signing/headers.ts";
import type { AttemptRow, ClaimedDelivery, EndpointRow } from "../store/contract.ts";
import type { TargetGuard } from "../transport/guard.ts";
import { judge, type Outcome } from "../transport/judge.ts";
import { createHeaderMaker, type HeaderMaker } from "../transport/request.ts";
import { createSenders } from "../transport/senders.ts";
import type { SendResult } from "../transport/send.ts";
import { readRetryAfter, type AttemptEnd } from "./schedule.ts";
import { isRotating, placeOf, signingSecrets } from "./secrets.ts";
import type { Vault } from "./vault.ts";

/** Bytes of an answer that are kept. */
const keepBytes = 20_000;
/** Milliseconds to connect; each request has its provider's own time for the whole. */
const connectTimeoutMs = 30_000;
/** Endpoints whose ways of signing are remembered. */
const mostSigners = 1000;

/** What one attempt came to. */
export interface Sent extends AttemptEnd {
  attempt: Pick<
    AttemptRow,
    "startedAt" | "durationMs" | "status" | "error" | "message" | "answer" | "answerBytes"
  >;
  /** It was broken off from this side, so it says nothing about the endpoint. */
  isAborted: boolean;
}

/** Brings a delivery to its endpoint: signed by its provider's scheme, as its provider sends it. */
export interface Courier {
  /** Makes one attempt; never rejects. */
  send(claimed: ClaimedDelivery): Promise<Sent>;
  /** Breaks off what is under way. */
  close(): Promise<void>;
}

export interface CourierOptions {
  registry: Registry;
  vault: Vault;
  guard: TargetGuard;
  /** Unix milliseconds. */
  now: () => number;
}

interface Signing {
  url: string;
  origin: string;
  path: string;
  provider: Provider;
  /** Sealed, as the endpoint had them. */
  secret: Uint8Array | null;
  previousSecret: Uint8Array | null;
  isRotating: boolean;
  makeHeaders: HeaderMaker;
}

export function createCourier({ registry, vault, guard, now }: CourierOptions): Courier {
  const senders = createSenders({ timeoutMs: connectTimeoutMs, keepBytes, guard });
  const signers = new Map<string, Signing>();

  /** @throws HooklineError where the provider is not known here or its secret cannot sign */
  const signingOf = (endpoint: EndpointRow, at: number): Signing => {
    const rotating = isRotating(endpoint, at);
    const known = signers.get(endpoint.id);
    if (known !== undefined && isSame(known, endpoint, rotating)) return known;
    const provider = registry.require(endpoint.provider);
    const url = new URL(endpoint.url);
    const made: Signing = {
      url: endpoint.url,
      origin: url.origin,
      path: url.pathname + url.search,
      provider,
      secret: endpoint.secret,
      previousSecret: endpoint.previousSecret,
      isRotating: rotating,
      makeHeaders: createHeaderMaker(
        provider,
        signingSecrets(endpoint, provider, at).map((sealed) => vault.open(sealed, placeOf(endpoint.id))),
      ),
    };
    const [oldest] = signers.keys();
    if (signers.size >= mostSigners && oldest !== undefined) signers.delete(oldest);
    signers.set(endpoint.id, made);
    return made;
  };

  return {
    async send({ event, endpoint }) {
      const startedAt = now();
      const started = performance.now();
      try {
        const { origin, path, provider, makeHeaders } = signingOf(endpoint, startedAt);
        const headers = makeHeaders({
          event: event.type,
          deliveryId: event.messageId,
          body: event.payload,
          now: startedAt,
        });
        const result = await senders.send(origin, {
          method: "POST",
          path,
          headers,
          body: event.payload,
          timeoutMs: provider.ack.timeoutMs,
        });
        return read(result, judge(provider.ack, result), startedAt, now());
      } catch (error) {
        return unsendable(error, startedAt, performance.now() - started);
      }
    },
    close: () => senders.close(),
  };
}

function isSame(known: Signing, endpoint: EndpointRow, rotating: boolean): boolean {
  return (
    known.url === endpoint.url &&
    known.isRotating === rotating &&
    areSame(known.secret, endpoint.secret) &&
    areSame(known.previousSecret, endpoint.previousSecret)
  );
}

function areSame(one: Uint8Array | null, other: Uint8Array | null): boolean {
  return one === other || (one !== null && other !== null && Buffer.compare(one, other) === 0);
}

function read(result: SendResult, outcome: Outcome, startedAt: number, endedAt: number): Sent {
  const { durationMs } = result;
  const attempt: Sent["attempt"] = {
    startedAt,
    durationMs: Math.round(durationMs * 10) / 10,
    status: null,
    error: outcome.ok ? null : outcome.reason,
    message: outcome.ok ? null : wordsOf(outcome),
    answer: null,
    answerBytes: null,
  };
  if (!result.ok) {
    return {
      ok: false,
      isGone: false,
      retryAfterMs: undefined,
      isAborted: result.error === "aborted",
      attempt,
    };
  }
  const { status, headers, body, bytes } = result;
  attempt.status = status;
  attempt.answer = body;
  attempt.answerBytes = bytes;
  return {
    ok: outcome.ok,
    isGone: !outcome.ok && status === 410,
    retryAfterMs: outcome.ok ? undefined : readRetryAfter(headerValue(headers, "retry-after"), endedAt),
    isAborted: false,
    attempt,
  };
}

/** Without details that are the endpoint's own: those are in the answer. */
function wordsOf(outcome: Exclude<Outcome, { ok: true }>): string {
  switch (outcome.reason) {
    case "status":
      return `answered ${outcome.status}, ${outcome.accepted === "2xx" ? "not 2xx" : `not ${outcome.accepted.join(" or ")}`}`;
    case "late":
      return `the answer came after more than ${outcome.allowedMs / 1000} s`;
    default:
      return outcome.message;
  }
}

/** Nothing went out: the provider or the secret is at fault. */
function unsendable(error: unknown, startedAt: number, durationMs: number): Sent {
  // What else it is may say more than others should read.
  const message = isHooklineError(error) ? error.message : "it could not be signed";
  return {
    ok: false,
    isGone: false,
    retryAfterMs: undefined,
    isAborted: false,
    attempt: {
      startedAt,
      durationMs: Math.round(durationMs * 10) / 10,
      status: null,
      error: "unsendable",
      message,
      answer: null,
      answerBytes: null,
    },
  };
}
