import { describe, expect, test } from "vitest";
import { createRecorder } from "../../src/server/record.ts";
import { addEndpoint, publish, publishOne, show } from "./deliveries-of.ts";
import { answered, heldCourier } from "./held-courier.ts";
import { openPlane } from "./plane.ts";
import { startReceiver } from "./receiver.ts";

const minute = 60_000;

describe("recording an attempt", () => {
  test("that fails is tried again, and the delivery is not sent again", async () => {
    const waits: number[] = [];
    let failures = 6;
    const plane = await openPlane();
    const { registry, store, now, report } = plane.options;
    const newId = (): never => {
      throw new Error("no id is needed");
    };
    const options = { store, registry, newId, now, report, fraction: () => 0.5, disableAfter: 10 };
    const recorder = createRecorder(options);
    const courier = heldCourier();
    await addEndpoint(plane, "http://127.0.0.1:1");
    const id = await publishOne(plane);
    const worker = plane.addWorker({
      courier,
      sleep: async (ms) => void waits.push(ms),
      record: (...attempt) =>
        failures-- > 0 ? Promise.reject(new Error("the disk is full")) : recorder(...attempt),
    });
    await worker.start();
    await courier.until(1);
    courier.end(answered(500));
    await worker.settle();
    expect(waits).toEqual([1000, 2000, 5000, 10_000, 10_000, 10_000]);
    expect(plane.events.map(({ type }) => type)).toEqual([...Array<string>(6).fill("failed"), "attempt"]);
    expect(await show(plane, id)).toMatchObject({
      status: "pending",
      attempts_made: 1,
      attempts: [{ status: 500 }],
    });
    expect(courier.taken).toHaveLength(1);
  });

  test("is given up when the worker is stopped, and the delivery is due again", async () => {
    const plane = await openPlane();
    await addEndpoint(plane, "http://127.0.0.1:1");
    const id = await publishOne(plane);
    const courier = heldCourier();
    const worker = plane.addWorker({
      courier,
      record: () => Promise.reject(new Error("the disk is full")),
      // Between tries it waits for as long as the test lets it.
      sleep: () => new Promise((resolve) => setImmediate(resolve)),
    });
    await worker.start();
    await courier.until(1);
    courier.end();
    await worker.stop(0);
    expect(await show(plane, id)).toMatchObject({ status: "pending", attempts_made: 0 });
  });
});

describe("attempting some deliveries alone", () => {
  test("makes what is due of them, and of no others", async () => {
    const plane = await openPlane({ delivery: { perEndpoint: 2 } });
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    const ids: string[] = [];
    for (let times = 0; times < 6; times++) ids.push(await publishOne(plane));
    const [other, ...asked] = ids;
    receiver.reply = { status: 500 };
    await plane.worker.attempt(plane.account.id, asked);
    expect(receiver.received).toHaveLength(5);
    for (const id of asked) expect((await show(plane, id)).attempts).toMatchObject([{ status: 500 }]);
    expect((await show(plane, other ?? "")).attempts_made).toBe(0);
    // None of them is due now.
    plane.pass(minute - 1);
    await plane.worker.attempt(plane.account.id, asked);
    expect(receiver.received).toHaveLength(5);
    plane.pass(1);
    await plane.worker.attempt(plane.account.id, [...asked, ...asked, "dlv_none"]);
    expect(receiver.received).toHaveLength(10);
  });

  test("makes none of another account's, nor what another is sending", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    const id = await publishOne(plane);
    const { account: other } = await plane.addAccount("other");
    await plane.worker.attempt(other.id, [id]);
    expect(receiver.received).toEqual([]);
    receiver.reply = "hang";
    const [first] = [plane.worker.attempt(plane.account.id, [id])];
    await receiver.until(1);
    await plane.addWorker().attempt(plane.account.id, [id]);
    expect(receiver.received).toHaveLength(1);
    receiver.release();
    await first;
    expect((await show(plane, id)).status).toBe("succeeded");
  });

  test("is nothing where there are none", async () => {
    const plane = await openPlane();
    await plane.worker.attempt(plane.account.id, []);
    expect((await publish(plane)).deliveries).toEqual([]);
  });
});
