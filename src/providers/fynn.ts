import type * as zod from "zod";
import type { Provider } from "./contract.ts";
import { standardSchedule } from "./standard-webhooks.ts";

type Zod = typeof zod;

const time = (z: Zod) => z.iso.datetime({ offset: true });

const component = (z: Zod) =>
  z.looseObject({
    id: z.string().min(1),
    name: z.string(),
    customDescription: z.string().nullish(),
    cancellationDate: time(z).nullish(),
    contractStartDate: time(z),
    quantity: z.number(),
    unitDescription: z.string().nullish(),
  });

const product = (z: Zod) =>
  z.looseObject({
    id: z.string().min(1),
    name: z.string(),
    description: z.string().nullish(),
    customDescription: z.string().nullish(),
    cancellationDate: time(z).nullish(),
    contractStartDate: time(z),
    components: z.array(component(z)),
  });

/** The whole body: the envelope around a subscription. */
const subscription = (z: Zod, type: string) =>
  z.looseObject({
    event: z.looseObject({
      type: z.literal(type),
      id: z.string().min(1),
      version: z.string(),
      created: time(z),
    }),
    tenantId: z.guid(),
    data: z.looseObject({
      id: z.string().min(1),
      debitorId: z.string().min(1),
      documentNumber: z.string(),
      status: z.enum(["STATUS_ACTIVE", "STATUS_CANCELLED", "STATUS_IN_TRIAL"]),
      paymentMethodId: z.string().nullish(),
      alias: z.string().nullish(),
      createdAt: time(z),
      trialEndsOn: time(z).nullish(),
      costCentre: z.string().nullish(),
      products: z.array(product(z)),
    }),
  });

/**
 * Fynn: subscription billing.
 *
 * Stated by the vendor's page (`docs`): the envelope, the seven events and their meaning, the subscription in `data`.
 * Further documentation (https://docs.fynn.eu/en/guide/webhooks/introduction): the signature; and a newer list of
 * events that renames some (subscription.canceled, subscription.trial_expired, subscription.trial_extended) and adds
 * product, coupon, customer, invoice, dunning, cart, feature and entitlement events.
 * Assumed: what `assumptions` lists.
 *
 * The fixtures tell one subscription: trial started, extended, expired, activated, one of its two products cancelled,
 * all of it cancelled. subscription.trial.canceled is the other way its trial could have ended.
 */
export const fynn: Provider = {
  id: "fynn",
  title: "Fynn",
  docs: "https://docs.fynn.eu/docs/developer/webhooks",
  assumptions: [
    "Fynn waits 10 s for an answer and takes any 2xx as success: neither is documented.",
    "Fynn retries after the standard exponential schedule (5 s to 24 h, the example of Standard Webhooks): none is documented.",
    "A delivery that comes again carries the same event.id.",
    "A request with X-Webhook-Signature, and no header of a provider listed before, is taken for Fynn's.",
    "Fields printed without the word optional may be null or absent where a subscription can do without them (descriptions, payment method).",
    "The vendor's newer documentation spells some events otherwise (subscription.canceled, subscription.trial_expired, subscription.trial_extended): a filter that names one spelling alone can miss the other.",
    "The secret is looked for in FYNN_WEBHOOK_SECRET: the vendor names no variable.",
  ],
  pitfalls: [
    "The header is bare hex: there is no prefix such as sha256= to take off.",
    "The signature covers no time, so a recorded request stays valid for ever: handle each event.id once.",
  ],
  signatures: [
    {
      kind: "hmac",
      header: "x-webhook-signature",
      algorithm: "sha256",
      encoding: "hex",
      content: "{body}",
      secret: { encoding: "raw" },
    },
  ],
  headers: {},
  identify: ["x-webhook-signature"],
  eventFrom: [{ from: "pointer", pointer: "/event/type" }],
  envelope: {
    id: "/event/id",
    type: "/event/type",
    createdAt: "/event/created",
    idPrefix: "webhk_",
    time: "iso-ms",
  },
  dedupe: { pointer: "/event/id" },
  ack: { timeoutMs: 10_000, success: "2xx" },
  retry: { delaysMs: standardSchedule },
  events: {
    "subscription.activated": {
      description: "A subscription was activated and is in billing now.",
      schema: (z) => subscription(z, "subscription.activated"),
    },
    "subscription.cancelled": {
      description: "A subscription was cancelled.",
      schema: (z) => subscription(z, "subscription.cancelled"),
    },
    "subscription.trial.started": {
      description: "A subscription's trial started.",
      schema: (z) => subscription(z, "subscription.trial.started"),
    },
    "subscription.trial.extended": {
      description: "A subscription's trial was extended.",
      schema: (z) => subscription(z, "subscription.trial.extended"),
    },
    "subscription.trial.expired": {
      description: "A subscription's trial expired; it becomes active now.",
      schema: (z) => subscription(z, "subscription.trial.expired"),
    },
    "subscription.trial.canceled": {
      description: "A subscription was cancelled in its trial and will not be billed.",
      schema: (z) => subscription(z, "subscription.trial.canceled"),
    },
    "subscription.product.cancelled": {
      description: "One product of a subscription was cancelled.",
      schema: (z) => subscription(z, "subscription.product.cancelled"),
    },
  },
  otherEvents: true,
  renamedEvents: {
    "subscription.cancelled": "subscription.canceled",
    "subscription.trial.expired": "subscription.trial_expired",
    "subscription.trial.extended": "subscription.trial_extended",
  },
  secretEnv: "FYNN_WEBHOOK_SECRET",
};
