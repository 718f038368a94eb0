import type { Provider } from "../providers/contract.ts";
import { diagnoseInSteps, type Intact, type KnownSecret, type Limits } from "../signing/diagnose/index.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import { nearestFirst } from "./known-secrets.ts";
import type { SecretOrigin, Workspace } from "./workspace.ts";

export { knownSecrets } from "./known-secrets.ts";
export { thoroughLimits, usualLimits } from "../signing/diagnose/index.ts";

/** A request that does not verify, and what it was held against. */
export interface FailedRequest {
  provider: Provider;
  body: Uint8Array;
  headers: RawHeaders;
  /** Unix milliseconds. */
  now: number;
  /** Seconds. */
  tolerance?: number | "off" | undefined;
  secrets: readonly string[];
  /** Where they came from. */
  origin: SecretOrigin;
  /** The same delivery, where it was seen before and was right. */
  intact?: Intact | undefined;
}

/**
 * Why a request does not verify, best first; in steps of a few milliseconds.
 * @param known what `knownSecrets` finds
 * @param clock milliseconds that only go forward
 */
export function* findCauses(
  { registry }: Workspace,
  { provider, origin, ...request }: FailedRequest,
  known: readonly KnownSecret[],
  limits: Limits,
  clock: () => number,
): Generator<undefined, Finding[]> {
  // A receiver's requests are its base's, and another receiver's look the same.
  const others = registry.all.filter(
    ({ id, base }) => base === undefined && id !== provider.id && id !== provider.base,
  );
  const findings = yield* diagnoseInSteps({
    ...request,
    schemes: provider.signatures,
    known: nearestFirst(known, provider),
    others,
    limits,
    clock,
  });
  if (origin.source !== "development") return findings;
  const unset = provider.secretEnv;
  return findings.map((finding) =>
    finding.cause === "wrong-secret" ? { ...finding, evidence: { ...finding.evidence, unset } } : finding,
  );
}
