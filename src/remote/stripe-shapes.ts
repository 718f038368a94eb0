import * as z from "zod";
import type { Delivery, Endpoint, Event } from "./contract.ts";

/** Unix seconds that a date can hold. */
const seconds = z.int().min(0).max(8.64e12);

/** What is read of Stripe's webhook endpoint. Source: https://docs.stripe.com/api/webhook_endpoints/object */
export const stripeEndpoint = z.object({
  id: z.string().min(1),
  url: z.string(),
  status: z.string(),
  enabled_events: z.array(z.string()),
  description: z.string().nullish(),
  created: seconds,
  /** In the answer that creates it alone. */
  secret: z.string().nullish(),
});

export const stripeDeleted = z.object({ id: z.string().min(1), deleted: z.literal(true) });

/** What is read of Stripe's event. Source: https://docs.stripe.com/api/events/object */
export const stripeEvent = z.object({ id: z.string().min(1), type: z.string(), created: seconds });

export const stripeDeliveredEvent = stripeEvent.extend({
  /** How many endpoints have not accepted it, whether Stripe still tries or not. */
  pending_webhooks: z.int().min(0),
});

/** What is read of Stripe's account. Source: https://docs.stripe.com/api/accounts/object */
export const stripeAccount = z.object({
  id: z.string().min(1),
  email: z.string().nullish(),
  business_profile: z.object({ name: z.string().nullish() }).nullish(),
  settings: z.object({ dashboard: z.object({ display_name: z.string().nullish() }).nullish() }).nullish(),
});

/** Source: https://docs.stripe.com/api/pagination */
export const stripeList = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item), has_more: z.boolean() });

const timeOf = (unixSeconds: number): string => new Date(unixSeconds * 1000).toISOString();

/** Stripe tells neither when nor why an endpoint was disabled, and shows nothing of its secret later on. */
export function endpointOf(endpoint: z.output<typeof stripeEndpoint>): Endpoint {
  return {
    id: endpoint.id,
    url: endpoint.url,
    provider: "stripe",
    events: endpoint.enabled_events,
    description: endpoint.description || null,
    status: endpoint.status === "disabled" ? "disabled" : "enabled",
    disabled_at: null,
    disabled_reason: null,
    created_at: timeOf(endpoint.created),
    secret_hint: null,
    secret_rotation: null,
  };
}

export function eventOf({ id, type, created }: z.output<typeof stripeEvent>): Event {
  return { id, provider: "stripe", type, created_at: timeOf(created) };
}

/** An event's deliveries, which Stripe's API tells of only together, as one. */
export function deliveryOf(
  { id, type, created }: z.output<typeof stripeEvent>,
  status: Delivery["status"],
): Omit<Delivery, "last_attempt"> {
  return {
    id,
    event_id: id,
    endpoint_id: null,
    endpoint_url: null,
    provider: "stripe",
    event_type: type,
    status,
    attempts_made: null,
    created_at: timeOf(created),
    next_attempt_at: null,
  };
}

/** The status it is listed under. One that no endpoint is subscribed to has failed nowhere. */
export function statusOf({
  pending_webhooks,
}: z.output<typeof stripeDeliveredEvent>): "failed" | "succeeded" {
  return pending_webhooks > 0 ? "failed" : "succeeded";
}

export function accountOf({ id, email, business_profile, settings }: z.output<typeof stripeAccount>): {
  id: string;
  name: string;
} {
  return { id, name: settings?.dashboard?.display_name || business_profile?.name || email || id };
}
