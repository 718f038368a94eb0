import type { DeliverySummary, Inbox, InboxFilter, InboxPage } from "../inbox/types.ts";

/** Deliveries that are looked through in one turn, … */
const inOneTurn = 200;
/** … and bytes of their bodies, one body at least: they are read whole. */
const bytesInOneTurn = 4 * 1024 * 1024;

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
    const from = Math.max(first, startOfTurn(inbox, to));
    found.push(...inbox.list(filter, { limit: limit - found.length, before: to, after: from - 1 }));
    to = from;
    await new Promise((resolve) => setImmediate(resolve));
  }
  return found;
}

/** The smallest number that is looked at in one turn. @param to the smallest that was looked at before */
function startOfTurn(inbox: Inbox, to: number): number {
  let from = to;
  let bytes = 0;
  for (const { number, bytes: size } of inbox.list({}, { limit: inOneTurn, before: to })) {
    bytes += size;
    if (bytes > bytesInOneTurn && from < to) break;
    from = number;
  }
  return from < to ? from : 0;
}
