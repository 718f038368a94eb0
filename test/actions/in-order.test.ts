import fc from "fast-check";
import { expect, test } from "vitest";
import { createInOrder } from "../../src/actions/in-order.ts";

test("what is known at once waits for what came before it, and all of it is told in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.array(fc.record({ isLater: fc.boolean(), turns: fc.integer({ min: 0, max: 4 }) }), {
        maxLength: 20,
      }),
      async (items) => {
        const told: number[] = [];
        const order = createInOrder<number>((item) => void told.push(item), { sizeOf: () => 1, most: 100 });
        const begins: (() => void)[] = [];
        for (const [index, { isLater, turns }] of items.entries()) {
          if (!isLater) order.tell(index);
          else
            begins.push(
              order.later(-1, async () => {
                for (let turn = 0; turn < turns; turn++) await Promise.resolve();
                return index;
              }),
            );
        }
        const first = items.findIndex(({ isLater }) => isLater);
        expect(told).toEqual([...items.keys()].slice(0, first === -1 ? items.length : first));
        const settled = order.settled();
        for (const begin of begins.reverse()) begin();
        await settled;
        expect(told).toEqual([...items.keys()]);
      },
    ),
  );
});

test("what would have to wait for too much is told as far as it is known", async () => {
  const told: string[] = [];
  const order = createInOrder<string>((item) => void told.push(item), {
    sizeOf: ({ length }) => length,
    most: 10,
  });
  const begin = order.later("plain", () => Promise.resolve("explained"));
  order.tell("next");
  expect(told).toEqual([]);
  order.tell("last");
  expect(told).toEqual(["plain", "next", "last"]);
  // What is found out afterwards comes too late.
  begin();
  await order.settled();
  await Promise.resolve();
  expect(told).toEqual(["plain", "next", "last"]);
});
