import { EXIT, HooklineError, isHooklineError, type ExitCode } from "../errors.ts";
import { clip } from "./answer.ts";
import { unexpected } from "./stripe-http.ts";

/** What is read of an error of the SDK, which has a class for each status. */
interface SdkError {
  /** Name of its class. */
  type: string;
  message: string;
  statusCode?: number;
  requestId?: string;
  param?: string;
  /** What a connection failed of. */
  detail?: unknown;
  /** `exception`: what reading the answer failed of. */
  raw?: { exception?: unknown };
}

interface Failure {
  code: string;
  exitCode: ExitCode;
  what: string;
  nextSteps: readonly string[];
}

/**
 * What an error of the SDK means here. Anything else comes back as it is: it is a bug.
 * @param options.key never stands in the message, whoever repeats it
 * @param options.host whom the request went to
 */
export function explainStripeError(error: unknown, { key, host }: { key: string; host: string }): unknown {
  if (isHooklineError(error) || !isSdkError(error)) return error;
  const inner = [error.detail, error.raw?.exception].find(isHooklineError);
  if (inner !== undefined) return redacted(inner, key);
  const { statusCode: status, requestId, param } = error;
  const said = clip(withoutKey(error.message, key).replace(/\.$/, ""), 1000);
  if (status === undefined || status < 400) return unexpected(host, said);
  const details = [
    param !== undefined && !said.includes(param) ? `parameter ${clip(withoutKey(param, key), 200)}` : [],
    requestId !== undefined && /^[\w-]{1,100}$/.test(requestId)
      ? `request ${withoutKey(requestId, key)}`
      : [],
  ].flat();
  const { what, code, exitCode, nextSteps } = failure(error.type, status);
  const message = `${what}: ${said}${details.length > 0 ? ` (${details.join(", ")})` : ""}`;
  // Without its cause, which holds the server's words as they came.
  return new HooklineError(code, message, { exitCode, nextSteps });
}

/** Whether Stripe knows the key, and does not let it do this. */
export function isDenial(error: unknown): error is HooklineError {
  return isHooklineError(error) && error.code === "scope-missing";
}

/** The account that Stripe names where it denies a restricted key something: `… on account 'acct_…'`. */
export function namedAccount(denial: HooklineError): string | undefined {
  return / on account '(acct_\w{1,64})'/.exec(denial.message)?.[1];
}

function failure(type: string, status: number): Failure {
  // Stripe answers some of these with 400.
  if (status === 429 || type === "StripeRateLimitError") {
    return {
      code: "rate-limited",
      exitCode: EXIT.remote,
      what: "Stripe has had too many requests",
      nextSteps: ["wait a little, then try again"],
    };
  }
  switch (status) {
    case 401:
      return {
        code: "key-invalid",
        exitCode: EXIT.denied,
        what: "Stripe does not accept the API key",
        nextSteps: ["copy the key from https://dashboard.stripe.com/apikeys again, then run hookline login"],
      };
    case 403:
      return {
        code: "scope-missing",
        exitCode: EXIT.denied,
        what: "Stripe does not allow this with this API key",
        nextSteps: [
          "give the restricted key the permission at https://dashboard.stripe.com/apikeys, or use another key",
        ],
      };
    case 404:
      return {
        code: "not-found",
        exitCode: EXIT.notFound,
        what: "Stripe finds no such thing",
        nextSteps: [
          "check the id, and that the key is of the same mode: live and test mode share nothing",
          "Stripe keeps events for 30 days",
        ],
      };
    default:
  }
  if (status >= 500) {
    return {
      code: "api-error",
      exitCode: EXIT.remote,
      what: `Stripe's API fails with status ${status}`,
      nextSteps: ["see https://status.stripe.com, and try again later"],
    };
  }
  return { code: "stripe-refused", exitCode: EXIT.usage, what: "Stripe refuses the request", nextSteps: [] };
}

function redacted(error: HooklineError, key: string): HooklineError {
  if (!error.message.includes(key)) return error;
  const { code, exitCode, nextSteps } = error;
  return new HooklineError(code, withoutKey(error.message, key), { exitCode, nextSteps });
}

function withoutKey(text: string, key: string): string {
  return text.replaceAll(key, "(the key)");
}

function isSdkError(error: unknown): error is SdkError {
  return error instanceof Error && /^Stripe\w*Error$/.test(String((error as { type?: unknown }).type));
}
