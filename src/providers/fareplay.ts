import type * as zod from "zod";
import type { Provider } from "./contract.ts";

type Zod = typeof zod;

const minute = 60_000;

/** `{id, type, created_at, data}` around the data of one event. */
const event = (z: Zod, type: string, data: zod.ZodType) =>
  z.looseObject({
    id: z.string().min(1),
    type: z.literal(type),
    created_at: z.iso.datetime({ offset: true }),
    data,
  });

const order = (z: Zod, status: string) =>
  z.looseObject({
    order_id: z.string().min(1),
    status: z.literal(status),
    hole_number: z.int(),
    cart_id: z.string().min(1),
    items: z.array(z.looseObject({ name: z.string(), quantity: z.int(), unit_price: z.number() })),
    total: z.number(),
    customer: z.looseObject({ name: z.string(), phone_last_four: z.string() }),
  });

const payment = (z: Zod) =>
  z.looseObject({
    payment_id: z.string().min(1),
    order_id: z.string().min(1),
    status: z.string(),
    amount: z.number(),
  });

const position = (z: Zod) => z.looseObject({ latitude: z.number(), longitude: z.number() });

/**
 * Fareplay: ordering from the carts of a golf course.
 *
 * Stated by the vendor's page (`docs`): the eight events and their meaning, the headers, the signature, the
 * envelope, the body of order.created, 2xx within 30 s, retries after 1 min, 10 min and 1 h.
 * Assumed: what `assumptions` lists.
 *
 * The fixtures tell one order: placed (order.created), paid, accepted, the cart drives over, delivered, one dish
 * refunded, the cart off line in the evening. order.cancelled is the other way the same order could have gone.
 */
export const fareplay: Provider = {
  id: "fareplay",
  title: "Fareplay",
  docs: "https://www.fareplaygolf.com/resources/api/webhooks",
  assumptions: [
    "The body of every event but order.created: its data is derived from the order.created example and from the event's meaning.",
    "The key is the secret's text as it is (UTF-8), undecoded.",
    "The retry schedule has no jitter.",
    "The secret is looked for in FAREPLAY_WEBHOOK_SECRET: the vendor names no variable.",
  ],
  pitfalls: [
    "The vendor's own sample compares the whole header, its prefix sha256= included, with bare hex: timingSafeEqual throws as the lengths differ, so Express answers 500, not 401.",
    "The vendor's own sample throws on a request without X-Fareplay-Signature, instead of refusing it.",
    "The vendor's own sample signs JSON.stringify of the parsed body: 8.00 becomes 8, and the signature never matches; take the raw bytes.",
  ],
  signatures: [
    {
      kind: "hmac",
      header: "x-fareplay-signature",
      algorithm: "sha256",
      encoding: "hex",
      prefix: "sha256=",
      content: "{body}",
      secret: { encoding: "raw" },
    },
  ],
  headers: {
    event: "x-fareplay-event",
    delivery: "x-fareplay-delivery",
    userAgent: "Fareplay-Webhooks/1.0",
  },
  identify: ["x-fareplay-signature", "x-fareplay-event", "x-fareplay-delivery"],
  eventFrom: [
    { from: "header", header: "x-fareplay-event" },
    { from: "pointer", pointer: "/type" },
  ],
  envelope: { id: "/id", type: "/type", createdAt: "/created_at", idPrefix: "evt_", time: "iso" },
  // The same as the body's id, but known without parsing the body.
  dedupe: { header: "x-fareplay-delivery" },
  ack: { timeoutMs: 30_000, success: "2xx" },
  retry: { delaysMs: [minute, 10 * minute, 60 * minute] },
  events: {
    "order.created": {
      description: "A golfer places an order.",
      schema: (z) => event(z, "order.created", order(z, "pending")),
    },
    "order.accepted": {
      description: "Cart staff begin preparing the order.",
      schema: (z) => event(z, "order.accepted", order(z, "accepted")),
    },
    "order.completed": {
      description: "The order has been delivered to the golfer.",
      schema: (z) => event(z, "order.completed", order(z, "completed")),
    },
    "order.cancelled": {
      description: "The order was cancelled by staff or by the golfer.",
      schema: (z) => event(z, "order.cancelled", order(z, "cancelled")),
    },
    "cart.status_changed": {
      description: "A cart went on or off line for the day.",
      schema: (z) =>
        event(
          z,
          "cart.status_changed",
          z.looseObject({ cart_id: z.string().min(1), status: z.enum(["online", "offline"]) }),
        ),
    },
    "cart.location_updated": {
      description: "A cart moved beyond the movement threshold.",
      schema: (z) =>
        event(
          z,
          "cart.location_updated",
          z.looseObject({ cart_id: z.string().min(1), location: position(z) }),
        ),
    },
    "payment.completed": {
      description: "A payment was processed through Stripe.",
      schema: (z) => event(z, "payment.completed", payment(z)),
    },
    "payment.refunded": {
      description: "A payment was refunded, in full or in part.",
      schema: (z) => event(z, "payment.refunded", payment(z).extend({ amount_refunded: z.number() })),
    },
  },
  secretEnv: "FAREPLAY_WEBHOOK_SECRET",
};
