import type { Stripe } from "stripe";
import { EXIT, HooklineError } from "../errors.ts";
import { clip } from "./answer.ts";
import type { ApiResult, Exchange } from "./http.ts";

type Answered = ApiResult & { ok: true };
type Unanswered = ApiResult & { ok: false };

/** What an answer of the SDK carries as `lastResponse`. */
export interface RawAnswer {
  /** The body as it came. */
  text: string;
}

/** Failures that another try does not mend. */
const lasting = new Set(["aborted", "tls"]);

/**
 * The SDK's way out: through `exchange`, so that proxies, certificates, times and the rule against redirects are those
 * of every other request. What the SDK has no words for is thrown as a HooklineError (`api-unreachable`,
 * `api-redirected`, `api-answer-too-large`, `api-answer-unexpected`), which arrives inside an error of the SDK's.
 */
export function createHttpClient(exchange: Exchange, url: URL): Stripe.HttpClient {
  const prefix = url.pathname.replace(/\/+$/, "");
  return {
    getClientName: () => "hookline",
    // Rejects, but never throws at once: the SDK's own promise would not settle.
    async makeRequest(_host, _port, path, method, headers, body) {
      const result = await exchange({
        method,
        path: prefix + path,
        headers: Object.entries(headers).flatMap(([name, value]) => [name, String(value)]),
        body: Buffer.from(body),
      });
      if (result.ok) return answered(result, url);
      const failure = unreachable(url.host, method, result);
      // The SDK tries again after whatever is thrown here.
      if (!lasting.has(result.error)) throw failure;
      return response({ "stripe-should-retry": "false" }, 0, { text: "" }, () => Promise.reject(failure));
    },
  };
}

function unreachable(host: string, method: string, { error, message }: Unanswered): HooklineError {
  const nextSteps = ["check the network and the profile's URL, and see https://status.stripe.com"];
  if (method !== "GET" && error !== "refused" && error !== "dns")
    nextSteps.push("it may have been done all the same: look before you repeat it");
  return new HooklineError("api-unreachable", `Stripe's API at ${host} cannot be reached: ${message}`, {
    exitCode: EXIT.remote,
    nextSteps,
  });
}

function answered(result: Answered, url: URL): Stripe.HttpClientResponse {
  const text = Buffer.from(result.body).toString("utf8");
  // No other header: the SDK would print what `stripe-notice` says.
  const headers = Object.fromEntries(
    ["request-id", "stripe-should-retry"].flatMap((name) => {
      // Too many requests are worth another try even where Stripe does not say so.
      const usual = name === "stripe-should-retry" && result.status === 429 ? "true" : undefined;
      const value = headerOf(result.headers, name) ?? usual;
      return value === undefined ? [] : [[name, value]];
    }),
  );
  return response(headers, result.status, { text }, async () => contentOf(result, text, url));
}

function response(
  headers: Record<string, string>,
  status: number,
  raw: RawAnswer,
  toJSON: () => Promise<unknown>,
): Stripe.HttpClientResponse {
  return {
    getStatusCode: () => status,
    getHeaders: () => headers,
    getRawResponse: () => raw,
    toStream: () => {
      throw new Error("no answer of Stripe's is read as a stream");
    },
    toJSON,
  };
}

/**
 * The object an answer holds. The SDK takes any without `error` for success, whatever the status, so a failure without
 * one is given it.
 * @throws HooklineError
 */
function contentOf({ status, headers, body, bytes }: Answered, text: string, url: URL): object {
  if (status >= 300 && status < 400) throw redirected(status, headerOf(headers, "location"), url);
  const succeeded = status >= 200 && status < 300;
  if (succeeded && bytes > body.length) {
    throw new HooklineError(
      "api-answer-too-large",
      `Stripe's answer is too large: ${bytes} bytes, where ${body.length} are taken`,
      { exitCode: EXIT.remote, nextSteps: ["if it is a list, ask for less of it at once: --limit"] },
    );
  }
  const json = parsed(text);
  const { error } = json ?? {};
  if (!succeeded || error !== undefined) return { error: errorOf(error) };
  if (json === undefined) throw unexpected(url.host, "it is not a JSON object");
  return json;
}

/** @param why what does not fit; from outside, so clipped */
export function unexpected(host: string, why: string): HooklineError {
  return new HooklineError(
    "api-answer-unexpected",
    `the answer of ${host} is not one of Stripe's API: ${clip(why, 1000)}`,
    {
      exitCode: EXIT.remote,
      nextSteps: ["check that the profile's URL is Stripe's API, and that no proxy answers in its place"],
    },
  );
}

function redirected(status: number, location: string | undefined, url: URL): HooklineError {
  const to =
    location !== undefined && URL.canParse(location, url.href) ? new URL(location, url.href).host : "";
  return new HooklineError(
    "api-redirected",
    `${url.host} answered ${status}, pointing to ${to || "another place"}; the key was not sent there`,
    { exitCode: EXIT.remote, nextSteps: ["if that is the right place, log in with its URL: hookline login"] },
  );
}

function parsed(text: string): { error?: unknown } | undefined {
  try {
    const json: unknown = JSON.parse(text);
    return isObject(json) ? json : undefined;
  } catch {
    return undefined;
  }
}

/** An error as Stripe describes it, of the parts that are text. */
function errorOf(error: unknown): object {
  const said = isObject(error) ? error : {};
  const parts = ["type", "code", "message", "param"].flatMap((name): [string, string][] => {
    const value = (said as Record<string, unknown>)[name];
    return typeof value === "string" ? [[name, value]] : [];
  });
  return { message: "it does not say why", ...Object.fromEntries(parts) };
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null && !Array.isArray(value);
}

function headerOf(headers: readonly string[], name: string): string | undefined {
  const index = headers.findIndex((text, at) => at % 2 === 0 && text.toLowerCase() === name);
  return index < 0 ? undefined : headers[index + 1];
}
