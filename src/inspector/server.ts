import { createServer, type IncomingMessage, type ServerResponse } from "node:http";
import { HooklineError, isHooklineError } from "../errors.ts";
import { bind } from "../transport/bind.ts";
import { createGate } from "./gate.ts";
import type { InspectorOptions } from "./options.ts";
import { readPage } from "./page-files.ts";
import { InspectorProblem, problemOf } from "./problem.ts";
import { lastWords, problemReply, write, type Reply } from "./reply.ts";
import { createRoutes } from "./routes.ts";
import { createStreams } from "./stream.ts";

export type { InspectorOptions, ReplayOrder } from "./options.ts";

/** The web page over the inbox, for this machine alone. */
export interface Inspector {
  port: number;
  /** `http://127.0.0.1:4401/`; the token is to be added as its fragment. */
  url: string;
  /** Tells the open pages of deliveries that are new, or were explained or replayed. */
  changed(numbers: readonly number[]): void;
  close(): Promise<void>;
}

/** A page takes six at most; whoever holds more is no page. */
const mostConnections = 128;

/** @throws HooklineError `port-taken`, `cannot-listen` */
export async function startInspector(options: InspectorOptions): Promise<Inspector> {
  const page = await readPage(options.pageFolder);
  // A request without Host is refused as every other that is not addressed to the inspector.
  const server = createServer({
    requireHostHeader: false,
    maxHeaderSize: 16_384,
    headersTimeout: 10_000,
    requestTimeout: 60_000,
  });
  server.maxConnections = mostConnections;
  const port = await bind(server, { host: "127.0.0.1", port: options.port }).catch(rethrowWithFlag);

  const gate = createGate({ port, token: options.token });
  const streams = createStreams(options.inbox, options.onError);
  const routes = createRoutes(options, streams);

  const answer = (request: IncomingMessage, response: ServerResponse): Reply | undefined | Promise<Reply> => {
    const { method = "", url = "" } = request;
    const [path = "", ...query] = url.split("?");
    gate.checkSite(request, path === "/");
    const file = page.get(path);
    if (file !== undefined) {
      checkMethod(method, ["GET", "HEAD"]);
      return file;
    }
    const route = routes.find((candidate) => candidate.path.test(path));
    if (route !== undefined || method === "OPTIONS") checkMethod(method, [route?.method ?? "GET"]);
    if (path.startsWith("/api/")) gate.checkToken(request);
    if (route === undefined) throw new InspectorProblem(404, "not-found", "the inspector has no such path");
    return route.answer({
      request,
      response,
      query: new URLSearchParams(query.join("?")),
      number: Number(route.path.exec(path)?.[1] ?? 0),
    });
  };
  const handle = async (request: IncomingMessage, response: ServerResponse): Promise<void> => {
    // Whoever goes away in the middle has asked nothing.
    request.on("error", () => undefined);
    response.on("error", () => undefined);
    try {
      const reply = await answer(request, response);
      if (reply !== undefined) write(response, reply);
    } catch (error) {
      const { problem, foreseen } = problemOf(error);
      if (!foreseen) options.onError(error);
      if (response.headersSent) response.destroy();
      else write(response, problemReply(problem));
    }
  };
  const listener = (request: IncomingMessage, response: ServerResponse): void =>
    void handle(request, response);
  server.on("request", listener);
  server.on("checkExpectation", listener);
  server.on("clientError", (error: NodeJS.ErrnoException, socket) => {
    if (error.code === "ECONNRESET" || !socket.writable) return;
    const isLarge = error.code === "HPE_HEADER_OVERFLOW";
    socket.end(lastWords(isLarge ? "431 Request Header Fields Too Large" : "400 Bad Request"));
  });

  return {
    port,
    url: `http://127.0.0.1:${port}/`,
    changed: (numbers) => streams.changed(numbers),
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        streams.close();
        server.closeAllConnections();
      }),
  };
}

/** The port is another flag's than a listener's. */
function rethrowWithFlag(error: unknown): never {
  if (!isHooklineError(error) || error.code !== "port-taken") throw error;
  throw new HooklineError(error.code, error.message, {
    cause: error,
    nextSteps: ["stop that program, or choose another port with --inspector-port (0 takes any free one)"],
  });
}

function checkMethod(method: string, allowed: readonly string[]): void {
  if (allowed.includes(method)) return;
  const allow = allowed.join(", ");
  throw new InspectorProblem(405, "method-not-allowed", `this path takes ${allow}`, {
    headers: { Allow: allow },
  });
}
