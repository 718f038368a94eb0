import type * as zod from "zod";
import type { EventType, Provider } from "./contract.ts";

type Zod = typeof zod;

const minute = 60_000;
const hour = 60 * minute;

/** An event object around `object`, the thing it happened to. */
const event = (z: Zod, type: string, object: zod.ZodType) =>
  z.looseObject({
    id: z.string().startsWith("evt_"),
    object: z.literal("event"),
    api_version: z.string().nullable(),
    created: z.int(),
    livemode: z.boolean(),
    pending_webhooks: z.int(),
    request: z.looseObject({ id: z.string().nullable(), idempotency_key: z.string().nullable() }).nullable(),
    type: z.literal(type),
    data: z.looseObject({ object, previous_attributes: z.looseObject({}).optional() }),
  });

const currency = (z: Zod) => z.string().length(3);

const session = (z: Zod, status: string) =>
  z.looseObject({
    id: z.string().startsWith("cs_"),
    object: z.literal("checkout.session"),
    amount_total: z.int().nullable(),
    currency: currency(z).nullable(),
    mode: z.enum(["payment", "setup", "subscription"]),
    payment_intent: z.string().nullable(),
    payment_status: z.enum(["paid", "unpaid", "no_payment_required"]),
    status: z.literal(status),
  });

const paymentIntent = (z: Zod) =>
  z.looseObject({
    id: z.string().startsWith("pi_"),
    object: z.literal("payment_intent"),
    amount: z.int(),
    amount_received: z.int(),
    currency: currency(z),
    last_payment_error: z.looseObject({ type: z.string() }).nullable(),
    latest_charge: z.string().nullable(),
    status: z.string(),
  });

const charge = (z: Zod) =>
  z.looseObject({
    id: z.string().min(1),
    object: z.literal("charge"),
    amount: z.int(),
    amount_captured: z.int(),
    amount_refunded: z.int().positive(),
    currency: currency(z),
    paid: z.boolean(),
    payment_intent: z.string().nullable(),
    refunded: z.boolean(),
    status: z.string(),
  });

export const stripeEvents = {
  "checkout.session.completed": {
    description:
      "A customer completed a checkout; with payment_status unpaid the money is still to come (delayed methods).",
    schema: (z) => event(z, "checkout.session.completed", session(z, "complete")),
  },
  "checkout.session.expired": {
    description: "A checkout was left until it expired.",
    schema: (z) => event(z, "checkout.session.expired", session(z, "expired")),
  },
  "payment_intent.succeeded": {
    description: "A payment succeeded; it arrives before or after the completed checkout.",
    schema: (z) =>
      event(z, "payment_intent.succeeded", paymentIntent(z).extend({ status: z.literal("succeeded") })),
  },
  "payment_intent.payment_failed": {
    description: "An attempt to pay failed; the customer may try again.",
    schema: (z) => event(z, "payment_intent.payment_failed", paymentIntent(z)),
  },
  "charge.refunded": {
    description: "A charge was refunded, in part or (refunded is true) in full.",
    schema: (z) => event(z, "charge.refunded", charge(z)),
  },
} satisfies Record<string, EventType>;

/** What had to be assumed of Stripe's deliveries, whoever receives them. */
export const stripeDelivery: readonly string[] = [
  "Stripe waits 30 s for an answer, as its command-line tool does when it forwards: its documentation gives no number.",
  "The retry schedule: Stripe states only that it retries for up to 3 days with exponential back-off.",
  "The User-Agent sent is the one Stripe's requests are seen with; it is not documented.",
];

/**
 * Stripe.
 *
 * Stated by Stripe's documentation (`docs`): the signature, its tolerance of 300 s, retries for up to 3 days, events
 * that come twice or out of order. Read in its SDK: a timestamp in the future passes; the objects' fields.
 * Assumed: what `assumptions` lists.
 *
 * The fixtures tell two customers of one shop, in COP (Stripe counts it in hundredths). The first pays 249,900.00
 * (checkout.session.completed, payment_intent.succeeded) and gets 89,900.00 of it back (charge.refunded, in part).
 * The second's card is declined (payment_intent.payment_failed), and that checkout runs out a day later
 * (checkout.session.expired).
 */
export const stripe: Provider = {
  id: "stripe",
  title: "Stripe",
  docs: "https://docs.stripe.com/webhooks",
  assumptions: [
    ...stripeDelivery,
    "The secret is looked for in STRIPE_WEBHOOK_SECRET, the name most applications use.",
  ],
  pitfalls: [
    "The raw body is signed: express.json() before the route changes it.",
    "The key is the whole secret, whsec_ included, as text: nothing is decoded from base64.",
    "Every endpoint has a secret of its own, and stripe listen prints another one.",
  ],
  signatures: [
    {
      kind: "hmac",
      header: "stripe-signature",
      algorithm: "sha256",
      encoding: "hex",
      prefix: "v1=",
      separator: ",",
      content: "{timestamp}.{body}",
      timestamp: {
        header: "stripe-signature",
        item: "t=",
        unit: "s",
        toleranceSeconds: 300,
        future: "accept",
      },
      // The prefix is part of the key.
      secret: { encoding: "raw", prefix: "whsec_" },
    },
  ],
  headers: { userAgent: "Stripe/1.0 (+https://stripe.com/docs/webhooks)" },
  identify: ["stripe-signature"],
  eventFrom: [{ from: "pointer", pointer: "/type" }],
  envelope: { id: "/id", type: "/type", createdAt: "/created", idPrefix: "evt_", time: "unix" },
  dedupe: { pointer: "/id" },
  ack: { timeoutMs: 30_000, success: "2xx" },
  retry: {
    delaysMs: [
      5 * minute,
      30 * minute,
      2 * hour,
      5 * hour,
      10 * hour,
      12 * hour,
      12 * hour,
      12 * hour,
      12 * hour,
    ],
  },
  events: stripeEvents,
  otherEvents: true,
  secretEnv: "STRIPE_WEBHOOK_SECRET",
};
