import type { Finding, RawHeaders } from "../signing/types.ts";
import type { HeaderSecrets } from "./redact.ts";

/** One try to hand a delivery to an app. */
export interface Attempt {
  /** `forward` as it arrived, `replay` by hand. */
  kind: "forward" | "replay";
  /** Whole URL it went to. */
  url: string;
  /** The route's pattern; null where it went to the listener's own target, or to one named for a replay. */
  route: string | null;
  /** Unix milliseconds. */
  startedAt: number;
  durationMs: number;
  /** Whether the app took it, by the provider's own rule of success. */
  ok: boolean;
  /** Null where no answer came. */
  status: number | null;
  /** Code of what went wrong on the way (`refused`, `timeout`, …), null where an answer came whole. */
  error: string | null;
  message: string | null;
  /** Of the answer; empty where none came. Credentials in it are `[redacted]`. */
  headers: RawHeaders;
  /** The beginning of the answer's body, at most {@link answerHead} bytes. */
  answer: Uint8Array;
  /** Whole length of the answer's body. */
  answerBytes: number;
}

/** Bytes of an answer that are recorded. */
export const answerHead = 16_384;

/** A delivery as a list shows it. */
export interface DeliverySummary {
  /** Counts up from 1 in the order of arrival; never used twice. */
  number: number;
  /** The listener's own id of it, as its output names it: `dlv_…`. */
  id: string;
  /** Unix milliseconds. */
  receivedAt: number;
  /** Id of the provider; null where nothing said whose it is. */
  provider: string | null;
  event: string | null;
  /** The provider's id of it. */
  deliveryId: string | null;
  verified: boolean | null;
  /** Why it is not verified. */
  code: string | null;
  /** Cause of the first finding. */
  cause: string | null;
  accepted: boolean;
  duplicate: boolean;
  /** It was accepted, and the app did not take it, nor any replay of it since. */
  failed: boolean;
  method: string;
  /** Path and query, as sent. */
  target: string;
  /** Of the body. */
  bytes: number;
  /** What the sender was answered. */
  status: number;
  /** Milliseconds until that answer. */
  durationMs: number;
  /** How often it was replayed. */
  replays: number;
}

/** What a listener has recorded of a delivery, the request byte for byte. */
export interface RecordedDelivery extends DeliverySummary {
  /** Names and values alternately, in order and case as they came; latin1. Credentials are `[redacted]`. */
  headers: RawHeaders;
  /** Those credentials, where they were to be recorded: for replays alone. */
  secrets: HeaderSecrets;
  /** Null where it was not read: the request was refused at the door. */
  body: Uint8Array | null;
  findings: readonly Finding[];
  attempts: readonly Attempt[];
}

/** What is recorded when a delivery has been answered. */
export type NewDelivery = Omit<RecordedDelivery, "number" | "failed" | "replays" | "cause">;

export interface InboxFilter {
  /** Id of a provider. */
  provider?: string;
  /** `order.created`, or with wildcards: `order.*`, `*.created`. */
  event?: string;
  /** `false`: whatever is not verified, be it invalid or unknown. */
  verified?: boolean;
  /** `true`: those that the app did not accept. */
  failed?: boolean;
  /** Received from this time on, in Unix milliseconds … */
  since?: number;
  /** … and before this one. */
  until?: number;
  /** In the body, event, ids, path or headers; upper and lower case of ASCII are the same. */
  text?: string;
}

/** Where in the inbox to look, newest first. */
export interface InboxPage {
  limit: number;
  /** Only those with a smaller number: the cursor of the next page. */
  before?: number;
  /** Only those with a greater number. */
  after?: number;
}

/** How much the inbox holds at most; the oldest go first. */
export interface InboxLimits {
  /** Deliveries. */
  count: number;
  /** Milliseconds since they were received. */
  ageMs: number;
  /** Bytes of requests and answers. */
  bytes: number;
}

export const defaultLimits: InboxLimits = {
  count: 10_000,
  ageMs: 30 * 24 * 3600 * 1000,
  bytes: 1024 ** 3,
};

export interface InboxTotals {
  count: number;
  bytes: number;
}

/** The record of what this machine's listeners received; several processes may use one at once. */
export interface Inbox {
  file: string;
  /** Newest first. */
  list(filter: InboxFilter, page: InboxPage): DeliverySummary[];
  /** Those that fit, oldest first, as numbers alone: for work that goes through them one by one. */
  numbers(filter: InboxFilter): number[];
  /** @param name a number, an id (`dlv_…`), or `last`; undefined where there is no such delivery */
  find(name: string): DeliverySummary | undefined;
  get(number: number): RecordedDelivery | undefined;
  /** Summaries of those of the numbers that are there. */
  some(numbers: readonly number[]): DeliverySummary[];
  totals(): InboxTotals;
  limits(): InboxLimits;
  setLimits(limits: Partial<InboxLimits>): Promise<InboxLimits>;
  /** Adds how a replay went; one that the app took ends that the delivery counts as failed. */
  addAttempt(number: number, attempt: Attempt): Promise<void>;
  /** Removes deliveries, some at a time so that listeners go on. @returns how many */
  remove(filter: InboxFilter): Promise<number>;
  /** The smallest number there is; 0 where there is none. */
  first(): number;
  /** Number of the delivery that was recorded last, by whichever process; 0 where none was. */
  last(): number;
  /** Changes whenever deliveries were replayed or removed, by whichever process. */
  version(): number;
  close(): Promise<void>;
}

/** The part of a listener that records: nothing in it waits for the disk. */
export interface Recorder {
  /** Takes a delivery; it is in the file 100 ms later, unless the disk is slow or another process has the file locked. */
  add(delivery: NewDelivery): void;
  /** What was found out about a delivery taken before. */
  explain(id: string, findings: readonly Finding[]): void;
  /** Called with the numbers of what was recorded or explained, once it is in the file. */
  onRecorded(listener: (numbers: readonly number[]) => void): void;
  /** Writes what is left, and waits for so many milliseconds at most. @returns whether it is in the file */
  flush(ms?: number): boolean;
  /** The same where the process is about to end; what is left after that is dropped. */
  end(): void;
  /** The same, and ends the recorder. */
  close(): Promise<void>;
}
