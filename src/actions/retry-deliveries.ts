import { EXIT, HooklineError, isHooklineError } from "../errors.ts";
import type { Delivery, Remote } from "../remote/contract.ts";
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
}

/** What became of one delivery that was to be retried. */
export type Retried =
  | { retried: true; delivery: Delivery; outcome: DeliveryOutcome }
  | { retried: false; delivery: Delivery; code: string | null; message: string | null };

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
 * Has deliveries tried once more, and tells of each as soon as there is something to tell.
 * @throws HooklineError what the API refuses where it is one alone; where they are several a refusal is told as such
 */
export async function* retryDeliveries(
  host: Host,
  remote: Remote,
  deliveries: readonly Delivery[],
  { force, endpoint, batch, waitMs }: RetryOptions,
): AsyncGenerator<Retried> {
  if (batch === undefined) {
    yield* oneByOne(remote, deliveries, { force, endpoint });
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
      for (const asked of await ask(remote, part, { force, isAlone: deliveries.length === 1 })) {
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
  } finally {
    // They were asked for, whatever went wrong since.
    yield* settled({ all: true });
  }
}

type Asked = { retried: true; delivery: Delivery } | Extract<Retried, { retried: false }>;

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
  { force, endpoint }: Pick<RetryOptions, "force" | "endpoint">,
): AsyncGenerator<Retried> {
  const body = { force, ...(endpoint === undefined ? {} : { endpoint_id: endpoint }) };
  for (const delivery of deliveries) {
    try {
      const asked = await remote.call("deliveries.retry", { params: { id: delivery.id }, body });
      yield { retried: true, delivery: asked, outcome: outcomeOf(asked, delivery.attempts_made) };
    } catch (error) {
      const isRefused =
        isHooklineError(error) && (error.exitCode === EXIT.usage || error.exitCode === EXIT.notFound);
      if (!isRefused || deliveries.length === 1) throw error;
      yield { retried: false, delivery, code: error.code, message: error.message };
    }
  }
}
