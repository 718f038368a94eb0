import type * as z from "zod";
import type { Route } from "../remote/contract.ts";
import type { ApiRequest } from "./app.ts";
import { ApiProblem, notFound } from "./problems.ts";

/** How deep a body may be nested. */
const deepest = 200;
/** Characters of what is said of one mistake. */
const longestMessage = 300;

/**
 * Checks a request against its route.
 * @returns what the route takes, defaults filled in
 * @throws ApiProblem `query-invalid`, `not-found`, `body-invalid`
 */
export function check(
  route: Route,
  request: ApiRequest,
): { params?: unknown; query?: unknown; body?: unknown } {
  const input: { params?: unknown; query?: unknown; body?: unknown } = {};
  // An id of another form than the API gives out names nothing.
  if (route.params !== undefined) {
    const params = route.params.safeParse(request.params);
    if (!params.success) throw notFound();
    input.params = params.data;
  }
  if (route.query !== undefined) {
    const query = route.query.safeParse(request.query ?? {});
    if (!query.success) throw invalid("query-invalid", query.error);
    input.query = query.data;
  }
  if (route.body !== undefined) {
    if (isDeeper(request.body, deepest))
      throw new ApiProblem("body-invalid", `the body is nested more than ${deepest} deep`);
    const body = route.body.safeParse(request.body === undefined ? {} : request.body);
    if (!body.success) throw invalid("body-invalid", body.error);
    input.body = body.data;
  }
  return input;
}

/** Whether arrays and objects are nested so deep that what walks them down by calling itself would fail. */
function isDeeper(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    if (depth > limit) return true;
    level = level.flatMap((one) =>
      typeof one === "object" && one !== null ? (Object.values(one) as unknown[]) : [],
    );
  }
  return false;
}

function invalid(code: "query-invalid" | "body-invalid", error: z.ZodError): ApiProblem {
  const errors = error.issues.slice(0, 20).map(({ path, message }) => ({
    path: path.join("."),
    // Some repeat what was sent.
    message: message.length > longestMessage ? `${message.slice(0, longestMessage)}…` : message,
  }));
  return new ApiProblem(code, `the ${code === "body-invalid" ? "body" : "query"} is not valid`, { errors });
}
