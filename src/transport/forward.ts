import { headerValues } from "../signing/headers.ts";
import type { RawHeaders } from "../signing/types.ts";
import type { Sender, SendResult } from "./send.ts";
import type { Answer, IncomingRequest } from "./receive.ts";
import type { Target } from "./target.ts";

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

/** Lengths of those names: most headers are known by theirs to be none of them, without being lower-cased. */
const lengths = new Set([...ofTheConnection].map((name) => name.length));

/**
 * The headers that travel on beyond one connection: without those above and those `Connection` names.
 * @param without one more to leave out, lower case
 */
export function endToEnd(headers: RawHeaders, without?: string): string[] {
  let named: Set<string> | undefined;
  for (const value of headerValues(headers, "connection")) {
    for (const name of value.split(",")) (named ??= new Set()).add(name.trim().toLowerCase());
  }
  const kept: string[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (lengths.has(name.length) || named !== undefined || name.length === without?.length) {
      const lower = name.toLowerCase();
      if (ofTheConnection.has(lower) || lower === without || named?.has(lower) === true) continue;
    }
    kept.push(name, headers[index + 1] ?? "");
  }
  return kept;
}

/**
 * The path and query of a forwarded request: the target's own, with the request's query behind it; a target that ends
 * in `/` gets the rest of the request's path too.
 * @param rest what follows the part of the path that named the provider, without a leading `/`
 */
export function forwardPath(target: Target, rest: string, query: string): string {
  const path = target.open ? target.url.pathname.replace(/\/$/, "") + "/" + below(rest) : target.url.pathname;
  const queries = [target.url.search.slice(1), query].filter((part) => part !== "").join("&");
  return queries === "" ? path : `${path}?${queries}`;
}

/**
 * Without `.` and `..` segments, however they are written: a stranger's path must not lead out of the target's, whatever
 * the app behind it takes for a separator.
 */
function below(rest: string): string {
  const separator = /[\\/]|%2f|%5c/i;
  const dots = /^(\.|%2e){1,2}(;.*)?$/i;
  const segments = rest.split(separator);
  if (!segments.some((segment) => dots.test(segment))) return rest;
  return segments.filter((segment) => !dots.test(segment)).join("/");
}

/** The part of a received request that travels on. */
export type Forwardable = Pick<IncomingRequest, "method" | "headers" | "body">;

/** Sends a received request on: the raw bytes, and every header that is not of the connection, repeated ones too. */
export function forward(
  sender: Sender,
  target: Target,
  request: Forwardable,
  path: string,
  timeoutMs?: number,
): Promise<SendResult> {
  return sender.send({
    method: request.method,
    path,
    headers: ["host", target.url.host, ...endToEnd(request.headers, "host")],
    body: request.body,
    ...(timeoutMs === undefined ? {} : { timeoutMs }),
  });
}

/** The target's answer as the sender of the request gets it. */
export function relayed(result: Extract<SendResult, { ok: true }>): Answer {
  return { status: result.status, headers: endToEnd(result.headers), body: result.body };
}
