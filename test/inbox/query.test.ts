import { afterAll, beforeAll, expect, test } from "vitest";
import type { InboxFilter } from "../../src/inbox/types.ts";
import { at, attempt, delivery, openTestInbox, type TestInbox } from "./deliveries.ts";

let it: TestInbox;
const cases: [name: string, filter: InboxFilter, numbers: number[]][] = [
  ["nothing", {}, [1, 2, 3, 4, 5]],
  ["provider", { provider: "stripe" }, [2]],
  ["event", { event: "order.created" }, [1, 4]],
  ["event, a group", { event: "order.*" }, [1, 3, 4]],
  ["event, by its end", { event: "*.created" }, [1, 2, 4]],
  ["event with what means something to SQL", { event: "order_created" }, []],
  ["event, all but with one", { event: "*" }, [1, 2, 3, 4]],
  ["verified", { verified: true }, [1, 2]],
  ["not verified: invalid, and unknown", { verified: false }, [3, 4, 5]],
  ["failed", { failed: true }, [2]],
  ["not failed", { failed: false }, [1, 3, 4, 5]],
  ["since", { since: at + 3000 }, [3, 4, 5]],
  ["until", { until: at + 3000 }, [1, 2]],
  ["text in the body, whatever its case", { text: "NEEDLE" }, [3]],
  ["text in a header", { text: "x-odd" }, [4]],
  ["text in the path", { text: "?shop=9" }, [5]],
  ["text in the provider's id", { text: "evt_second" }, [2]],
  ["text that looks like a pattern", { text: "100%" }, [1]],
  ["text with an underscore", { text: "a_c" }, []],
  ["text with NUL", { text: "nee\0dle" }, []],
  ["several at once", { event: "order.*", verified: false, text: "odd" }, [4]],
  ["what nobody has", { provider: "__proto__" }, []],
];
beforeAll(async () => {
  it = await openTestInbox();
  it.record(
    delivery({ receivedAt: at + 1000, body: Buffer.from('{"off":"100% abc"}') }),
    delivery({
      receivedAt: at + 2000,
      provider: "stripe",
      event: "charge.created",
      deliveryId: "evt_second",
      attempts: [attempt({ ok: false, status: 500 })],
    }),
    delivery({
      receivedAt: at + 3000,
      event: "order.paid",
      verified: false,
      body: Buffer.from("a needle\xff", "latin1"),
    }),
    delivery({ receivedAt: at + 4000, verified: null, headers: ["X-Odd", "1"] }),
    delivery({
      receivedAt: at + 5000,
      provider: null,
      event: null,
      verified: null,
      target: "/hooks?shop=9",
      accepted: false,
      attempts: [attempt({ ok: false })],
    }),
  );
});
test.each(cases)("%s", (_name, filter, numbers) => {
  expect(it.inbox.numbers(filter)).toEqual(numbers);
  expect(it.inbox.list(filter, { limit: 100 }).map(({ number }) => number)).toEqual([...numbers].reverse());
});

test("goes page by page, newest first", () => {
  const page = (options: object): number[] =>
    it.inbox.list({}, { limit: 2, ...options }).map(({ number }) => number);
  expect([page({}), page({ before: 4 }), page({ before: 2 }), page({ after: 3 })]).toEqual([
    [5, 4],
    [3, 2],
    [1],
    [5, 4],
  ]);
  expect(it.inbox.some([2, 99, 4]).map(({ number }) => number)).toEqual([4, 2]);
});
afterAll(() => it.close());
