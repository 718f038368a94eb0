import type * as zod from "zod";
import type { SignatureScheme } from "../signing/types.ts";
import type { EventType, HeaderName, Provider } from "./contract.ts";

type Zod = typeof zod;

const second = 1_000;
const minute = 60 * second;
const hour = 60 * minute;

/** Milliseconds before each retry in the specification's example schedule; its first attempt, at once, is none. */
export const standardSchedule: readonly number[] = [
  5 * second,
  5 * minute,
  30 * minute,
  2 * hour,
  5 * hour,
  10 * hour,
  14 * hour,
  20 * hour,
  24 * hour,
];

/** The specification's symmetric (`v1`) and asymmetric (`v1a`) scheme, under the given header names. */
export function standardSchemes(names: {
  id: HeaderName;
  timestamp: HeaderName;
  signature: HeaderName;
}): readonly SignatureScheme[] {
  const shared = {
    header: names.signature,
    separator: " ",
    encoding: "base64",
    content: `{header:${names.id}}.{timestamp}.{body}`,
    timestamp: { header: names.timestamp, unit: "s", toleranceSeconds: 300 },
  } as const;
  return [
    {
      ...shared,
      kind: "hmac",
      algorithm: "sha256",
      prefix: "v1,",
      secret: { encoding: "base64", prefix: "whsec_", minBytes: 24 },
    },
    {
      ...shared,
      kind: "ed25519",
      prefix: "v1a,",
      secret: { privatePrefix: "whsk_", publicPrefix: "whpk_" },
    },
  ];
}

/** `{type, timestamp, data}`, the payload the specification recommends. */
const event = (z: Zod, type: string, data: zod.ZodType) =>
  z.looseObject({ type: z.literal(type), timestamp: z.iso.datetime({ offset: true }), data });

/** Events of any sender: the specification names none. */
export const standardEvents: Readonly<Record<string, EventType>> = {
  "user.created": {
    description: "A user was created (an example: the specification names no events).",
    schema: (z) =>
      event(z, "user.created", z.looseObject({ id: z.string().min(1), name: z.string(), email: z.string() })),
  },
  "invoice.paid": {
    description: "An invoice was paid in full (an example: the specification names no events).",
    schema: (z) =>
      event(
        z,
        "invoice.paid",
        z.looseObject({
          id: z.string().min(1),
          amount: z.int(),
          currency: z.string().length(3),
          paid_at: z.iso.datetime({ offset: true }),
        }),
      ),
  },
};

/**
 * Standard Webhooks 1.0.0, which many senders follow.
 *
 * Stated by the specification (`docs`): headers, signed content, both schemes, secret formats, 300 s of tolerance
 * both ways, 2xx alone is success, a timeout of 15–30 s, the retry schedule (as an example, with jitter).
 * Assumed: what `assumptions` lists.
 */
export const standardWebhooks: Provider = {
  id: "standard-webhooks",
  title: "Standard Webhooks",
  docs: "https://github.com/standard-webhooks/standard-webhooks/blob/main/spec/standard-webhooks.md",
  assumptions: [
    "The two events are examples: the specification names none, and any event name is accepted.",
    "The sender waits 15 s, the lower end of the 15–30 s the specification recommends.",
    "The sender retries after the specification's example schedule, with a jitter of 20 %.",
    "A fresh webhook-id starts with msg_, as in the specification's examples.",
    "The secret is looked for in STANDARD_WEBHOOKS_WEBHOOK_SECRET: the specification names no variable.",
  ],
  pitfalls: [
    "The key is what the base64 after whsec_ stands for, not the secret's text.",
    "webhook-id.webhook-timestamp.body is signed, with the raw body: not the body alone.",
    "webhook-signature may list several signatures with a space between them: one that matches is enough.",
  ],
  signatures: standardSchemes({
    id: "webhook-id",
    timestamp: "webhook-timestamp",
    signature: "webhook-signature",
  }),
  headers: { delivery: "webhook-id" },
  identify: ["webhook-signature", "webhook-id", "webhook-timestamp"],
  eventFrom: [{ from: "pointer", pointer: "/type" }],
  envelope: { type: "/type", createdAt: "/timestamp", idPrefix: "msg_", time: "iso" },
  dedupe: { header: "webhook-id" },
  ack: { timeoutMs: 15_000, success: "2xx" },
  retry: { delaysMs: standardSchedule, jitter: 0.2 },
  events: standardEvents,
  otherEvents: true,
  secretEnv: "STANDARD_WEBHOOKS_WEBHOOK_SECRET",
};
