import type { ClaimedDelivery, Lease, Queue } from "../store/contract.ts";
import type { ServerEvent } from "./app.ts";
import type { Courier } from "./courier.ts";
import type { NewId } from "./ids.ts";
import type { Recorder } from "./record.ts";

export interface WorkerOptions {
  queue: Queue;
  courier: Courier;
  record: Recorder;
  /** Whose deliveries it can send, by id. */
  providers: readonly string[];
  newId: NewId;
  /** Unix milliseconds. */
  now: () => number;
  sleep: (ms: number) => Promise<void>;
  report: (event: ServerEvent) => void;
  /** Deliveries under way at once, in all and to one endpoint. */
  concurrency: number;
  perEndpoint: number;
}

/** Takes deliveries on that are due, has them sent, and has what came of it written down. */
export interface Worker {
  /** Takes on what is due from now on, whoever made it. */
  start(): Promise<void>;
  /**
   * Room for a delivery that is about to be stored: it is stored as being sent by the worker that is named, and given to
   * `take` once it is on disk, or the room given back.
   * @returns undefined where there is none: then it is stored as due, and found
   */
  reserve(this: void, endpointId: string): string | undefined;
  giveBack(this: void, endpointId: string): void;
  take(this: void, claimed: ClaimedDelivery): void;
  /** Something is due that was not before. */
  wake(this: void): void;
  /** Makes the attempts that are due of these deliveries alone, and resolves when they are written down. */
  attempt(accountId: string, ids: readonly string[]): Promise<void>;
  /** Takes nothing more on, lets what is under way finish for so long, and gives back the rest. */
  stop(graceMs: number): Promise<void>;
}

/** Milliseconds that a worker's deliveries stay its own after its last sign of life. */
const leaseMs = 15_000;
const renewEveryMs = 4_000;
/** Milliseconds after which it looks for what others have made due. */
const lookEveryMs = 1000;
/** Milliseconds after which a little room is filled up. */
const fillAfterMs = 5;
/** Deliveries under way to an endpoint whose last attempt got no answer: it must not take the room of those that answer. */
const perSilentEndpoint = 2;
/** Milliseconds between tries to write down what the database does not take. */
const recordAgainMs = [1000, 2000, 5000, 10_000];

interface Lane {
  underWay: number;
  isSilent: boolean;
}

export function createWorker(options: WorkerOptions): Worker {
  const { queue, courier, record, providers, newId, now, sleep, report, concurrency, perEndpoint } = options;
  const id = newId("wrk");
  const lanes = new Map<string, Lane>();
  const underWay = new Set<Promise<void>>();
  let busy = 0;
  /** Until when, on this process's clock, the lease holds; it is renewed long before. */
  let leasedUntil = 0;
  let renewing: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  let filling: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isStopped = false;
  /** Whether more may be due than there was room for. */
  let hasMore = false;
  let pumping: Promise<void> | undefined;
  let reclaiming: Promise<void> | undefined;
  let isAskedAgain = false;
  let isNoticed = false;

  const failed = (error: unknown): void => report({ type: "failed", route: "deliveries", error });

  const laneOf = (endpointId: string): Lane => {
    let lane = lanes.get(endpointId);
    if (lane === undefined) lanes.set(endpointId, (lane = { underWay: 0, isSilent: false }));
    return lane;
  };
  const mostOf = ({ isSilent }: Lane): number =>
    isSilent ? Math.min(perSilentEndpoint, perEndpoint) : perEndpoint;
  const enter = (endpointId: string): void => {
    busy++;
    laneOf(endpointId).underWay++;
  };
  /** The endpoint has answered: others may go there, of which several at once are taken on more cheaply than each. */
  const leaveLane = (endpointId: string): void => {
    const lane = laneOf(endpointId);
    lane.underWay--;
    if (lane.underWay === 0 && !lane.isSilent) lanes.delete(endpointId);
    fillUp(lane.underWay <= mostOf(lane) / 2);
  };
  /** What came of it is written down. */
  const leave = (): void => {
    busy--;
    fillUp(busy <= concurrency / 2);
  };
  /** There is room again. Where it is little, others that end soon shall add to it: the rest may hang for long. */
  const fillUp = (isMuch: boolean): void => {
    if (!hasMore) return;
    if (isMuch) wake();
    else
      filling ??= setTimeout(() => {
        filling = undefined;
        wake();
      }, fillAfterMs);
  };

  const giveBack = (endpointId: string): void => {
    leaveLane(endpointId);
    leave();
  };

  const leaseFrom = (from: number): Lease => ({ worker: id, until: from + leaseMs });
  const renew = async (): Promise<void> => {
    const lease = leaseFrom(now());
    await queue.renew(lease);
    leasedUntil = lease.until;
    // One under way when it is stopped must not begin it anew.
    if (!isStopped) renewing ??= setInterval(() => void renew().catch(failed), renewEveryMs);
  };

  /** Sends one and writes down what came of it; the room for it is taken already. */
  const deliver = async (claimed: ClaimedDelivery): Promise<void> => {
    const { id: endpointId } = claimed.endpoint;
    let isInLane = true;
    try {
      const sent = await courier.send(claimed);
      // It is given back with the lease.
      if (sent.isAborted) return;
      laneOf(endpointId).isSilent = sent.attempt.status === null;
      // A failure may mean that nothing more is to go there, so that is written down first.
      if (sent.ok) {
        leaveLane(endpointId);
        isInLane = false;
      }
      await write(claimed, sent);
    } catch (error) {
      failed(error);
    } finally {
      if (isInLane) leaveLane(endpointId);
      leave();
    }
  };
  /** Not written down it would be sent again, and until then it is in nobody's hands but these. */
  const write = async (...attempt: Parameters<Recorder>): Promise<void> => {
    for (let again = 0; ; again++) {
      try {
        await record(...attempt);
        return;
      } catch (error) {
        failed(error);
        if (isStopped) return;
        await sleep(recordAgainMs[Math.min(again, recordAgainMs.length - 1)] ?? 0);
      }
    }
  };
  const begin = (claimed: ClaimedDelivery): Promise<void> => {
    const running = deliver(claimed).finally(() => underWay.delete(running));
    underWay.add(running);
    return running;
  };

  /** Takes on as much as there is room for. */
  const takeOn = async (): Promise<void> => {
    while (isRunning && busy < concurrency) {
      const of = new Map([...lanes].map(([endpointId, lane]) => [endpointId, mostOf(lane) - lane.underWay]));
      const room = { total: concurrency - busy, each: perEndpoint, of, isWanted: hasMore };
      const claimed = await queue.claim(leaseFrom(now()), now(), providers, room);
      hasMore = claimed.length > 0 || [...of.values()].some((room) => room <= 0);
      for (const one of claimed) {
        enter(one.endpoint.id);
        void begin(one);
      }
      if (claimed.length === 0) return;
    }
    hasMore = isRunning;
  };
  const pump = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      await takeOn();
    } while (isAskedAgain);
    await lookLater();
  };
  const lookLater = async (): Promise<void> => {
    clearTimeout(looking);
    if (!isRunning) return;
    const due = hasMore ? undefined : await queue.nextDue(providers);
    const wait = due === undefined ? lookEveryMs : Math.min(lookEveryMs, Math.max(0, due - now()));
    clearTimeout(looking);
    // It may have been stopped meanwhile.
    if (isRunning as boolean) looking = setTimeout(look, wait);
  };
  const look = (): void => {
    const reclaim = async (): Promise<void> => {
      // After a long sleep of the machine it would take its own away.
      if (leasedUntil - now() < leaseMs / 2) await renew();
      await queue.reclaim(now());
    };
    reclaiming = reclaim().catch(failed).then(wake);
  };
  const wake = (): void => {
    if (!isRunning || isNoticed) return;
    isNoticed = true;
    // Many that end in one turn of the event loop are followed by one look.
    setImmediate(() => {
      isNoticed = false;
      if (pumping !== undefined) {
        isAskedAgain = true;
        return;
      }
      pumping = pump()
        .catch((error: unknown) => {
          failed(error);
          clearTimeout(looking);
          if (isRunning) looking = setTimeout(look, lookEveryMs);
        })
        .finally(() => {
          pumping = undefined;
          if (isAskedAgain) wake();
        });
    });
  };

  return {
    async start() {
      await renew();
      isRunning = true;
      await queue.reclaim(now());
      wake();
    },
    reserve(endpointId) {
      if (!isRunning || busy >= concurrency || leasedUntil - now() < renewEveryMs) {
        hasMore = isRunning;
        return undefined;
      }
      const lane = laneOf(endpointId);
      if (lane.underWay >= mostOf(lane)) {
        hasMore = true;
        return undefined;
      }
      enter(endpointId);
      return id;
    },
    giveBack,
    take(claimed) {
      // Stored after the lease has ended, it is in nobody's hands, and found as such.
      if (isStopped) giveBack(claimed.endpoint.id);
      else void begin(claimed);
    },
    wake: () => wake(),
    async attempt(accountId, ids) {
      await renew();
      for (let from = 0; from < ids.length; from += perEndpoint) {
        const claimed = await queue.claimThese(
          leaseFrom(now()),
          now(),
          accountId,
          ids.slice(from, from + perEndpoint),
        );
        await Promise.all(
          claimed.map((one) => {
            enter(one.endpoint.id);
            return begin(one);
          }),
        );
      }
    },
    async stop(graceMs) {
      isRunning = false;
      clearTimeout(looking);
      await reclaiming;
      await pumping;
      if (underWay.size > 0) await Promise.race([Promise.all(underWay), sleep(graceMs)]);
      isStopped = true;
      await courier.close();
      await Promise.all(underWay);
      clearTimeout(filling);
      clearInterval(renewing);
      renewing = undefined;
      if (leasedUntil > 0) await queue.release(id, now());
      leasedUntil = 0;
    },
  };
}
