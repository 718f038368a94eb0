import type { Provider } from "../providers/contract.ts";
import type { Registry } from "../providers/index.ts";
import { isHooklineError } from "../errors.ts";
import { headerValue } from "../signing/headers.ts";
import type { AttemptRow, ClaimedDelivery, EndpointRow } from "../store/contract.ts";
import type { TargetGuard } from "../transport/guard.ts";
import { judge, type Outcome } from "../transport/judge.ts";
import { createHeaderMaker, type HeaderMaker } from "../transport/request.ts";
import { createSenders } from "../transport/senders.ts";
import type { Answered, SendResult } from "../transport/send.ts";
import { readRetryAfter, type AttemptEnd } from "./schedule.ts";
import { isRotating, placeOf, signingSecrets } from "./secrets.ts";
import type { Vault } from "./vault.ts";

/** Bytes of an answer that are kept. */
const keepBytes = 20_000;
/** Milliseconds to connect; each request has its provider's own time for the whole. */
const connectTimeoutMs = 30_000;
/** Characters of a host and its port that a message names. */
const longestHost = 260;
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
        return read(result, judge(provider.ack, result), origin + path, startedAt, now());
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

function read(result: SendResult, outcome: Outcome, url: string, startedAt: number, endedAt: number): Sent {
  const { durationMs } = result;
  const answer = result.ok ? result : result.answer;
  const attempt: Sent["attempt"] = {
    startedAt,
    durationMs: Math.round(durationMs * 10) / 10,
    status: answer?.status ?? null,
    error: outcome.ok ? null : outcome.reason,
    message: outcome.ok ? null : wordsOf(outcome, answer, url),
    answer: answer?.body ?? null,
    answerBytes: answer?.bytes ?? null,
  };
  // What an answer's head says counts, also where its body broke off.
  const asked = outcome.ok || answer === undefined ? undefined : headerValue(answer.headers, "retry-after");
  return {
    ok: outcome.ok,
    isGone: !outcome.ok && answer?.status === 410,
    retryAfterMs: readRetryAfter(asked, endedAt),
    isAborted: !result.ok && result.error === "aborted",
    attempt,
  };
}

/** Without details that are the endpoint's own: those are in the answer. */
function wordsOf(outcome: Exclude<Outcome, { ok: true }>, answer: Answered | undefined, url: string): string {
  switch (outcome.reason) {
    case "status": {
      const { status, accepted } = outcome;
      const host = answer === undefined ? undefined : redirectHost(answer, url);
      if (host !== undefined) return `answered ${status} to ${host}: redirects are not followed`;
      return `answered ${status}, ${accepted === "2xx" ? "not 2xx" : `not ${accepted.join(" or ")}`}`;
    }
    case "late":
      return `the answer came after more than ${outcome.allowedMs / 1000} s`;
    default:
      return outcome.message;
  }
}

/** Where a redirect leads; undefined where an answer is none. A URL parser leaves a host nothing that could do harm. */
function redirectHost({ status, headers }: Answered, url: string): string | undefined {
  const location = headerValue(headers, "location");
  if (location === undefined || ![301, 302, 303, 307, 308].includes(status)) return undefined;
  if (!URL.canParse(location, url)) return undefined;
  const { protocol, host } = new URL(location, url);
  return /^https?:$/.test(protocol) && host.length <= longestHost ? host : undefined;
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
