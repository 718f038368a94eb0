import { describe, expect, test } from "vitest";
import { codeOf, publish } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";

const second = 1000;

interface Listed {
  data: { id: string; type: string; provider: string }[];
  next_cursor: string | null;
}

const list = async (plane: Plane, query: object = {}) =>
  (await plane.done("events.list", { query })) as unknown as Listed;
const at = (ms: number): string => new Date(ms).toISOString();

/** One event a second. @returns their ids, oldest first */
async function publishEach(plane: Plane, events: readonly object[]): Promise<string[]> {
  const ids: string[] = [];
  for (const event of events) {
    ids.push((await publish(plane, event)).id);
    plane.pass(second);
  }
  return ids;
}

describe("events", () => {
  test("are listed newest first, without their payloads", async () => {
    const plane = await openPlane();
    const started = plane.time();
    const ids = await publishEach(plane, [{}, { type: "payment.completed" }]);
    expect(await list(plane)).toEqual({
      data: [
        {
          id: ids[1],
          provider: "fareplay",
          type: "payment.completed",
          created_at: at(started + second),
        },
        { id: ids[0], provider: "fareplay", type: "order.created", created_at: at(started) },
      ],
      next_cursor: null,
    });
  });

  test("come in pages that meet without a gap, whatever is published meanwhile", async () => {
    const plane = await openPlane();
    const ids = await publishEach(plane, Array<object>(7).fill({}));
    const seen: string[] = [];
    for (let cursor: string | null | undefined; cursor !== null;) {
      const page = await list(plane, { limit: "3", ...(cursor === undefined ? {} : { cursor }) });
      seen.push(...page.data.map(({ id }) => id));
      cursor = page.next_cursor;
      await publish(plane);
    }
    expect(seen).toEqual([...ids].reverse());
  });

  test("are bounded by time: from since on, before until, within every page", async () => {
    const plane = await openPlane();
    const started = plane.time();
    const ids = await publishEach(plane, Array<object>(6).fill({}));
    const places = async (query: object): Promise<number[]> =>
      (await list(plane, query)).data.map(({ id }) => ids.indexOf(id));
    const since = (seconds: number) => ({ since: at(started + seconds * second) });
    const until = (seconds: number) => ({ until: at(started + seconds * second) });
    expect(await places(since(0))).toEqual([5, 4, 3, 2, 1, 0]);
    expect(await places(since(2))).toEqual([5, 4, 3, 2]);
    expect(await places(until(2))).toEqual([1, 0]);
    expect(await places({ ...since(1), ...until(3) })).toEqual([2, 1]);
    expect(await places({ ...since(2), ...until(2) })).toEqual([]);
    expect(await places({ ...since(3), ...until(1) })).toEqual([]);
    expect(await places({ since: "0001-01-01T00:00:00.000Z" })).toHaveLength(6);
    expect(await places({ until: "0001-01-01T00:00:00.000Z" })).toEqual([]);
    expect(await places({ until: "9999-12-31T23:59:59.999Z" })).toHaveLength(6);
    expect(await places({ since: "9999-12-31T23:59:59.999Z" })).toEqual([]);

    const first = await list(plane, { ...since(1), ...until(5), limit: "3" });
    expect(first.data.map(({ id }) => ids.indexOf(id))).toEqual([4, 3, 2]);
    const rest = await list(plane, { ...since(1), ...until(5), limit: "3", cursor: first.next_cursor });
    expect(rest.data.map(({ id }) => ids.indexOf(id))).toEqual([1]);
    expect(rest.next_cursor).toBeNull();
  });

  test("are filtered by provider and type", async () => {
    const plane = await openPlane();
    const ids = await publishEach(plane, [
      {},
      { type: "payment.completed" },
      { provider: "github", type: "push" },
      { provider: "stripe", type: "charge.refunded" },
    ]);
    const places = async (query: object): Promise<number[]> =>
      (await list(plane, query)).data.map(({ id }) => ids.indexOf(id));
    expect(await places({ provider: "fareplay" })).toEqual([1, 0]);
    expect(await places({ type: "push" })).toEqual([2]);
    expect(await places({ provider: "fareplay", type: "push" })).toEqual([]);
    expect(await places({ provider: "Fareplay" })).toEqual([]);
    expect(await places({ provider: "__proto__" })).toEqual([]);
  });

  test("are found by times of any offset and precision", async () => {
    const plane = await openPlane();
    await publish(plane);
    const found = async (query: object) => (await list(plane, query)).data.length;
    // The clock stands at 14:32:00.000 UTC.
    for (const since of [
      "2026-03-17T14:32:00Z",
      "2026-03-17T15:32:00+01:00",
      "2026-03-17T14:31:59.999999Z",
    ]) {
      expect([since, await found({ since })]).toEqual([since, 1]);
      expect([since, await found({ until: since })]).toEqual([since, 0]);
    }
    expect(await found({ since: "2026-03-17T14:32:00-00:01" })).toBe(0);
    expect(await found({ until: "2026-03-17T14:32:00.5Z" })).toBe(1);
  });

  test.each([
    [{ since: "yesterday" }],
    [{ since: "2026-03-17T14:32:00" }],
    [{ until: "2026-03-17T14:32:00 01:00" }],
    [{ since: "2026-02-30T00:00:00.000Z" }],
    [{ limit: "0" }],
    [{ limit: "101" }],
    [{ cursor: "a b" }],
    [{ cursor: "dlv_1" }],
    [{ cursor: "evt_A" }],
    [{ type: "order.*" }],
    [{ status: "failed" }],
  ])("are not listed by %j", async (query) => {
    const plane = await openPlane();
    const answer = await plane.call("events.list", { query });
    expect([answer.status, codeOf(answer)]).toEqual([400, "query-invalid"]);
  });

  test("are the account's own", async () => {
    const plane = await openPlane();
    const { id } = await publish(plane);
    const { root } = await plane.addAccount("other");
    expect(await plane.done("events.list", { query: {} }, root)).toEqual({ data: [], next_cursor: null });
    const { status } = await plane.call("events.get", { params: { id } }, root);
    expect(status).toBe(404);
  });

  test.each(["evt_none", "evt_0"])("that are not there are not found: %s", async (id) => {
    const plane = await openPlane();
    const answer = await plane.call("events.get", { params: { id } });
    expect([answer.status, codeOf(answer)]).toEqual([404, "not-found"]);
  });
});
