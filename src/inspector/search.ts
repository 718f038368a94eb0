import type { DeliverySummary, Inbox, InboxFilter, InboxPage } from "../inbox/types.ts";

/** Deliveries that are looked through in one turn: their bodies are read whole. */
const inOneTurn = 200;

/**
 * Looks for text a part of the inbox at a time: the listener answers its senders in between.
 * @param isGone whether nobody waits for it any more
 * @returns newest first
 */
export async function search(
  inbox: Inbox,
  filter: InboxFilter,
  { limit, before, after = 0 }: InboxPage,
  isGone: () => boolean,
): Promise<DeliverySummary[]> {
  const found: DeliverySummary[] = [];
  const first = Math.max(inbox.first(), after + 1);
  let to = Math.min(before ?? Infinity, inbox.last() + 1);
  while (to > first && found.length < limit && !isGone()) {
    const from = Math.max(first, to - inOneTurn);
    found.push(...inbox.list(filter, { limit: limit - found.length, before: to, after: from - 1 }));
    to = from;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}
