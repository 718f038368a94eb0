import { EXIT, HooklineError } from "../errors.ts";
import { withSecrets } from "../inbox/redact.ts";
import type { DeliverySummary, Inbox, RecordedDelivery } from "../inbox/types.ts";
import type { InboxDelivery } from "../payloads/load.ts";
import { findDelivery, withInbox } from "./inbox.ts";
import type { RefusalCode } from "./listen-events.ts";
import type { Host } from "./workspace.ts";

/** Reads a recorded delivery, by its number, id, or `last`, for who sends it once more. */
export function inboxReader(host: Host): (name: string) => Promise<InboxDelivery> {
  return (name) =>
    withInbox(host, (inbox) => inboxDelivery(requireRecorded(inbox, findDelivery(inbox, name))));
}

/** @throws HooklineError `delivery-empty` where its body was never read */
export function inboxDelivery(delivery: RecordedDelivery): InboxDelivery {
  const { number, provider, event, body } = delivery;
  if (body === null) throw wasNotRead(number);
  return {
    name: `inbox:${number}`,
    provider,
    event,
    headers: withSecrets(delivery),
    body: Buffer.from(body.buffer, body.byteOffset, body.byteLength),
  };
}

/** @throws HooklineError `not-found` where it was removed meanwhile */
export function requireRecorded(inbox: Inbox | undefined, { number }: DeliverySummary): RecordedDelivery {
  const delivery = inbox?.get(number);
  if (delivery !== undefined) return delivery;
  throw new HooklineError("not-found", `the delivery ${number} was removed meanwhile`, {
    exitCode: EXIT.notFound,
    nextSteps: ["see what the inbox holds: hookline inbox list"],
  });
}

/** Why a delivery was refused before its body was read. */
const unread: Readonly<Record<RefusalCode, true>> = {
  "request-malformed": true,
  "method-not-allowed": true,
  "body-too-large": true,
  "headers-too-large": true,
  overloaded: true,
};

/** Whether a delivery was recorded whole, so that it can be sent once more. */
export function isWhole({ code }: Pick<DeliverySummary, "code">): boolean {
  return code === null || !Object.hasOwn(unread, code);
}

/** @throws HooklineError `delivery-empty` where one of those that are named was not recorded whole */
export function requireWhole(named: readonly Pick<DeliverySummary, "code" | "number">[]): void {
  const empty = named.find((delivery) => !isWhole(delivery));
  if (empty !== undefined) throw wasNotRead(empty.number);
}

function wasNotRead(number: number): HooklineError {
  return new HooklineError(
    "delivery-empty",
    `the delivery ${number} was refused before its body was read, so there is nothing to send`,
    { nextSteps: [`see why it was refused: hookline inbox show ${number}`] },
  );
}
