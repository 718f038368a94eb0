import type { Provider } from "./contract.ts";
import { stripe, stripeDelivery, stripeEvents } from "./stripe.ts";

/**
 * Fjellride: outdoor rental booking that receives Stripe's webhooks and sends none of its own (integrators poll its
 * bookings API).
 *
 * Stated by the vendor's page (`docs`): the three events and what each does there, the API key's prefix and header.
 * Assumed: what `assumptions` lists, Stripe's included.
 */
export const fjellride: Provider = {
  ...stripe,
  id: "fjellride",
  title: "Fjellride",
  docs: "https://support.fjellride.se/en/kb/integrations-api/webhooks-payments-and-automation",
  base: "stripe",
  assumptions: [
    ...stripeDelivery,
    "The secret is looked for in FJELLRIDE_WEBHOOK_SECRET: the vendor names no variable.",
    "Fjellride records a partial refund like a full one: its page does not tell them apart.",
  ],
  identify: [],
  events: {
    "checkout.session.completed": {
      ...stripeEvents["checkout.session.completed"],
      description: "The booking becomes RESERVED and paid.",
    },
    "checkout.session.expired": {
      ...stripeEvents["checkout.session.expired"],
      description: "The booking stays CONCEPT.",
    },
    "charge.refunded": {
      ...stripeEvents["charge.refunded"],
      description: "The refund is recorded on the booking.",
    },
  },
  otherEvents: false,
  secretEnv: "FJELLRIDE_WEBHOOK_SECRET",
  apiKey: { prefix: "fjr_", header: "x-api-key" },
};
