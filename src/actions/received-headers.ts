import { redacted, redactedNames } from "../inbox/redact.ts";
import type { Provider } from "../providers/contract.ts";
import { headerValue } from "../signing/headers.ts";
import type { RawHeaders, SignatureScheme } from "../signing/types.ts";
import { endToEnd } from "../transport/forward.ts";
import type { HeaderOverride } from "../transport/request.ts";

/** The headers of a received request that can be sent once more: those beyond its connection, as far as they were recorded. */
export function originalHeaders(received: RawHeaders): string[] {
  const kept = endToEnd(received, "host");
  return kept.filter((_, index) => kept[index - (index % 2) + 1] !== redacted);
}

/** Names of the headers that {@link originalHeaders} lacks as their values were not recorded. */
export function unrecorded(received: RawHeaders): string[] {
  return redactedNames(endToEnd(received, "host"));
}

/**
 * What a request that is signed anew takes over from the one it is made of: its headers without those of its signature.
 * @param options.fresh it is another delivery, with an id of its own
 */
export function takenOver(
  received: RawHeaders,
  provider: Provider,
  { fresh }: { fresh: boolean },
): HeaderOverride[] {
  const replaced = new Set(provider.signatures.flatMap(headersOf));
  if (fresh && provider.headers.delivery !== undefined) replaced.add(provider.headers.delivery);
  const headers = originalHeaders(received);
  const taken: HeaderOverride[] = [];
  for (let index = 0; index + 1 < headers.length; index += 2) {
    const name = headers[index] ?? "";
    if (!replaced.has(name.toLowerCase())) taken.push({ name, value: headers[index + 1] ?? "" });
  }
  // What hookline would send of its own accord, and the sender did not.
  for (const name of ["content-type", "user-agent"])
    if (headerValue(headers, name) === undefined) taken.push({ name, value: null });
  return taken;
}

/** Overrides with others on top, which replace those of the same name. */
export function onTop(below: readonly HeaderOverride[], above: readonly HeaderOverride[]): HeaderOverride[] {
  const replaced = new Set(above.map(({ name }) => name.toLowerCase()));
  return [...below.filter(({ name }) => !replaced.has(name.toLowerCase())), ...above];
}

/** Headers that carry a signature, lower case. */
function headersOf(scheme: SignatureScheme): string[] {
  switch (scheme.kind) {
    case "none":
      return [];
    case "bearer":
      return [(scheme.header ?? "authorization").toLowerCase()];
    case "basic":
      return ["authorization"];
    default:
      return [scheme.header, ...(scheme.timestamp === undefined ? [] : [scheme.timestamp.header])];
  }
}
