import { afterEach } from "vitest";
import type { EventTypeInfo, Remote } from "../../src/remote/contract.ts";
import { createStripeRemote } from "../../src/remote/stripe.ts";
import { createSender, type Sender } from "../../src/transport/send.ts";
import { secretKey } from "./stripe-server.ts";

const senders: Sender[] = [];
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.close()));
});

export const eventTypes: EventTypeInfo[] = [
  { provider: "stripe", type: "checkout.session.completed", description: "A checkout was completed." },
  { provider: "stripe", type: "checkout.session.expired", description: "A checkout expired." },
  { provider: "stripe", type: "charge.refunded", description: "A charge was refunded." },
  { provider: "fareplay", type: "checkout.made", description: "Someone else's." },
];

/** Stripe's adapter over hookline's own sender. */
export async function remoteAt(
  address: string,
  { key = secretKey, keepBytes = 1_000_000 }: { key?: string; keepBytes?: number } = {},
): Promise<Remote> {
  const url = new URL(address);
  const sender = await createSender(url, { timeoutMs: 10_000, keepBytes });
  senders.push(sender);
  return createStripeRemote({ key, url, exchange: (request) => sender.send(request), eventTypes });
}
