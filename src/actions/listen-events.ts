import type { FindingShape } from "../inspector/api.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import type { Assessment } from "../transport/assess.ts";
import type { SendResult } from "../transport/send.ts";
import type { ConnectOptions } from "./connect.ts";
import type { Route } from "./routes.ts";
import type { SecretOrigin } from "./workspace.ts";

export interface ListenOptions extends ConnectOptions {
  /** Where accepted deliveries are forwarded to that no route takes. */
  target?: string;
  /** Where accepted deliveries are forwarded to by their events; each goes to all that take it. */
  routes: readonly Route[];
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
  /** Keep what arrives in the inbox, … */
  record: boolean;
  /** … credentials in its headers too. */
  recordSecrets: boolean;
  /** Show what arrives in a browser; needs `record`. */
  inspect?: InspectOptions;
  /** Make endpoints that point here, for as long as this runs. */
  register?: RegisterOptions;
  /** Stops gracefully once it is aborted. */
  signal: AbortSignal;
}

/** What the inspector shows in words, which are the views'. */
export interface InspectOptions {
  port: number;
  /** The port is one that was asked for: no other is taken in its place. */
  isPortGiven: boolean;
  findings: (findings: readonly Finding[]) => FindingShape[];
  /** Arguments of a command as a POSIX shell takes them. */
  commandLine: (args: readonly string[]) => string;
}

export interface RegisterOptions {
  /** As `--profile` says. */
  profile?: string;
  /** Empty: all. */
  events: readonly string[];
  /** Where this listener can be reached from outside. */
  publicUrl?: string;
}

export interface ListenReady {
  type: "ready";
  /** The addresses it can be reached at; the first is this machine's own wherever there is one. */
  urls: string[];
  port: number;
  target: string | undefined;
  routes: readonly Route[];
  /** Providers a path of this listener names. */
  paths: string[];
  /** Whether deliveries are recorded in the inbox. */
  recording: boolean;
  /** Where the inspector is, the token of this run behind the `#`; undefined where it is off. */
  inspector: string | undefined;
  /** Endpoints that were made for this run. */
  registered: { id: string; provider: string; url: string; profile: string }[];
}

/** How one target took a delivery. */
export interface Forward {
  /** The route's pattern; null for the listener's own target. */
  route: string | null;
  /** Whole URL. */
  url: string;
  result: SendResult;
  /** Whether the provider would count the answer as a success. */
  ok: boolean;
  /** Set where the answer came later than the provider waits. */
  allowedMs?: number;
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
  /** Without credentials. */
  headers: RawHeaders;
  body: Buffer | undefined;
  bytes: number;
  /** Empty where nothing was forwarded. */
  forwards: readonly Forward[];
  /** Status the sender got. */
  status: number;
  durationMs: number;
  /** Unix milliseconds. */
  receivedAt: number;
}

/** A delivery was handed to the targets once more, by hand. */
export interface ListenReplayed {
  type: "replayed";
  id: string;
  provider: string | undefined;
  event: string | undefined;
  /** Whether it was signed anew; else it has the headers it came with. */
  signed: boolean;
  forwards: readonly Forward[];
}

/** It ends, and waits for what it has not answered yet. */
export interface ListenStopping {
  type: "stopping";
  /** Deliveries that are not answered yet. */
  underWay: number;
  /** Milliseconds that it waits for them at most. */
  graceMs: number;
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

export type ListenEvent = ListenReady | ListenDelivery | ListenReplayed | ListenStopping | ListenStopped;

/** A listener at work: what it reports, and what can be asked of it meanwhile. */
export interface Listening extends AsyncIterable<ListenEvent> {
  /**
   * Hands the last accepted delivery to its targets once more; reported as `replayed`.
   * @returns false where there is none yet, or nowhere to send it
   */
  replayLast(): Promise<boolean>;
  /** A file (`file:…` URL) that leads a browser to the inspector at the last delivery; undefined where it is off. */
  inspectorPage(): string | undefined;
  /** Ends it gracefully, as a signal does. */
  stop(): void;
}

export type RefusalCode =
  "request-malformed" | "method-not-allowed" | "body-too-large" | "headers-too-large" | "overloaded";
