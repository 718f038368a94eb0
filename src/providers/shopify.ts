import type * as zod from "zod";
import type { Provider } from "./contract.ts";

type Zod = typeof zod;

const minute = 60_000;

/** Not `int`: Shopify's ids go beyond 2^53, where parsed JSON rounds them. */
const id = (z: Zod) => z.number().positive();
/** Shopify writes money as text: `"129.00"`. */
const money = (z: Zod) => z.string().regex(/^-?\d+(\.\d+)?$/);
const time = (z: Zod) => z.iso.datetime({ offset: true });

/**
 * Shopify.
 *
 * Stated by Shopify's documentation (`docs` and
 * https://shopify.dev/changelog/updates-to-webhook-retry-mechanism): headers, signature, topics, an answer within
 * 5 s, eight retries over four hours with exponential back-off.
 * Assumed: what `assumptions` lists.
 */
export const shopify: Provider = {
  id: "shopify",
  title: "Shopify",
  docs: "https://shopify.dev/docs/apps/build/webhooks/subscribe/https",
  assumptions: [
    "The single waits between the eight retries: Shopify states only that they span four hours, exponentially.",
    "The key is the app's client secret as it is (UTF-8), undecoded.",
    "The User-Agent sent is the one Shopify's requests are seen with; it is not documented.",
    "The secret is looked for in SHOPIFY_WEBHOOK_SECRET: Shopify signs with the app's client secret and prescribes no variable.",
  ],
  pitfalls: [
    "The signature is base64, not hex.",
    "The raw body is signed: a JSON parser before the route changes it.",
  ],
  signatures: [
    {
      kind: "hmac",
      header: "x-shopify-hmac-sha256",
      algorithm: "sha256",
      encoding: "base64",
      content: "{body}",
      secret: { encoding: "raw" },
    },
  ],
  headers: {
    event: "x-shopify-topic",
    delivery: "x-shopify-webhook-id",
    userAgent: "Shopify-Captain-Hook",
  },
  identify: ["x-shopify-hmac-sha256", "x-shopify-topic", "x-shopify-webhook-id", "x-shopify-shop-domain"],
  eventFrom: [{ from: "header", header: "x-shopify-topic" }],
  envelope: {},
  dedupe: { header: "x-shopify-webhook-id" },
  ack: { timeoutMs: 5_000, success: "2xx" },
  // Four hours in all.
  retry: { delaysMs: [1, 2, 4, 8, 16, 32, 64, 113].map((minutes) => minutes * minute) },
  events: {
    "orders/create": {
      description: "An order was placed.",
      schema: (z) =>
        z.looseObject({
          id: id(z),
          name: z.string(),
          created_at: time(z),
          currency: z.string().length(3),
          total_price: money(z),
          financial_status: z.string().nullable(),
          line_items: z.array(
            z.looseObject({ id: id(z), title: z.string(), quantity: z.int(), price: money(z) }),
          ),
        }),
    },
    "products/update": {
      description: "A product, one of its variants or its stock changed.",
      schema: (z) =>
        z.looseObject({
          id: id(z),
          title: z.string(),
          handle: z.string(),
          status: z.string(),
          updated_at: time(z),
          variants: z.array(z.looseObject({ id: id(z), price: money(z), sku: z.string().nullable() })),
        }),
    },
    "app/uninstalled": {
      description: "A shop removed the app; the body is the shop.",
      schema: (z) =>
        z.looseObject({
          id: id(z),
          name: z.string(),
          domain: z.string(),
          myshopify_domain: z.string(),
          currency: z.string().length(3),
        }),
    },
  },
  otherEvents: true,
  secretEnv: "SHOPIFY_WEBHOOK_SECRET",
};
