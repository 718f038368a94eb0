import type { Dispatcher } from "undici";
import { HooklineError } from "../errors.ts";
import type { RawHeaders } from "../signing/types.ts";
import { isLoopback } from "./target.ts";

export interface OutgoingRequest {
  method: string;
  /** Path and query. */
  path: string;
  headers: RawHeaders;
  body: Uint8Array;
  /** Milliseconds for this request, in place of the sender's own. */
  timeoutMs?: number;
}

/** Why no answer came. */
export type SendErrorCode =
  "refused" | "dns" | "unreachable" | "timeout" | "tls" | "reset" | "protocol" | "aborted";

export type SendResult =
  | {
      ok: true;
      status: number;
      headers: string[];
      /** The answer's body, up to the sender's limit. */
      body: Buffer;
      /** Whole length of the answer's body in bytes. */
      bytes: number;
      durationMs: number;
    }
  | { ok: false; error: SendErrorCode; message: string; durationMs: number };

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
}

/** The one way hookline sends a request: bytes go out as they are, no redirect is followed, nothing is thrown. */
export interface Sender {
  send(request: OutgoingRequest): Promise<SendResult>;
  /** Gives up what is under way (`aborted`) and closes the connections. */
  close(): Promise<void>;
}

/** Headers that undici writes itself, or that belong to one connection (RFC 9110, 7.6.1). */
const ofTheConnection = new Set([
  "connection",
  "keep-alive",
  "proxy-connection",
  "proxy-authenticate",
  "proxy-authorization",
  "te",
  "trailer",
  "transfer-encoding",
  "upgrade",
  "expect",
  "content-length",
]);

/** The headers that travel on beyond one connection: without those above and those `Connection` names. */
export function endToEnd(headers: RawHeaders): string[] {
  let named: Set<string> | undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    if (headers[index]?.length === 10 && headers[index]?.toLowerCase() === "connection") {
      named ??= new Set();
      for (const name of (headers[index + 1] ?? "").split(",")) named.add(name.trim().toLowerCase());
    }
  }
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    const lower = name.toLowerCase();
    if (!ofTheConnection.has(lower) && named?.has(lower) !== true) kept.push(name, headers[index + 1] ?? "");
  }
  return kept;
}

/**
 * @param origin scheme, host and port; the path is each request's own
 * @throws HooklineError `proxy-invalid`, `ca-invalid`
 */
export async function createSender(origin: URL, options: SenderOptions): Promise<Sender> {
  const dispatcher = await connect(origin, options);
  const underWay = new Set<(error: SendErrorCode, message: string) => void>();

  const send = (request: OutgoingRequest): Promise<SendResult> =>
    new Promise((resolve) => {
      const started = performance.now();
      const chunks: Buffer[] = [];
      let kept = 0;
      let bytes = 0;
      let status = 0;
      let headers: string[] = [];
      let abort: ((reason: Error) => void) | undefined;

      const finish = (result: SendResult): void => {
        clearTimeout(timer);
        underWay.delete(giveUp);
        resolve(result);
      };
      const giveUp = (error: SendErrorCode, message: string): void => {
        if (!underWay.has(giveUp)) return;
        finish({ ok: false, error, message, durationMs: performance.now() - started });
        abort?.(new Error(message));
      };
      const timer = setTimeout(
        giveUp,
        request.timeoutMs ?? options.timeoutMs,
        "timeout",
        "no answer in time",
      );
      underWay.add(giveUp);

      const handler: Dispatcher.DispatchHandler = {
        onRequestStart(controller) {
          if (underWay.has(giveUp)) abort = (reason) => controller.abort(reason);
          else controller.abort(new Error("given up"));
        },
        onResponseStart(controller, statusCode) {
          if (statusCode < 200) return;
          status = statusCode;
          headers = textHeaders((controller as { rawHeaders?: unknown }).rawHeaders);
        },
        onResponseData(_controller, chunk) {
          bytes += chunk.length;
          if (kept >= options.keepBytes) return;
          const part = chunk.subarray(0, options.keepBytes - kept);
          kept += part.length;
          chunks.push(part);
        },
        onResponseEnd() {
          const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
          finish({ ok: true, status, headers, body, bytes, durationMs: performance.now() - started });
        },
        onResponseError(_controller, error) {
          if (!underWay.has(giveUp)) return;
          finish({ ok: false, ...explain(error), durationMs: performance.now() - started });
        },
      };
      try {
        dispatcher.dispatch(
          {
            origin: origin.origin,
            method: request.method,
            path: request.path,
            headers: request.headers as string[],
            body: request.body,
          },
          handler,
        );
      } catch (error) {
        finish({ ok: false, ...explain(error as Error), durationMs: performance.now() - started });
      }
    });

  return {
    send,
    async close() {
      for (const giveUp of [...underWay]) giveUp("aborted", "interrupted");
      await dispatcher.destroy();
    },
  };
}

/** The pool alone costs a third of the time that importing all of undici does; the proxy agent comes when it is needed. */
async function connect(origin: URL, options: SenderOptions): Promise<Dispatcher> {
  const tls = {
    rejectUnauthorized: options.insecure !== true,
    ...(options.ca === undefined ? {} : { ca: await trusted(options.ca) }),
  };
  const shared = {
    connections: options.connections ?? null,
    // One clock, the sender's own, bounds the whole request.
    headersTimeout: 0,
    bodyTimeout: 0,
    pipelining: 1,
  };
  const { http, https, no } = options.proxy ?? {};
  if ((http !== undefined || https !== undefined) && !isLoopback(origin)) {
    const { default: EnvHttpProxyAgent } = await import("undici/lib/dispatcher/env-http-proxy-agent.js");
    try {
      return new EnvHttpProxyAgent({
        ...shared,
        ...(http === undefined ? {} : { httpProxy: http }),
        ...(https === undefined ? {} : { httpsProxy: https }),
        ...(no === undefined ? {} : { noProxy: no }),
        requestTls: { ...tls, timeout: options.timeoutMs },
        connect: { ...tls, timeout: options.timeoutMs },
      });
    } catch (cause) {
      throw new HooklineError(
        "proxy-invalid",
        `the proxy variables do not hold a usable address: ${(cause as Error).message}`,
        {
          cause,
          nextSteps: ["check HTTP_PROXY and HTTPS_PROXY, or exempt the host with NO_PROXY"],
        },
      );
    }
  }
  const { default: Pool } = await import("undici/lib/dispatcher/pool.js");
  return new Pool(origin.origin, { ...shared, connect: { ...tls, timeout: options.timeoutMs } });
}

async function trusted(pem: string): Promise<string[]> {
  if (!pem.includes("-----BEGIN CERTIFICATE-----")) {
    throw new HooklineError("ca-invalid", "the file given to --ca holds no PEM certificate", {
      nextSteps: ["give a file with -----BEGIN CERTIFICATE----- in it"],
    });
  }
  const { rootCertificates } = await import("node:tls");
  return [...rootCertificates, pem];
}

function textHeaders(raw: unknown): string[] {
  return Array.isArray(raw)
    ? raw.map((part: Buffer | string) => (typeof part === "string" ? part : part.toString("latin1")))
    : [];
}

function explain(error: Error): { error: SendErrorCode; message: string } {
  // Several addresses tried in turn give one error for each.
  const first: unknown = error instanceof AggregateError ? error.errors[0] : error;
  const { code = "", message = String(first) } = first as NodeJS.ErrnoException;
  const cause = (error.cause as Error | undefined)?.message;
  switch (code) {
    case "ECONNREFUSED":
      return { error: "refused", message: "connection refused" };
    case "ENOTFOUND":
    case "EAI_AGAIN":
      return { error: "dns", message: "the host name has no address" };
    case "EHOSTUNREACH":
    case "ENETUNREACH":
    case "EADDRNOTAVAIL":
      return { error: "unreachable", message: "the host cannot be reached" };
    case "ETIMEDOUT":
    case "UND_ERR_CONNECT_TIMEOUT":
      return { error: "timeout", message: "the connection was not made in time" };
    case "ECONNRESET":
    case "EPIPE":
    case "UND_ERR_SOCKET":
      return { error: "reset", message: "the connection was closed before an answer came" };
    default:
      if (/^(ERR_TLS|ERR_SSL|CERT_|DEPTH_|SELF_SIGNED|UNABLE_TO|EPROTO)/.test(code))
        return { error: "tls", message };
      return { error: "protocol", message: cause === undefined ? message : `${message}: ${cause}` };
  }
}
