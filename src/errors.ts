/** Exit codes of the command line. */
export const EXIT = {
  /** The thing checked failed: a delivery, an expectation, a signature, an unreachable target. */
  failed: 1,
  /** Usage, configuration, or a request the API refuses. */
  usage: 2,
  /** Not authenticated or not allowed. */
  denied: 3,
  notFound: 4,
  /** The remote API is unreachable or failing. */
  remote: 5,
  /** A bug of hookline. */
  bug: 70,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

const brand = Symbol.for("hookline.error");

interface ErrorDetails {
  exitCode?: ExitCode;
  /** What to try next, one sentence or command each. */
  nextSteps?: readonly string[];
  cause?: unknown;
}

/**
 * A failure the user can understand and act on: what happened and why (`message`), and what to do (`nextSteps`).
 * Recognise it with {@link isHooklineError}, never with `instanceof`: every command's bundle has its own copy.
 */
export class HooklineError extends Error {
  override readonly name = "HooklineError";
  readonly [brand] = true;
  /** Stable, in kebab-case; part of the JSON output. */
  readonly code: string;
  readonly exitCode: ExitCode;
  readonly nextSteps: readonly string[];

  constructor(code: string, message: string, details: ErrorDetails = {}) {
    super(message, details.cause === undefined ? undefined : { cause: details.cause });
    this.code = code;
    this.exitCode = details.exitCode ?? EXIT.usage;
    this.nextSteps = details.nextSteps ?? [];
  }
}

export function isHooklineError(error: unknown): error is HooklineError {
  return typeof error === "object" && error !== null && brand in error;
}
