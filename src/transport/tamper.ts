import type { Provider } from "../providers/contract.ts";
import { headerValue, withHeader } from "../signing/headers.ts";
import { generateSecret } from "../signing/secrets.ts";
import type { Ed25519Scheme, HmacScheme, SignatureScheme } from "../signing/types.ts";
import { createHeaderMaker, type DeliveryContent, type HeaderOverride } from "./request.ts";

/** What can be wrong with a request so that a receiver has to refuse it. */
export const tamperings = [
  /** Without the header that carries the signature. */
  "missing",
  /** That header is there, and empty. */
  "empty",
  /** Something in it that is no signature by its form. */
  "malformed",
  /** Each signature has one character that is another: its form is right. */
  "signature",
  /** Of each signature the first half. */
  "truncated",
  /** Signed with a secret of the right form that is not the receiver's. */
  "secret",
  /** One byte of the body is another than the one that was signed. */
  "body",
  /** Rightly signed, but longer ago than the scheme tolerates. */
  "timestamp",
  /** Rightly signed for a time further ahead than the scheme tolerates. */
  "future",
  /** Rightly signed long ago, and given the time of now afterwards. */
  "redated",
  /** The right signature, and a second header with a wrong one. */
  "duplicate",
] as const;

export type Tampering = (typeof tamperings)[number];

/** Seconds beyond the tolerance that times lie. */
const beyond = 60;

/** Those that a provider's requests can show: what it does not sign, or times that it does not send, are not told. */
export function tamperingsOf({ signatures: [scheme] }: Pick<Provider, "signatures">): Tampering[] {
  return tamperings.filter((tampering) => scheme !== undefined && applies(tampering, scheme));
}

function applies(tampering: Tampering, scheme: SignatureScheme): boolean {
  if (scheme.kind === "none") return false;
  switch (tampering) {
    case "missing":
    case "empty":
    case "malformed":
    case "secret":
      return true;
    case "signature":
    case "truncated":
      return scheme.kind !== "basic";
    case "body":
      return isSigned(scheme) && scheme.content.includes("{body}");
    case "timestamp":
    case "redated":
      return isSigned(scheme) && scheme.timestamp !== undefined;
    case "future":
      return isSigned(scheme) && scheme.timestamp !== undefined && scheme.timestamp.future !== "accept";
    case "duplicate":
      // A scheme that carries several signatures lets any of them be right.
      return isSigned(scheme) && scheme.separator === undefined;
  }
}

function isSigned(scheme: SignatureScheme): scheme is HmacScheme | Ed25519Scheme {
  return scheme.kind === "hmac" || scheme.kind === "ed25519";
}

/** A request that is wrong in the one way asked for, and right in every other. */
export interface Tamperer {
  (this: void, content: DeliveryContent & { body: Buffer }): { headers: string[]; body: Buffer };
}

/**
 * Prepares requests that have to be refused; the counterpart of `createHeaderMaker`.
 * @param tampering one of {@link tamperingsOf} the provider
 * @param random returns that many random bytes
 * @throws HooklineError where a secret cannot sign
 */
export function createTamperer(
  provider: Provider,
  secrets: readonly string[],
  overrides: readonly HeaderOverride[],
  tampering: Tampering,
  random: (bytes: number) => Uint8Array,
): Tamperer {
  const scheme = provider.signatures[0] ?? { kind: "none" };
  const used = tampering === "secret" ? [generateSecret(scheme, random)] : secrets;
  const make = createHeaderMaker(provider, used, overrides);
  const { header, forge } = carrier(scheme);
  const edit = (headers: string[], change: (value: string) => string): string[] =>
    withHeader(headers, header, change(headerValue(headers, header) ?? ""));

  return (content) => {
    const { body, now } = content;
    const signedAt = now + 1000 * shiftSeconds(tampering, scheme);
    const headers = make({ ...content, now: signedAt });
    switch (tampering) {
      case "missing":
        return { headers: headers.filter((_, at) => nameAt(headers, at) !== header), body };
      case "empty":
        return { headers: edit(headers, () => ""), body };
      case "malformed":
        return { headers: edit(headers, () => "not a signature"), body };
      case "signature":
        return { headers: edit(headers, (value) => forge(value, otherFirst)), body };
      case "truncated":
        return {
          headers: edit(headers, (value) => forge(value, (text) => text.slice(0, text.length >> 1))),
          body,
        };
      case "duplicate":
        return {
          headers: [...headers, header, forge(headerValue(headers, header) ?? "", otherFirst)],
          body,
        };
      case "redated":
        return { headers: redated(headers, scheme, signedAt, now), body };
      case "body":
        return { headers, body: alteredBody(body) };
      case "secret":
      case "timestamp":
      case "future":
        return { headers, body };
    }
  };
}

function nameAt(headers: readonly string[], at: number): string | undefined {
  return headers[at - (at % 2)]?.toLowerCase();
}

/** Seconds from now at which it is signed. */
function shiftSeconds(tampering: Tampering, scheme: SignatureScheme): number {
  if (!isSigned(scheme) || scheme.timestamp === undefined) return 0;
  const far = scheme.timestamp.toleranceSeconds + beyond;
  if (tampering === "future") return far;
  return tampering === "timestamp" || tampering === "redated" ? -far : 0;
}

/** The header that proves whose a request is, and how to change each proof in it. */
function carrier(scheme: SignatureScheme): {
  header: string;
  forge: (value: string, change: (proof: string) => string) => string;
} {
  if (!isSigned(scheme)) {
    const { header = "authorization", prefix = scheme.kind === "basic" ? "Basic " : "Bearer " } =
      scheme.kind === "bearer" ? scheme : {};
    return { header, forge: (value, change) => prefix + change(value.slice(prefix.length)) };
  }
  const { header, prefix = "", separator, timestamp } = scheme;
  return {
    header,
    forge: (value, change) =>
      (separator === undefined ? [value] : value.split(separator))
        .map((item) => {
          if (timestamp?.item !== undefined && item.startsWith(timestamp.item)) return item;
          const start = item.startsWith(prefix) ? prefix.length : 0;
          return item.slice(0, start) + change(item.slice(start));
        })
        .join(separator ?? ""),
  };
}

/** Another first character of the same alphabet: in base64 the last ones may stand for no bit at all. */
function otherFirst(text: string): string {
  return (/^[01]/.test(text) ? (text[0] === "0" ? "1" : "0") : "0") + text.slice(1);
}

/** The time that was signed becomes that of now, where it stands. */
function redated(
  headers: readonly string[],
  scheme: SignatureScheme,
  signedAt: number,
  now: number,
): string[] {
  if (!isSigned(scheme) || scheme.timestamp === undefined) return [...headers];
  const { header, item = "", unit } = scheme.timestamp;
  const text = (ms: number): string => item + String(Math.floor(unit === "s" ? ms / 1000 : ms));
  const value = headerValue(headers, header) ?? "";
  return withHeader(headers, header, value.replace(text(signedAt), text(now)));
}

/** One byte becomes another, so that JSON stays JSON; where none can be, a space is added. */
function alteredBody(body: Buffer): Buffer {
  const at = alterable(body);
  if (at === undefined) return Buffer.concat([body, Buffer.from(" ")]);
  const altered = Buffer.from(body);
  const code = body[at] ?? 0;
  // 9 to 1, so that no number begins with 0 that did not; z to y.
  altered[at] = code === 0x39 ? 0x31 : code === 0x7a || code === 0x5a ? code - 1 : code + 1;
  return altered;
}

/**
 * The first digit outside of strings, else the last letter within one: a name or a time that is none any more could be
 * refused for that alone, and those stand first.
 */
function alterable(body: Buffer): number | undefined {
  let letter: number | undefined;
  let inString = false;
  for (let at = 0; at < body.length; at++) {
    const code = body[at] ?? 0;
    if (code === 0x22) inString = !inString;
    else if (!inString && code >= 0x30 && code <= 0x39) return at;
    // An escape: of a character, or of a code point with four digits.
    else if (inString && code === 0x5c) at += body[at + 1] === 0x75 ? 5 : 1;
    else if (inString && ((code >= 0x41 && code <= 0x5a) || (code >= 0x61 && code <= 0x7a))) letter = at;
  }
  return letter;
}
