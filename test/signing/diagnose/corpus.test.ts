import { expect, test } from "vitest";
import { singleCases, singles } from "./corpus.ts";
import { confusionOf, judge } from "./judge.ts";

const causes = Object.keys(singles) as (keyof typeof singles)[];
const cases = [...singleCases(causes, 20)];

test("the right cause comes first, for every cause and every scheme", async () => {
  const judged = cases.map(judge);
  await expect(confusionOf(judged)).toMatchFileSnapshot("confusion.txt");

  const share = (of: typeof judged) => of.filter(({ isRight }) => isRight).length / of.length;
  expect(share(judged)).toBeGreaterThanOrEqual(0.99);
  const weak = causes.filter((cause) => share(judged.filter(({ expected }) => expected === cause)) < 0.97);
  expect(weak).toEqual([]);
  // What can be undone is undone, and nothing else is said to be proved.
  expect(judged.filter(({ isRight, isProved }) => isRight && !isProved)).toEqual([]);
  expect(judged.filter(({ wronglyProved }) => wronglyProved.length > 0)).toEqual([]);
  expect(Math.max(...judged.map(({ signatures }) => signatures))).toBeLessThanOrEqual(64);
});

test("every cause is met in several ways and under every scheme that knows it", () => {
  for (const cause of causes) {
    const own = cases.filter(({ causes: [expected] }) => expected === cause);
    const untimed = cause.startsWith("timestamp-") || cause === "algorithm" || cause === "header-encoding";
    const least = cause === "timestamp-future" ? 5 : untimed ? 6 : 11;
    expect(new Set(own.map(({ target }) => target)).size, cause).toBeGreaterThanOrEqual(least);
    const variants = new Set(own.map(({ variant }) => variant)).size;
    expect(variants, cause).toBeGreaterThanOrEqual(cause === "other-provider" ? 2 : 3);
  }
});
