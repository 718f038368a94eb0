import type { ClaimedDelivery, Lease, Queue, Reach } from "../store/contract.ts";
import type { ServerEvent } from "./server-events.ts";
import type { Courier, Sent } from "./courier.ts";
import type { NewId } from "./ids.ts";
import type { Recorder } from "./record.ts";
import { createRooms } from "./rooms.ts";

export interface WorkerOptions {
  queue: Queue;
  courier: Courier;
  record: Recorder;
  /** What it can send. */
  reach: Reach;
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
  reserve(this: void, accountId: string, endpointId: string, bytes: number): string | undefined;
  giveBack(this: void, accountId: string, endpointId: string, bytes: number): void;
  take(this: void, claimed: ClaimedDelivery): void;
  /** Something is due that was not before. */
  wake(this: void): void;
  /** Makes the attempts that are due of these deliveries alone, and resolves when they are written down. */
  attempt(accountId: string, ids: readonly string[]): Promise<void>;
  /** Takes nothing more on, lets what is under way finish for so long, and gives back the rest. */
  stop(graceMs: number): Promise<void>;
}

/** Milliseconds that a worker's deliveries stay its own after its last sign of life. */
export const leaseMs = 15_000;
const renewEveryMs = 4_000;
/** Milliseconds after which it looks for what others have made due. */
const lookEveryMs = 1000;
/** Milliseconds after which a little room is filled up. */
const fillAfterMs = 5;
/** Milliseconds between tries to write down what the database does not take. */
const recordAgainMs = [1000, 2000, 5000, 10_000];
/** Tries where somebody waits for the outcome. */
const triesWaitedFor = 3;
/** Deliveries attempted at once where somebody waits for them. */
const attemptedAtOnce = 10;

/** It did not answer, or not to the end: another attempt may take as long. */
function isSilence({ status, error }: Sent["attempt"]): boolean {
  return status === null || error === "timeout" || error === "reset";
}

export function createWorker(options: WorkerOptions): Worker {
  const { queue, courier, record, reach, newId, now, sleep, report, concurrency, perEndpoint } = options;
  let id = newId("wrk");
  const underWay = new Set<Promise<void>>();
  /** Until when, on this process's clock, the lease holds; it is renewed long before. Undefined where there is none. */
  let leasedUntil: number | undefined;
  let renewing: NodeJS.Timeout | undefined;
  let looking: NodeJS.Timeout | undefined;
  let lookingAt = Infinity;
  let filling: NodeJS.Timeout | undefined;
  let isRunning = false;
  let isStopped = false;
  let pumping: Promise<void> | undefined;
  let reclaiming: Promise<void> | undefined;
  let isAskedAgain = false;
  let isNoticed = false;

  const failed = (error: unknown): void => report({ type: "failed", route: "deliveries", error });

  /** There is room again. Where it is little, others that end soon shall add to it: the rest may hang for long. */
  const free = (isMuch: boolean): void => {
    if (isMuch) wake();
    else
      filling ??= setTimeout(() => {
        filling = undefined;
        wake();
      }, fillAfterMs);
  };
  const rooms = createRooms({ concurrency, perEndpoint, free });

  const leaseFrom = (from: number): Lease => ({ worker: id, until: from + leaseMs });
  const renew = async (): Promise<void> => {
    const from = now();
    if (!(await queue.renew(leaseFrom(from), leasedUntil === undefined))) {
      // Under another name, so that what is still under way is not taken for what is taken on from now on.
      id = newId("wrk");
      await queue.renew(leaseFrom(from), true);
    }
    leasedUntil = from + leaseMs;
    // One under way when it is stopped must not begin it anew.
    if (!isStopped) renewing ??= setInterval(() => void renew().catch(failed), renewEveryMs);
  };
  const reclaim = async (): Promise<void> => {
    // After a long sleep of the machine it would take its own away.
    if (leasedUntil === undefined || leasedUntil - now() < leaseMs / 2) await renew();
    await queue.reclaim(now(), now() + 2 * leaseMs);
  };

  /** Sends one and writes down what came of it; the room for it is taken already. */
  const deliver = async (claimed: ClaimedDelivery): Promise<void> => {
    const { delivery, event, endpoint } = claimed;
    let isInLane = true;
    const leaveLane = (isSilent?: boolean): void => {
      if (isInLane) rooms.leaveLane(endpoint.id, isSilent);
      isInLane = false;
    };
    try {
      const sent = await courier.send(claimed);
      // It is given back with the lease.
      if (sent.isAborted) return;
      // A failure may mean that nothing more is to go there, so that is written down first.
      if (sent.ok) leaveLane(false);
      await write(claimed, sent);
      leaveLane(isSilence(sent.attempt));
    } catch (error) {
      failed(error);
    } finally {
      leaveLane();
      rooms.leave(delivery.accountId, event.payload.length);
    }
  };
  /** Not written down it would be sent again, and until then it is in nobody's hands but these. */
  const write = async (...attempt: Parameters<Recorder>): Promise<void> => {
    for (let again = 0; ; again++) {
      try {
        const { dueAt } = await record(...attempt);
        if (dueAt !== null) lookBy(dueAt);
        return;
      } catch (error) {
        failed(error);
        // It is given back with the lease.
        if (isStopped || (!isRunning && again + 1 >= triesWaitedFor)) return;
        await sleep(recordAgainMs[Math.min(again, recordAgainMs.length - 1)] ?? 0);
      }
    }
  };
  const begin = (claimed: ClaimedDelivery): Promise<void> => {
    const running = deliver(claimed).finally(() => underWay.delete(running));
    underWay.add(running);
    return running;
  };
  const occupy = ({ delivery, event, endpoint }: ClaimedDelivery): void =>
    rooms.occupy(delivery.accountId, endpoint.id, event.payload.length);

  /** Takes on as much as there is room for. */
  const takeOn = async (): Promise<void> => {
    const room = rooms.left();
    if (!isRunning || room === undefined) return;
    const claimed = await queue.claim(leaseFrom(now()), now(), reach, room);
    if (claimed === undefined) {
      await renew();
      isAskedAgain = true;
      return;
    }
    for (const one of claimed) {
      occupy(one);
      void begin(one);
    }
    rooms.filled(
      room,
      claimed.map(({ delivery, event, endpoint }) => ({
        accountId: delivery.accountId,
        endpointId: endpoint.id,
        bytes: event.payload.length,
      })),
    );
  };
  const pump = async (): Promise<void> => {
    do {
      isAskedAgain = false;
      await takeOn();
    } while (isAskedAgain);
    clearTimeout(looking);
    lookingAt = Infinity;
    lookBy(Math.min((await queue.nextDue(now())) ?? Infinity, now() + lookEveryMs));
  };
  /** Looks again at that time, unless it does before. */
  const lookBy = (time: number): void => {
    if (!isRunning || time >= lookingAt) return;
    clearTimeout(looking);
    lookingAt = time;
    looking = setTimeout(look, Math.min(lookEveryMs, Math.max(0, time - now())));
  };
  const look = (): void => {
    lookingAt = Infinity;
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
          lookBy(now() + lookEveryMs);
        })
        .finally(() => {
          pumping = undefined;
          if (isAskedAgain) wake();
        });
    });
  };
  const giveBack: Worker["giveBack"] = (accountId, endpointId, bytes) => {
    rooms.leaveLane(endpointId, undefined);
    rooms.leave(accountId, bytes);
  };

  return {
    async start() {
      await renew();
      isRunning = true;
      await reclaim();
      wake();
    },
    reserve(accountId, endpointId, bytes) {
      if (!isRunning || leasedUntil === undefined || leasedUntil - now() < renewEveryMs) return undefined;
      return rooms.enter(accountId, endpointId, bytes) ? id : undefined;
    },
    giveBack,
    take(claimed) {
      const { delivery, event, endpoint } = claimed;
      // Stored after the lease has ended, it is in nobody's hands, and found as such.
      if (isStopped) giveBack(delivery.accountId, endpoint.id, event.payload.length);
      else void begin(claimed);
    },
    wake: () => wake(),
    async attempt(accountId, ids) {
      await reclaim();
      for (let from = 0; from < ids.length; from += attemptedAtOnce) {
        const some = ids.slice(from, from + attemptedAtOnce);
        const take = () => queue.claimThese(leaseFrom(now()), now(), accountId, some);
        let claimed = await take();
        if (claimed === undefined) {
          await renew();
          claimed = (await take()) ?? [];
        }
        await Promise.all(
          claimed.map((one) => {
            occupy(one);
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
      if (leasedUntil !== undefined) await queue.release(id, now());
      leasedUntil = undefined;
    },
  };
}
