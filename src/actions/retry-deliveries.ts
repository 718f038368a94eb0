import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Delivery, Endpoint, Remote } from "../remote/contract.ts";
import { findEndpoint } from "./endpoints.ts";
import {
  headOf,
  listDeliveries,
  outcomeOf,
  pauseMs,
  readChanges,
  showDelivery,
  type DeliveryFilter,
  type DeliveryOutcome,
} from "./deliveries.ts";
import type { Host } from "./workspace.ts";

export interface RetryOptions {
  /** Send those that have succeeded, too. */
  force: boolean;
  /** Which of its endpoints gets a delivery that is named by its event alone, as Stripe's are. */
  endpoint: string | undefined;
  /** Deliveries that are asked for at once; undefined: each by itself, where the API tells no more of it. */
  batch: number | undefined;
  /** Milliseconds to wait until each has been tried; undefined: not at all. */
  waitMs: number | undefined;
  /** Told how many have been asked for, each time that some were. */
  onAsked?: (count: number) => void;
}

/** One that was not retried, or would not be, and why. */
export interface Refused {
  retried: false;
  delivery: Delivery;
  code: string | null;
  message: string | null;
}

/** What became of one delivery that was to be retried. */
export type Retried = { retried: true; delivery: Delivery; outcome: DeliveryOutcome } | Refused;

/** Deliveries still open when the time is up that are read once more: what is being sent is no change yet. */
const mostReadAgain = 10;

/** Deliveries as they stand, in the order they are named. @throws HooklineError `not-found` */
export async function deliveriesNamed(remote: Remote, ids: readonly string[]): Promise<Delivery[]> {
  const named: Delivery[] = [];
  for (const id of new Set(ids)) named.push(headOf(await showDelivery(remote, id)));
  return named;
}

/** All that fit, oldest first, so that a receiver gets them in the order of their events. */
export async function deliveriesThatFit(remote: Remote, filter: DeliveryFilter): Promise<Delivery[]> {
  const { data } = await listDeliveries(remote, filter, { all: true });
  return data.reverse();
}

/**
 * Which of the deliveries would be refused, as far as they and their endpoints say; each endpoint is read once.
 * @param options.force those that have succeeded would be sent, too
 */
export async function foreseeRefusals(
  remote: Remote,
  deliveries: readonly Delivery[],
  { force }: { force: boolean },
): Promise<Map<Delivery, Refused>> {
  const endpoints = new Map<string, Endpoint["status"] | "deleted" | "unknown">();
  for (const { endpoint_id: id } of deliveries)
    if (id !== null && !endpoints.has(id)) endpoints.set(id, await endpointStatus(remote, id));
  const refusals = new Map<Delivery, Refused>();
  for (const delivery of deliveries) {
    // At Stripe, which tells of no attempts, what has succeeded is sent again as anything else.
    const { id, status, endpoint_id, attempts_made: made } = delivery;
    const refuse = (code: string, message: string): void =>
      void refusals.set(delivery, { retried: false, delivery, code, message });
    const endpoint = endpoint_id === null ? "unknown" : endpoints.get(endpoint_id);
    if (endpoint === "deleted")
      refuse("endpoint-deleted", `the endpoint ${endpoint_id} of ${id} was deleted`);
    else if (status === "cancelled") refuse("delivery-cancelled", `${id} was cancelled`);
    else if (endpoint === "disabled")
      refuse("endpoint-disabled", `the endpoint ${endpoint_id} of ${id} is disabled`);
    else if (status === "succeeded" && made !== null && !force)
      refuse("delivery-succeeded", `${id} has been delivered`);
    else if (status === "sending") refuse("delivery-under-way", `${id} is being sent right now`);
  }
  return refusals;
}

/** `unknown` where the key may not see endpoints: a forecast is no reason to fail. */
async function endpointStatus(
  remote: Remote,
  id: string,
): Promise<Endpoint["status"] | "deleted" | "unknown"> {
  try {
    return (await findEndpoint(remote, id))?.status ?? "deleted";
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    if (error.exitCode === EXIT.notFound) return "deleted";
    if (error.exitCode === EXIT.denied) return "unknown";
    throw error;
  }
}

/**
 * Has deliveries tried once more, and tells of each as soon as there is something to tell.
 * @throws HooklineError what the API refuses where it is one alone; where they are several a refusal is told as such
 */
export async function* retryDeliveries(
  host: Host,
  remote: Remote,
  deliveries: readonly Delivery[],
  { force, endpoint, batch, waitMs, onAsked = () => undefined }: RetryOptions,
): AsyncGenerator<Retried> {
  if (batch === undefined) {
    yield* oneByOne(remote, deliveries, { force, endpoint, onAsked });
    return;
  }

  let { next_cursor: cursor } = await remote.call("deliveries.changes", { query: { limit: 1 } });
  const open = new Map<string, { before: Delivery; now: Delivery }>();
  const look = async (): Promise<void> => {
    cursor = await readChanges(remote, cursor, (delivery) => {
      const asked = open.get(delivery.id);
      if (asked !== undefined) asked.now = delivery;
    });
  };
  function* settled({ all }: { all: boolean }): Generator<Retried> {
    for (const [id, { before, now }] of open) {
      const outcome = outcomeOf(now, before.attempts_made);
      if (outcome === "waiting" && !all) continue;
      open.delete(id);
      yield { retried: true, delivery: now, outcome };
    }
  }

  try {
    for (let start = 0; start < deliveries.length; start += batch) {
      const part = deliveries.slice(start, start + batch);
      const answers = await ask(remote, part, { force, isAlone: deliveries.length === 1 });
      onAsked(answers.filter(({ retried }) => retried).length);
      for (const asked of answers) {
        if (asked.retried) open.set(asked.delivery.id, { before: asked.delivery, now: asked.delivery });
        else yield asked;
      }
      await look();
      yield* settled({ all: waitMs === undefined });
    }
    const end = host.now() + (waitMs ?? 0);
    for (let pause = pauseMs.first; open.size > 0; pause = Math.min(pause * 2, pauseMs.longest)) {
      const left = end - host.now();
      if (left <= 0) break;
      await host.sleep(Math.min(pause, left));
      await look();
      yield* settled({ all: false });
    }
    if (open.size <= mostReadAgain)
      for (const [id, asked] of open) asked.now = headOf(await showDelivery(remote, id));
  } finally {
    // They were asked for, whatever went wrong since.
    yield* settled({ all: true });
  }
}

type Asked = { retried: true; delivery: Delivery } | Refused;

/** Asks for one by itself, whose refusal is an error, or for many at once. */
async function ask(
  remote: Remote,
  part: readonly Delivery[],
  { force, isAlone }: { force: boolean; isAlone: boolean },
): Promise<Asked[]> {
  const [only] = part;
  if (isAlone && only !== undefined) {
    try {
      await remote.call("deliveries.retry", { params: { id: only.id }, body: { force } });
    } catch (error) {
      throw explained(error, only);
    }
    return [{ retried: true, delivery: only }];
  }
  const { data } = await remote.call("deliveries.retryMany", {
    body: { ids: part.map(({ id }) => id), force },
  });
  const answers = new Map(data.map((answer) => [answer.id, answer]));
  return part.map((delivery) => {
    const answer = answers.get(delivery.id);
    if (answer?.retried === true) return { retried: true, delivery };
    return { retried: false, delivery, code: answer?.code ?? null, message: answer?.message ?? null };
  });
}

/** Adds to a refusal what to do next, where the API does not say it. */
function explained(error: unknown, { id, endpoint_id }: Delivery): unknown {
  if (!isHooklineError(error) || error.nextSteps.length > 0) return error;
  const { code, message, exitCode } = error;
  const steps = new Map([
    ["delivery-succeeded", "send it once more all the same: --force"],
    ["delivery-under-way", `see how it goes: hookline deliveries show ${id}`],
    ["endpoint-disabled", `enable its endpoint first: hookline endpoints enable ${endpoint_id}`],
  ]);
  const step = steps.get(code);
  if (step === undefined) return error;
  return new HooklineError(code, message, { exitCode, nextSteps: [step], cause: error });
}

async function* oneByOne(
  remote: Remote,
  deliveries: readonly Delivery[],
  { force, endpoint, onAsked }: Required<Pick<RetryOptions, "force" | "endpoint" | "onAsked">>,
): AsyncGenerator<Retried> {
  const body = { force, ...(endpoint === undefined ? {} : { endpoint_id: endpoint }) };
  for (const delivery of deliveries) {
    try {
      const asked = await remote.call("deliveries.retry", { params: { id: delivery.id }, body });
      onAsked(1);
      yield { retried: true, delivery: asked, outcome: outcomeOf(asked, delivery.attempts_made) };
    } catch (error) {
      const isRefused =
        isHooklineError(error) && (error.exitCode === EXIT.usage || error.exitCode === EXIT.notFound);
      if (!isRefused || deliveries.length === 1) throw error;
      yield { retried: false, delivery, code: error.code, message: error.message };
    }
  }
}
