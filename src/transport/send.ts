import { isIP } from "node:net";
import type { Dispatcher } from "undici";
import type { RawHeaders } from "../signing/types.ts";
import { createDispatcher, isProxied } from "./dispatcher.ts";
import { hostOf, type TargetGuard } from "./guard.ts";
import { brokenOff, explain, type SendErrorCode, type SendFailure } from "./send-errors.ts";

export type { SendErrorCode } from "./send-errors.ts";

export interface OutgoingRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: RawHeaders;
  body: Uint8Array;
  /** Milliseconds for this request, in place of the sender's own. */
  timeoutMs?: number;
}

/** An answer, or what came of it. */
export interface Answered {
  status: number;
  headers: string[];
  /** Its body, up to the sender's limit. */
  body: Buffer;
  /** Length of its body in bytes, as far as it came. */
  bytes: number;
}

export type SendResult =
  | ({ ok: true; durationMs: number } & Answered)
  | {
      ok: false;
      error: SendErrorCode;
      message: string;
      durationMs: number;
      /** Set where an answer began, and broke off in its body. */
      answer?: Answered;
    };

export interface SenderOptions {
  /** Most connections at once; unlimited where left out. */
  connections?: number;
  /** Milliseconds from the start of a request to the end of its answer; no connection may take longer to make. */
  timeoutMs: number;
  /** Bytes of an answer's body that are kept; the rest is read and dropped. */
  keepBytes: number;
  /** Accept any certificate. */
  insecure?: boolean;
  /** PEM certificates to trust beside the well-known ones. */
  ca?: string;
  proxy?: { http?: string; https?: string; no?: string };
  /** Held against every connection, so that no proxy is used; what it refuses fails with `target-refused`. */
  guard?: TargetGuard;
}

/** The one way hookline sends a request: bytes go out as they are, no redirect is followed, nothing is thrown. */
export interface Sender {
  send(request: OutgoingRequest): Promise<SendResult>;
  /** Gives up what is under way (`aborted`) and closes the connections. */
  close(): Promise<void>;
}

/**
 * @param origin scheme, host and port; the path is each request's own
 * @throws HooklineError `proxy-invalid`, `ca-invalid`
 */
export async function createSender(origin: URL, options: SenderOptions): Promise<Sender> {
  const proxied = isProxied(origin, options);
  const dispatcher = await createDispatcher(origin, options);
  const refusal = literalRefusal(origin, options.guard);
  const underWay = new Set<Exchange>();
  const deadlines = createDeadlines(underWay);
  let closed = false;

  return {
    send: (request) =>
      new Promise((resolve) => {
        const exchange = new Exchange(options.keepBytes, (result) => {
          underWay.delete(exchange);
          resolve(result);
        });
        underWay.add(exchange);
        if (closed) return exchange.giveUp("aborted", "interrupted");
        if (refusal !== undefined) return exchange.giveUp("target-refused", refusal);
        deadlines.set(exchange, request.timeoutMs ?? options.timeoutMs);
        try {
          dispatcher.dispatch(
            {
              origin: origin.origin,
              method: request.method,
              path: request.path,
              headers: proxied ? grouped(request.headers) : (request.headers as string[]),
              body: request.body,
            },
            exchange,
          );
        } catch (error) {
          exchange.onResponseError(undefined, error as Error);
        }
      }),
    async close() {
      closed = true;
      for (const exchange of [...underWay]) exchange.giveUp("aborted", "interrupted");
      deadlines.clear();
      await dispatcher.destroy();
    },
  };
}

/** Node asks no lookup for a host that is an address. */
function literalRefusal(origin: URL, guard: TargetGuard | undefined): string | undefined {
  const host = hostOf(origin);
  return guard === undefined || isIP(host) === 0 ? undefined : guard.refusal(host);
}

/** One request and its answer, as undici reports them; ends once, whatever comes first. */
class Exchange implements Dispatcher.DispatchHandler {
  /** On the monotonic clock, in milliseconds. */
  deadline = 0;
  readonly started = performance.now();
  private readonly keepBytes: number;
  private readonly finish: (result: SendResult) => void;
  private controller: Dispatcher.DispatchController | undefined;
  private ended = false;
  private status = 0;
  private headers: string[] = [];
  private readonly chunks: Buffer[] = [];
  private kept = 0;
  private bytes = 0;

  constructor(keepBytes: number, finish: (result: SendResult) => void) {
    this.keepBytes = keepBytes;
    this.finish = finish;
  }

  giveUp(error: SendErrorCode, message: string): void {
    this.fail({ error, message });
    this.controller?.abort(new Error(message));
  }

  onRequestStart(controller: Dispatcher.DispatchController): void {
    this.controller = controller;
    if (this.ended) controller.abort(new Error("given up"));
  }

  onResponseStart(controller: Dispatcher.DispatchController, status: number): void {
    if (status < 200) return;
    this.status = status;
    this.headers = textHeaders((controller as { rawHeaders?: unknown }).rawHeaders);
  }

  onResponseData(_controller: unknown, chunk: Buffer): void {
    this.bytes += chunk.length;
    if (this.kept >= this.keepBytes) return;
    const part = chunk.subarray(0, this.keepBytes - this.kept);
    this.kept += part.length;
    this.chunks.push(part);
  }

  onResponseEnd(): void {
    this.end({ ok: true, durationMs: this.elapsed(), ...this.answered() });
  }

  onResponseError(_controller: unknown, error: Error): void {
    if (!this.ended) this.fail(explain(error));
  }

  private fail({ error, message }: SendFailure): void {
    const durationMs = this.elapsed();
    if (this.status === 0) return this.end({ ok: false, error, message, durationMs });
    const answer = this.answered();
    this.end({ ok: false, ...brokenOff(error, message, answer.status), durationMs, answer });
  }

  private answered(): Answered {
    const { status, headers, chunks, bytes } = this;
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    return { status, headers, body, bytes };
  }

  private elapsed(): number {
    return performance.now() - this.started;
  }

  private end(result: SendResult): void {
    if (this.ended) return;
    this.ended = true;
    this.finish(result);
  }
}

/** Ends exchanges that take too long. One timer, set for the earliest, serves all: a timer for each costs more than signing. */
function createDeadlines(underWay: ReadonlySet<Exchange>): {
  set(exchange: Exchange, afterMs: number): void;
  clear(): void;
} {
  let timer: NodeJS.Timeout | undefined;
  let due = Infinity;
  const arm = (at: number): void => {
    clearTimeout(timer);
    due = at;
    timer = setTimeout(look, Math.max(1, Math.ceil(at - performance.now())));
  };
  const look = (): void => {
    const now = performance.now();
    let next = Infinity;
    for (const exchange of [...underWay]) {
      if (exchange.deadline <= now) exchange.giveUp("timeout", "no answer in time");
      else next = Math.min(next, exchange.deadline);
    }
    due = Infinity;
    if (next !== Infinity) arm(next);
  };
  return {
    set(exchange, afterMs) {
      exchange.deadline = exchange.started + afterMs;
      if (exchange.deadline < due) arm(exchange.deadline);
    },
    clear: () => clearTimeout(timer),
  };
}

/** Headers by their names, as the proxy agent takes them: of a list it keeps but the last of each name. */
function grouped(headers: RawHeaders): Record<string, string[]> {
  const names = new Map<string, string[]>();
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    names.set(name, [...(names.get(name) ?? []), headers[index + 1] ?? ""]);
  }
  return Object.fromEntries(names);
}

function textHeaders(raw: unknown): string[] {
  return Array.isArray(raw)
    ? raw.map((part: Buffer | string) => (typeof part === "string" ? part : part.toString("latin1")))
    : [];
}
