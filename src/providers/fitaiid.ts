import type { Provider } from "./contract.ts";
import { stripe, stripeDelivery, stripeEvents } from "./stripe.ts";

/**
 * FitAiid: a fitness shop that receives Stripe's webhooks at POST /api/checkout/webhook.
 *
 * Stated by the vendor's page (`docs`): the five events and what each does there, the header, the name of the secret's
 * variable, that a request without a valid signature is rejected.
 * Assumed: what `assumptions` lists, Stripe's included.
 */
export const fitaiid: Provider = {
  ...stripe,
  id: "fitaiid",
  title: "FitAiid",
  docs: "https://www.mintlify.com/IMichelOrtega/FitAiid/api/payments/checkout",
  base: "stripe",
  assumptions: [
    ...stripeDelivery,
    "FitAiid treats a partial refund (charge.refunded with refunded false) like a full one: its page does not tell them apart.",
  ],
  identify: [],
  events: {
    "checkout.session.completed": {
      ...stripeEvents["checkout.session.completed"],
      description:
        "The order is created, the inventory updated, an e-mail sent and the payment marked as paid.",
    },
    "checkout.session.expired": {
      ...stripeEvents["checkout.session.expired"],
      description: "The order becomes cancelled and its inventory is released.",
    },
    "payment_intent.succeeded": {
      ...stripeEvents["payment_intent.succeeded"],
      description: "The order is confirmed and its fulfilment begins.",
    },
    "payment_intent.payment_failed": {
      ...stripeEvents["payment_intent.payment_failed"],
      description: "The payment becomes failed and the customer is notified.",
    },
    "charge.refunded": {
      ...stripeEvents["charge.refunded"],
      description: "The order becomes refunded, its inventory is restored and an e-mail sent.",
    },
  },
  otherEvents: false,
  secretEnv: "STRIPE_WEBHOOK_SECRET",
};
