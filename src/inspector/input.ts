import type { IncomingMessage } from "node:http";
import type { InboxFilter, InboxPage } from "../inbox/types.ts";
import type { ReplayOrder } from "./options.ts";
import { badRequest, InspectorProblem } from "./problem.ts";

/** Bytes of a request's body at most: a payload of 50 MB fits in base64. */
export const maxRequest = 70 * 1024 * 1024;
const mostListed = 1000;
const usuallyListed = 100;
/** Characters of a filter at most. */
const longestFilter = 1000;

/** @throws InspectorProblem 400 */
export function readListQuery(query: URLSearchParams): { filter: InboxFilter; page: InboxPage } {
  const known = ["limit", "before", "after", "provider", "event", "verified", "failed", "text"];
  const asked = readQuery(query, known);
  const filter: InboxFilter = {};
  for (const name of ["provider", "event", "text"] as const) {
    const value = asked.get(name);
    if (value === undefined) continue;
    if (value === "" || value.length > longestFilter) {
      throw badRequest(`${name} takes 1 to ${longestFilter} characters`);
    }
    filter[name] = value;
  }
  const verified = asked.get("verified");
  if (verified !== undefined) {
    if (verified !== "true" && verified !== "false") throw badRequest("verified takes true or false");
    filter.verified = verified === "true";
  }
  const failed = asked.get("failed");
  if (failed !== undefined) {
    if (failed !== "true") throw badRequest("failed takes true alone");
    filter.failed = true;
  }
  const page: InboxPage = { limit: readCount(asked, "limit") ?? usuallyListed };
  if (page.limit < 1 || page.limit > mostListed) throw badRequest(`limit takes 1 to ${mostListed}`);
  const before = readCount(asked, "before");
  const after = readCount(asked, "after");
  if (before !== undefined) page.before = before;
  if (after !== undefined) page.after = after;
  return { filter, page };
}

/** @throws InspectorProblem 400 @returns undefined where none is named */
export function readRouteQuery(query: URLSearchParams): number | undefined {
  return readCount(readQuery(query, ["route"]), "route");
}

/** @throws InspectorProblem 400 where there is any parameter, as the path takes none */
export function readNoQuery(query: URLSearchParams): void {
  readQuery(query, []);
}

function readQuery(query: URLSearchParams, known: readonly string[]): Map<string, string> {
  const asked = new Map<string, string>();
  for (const [name, value] of query) {
    if (!known.includes(name)) throw badRequest("the query has a parameter that this path does not know");
    if (asked.has(name)) throw badRequest(`${name} is given twice`);
    asked.set(name, value);
  }
  return asked;
}

function readCount(asked: Map<string, string>, name: string): number | undefined {
  const text = asked.get(name);
  if (text === undefined) return undefined;
  if (!/^\d{1,15}$/.test(text)) throw badRequest(`${name} takes a whole number`);
  return Number(text);
}

/** @throws InspectorProblem 400 */
export function readReplay(body: Buffer): ReplayOrder {
  const asked = parseObject(body);
  const { route, original = false, body_base64: base64 } = asked;
  if (Object.keys(asked).some((name) => !["route", "original", "body_base64"].includes(name))) {
    throw badRequest("a replay takes route, original and body_base64 alone");
  }
  if (typeof route !== "number" || !Number.isSafeInteger(route) || route < 0) {
    throw badRequest("route takes the index of a route");
  }
  if (typeof original !== "boolean") throw badRequest("original takes true or false");
  if (base64 === undefined) return { route, original };
  if (original)
    throw badRequest("another body is signed anew, so body_base64 and original exclude each other");
  if (typeof base64 !== "string" || base64.length % 4 !== 0 || !/^[A-Za-z0-9+/]*={0,2}$/.test(base64)) {
    throw badRequest("body_base64 takes base64 with its padding");
  }
  return { route, original, body: Buffer.from(base64, "base64") };
}

function parseObject(body: Buffer): Record<string, unknown> {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(body));
  } catch {
    throw badRequest("the body is not valid JSON");
  }
  if (typeof value !== "object" || value === null || Array.isArray(value)) {
    throw badRequest("the body is not a JSON object");
  }
  return value as Record<string, unknown>;
}

/** @throws InspectorProblem 415, 413, 400 */
export async function readBody(request: IncomingMessage): Promise<Buffer> {
  // Any other type a form of another page could send without being asked first.
  if (!/^application\/json *(?:; *charset=utf-8 *)?$/i.test(request.headers["content-type"] ?? "")) {
    throw new InspectorProblem(415, "media-type-unsupported", "a body is sent as application/json");
  }
  if (Number(request.headers["content-length"] ?? 0) > maxRequest) throw tooLarge();
  return new Promise((resolve, reject) => {
    const chunks: Buffer[] = [];
    let bytes = 0;
    request.on("data", (chunk: Buffer) => {
      bytes += chunk.length;
      if (bytes <= maxRequest) return void chunks.push(chunk);
      // The rest is read and dropped, so that the sender gets to read the answer.
      chunks.length = 0;
      reject(tooLarge());
    });
    request.on("end", () => resolve(Buffer.concat(chunks)));
    const broken = (): void => reject(badRequest("the body broke off before its end"));
    request.on("error", broken).on("close", broken);
  });
}

function tooLarge(): InspectorProblem {
  return new InspectorProblem(413, "body-too-large", "a request has 70 MB at most");
}
