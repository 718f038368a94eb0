import type { Attempt, Inbox, RecordedDelivery } from "../inbox/types.ts";
import type { FindingShape, Session } from "./api.ts";

/** Names and values alternately, as an inbox holds them. */
type Headers = RecordedDelivery["headers"];

export interface InspectorOptions {
  inbox: Inbox;
  /** 0 takes any free one. */
  port: number;
  /** Folder of the built page: `index.html`, `app.js`, `app.css`. */
  pageFolder: string;
  /** 32 random bytes in base64url: whoever has it reads everything. */
  token: string;
  session: () => Session;
  /** Findings with their sentences. */
  findings: (findings: RecordedDelivery["findings"]) => FindingShape[];
  /** Headers without credentials: nothing else ever leaves. */
  redact: (delivery: { provider: string | null }, headers: Headers) => Headers;
  /** A command for a POSIX shell. */
  curl: (delivery: RecordedDelivery, url: string) => string;
  /** Sends a delivery again and records it. @throws HooklineError where it cannot even be tried */
  replay: (delivery: RecordedDelivery, request: ReplayOrder) => Promise<Attempt>;
  /** Told of an error that the page learns nothing of: a defect, or a disk that fails. */
  onError: (error: unknown) => void;
}

export interface ReplayOrder {
  /** Index of a route of the session. */
  route: number;
  /** With the headers it came with. */
  original: boolean;
  /** In place of the recorded one. */
  body?: Buffer;
}
