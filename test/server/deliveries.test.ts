import { describe, expect, test } from "vitest";
import { createIds } from "../../src/server/ids.ts";
import type { DeliveryStatus } from "../../src/store/contract.ts";
import { addEndpoint, codeOf, publish, publishOne, retry, update } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";
import { startReceiver } from "./receiver.ts";
import { delivery } from "../store/rows.ts";

const [second, minute] = [1000, 60_000];
const nowhere = "http://127.0.0.1:1";
const at = (ms: number): string => new Date(ms).toISOString();

interface Listed {
  data: { id: string; status: DeliveryStatus }[];
  next_cursor: string;
  more?: boolean;
}

const list = async (plane: Plane, query: object = {}) =>
  (await plane.done("deliveries.list", { query })) as unknown as Listed;
const changes = async (plane: Plane, query: object = {}) =>
  (await plane.done("deliveries.changes", { query })) as unknown as Listed;
const statuses: DeliveryStatus[] = ["pending", "sending", "succeeded", "failed", "cancelled"];

/** A delivery of every status to each of two endpoints, of two events, one a second. */
async function fill(plane: Plane) {
  const { store, now } = plane.options;
  const newId = createIds(now, plane.options.random);
  const endpoints = [await addEndpoint(plane, nowhere), await addEndpoint(plane, `${nowhere}/b`)];
  for (const { id } of endpoints) await update(plane, id, { status: "disabled" });
  const types = ["order.created", "payment.completed"];
  const rows: { id: string; status: DeliveryStatus; endpoint: number; event: number; at: number }[] = [];
  const events: string[] = [];
  for (const [event, type] of types.entries()) {
    const { id: eventId } = await publish(plane, { type });
    events.push(eventId);
    for (const [endpoint, { id: endpointId }] of endpoints.entries()) {
      for (const status of statuses) {
        const id = newId("dlv");
        const changed = { eventId, endpointId, provider: "fareplay", eventType: type, status };
        const worker = status === "sending" ? "wrk_1" : null;
        await store.deliveries.insert(
          delivery(plane.account.id, id, { ...changed, worker, createdAt: now() }),
        );
        rows.push({ id, status, endpoint, event, at: now() });
        plane.pass(second);
      }
    }
  }
  return { rows: rows.reverse(), events, types, endpoints: endpoints.map(({ id }) => id) };
}

describe("deliveries", () => {
  test("are listed with their last attempt, newest first", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpointId } = await addEndpoint(plane, `${receiver.url}/x`);
    await plane.worker.start();
    receiver.reply = { status: 500, body: "secret" };
    const first = await publishOne(plane);
    await plane.worker.settle();
    await plane.worker.stop(0);
    const started = plane.time();
    plane.pass(second);
    const { id: eventId, deliveries } = await publish(plane);
    const page = await list(plane);
    expect(page).toEqual({
      data: [
        {
          id: deliveries[0]?.id,
          event_id: eventId,
          endpoint_id: endpointId,
          endpoint_url: `${receiver.url}/x`,
          provider: "fareplay",
          event_type: "order.created",
          status: "pending",
          attempts_made: 0,
          created_at: at(plane.time()),
          next_attempt_at: at(plane.time()),
          last_attempt: null,
        },
        {
          id: first,
          event_id: expect.stringMatching(/^evt_/) as string,
          endpoint_id: endpointId,
          endpoint_url: `${receiver.url}/x`,
          provider: "fareplay",
          event_type: "order.created",
          status: "pending",
          attempts_made: 1,
          created_at: at(started),
          next_attempt_at: at(started + minute),
          last_attempt: {
            number: 1,
            kind: "automatic",
            started_at: at(started),
            duration_ms: expect.any(Number) as number,
            status: 500,
            error: "status",
            message: "answered 500, not 2xx",
          },
        },
      ],
      next_cursor: null,
    });
  });

  test("are filtered by everything at once, in pages", async () => {
    const plane = await openPlane();
    const { rows, events, types, endpoints } = await fill(plane);
    const undefinedOr = <Value>(values: readonly Value[]): (Value | undefined)[] => [undefined, ...values];
    for (const status of undefinedOr(statuses)) {
      for (const endpoint of undefinedOr([0, 1])) {
        for (const event of undefinedOr([0, 1])) {
          const expected = rows.filter(
            (row) =>
              (status === undefined || row.status === status) &&
              (endpoint === undefined || row.endpoint === endpoint) &&
              (event === undefined || row.event === event),
          );
          const query = {
            ...(status === undefined ? {} : { status }),
            ...(endpoint === undefined ? {} : { endpoint_id: endpoints[endpoint] }),
            ...(event === undefined ? {} : { event_id: events[event], event_type: types[event] }),
          };
          const seen: string[] = [];
          for (let cursor: string | null = ""; cursor !== null;) {
            const page = await list(plane, { ...query, limit: "7", ...(cursor === "" ? {} : { cursor }) });
            seen.push(...page.data.map(({ id }) => id));
            cursor = page.next_cursor;
          }
          expect(seen).toEqual(expected.map(({ id }) => id));
        }
      }
    }
    const [middle] = rows.slice(8);
    const bound = at(middle?.at ?? 0);
    const within = async (query: object) =>
      (await list(plane, { ...query, limit: "100" })).data.map(({ id }) => id);
    expect(await within({ since: bound })).toEqual(rows.slice(0, 9).map(({ id }) => id));
    expect(await within({ until: bound })).toEqual(rows.slice(9).map(({ id }) => id));
    expect(await within({ event_type: types[0], event_id: events[1] })).toEqual([]);
    expect(await within({ endpoint_id: "ep_none" })).toEqual([]);
  });

  test.each([
    [{ status: "broken" }],
    [{ endpoint_id: "dlv_1" }],
    [{ event_id: "evt" }],
    [{ event_type: "*" }],
    [{ limit: "101" }],
    [{ cursor: "" }],
    [{ cursor: "evt_1" }],
    [{ cursor: "1" }],
    [{ since: "today" }],
    [{ oldest: "true" }],
  ])("are not listed by %j", async (query) => {
    const plane = await openPlane();
    const answer = await plane.call("deliveries.list", { query });
    expect([answer.status, codeOf(answer)]).toEqual([400, "query-invalid"]);
  });

  test("are the account's own", async () => {
    const plane = await openPlane();
    await addEndpoint(plane, nowhere);
    const id = await publishOne(plane);
    const { root } = await plane.addAccount("other");
    const nothing = { data: [], next_cursor: null };
    expect(await plane.done("deliveries.list", { query: {} }, root)).toEqual(nothing);
    const params = { id };
    expect((await plane.call("deliveries.get", { params }, root)).status).toBe(404);
    expect((await plane.call("deliveries.retry", { params, body: {} }, root)).status).toBe(404);
    const seen = await plane.done("deliveries.changes", { query: { cursor: "0" } }, root);
    expect(seen).toEqual({ data: [], next_cursor: "0", more: false });
    const many = await plane.done("deliveries.retryMany", { body: { ids: [id] } }, root);
    expect(many).toMatchObject({ data: [{ id, retried: false, code: "not-found" }] });
  });
});

describe("changes of deliveries", () => {
  test("begin where the list stands when nobody says from where", async () => {
    const plane = await openPlane();
    expect(await changes(plane)).toEqual({ data: [], next_cursor: "0", more: false });
    await addEndpoint(plane, nowhere);
    await publishOne(plane);
    const { next_cursor: cursor, data } = await changes(plane);
    expect(data).toEqual([]);
    expect(await changes(plane, { cursor })).toEqual({ data: [], next_cursor: cursor, more: false });
    const id = await publishOne(plane);
    const page = await changes(plane, { cursor });
    expect(page).toMatchObject({ data: [{ id, status: "pending", last_attempt: null }], more: false });
    expect(await changes(plane, { cursor: page.next_cursor })).toMatchObject({ data: [] });
  });

  test("tell of publishing, attempts, retries and cancelling, each delivery once as it is now", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id: endpointId } = await addEndpoint(plane, receiver.url);
    let { next_cursor: cursor } = await changes(plane);
    const next = async () => {
      const page = await changes(plane, { cursor });
      cursor = page.next_cursor;
      return page.data.map(({ id, status }) => [id, status]);
    };
    receiver.reply = { status: 500 };
    const first = await publishOne(plane);
    const second = await publishOne(plane);
    expect(await next()).toEqual([
      [first, "pending"],
      [second, "pending"],
    ]);
    await plane.worker.attempt(plane.account.id, [first]);
    expect(await next()).toEqual([[first, "pending"]]);
    expect((await retry(plane, first)).status).toBe(202);
    receiver.reply = {};
    await plane.worker.attempt(plane.account.id, [first]);
    expect(await next()).toEqual([[first, "succeeded"]]);
    await plane.done("endpoints.delete", { params: { id: endpointId } });
    expect(await next()).toEqual([[second, "cancelled"]]);
    expect(await next()).toEqual([]);
  });

  test("come in pages, and none is lost while others go on", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    for (const path of ["a", "b"]) await addEndpoint(plane, `${receiver.url}/${path}`);
    await plane.worker.start();
    receiver.reply = () => ({ status: 200 });
    const last = new Map<string, DeliveryStatus>();
    const publishing = (async () => {
      for (let times = 0; times < 25; times++) await publish(plane);
      await plane.worker.settle();
    })();
    let cursor = "0";
    let isOver = false;
    void publishing.then(() => (isOver = true));
    for (;;) {
      const wasOver = isOver;
      const page = await changes(plane, { cursor, limit: "3" });
      expect(page.data.length).toBeLessThanOrEqual(3);
      expect(Number(page.next_cursor)).toBeGreaterThanOrEqual(Number(cursor));
      for (const { id, status } of page.data) last.set(id, status);
      cursor = page.next_cursor;
      if (wasOver && page.more === false) break;
      // Else nothing of the others would ever run.
      await new Promise((resolve) => setImmediate(resolve));
    }
    await publishing;
    expect(last.size).toBe(50);
    expect(new Set(last.values())).toEqual(new Set(["succeeded"]));
  });

  test.each([["-1"], ["a"], ["1".repeat(16)], [""], ["dlv_1"]])("have no cursor %j", async (cursor) => {
    const plane = await openPlane();
    const answer = await plane.call("deliveries.changes", { query: { cursor } });
    expect([answer.status, codeOf(answer)]).toEqual([400, "query-invalid"]);
  });

  test("have no cursor that no change has come to, as another database's", async () => {
    const plane = await openPlane();
    await addEndpoint(plane, nowhere);
    await publishOne(plane);
    const { next_cursor: last } = await changes(plane);
    expect(await changes(plane, { cursor: last })).toMatchObject({ data: [], next_cursor: last });
    for (const cursor of [String(Number(last) + 1), "999999999999999"]) {
      const answer = await plane.call("deliveries.changes", { query: { cursor } });
      expect(answer).toMatchObject({
        status: 400,
        body: { code: "query-invalid", errors: [{ path: "cursor" }] },
      });
    }
  });
});
