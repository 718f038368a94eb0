import type { Problem } from "../remote/contract.ts";

/** Every problem the API answers with: its status and title. The code is the name. */
const problems = {
  "request-malformed": [400, "The request cannot be read"],
  "body-malformed": [400, "The body is not JSON"],
  "query-invalid": [400, "The query is not valid"],
  "idempotency-key-invalid": [400, "The Idempotency-Key is not valid"],
  "key-missing": [401, "No API key was given"],
  "key-ambiguous": [401, "Two different API keys were given"],
  "key-invalid": [401, "The API key is not known"],
  "key-expired": [401, "The API key has expired"],
  "key-replaced": [401, "The API key has been replaced"],
  "key-revoked": [401, "The API key has been revoked"],
  "scope-missing": [403, "The API key may not do this"],
  "scope-exceeded": [403, "A key cannot give what it does not have"],
  "expiry-exceeded": [403, "A key cannot outlive its creator"],
  "browser-refused": [403, "API keys do not belong into a browser"],
  "not-found": [404, "There is no such thing"],
  "method-not-allowed": [405, "The path has no such method"],
  "last-key": [409, "It is the last key that can manage keys"],
  "rotation-under-way": [409, "A rotation is under way"],
  "rotation-missing": [409, "No rotation is under way"],
  "endpoint-disabled": [409, "The endpoint is disabled"],
  "delivery-succeeded": [409, "The delivery has succeeded"],
  "delivery-under-way": [409, "The delivery is being sent"],
  "delivery-cancelled": [409, "The delivery was cancelled"],
  "sample-missing": [409, "There is no sample to send"],
  "endpoint-unsigned": [409, "The endpoint has no signing secret"],
  "key-dead": [410, "The key works no more"],
  "endpoint-deleted": [410, "The endpoint was deleted"],
  "body-too-large": [413, "The body is too large"],
  "media-type-unsupported": [415, "The body is not sent as JSON"],
  "body-invalid": [422, "The body is not valid"],
  "target-refused": [422, "The server sends nothing to this address"],
  "idempotency-key-reused": [422, "The Idempotency-Key belongs to another request"],
  "too-many-failures": [429, "Too many requests failed to authenticate"],
  internal: [500, "The server failed"],
  "database-busy": [503, "The database is busy"],
} as const satisfies Record<string, readonly [number, string]>;

export type ProblemCode = keyof typeof problems;

interface ProblemDetails {
  nextSteps?: readonly string[];
  /** Where a document is wrong. */
  errors?: readonly { path: string; message: string }[];
  /** Seconds until it is worth trying again. */
  retryAfter?: number;
}

/** Thrown by whatever handles a request, to be answered as an RFC 9457 problem document. */
export class ApiProblem extends Error {
  readonly code: ProblemCode;
  readonly details: ProblemDetails;

  /** @param detail what is wrong, for the one who asked: no secret, no stack */
  constructor(code: ProblemCode, detail: string, details: ProblemDetails = {}) {
    super(detail);
    this.code = code;
    this.details = details;
  }

  get status(): number {
    return problems[this.code][0];
  }

  toDocument(): Problem {
    const [status, title] = problems[this.code];
    const { nextSteps, errors } = this.details;
    return {
      type: `urn:hookline:problem:${this.code}`,
      title,
      status,
      detail: this.message,
      code: this.code,
      ...(nextSteps === undefined ? {} : { next_steps: [...nextSteps] }),
      ...(errors === undefined ? {} : { errors: [...errors] }),
    };
  }
}

/** An id that names nothing of the account: whether it is another account's is not told. */
export function notFound(): ApiProblem {
  return new ApiProblem("not-found", "this account has nothing of that id", {
    nextSteps: ["list what there is to see the ids"],
  });
}
