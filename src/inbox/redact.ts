import type { Provider } from "../providers/contract.ts";
import type { RawHeaders } from "../signing/types.ts";

/** What stands in place of a credential. */
export const redacted = "[redacted]";

/** Headers that carry credentials whoever sends, lower case. */
const credentials: ReadonlySet<string> = new Set([
  "authorization",
  "proxy-authorization",
  "cookie",
  "set-cookie",
  "x-api-key",
]);

/** Lengths of those names: most headers are known by theirs to be none of them, without being lower-cased. */
const lengths: ReadonlySet<number> = new Set([...credentials].map((name) => name.length));

/**
 * Headers without credentials: `Authorization`, `Cookie`, `x-api-key` and their kind, and the header in which the
 * provider sends its secret as it is.
 * @returns the same list where there are none
 */
export function redact(headers: RawHeaders, provider?: Provider): RawHeaders {
  const own = provider === undefined ? [] : plainHeaders(provider);
  let result: string[] | undefined;
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (!lengths.has(name.length) && own.length === 0) continue;
    const lower = name.toLowerCase();
    if (!credentials.has(lower) && !own.includes(lower)) continue;
    result ??= [...headers];
    result[index + 1] = redacted;
  }
  return result ?? headers;
}

/** Values that {@link redact} took out, by their places in the list. */
export type HeaderSecrets = readonly (readonly [index: number, value: string])[];

/** @param without what {@link redact} made of the headers */
export function secretsIn(headers: RawHeaders, without: RawHeaders): HeaderSecrets {
  if (headers === without) return [];
  return headers.flatMap((value, index) => (value === without[index] ? [] : [[index, value] as const]));
}

/** The headers as they came, as far as their secrets were recorded. */
export function withSecrets({
  headers,
  secrets,
}: {
  headers: RawHeaders;
  secrets: HeaderSecrets;
}): RawHeaders {
  if (secrets.length === 0) return headers;
  const whole = [...headers];
  for (const [index, value] of secrets) whole[index] = value;
  return whole;
}

/** Names of the headers whose values were not recorded. */
export function redactedNames(headers: RawHeaders): string[] {
  return headers.filter((_, index) => index % 2 === 0 && headers[index + 1] === redacted);
}

function plainHeaders({ signatures }: Provider): string[] {
  return signatures.flatMap((scheme) =>
    scheme.kind === "bearer" && scheme.header !== undefined ? [scheme.header.toLowerCase()] : [],
  );
}
