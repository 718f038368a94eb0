import type { DeliveryDetail, PublishedEvent } from "../remote/contract.ts";
import type { ListenDelivery } from "./listen-events.ts";
import type { ServeEvent } from "./serve-events.ts";

/** An attempt as the control plane reports it. */
export type Attempted = Extract<ServeEvent, { type: "attempt" }>;

/** What happens in the demonstration, in the order it is told. */
export type DemoEvent =
  | { type: "control-plane"; url: string }
  | { type: "listener"; url: string }
  | {
      type: "endpoint";
      id: string;
      provider: string;
      title: string;
      url: string;
      events: readonly string[];
      /** What may be shown of its signing secret; null where the provider signs nothing. */
      secretHint: string | null;
    }
  | { type: "published"; title: string; event: PublishedEvent }
  /** It came to the listener. */
  | { type: "delivery"; delivery: ListenDelivery }
  /** A delivery was changed after it was signed, and this is what the listener answered. */
  | { type: "tampered"; name: string; path: string; value: string; status: number | undefined }
  /** The app behind the provider's endpoint is down, or up again. */
  | { type: "app"; title: string; url: string; isUp: boolean }
  | { type: "attempt"; title: string; attempt: Attempted }
  | { type: "retry"; deliveryId: string }
  | { type: "attempts"; delivery: DeliveryDetail }
  | DemoSummary;

export interface DemoSummary {
  type: "summary";
  /** All went as told: every delivery verified, the changed one rejected, the failed one delivered by hand. */
  ok: boolean;
  /** It ended before the story did. */
  isCutShort: boolean;
  /** Events published that every endpoint was up for, and those of them that the listener verified. */
  sent: number;
  verified: number;
  /** Deliveries that the listener turned away. */
  rejected: number;
  /** Deliveries that failed while the app was down, and those of them that arrived by hand. */
  failed: number;
  retried: number;
}
