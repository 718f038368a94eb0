import { describe, expect, test } from "vitest";
import { closedPort } from "../cli/run-servers.ts";
import { addEndpoint, publishOne, retry, show } from "./deliveries-of.ts";
import { openPlane } from "./plane.ts";
import { headerOf, startReceiver, verdictOf } from "./receiver.ts";

const minute = 60_000;
const hour = 60 * minute;
const payload = `{ "id": "evt_own", "type": "order.created", "data": {"total": 8.00} }\n`;

describe.each([
  ["stored as being sent", true],
  ["found as due", false],
])("Fareplay's life of a delivery that is %s", (_, dispatch) => {
  test("fails, is retried after 1 min, 10 min and 1 h, fails for good, and is delivered by hand", async () => {
    const plane = await openPlane({ dispatch });
    const receiver = await startReceiver();
    const { secret } = await addEndpoint(plane, `${receiver.url}/hooks?a=b`);
    await plane.worker.start();
    const page = "é".repeat(15_000);
    receiver.reply = { status: 500, body: page };
    const started = plane.time();
    const id = await publishOne(plane, { payload });
    await plane.worker.settle();

    const starts = [started];
    for (const delay of [minute, 10 * minute, hour]) {
      const due = plane.time() + delay;
      expect(await show(plane, id)).toMatchObject({
        status: "pending",
        attempts_made: starts.length,
        next_attempt_at: new Date(due).toISOString(),
      });
      plane.pass(delay - 1);
      await plane.worker.settle();
      expect(receiver.received).toHaveLength(starts.length);
      plane.pass(1);
      await plane.worker.settle();
      starts.push(due);
      expect(receiver.received).toHaveLength(starts.length);
    }
    expect(await show(plane, id)).toMatchObject({
      status: "failed",
      attempts_made: 4,
      next_attempt_at: null,
    });
    plane.pass(1000 * hour);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(4);

    receiver.reply = { status: 204 };
    expect(await retry(plane, id)).toMatchObject({
      status: 202,
      body: { status: "pending", attempts_made: 4, next_attempt_at: new Date(plane.time()).toISOString() },
    });
    await plane.worker.settle();
    starts.push(plane.time());

    const { attempts, ...delivery } = await show(plane, id);
    expect(delivery).toMatchObject({
      status: "succeeded",
      attempts_made: 5,
      provider: "fareplay",
      event_type: "order.created",
      endpoint_url: `${receiver.url}/hooks?a=b`,
      next_attempt_at: null,
    });
    const failed = {
      kind: "automatic",
      status: 500,
      error: "status",
      message: "answered 500, not 2xx",
      answer: "é".repeat(10_000),
      answer_bytes: 30_000,
    };
    const delivered = {
      kind: "manual",
      status: 204,
      error: null,
      message: null,
      answer: "",
      answer_bytes: 0,
    };
    expect(attempts).toMatchObject(
      starts.map((at, index) => ({
        number: index + 1,
        started_at: new Date(at).toISOString(),
        ...(index < 4 ? failed : delivered),
      })),
    );
    for (const { duration_ms } of attempts) expect(duration_ms).toBeGreaterThan(0);

    const { received } = receiver;
    for (const [index, request] of received.entries()) {
      expect(request).toMatchObject({ method: "POST", url: "/hooks?a=b" });
      expect(request.body.toString()).toBe(payload);
      expect(verdictOf(request, "fareplay", [secret], starts[index] ?? 0)?.ok).toBe(true);
      expect(verdictOf(request, "fareplay", ["another"], starts[index] ?? 0)?.ok).toBe(false);
    }
    const everyTime = (value: string): string[] => Array<string>(5).fill(value);
    expect(headerOf(received, "x-fareplay-delivery")).toEqual(everyTime("evt_own"));
    expect(headerOf(received, "x-fareplay-event")).toEqual(everyTime("order.created"));
    expect(headerOf(received, "user-agent")).toEqual(everyTime("Fareplay-Webhooks/1.0"));
    expect(headerOf(received, "content-type")).toEqual(everyTime("application/json"));
    expect(headerOf(received, "content-length")).toEqual(everyTime(String(Buffer.byteLength(payload))));

    const reported = plane.events.filter(({ type }) => type === "attempt");
    expect(reported).toHaveLength(5);
    expect(plane.events).toHaveLength(5);
    expect(reported).toMatchObject(
      starts.map((_, index) => ({
        number: index + 1,
        outcome: index < 3 ? "pending" : index === 3 ? "failed" : "succeeded",
        nextAttemptAt: index < 3 ? starts[index + 1] : null,
        deliveryId: id,
      })),
    );
  });

  test("without an id of its own has one made for it, the same at every attempt", async () => {
    const plane = await openPlane({ dispatch });
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = { status: 503 };
    await publishOne(plane, { payload: "not JSON" });
    await plane.worker.settle();
    plane.pass(minute);
    await plane.worker.settle();
    const [first, second] = headerOf(receiver.received, "x-fareplay-delivery");
    expect(first).toMatch(/^evt_[0-9A-Za-z]{22}$/);
    expect(second).toBe(first);
  });

  test("that nobody takes is recorded without an answer", async () => {
    const plane = await openPlane({ dispatch });
    await addEndpoint(plane, `http://127.0.0.1:${await closedPort()}`);
    await plane.worker.start();
    const id = await publishOne(plane);
    await plane.worker.settle();
    const { attempts, status } = await show(plane, id);
    expect(status).toBe("pending");
    expect(attempts).toMatchObject([
      { number: 1, status: null, error: "refused", answer: null, answer_bytes: null },
    ]);
  });
});
