import type { Server } from "node:http";
import { createAdaptorServer, type HttpBindings } from "@hono/node-server";
import { Hono, type Context } from "hono";
import { bodyLimit } from "hono/body-limit";
import { contract, type Route, type RouteName } from "../remote/contract.ts";
import { openApiDocument } from "../remote/openapi.ts";
import { answerProblem, type ApiAnswer, type App } from "./app.ts";
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
}

type Env = { Bindings: HttpBindings };

/** Bytes of a body at most. */
const maxBody = 5_000_000;
/** Milliseconds a client may take to send a whole request. */
const requestTimeoutMs = 30_000;

/** The control plane as a server; it is not listening yet. */
export function createHttpServer(app: App, options: HttpOptions): Server {
  const server = createAdaptorServer({
    fetch: createEdge(app, options).fetch,
    // Nothing outside this server is to notice it.
    overrideGlobalObjects: false,
    serverOptions: { requestTimeout: requestTimeoutMs, headersTimeout: requestTimeoutMs / 2 },
  });
  return server as Server;
}

/** HTTP on one side, the contract's routes on the other. */
function createEdge(app: App, { version, newRequestId, clock, report }: HttpOptions): Hono<Env> {
  const edge = new Hono<Env>();

  const finish = (context: Context<Env>, started: number, path: string, answer: ApiAnswer): Response => {
    const id = newRequestId();
    const { principal, status, headers, body } = answer;
    report({
      id,
      method: context.req.method,
      path,
      status,
      durationMs: clock() - started,
      address: addressOf(context),
      accountId: principal?.account.id ?? null,
      keyId: principal?.key?.id ?? null,
      code: status >= 400 ? (body as { code: string }).code : null,
    });
    return new Response(JSON.stringify(body), {
      status,
      headers: {
        "content-type": "application/json",
        "cache-control": "no-store",
        "x-content-type-options": "nosniff",
        "x-request-id": id,
        ...headers,
      },
    });
  };
  const refuse = (context: Context<Env>, path: string, problem: ApiProblem): Response =>
    finish(context, clock(), path, answerProblem(problem));

  edge.use(
    bodyLimit({
      maxSize: maxBody,
      onError: (context) =>
        refuse(
          context,
          context.req.path,
          new ApiProblem("body-too-large", `a body has ${maxBody} bytes at most`),
        ),
    }),
  );

  edge.get("/openapi.json", (context) =>
    finish(context, clock(), "/openapi.json", {
      status: 200,
      headers: {},
      body: openApiDocument({ version, url: new URL(context.req.url).origin }),
    }),
  );

  const methods = new Map<string, string[]>();
  for (const [name, route] of Object.entries(contract) as [RouteName, Route][]) {
    const path = honoPath(route.path);
    methods.set(path, [...(methods.get(path) ?? []), route.method]);
    edge.on(route.method, path, async (context) => {
      const started = clock();
      let answer: ApiAnswer;
      try {
        answer = await app.invoke(name, await readRequest(context, route));
      } catch (error) {
        if (!(error instanceof ApiProblem)) throw error;
        answer = answerProblem(error);
      }
      return finish(context, started, route.path, answer);
    });
  }
  for (const [path, allowed] of methods) {
    edge.all(path, (context) => {
      const problem = new ApiProblem("method-not-allowed", `this path takes ${allowed.join(", ")}`);
      const answer = answerProblem(problem);
      return finish(context, clock(), context.req.path, {
        ...answer,
        headers: { ...answer.headers, allow: allowed.join(", ") },
      });
    });
  }
  edge.notFound((context) =>
    refuse(
      context,
      context.req.path,
      new ApiProblem("not-found", "the API has no such path", { nextSteps: ["see GET /openapi.json"] }),
    ),
  );
  edge.onError((error, context) => {
    if (!(error instanceof ApiProblem)) return refuse(context, context.req.path, unreadable());
    return refuse(context, context.req.path, error);
  });
  return edge;
}

function unreadable(): ApiProblem {
  return new ApiProblem("body-malformed", "the request could not be read to its end");
}

/** `/v1/keys/{id}` → `/v1/keys/:id`. */
function honoPath(path: string): string {
  return path.replace(/\{(\w+)\}/g, ":$1");
}

async function readRequest(context: Context<Env>, route: Route): Promise<Parameters<App["invoke"]>[1]> {
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
    body: route.body === undefined ? undefined : await readBody(context),
    credential: { kind: "keys", keys },
    idempotencyKey: req.header("idempotency-key"),
    address: addressOf(context),
  };
}

/** Every key that a request carries; a scheme other than Bearer carries none. */
function keysOf(own: string | undefined, authorization: string | undefined): string[] {
  const bearer = /^Bearer +(.+)$/i.exec(authorization ?? "")?.[1];
  return [own, bearer].filter((key) => key !== undefined).map((key) => key.trim());
}

async function readBody({ req }: Context<Env>): Promise<unknown> {
  const text = await req.text();
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

/** IPv4 addresses look the same on a socket that takes both families. */
function addressOf({ env }: Context<Env>): string | null {
  return env.incoming.socket.remoteAddress?.replace(/^::ffff:(?=\d+\.)/i, "") ?? null;
}
