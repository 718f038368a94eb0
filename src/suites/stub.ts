import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { bind } from "../transport/bind.ts";
import { checkText, written, type Matcher } from "./expectations.ts";
import type { Patterns } from "./patterns.ts";
import { toJson } from "./values.ts";

/** What came to the stub. */
export interface StubCall {
  method: string;
  /** Path and query. */
  target: string;
  /** Names and values alternately. */
  headers: readonly string[];
  body: Buffer;
}

/** What the stub answers to some calls, its variables in place. */
export interface StubReply {
  method?: string;
  path: Matcher;
  status: number;
  headers: Readonly<Record<string, string>>;
  /** A text goes out as it is, anything else as JSON. */
  body: unknown;
}

/** A server that stands in for what a handler calls. It answers this machine alone. */
export interface Stub {
  /** `http://127.0.0.1:PORT` */
  url: string;
  /** What came so far, in order; the list grows. */
  calls: readonly StubCall[];
  /** Answers so from now on, and with 200 and {} where none of them fits; what came before is forgotten. */
  begin(answers: readonly StubReply[]): void;
  /** Calls back at each call. @returns stops it */
  watch(this: void, called: () => void): () => void;
  close(): Promise<void>;
}

const maxBody = 5 * 1024 * 1024;
/** Calls of a suite that are kept, and bytes of their bodies. */
const mostCalls = 10_000;
const mostBytes = 128 * 1024 * 1024;

/**
 * @param port 0 takes any free one
 * @throws HooklineError `port-taken`, `cannot-listen`
 */
export async function openStub(port: number, patterns: Patterns): Promise<Stub> {
  const calls: StubCall[] = [];
  let answers: readonly StubReply[] = [];
  let bytes = 0;
  const watchers = new Set<() => void>();

  const server = createServer({ maxHeaderSize: 65_536 }, (request, response) => {
    read(request, (body) => {
      if (body === undefined) return refuse(response, 413, "the body is larger than 5 MiB");
      if (calls.length >= mostCalls || bytes + body.length > mostBytes)
        return refuse(response, 503, "the stub holds no more calls");
      bytes += body.length;
      const { method = "", url: target = "", rawHeaders: headers } = request;
      const call = { method, target, headers, body };
      calls.push(call);
      send(
        response,
        answers.find((answer) => isFor(answer, call, patterns)),
      );
      for (const called of [...watchers]) called();
    });
  });
  server.maxConnections = 1000;
  const bound = await bind(server, { host: "127.0.0.1", port });

  return {
    url: `http://127.0.0.1:${bound}`,
    calls,
    begin(next) {
      answers = next;
      bytes = 0;
      calls.length = 0;
    },
    watch(called) {
      watchers.add(called);
      return () => void watchers.delete(called);
    },
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** Whether a call is of the kind that an answer, or an expectation, is for. */
function isFor(
  { method, path }: { method?: string; path: Matcher },
  call: StubCall,
  patterns: Patterns,
): boolean {
  return (
    (method === undefined || method === call.method) &&
    checkText("path", path, pathFor(path, call.target), patterns).length === 0
  );
}

/** The path that an expectation looks at: with the query only where it names one. */
export function pathFor({ equals, matches }: Matcher, target: string): string {
  const hasQuery = written(equals ?? "").includes("?") || (matches ?? "").includes("\\?");
  return hasQuery ? target : target.replace(/\?.*$/s, "");
}

/** @param done undefined where the body is too large */
function read(request: IncomingMessage, done: (body: Buffer | undefined) => void): void {
  const chunks: Buffer[] = [];
  let size = 0;
  request.on("error", () => undefined);
  request.on("data", (chunk: Buffer) => {
    size += chunk.length;
    if (size <= maxBody) chunks.push(chunk);
  });
  request.on("end", () => done(size > maxBody ? undefined : Buffer.concat(chunks)));
}

function refuse(response: ServerResponse, status: number, why: string): void {
  response.writeHead(status, { "content-type": "text/plain", connection: "close" }).end(`${why}\n`);
}

function send(response: ServerResponse, reply: StubReply | undefined): void {
  const { status = 200, headers = {}, body = {} } = reply ?? {};
  const isText = typeof body === "string";
  response.statusCode = status;
  response.setHeader("content-type", isText ? "text/plain; charset=utf-8" : "application/json");
  for (const [name, value] of Object.entries(headers))
    if (!/^(connection|content-length|transfer-encoding)$/i.test(name)) response.setHeader(name, value);
  response.end(isText ? body : toJson(body));
}
