import type { DeliveryStatus } from "../store/contract.ts";

/** What happens in the control plane beside its answers. */
export type ServerEvent =
  | { type: "auth-failed"; code: string; address: string | null; limited: boolean; keyId: string | null }
  | { type: "failed"; route: string; error: unknown }
  | DeliveryAttempted
  | EndpointDisabled;

/** A delivery was tried. */
export interface DeliveryAttempted {
  type: "attempt";
  accountId: string;
  deliveryId: string;
  endpointId: string;
  url: string;
  provider: string;
  eventType: string;
  number: number;
  kind: "automatic" | "manual";
  /** Of the answer; null where none came. */
  status: number | null;
  /** Why it failed, null where it succeeded, and the same in words. */
  error: string | null;
  message: string | null;
  durationMs: number;
  /** What the delivery is now. */
  outcome: DeliveryStatus;
  /** Unix milliseconds. */
  nextAttemptAt: number | null;
}

/** The server disabled an endpoint of its own accord. */
export interface EndpointDisabled {
  type: "endpoint-disabled";
  accountId: string;
  /** Its name. */
  account: string;
  endpointId: string;
  url: string;
  provider: string;
  /** `failing`: so many deliveries one after another were given up; `gone`: it answered 410. */
  reason: "failing" | "gone";
  /** How many were given up. */
  failures: number;
}
