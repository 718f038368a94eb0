import * as z from "zod";
import { EXIT, HooklineError, type ExitCode } from "../errors.ts";
import { contract, type Answer, type RouteName } from "./contract.ts";

/** Code units of a message, of a step and of a part of either at most: a server may answer with a page. */
const longest = { message: 2000, detail: 1000, step: 300, part: 200 };
const mostSteps = 3;
const mostErrors = 5;

/** What of a problem document makes sense, whatever else is in it. */
const problem = z
  .object({
    code: z
      .string()
      .max(64)
      .regex(/^[a-z][a-z0-9]*(-[a-z0-9]+)*$/)
      .optional()
      .catch(undefined),
    title: z.string().min(1).optional().catch(undefined),
    detail: z.string().min(1).optional().catch(undefined),
    next_steps: z.array(z.unknown()).catch([]),
    errors: z.array(z.unknown()).catch([]),
  })
  .catch({ code: undefined, title: undefined, detail: undefined, next_steps: [], errors: [] });
const fieldError = z.object({ path: z.string(), message: z.string() });

interface Circumstances {
  /** Host that a redirect points to. */
  redirectedTo?: string | undefined;
  /** What to try, beside what the server says. */
  nextSteps?: readonly string[];
}

/**
 * The answer to a route, checked; fields that this version does not know are dropped.
 * @param body the parsed JSON; undefined where the answer was none
 * @throws HooklineError what the problem document says, or `api-error` where there is none; `api-redirected`;
 *   `api-answer-unexpected`. Exit codes as in `Remote`
 */
export function answerOf<Name extends RouteName>(
  name: Name,
  status: number,
  body: unknown,
  circumstances: Circumstances = {},
): Answer<Name> {
  const route = contract[name];
  if (status === route.status) {
    const schema: z.ZodType = route.answer;
    const checked = schema.safeParse(body);
    if (checked.success) return checked.data as Answer<Name>;
    const where = clip((checked.error.issues[0]?.path ?? []).map(String).join("."), longest.part);
    throw unexpected(
      name,
      body === undefined ? "it is not JSON" : where === "" ? "its form is another" : `${where} does not fit`,
    );
  }
  if (status >= 400) throw refusal(status, body, circumstances.nextSteps ?? []);
  if (status >= 300) throw redirected(status, circumstances.redirectedTo);
  throw unexpected(name, `its status is ${status} in place of ${route.status}`);
}

/** Text cut to so many code units, the last being `…` where it was longer. */
export function clip(text: string, most: number): string {
  return text.length <= most ? text : `${text.slice(0, most - 1).replace(/[\ud800-\udbff]$/, "")}…`;
}

function refusal(status: number, body: unknown, more: readonly string[]): HooklineError {
  const { code, title, detail, next_steps, errors } = problem.parse(body);
  const said = detail ?? title;
  const words = said === undefined ? `the API answered ${named(status)} without saying why` : said;
  const steps = next_steps.filter((step): step is string => typeof step === "string" && step !== "");
  if (steps.length === 0 && status === 401) steps.push("log in with a live key: hookline login");
  return new HooklineError(
    code ?? "api-error",
    clip(clip(words, longest.detail) + listed(errors), longest.message),
    {
      exitCode: exitCodeOf(status),
      nextSteps: [...steps.slice(0, mostSteps), ...more].map((step) => clip(step, longest.step)),
    },
  );
}

function exitCodeOf(status: number): ExitCode {
  switch (status) {
    case 400:
    case 409:
    case 410:
    case 413:
    case 422:
      return EXIT.usage;
    case 401:
    case 403:
      return EXIT.denied;
    case 404:
      return EXIT.notFound;
    default:
      return EXIT.remote;
  }
}

/** `: name must not be empty; scopes[0] must be one of …` */
function listed(errors: readonly unknown[]): string {
  const known = errors.slice(0, mostErrors).flatMap((error) => fieldError.safeParse(error).data ?? []);
  if (known.length === 0) return "";
  const texts = known.map(({ path, message }) =>
    clip(path === "" ? message : `${path} ${message}`, longest.part),
  );
  const left = errors.length - mostErrors;
  return `: ${texts.join("; ")}${left > 0 ? `; and ${left} more` : ""}`;
}

function redirected(status: number, host: string | undefined): HooklineError {
  return new HooklineError(
    "api-redirected",
    `the API answered ${named(status)}, pointing to ${host ?? "another place"}; the key was not sent there`,
    { exitCode: EXIT.remote, nextSteps: ["if that is the right place, log in with its URL: hookline login"] },
  );
}

function unexpected(name: RouteName, why: string): HooklineError {
  return new HooklineError("api-answer-unexpected", `the API's answer to ${name} is not understood: ${why}`, {
    exitCode: EXIT.remote,
    nextSteps: [
      "check that the URL is a hookline server's, and that its version fits this one: hookline whoami",
    ],
  });
}

/** `502 Bad Gateway` */
function named(status: number): string {
  const { STATUS_CODES } = process.getBuiltinModule("node:http");
  return `${status} ${STATUS_CODES[status] ?? ""}`.trimEnd();
}
