import { EXIT, HooklineError } from "../errors.ts";
import { answerOf, clip } from "./answer.ts";
import { contract, type Input, type Remote, type Route, type RouteName } from "./contract.ts";

export interface ApiRequest {
  method: string;
  /** Path and query. */
  path: string;
  /** Name and value alternately. */
  headers: readonly string[];
  body: Uint8Array;
}

export type ApiResult =
  | {
      ok: true;
      status: number;
      /** Name and value alternately. */
      headers: readonly string[];
      /** What was kept of the answer's body. */
      body: Uint8Array;
      /** Whole length of the answer's body. */
      bytes: number;
    }
  | {
      ok: false;
      /** Why no answer came: `refused`, `dns`, `unreachable`, `timeout`, `tls`, `reset`, `protocol`, `aborted`. */
      error: string;
      message: string;
    };

/** Sends one request to the API's origin, follows no redirect and never throws. */
export type Exchange = (request: ApiRequest) => Promise<ApiResult>;

export interface HttpRemoteOptions {
  /** Where the API is; a path is put before each route's. */
  url: URL;
  /** Undefined where none is known: only what needs none is answered then. */
  key: string | undefined;
  exchange: Exchange;
  /** Closes the exchange's connections. */
  close?: () => Promise<void>;
  /** A new `Idempotency-Key`: one for each POST, kept over its retries. */
  idempotencyKey: () => string;
  /** Waits so many milliseconds. */
  sleep: (ms: number) => Promise<void>;
  /** A number from 0 up to 1. */
  random: () => number;
  /** Unix milliseconds. */
  now: () => number;
  /** `hookline/1.2.3` */
  userAgent: string;
}

const maxTries = 3;
const firstWaitMs = 250;
/** Longer than that no command waits for a server. */
const longestWaitMs = 30_000;
const yearMs = 365 * 86_400_000;

/**
 * The API over HTTP. Lost connections, 429, 502, 503 and 504, and for GET every 5xx but 501, are tried again, three
 * times in all.
 * @throws HooklineError `api-key-malformed`; from `call` also `id-invalid`, `api-unreachable`, `api-answer-too-large`
 */
export function createHttpRemote(options: HttpRemoteOptions): Remote {
  const { url, key, exchange, sleep, random, now } = options;
  if (key !== undefined && !/^[\x21-\x7e]+$/.test(key)) {
    throw new HooklineError("api-key-malformed", "the API key holds blanks or characters that no key has", {
      nextSteps: ["copy it again, without a line break or quotes around it"],
    });
  }

  return {
    async call(name, input) {
      const route: Route = contract[name];
      const request = requestOf(name, input, options);
      for (let tries = 1; ; tries++) {
        const result = await exchange(request);
        const again = isWorthRepeating(route.method, result);
        const asked = again && result.ok ? retryAfterMs(result.headers, now()) : undefined;
        const wait = asked ?? firstWaitMs * 2 ** (tries - 1) * (0.5 + random() / 2);
        if (again && tries < maxTries && wait <= longestWaitMs) {
          await sleep(wait);
          continue;
        }
        if (!result.ok) throw unreachable(url, route, result);
        const nextSteps = asked === undefined ? [] : [tryAgain(asked, now())];
        return answerOf(name, result.status, documentOf(route, result, key), {
          redirectedTo: hostOf(headerOf(result.headers, "location"), url),
          nextSteps,
        });
      }
    },
    close: async () => options.close?.(),
  };
}

function requestOf<Name extends RouteName>(
  name: Name,
  input: Input<Name>,
  { url, key, idempotencyKey, userAgent }: HttpRemoteOptions,
): ApiRequest {
  const route: Route = contract[name];
  const { params, query, body } = input as { params?: object; query?: object; body?: unknown };
  const headers = ["accept", "application/json, application/problem+json", "user-agent", userAgent];
  if (key !== undefined && route.scope !== null) headers.push("x-api-key", key);
  if (route.method === "POST") headers.push("idempotency-key", idempotencyKey());
  if (body !== undefined) headers.push("content-type", "application/json");
  const search = new URLSearchParams();
  for (const [field, value] of Object.entries(query ?? {}))
    if (value !== undefined) search.set(field, String(value));
  const prefix = url.pathname.replace(/\/+$/, "");
  return {
    method: route.method,
    path: `${prefix}${pathOf(route, params)}${search.size === 0 ? "" : `?${search.toString()}`}`,
    headers,
    body: body === undefined ? new Uint8Array() : Buffer.from(JSON.stringify(body)),
  };
}

/** The path with its ids, which are checked first: `.` or `..` would make it another route's. */
function pathOf(route: Route, params: object = {}): string {
  const checked = route.params?.safeParse(params);
  if (checked?.success === false) {
    const [issue] = checked.error.issues;
    const value = (params as Record<PropertyKey, unknown>)[issue?.path[0] ?? ""];
    throw new HooklineError(
      "id-invalid",
      `${clip(JSON.stringify(value) ?? "an id", 100)} ${issue?.message}`,
      { exitCode: EXIT.notFound, nextSteps: ["take the id from the list that it stands in"] },
    );
  }
  const values: Readonly<Record<string, unknown>> = checked?.data ?? {};
  return route.path.replace(/\{(\w+)\}/g, (_, field: string) => encodeURIComponent(String(values[field])));
}

/** Whether another try can help and do no harm: POST carries an idempotency key, PATCH and DELETE are idempotent. */
function isWorthRepeating(method: Route["method"], result: ApiResult): boolean {
  if (!result.ok) return result.error !== "tls" && result.error !== "aborted";
  const { status } = result;
  if (status === 429 || status === 502 || status === 503 || status === 504) return true;
  return method === "GET" && status >= 500 && status !== 501;
}

/** What the server asks to wait, at most a year; undefined where it asks nothing that makes sense. */
function retryAfterMs(headers: readonly string[], now: number): number | undefined {
  const value = headerOf(headers, "retry-after")?.trim() ?? "";
  if (/^\d+$/.test(value)) return Math.min(Number(value) * 1000, yearMs);
  const time = /^\w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT$/.test(value) ? Date.parse(value) : NaN;
  return Number.isNaN(time) ? undefined : Math.min(Math.max(time - now, 0), yearMs);
}

const tryAgain = (ms: number, now: number): string =>
  `try again in ${Math.ceil(ms / 1000)} s, after ${new Date(now + ms).toISOString()}`;

/** The answer's JSON document, undefined where it is none. */
function documentOf(route: Route, result: ApiResult & { ok: true }, key: string | undefined): unknown {
  const { status, body, bytes } = result;
  const succeeded = status === route.status;
  if (succeeded && bytes > body.length) {
    throw new HooklineError(
      "api-answer-too-large",
      `the API's answer is too large: ${bytes} bytes, where ${body.length} are taken`,
      { exitCode: EXIT.remote, nextSteps: ["if it is a list, ask for less of it at once: --limit"] },
    );
  }
  try {
    const text = new TextDecoder("utf-8", { fatal: true }).decode(body);
    // What echoes a request must not bring the key into a message.
    return JSON.parse(succeeded || key === undefined ? text : text.replaceAll(key, "(the key)"));
  } catch {
    return undefined;
  }
}

function unreachable(
  url: URL,
  { method }: Route,
  { error, message }: ApiResult & { ok: false },
): HooklineError {
  const nextSteps = ["check that the server runs and that its URL is right: hookline whoami"];
  if (method !== "GET" && ["timeout", "reset", "protocol", "aborted"].includes(error))
    nextSteps.push("it may have been done all the same: look before you repeat it");
  return new HooklineError("api-unreachable", `the API at ${url.host} cannot be reached: ${message}`, {
    exitCode: EXIT.remote,
    nextSteps,
  });
}

function headerOf(headers: readonly string[], name: string): string | undefined {
  const index = headers.findIndex((field, at) => at % 2 === 0 && field.toLowerCase() === name);
  return index === -1 ? undefined : headers[index + 1];
}

function hostOf(location: string | undefined, base: URL): string | undefined {
  if (location === undefined || !URL.canParse(location, base.href)) return undefined;
  return new URL(location, base).host || undefined;
}
