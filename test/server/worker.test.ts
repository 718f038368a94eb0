import { describe, expect, test } from "vitest";
import { createRegistry } from "../../src/providers/index.ts";
import { sampleProvider } from "../payloads/sample-providers.ts";
import { endpoint, event, delivery } from "../store/rows.ts";
import { addEndpoint, publishOne, show, update } from "./deliveries-of.ts";
import { heldCourier } from "./held-courier.ts";
import { openPlane, type Plane } from "./plane.ts";
import { startReceiver } from "./receiver.ts";

const minute = 60_000;

const remove = (plane: Plane, id: string) => plane.done("endpoints.delete", { params: { id } });

describe("an endpoint that is disabled", () => {
  test("gets nothing, and what has waited once it is enabled", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpointId } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = { status: 500 };
    const id = await publishOne(plane);
    await plane.worker.settle();
    await update(plane, endpointId, { status: "disabled" });
    expect(await show(plane, id)).toMatchObject({ status: "pending", next_attempt_at: null });
    plane.pass(100 * minute);
    await plane.worker.settle();
    await plane.worker.attempt(plane.account.id, [id]);
    expect(receiver.received).toHaveLength(1);

    receiver.reply = {};
    let woken = 0;
    const wake = (): void => {
      woken++;
      plane.worker.wake();
    };
    plane.options.dispatch = { ...plane.worker, wake };
    await update(plane, endpointId, { description: "no reason to wake" });
    expect(woken).toBe(0);
    await update(plane, endpointId, { status: "enabled" });
    expect(woken).toBe(1);
    await receiver.until(2);
    await plane.worker.settle();
    expect(await show(plane, id)).toMatchObject({ status: "succeeded", attempts_made: 2 });
  });

  test("while an attempt is under way has it recorded, and no other follows", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpointId } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = "hang";
    const id = await publishOne(plane);
    await receiver.until(1);
    await update(plane, endpointId, { status: "disabled" });
    receiver.release({ status: 500 });
    await plane.worker.settle();
    expect(await show(plane, id)).toMatchObject({
      status: "pending",
      next_attempt_at: null,
      attempts: [{ status: 500 }],
    });
    plane.pass(minute);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
  });
});

describe("an endpoint that is deleted", () => {
  test("has what is pending cancelled", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpointId } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = { status: 500 };
    const id = await publishOne(plane);
    await plane.worker.settle();
    await remove(plane, endpointId);
    expect(await show(plane, id)).toMatchObject({
      status: "cancelled",
      next_attempt_at: null,
      attempts_made: 1,
      endpoint_url: `${receiver.url}/`,
    });
    plane.pass(100 * minute);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
    const { data } = await plane.done("activity.list", { query: { action: "endpoint.deleted" } });
    expect(data).toMatchObject([{ detail: { cancelled: 1 } }]);
  });

  test.each([
    [200, "succeeded"],
    [500, "cancelled"],
    [410, "failed"],
  ])(
    "while an attempt is under way that is answered with %i has it recorded: %s",
    async (status, outcome) => {
      const plane = await openPlane();
      const receiver = await startReceiver();
      const { id: endpointId } = await addEndpoint(plane, receiver.url);
      await plane.worker.start();
      receiver.reply = "hang";
      const id = await publishOne(plane);
      await receiver.until(1);
      await remove(plane, endpointId);
      expect((await show(plane, id)).status).toBe("sending");
      receiver.release({ status });
      await plane.worker.settle();
      expect(await show(plane, id)).toMatchObject({
        status: outcome,
        next_attempt_at: null,
        attempts: [{ status }],
      });
      plane.pass(100 * minute);
      await plane.worker.settle();
      expect(receiver.received).toHaveLength(1);
      expect(plane.events.map(({ type }) => type)).toEqual(["attempt"]);
    },
  );

  test("while an attempt is under way that is broken off has it cancelled", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpointId } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = "hang";
    const id = await publishOne(plane);
    await receiver.until(1);
    await remove(plane, endpointId);
    await plane.worker.stop(0);
    expect(await show(plane, id)).toMatchObject({ status: "cancelled", next_attempt_at: null });
  });
});

describe("an attempt", () => {
  test("follows no redirect", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const elsewhere = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = { status: 307, headers: { location: elsewhere.url } };
    const id = await publishOne(plane);
    await plane.worker.settle();
    expect((await show(plane, id)).attempts).toMatchObject([{ status: 307, error: "status" }]);
    expect(elsewhere.received).toEqual([]);
  });

  test("ends when its provider would give up", async () => {
    const hasty = sampleProvider("hasty", ["it"], { ack: { timeoutMs: 50, success: "2xx" } });
    const plane = await openPlane({ providers: [hasty] });
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url, { provider: "hasty" });
    await plane.worker.start();
    receiver.reply = "hang";
    const id = await publishOne(plane, { provider: "hasty", type: "it" });
    await plane.worker.settle();
    const { status, attempts } = await show(plane, id);
    expect(status).toBe("failed");
    expect(attempts).toMatchObject([{ status: null, error: "timeout", answer: null, answer_bytes: null }]);
    expect(attempts[0]?.duration_ms).toBeGreaterThanOrEqual(50);
  });

  test.each([
    [201, "failed", "answered 201, not 200"],
    [200, "succeeded", null],
  ])("is judged by what its provider takes: %i", async (status, outcome, message) => {
    const strict = sampleProvider("strict", ["it"], { ack: { timeoutMs: 5000, success: [200] } });
    const plane = await openPlane({ providers: [strict] });
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url, { provider: "strict" });
    await plane.worker.start();
    receiver.reply = { status };
    const id = await publishOne(plane, { provider: "strict", type: "it" });
    await plane.worker.settle();
    expect(await show(plane, id)).toMatchObject({ status: outcome, attempts: [{ status, message }] });
  });

  test("whose Retry-After asks for more than the schedule is followed by one no earlier", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = { status: 503, headers: { "retry-after": "300" } };
    const id = await publishOne(plane);
    await plane.worker.settle();
    plane.pass(5 * minute - 1);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
    receiver.reply = {};
    plane.pass(1);
    await plane.worker.settle();
    expect((await show(plane, id)).status).toBe("succeeded");
  });

  test("goes nowhere that the server may not send to, also where its endpoint says so", async () => {
    const plane = await openPlane({ allowPrivate: false });
    const receiver = await startReceiver();
    const { id: accountId } = plane.account;
    const row = endpoint(accountId, "ep_1", { provider: "fareplay", url: receiver.url });
    const vault = plane.options.vault;
    const secret = vault.seal("secret", "endpoint/ep_1");
    await plane.options.store.endpoints.insert({ ...row, secret });
    await plane.worker.start();
    const id = await publishOne(plane);
    await plane.worker.settle();
    expect((await show(plane, id)).attempts).toMatchObject([{ status: null, error: "target-refused" }]);
    expect(receiver.received).toEqual([]);
  });
});

/** A delivery of a provider that is not known here, as one of another version or another project file is. */
async function foreignDelivery(plane: Plane): Promise<string> {
  const { store } = plane.options;
  const accountId = plane.account.id;
  await store.endpoints.insert(endpoint(accountId, "ep_1", { provider: "ghost", url: "http://127.0.0.1:1" }));
  await store.events.insert(event(accountId, "evt_1", { provider: "ghost", type: "it" }));
  await store.deliveries.insert(
    delivery(accountId, "dlv_1", { provider: "ghost", eventType: "it", dueAt: 0, createdAt: 0 }),
  );
  return "dlv_1";
}

describe("a delivery of an unknown provider", () => {
  test("is left to those who know it", async () => {
    const plane = await openPlane();
    const id = await foreignDelivery(plane);
    await plane.worker.start();
    await plane.worker.settle();
    expect(await show(plane, id)).toMatchObject({ status: "pending", attempts_made: 0 });

    const courier = heldCourier();
    const knowing = plane.addWorker({
      courier,
      registry: createRegistry([sampleProvider("ghost", ["it"])]),
    });
    await knowing.start();
    await courier.until(1);
    courier.end();
    await knowing.settle();
    expect((await show(plane, id)).status).toBe("succeeded");
  });

  test("that is asked for all the same fails, and says so", async () => {
    const plane = await openPlane();
    const id = await foreignDelivery(plane);
    await plane.worker.attempt(plane.account.id, [id]);
    const { status, attempts } = await show(plane, id);
    expect(status).toBe("failed");
    expect(attempts).toMatchObject([{ status: null, error: "unsendable" }]);
    expect(attempts[0]?.message).toContain("ghost");
  });
});
