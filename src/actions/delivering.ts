import type { ServerEvent } from "../server/server-events.ts";
import { createCourier } from "../server/courier.ts";
import { createIds } from "../server/ids.ts";
import { createRecorder } from "../server/record.ts";
import type { Vault } from "../server/vault.ts";
import { createWorker, type Worker } from "../server/worker.ts";
import type { Store } from "../store/contract.ts";
import { createTargetGuard, type TargetGuard } from "../transport/guard.ts";
import type { DeliveryOptions } from "./control-plane.ts";
import type { Workspace } from "./workspace.ts";

/** What sends deliveries, and where it may send them. */
export interface Delivering {
  worker: Worker;
  guard: TargetGuard;
}

/**
 * @param options.accountId the account whose deliveries are sent; of all where it is undefined
 * @throws HooklineError `target-range-invalid`
 */
export function createDelivering(
  { host, registry }: Workspace,
  {
    store,
    vault,
    delivery,
    accountId,
    report,
  }: {
    store: Store;
    vault: Vault;
    delivery: DeliveryOptions;
    accountId: string | undefined;
    report: (event: ServerEvent) => void;
  },
): Delivering {
  const { now, random, sleep } = host;
  const { concurrency, perEndpoint, retryDelaysMs, disableAfter } = delivery;
  const guard = createTargetGuard(delivery.guard);
  const newId = createIds(now, random);
  const worker = createWorker({
    queue: store.queue,
    courier: createCourier({ registry, vault, guard, now }),
    record: createRecorder({
      store,
      registry,
      newId,
      now,
      fraction: () => random(4).readUInt32BE() / 2 ** 32,
      report,
      retryDelaysMs,
      disableAfter,
    }),
    reach: { providers: registry.all.map(({ id }) => id), accountId },
    newId,
    now,
    sleep,
    report,
    concurrency,
    perEndpoint,
  });
  return { worker, guard };
}
