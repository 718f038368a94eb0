import { expect, test } from "vitest";
import { pairCases, pairs } from "./corpus.ts";
import { confusionOf, judge } from "./judge.ts";

// Of two mistakes that neither the request nor the secret shows, 64 signatures cannot try every pair.
test("of two mistakes at once one comes first and both are found", async () => {
  const judged = [...pairCases(pairs, 4)].map(judge);
  await expect(confusionOf(judged)).toMatchFileSnapshot("confusion-pairs.txt");

  const right = judged.filter(({ isRight }) => isRight);
  expect(right.length / judged.length).toBeGreaterThanOrEqual(0.95);
  expect(right.filter(({ isProved }) => !isProved)).toEqual([]);
  expect(judged.filter(({ wronglyProved }) => wronglyProved.length > 0)).toEqual([]);
  expect(Math.max(...judged.map(({ signatures }) => signatures))).toBeLessThanOrEqual(64);
});
