import type * as zod from "zod";
import type { SignatureScheme } from "../signing/types.ts";

/** A place inside a JSON body, as RFC 6901 writes it: `/event/type`. */
export type JsonPointer = `/${string}`;

/** Lower-case header name. */
export type HeaderName = string;

type Zod = typeof zod;

/** One way to tell which event a request carries; a provider's are tried in order. */
export type EventSource =
  | { from: "header"; header: HeaderName }
  | { from: "pointer"; pointer: JsonPointer }
  /** The last segment of the URL's path, where it names an event of the provider. */
  | { from: "path" }
  /** The first event all of whose `has` pointers are in the body. */
  | { from: "shape"; shapes: readonly { event: string; has: readonly JsonPointer[] }[] };

export interface EventType {
  /** What it means when it arrives, one sentence. */
  description: string;
  /** Builds the schema of the whole body; called only where one is asked for (building 40 eagerly costs 14 ms). */
  schema?: (z: Zod) => zod.ZodType;
}

/** Where the parts of the wrapping that a provider puts around its data stand. */
export interface Envelope {
  id?: JsonPointer;
  type?: JsonPointer;
  createdAt?: JsonPointer;
  /** Start of a fresh id: `evt_`. */
  idPrefix?: string;
  /** How `createdAt` is written: `2026-03-17T14:32:00Z`, the same with milliseconds, or Unix seconds. */
  time?: "iso" | "iso-ms" | "unix";
}

/** What sets one vendor's webhooks apart, as data. */
export interface Provider {
  id: string;
  title: string;
  docs?: string;
  /** What no vendor page says and hookline had to assume; shown by `providers show`. */
  assumptions?: readonly string[];
  /** What commonly goes wrong when its requests are verified, a sentence each; shown by `providers show`. */
  pitfalls?: readonly string[];
  /** A receiver of another provider's webhooks: that one's signatures and fixtures, its own events, meaning and secret name. */
  base?: string;
  /** The first signs; any may verify. */
  signatures: readonly SignatureScheme[];
  /** Set on send, read on receive. */
  headers: { event?: HeaderName; delivery?: HeaderName; userAgent?: string };
  /** Headers that name this provider. A receiver (`base`) has none: its requests look like its base's. */
  identify: readonly HeaderName[];
  eventFrom: readonly EventSource[];
  envelope: Envelope;
  /** What is the same when the same delivery comes again. */
  dedupe: { header: HeaderName } | { pointer: JsonPointer } | "body";
  ack: {
    /** How long the provider waits for an answer. */
    timeoutMs: number;
    success: "2xx" | readonly number[];
  };
  /** Waits before each automatic retry. */
  retry: { delaysMs: readonly number[]; jitter?: number };
  events: Readonly<Record<string, EventType>>;
  /** Whether it sends types beyond `events`: those are what is known of many, or its users name their own. */
  otherEvents?: boolean;
  /** Event types that the provider spells in two ways: an older spelling by its newer one. */
  renamedEvents?: Readonly<Record<string, string>>;
  /** Environment variable that holds the signing secret; the same with `_PREVIOUS` holds the one before. */
  secretEnv: string;
  apiKey?: { prefix: string; header: HeaderName };
}
