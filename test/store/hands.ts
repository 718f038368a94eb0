import fc from "fast-check";
import { expect, test } from "vitest";
import type { ClaimedDelivery, DeliveryChanges, Store } from "../../src/store/contract.ts";
import { delivery, endpoint, event, roomFor, time } from "./rows.ts";

const leaseMs = 15_000;
const over: DeliveryChanges = {
  status: "succeeded",
  attemptsMade: 1,
  automaticMade: 1,
  dueAt: null,
  scheduledAt: null,
  isManual: false,
  hasSucceeded: true,
};

/** That deliveries pass from hand to hand as they should. @param given the store, which has the account and nothing else */
export function describeHands(given: () => Store, mine: string): void {
  test("whatever workers do in whatever order, no delivery is in two hands, and none is lost", async () => {
    const workers = ["wrk_1", "wrk_2", "wrk_3"];
    const step = fc.oneof(
      fc.record({
        do: fc.constant("claim"),
        worker: fc.constantFrom(...workers),
        room: fc.integer({ min: 1, max: 4 }),
      }),
      fc.record({
        do: fc.constantFrom("finish", "fail"),
        worker: fc.constantFrom(...workers),
        nth: fc.nat(5),
      }),
      fc.record({ do: fc.constantFrom("renew", "release"), worker: fc.constantFrom(...workers) }),
      fc.record({ do: fc.constant("these"), worker: fc.constantFrom(...workers), nth: fc.nat(5) }),
      fc.record({ do: fc.constant("pass"), ms: fc.integer({ min: 1, max: leaseMs }) }),
      fc.record({ do: fc.constantFrom("reclaim", "disable", "enable") }),
    );
    let runs = 0;
    await fc.assert(
      fc.asyncProperty(fc.array(step, { minLength: 5, maxLength: 40 }), async (steps) => {
        const store = given();
        const run = `r${++runs}`;
        const endpoints = [`ep_${run}a`, `ep_${run}b`];
        await store.events.insert(event(mine, `evt_${run}`));
        for (const id of endpoints) await store.endpoints.insert(endpoint(mine, id, { provider: run }));
        const all = Array.from({ length: 6 }, (_, index) => `dlv_${run}_${index}`);
        for (const [index, id] of all.entries()) {
          const of = { eventId: `evt_${run}`, endpointId: endpoints[index % 2] ?? "" };
          await store.deliveries.insert(delivery(mine, id, of));
        }
        let now = time;
        const reach = { providers: [run] };
        /** Who holds what, as they believe; `until` is when their lease ends. */
        const held = new Map<string, { worker: string; ids: string[]; until: number }>(
          workers.map((worker) => [`${run}${worker}`, { worker: `${run}${worker}`, ids: [], until: 0 }]),
        );
        const done = new Set<string>();
        const take = (worker: string, claimed: readonly ClaimedDelivery[] | undefined): void => {
          const own = held.get(worker);
          if (own === undefined) return;
          // Nobody takes anything on under a lease that was taken away.
          if (claimed === undefined) expect(own.until).toBeLessThanOrEqual(now);
          if (claimed === undefined || claimed.length === 0) return;
          own.until = now + leaseMs;
          for (const {
            delivery: { id },
          } of claimed) {
            expect(done.has(id)).toBe(false);
            for (const other of held.values())
              // Whose lease has ended may still believe to hold it.
              if (other.worker !== worker && other.until > now) expect(other.ids).not.toContain(id);
            own.ids = [...own.ids.filter((one) => one !== id), id];
          }
        };
        const finish = async (
          worker: string,
          nth: number,
          status: "succeeded" | "pending",
        ): Promise<void> => {
          const own = held.get(worker);
          const id = own?.ids[nth % Math.max(1, own.ids.length)];
          if (own === undefined || id === undefined) return;
          own.ids = own.ids.filter((one) => one !== id);
          const changes = status === "pending" ? { ...over, status, dueAt: now, scheduledAt: now } : over;
          const isKept = await store.deliveries.update(mine, id, worker, changes);
          if (own.until > now) expect(isKept).toBe(true);
          if (isKept && status === "succeeded") done.add(id);
        };
        for (const one of [...steps, { do: "enable" }]) {
          const given = one as { do: string; worker?: string; room?: number; nth?: number; ms?: number };
          const worker = `${run}${given.worker}`;
          const own = held.get(worker);
          const until = { worker, until: now + leaseMs };
          if (given.do === "claim")
            take(worker, await store.queue.claim(until, now, reach, roomFor(given.room ?? 1)));
          if (given.do === "these")
            take(worker, await store.queue.claimThese(until, now, mine, [all[given.nth ?? 0] ?? ""]));
          if (given.do === "finish") await finish(worker, given.nth ?? 0, "succeeded");
          if (given.do === "fail") await finish(worker, given.nth ?? 0, "pending");
          if (given.do === "renew" && own !== undefined) {
            const isKept = await store.queue.renew(until, false);
            if (own.until > now) expect(isKept).toBe(true);
            // What it had was taken away with its lease: another begins.
            if (!isKept) own.ids = [];
            if (!isKept) await store.queue.renew(until, true);
            own.until = until.until;
          }
          if (given.do === "release" && own !== undefined) {
            await store.queue.release(worker, now);
            Object.assign(own, { ids: [], until: 0 });
          }
          if (given.do === "pass") now += given.ms ?? 0;
          if (given.do === "reclaim") await store.queue.reclaim(now, now + 2 * leaseMs);
          if (given.do === "disable")
            await store.endpoints.update(mine, endpoints[0] ?? "", { disabledAt: now });
          if (given.do === "enable")
            await store.endpoints.update(mine, endpoints[0] ?? "", { disabledAt: null });
          for (const worker of held.values()) if (worker.until <= now) worker.ids = [];
        }
        // In the end every one can be had once more, unless it is done.
        now += leaseMs;
        await store.queue.reclaim(now, now + 2 * leaseMs);
        const last = { worker: `${run}last`, until: now + 1 };
        await store.queue.renew(last, true);
        const rest = (await store.queue.claim(last, now, reach, roomFor(100))) ?? [];
        const left = all.filter((id) => !done.has(id));
        expect(rest.map((one) => one.delivery.id).sort()).toEqual(left.sort());
        for (const id of done)
          expect(await store.deliveries.get(mine, id)).toMatchObject({ status: "succeeded", worker: null });
      }),
      { numRuns: 40 },
    );
  });
}
