import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { builtInProviders } from "../../src/providers/index.ts";
import { afterAttempt, readRetryAfter, type AttemptEnd } from "../../src/server/schedule.ts";
import type { DeliveryRow } from "../../src/store/contract.ts";
import { delivery, time } from "../store/rows.ts";

const [second, minute, hour] = [1000, 60_000, 3_600_000];
const day = 24 * hour;

const sent: AttemptEnd = { ok: true, isGone: false, retryAfterMs: undefined };
const failed: AttemptEnd = { ...sent, ok: false };
const middle = (): number => 0.5;
const fareplay = { delaysMs: [minute, 10 * minute, hour] };
const sending = (changes: Partial<DeliveryRow> = {}): DeliveryRow =>
  delivery("acct_1", "dlv_1", { status: "sending", dueAt: null, worker: "wrk_1", ...changes });

describe("an automatic attempt", () => {
  test.each([
    [0, time + minute],
    [1, time + 10 * minute],
    [2, time + hour],
    [3, null],
    [4, null],
    [1000, null],
  ])("that fails after %i others is followed by the next of the schedule, or by none", (made, next) => {
    const { changes, isExhausted } = afterAttempt(
      sending({ automaticMade: made, attemptsMade: made + 7, scheduledAt: time - minute }),
      failed,
      fareplay,
      time,
      middle,
    );
    expect(changes).toEqual({
      status: next === null ? "failed" : "pending",
      attemptsMade: made + 8,
      automaticMade: made + 1,
      dueAt: next,
      scheduledAt: next,
      isManual: false,
      hasSucceeded: false,
    });
    expect(isExhausted).toBe(next === null);
  });

  test("that succeeds ends the schedule", () => {
    expect(
      afterAttempt(sending({ automaticMade: 1, attemptsMade: 1 }), sent, fareplay, time, middle),
    ).toEqual({
      changes: {
        status: "succeeded",
        attemptsMade: 2,
        automaticMade: 2,
        dueAt: null,
        scheduledAt: null,
        isManual: false,
        hasSucceeded: true,
      },
      isExhausted: false,
    });
  });

  test.each([[false], [true]])(
    "that is answered with 410 ends it, whatever is left (manual: %s)",
    (isManual) => {
      const end = { ...failed, isGone: true, retryAfterMs: hour };
      const { changes, isExhausted } = afterAttempt(
        sending({ isManual, scheduledAt: time + hour }),
        end,
        fareplay,
        time,
        middle,
      );
      expect(changes).toMatchObject({ status: "failed", dueAt: null, scheduledAt: null });
      expect(isExhausted).toBe(false);
    },
  );

  test.each<[string, number | undefined, number]>([
    ["nothing", undefined, minute],
    ["no time at all", 0, minute],
    ["less than the schedule", 59 * second, minute],
    ["more than the schedule", 61 * second, 61 * second],
    ["a day", day, day],
    ["more than a day", day + 1, day],
    ["for ever", Number.MAX_SAFE_INTEGER, day],
    ["9999999999 s", 9_999_999_999_000, day],
  ])("that is answered with a Retry-After of %s", (_, retryAfterMs, wait) => {
    const { changes } = afterAttempt(sending(), { ...failed, retryAfterMs }, fareplay, time, middle);
    expect(changes).toMatchObject({ status: "pending", dueAt: time + wait });
  });

  test("that was the last is not followed by another, though a Retry-After asks for it", () => {
    const end = { ...failed, retryAfterMs: second };
    const { changes, isExhausted } = afterAttempt(sending({ automaticMade: 3 }), end, fareplay, time, middle);
    expect([changes.status, changes.dueAt, isExhausted]).toEqual(["failed", null, true]);
  });

  test("leaves the schedule within its jitter, and never earlier than that or what was asked for", () => {
    const delays = fc.array(fc.integer({ min: 0, max: 3 * day }), { minLength: 1, maxLength: 12 });
    const fraction = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
    const asked = fc.option(fc.integer({ min: 0, max: 40 * day }), { nil: undefined });
    fc.assert(
      fc.property(
        delays,
        fraction,
        fraction,
        asked,
        fc.nat(15),
        (delaysMs, jitter, random, retryAfterMs, made) => {
          const end = { ...failed, retryAfterMs };
          const { changes, isExhausted } = afterAttempt(
            sending({ automaticMade: made }),
            end,
            { delaysMs, jitter },
            time,
            () => random,
          );
          const delay = delaysMs[made];
          expect(isExhausted).toBe(delay === undefined);
          if (delay === undefined) return;
          const wait = (changes.dueAt ?? 0) - time;
          expect(Number.isInteger(wait)).toBe(true);
          expect(changes.scheduledAt).toBe(changes.dueAt);
          expect(wait).toBeGreaterThanOrEqual(Math.floor(delay * (1 - jitter)));
          expect(wait).toBeGreaterThanOrEqual(Math.min(retryAfterMs ?? 0, day));
          expect(wait).toBeLessThanOrEqual(
            Math.max(Math.ceil(delay * (1 + jitter)), Math.min(retryAfterMs ?? 0, day)),
          );
          if (jitter === 0) expect(wait).toBe(Math.max(delay, Math.min(retryAfterMs ?? 0, day)));
        },
      ),
    );
  });

  test("goes by each provider's own schedule to its end", () => {
    for (const { id, retry } of builtInProviders) {
      let row = sending();
      const waits: number[] = [];
      for (let now = time; ;) {
        const { changes } = afterAttempt(row, failed, retry, now, middle);
        row = { ...row, ...changes };
        if (changes.dueAt === null) break;
        waits.push(changes.dueAt - now);
        now = changes.dueAt;
      }
      expect([id, waits]).toEqual([id, [...retry.delaysMs]]);
      expect(row).toMatchObject({ status: "failed", automaticMade: retry.delaysMs.length + 1 });
    }
  });
});

describe("an attempt by hand", () => {
  test.each([
    ["that is still to come", time + hour, "pending"],
    ["that has come due meanwhile", time - hour, "pending"],
    ["that is over", null, "failed"],
  ])("that fails leaves a schedule %s as it is", (_, scheduledAt, status) => {
    const { changes, isExhausted } = afterAttempt(
      sending({ isManual: true, automaticMade: 2, attemptsMade: 5, scheduledAt }),
      { ...failed, retryAfterMs: day },
      fareplay,
      time,
      middle,
    );
    expect(changes).toEqual({
      status,
      attemptsMade: 6,
      automaticMade: 2,
      dueAt: scheduledAt,
      scheduledAt,
      isManual: false,
      hasSucceeded: false,
    });
    expect(isExhausted).toBe(false);
  });

  test.each([
    ["fails", failed],
    ["is answered with 410", { ...failed, isGone: true }],
  ])("that %s changes nothing of what was delivered before", (_, end) => {
    const row = sending({ isManual: true, hasSucceeded: true, scheduledAt: null });
    const { changes, isExhausted } = afterAttempt(row, end, fareplay, time, middle);
    expect(changes).toMatchObject({ status: "succeeded", hasSucceeded: true, dueAt: null });
    expect(isExhausted).toBe(false);
  });

  test("neither consumes nor restarts the schedule, whenever and however often it comes", () => {
    fc.assert(
      fc.property(fc.array(fc.boolean(), { maxLength: 20 }), (manual) => {
        let row = sending();
        let now = time;
        const automatic: number[] = [];
        const step = (isManual: boolean): void => {
          const due = row.dueAt;
          if (!isManual && due !== null) now = Math.max(now, due);
          if (!isManual) automatic.push(now);
          const { changes } = afterAttempt({ ...row, isManual }, failed, fareplay, now, middle);
          row = { ...row, ...changes };
        };
        step(false);
        for (const isManual of [...manual, false, false, false]) {
          if (isManual || row.status === "pending") step(isManual);
          if (isManual) now += second;
        }
        expect(automatic).toHaveLength(4);
        expect(row.status).toBe("failed");
        const gaps = automatic.slice(1).map((at, index) => at - (automatic[index] ?? 0));
        for (const [index, gap] of gaps.entries()) expect(gap).toBe(fareplay.delaysMs[index]);
      }),
    );
  });
});

describe("a Retry-After header", () => {
  const now = Date.parse("2026-03-17T14:32:00Z");
  test.each<[string | undefined, number | undefined]>([
    ["0", 0],
    ["1", second],
    [" 120 ", 120 * second],
    ["007", 7 * second],
    ["9999999999", 9_999_999_999 * second],
    ["Tue, 17 Mar 2026 14:33:00 GMT", minute],
    ["Tue, 17 Mar 2026 14:32:01 GMT", second],
    ["Tuesday, 17-Mar-26 14:33:00 GMT", minute],
    ["Tue Mar 17 14:33:00 2026", minute],
    // A date whose time is over asks for nothing.
    ["Tue, 17 Mar 2026 14:32:00 GMT", undefined],
    ["Mon, 16 Mar 2026 14:32:00 GMT", undefined],
    [undefined, undefined],
    ["", undefined],
    ["-1", undefined],
    ["+1", undefined],
    ["1.5", undefined],
    ["1e3", undefined],
    ["0x10", undefined],
    ["99999999999", undefined],
    ["9".repeat(101), undefined],
    ["Infinity", undefined],
    ["NaN", undefined],
    ["soon", undefined],
    ["120, 240", undefined],
    ["120;x", undefined],
    ["2026-03-17T14:33:00Z", undefined],
    ["Tue, 99 Xyz 2026", undefined],
    ["__proto__", undefined],
    ["١٢٠", undefined],
  ])("%j asks for %s ms", (value, ms) => {
    expect(readRetryAfter(value, now)).toBe(ms);
  });

  test("never asks for less than nothing, nor for what is no number", () => {
    fc.assert(
      fc.property(fc.string({ unit: "binary", maxLength: 120 }), (value) => {
        const ms = readRetryAfter(value, now);
        expect(ms === undefined || (Number.isFinite(ms) && ms >= 0)).toBe(true);
      }),
    );
  });
});
