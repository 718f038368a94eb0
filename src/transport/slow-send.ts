import {
  request as httpRequest,
  type ClientRequest,
  type IncomingMessage,
  type RequestOptions,
} from "node:http";
import { request as httpsRequest } from "node:https";
import { rootCertificates } from "node:tls";
import type { Answered, OutgoingRequest, SendResult } from "./send.ts";
import { brokenOff, explain, type SendErrorCode } from "./send-errors.ts";

export interface SlowRequest extends OutgoingRequest {
  /** Chunks that the body goes out in, each behind a pause. */
  pieces: number;
  pauseMs: number;
  timeoutMs: number;
  /** Bytes of the answer's body that are kept. */
  keepBytes: number;
  /** Accept any certificate. */
  insecure?: boolean;
  /** PEM certificates to trust beside the well-known ones. */
  ca?: string;
  signal?: AbortSignal;
}

/**
 * Sends a body piece by piece, as `Transfer-Encoding: chunked` and so without a Content-Length, over a connection of its
 * own and no proxy. Never throws.
 * @param origin scheme, host and port
 */
export function sendSlowly(origin: URL, slow: SlowRequest): Promise<SendResult> {
  return new Promise((resolve) => {
    const started = performance.now();
    let answer: Answered | undefined;
    let request: ClientRequest | undefined;
    let timer: NodeJS.Timeout | undefined;
    const end = (result: SendResult): void => {
      clearTimeout(deadline);
      clearTimeout(timer);
      slow.signal?.removeEventListener("abort", abort);
      resolve(result);
      request?.destroy();
    };
    const fail = (error: SendErrorCode, message: string): void => {
      const durationMs = performance.now() - started;
      if (answer === undefined) return end({ ok: false, error, message, durationMs });
      end({ ok: false, ...brokenOff(error, message, answer.status), durationMs, answer });
    };
    const abort = (): void => fail("aborted", "interrupted");
    const deadline = setTimeout(() => fail("timeout", "no answer in time"), slow.timeoutMs);
    if (slow.signal?.aborted === true) return abort();
    slow.signal?.addEventListener("abort", abort, { once: true });

    const take = (message: IncomingMessage): void => {
      const kept: Buffer[] = [];
      let length = 0;
      answer = {
        status: message.statusCode ?? 0,
        headers: message.rawHeaders,
        body: Buffer.alloc(0),
        bytes: 0,
      };
      message.on("data", (chunk: Buffer) => {
        answer = { ...(answer as Answered), bytes: (answer?.bytes ?? 0) + chunk.length };
        if (length >= slow.keepBytes) return;
        kept.push(chunk.subarray(0, slow.keepBytes - length));
        length += chunk.length;
      });
      message.on("error", (error) => failed(error));
      message.on("end", () => {
        const durationMs = performance.now() - started;
        end({ ok: true, durationMs, ...(answer as Answered), body: Buffer.concat(kept) });
      });
    };
    const failed = (error: Error): void => {
      const { error: code, message } = explain(error);
      fail(code, message);
    };
    try {
      request = open(origin, slow, take);
    } catch (error) {
      return failed(error as Error);
    }
    request.on("error", failed);
    const pieces = inPieces(slow.body, slow.pieces);
    const next = (): void => {
      // An answer that came early ends it: the rest of the body is of no use.
      if (answer !== undefined || request === undefined) return;
      const piece = pieces.shift();
      if (piece === undefined) return void request.end();
      request.write(piece);
      timer = setTimeout(next, slow.pauseMs);
    };
    request.flushHeaders();
    next();
  });
}

function open(origin: URL, slow: SlowRequest, take: (message: IncomingMessage) => void): ClientRequest {
  const headers = [...slow.headers];
  // A list of headers is taken as it is, so that Node adds none.
  if (!headers.some((name, at) => at % 2 === 0 && name.toLowerCase() === "host"))
    headers.push("host", origin.host);
  headers.push("transfer-encoding", "chunked", "connection", "close");
  const options: RequestOptions = { method: slow.method, path: slow.path, headers, agent: false };
  if (origin.protocol === "http:") return httpRequest(origin, options, take);
  const tls = {
    rejectUnauthorized: slow.insecure !== true,
    ...(slow.ca === undefined ? {} : { ca: [...rootCertificates, slow.ca] }),
  };
  return httpsRequest(origin, { ...options, ...tls }, take);
}

/** Cut in equal parts, wherever that is in the text: also within a character. */
function inPieces(body: Uint8Array, pieces: number): Uint8Array[] {
  const size = Math.max(1, Math.ceil(body.length / pieces));
  return Array.from({ length: Math.ceil(body.length / size) }, (_, at) =>
    body.subarray(at * size, (at + 1) * size),
  );
}
