import { expect, test } from "vitest";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import { singleCases, type Single } from "./corpus.ts";
import { confusionOf, judge } from "./judge.ts";

/**
 * Tests every one of the causes by itself.
 * @param table file that shows what was found
 */
export function testSingles(causes: readonly Single[], table: string): void {
  const cases = [...singleCases(causes, 20)];

  test("the right cause comes first, for every cause and every scheme", async () => {
    const judged = cases.map(judge);
    await expect(confusionOf(judged)).toMatchFileSnapshot(table);

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

  test("no finding holds a secret", () => {
    const told = [];
    for (const { input, variant } of cases.filter((_, index) => index % 7 === 0)) {
      const text = JSON.stringify(diagnose(input));
      for (const secret of [...input.secrets, ...(input.known ?? []).map((one) => one.secret)]) {
        // Words may stand in evidence by chance; the random part of a secret cannot.
        const random = /[A-Za-z0-9+/]{16,}/.exec(secret)?.[0] ?? "";
        for (let start = 0; start + 5 <= random.length; start++) {
          const run = random.slice(start, start + 5);
          if (/\d/.test(run) && /[A-Za-z]/.test(run) && text.includes(run)) told.push({ variant, run });
        }
      }
    }
    expect(told).toEqual([]);
  });
}
