import type { Provider } from "../providers/contract.ts";
import { diagnose, type KnownSecret, type Limits } from "../signing/diagnose/index.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import { cpuTime } from "./cpu-time.ts";
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
  /** Whether the same delivery was seen before and was right: by its signature, or by its id. */
  intact?: "signature" | "delivery" | undefined;
}

/** Why a request does not verify, best first. @param known what `knownSecrets` finds for its provider */
export function findCauses(
  { registry }: Workspace,
  { provider, origin, ...request }: FailedRequest,
  known: readonly KnownSecret[],
  limits: Limits,
): Finding[] {
  // A receiver's requests are its base's, and another receiver's look the same.
  const others = registry.all.filter(
    ({ id, base }) => base === undefined && id !== provider.id && id !== provider.base,
  );
  const findings = diagnose({
    ...request,
    schemes: provider.signatures,
    known,
    others,
    limits,
    clock: cpuTime,
  });
  if (origin.source !== "development") return findings;
  const unset = provider.secretEnv;
  return findings.map((finding) =>
    finding.cause === "wrong-secret" ? { ...finding, evidence: { ...finding.evidence, unset } } : finding,
  );
}
