import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { createRecent } from "../../src/actions/recent.ts";

describe("createRecent", () => {
  test("remembers the last 10,000 and no more", () => {
    const recent = createRecent(10_000, 1);
    for (let index = 0; index < 10_000; index++) expect(recent.seen(String(index))).toBe(false);
    expect(recent.seen("0")).toBe(true);
    // "1" is now the oldest of the last ten thousand; one more and it is gone.
    expect(recent.seen("new")).toBe(false);
    expect(recent.seen("1")).toBe(false);
    expect(recent.seen("0")).toBe(true);
  });

  test("is what a list of the last keys would say", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 6 }),
        fc.integer(),
        fc.array(fc.integer({ min: 0, max: 8 })),
        (size, seed, keys) => {
          const recent = createRecent(size, seed);
          const list: string[] = [];
          for (const key of keys.map(String)) {
            expect(recent.seen(key)).toBe(list.slice(-size).includes(key));
            list.push(key);
          }
        },
      ),
    );
  });

  test("keys that differ by little are not taken for each other", () => {
    for (const seed of [0, 1, 0xffffffff]) {
      const recent = createRecent(200_000, seed);
      let taken = 0;
      for (let index = 0; index < 50_000; index++) {
        for (const key of [`fareplay:evt_${index}`, `fareplay:${index.toString(2)}`, `fynn:evt_${index}`]) {
          if (recent.seen(key)) taken++;
        }
      }
      expect(taken).toBe(0);
    }
  });
});
