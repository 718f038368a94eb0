import type { Provider } from "../providers/contract.ts";
import { diagnose, type KnownSecret, type Limits } from "../signing/diagnose/index.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import { cpuTime } from "./cpu-time.ts";
import type { Workspace } from "./workspace.ts";

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
  /** Whether the same delivery was seen before and was right: by its signature, or by its id. */
  intact?: "signature" | "delivery" | undefined;
}

/** Why a request does not verify, best first. @param known what `knownSecrets` finds for its provider */
export function findCauses(
  { registry }: Workspace,
  { provider, ...request }: FailedRequest,
  known: readonly KnownSecret[],
  limits: Limits,
): Finding[] {
  // A receiver's requests are its base's, and another receiver's look the same.
  const others = registry.all.filter(
    ({ id, base }) => base === undefined && id !== provider.id && id !== provider.base,
  );
  return diagnose({
    ...request,
    schemes: provider.signatures,
    known,
    others,
    limits,
    clock: cpuTime,
  });
}
