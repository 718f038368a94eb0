import { EXIT, HooklineError, isHooklineError } from "../errors.ts";

interface ProblemDetails {
  nextSteps?: readonly string[];
  /** Of the answer. */
  headers?: Readonly<Record<string, string>>;
}

/** A request that is refused, with the status that says so. */
export class InspectorProblem extends HooklineError {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;

  constructor(status: number, code: string, message: string, details: ProblemDetails = {}) {
    super(code, message, details.nextSteps === undefined ? {} : { nextSteps: details.nextSteps });
    this.status = status;
    this.headers = details.headers ?? {};
  }
}

export function badRequest(message: string): InspectorProblem {
  return new InspectorProblem(400, "request-invalid", message);
}

/** What the page is told of an error; of one that nobody foresaw nothing but that it was there. */
export function problemOf(error: unknown): { problem: InspectorProblem; foreseen: boolean } {
  if (error instanceof InspectorProblem) return { problem: error, foreseen: true };
  if (isHooklineError(error)) {
    const { code, message, nextSteps, exitCode } = error;
    const status = exitCode === EXIT.notFound ? 404 : exitCode === EXIT.bug ? 500 : 400;
    return { problem: new InspectorProblem(status, code, message, { nextSteps }), foreseen: true };
  }
  const problem = new InspectorProblem(500, "internal", "the inspector failed at this request");
  return { problem, foreseen: false };
}
