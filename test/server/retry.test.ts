import { describe, expect, test } from "vitest";
import type { Delivery } from "../../src/remote/contract.ts";
import { createIds } from "../../src/server/ids.ts";
import type { DeliveryStatus } from "../../src/store/contract.ts";
import { delivery } from "../store/rows.ts";
import { addEndpoint, codeOf, publish, publishOne, retry, show, update } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";
import { startReceiver, type Receiver } from "./receiver.ts";

const [second, minute] = [1000, 60_000];
const nowhere = "http://127.0.0.1:1";

interface Retried {
  data: { id: string; retried: boolean; code: string | null; message: string | null }[];
  next_cursor: string | null;
}

const retryMany = async (plane: Plane, body: object) =>
  (await plane.done("deliveries.retryMany", { body })) as unknown as Retried;
const activityOf = async (plane: Plane) =>
  (await plane.done("activity.list", { query: { action: "delivery.retried" } }))["data"];

async function start(): Promise<{ plane: Plane; receiver: Receiver; endpoint: string }> {
  const plane = await openPlane();
  const receiver = await startReceiver();
  const { id: endpoint } = await addEndpoint(plane, receiver.url);
  await plane.worker.start();
  return { plane, receiver, endpoint };
}

/** Stores a delivery of a status. @returns its id */
async function store(plane: Plane, endpointId: string, status: DeliveryStatus, id: string): Promise<string> {
  const { id: eventId } = await publish(plane, { provider: "github", type: "push" });
  const worker = status === "sending" ? "wrk_1" : null;
  const changes = {
    eventId,
    endpointId,
    status,
    worker,
    provider: "fareplay",
    dueAt: null,
    scheduledAt: null,
  };
  await plane.options.store.deliveries.insert(delivery(plane.account.id, id, changes));
  return id;
}

describe("a retry", () => {
  test("is one attempt more at once, beside the schedule", async () => {
    const { plane, receiver } = await start();
    receiver.reply = { status: 500 };
    const id = await publishOne(plane);
    await plane.worker.settle();
    const due = plane.time() + minute;
    plane.pass(20 * second);
    const answer = await retry(plane, id);
    expect(answer).toMatchObject({
      status: 202,
      body: {
        id,
        status: "pending",
        next_attempt_at: new Date(plane.time()).toISOString(),
        attempts_made: 1,
      },
    });
    expect((answer.body as Delivery).last_attempt).toMatchObject({ number: 1, kind: "automatic" });
    await plane.worker.settle();
    expect(await show(plane, id)).toMatchObject({
      status: "pending",
      next_attempt_at: new Date(due).toISOString(),
      attempts: [{ kind: "automatic" }, { kind: "manual", number: 2 }],
    });
    plane.pass(40 * second - 1);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(2);
    plane.pass(1);
    await plane.worker.settle();
    // The second of the schedule, so the third comes ten minutes later.
    expect(await show(plane, id)).toMatchObject({
      next_attempt_at: new Date(plane.time() + 10 * minute).toISOString(),
      attempts: [{ kind: "automatic" }, { kind: "manual" }, { kind: "automatic", number: 3 }],
    });
  });

  test("asked for twice before it is made is one", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const id = await store(plane, endpoint, "failed", "dlv_1");
    const first = await retry(plane, id);
    const again = await retry(plane, id);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body).toEqual(first.body);
    await plane.worker.attempt(plane.account.id, [id]);
    expect(await show(plane, id)).toMatchObject({ status: "failed", attempts_made: 1 });
  });

  test("wakes the worker once it is kept, and not where it is refused", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const failed = await store(plane, endpoint, "failed", "dlv_1");
    const done = await store(plane, endpoint, "succeeded", "dlv_2");
    let woken = 0;
    plane.options.dispatch = { ...plane.worker, wake: () => void woken++ };
    await retry(plane, done);
    expect(woken).toBe(0);
    await retry(plane, failed);
    expect(woken).toBe(1);
    await retryMany(plane, { ids: [done], force: true });
    expect(woken).toBe(2);
  });

  test("is in the activity log", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const id = await store(plane, endpoint, "failed", "dlv_1");
    await retry(plane, id);
    expect(await activityOf(plane)).toMatchObject([{ count: 1, subject: { id, name: "charge.refunded" } }]);
  });

  type Make = (plane: Plane, endpoint: string) => Promise<string>;
  const refusals: [what: string, make: Make, status: number, code: string][] = [
    ["that has succeeded", (plane, id) => store(plane, id, "succeeded", "dlv_1"), 409, "delivery-succeeded"],
    ["that is under way", (plane, id) => store(plane, id, "sending", "dlv_1"), 409, "delivery-under-way"],
    ["that was cancelled", (plane, id) => store(plane, id, "cancelled", "dlv_1"), 409, "delivery-cancelled"],
    [
      "of a disabled endpoint",
      async (plane, id) => {
        await update(plane, id, { status: "disabled" });
        return store(plane, id, "failed", "dlv_1");
      },
      409,
      "endpoint-disabled",
    ],
    [
      "of a deleted endpoint",
      async (plane, id) => {
        const made = await store(plane, id, "failed", "dlv_1");
        await plane.done("endpoints.delete", { params: { id } });
        return made;
      },
      410,
      "endpoint-deleted",
    ],
    ["that is not there", async () => "dlv_none", 404, "not-found"],
  ];
  test.each(refusals)("is refused for a delivery %s", async (_, make, status, code) => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const id = await make(plane, endpoint);
    const before = (await plane.done("deliveries.list", { query: {} }))["data"];
    const answer = await retry(plane, id);
    expect([answer.status, codeOf(answer)]).toEqual([status, code]);
    const many = await retryMany(plane, { ids: [id] });
    const { detail } = answer.body as { detail: string };
    expect(many).toEqual({ data: [{ id, retried: false, code, message: detail }], next_cursor: null });
    if (code !== "delivery-succeeded") expect(codeOf(await retry(plane, id, { force: true }))).toBe(code);
    expect((await plane.done("deliveries.list", { query: {} }))["data"]).toEqual(before);
    expect(await activityOf(plane)).toEqual([]);
  });

  test("of one that has succeeded is made where it is insisted on, which it stays should that fail", async () => {
    const { plane, receiver } = await start();
    const id = await publishOne(plane);
    await plane.worker.settle();
    receiver.reply = { status: 500 };
    expect((await retry(plane, id, { force: true })).status).toBe(202);
    await plane.worker.settle();
    expect(await show(plane, id)).toMatchObject({
      status: "succeeded",
      next_attempt_at: null,
      attempts: [
        { kind: "automatic", status: 200 },
        { kind: "manual", status: 500 },
      ],
    });
  });

  test("may name the endpoint, but no other", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const id = await store(plane, endpoint, "failed", "dlv_1");
    expect(codeOf(await retry(plane, id, { endpoint_id: "ep_other" }))).toBe("body-invalid");
    expect((await retry(plane, id, { endpoint_id: endpoint })).status).toBe(202);
  });
});

describe("retrying many", () => {
  test("takes each of the ids once, and tells of each how it went", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const failed = await store(plane, endpoint, "failed", "dlv_1");
    const done = await store(plane, endpoint, "succeeded", "dlv_2");
    const { data, next_cursor } = await retryMany(plane, { ids: [failed, "dlv_none", done, failed] });
    expect(data.map(({ id, retried, code }) => [id, retried, code])).toEqual([
      [failed, true, null],
      ["dlv_none", false, "not-found"],
      [done, false, "delivery-succeeded"],
    ]);
    expect(next_cursor).toBeNull();
    expect((await show(plane, failed)).status).toBe("pending");
    expect(await activityOf(plane)).toMatchObject([{ subject: { id: failed }, detail: { count: 1 } }]);
    const forced = await retryMany(plane, { ids: [done], force: true });
    expect(forced.data).toMatchObject([{ id: done, retried: true }]);
  });

  test("by a filter means the failed ones, unless it says otherwise", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const { id: other } = await addEndpoint(plane, nowhere);
    const failed = await store(plane, endpoint, "failed", "dlv_1");
    const waiting = await store(plane, endpoint, "pending", "dlv_2");
    const elsewhere = await store(plane, other, "failed", "dlv_3");
    await store(plane, endpoint, "succeeded", "dlv_4");
    const idsOf = ({ data }: Retried): string[] => data.map(({ id }) => id);
    expect(idsOf(await retryMany(plane, { endpoint_id: endpoint }))).toEqual([failed]);
    expect(idsOf(await retryMany(plane, { endpoint_id: endpoint }))).toEqual([]);
    expect(idsOf(await retryMany(plane, { endpoint_id: endpoint, status: "pending" }))).toEqual([
      failed,
      waiting,
    ]);
    expect(idsOf(await retryMany(plane, { status: "failed" }))).toEqual([elsewhere]);
    expect(await retryMany(plane, { event_type: "none" })).toEqual({ data: [], next_cursor: null });
  });

  test("by a filter takes 100, the oldest first, and says that there are more", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const { id: eventId } = await publish(plane, { provider: "github", type: "push" });
    const ids = Array.from({ length: 130 }, (_, index) => `dlv_${1000 + index}`);
    await plane.options.store.write(plane.account.id, async ({ deliveries }) => {
      const changes = { eventId, endpointId: endpoint, status: "failed", dueAt: null } as const;
      for (const id of ids) await deliveries.insert(delivery(plane.account.id, id, changes));
    });
    const first = await retryMany(plane, { status: "failed" });
    expect(first.data.map(({ id }) => id)).toEqual(ids.slice(0, 100));
    expect(first.next_cursor).toBe(ids[99]);
    const rest = await retryMany(plane, { status: "failed", cursor: first.next_cursor });
    expect(rest.data.map(({ id }) => id)).toEqual(ids.slice(100));
    expect(rest.next_cursor).toBeNull();
    expect(await activityOf(plane)).toMatchObject([{ detail: { count: 30 } }, { detail: { count: 100 } }]);
  });

  test("by a time takes what was made from then on, and before then", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const newId = createIds(() => plane.time(), plane.options.random);
    const ids: string[] = [];
    for (let times = 0; times < 3; times++) {
      ids.push(await store(plane, endpoint, "failed", newId("dlv")));
      plane.pass(second);
    }
    const at = (seconds: number): string => new Date(plane.time() + seconds * second).toISOString();
    const { data } = await retryMany(plane, { since: at(-2), until: at(-1) });
    expect(data.map(({ id }) => id)).toEqual([ids[1]]);
  });

  test("by a filter goes on behind those that were refused", async () => {
    const plane = await openPlane();
    const { id: endpoint } = await addEndpoint(plane, nowhere);
    const { id: eventId } = await publish(plane, { provider: "github", type: "push" });
    const ids = Array.from({ length: 101 }, (_, index) => `dlv_${1000 + index}`);
    await plane.options.store.write(plane.account.id, async ({ deliveries }) => {
      const changes = { eventId, endpointId: endpoint, status: "succeeded", dueAt: null } as const;
      for (const id of ids) await deliveries.insert(delivery(plane.account.id, id, changes));
    });
    const first = await retryMany(plane, { status: "succeeded" });
    expect(new Set(first.data.map(({ code }) => code))).toEqual(new Set(["delivery-succeeded"]));
    const rest = await retryMany(plane, { status: "succeeded", cursor: first.next_cursor });
    expect(rest.data.map(({ id }) => id)).toEqual([ids[100]]);
    expect(rest.next_cursor).toBeNull();
  });

  test.each<[string, object]>([
    ["nothing", {}],
    ["a cursor alone", { cursor: "dlv_1" }],
    ["ids and a cursor", { ids: ["dlv_1"], cursor: "dlv_1" }],
    ["force alone", { force: true }],
    ["ids and a filter", { ids: ["dlv_1"], status: "failed" }],
    ["no ids", { ids: [] }],
    ["too many ids", { ids: Array<string>(101).fill("dlv_1") }],
    ["what is no id", { ids: ["evt_1"] }],
    ["an unknown status", { status: "broken" }],
    ["an unknown field", { all: true }],
  ])("by %s is refused", async (_, body) => {
    const plane = await openPlane();
    const answer = await plane.call("deliveries.retryMany", { body });
    expect([answer.status, codeOf(answer)]).toEqual([422, "body-invalid"]);
  });
});
