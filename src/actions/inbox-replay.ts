import { withSecrets } from "../inbox/redact.ts";
import type { DeliverySummary, Inbox, RecordedDelivery } from "../inbox/types.ts";
import type { Provider } from "../providers/contract.ts";
import { identify, splitTarget } from "../providers/identify.ts";
import { forward, forwardPath } from "../transport/forward.ts";
import { shownUrl } from "../text/shown-url.ts";
import { judge } from "../transport/judge.ts";
import { createHeaderMaker } from "../transport/request.ts";
import { parseTarget } from "../transport/target.ts";
import { eventsUntil } from "./channel.ts";
import { openSender, type ConnectOptions } from "./connect.ts";
import { inTurns } from "./in-turns.ts";
import { createMask } from "./mask.ts";
import { newDeliveryId, warnOfUnrecorded } from "./prepare.ts";
import { attemptOf } from "./recording.ts";
import { failedAnswer, keepBytes, type ReplayEvent, type ReplayStart } from "./replay.ts";
import { headersAgain } from "./resend.ts";
import type { Workspace } from "./workspace.ts";

export interface InboxReplayOptions extends ConnectOptions {
  to: string;
  /** Send the headers that they came with in place of new signatures. */
  original: boolean;
  /** Most requests under way, and bodies in memory, at once. */
  concurrency: number;
  /** Milliseconds to wait for an answer, in place of each provider's own allowance. */
  timeoutMs?: number;
  /** Sends nothing more once it is aborted. */
  signal: AbortSignal;
}

/** How those are judged of whom nobody knows whose they are. */
const unknownAck: Provider["ack"] = { timeoutMs: 30_000, success: "2xx" };

/**
 * Sends recorded deliveries again, each judged by its provider's own rule, and records how that went.
 * Reading throws a HooklineError where something is wrong before the first request.
 * @param numbers in the order in which they are sent
 */
export function replayInbox(
  workspace: Workspace,
  inbox: Inbox,
  numbers: readonly number[],
  options: InboxReplayOptions,
): AsyncIterable<ReplayEvent> {
  return eventsUntil(options.signal, (signal, report) =>
    send(workspace, inbox, numbers, { ...options, signal }, report),
  );
}

async function send(
  workspace: Workspace,
  inbox: Inbox,
  numbers: readonly number[],
  options: InboxReplayOptions,
  report: (event: ReplayEvent) => void,
): Promise<void> {
  const { host, registry } = workspace;
  const target = parseTarget(options.to);
  const providers = providersOf(inbox, numbers, workspace);
  const signing = options.original ? [] : signingOf(providers, workspace);
  const longest = Math.max(unknownAck.timeoutMs, ...[...providers.keys()].map(({ ack }) => ack.timeoutMs));
  const sender = await openSender(workspace, target.url, options, {
    connections: options.concurrency,
    timeoutMs: options.timeoutMs ?? longest,
    keepBytes,
  });
  report({ type: "start", url: shownUrl(target.url.href), total: numbers.length, signing });
  const mask = createMask(workspace);
  const told = new Set<string>();

  const summary = await inTurns(sender, { ...options, total: numbers.length }, async (turn) => {
    const delivery = inbox.get(numbers[turn] ?? 0);
    // Removed meanwhile, as an inbox does with its oldest.
    if (delivery === undefined || delivery.body === null) return undefined;
    const { number, event, verified, body } = delivery;
    const provider = delivery.provider === null ? undefined : registry.get(delivery.provider);
    const deliveryId = delivery.deliveryId ?? newDeliveryId(provider?.envelope.idPrefix, host.random);
    const { headers, origin, missing } = headersAgain(
      workspace,
      { provider, event: event ?? undefined, deliveryId, verified, headers: withSecrets(delivery), body },
      { original: options.original, now: host.now() },
    );
    const unknown = origin === undefined ? missing.filter((name) => !told.has(name.toLowerCase())) : [];
    for (const name of unknown) told.add(name.toLowerCase());
    warnOfUnrecorded(workspace, unknown);

    const { ack, title } = provider ?? { ack: unknownAck, title: "its sender" };
    const path = pathOf(delivery, target, workspace);
    const request = { method: delivery.method, headers, body: buffer(body) };
    const result = await forward(sender, target, request, path, options.timeoutMs ?? ack.timeoutMs);
    const outcome = judge(ack, result);
    const wasGivenUp = !result.ok && result.error === "aborted";
    const url = target.url.origin + path;
    if (!wasGivenUp)
      await inbox.addAttempt(
        number,
        attemptOf({ route: null, url, result, ok: outcome.ok }, "replay", host.now()),
      );
    report({
      type: "delivery",
      name: nameOf(delivery),
      provider: provider?.id ?? null,
      title,
      event: event ?? undefined,
      deliveryId,
      bytes: body.length,
      tampering: undefined,
      outcome,
      status: result.ok ? result.status : undefined,
      durationMs: result.durationMs,
      answer: failedAnswer(outcome, result, mask),
      again: [["hookline", "inbox", "replay", String(number), "--to", shownUrl(target.url.href)]],
    });
    return { result, outcome };
  });
  report(summary);
}

/** `inbox:17 fareplay/order.created` */
function nameOf({ number, provider, event }: DeliverySummary): string {
  const what = [provider, event].filter((word) => word !== null).join("/");
  return `inbox:${number}${what === "" ? "" : ` ${what}`}`;
}

/** As a listener would forward it: behind a target that ends in `/` comes the rest of its path, and its query. */
function pathOf(
  { target: sent, headers }: RecordedDelivery,
  target: ReturnType<typeof parseTarget>,
  { registry }: Workspace,
): string {
  const { path, query } = splitTarget(sent);
  return forwardPath(target, identify(path, headers, { registry, only: [] }).rest, query);
}

/** Providers that are known here, of all the deliveries, and whether one of theirs was verified. */
function providersOf(
  inbox: Inbox,
  numbers: readonly number[],
  { registry }: Workspace,
): ReadonlyMap<Provider, boolean> {
  const found = new Map<Provider, boolean>();
  for (const { provider, verified } of inbox.some(numbers)) {
    const known = provider === null ? undefined : registry.get(provider);
    if (known !== undefined) found.set(known, found.get(known) === true || verified === true);
  }
  return found;
}

/** Whose secrets sign, as `headersAgain` chooses them. @throws HooklineError where one cannot sign: before anything is sent */
function signingOf(providers: ReadonlyMap<Provider, boolean>, workspace: Workspace): ReplayStart["signing"] {
  return [...providers].flatMap(([provider, isVerified]) => {
    const { configured, development } = workspace.secretsOf(provider);
    const signing = configured ?? (isVerified ? development() : undefined);
    if (signing === undefined) return [];
    createHeaderMaker(provider, signing.secrets);
    return [{ provider: provider.id, title: provider.title, origin: signing.origin }];
  });
}

function buffer(bytes: Uint8Array): Buffer {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
}
