import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import type { Socket } from "node:net";
import { finished } from "node:stream";
import { headerValue } from "../signing/headers.ts";
import type { RawHeaders } from "../signing/types.ts";
import { bind } from "./bind.ts";

export interface IncomingRequest {
  method: string;
  /** Path and query as they stood in the request line. */
  target: string;
  headers: RawHeaders;
  body: Buffer;
  /** Unix milliseconds at which the head of the request was here. */
  receivedAt: number;
}

export interface Answer {
  status: number;
  headers?: RawHeaders;
  body?: Uint8Array | string;
  /** Called once the answer has gone out, or cannot any more. */
  sent?: () => void;
}

/** A request that got no further than the door. */
export interface Refusal {
  status: 400 | 405 | 413 | 431 | 503;
  method: string;
  target: string;
  headers: RawHeaders;
  receivedAt: number;
  /** Bytes of the body announced, or read before the limit was met. */
  bytes: number;
}

/** Bytes of bodies that are held until they are answered, and connections, at most: a stranger may send many at once. */
const mostHeld = 256 * 1024 * 1024;
const mostConnections = 2000;

interface Held {
  /** Those with a request that is not answered yet. */
  sockets: Set<Socket>;
  bytes: number;
  most: number;
}

export interface ReceiverOptions {
  host: string;
  /** 0 takes any free port. */
  port: number;
  /** Largest body in bytes. */
  maxBody: number;
  /** Unix milliseconds. */
  now: () => number;
  /** Whether requests are still taken; one that comes later on an open connection gets 503 and is not counted. */
  open: () => boolean;
  answer: (request: IncomingRequest) => Answer | Promise<Answer>;
  refused: (refusal: Refusal) => void;
  /** An answer could not be made: a defect, told to whoever started the receiver. */
  broken: (error: unknown) => void;
}

/** The one way hookline receives a request: raw bytes and raw headers, POST alone. */
export interface Receiver {
  host: string;
  port: number;
  /** Takes no more requests; resolves when those under way are answered, or cut off after `graceMs`. */
  close(graceMs: number): Promise<void>;
}

/** @throws HooklineError `port-taken`, `cannot-listen` */
export async function createReceiver(options: ReceiverOptions): Promise<Receiver> {
  const held: Held = { sockets: new Set(), bytes: 0, most: Math.max(mostHeld, 2 * options.maxBody) };
  const receive = (request: IncomingMessage, response: ServerResponse): void =>
    handle(request, response, options, held);
  // A request without Host is odd but readable, and its sender learns more from the answer than from Node's 400.
  const server = createServer(
    { maxHeaderSize: 65_536, keepAliveTimeout: 10_000, requireHostHeader: false },
    receive,
  );
  server.maxConnections = mostConnections;
  // A sender may close its side once it has asked, and still waits for the answer.
  Object.assign(server, { httpAllowHalfOpen: true });
  server.on("checkExpectation", receive);
  server.on(
    "connect",
    ({ method = "", url: target = "", rawHeaders: headers }: IncomingMessage, socket: Socket) => {
      socket.on("error", () => undefined);
      socket.end(
        "HTTP/1.1 405 Method Not Allowed\r\nAllow: POST\r\nConnection: close\r\nContent-Length: 0\r\n\r\n",
      );
      options.refused({ status: 405, method, target, headers, receivedAt: options.now(), bytes: 0 });
    },
  );
  const sockets = new Set<Socket>();
  server.on("connection", (socket) => {
    sockets.add(socket);
    socket.once("close", () => sockets.delete(socket));
  });
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return;
    const say = (status: string): void =>
      void socket.end(`HTTP/1.1 ${status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n`);
    if (error.code === "ERR_HTTP_REQUEST_TIMEOUT") return say("408 Request Timeout");
    // Whoever closes the connection in the middle has asked nothing.
    if (error.code === "HPE_INVALID_EOF_STATE") return say("400 Bad Request");
    const status = error.code === "HPE_HEADER_OVERFLOW" ? 431 : 400;
    say(status === 431 ? "431 Request Header Fields Too Large" : "400 Bad Request");
    options.refused({ status, method: "", target: "", headers: [], receivedAt: options.now(), bytes: 0 });
  });
  const port = await bind(server, options);
  return {
    host: options.host,
    port,
    close: (graceMs) =>
      new Promise((resolve) => {
        const cut = setTimeout(() => server.closeAllConnections(), graceMs);
        server.close(() => {
          clearTimeout(cut);
          resolve();
        });
        // Node counts as idle only what has had a request: one opened ahead would be waited for.
        for (const socket of sockets) if (!held.sockets.has(socket)) socket.destroy();
      }),
  };
}

/** Callbacks, not promises: on this path every promise costs thousands of requests a second. */
function handle(
  request: IncomingMessage,
  response: ServerResponse,
  options: ReceiverOptions,
  held: Held,
): void {
  const receivedAt = options.now();
  let bytes = 0;
  held.sockets.add(request.socket);
  response.on("close", () => {
    held.sockets.delete(request.socket);
    held.bytes -= bytes;
  });
  const dismiss = (status: number, headers: readonly string[] = []): void => {
    response.writeHead(status, [...headers, ...lastWords(options), "content-length", "0"]).flushHeaders();
    // What still comes is read and dropped before the connection may close: the sender gets to read the answer.
    finished(request, () => response.end());
    request.resume();
  };
  if (!options.open()) return dismiss(503);
  const { method = "", url: target = "", rawHeaders: headers } = request;
  const refuse = (status: Refusal["status"], length: number): void => {
    options.refused({ status, method, target, headers, receivedAt, bytes: length });
    dismiss(status, status === 405 ? ["allow", "POST"] : status === 503 ? ["retry-after", "1"] : []);
  };
  if (method !== "POST") return refuse(405, 0);
  const announced = Number(headerValue(headers, "content-length") ?? 0);
  if (announced > options.maxBody) return refuse(413, announced);

  const fail = (error: unknown): void => {
    if (!response.headersSent) response.writeHead(500, ["connection", "close", "content-length", "0"]).end();
    options.broken(error);
  };
  const reply = (answer: Answer): void => {
    if (answer.sent !== undefined) tellWhenSent(request, response, answer.sent);
    if (!response.destroyed) write(response, answer, lastWords(options));
  };
  const chunks: Buffer[] = [];
  let refused = false;
  request.on("data", (chunk: Buffer) => {
    if (refused) return;
    bytes += chunk.length;
    held.bytes += chunk.length;
    if (bytes <= options.maxBody && held.bytes <= held.most) {
      chunks.push(chunk);
      return;
    }
    refused = true;
    chunks.length = 0;
    refuse(bytes > options.maxBody ? 413 : 503, bytes);
  });
  request.on("end", () => {
    if (refused) return;
    if (!options.open()) return dismiss(503);
    const body = chunks.length === 1 && chunks[0] !== undefined ? chunks[0] : Buffer.concat(chunks);
    try {
      const answer = options.answer({ method, target, headers, body, receivedAt });
      if (answer instanceof Promise) answer.then(reply).catch(fail);
      else reply(answer);
    } catch (error) {
      fail(error);
    }
  });
  // A sender that goes away in the middle has delivered nothing.
  request.on("error", () => undefined);
}

/** Milliseconds after which an answer that nobody reads counts as gone out. */
const longestAnswer = 1000;

/** Calls once: where the answer is out or the connection is gone, of which a response that waits behind others hears nothing. */
function tellWhenSent(request: IncomingMessage, response: ServerResponse, sent: () => void): void {
  const { socket } = request;
  const once = (): void => {
    clearTimeout(timer);
    response.off("close", once);
    socket.off("close", once);
    sent();
  };
  const timer = setTimeout(once, response.destroyed || socket.destroyed ? 0 : longestAnswer);
  response.on("close", once);
  socket.on("close", once);
}

function write(response: ServerResponse, { status, headers = [], body = "" }: Answer, last: string[]): void {
  const head = [...headers, ...last];
  if (status === 204 || status === 304) {
    response.writeHead(status, head).end();
    return;
  }
  const content = typeof body === "string" ? Buffer.from(body) : body;
  head.push("content-length", String(content.length));
  response.writeHead(status, head).end(content.length === 0 ? undefined : content);
}

/** Once no more requests are taken, an answer is the last on its connection. */
function lastWords({ open }: ReceiverOptions): string[] {
  return open() ? [] : ["connection", "close"];
}
