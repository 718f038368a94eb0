import { describe, expect, test, vi } from "vitest";
import type { Queue } from "../../src/store/contract.ts";
import { ever, roomFor } from "../store/rows.ts";
import { addEndpoint, publish, publishOne, show } from "./deliveries-of.ts";
import { answered, heldCourier } from "./held-courier.ts";
import { openPlane, type Plane } from "./plane.ts";
import { startReceiver } from "./receiver.ts";

const second = 1000;
/** How long a worker's deliveries stay its own after its last sign of life. */
const lease = 15 * second;

/** What a worker of another process has taken on, which is never heard of again. */
async function takeAsAnother(plane: Plane, worker: string): Promise<string[]> {
  const { queue } = plane.options.store;
  const held = { worker, until: plane.time() + lease };
  await queue.renew(held, true);
  const claimed = await queue.claim(held, plane.time(), { providers: ["fareplay"] }, roomFor(100));
  return (claimed ?? []).map(({ delivery }) => delivery.id);
}

const statusOf = async (plane: Plane, id: string) => (await show(plane, id)).status;

describe("a worker that vanished", () => {
  test("keeps its deliveries until its lease has ended, and not longer", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    const id = await publishOne(plane);
    expect(await takeAsAnother(plane, "wrk_gone")).toEqual([id]);

    plane.pass(lease - 1);
    await plane.worker.start();
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(0);
    expect(await statusOf(plane, id)).toBe("sending");

    plane.pass(1);
    await plane.options.store.queue.reclaim(plane.time(), ever);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
    expect(await show(plane, id)).toMatchObject({ status: "succeeded", attempts_made: 1 });
  });

  test("is found out when another starts", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    const id = await publishOne(plane);
    await takeAsAnother(plane, "wrk_gone");
    plane.pass(lease);
    await plane.worker.start();
    await plane.worker.settle();
    expect(await statusOf(plane, id)).toBe("succeeded");
  });

  test("that comes back late has what it did thrown away: the delivery is another's by then", async () => {
    const plane = await openPlane();
    await addEndpoint(plane, "http://127.0.0.1:1");
    const [late, next] = [heldCourier(), heldCourier()];
    const first = plane.addWorker({ courier: late });
    await first.start();
    const id = await publishOne(plane);
    await first.look();
    expect(late.taken).toHaveLength(1);
    // The machine of the first slept.
    plane.pass(lease);
    await plane.options.store.queue.reclaim(plane.time(), ever);
    const second = plane.addWorker({ courier: next });
    await second.start();
    expect(await second.look()).toBe(1);

    late.end();
    await first.settle();
    expect(await show(plane, id)).toMatchObject({ status: "sending", attempts_made: 0, attempts: [] });
    expect(plane.events).toEqual([]);

    next.end(answered(500));
    await second.settle();
    expect(await show(plane, id)).toMatchObject({
      status: "pending",
      attempts_made: 1,
      attempts: [{ number: 1, status: 500 }],
    });
  });
});

test("a worker that is alive keeps what it has, however long it takes", async () => {
  vi.useFakeTimers({ toFake: ["setInterval", "clearInterval"] });
  try {
    const plane = await openPlane();
    await addEndpoint(plane, "http://127.0.0.1:1");
    const held = heldCourier();
    const alive = plane.addWorker({ courier: held });
    await alive.start();
    const id = await publishOne(plane);
    await alive.look();
    const other = plane.addWorker({ courier: heldCourier() });
    const { queue } = plane.options.store;
    for (let round = 0; round < 10; round++) {
      plane.pass(4 * second);
      vi.advanceTimersByTime(4 * second);
      // A write that stands behind the lease's.
      await queue.release("wrk_none", plane.time());
      await queue.reclaim(plane.time() + 10 * second, ever);
    }
    await other.start();
    expect(await other.look()).toBe(0);
    held.end();
    await alive.settle();
    expect(await show(plane, id)).toMatchObject({ status: "succeeded", attempts_made: 1 });
  } finally {
    vi.useRealTimers();
  }
});

test("a worker whose lease ran out as its machine slept takes nothing away from itself", async () => {
  vi.useFakeTimers({ toFake: ["setTimeout", "clearTimeout"], shouldAdvanceTime: true });
  try {
    const plane = await openPlane();
    const { store } = plane.options;
    const held = heldCourier();
    let told = (): void => undefined;
    const reclaim: Queue["reclaim"] = async (...times) => {
      await store.queue.reclaim(...times);
      told();
    };
    const worker = plane.addWorker({
      courier: held,
      store: { ...store, queue: { ...store.queue, reclaim } },
    });
    await addEndpoint(plane, "http://127.0.0.1:1");
    await worker.start();
    const id = await publishOne(plane);
    await worker.look();
    const looked = new Promise<void>((resolve) => (told = resolve));
    plane.pass(100 * lease);
    vi.advanceTimersByTime(second);
    await looked;
    expect(await statusOf(plane, id)).toBe("sending");
    held.end();
    await worker.settle();
    expect(await show(plane, id)).toMatchObject({ status: "succeeded", attempts_made: 1 });
    expect(held.taken).toHaveLength(1);
  } finally {
    vi.useRealTimers();
  }
});

test("several workers share what is due, and nothing is sent twice", async () => {
  const plane = await openPlane({ dispatch: false });
  const receiver = await startReceiver();
  for (let times = 0; times < 3; times++) await addEndpoint(plane, `${receiver.url}/${times}`);
  const others = Array.from({ length: 3 }, () => plane.addWorker({ concurrency: 4, perEndpoint: 2 }));
  for (let times = 0; times < 10; times++) await publish(plane);
  await Promise.all(others.map((worker) => worker.start()));
  await receiver.until(30);
  await Promise.all(others.map((worker) => worker.settle()));
  expect(receiver.received).toHaveLength(30);
  const { data } = await plane.done("deliveries.list", { query: { limit: 100 } });
  const all = data as { status: string; attempts_made: number }[];
  expect(all.map(({ status, attempts_made }) => `${status} ${attempts_made}`)).toEqual(
    Array<string>(30).fill("succeeded 1"),
  );
});

describe("a worker that is stopped", () => {
  test("lets what is under way finish", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    receiver.reply = "hang";
    const worker = plane.addWorker({ sleep: () => new Promise(() => undefined) });
    const id = await publishOne(plane);
    await worker.start();
    await receiver.until(1);
    const stopped = worker.stop(1000);
    receiver.release();
    await stopped;
    expect(await show(plane, id)).toMatchObject({ status: "succeeded", attempts_made: 1 });
  });

  test("gives back at once what does not finish in time, and it counts as no attempt", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    receiver.reply = "hang";
    await plane.worker.start();
    const id = await publishOne(plane);
    await receiver.until(1);
    await plane.worker.stop(0);
    expect(await show(plane, id)).toMatchObject({
      status: "pending",
      attempts_made: 0,
      attempts: [],
      next_attempt_at: new Date(plane.time()).toISOString(),
    });
    receiver.reply = {};
    const next = plane.addWorker();
    await next.start();
    await next.settle();
    expect(await show(plane, id)).toMatchObject({ status: "succeeded", attempts_made: 1 });
  });

  test("takes nothing more on", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpoint } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    await plane.worker.stop(0);
    expect(plane.worker.reserve(plane.account.id, endpoint, 1)).toBeUndefined();
    const id = await publishOne(plane);
    expect(await show(plane, id)).toMatchObject({ status: "pending", attempts_made: 0 });
    expect(receiver.received).toEqual([]);
  });

  test("does not send what is stored for it only then, and another finds it", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpoint } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    // As a publish whose transaction ends after the worker did.
    const given = { ...plane.worker };
    plane.options.dispatch = {
      ...given,
      take(claimed) {
        late.push(() => given.take(claimed));
      },
    };
    const late: (() => void)[] = [];
    const id = await publishOne(plane);
    expect(await statusOf(plane, id)).toBe("sending");
    await plane.worker.stop(0);
    for (const take of late) take();
    expect(plane.worker.underWay.size).toBe(0);
    expect(plane.worker.reserve(plane.account.id, endpoint, 1)).toBeUndefined();
    const next = plane.addWorker();
    await next.start();
    await next.settle();
    expect(receiver.received).toHaveLength(1);
    expect(await show(plane, id)).toMatchObject({ status: "succeeded", attempts_made: 1 });
  });
});
