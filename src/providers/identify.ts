import type { Provider } from "./contract.ts";
import type { Registry } from "./index.ts";
import type { RawHeaders } from "../signing/types.ts";

/**
 * Whose a request is: the provider its path's first segment names, else one of those expected, else the one its headers
 * name.
 * @param only the providers to expect where the path names none; any of them where this is empty
 */
export function identify(
  path: string,
  headers: RawHeaders,
  { registry, only }: { registry: Registry; only: readonly Provider[] },
): { provider: Provider | undefined; rest: string } {
  const whole = path.replace(/^\/+/, "");
  const slash = whole.indexOf("/");
  const named = registry.get(slash === -1 ? whole : whole.slice(0, slash));
  if (named !== undefined) return { provider: named, rest: slash === -1 ? "" : whole.slice(slash + 1) };
  if (only.length === 1) return { provider: only[0], rest: whole };
  const identified = registry.identify(headers);
  if (only.length === 0) return { provider: identified, rest: whole };
  // A receiver's requests look like its base's, so an expected receiver answers for its base.
  const expected =
    only.find((provider) => provider === identified) ??
    only.find((provider) => identified !== undefined && provider.base === identified.id);
  return { provider: expected, rest: whole };
}

/** Path and query (without `?`) of a request target, which may be a whole URL (RFC 9112, 3.2.2). */
export function splitTarget(target: string): { path: string; query: string } {
  const origin = target.startsWith("/") ? target : target.replace(/^[a-z][a-z0-9+.-]*:\/\/[^/?]*/i, "");
  const mark = origin.indexOf("?");
  return mark === -1
    ? { path: origin, query: "" }
    : { path: origin.slice(0, mark), query: origin.slice(mark + 1) };
}
