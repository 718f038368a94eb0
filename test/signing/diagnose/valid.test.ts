import { expect, test } from "vitest";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import { createDraw } from "./random.ts";
import { createScene, inputOf, targets } from "./scenes.ts";

test("10,000 requests that are right have no finding at all", () => {
  const found = [];
  let number = 0;
  for (; number < 10_000; number++) {
    const target = targets[number % targets.length];
    if (target === undefined) continue;
    const input = inputOf(createScene(target, createDraw(`valid ${String(number)}`)));
    const findings = diagnose(input);
    if (findings.length > 0) found.push({ number, target: target.name, findings });
  }
  expect(found).toEqual([]);
});
