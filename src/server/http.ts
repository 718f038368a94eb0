import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { getRequestListener } from "@hono/node-server";
import { RESPONSE_ALREADY_SENT } from "@hono/node-server/utils/response";
import { Hono, type Context } from "hono";
import { contract, type Route, type RouteName } from "../remote/contract.ts";
import { openApiDocument } from "../remote/openapi.ts";
import { answerProblem, type ApiAnswer, type ApiRequest, type App } from "./app.ts";
import { ApiProblem } from "./problems.ts";

/** One request, as it is logged: no secret, no body, no query. */
export interface ServedRequest {
  id: string;
  method: string;
  /** The route's path, with its parameters unfilled; the path asked for where it is none of the API's. */
  path: string;
  status: number;
  durationMs: number;
  address: string | null;
  accountId: string | null;
  keyId: string | null;
  code: string | null;
}

interface HttpOptions {
  version: string;
  /** Names a request in the log and in its answer. */
  newRequestId: () => string;
  /** Milliseconds of a clock that only goes forward. */
  clock: () => number;
  report: (request: ServedRequest) => void;
  /** Told of an error that no route is to blame for. */
  fail: (error: unknown) => void;
}

type Env = { Bindings: { incoming: IncomingMessage; outgoing: ServerResponse; address: string | null } };

/** What is asked, as far as the log tells it. */
type Asked = Pick<ServedRequest, "method" | "path" | "address">;

/** Bytes of a body at most: a payload fits in base64, and as a string that JSON makes half as long again. */
const maxBody = 8_000_000;
/** Milliseconds a client may take to send a whole request. */
const requestTimeoutMs = 30_000;

/** The control plane as a server; it is not listening yet. */
export function createHttpServer(app: App, options: HttpOptions): Server {
  const finish = createFinish(options);
  const edge = createEdge(app, options, finish);
  const limits = { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs / 2 };
  return createServer(limits, (incoming, outgoing) => {
    const { method = "", url = "" } = incoming;
    // A connection that is gone has no address any more.
    const address = addressOf(incoming);
    const listener = getRequestListener((request) => edge.fetch(request, { incoming, outgoing, address }), {
      // Nothing outside this server is to notice it.
      overrideGlobalObjects: false,
      // Here come only requests whose Host or path makes no URL.
      errorHandler: () => {
        const problem = new ApiProblem("request-malformed", "the request's Host and path make no URL");
        return finish(
          outgoing,
          { method, path: loggable(url), address },
          options.clock(),
          answerProblem(problem),
        );
      },
    });
    void listener(incoming, outgoing);
  });
}

type Finish = (outgoing: ServerResponse, asked: Asked, started: number, answer: ApiAnswer) => Response;

/** Answers straight on the connection: a `Response` on the way would cost as much as the rest. */
function createFinish({ newRequestId, clock, report }: HttpOptions): Finish {
  return (outgoing, asked, started, { principal, status, headers, body }) => {
    const id = newRequestId();
    report({
      id,
      method: asked.method,
      path: asked.path,
      address: asked.address,
      status,
      durationMs: clock() - started,
      accountId: principal?.account.id ?? null,
      keyId: principal?.key?.id ?? null,
      code: status >= 400 ? (body as { code: string }).code : null,
    });
    // As text it goes out in one write with its head.
    const content = JSON.stringify(body);
    outgoing
      .writeHead(status, {
        "content-type": "application/json",
        "content-length": Buffer.byteLength(content),
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-request-id": id,
        ...headers,
      })
      .end(content);
    return RESPONSE_ALREADY_SENT;
  };
}

/** HTTP on one side, the contract's routes on the other. */
function createEdge(app: App, { version, clock, fail }: HttpOptions, finish: Finish): Hono<Env> {
  const edge = new Hono<Env>();
  const askedOf = ({ req, env }: Context<Env>, path = loggable(req.path)): Asked => ({
    method: req.method,
    path,
    address: env.address,
  });
  const refuse = (context: Context<Env>, problem: ApiProblem): Response =>
    finish(context.env.outgoing, askedOf(context), clock(), answerProblem(problem));

  let document: object | undefined;
  edge.get("/openapi.json", (context) =>
    finish(context.env.outgoing, askedOf(context), clock(), {
      status: 200,
      headers: {},
      body: (document ??= openApiDocument({ version })),
    }),
  );

  const methods = new Map<string, string[]>();
  for (const [name, route] of Object.entries(contract) as [RouteName, Route][]) {
    methods.set(route.path, [...(methods.get(route.path) ?? []), route.method]);
    edge.on(route.method, honoPath(route.path), async (context) => {
      const started = clock();
      let answer: ApiAnswer;
      try {
        answer = await app.invoke(name, readRequest(context, route));
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        answer = answerProblem(error);
      }
      return finish(context.env.outgoing, askedOf(context, route.path), started, answer);
    });
  }
  for (const [path, allowed] of methods) {
    edge.all(honoPath(path), (context) => {
      const problem = new ApiProblem("method-not-allowed", `this path takes ${allowed.join(", ")}`);
      const answer = answerProblem(problem);
      return finish(context.env.outgoing, askedOf(context, path), clock(), {
        ...answer,
        headers: { ...answer.headers, allow: allowed.join(", ") },
      });
    });
  }
  edge.notFound((context) =>
    refuse(
      context,
      new ApiProblem("not-found", "the API has no such path", { nextSteps: ["see GET /openapi.json"] }),
    ),
  );
  edge.onError((error, context) => {
    fail(error);
    return refuse(context, new ApiProblem("internal", "the server failed at this request"));
  });
  return edge;
}

/** A path that is none of the API's, for the log: without its query, and without what may be a key in it. */
function loggable(path: string): string {
  return path
    .replace(/[?#].*$/s, "")
    .split("/")
    .slice(0, 8)
    .map((part) => (part.length > 24 ? `${part.slice(0, 4)}…` : part))
    .join("/");
}

/** `/v1/keys/{id}` → `/v1/keys/:id`. */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

function readRequest(context: Context<Env>, route: Route): ApiRequest {
  const { req } = context;
  const keys = keysOf(req.header("x-api-key"), req.header("authorization"));
  if (keys.length > 0 && req.header("origin") !== undefined) {
    throw new ApiProblem("browser-refused", "requests from web pages that carry an API key are refused", {
      nextSteps: ["call the API from a server, where nobody can read the key"],
    });
  }
  const query = Object.entries(req.queries()).map(([name, values]) => [
    name,
    values.length === 1 ? values[0] : values,
  ]);
  return {
    params: req.param(),
    query: Object.fromEntries(query) as unknown,
    readBody: route.body === undefined ? undefined : () => readBody(context),
    credential: { kind: "keys", keys },
    idempotencyKey: req.header("idempotency-key"),
    address: context.env.address,
  };
}

/** Every key that a request carries; a scheme other than Bearer carries none, nor does an empty header. */
function keysOf(own: string | undefined, authorization: string | undefined): string[] {
  const bearer = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1];
  return [own, bearer].map((key = "") => key.trim()).filter((key) => key !== "");
}

async function readBody({ req, env }: Context<Env>): Promise<unknown> {
  const text = await readText(env.incoming);
  if (text === "") return undefined;
  if (!/^application\/(?:[\w.+-]+\+)?json *(?:;|$)/i.test(req.header("content-type") ?? "")) {
    throw new ApiProblem(
      "media-type-unsupported",
      "a body is sent as JSON, with Content-Type: application/json",
    );
  }
  try {
    return JSON.parse(text) as unknown;
  } catch {
    throw new ApiProblem("body-malformed", "the body is not valid JSON");
  }
}

/** Straight from the connection: Hono's own limit copies the request into one of another make. */
async function readText(incoming: IncomingMessage): Promise<string> {
  const bytes = await readBytes(incoming);
  try {
    return utf8.decode(bytes);
  } catch {
    throw new ApiProblem("body-malformed", "the body is not UTF-8");
  }
}

const utf8 = new TextDecoder("utf-8", { fatal: true });

/** By its events: an iterator over it costs several promises for each piece. */
function readBytes(incoming: IncomingMessage): Promise<Buffer> {
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    const end = (settle: () => void): void => {
      incoming.off("data", take).off("end", done).off("error", broken).off("close", broken);
      settle();
    };
    const take = (chunk: Buffer): void => {
      bytes += chunk.length;
      chunks.push(chunk);
      if (bytes <= maxBody) return;
      // Destroyed, it would take the connection with it that the answer goes out on.
      incoming.pause();
      end(() =>
        reject(new ApiProblem("body-too-large", `a body has 8 MB at most, and the payload of an event 5 MB`)),
      );
    };
    const done = (): void => end(() => resolve(Buffer.concat(chunks)));
    const broken = (): void =>
      end(() => reject(new ApiProblem("body-malformed", "the body broke off before its end")));
    incoming.on("data", take).on("end", done).on("error", broken).on("close", broken);
  });
}

/** IPv4 addresses look the same on a socket that takes both families. */
function addressOf({ socket }: IncomingMessage): string | null {
  return socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, "") ?? null;
}
