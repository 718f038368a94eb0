import { beforeEach, describe, expect, test } from "vitest";
import type { ClaimedDelivery, DeliveryRow, Room, Store } from "../../src/store/contract.ts";
import { delivery, endpoint, event, ever, roomFor, time } from "./rows.ts";

const reach = { providers: ["stripe"] };
const leaseMs = 15_000;

/** @param given the store, which has the two accounts and nothing else */
export function describeQueue(given: () => Store, [mine, theirs]: readonly [string, string]): void {
  const lease = (worker: string, from = time) => ({ worker, until: from + leaseMs });
  const claim = async (worker: string, room = roomFor(100), now = time): Promise<ClaimedDelivery[]> =>
    (await given().queue.claim(lease(worker, now), now, reach, room)) ?? [];
  const idsOf = (claimed: readonly ClaimedDelivery[]): string =>
    claimed.map((one) => one.delivery.id).join("");
  const insert = (...rows: DeliveryRow[]): Promise<void> =>
    given().write(mine, async ({ deliveries }) => {
      for (const row of rows) await deliveries.insert(row);
    });
  const statusOf = async (id: string, accountId = mine) => {
    const row = await given().deliveries.get(accountId, id);
    return `${row?.status} ${row?.worker}`;
  };

  describe("the queue", () => {
    beforeEach(async () => {
      for (const accountId of [mine, theirs]) {
        await given().events.insert(event(accountId, "evt_1", { payload: new Uint8Array([0, 255]) }));
        for (const id of ["ep_1", "ep_2", "ep_3"]) await given().endpoints.insert(endpoint(accountId, id));
      }
      for (const worker of ["wrk_1", "wrk_2", "wrk_3"])
        expect(await given().queue.renew(lease(worker), true)).toBe(true);
    });

    test("gives what is due with its event and endpoint, once", async () => {
      await insert(delivery(mine, "a", { isManual: true, attemptsMade: 2, automaticMade: 1 }));
      await given().deliveries.insert(delivery(theirs, "b", { endpointId: "ep_2" }));
      const claimed = await claim("wrk_1");
      expect(claimed).toHaveLength(2);
      const sending = { status: "sending", worker: "wrk_1", dueAt: null, changed: 1 } as const;
      expect(claimed).toContainEqual({
        delivery: delivery(mine, "a", { ...sending, isManual: true, attemptsMade: 2, automaticMade: 1 }),
        event: event(mine, "evt_1", { payload: new Uint8Array([0, 255]) }),
        endpoint: endpoint(mine, "ep_1"),
      });
      expect(claimed).toContainEqual({
        delivery: delivery(theirs, "b", { ...sending, endpointId: "ep_2" }),
        event: event(theirs, "evt_1", { payload: new Uint8Array([0, 255]) }),
        endpoint: endpoint(theirs, "ep_2"),
      });
      for (const { delivery: one } of claimed)
        expect(await given().deliveries.get(one.accountId, one.id)).toEqual(one);
      expect(await claim("wrk_1")).toEqual([]);
      expect(await claim("wrk_2")).toEqual([]);
    });

    test("gives nothing that is not due, or over, or whose endpoint or provider is out of reach", async () => {
      await given().endpoints.update(mine, "ep_2", { disabledAt: 1 });
      await given().endpoints.update(mine, "ep_3", { deletedAt: 1 });
      await given().endpoints.insert(endpoint(mine, "ep_4", { provider: "ghost" }));
      await insert(
        delivery(mine, "a", { dueAt: time + 1 }),
        delivery(mine, "b", { status: "failed", dueAt: null }),
        delivery(mine, "c", { endpointId: "ep_2" }),
        delivery(mine, "d", { endpointId: "ep_3" }),
        delivery(mine, "e", { endpointId: "ep_4", provider: "ghost" }),
        delivery(mine, "f", { endpointId: "ep_none" }),
      );
      expect(await claim("wrk_1")).toEqual([]);
      expect(await given().queue.claim(lease("wrk_1"), time, { providers: [] }, roomFor(9))).toEqual([]);
      expect(idsOf(await claim("wrk_1", roomFor(9), time + 1))).toBe("a");
      await given().endpoints.update(mine, "ep_2", { disabledAt: null });
      expect(idsOf(await claim("wrk_1"))).toBe("c");
    });

    test("gives of an endpoint the longest due first, as many as there is room for", async () => {
      const due = (id: string, ago: number) => delivery(mine, id, { dueAt: time - ago });
      await insert(due("a", 1), due("b", 3), due("c", 0), due("d", 2));
      expect(idsOf(await claim("wrk_1", roomFor(0)))).toBe("");
      const only = (id: string, left: number) => new Map([[id, left]]);
      for (const left of [0, -2]) {
        expect(idsOf(await claim("wrk_1", roomFor(9, { endpoints: only("ep_1", left) })))).toBe("");
        expect(idsOf(await claim("wrk_1", roomFor(9, { accounts: only(mine, left) })))).toBe("");
      }
      expect(idsOf(await claim("wrk_1", roomFor(2)))).toBe("bd");
      expect(idsOf(await claim("wrk_1", roomFor(9, { perEndpoint: 1 })))).toBe("a");
      expect(idsOf(await claim("wrk_1", roomFor(9, { perEndpoint: 1, endpoints: only("ep_1", 5) })))).toBe(
        "c",
      );
    });

    test("gives those of several endpoints and accounts in turns", async () => {
      const many = (prefix: string, accountId: string, endpointId: string, count: number, ago: number) =>
        Array.from({ length: count }, (_, index) =>
          delivery(accountId, `${prefix}${index}`, { endpointId, dueAt: time - ago }),
        );
      await insert(...many("a", mine, "ep_1", 20, 100), ...many("b", mine, "ep_2", 3, 50));
      await given().write(theirs, async ({ deliveries }) => {
        for (const row of many("c", theirs, "ep_1", 20, 1)) await deliveries.insert(row);
      });
      const counts = async (room: Room): Promise<Record<string, number>> => {
        const count: Record<string, number> = {};
        for (const { delivery: one } of await claim("wrk_1", room)) {
          const [prefix = ""] = one.id;
          count[prefix] = (count[prefix] ?? 0) + 1;
        }
        return count;
      };
      // The longest due endpoints first, where there are fewer places than endpoints.
      expect(await counts(roomFor(2))).toEqual({ a: 1, b: 1 });
      // Each account has half, and each endpoint of an account half of that; what one does not need goes to the others.
      expect(await counts(roomFor(12))).toEqual({ a: 4, b: 2, c: 6 });
      expect(await counts(roomFor(100, { perEndpoint: 4 }))).toEqual({ a: 4, c: 4 });
      expect(await counts(roomFor(100, { endpoints: new Map([["ep_1", 2]]) }))).toEqual({ a: 2, c: 2 });
      expect(await counts(roomFor(100, { perAccount: 1, accounts: new Map([[mine, 3]]) }))).toEqual({
        a: 3,
        c: 1,
      });
      expect(await counts(roomFor(100))).toEqual({ a: 6, c: 7 });
    });

    test("gives one that has much what many that have little leave it", async () => {
      const many = Array.from({ length: 30 }, (_, index) => `ep_1${index}`);
      for (const id of many) await given().endpoints.insert(endpoint(mine, id));
      await insert(
        ...many.map((endpointId) => delivery(mine, `of ${endpointId}`, { endpointId })),
        ...Array.from({ length: 80 }, (_, index) => delivery(mine, `much ${index}`)),
      );
      expect(await claim("wrk_1", roomFor(100))).toHaveLength(100);
      expect(await claim("wrk_1", roomFor(100))).toHaveLength(10);
    });

    test("gives no more than the bytes there is room for, and what exceeds them last", async () => {
      await given().events.insert(event(mine, "evt_2", { payload: new Uint8Array(10) }));
      await insert(...["a", "b", "c", "d", "e"].map((id) => delivery(mine, id, { eventId: "evt_2" })));
      expect(await claim("wrk_1", roomFor(9, { bytes: 0 }))).toEqual([]);
      expect(await claim("wrk_1", roomFor(9, { bytes: 1 }))).toHaveLength(1);
      expect(await claim("wrk_1", roomFor(9, { bytes: 20 }))).toHaveLength(2);
      expect(await claim("wrk_1", roomFor(9, { bytes: 21 }))).toHaveLength(2);
    });

    test("gives those of one account alone where that is asked for", async () => {
      await insert(delivery(mine, "a"));
      await given().deliveries.insert(delivery(theirs, "b"));
      const asked = { ...reach, accountId: theirs };
      const claimed = await given().queue.claim(lease("wrk_1"), time, asked, roomFor(9));
      expect(idsOf(claimed ?? [])).toBe("b");
      expect(await statusOf("a")).toBe("pending null");
    });

    test("says when the next is due that is not yet", async () => {
      const { queue } = given();
      expect(await queue.nextDue(time)).toBeUndefined();
      await insert(
        delivery(mine, "a", { dueAt: time }),
        delivery(mine, "b", { dueAt: time + 7 }),
        delivery(mine, "c", { dueAt: time + 9 }),
        delivery(mine, "d", { dueAt: null, status: "failed" }),
      );
      expect(await queue.nextDue(time - 1)).toBe(time);
      expect(await queue.nextDue(time)).toBe(time + 7);
      expect(await queue.nextDue(time + 9)).toBeUndefined();
    });

    test("gives those that are asked for, as far as they are due", async () => {
      await given().endpoints.update(mine, "ep_2", { disabledAt: 1 });
      await given().endpoints.insert(endpoint(mine, "ep_4", { provider: "ghost" }));
      await insert(
        delivery(mine, "a"),
        delivery(mine, "b"),
        delivery(mine, "c", { dueAt: time + 1 }),
        delivery(mine, "d", { endpointId: "ep_2" }),
        delivery(mine, "e", { status: "sending", worker: "wrk_2" }),
        delivery(mine, "f", { endpointId: "ep_4" }),
      );
      await given().deliveries.insert(delivery(theirs, "g"));
      const ask = ["g", "f", "e", "d", "c", "a", "a", "none", "__proto__", "'"];
      const claimed = await given().queue.claimThese(lease("wrk_1"), time, mine, ask);
      expect([...idsOf(claimed ?? [])].sort().join("")).toBe("af");
      expect(await statusOf("a")).toBe("sending wrk_1");
      expect(await statusOf("b")).toBe("pending null");
      expect(await given().queue.claimThese(lease("wrk_1"), time, mine, [])).toEqual([]);
    });

    test("takes what is held back when its lease ends, and not before", async () => {
      await insert(delivery(mine, "a", { isManual: true, scheduledAt: time + 5 }), delivery(mine, "b"));
      expect(await claim("wrk_1", roomFor(1))).toHaveLength(1);
      expect(await claim("wrk_2", roomFor(1), time + 1)).toHaveLength(1);
      await given().queue.reclaim(time + leaseMs - 1, ever);
      expect([await statusOf("a"), await statusOf("b")]).toEqual(["sending wrk_1", "sending wrk_2"]);
      await given().queue.reclaim(time + leaseMs, ever);
      expect([await statusOf("a"), await statusOf("b")]).toEqual(["pending null", "sending wrk_2"]);
      expect(await given().deliveries.get(mine, "a")).toMatchObject({
        dueAt: time + leaseMs,
        scheduledAt: time + 5,
        isManual: true,
      });
      await given().queue.renew(lease("wrk_3", time + leaseMs), true);
      expect(idsOf(await claim("wrk_3", roomFor(9), time + leaseMs))).toBe("a");
    });

    test("leaves what is held to one that renews its lease", async () => {
      await insert(delivery(mine, "a"));
      await claim("wrk_1");
      for (let now = time; now < time + 10 * leaseMs; now += leaseMs - 1) {
        expect(await given().queue.renew(lease("wrk_1", now), false)).toBe(true);
        await given().queue.reclaim(now, now + 2 * leaseMs);
      }
      expect(await statusOf("a")).toBe("sending wrk_1");
    });

    test("gives nothing under a lease that was taken away, nor lets it be prolonged", async () => {
      const { queue } = given();
      await insert(delivery(mine, "a"), delivery(mine, "b"));
      await claim("wrk_1", roomFor(1));
      const after = time + leaseMs;
      await queue.reclaim(after, ever);
      expect(await queue.renew(lease("wrk_1", after), false)).toBe(false);
      expect(await queue.claim(lease("wrk_1", after), after, reach, roomFor(9))).toBeUndefined();
      expect(await queue.claimThese(lease("wrk_1", after), after, mine, ["a"])).toBeUndefined();
      expect([await statusOf("a"), await statusOf("b")]).toEqual(["pending null", "pending null"]);
      expect(await queue.renew(lease("wrk_new", after), true)).toBe(true);
      expect(await claim("wrk_new", roomFor(9), after)).toHaveLength(2);
    });

    test("takes away a lease that says it lasts longer than any does", async () => {
      await insert(delivery(mine, "a"));
      await claim("wrk_1");
      await given().queue.reclaim(time, time + leaseMs);
      expect(await statusOf("a")).toBe("sending wrk_1");
      // The clock was set back.
      await given().queue.reclaim(time - 1, time - 1 + leaseMs);
      expect(await statusOf("a")).toBe("pending null");
    });

    test("takes back at once what one that ends holds, and nothing of others", async () => {
      await insert(delivery(mine, "a"), delivery(mine, "b"));
      await claim("wrk_1", roomFor(1));
      await claim("wrk_2", roomFor(1));
      await given().queue.release("wrk_1", time + 7);
      expect([await statusOf("a"), await statusOf("b")]).toEqual(["pending null", "sending wrk_2"]);
      expect(await given().deliveries.get(mine, "a")).toMatchObject({ dueAt: time + 7 });
      await given().queue.release("wrk_none", time);
    });

    test("finds what is said to be sent under no lease", async () => {
      await insert(delivery(mine, "a", { status: "sending", worker: "wrk_gone", dueAt: null }));
      await given().queue.reclaim(time, time + 2 * leaseMs);
      expect(await statusOf("a")).toBe("pending null");
    });

    test("cancels what it takes back for an endpoint that was deleted meanwhile", async () => {
      await insert(delivery(mine, "a"), delivery(mine, "b"), delivery(mine, "c", { endpointId: "ep_2" }));
      await claim("wrk_1");
      await given().endpoints.update(mine, "ep_1", { deletedAt: time });
      await given().queue.reclaim(time + leaseMs, ever);
      expect([await statusOf("a"), await statusOf("b")]).toEqual(["cancelled null", "cancelled null"]);
      expect(await statusOf("c")).toBe("pending null");
      expect(await given().deliveries.get(mine, "a")).toMatchObject({ dueAt: null, scheduledAt: null });
      const { rows } = await given().deliveries.changes(mine, 3, 9);
      expect(rows.map(({ id }) => id).sort()).toEqual(["a", "b"]);
    });
  });
}
