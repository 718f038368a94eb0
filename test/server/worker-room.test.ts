import { describe, expect, test } from "vitest";
import { addEndpoint, publish, show } from "./deliveries-of.ts";
import { answered, heldCourier, type HeldCourier } from "./held-courier.ts";
import { openPlane, type Plane } from "./plane.ts";
import { startReceiver } from "./receiver.ts";

const minute = 60_000;
const nowhere = "http://127.0.0.1:1";
const anywhere = { provider: "fareplay", events: ["*"] };
const anEvent = { provider: "fareplay", type: "order.created", payload: {} };

/** Ends what waits, again and again until so many were taken, and looks in between. */
async function endInTurns(courier: HeldCourier, taken: number, look: () => void): Promise<void> {
  while (courier.taken.length < taken) {
    look();
    const before = courier.taken.length;
    courier.end();
    await courier.until(before + 1);
  }
  look();
  courier.end();
}

async function publishMany(plane: Plane, times: number, type = "order.created"): Promise<string[]> {
  const ids: string[] = [];
  for (let made = 0; made < times; made++) {
    const { deliveries } = await publish(plane, { type });
    ids.push(...deliveries.map(({ id }) => id));
  }
  // Else its timer would find them, up to a second later.
  plane.worker.wake();
  return ids;
}

describe.each([
  ["stored as being sent", true],
  ["found as due", false],
])("deliveries that are %s", (_, dispatch) => {
  test("are never more at once than a worker may have under way, of which an account has half", async () => {
    const courier = heldCourier();
    const plane = await openPlane({ dispatch, delivery: { courier, concurrency: 6 } });
    for (const path of ["a", "b"]) await addEndpoint(plane, `${nowhere}/${path}`);
    await plane.worker.start();
    const ids = await publishMany(plane, 5);
    await courier.until(3);
    const { root } = await plane.addAccount("other");
    await plane.done("endpoints.create", { body: { ...anywhere, url: nowhere } }, root);
    for (let times = 0; times < 5; times++) {
      const { deliveries } = await plane.done("events.publish", { body: anEvent }, root);
      ids.push(...(deliveries as { id: string }[]).map(({ id }) => id));
    }
    plane.worker.wake();
    await courier.until(6);
    await endInTurns(courier, 15, () => expect(courier.waiting()).toBeLessThanOrEqual(6));
    await plane.worker.settle();
    expect(courier.most()).toBe(6);
    expect(courier.taken.map(({ delivery }) => delivery.id).sort()).toEqual(ids.sort());
  });

  test("are never more at once than an endpoint may have under way", async () => {
    const courier = heldCourier();
    const plane = await openPlane({ dispatch, delivery: { courier, perEndpoint: 2 } });
    const { id: a } = await addEndpoint(plane, nowhere);
    const { id: b } = await addEndpoint(plane, nowhere);
    await plane.worker.start();
    await publishMany(plane, 8);
    await courier.until(4);
    await endInTurns(courier, 16, () => {
      for (const id of [a, b]) expect(courier.waiting(id)).toBeLessThanOrEqual(2);
    });
    await plane.worker.settle();
    expect(courier.most()).toBe(4);
    expect(courier.taken).toHaveLength(16);
  });

  test("do not wait for an endpoint that hangs, as long as there is room beside it", async () => {
    const plane = await openPlane({ dispatch, delivery: { perEndpoint: 2, concurrency: 6 } });
    const receiver = await startReceiver();
    await addEndpoint(plane, `${receiver.url}/hangs`);
    await addEndpoint(plane, `${receiver.url}/answers`);
    receiver.reply = ({ url }) => (url === "/hangs" ? "hang" : {});
    await plane.worker.start();
    // So many that nobody could wait for a timer's turn for each.
    const ids = await publishMany(plane, 40);
    await receiver.until(42);
    expect(receiver.waiting()).toBe(2);
    const urls = receiver.received.map(({ url }) => url);
    expect(urls.filter((url) => url === "/answers")).toHaveLength(40);
    receiver.reply = {};
    receiver.release();
    await plane.worker.settle();
    for (const id of ids) expect((await show(plane, id)).status).toBe("succeeded");
  });

  test("are two at once to an endpoint that gave no answer, until it gives one", async () => {
    const courier = heldCourier();
    const plane = await openPlane({ dispatch, delivery: { courier, perEndpoint: 5 } });
    await addEndpoint(plane, nowhere);
    await plane.worker.start();
    await publishMany(plane, 1);
    await courier.until(1);
    courier.end(answered(null));
    await plane.worker.settle();
    await publishMany(plane, 12);
    await courier.until(3);
    await plane.worker.look();
    expect(courier.waiting()).toBe(2);
    // Silent again.
    courier.end(answered(null), 1);
    await courier.until(4);
    await plane.worker.look();
    expect(courier.waiting()).toBe(2);
    // Any answer will do.
    courier.end(answered(500), 1);
    await courier.until(8);
    await plane.worker.look();
    expect(courier.waiting()).toBe(5);
    courier.end();
    await courier.until(13);
    courier.end();
    await plane.worker.settle();
  });
});

test("an endpoint with one delivery does not wait behind one with many", async () => {
  const courier = heldCourier();
  const plane = await openPlane({ dispatch: false, delivery: { courier, concurrency: 4, perEndpoint: 2 } });
  const { id: busy } = await addEndpoint(plane, nowhere, { events: ["order.*"] });
  const { id: quiet } = await addEndpoint(plane, nowhere, { events: ["payment.*"] });
  await publishMany(plane, 20);
  plane.pass(minute);
  await publishMany(plane, 1, "payment.completed");
  await plane.worker.start();
  await courier.until(2);
  expect(courier.taken.map(({ endpoint }) => endpoint.id).sort()).toEqual([busy, quiet].sort());
  await endInTurns(courier, 21, () => undefined);
  await plane.worker.settle();
});

test("an account with one delivery does not wait behind one with many", async () => {
  const courier = heldCourier();
  const plane = await openPlane({ dispatch: false, delivery: { courier, concurrency: 2, perEndpoint: 2 } });
  await addEndpoint(plane, nowhere);
  await publishMany(plane, 20);
  plane.pass(minute);
  const { account, root } = await plane.addAccount("other");
  await plane.done("endpoints.create", { body: { ...anywhere, url: nowhere } }, root);
  await plane.done("events.publish", { body: anEvent }, root);
  await plane.worker.start();
  await courier.until(2);
  expect(courier.taken.map(({ delivery }) => delivery.accountId).sort()).toEqual(
    [plane.account.id, account.id].sort(),
  );
  await endInTurns(courier, 21, () => undefined);
  await plane.worker.settle();
});

test("of an endpoint's deliveries the longest due goes first", async () => {
  const courier = heldCourier();
  const plane = await openPlane({ dispatch: false, delivery: { courier, concurrency: 1 } });
  await addEndpoint(plane, nowhere);
  const ids: string[] = [];
  for (let times = 0; times < 4; times++) {
    ids.push(...(await publishMany(plane, 1)));
    plane.pass(1);
  }
  await plane.worker.start();
  await courier.until(1);
  await endInTurns(courier, 4, () => undefined);
  await plane.worker.settle();
  expect(courier.taken.map(({ delivery }) => delivery.id)).toEqual(ids);
});

test("what is not kept of a publish gives its room back", async () => {
  const courier = heldCourier();
  const plane = await openPlane({ delivery: { courier, perEndpoint: 1, concurrency: 4 } });
  const { id: first } = await addEndpoint(plane, nowhere);
  const { id: second } = await addEndpoint(plane, nowhere);
  await plane.worker.start();
  const { worker } = plane;
  plane.options.dispatch = {
    ...worker,
    reserve(accountId, endpointId, bytes) {
      if (endpointId === second) throw new Error("no");
      return worker.reserve(accountId, endpointId, bytes);
    },
  };
  expect((await plane.call("events.publish", { body: anEvent })).status).toBe(500);
  expect((await plane.done("deliveries.list", { query: {} }))["data"]).toEqual([]);
  expect((await plane.done("events.list", { query: {} }))["data"]).toEqual([]);
  expect(courier.taken).toEqual([]);

  plane.options.dispatch = worker;
  const { deliveries } = await publish(plane);
  expect(courier.taken.map(({ endpoint }) => endpoint.id)).toEqual([first, second]);
  for (const { id } of deliveries) expect((await show(plane, id)).status).toBe("sending");
  courier.end();
  await plane.worker.settle();
});
