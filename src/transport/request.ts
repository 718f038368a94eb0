import type { Provider } from "../providers/contract.ts";
import { headerValue, withHeader } from "../signing/headers.ts";
import { createSigner } from "../signing/sign.ts";
import type { RawHeaders } from "../signing/types.ts";

/** A header the user asks for: set to a value (the first replaces, more of one name add), or left out (`null`). */
export interface HeaderOverride {
  name: string;
  value: string | null;
}

export interface DeliveryContent {
  event: string | undefined;
  /** The provider's id of this delivery, sent in its header. */
  deliveryId: string;
  body: Uint8Array;
  /** Unix milliseconds. */
  now: number;
}

/** Makes the headers of a provider's delivery, signature included. */
export interface HeaderMaker {
  (content: DeliveryContent): string[];
}

/**
 * Prepares a provider's headers once, for many deliveries.
 * @param secrets the first signs; the others too where the scheme carries several signatures
 * @param overrides are in place before the signature is made, so that it covers what it covers as sent
 * @throws HooklineError where a secret cannot sign
 */
export function createHeaderMaker(
  provider: Provider,
  secrets: readonly string[],
  overrides: readonly HeaderOverride[] = [],
): HeaderMaker {
  const scheme = provider.signatures[0] ?? { kind: "none" };
  const sign = createSigner(scheme, secrets);
  const set = overrides.filter(({ value }) => value !== null);
  const leftOut = new Set(
    overrides.flatMap(({ name, value }) => (value === null ? [name.toLowerCase()] : [])),
  );
  const { event: eventHeader, delivery: deliveryHeader, userAgent } = provider.headers;

  return ({ event, deliveryId, body, now }) => {
    let headers = ["content-type", "application/json", "user-agent", userAgent ?? "hookline"];
    if (eventHeader !== undefined && event !== undefined) headers.push(eventHeader, headerText(event));
    if (deliveryHeader !== undefined) headers.push(deliveryHeader, headerText(deliveryId));
    if (set.length > 0) headers = withOverrides(headers, set);
    const signature = sign({ body, headers, now });
    for (let index = 0; index < signature.length; index += 2) {
      const name = signature[index] ?? "";
      // A signature header of the user's own stands.
      if (headerValue(headers, name) === undefined) headers.push(name, signature[index + 1] ?? "");
    }
    // Left out last, so that a request can lack what its signature covers.
    if (leftOut.size > 0)
      return headers.filter((_, index) => !leftOut.has((headers[index - (index % 2)] ?? "").toLowerCase()));
    return headers;
  };
}

export function withOverrides(headers: RawHeaders, overrides: readonly HeaderOverride[]): string[] {
  let result = [...headers];
  const replaced = new Set<string>();
  for (const { name, value } of overrides) {
    const lower = name.toLowerCase();
    if (value === null) result = without(result, lower);
    else if (replaced.has(lower)) result.push(name, value);
    else result = withHeader(result, name, value);
    replaced.add(lower);
  }
  return result;
}

function without(headers: RawHeaders, name: string): string[] {
  return headers.filter((_, index) => headers[index - (index % 2)]?.toLowerCase() !== name);
}

/** Header values are latin1 on the wire: text goes out as its UTF-8 bytes, line ends and other controls not at all. */
function headerText(text: string): string {
  if (/^[\x20-\x7e]*$/.test(text)) return text;
  return Buffer.from(text.replace(/[\x00-\x1f\x7f]/g, ""), "utf8").toString("latin1");
}
