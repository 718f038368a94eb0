import fc from "fast-check";
import { beforeEach, describe, expect, test } from "vitest";
import type { DeliveryChanges, DeliveryRow, DeliveryStatus, Rows, Store } from "../../src/store/contract.ts";
import { attempt, delivery, endpoint, event, time } from "./rows.ts";

/** @param given the store, which has the two accounts and nothing else */
export function describeDeliveries(given: () => Store, [mine, theirs]: readonly [string, string]): void {
  const ids = (page: Rows<{ id: string }>): string => page.rows.map(({ id }) => id).join("");
  const rejects = async (work: Promise<unknown>): Promise<void> => {
    await expect(work).rejects.toBeInstanceOf(Error);
  };

  describe("events", () => {
    test("come back as they were, whatever they hold", async () => {
      const { events } = given();
      let made = 0;
      await fc.assert(
        fc.asyncProperty(fc.uint8Array({ maxLength: 2000 }), async (payload) => {
          const row = event(mine, `evt_${++made}`, { payload });
          await events.insert(row);
          expect(await events.get(mine, row.id)).toEqual(row);
        }),
        { numRuns: 30 },
      );
    });

    test("come back where they are large", async () => {
      const payload = new Uint8Array(5_000_000).map((_, index) => index * 7);
      await given().events.insert(event(mine, "evt_1", { payload }));
      const found = await given().events.get(mine, "evt_1");
      expect(Buffer.compare(found?.payload ?? new Uint8Array(), payload)).toBe(0);
    });

    test("are listed without their payloads, in pages between two ids", async () => {
      const { events } = given();
      for (const id of ["c", "a", "e", "b", "d"]) await events.insert(event(mine, id));
      await events.insert(event(theirs, "bb"));
      const head = without(event(mine, "e"), "payload");
      expect(await events.list(mine, { limit: 1 })).toEqual({ rows: [head], more: true });
      const list = async (page: object): Promise<[string, boolean]> => {
        const found = await events.list(mine, { limit: 9, ...page });
        return [ids(found), found.more];
      };
      expect(await list({})).toEqual(["edcba", false]);
      expect(await list({ limit: 2 })).toEqual(["ed", true]);
      expect(await list({ limit: 2, before: "d" })).toEqual(["cb", true]);
      expect(await list({ from: "c" })).toEqual(["edc", false]);
      expect(await list({ from: "bb" })).toEqual(["edc", false]);
      expect(await list({ from: undefined })).toEqual(["edcba", false]);
      expect(await list({ from: "b", before: "d" })).toEqual(["cb", false]);
      expect(await list({ from: "b", before: "d", limit: 1 })).toEqual(["c", true]);
      expect(await list({ from: "d", before: "b" })).toEqual(["", false]);
    });

    test("are filtered by provider and type", async () => {
      const { events } = given();
      await events.insert(event(mine, "a", { provider: "x", type: "t" }));
      await events.insert(event(mine, "b", { provider: "x", type: "u" }));
      await events.insert(event(mine, "c", { provider: "y", type: "t" }));
      const list = async (filter: object): Promise<string> =>
        ids(await events.list(mine, { limit: 9 }, filter));
      expect(await list({ provider: "x" })).toBe("ba");
      expect(await list({ type: "t" })).toBe("ca");
      expect(await list({ provider: "x", type: "t" })).toBe("a");
      expect(await list({ provider: "%" })).toBe("");
    });

    test("are their account's own, one for each id", async () => {
      const { events } = given();
      await events.insert(event(theirs, "evt_1"));
      expect(await events.get(mine, "evt_1")).toBeUndefined();
      await events.insert(event(mine, "evt_1"));
      await rejects(events.insert(event(mine, "evt_1")));
      await rejects(events.insert(event("acct_none", "evt_1")));
    });
  });

  describe("deliveries", () => {
    beforeEach(async () => {
      for (const accountId of [mine, theirs]) {
        await given().events.insert(event(accountId, "evt_1"));
        await given().endpoints.insert(endpoint(accountId, "ep_1"));
      }
    });
    const insert = (...rows: DeliveryRow[]): Promise<void> =>
      given().write(mine, async ({ deliveries }) => {
        for (const row of rows) await deliveries.insert(row);
      });
    const over: DeliveryChanges = {
      status: "failed",
      attemptsMade: 3,
      automaticMade: 2,
      dueAt: null,
      scheduledAt: null,
      isManual: false,
      hasSucceeded: false,
    };

    test("come back as they were", async () => {
      const full = delivery(mine, "dlv_1", {
        status: "sending",
        dueAt: null,
        isManual: true,
        worker: "wrk_1",
      });
      await insert(full, delivery(mine, "dlv_2", { scheduledAt: null, attemptsMade: 2, automaticMade: 1 }));
      expect(await given().deliveries.get(mine, "dlv_1")).toEqual({ ...full, changed: 1 });
      expect(await given().deliveries.get(mine, "dlv_2")).toMatchObject({ scheduledAt: null, changed: 2 });
      expect(await given().deliveries.get(theirs, "dlv_1")).toBeUndefined();
    });

    test("of an event that is not there are refused", async () => {
      await rejects(given().deliveries.insert(delivery(mine, "dlv_1", { eventId: "evt_none" })));
      await rejects(given().deliveries.insert(delivery("acct_none", "dlv_1")));
    });

    test("change in the hands of the one who has them alone, and leave those hands", async () => {
      const { deliveries } = given();
      await insert(
        delivery(mine, "dlv_1", { status: "sending", worker: "wrk_1" }),
        delivery(mine, "dlv_2"),
        delivery(theirs, "dlv_3"),
      );
      expect(await deliveries.update(mine, "dlv_1", "wrk_2", over)).toBe(false);
      expect(await deliveries.update(mine, "dlv_1", null, over)).toBe(false);
      expect(await deliveries.update(mine, "dlv_2", "wrk_1", over)).toBe(false);
      expect(await deliveries.update(mine, "dlv_3", null, over)).toBe(false);
      expect(await deliveries.lastChange(mine)).toBe(2);
      expect(await deliveries.update(mine, "dlv_1", "wrk_1", over)).toBe(true);
      const row = { ...delivery(mine, "dlv_1"), ...over, worker: null, changed: 3 };
      expect(await deliveries.get(mine, "dlv_1")).toEqual(row);
      expect(await deliveries.update(mine, "dlv_1", "wrk_1", over)).toBe(false);
      expect(await deliveries.update(mine, "dlv_2", null, { ...over, status: "succeeded" })).toBe(true);
      expect(await deliveries.get(mine, "dlv_2")).toMatchObject({ status: "succeeded", changed: 4 });
    });

    test("are cancelled as far as they are pending, of one endpoint", async () => {
      const { deliveries } = given();
      await insert(
        delivery(mine, "a"),
        delivery(mine, "b", { status: "sending", worker: "wrk_1" }),
        delivery(mine, "c", { status: "failed" }),
        delivery(mine, "d", { endpointId: "ep_2" }),
        delivery(mine, "e", { dueAt: time + 1e9 }),
        delivery(theirs, "f"),
      );
      expect(await deliveries.cancel(mine, "ep_1")).toBe(2);
      expect(await deliveries.cancel(mine, "ep_1")).toBe(0);
      expect(await deliveries.get(mine, "a")).toMatchObject({
        status: "cancelled",
        dueAt: null,
        scheduledAt: null,
        worker: null,
      });
      expect(ids(await deliveries.list(mine, { limit: 9 }, { status: "cancelled" }))).toBe("ea");
      expect(await deliveries.get(theirs, "f")).toMatchObject({ status: "pending" });
      expect(ids(await deliveries.changes(mine, 5, 9))).toBe("ae");
    });

    test("are listed by any filters, in pages between two ids, from either end", async () => {
      const { deliveries } = given();
      await given().events.insert(event(mine, "evt_2"));
      const statuses: DeliveryStatus[] = ["pending", "sending", "succeeded", "failed", "cancelled"];
      const some = <Value>(values: readonly Value[]) => fc.constantFrom(undefined, ...values);
      const rows = [..."abcdefghijklmnopqrstuvwxyz"].map((id, index) =>
        delivery(mine, id, {
          status: statuses[index % 5] ?? "pending",
          endpointId: `ep_${index % 2}`,
          eventId: `evt_${1 + (index % 3 === 0 ? 1 : 0)}`,
          eventType: `type ${index % 4}`,
        }),
      );
      await insert(...rows);
      await given().deliveries.insert(delivery(theirs, "mm"));
      await fc.assert(
        fc.asyncProperty(
          fc.record({
            status: some(statuses),
            endpointId: some(["ep_0", "ep_1", "ep_none"]),
            eventId: some(["evt_1", "evt_2"]),
            eventType: some(["type 0", "type 1", "%"]),
          }),
          some(["a", "cc", "m", "zz"]),
          some(["b", "dd", "m"]),
          fc.integer({ min: 1, max: 30 }),
          fc.boolean(),
          async (filter, before, from, limit, oldest) => {
            const expected = rows.filter(
              (row) =>
                Object.entries(filter).every(
                  ([name, value]) => value === undefined || row[name as keyof DeliveryRow] === value,
                ) &&
                (before === undefined || row.id < before) &&
                (from === undefined || row.id >= from),
            );
            if (!oldest) expected.reverse();
            const page = { limit, from, ...(before === undefined ? {} : { before }) };
            const found = await deliveries.list(mine, page, filter, oldest);
            expect(ids(found)).toBe(
              expected
                .slice(0, limit)
                .map(({ id }) => id)
                .join(""),
            );
            expect(found.more).toBe(expected.length > limit);
          },
        ),
        { numRuns: 150 },
      );
    });

    test("tell their changes in order, each as it is now", async () => {
      const { deliveries } = given();
      expect(await deliveries.lastChange(mine)).toBe(0);
      await insert(delivery(mine, "c"), delivery(mine, "a"), delivery(mine, "b"));
      await given().deliveries.insert(delivery(theirs, "d"));
      expect(await deliveries.lastChange(mine)).toBe(3);
      expect(await deliveries.lastChange(theirs)).toBe(1);
      expect(ids(await deliveries.changes(mine, 0, 9))).toBe("cab");
      expect(await deliveries.changes(mine, 0, 2)).toMatchObject({ more: true });
      expect(ids(await deliveries.changes(mine, 1, 2))).toBe("ab");
      await deliveries.update(mine, "c", null, over);
      expect(ids(await deliveries.changes(mine, 0, 9))).toBe("abc");
      expect(ids(await deliveries.changes(mine, 3, 9))).toBe("c");
      expect(await deliveries.changes(mine, 4, 9)).toEqual({ rows: [], more: false });
    });
  });

  describe("attempts", () => {
    const failed = { status: null, error: "timeout", message: "no answer", answer: null, answerBytes: null };
    beforeEach(async () => {
      for (const accountId of [mine, theirs]) await given().events.insert(event(accountId, "evt_1"));
      for (const id of ["dlv_1", "dlv_2"]) await given().deliveries.insert(delivery(mine, id));
    });

    test("come back as they were, by number", async () => {
      const { attempts } = given();
      const rows = [
        attempt(mine, "dlv_1", 10, { kind: "manual", durationMs: 0.1 }),
        attempt(mine, "dlv_1", 2, failed),
        attempt(mine, "dlv_1", 1, { answer: new Uint8Array([0, 255]), answerBytes: 1e9, durationMs: 12 }),
      ];
      for (const row of rows) await attempts.insert(row);
      await attempts.insert(attempt(mine, "dlv_2", 1));
      await attempts.insert(attempt(theirs, "dlv_1", 3));
      expect(await attempts.list(mine, "dlv_1")).toEqual([...rows].reverse());
      expect(await attempts.list(mine, "dlv_none")).toEqual([]);
    });

    test("are one for each number", async () => {
      await given().attempts.insert(attempt(mine, "dlv_1", 1));
      await rejects(given().attempts.insert(attempt(mine, "dlv_1", 1, failed)));
      expect(await given().attempts.list(mine, "dlv_1")).toEqual([attempt(mine, "dlv_1", 1)]);
    });

    test("are found without their answers, of many deliveries at once", async () => {
      const { attempts } = given();
      for (const number of [1, 2, 3]) await attempts.insert(attempt(mine, "dlv_1", number, failed));
      await attempts.insert(attempt(mine, "dlv_2", 1));
      await attempts.insert(attempt(theirs, "dlv_2", 2));
      const of = [
        { deliveryId: "dlv_1", number: 3 },
        { deliveryId: "dlv_2", number: 1 },
        { deliveryId: "dlv_2", number: 2 },
        { deliveryId: "dlv_none", number: 1 },
      ];
      const head = without(attempt(mine, "dlv_1", 3, failed), "answer", "answerBytes");
      const found = await attempts.heads(mine, of);
      expect(found.map(({ deliveryId, number }) => `${deliveryId} ${number}`).sort()).toEqual([
        "dlv_1 3",
        "dlv_2 1",
      ]);
      expect(found).toContainEqual(head);
      expect(await attempts.heads(mine, [])).toEqual([]);
      const many = Array.from({ length: 100 }, (_, index) => ({ deliveryId: "dlv_1", number: index + 1 }));
      expect(await attempts.heads(mine, many)).toHaveLength(3);
    });
  });
}

function without(row: object, ...names: readonly string[]): object {
  return Object.fromEntries(Object.entries(row).filter(([name]) => !names.includes(name)));
}
