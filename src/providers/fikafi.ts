import type * as zod from "zod";
import type { Provider } from "./contract.ts";
import { standardSchedule } from "./standard-webhooks.ts";

type Zod = typeof zod;

/** Documented: the first seven. The vendor's samples also send `Completed` and `Paid`. */
const status = (z: Zod) =>
  z.enum([
    "Complete",
    "Pending",
    "Partial",
    "Expired",
    "Canceled",
    "Declined",
    "Refunded",
    "Completed",
    "Paid",
  ]);

const booking = (z: Zod) =>
  z.looseObject({
    bookingRefNum: z.string().min(1),
    fikafiRefNum: z.string().min(1),
    paymentStatus: z.looseObject({
      status: status(z),
      isCardCaptured: z.boolean(),
      currency: z.string().length(3),
      totalAmountReq: z.number(),
      totalAmountPaid: z.number(),
      numOfPaymentsReq: z.int(),
      numOfPaymentsPaid: z.int(),
    }),
  });

const payments = (z: Zod) =>
  z.array(
    z.looseObject({
      paymentNumber: z.int(),
      amount: z.number(),
      date: z.iso.date(),
      status: status(z).optional(),
      paidAt: z.iso.datetime({ offset: true }).nullish(),
    }),
  );

/**
 * Fikäfi: payments for bookings.
 *
 * Stated by the vendor's pages (`docs`): the two webhooks, the headers, exactly 200 within 5 s, the body of
 * paymentDetails. Further documentation: the seven statuses.
 * Assumed: what `assumptions` lists. The body carries neither an event name nor an id.
 */
export const fikafi: Provider = {
  id: "fikafi",
  title: "Fikäfi",
  docs: "https://docs.fikafi.com/paymentdetails-webhook-17343509e0",
  assumptions: [
    'X-Signature is the hex HMAC-SHA256 of the raw body, and a prefix sha256= before it is accepted: the vendor says only "HMAC signature".',
    "The key is the secret's text as it is (UTF-8), undecoded.",
    "The event is the last segment of the URL's path (the vendor posts to …/payment/paymentDetails); failing that, a body with a list of payments is paymentDetails and one without is paymentEvent.",
    "The body of paymentEvent is that of paymentDetails; its list of payments may be missing.",
    "A delivery that comes again has the same body, byte for byte: it carries no id.",
    "Fikäfi retries after the standard exponential schedule (5 s to 24 h, the example of Standard Webhooks): none is documented.",
    "A request with X-Signature, and no header of a provider listed before, is taken for Fikäfi's.",
    "The statuses Completed and Paid, which only the vendor's samples send, mean Complete.",
    "The secret is looked for in FIKAFI_WEBHOOK_SECRET: the vendor names no variable.",
  ],
  pitfalls: [
    "Only a status of exactly 200 within 5 s counts as success: 201, 202 and 204 do not.",
    "X-Signature is sent only where security is enabled at Fikäfi: a request without it has to be refused, not let through.",
  ],
  signatures: [
    {
      kind: "hmac",
      header: "x-signature",
      algorithm: "sha256",
      encoding: "hex",
      prefix: "sha256=",
      prefixOptional: true,
      content: "{body}",
      secret: { encoding: "raw" },
    },
  ],
  headers: {},
  identify: ["x-signature"],
  eventFrom: [
    { from: "path" },
    {
      from: "shape",
      shapes: [
        { event: "paymentDetails", has: ["/fikafiRefNum", "/paymentStatus", "/payments"] },
        { event: "paymentEvent", has: ["/fikafiRefNum", "/paymentStatus"] },
      ],
    },
  ],
  envelope: {},
  dedupe: "body",
  ack: { timeoutMs: 5_000, success: [200] },
  retry: { delaysMs: standardSchedule },
  events: {
    paymentDetails: {
      description: "A full snapshot of a booking's payments, sent whenever one of them changes.",
      schema: (z) => booking(z).extend({ payments: payments(z) }),
    },
    paymentEvent: {
      description: "The payment status of a booking changed.",
      schema: (z) => booking(z).extend({ payments: payments(z).optional() }),
    },
  },
  secretEnv: "FIKAFI_WEBHOOK_SECRET",
};
