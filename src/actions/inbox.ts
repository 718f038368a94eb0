import { inboxFile } from "../config/database.ts";
import { EXIT, HooklineError } from "../errors.ts";
import type { BodyDiff } from "../inbox/diff.ts";
import { openExistingInbox, openInbox } from "../inbox/index.ts";
import { redact } from "../inbox/redact.ts";
import {
  defaultLimits,
  type DeliverySummary,
  type Inbox,
  type InboxFilter,
  type InboxLimits,
  type InboxTotals,
} from "../inbox/types.ts";
import type { DeliveryDetail, DeliveryShape } from "../inspector/api.ts";
import { deliveryDetail, deliveryShape } from "../inspector/shape.ts";
import type { Finding } from "../signing/types.ts";
import type { Listed, PageOptions } from "./pages.ts";
import type { Host, Workspace } from "./workspace.ts";

export type { BodyDiff, Difference } from "../inbox/diff.ts";
export type { InboxFilter, InboxLimits, InboxTotals } from "../inbox/types.ts";
export type { AttemptShape, DeliveryShape } from "../inspector/api.ts";

/** Deliveries that a list has where nothing is said. */
const usualPage = 20;

/** Does work with the inbox of this user and closes it; undefined where nothing was ever recorded: none is made. */
export async function withInbox<Result>(
  { environment, now }: Host,
  work: (inbox: Inbox | undefined) => Result | Promise<Result>,
): Promise<Result> {
  const inbox = await openExistingInbox(inboxFile(environment.home), { now });
  try {
    return await work(inbox);
  } finally {
    await inbox?.close();
  }
}

/** Newest first. @throws HooklineError `usage` where the cursor is none of this list */
export function listInbox(
  host: Host,
  filter: InboxFilter,
  { all, limit = usualPage, cursor }: PageOptions,
): Promise<Listed<DeliveryShape>> {
  if (cursor !== undefined && !/^\d+$/.test(cursor)) {
    throw new HooklineError("usage", "--cursor takes what an earlier list ended with: a number", {
      nextSteps: ["take it from the note below the list, or from `next_cursor` in its JSON"],
    });
  }
  const before = cursor === undefined ? {} : { before: Number(cursor) };
  return withInbox(host, (inbox) => {
    const most = all ? Number.MAX_SAFE_INTEGER : limit;
    // One more than is shown tells whether there are more.
    const found = inbox?.list(filter, { limit: all ? most : most + 1, ...before }) ?? [];
    const data = found.slice(0, most);
    const last = found.length > data.length ? data.at(-1) : undefined;
    return { data: data.map(deliveryShape), next_cursor: last === undefined ? null : String(last.number) };
  });
}

/** @param name a number, an id (`dlv_…`) or `last` @throws HooklineError `not-found` */
export function findDelivery(inbox: Inbox | undefined, name: string): DeliverySummary {
  const found = inbox?.find(name.replace(/^inbox:/, ""));
  if (found !== undefined) return found;
  const isEmpty = inbox === undefined || inbox.totals().count === 0;
  throw new HooklineError(
    "not-found",
    isEmpty
      ? "the inbox is empty: no listener has recorded anything yet"
      : `the inbox has no delivery ${JSON.stringify(name.slice(0, 100))}`,
    {
      exitCode: EXIT.notFound,
      nextSteps: isEmpty
        ? ["receive something: hookline listen"]
        : ["see what it holds: hookline inbox list", "the latest is called last"],
    },
  );
}

/** A delivery with all that was recorded of it. */
export interface ShownDelivery {
  /** Without the sentences of its findings. */
  delivery: DeliveryDetail;
  findings: readonly Finding[];
  /** Null where it was not read. */
  body: Uint8Array | null;
  /** How its provider is called; undefined where it is not known. */
  title: string | undefined;
  /** Milliseconds that its provider waits for an answer. */
  allowedMs: number | undefined;
  /** Variable that would hold its secret. */
  secretEnv: string | undefined;
}

/** @throws HooklineError `not-found` */
export async function showInboxDelivery({ host, registry }: Workspace, name: string): Promise<ShownDelivery> {
  const { requireRecorded } = await import("./inbox-payloads.ts");
  return withInbox(host, (inbox) => {
    const recorded = requireRecorded(inbox, findDelivery(inbox, name));
    const provider = recorded.provider === null ? undefined : registry.get(recorded.provider);
    const { findings, body, headers } = recorded;
    return {
      delivery: deliveryDetail({ ...recorded, headers: redact(headers, provider) }, []),
      findings,
      body,
      title: provider?.title,
      allowedMs: provider?.ack.timeoutMs,
      secretEnv: provider?.secretEnv,
    };
  });
}

/** How the bodies of two deliveries differ. */
export interface DeliveryDiff {
  before: DeliveryShape;
  after: DeliveryShape;
  diff: BodyDiff;
}

/** @throws HooklineError `not-found`; a body that was not read counts as empty */
export async function diffDeliveries(host: Host, names: readonly [string, string]): Promise<DeliveryDiff> {
  const [{ diffBodies }, { requireRecorded }] = await Promise.all([
    import("../inbox/diff.ts"),
    import("./inbox-payloads.ts"),
  ]);
  return withInbox(host, (inbox) => {
    const [before, after] = names.map((name) => requireRecorded(inbox, findDelivery(inbox, name)));
    if (before === undefined || after === undefined) throw new Error("two names were given");
    return {
      before: deliveryShape(before),
      after: deliveryShape(after),
      diff: diffBodies(before.body ?? new Uint8Array(), after.body ?? new Uint8Array()),
    };
  });
}

export interface InboxHoldings {
  limits: InboxLimits;
  totals: InboxTotals;
}

/** How much the inbox holds, and holds at most. @param changed limits to set, none of which makes an inbox otherwise */
export async function inboxLimits(host: Host, changed: Partial<InboxLimits>): Promise<InboxHoldings> {
  if (Object.keys(changed).length === 0)
    return withInbox(host, (inbox) => ({
      limits: inbox?.limits() ?? defaultLimits,
      totals: inbox?.totals() ?? { count: 0, bytes: 0 },
    }));
  const inbox = await openInbox(inboxFile(host.environment.home), { now: host.now });
  try {
    return { limits: await inbox.setLimits(changed), totals: inbox.totals() };
  } finally {
    await inbox.close();
  }
}

/** How many deliveries fit. */
export function countDeliveries(inbox: Inbox | undefined, filter: InboxFilter): number {
  if (inbox === undefined) return 0;
  return Object.keys(filter).length === 0 ? inbox.totals().count : inbox.numbers(filter).length;
}

/**
 * The deliveries that are meant, oldest first, as numbers.
 * @param names where there are any, the filter is not looked at
 * @throws HooklineError `not-found`
 */
export function chooseDeliveries(
  inbox: Inbox | undefined,
  names: readonly string[],
  filter: InboxFilter,
): number[] {
  if (names.length === 0) return inbox?.numbers(filter) ?? [];
  const numbers = new Set(names.map((name) => findDelivery(inbox, name).number));
  return [...numbers].sort((a, b) => a - b);
}

/** Summaries of deliveries, newest first. */
export function summariesOf(inbox: Inbox | undefined, numbers: readonly number[]): DeliveryShape[] {
  return (inbox?.some(numbers) ?? []).map(deliveryShape).sort((a, b) => b.number - a.number);
}
