import { createHmac } from "node:crypto";
import { createServer, request as httpRequest, type IncomingMessage, type ServerResponse } from "node:http";
import {
  connect,
  createServer as createTcpServer,
  type AddressInfo,
  type Server,
  type Socket,
} from "node:net";
import { afterEach } from "vitest";

/** A request as a server got it. */
export interface Received {
  method: string;
  url: string;
  /** Name, value, name, value, as they stood on the wire. */
  headers: string[];
  body: Buffer;
}

export interface TestServer {
  port: number;
  url: string;
  received: Received[];
  /** Waits until so many requests have come. */
  until(requests: number): Promise<void>;
}

const open = new Set<{ close(): void }>();
afterEach(() => {
  for (const server of open) server.close();
  open.clear();
});

export type Answerer = (
  request: Received,
  response: ServerResponse,
  message: IncomingMessage,
) => void | Promise<void>;

/** A target: keeps what it gets and answers as the test says, 200 where it says nothing. Closed after the test. */
export async function startServer(
  answer: Answerer = (_, response) => void response.end(),
): Promise<TestServer> {
  const received: Received[] = [];
  let waiting: (() => void)[] = [];
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => {
      const { method = "", url = "", rawHeaders } = message;
      const request = { method, url, headers: rawHeaders, body: Buffer.concat(chunks) };
      received.push(request);
      for (const look of waiting) look();
      void answer(request, response, message);
    });
  });
  const port = await listening(server);
  open.add({
    close: () => {
      server.close();
      server.closeAllConnections();
    },
  });
  return {
    port,
    url: `http://127.0.0.1:${port}`,
    received,
    until: (requests) =>
      new Promise((resolve) => {
        const look = (): void => {
          if (received.length < requests) return;
          waiting = waiting.filter((other) => other !== look);
          resolve();
        };
        waiting.push(look);
        look();
      }),
  };
}

/** A server that answers every connection's first bytes with these, whatever they mean. */
export async function startRawServer(answer: (request: string) => string | Uint8Array): Promise<TestServer> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on("error", () => undefined);
    socket.once("data", (bytes: Buffer) => socket.end(answer(bytes.toString("latin1"))));
  });
  const port = await listening(server);
  open.add({
    close: () => {
      server.close();
      for (const socket of sockets) socket.destroy();
    },
  });
  return { port, url: `http://127.0.0.1:${port}`, received: [], until: () => Promise.resolve() };
}

export function listening(server: Server): Promise<number> {
  return new Promise((resolve) =>
    server.listen(0, "127.0.0.1", () => resolve((server.address() as AddressInfo).port)),
  );
}

/** A port of this machine that nothing listens on. */
export async function closedPort(): Promise<number> {
  const server = createTcpServer();
  const port = await listening(server);
  await new Promise((resolve) => server.close(resolve));
  return port;
}

export interface PostOptions {
  method?: string;
  headers?: Readonly<Record<string, string | string[]>>;
  body?: string | Uint8Array;
}

export interface Response {
  status: number;
  headers: string[];
  body: Buffer;
}

/** One request on a connection of its own. */
export function post(
  url: string,
  { method = "POST", headers = {}, body = "{}" }: PostOptions = {},
): Promise<Response> {
  return new Promise((resolve, reject) => {
    const request = httpRequest(url, { method, headers, agent: false }, (response) => {
      const chunks: Buffer[] = [];
      response.on("data", (chunk: Buffer) => chunks.push(chunk));
      response.on("error", reject);
      response.on("end", () =>
        resolve({
          status: response.statusCode ?? 0,
          headers: response.rawHeaders,
          body: Buffer.concat(chunks),
        }),
      );
    });
    request.on("error", reject);
    request.end(body);
  });
}

/** Sends bytes as they are and gathers what comes back until the other side closes, or the marker is in it. */
export function exchange(url: string, bytes: string | Uint8Array, marker?: string): Promise<string> {
  return new Promise((resolve, reject) => {
    const { hostname, port } = new URL(url);
    const socket = connect(Number(port), hostname);
    let text = "";
    socket.setEncoding("latin1");
    socket.on("data", (chunk: string) => {
      text += chunk;
      if (marker !== undefined && text.includes(marker)) socket.destroy();
    });
    socket.on("close", () => resolve(text));
    socket.on("error", reject);
    socket.write(typeof bytes === "string" ? Buffer.from(bytes, "latin1") : bytes);
  });
}

/** Every value of a header, in order. */
export function values(headers: readonly string[], name: string): string[] {
  return headers.filter((_, index) => index % 2 === 1 && headers[index - 1]?.toLowerCase() === name);
}

/** Fareplay's headers over the body, made without hookline: the hex HMAC-SHA256 of the raw bytes. */
export function fareplayHeaders(
  body: string | Uint8Array,
  secret: string,
  { event = "order.created", delivery = "evt_1" }: { event?: string; delivery?: string } = {},
): Record<string, string> {
  return {
    "content-type": "application/json",
    "x-fareplay-event": event,
    "x-fareplay-delivery": delivery,
    "x-fareplay-signature": `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`,
  };
}
