import type { JSX } from "preact";
import type { DeliveryShape } from "../api.ts";

/** How a delivery stands, as the terminal says it too. */
export interface Verdict {
  kind: "verified" | "invalid" | "rejected" | "unverified";
  mark: "✓" | "✗" | "?";
}

export function verdictOf({ verified, accepted }: DeliveryShape): Verdict {
  if (verified === true) return { kind: "verified", mark: "✓" };
  if (!accepted) return { kind: "rejected", mark: "✗" };
  return verified === false ? { kind: "invalid", mark: "✗" } : { kind: "unverified", mark: "?" };
}

/** The mark alone, its word for those who do not see it. */
export function VerdictMark({ delivery }: { delivery: DeliveryShape }): JSX.Element {
  const { kind, mark } = verdictOf(delivery);
  return (
    <span class={`mark ${kind}`} title={kind}>
      <span aria-hidden="true">{mark}</span>
      <span class="unseen">{kind}</span>
    </span>
  );
}

/** What a code says where there is no finding to explain it. */
const sentences: Readonly<Record<string, string>> = {
  "provider-unknown": "Nothing said whose it is: send it to /<provider>, or start listen with --provider.",
  "secret-unconfigured":
    "No secret to verify it with: set the provider's variable or start listen with --secret env:NAME.",
  "request-malformed": "What came is no HTTP request.",
  "method-not-allowed": "Webhooks come by POST.",
  "body-too-large": "The body is larger than --max-body allows.",
  "headers-too-large": "The headers are larger than 64 kB.",
  overloaded: "More was under way than fits into memory; the sender was asked to come again.",
};

export const codeSentence = (code: string): string | undefined =>
  Object.hasOwn(sentences, code) ? sentences[code] : undefined;

/** Colour of an HTTP status; null is no answer. */
export function statusClass(status: number | null): string {
  if (status === null || status >= 500) return "bad";
  if (status >= 400) return "bad";
  return status >= 300 ? "warn" : "good";
}
