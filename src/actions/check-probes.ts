import type { Provider } from "../providers/contract.ts";
import { headerValue, withHeader } from "../signing/headers.ts";
import type { SignatureScheme } from "../signing/types.ts";
import { createHeaderMaker, type DeliveryContent, type HeaderOverride } from "../transport/request.ts";
import type { ExistingSecret } from "../config/secrets.ts";
import { dimensionsOf, type Dimension, type Mistake, type Variation } from "./check-mistakes.ts";

export type { Variation } from "./check-mistakes.ts";

/** Most mistakes tried together, and what they may cost. */
const most = { together: 3, cost: 6 };

/**
 * What a right delivery may have to look like to be accepted, the likeliest first: with one mistake, then with several
 * that go together.
 * @param body of the delivery that was refused
 * @param known further secrets that the handler may have
 * @param headers of that delivery, signature included
 */
export function variations(
  provider: Provider,
  secrets: readonly string[],
  known: readonly ExistingSecret[],
  body: Buffer,
  headers: readonly string[],
  { atMost, bodyAlone }: { atMost: number; bodyAlone: boolean },
): Variation[] {
  const [scheme] = provider.signatures;
  if (scheme === undefined || scheme.kind === "none" || scheme.kind === "basic") return [];
  const right = asItIs(scheme, secrets);
  const dimensions = dimensionsOf(scheme, { secrets, known, body, headers, bodyAlone });
  return combined(dimensions)
    .sort((a, b) => a.cost - b.cost)
    .slice(0, atMost)
    .map(({ mistakes }) => mistakes.reduce((before, mistake) => withMistake(before, mistake), right));
}

/** A delivery that is right, as a variation without mistakes. */
export function asItIs(scheme: SignatureScheme, secrets: readonly string[]): Variation {
  return { clues: [], scheme, secrets, signed: (body) => body, respell: (proof) => proof };
}

function withMistake(before: Variation, { clue, make }: Mistake): Variation {
  return { ...make(before), clues: [...before.clues, clue] };
}

function combined(dimensions: readonly Dimension[]): { mistakes: Mistake[]; cost: number }[] {
  let all: { mistakes: Mistake[]; cost: number }[] = [{ mistakes: [], cost: 0 }];
  for (const dimension of dimensions) {
    all = all.flatMap((before) => [
      before,
      ...(before.mistakes.length === most.together ? [] : dimension)
        .map((mistake) => ({ mistakes: [...before.mistakes, mistake], cost: before.cost + mistake.cost }))
        .filter(({ cost }) => cost <= most.cost),
    ]);
  }
  return all.filter(({ mistakes }) => mistakes.length > 0);
}

/** The headers of a delivery as the variation has it, with the signature last. */
export function variedHeaders(
  provider: Provider,
  { scheme, secrets, signed, respell }: Variation,
  overrides: readonly HeaderOverride[],
  content: DeliveryContent & { body: Buffer },
): string[] {
  const varied: Provider = { ...provider, signatures: [scheme] };
  const headers = createHeaderMaker(varied, secrets, overrides)({ ...content, body: signed(content.body) });
  return respelt(scheme, headers, respell);
}

/** The headers with each signature in them changed. */
export function respelt(
  scheme: SignatureScheme,
  headers: string[],
  change: (proof: string) => string,
): string[] {
  const isSigned = scheme.kind === "hmac" || scheme.kind === "ed25519";
  const header = isSigned || scheme.kind === "bearer" ? (scheme.header ?? "authorization") : "authorization";
  const value = headerValue(headers, header);
  if (value === undefined) return headers;
  const prefix = isSigned
    ? (scheme.prefix ?? "")
    : scheme.kind === "bearer"
      ? (scheme.prefix ?? "Bearer ")
      : "";
  const separator = isSigned ? scheme.separator : undefined;
  const time = isSigned ? scheme.timestamp?.item : undefined;
  const items = (separator === undefined ? [value] : value.split(separator)).map((item) => {
    if (time !== undefined && item.startsWith(time)) return item;
    const start = item.startsWith(prefix) ? prefix.length : 0;
    return item.slice(0, start) + change(item.slice(start));
  });
  return withHeader(headers, header, items.join(separator ?? ""));
}

/** Another signature of the same length, whose first half is right. */
export function otherEnding(proof: string): string {
  const at = Math.floor((proof.length * 3) / 4);
  return proof.slice(0, at) + (proof[at] === "0" ? "1" : "0") + proof.slice(at + 1);
}

export function firstHalf(proof: string): string {
  return proof.slice(0, proof.length >> 1);
}
