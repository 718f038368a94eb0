import type { Finding, RawHeaders } from "../signing/types.ts";
import type { Assessment } from "../transport/assess.ts";
import type { SendResult } from "../transport/send.ts";
import type { ConnectOptions } from "./connect.ts";
import type { SecretOrigin } from "./workspace.ts";

export interface ListenOptions extends ConnectOptions {
  /** Where accepted deliveries are forwarded to. */
  target?: string;
  /** Ids of the providers to expect where the path names none. */
  providers: readonly string[];
  host: string;
  port: number;
  /** Turn away whatever does not verify against the configured or else the development secret. */
  requireVerified: boolean;
  /** A secret was given for whoever sends, so that what no provider claims does not verify. */
  secretGiven?: boolean;
  /** Forward what does not verify too. */
  forwardInvalid: boolean;
  /** Forward one at a time, in the order of arrival. */
  inOrder: boolean;
  /** Milliseconds the target has for its answer. */
  timeoutMs: number;
  /** Bytes. */
  maxBody: number;
  /** Stop after so many accepted deliveries. */
  exitAfter?: number;
  /** Stop after so many milliseconds. */
  forMs?: number;
  /** `provider/event` of deliveries that must have been accepted by the end. */
  expect: readonly string[];
  /** Look for the causes where deliveries do not verify. */
  diagnose: boolean;
  /** Stops gracefully once it is aborted. */
  signal: AbortSignal;
}

export interface ListenReady {
  type: "ready";
  /** The addresses it can be reached at; the first is this machine's own wherever there is one. */
  urls: string[];
  port: number;
  target: string | undefined;
  /** Providers a path of this listener names. */
  paths: string[];
}

/** What happened to one request, whether it was accepted or turned away. */
export interface ListenDelivery {
  type: "delivery";
  /** This listener's own id of it. */
  id: string;
  provider: string | undefined;
  title: string | undefined;
  event: string | undefined;
  deliveryId: string | undefined;
  verified: boolean | null;
  code: Assessment<SecretOrigin>["code"] | RefusalCode;
  findings: readonly Finding[];
  /** Where the secret that was tried came from. */
  origin: SecretOrigin | undefined;
  /** Variable that would hold the secret. */
  secretEnv: string | undefined;
  accepted: boolean;
  duplicate: boolean;
  method: string;
  /** Path and query, as sent. */
  target: string;
  headers: RawHeaders;
  body: Buffer | undefined;
  bytes: number;
  forwarded:
    | {
        result: SendResult;
        /** Set where the answer came later than the provider waits. */ allowedMs?: number;
      }
    | undefined;
  /** Status the sender got. */
  status: number;
  durationMs: number;
  /** Unix milliseconds. */
  receivedAt: number;
}

export interface ListenStopped {
  type: "stopped";
  received: number;
  verified: number;
  rejected: number;
  unverified: number;
  duplicates: number;
  /** Expectations that no accepted delivery met. */
  unmet: string[];
}

export type ListenEvent = ListenReady | ListenDelivery | ListenStopped;

export type RefusalCode =
  "request-malformed" | "method-not-allowed" | "body-too-large" | "headers-too-large" | "overloaded";
