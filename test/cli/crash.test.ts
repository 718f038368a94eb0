import { beforeAll, describe, expect, test } from "vitest";
import { runCrashes } from "./crash-harness.ts";
import type { CrashReport, Problems } from "./crash-report.ts";

/** Kills of each run: few in the suite, more with `npm run test:crash`. */
const rounds = Number(process.env["CRASH_ROUNDS"] ?? 4);
const seed = process.env["CRASH_SEED"] ?? String(Math.floor(Math.random() * 1e9));

const runs = [
  { title: "a server is killed and started again", hasSurvivor: false },
  { title: "one of two servers on a database is killed and started again", hasSurvivor: true },
];
let reports: PromiseSettledResult<CrashReport>[] = [];

beforeAll(
  async () => {
    // Each mostly waits for leases to end, so they do so together.
    reports = await Promise.allSettled(
      runs.map(({ hasSurvivor }) => runCrashes({ rounds, seed, hasSurvivor })),
    );
    if (process.env["CRASH_ROUNDS"] === undefined) return;
    for (const report of reports) if (report.status === "fulfilled") console.log(report.value.figures);
  },
  180_000 + rounds * 6000,
);

const properties: [keyof Problems, string][] = [
  ["lost", "every acknowledged event is accepted by every endpoint that is subscribed to it"],
  ["stuck", "no delivery is pending or being sent for ever"],
  ["unfinished", "every stored event has one delivery for each of its endpoints, and it succeeded"],
  ["forged", "every request is correctly signed, for the very bytes and under one id"],
  ["repeated", "no idempotency key is stored twice"],
  ["refused", "no event is refused"],
  ["broken", "every start succeeds, no server fails by itself, and the file is whole"],
];

describe.each(runs.map((run, index) => ({ ...run, index })))(
  `$title, ${rounds} times (CRASH_SEED=${seed})`,
  ({ index }) => {
    const report = (): CrashReport => {
      const found = reports[index];
      if (found?.status !== "fulfilled") throw new Error("the run broke off", { cause: found?.reason });
      return found.value;
    };

    test.each(properties)("%s: %s", (kind) => {
      const { problems, figures } = report();
      expect(problems[kind].slice(0, 10), `${problems[kind].length} ${kind}; ${figures}`).toEqual([]);
    });

    test("answers were lost, attempts failed, and yet events arrived: it was put to the test", () => {
      const { acknowledged, delivered, answersLost, answersRepeated, turnedDown, figures } = report();
      for (const count of [acknowledged, delivered, answersLost, answersRepeated, turnedDown])
        expect(count, figures).toBeGreaterThan(0);
    });
  },
);
