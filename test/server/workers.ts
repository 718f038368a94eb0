import { createCourier, type Courier } from "../../src/server/courier.ts";
import { createRecorder, type Recorder, type RecorderOptions } from "../../src/server/record.ts";
import type { Vault } from "../../src/server/vault.ts";
import { createWorker, type Worker } from "../../src/server/worker.ts";
import type { ClaimedDelivery, Reach } from "../../src/store/contract.ts";
import type { TargetGuard } from "../../src/transport/guard.ts";

export interface DrivenWorkerOptions extends Omit<RecorderOptions, "fraction" | "disableAfter"> {
  vault: Vault;
  guard: TargetGuard;
  /** In the middle where it is not given, so that a schedule's jitter adds nothing. */
  fraction?: () => number;
  disableAfter?: number;
  concurrency?: number;
  perEndpoint?: number;
  /** Waits between tries to record; there are none where it is not given. */
  sleep?: (ms: number) => Promise<void>;
  /** In place of the ones that work over the network and in the database. */
  courier?: Courier;
  record?: Recorder;
  /** What it can send; what all registered providers do where it is not given. */
  reach?: Reach;
}

/** A worker that tells when it is done with what is due. */
export interface DrivenWorker extends Worker {
  /** What it has under way. */
  underWay: ReadonlySet<ClaimedDelivery>;
  /** Has it look for what is due once. @returns how many it took on */
  look(): Promise<number>;
  /** The same until nothing is due, under way or unrecorded any more. */
  settle(): Promise<void>;
}

export function createDrivenWorker(options: DrivenWorkerOptions): DrivenWorker {
  const { store, registry, vault, guard, now, newId } = options;
  const courier = options.courier ?? createCourier({ registry, vault, guard, now });
  const record = options.record ?? createRecorder({ fraction: () => 0.5, disableAfter: 10, ...options });
  const underWay = new Set<ClaimedDelivery>();
  let waiting: (() => void)[] = [];
  let begun = 0;
  let ended = 0;
  let taken = 0;
  let isOver = true;
  /** Whether the last claim found nothing, though all room was free. */
  let isSettled = false;
  const changed = (): void => {
    const woken = waiting;
    waiting = [];
    for (const look of woken) look();
  };
  const until = async (isSo: () => boolean): Promise<void> => {
    while (!isSo()) await new Promise<void>((resolve) => waiting.push(resolve));
  };

  const worker = createWorker({
    queue: {
      ...store.queue,
      async claim(...asked) {
        begun++;
        const wasIdle = underWay.size === 0;
        try {
          const claimed = await store.queue.claim(...asked);
          // Where its lease was taken away it claims once more.
          isOver = claimed !== undefined;
          taken += claimed?.length ?? 0;
          for (const one of claimed ?? []) underWay.add(one);
          isSettled = wasIdle && isOver && underWay.size === 0;
          return claimed;
        } finally {
          ended++;
          // The worker begins what it got before anybody is told.
          setImmediate(changed);
        }
      },
    },
    courier: {
      async send(claimed) {
        underWay.add(claimed);
        const sent = await courier.send(claimed);
        if (sent.isAborted) {
          underWay.delete(claimed);
          changed();
        }
        return sent;
      },
      close: () => courier.close(),
    },
    async record(claimed, sent) {
      const recorded = await record(claimed, sent);
      underWay.delete(claimed);
      changed();
      return recorded;
    },
    reach: options.reach ?? { providers: registry.all.map(({ id }) => id) },
    newId,
    now,
    sleep: options.sleep ?? (() => Promise.resolve()),
    report: options.report,
    concurrency: options.concurrency ?? 50,
    perEndpoint: options.perEndpoint ?? 20,
  });

  const look = async (): Promise<number> => {
    const before = { begun, taken };
    worker.wake();
    // One that had begun before may have missed what is due now.
    await until(() => ended > before.begun && isOver);
    return taken - before.taken;
  };
  return {
    ...worker,
    underWay,
    look,
    async settle() {
      do {
        await until(() => underWay.size === 0);
        await look();
      } while (!isSettled);
    },
  };
}
