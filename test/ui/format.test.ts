import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { bytes, count, dateTime, duration, hint, relativeTime, timeOfDay } from "../../src/ui/format.ts";

const SECOND = 1000;
const MINUTE = 60 * SECOND;
const HOUR = 60 * MINUTE;

it.each([
  [0, "0 ms"],
  [0.412, "0.4 ms"],
  [9.94, "9.9 ms"],
  [9.96, "10 ms"],
  [12.3, "12 ms"],
  [999.4, "999 ms"],
  [999.6, "1 s"],
  [1234, "1.2 s"],
  [30 * SECOND, "30 s"],
  [59_940, "59.9 s"],
  [59_960, "1 min"],
  [125 * SECOND, "2 min 5 s"],
  [HOUR, "1 h"],
  [HOUR + 30 * SECOND, "1 h"],
  [HOUR + 5 * MINUTE, "1 h 5 min"],
  [24 * HOUR, "1 d"],
  [7 * 24 * HOUR, "7 d"],
  [50 * HOUR, "2 d 2 h"],
  [-1500, "-1.5 s"],
])("%d ms last %s", (ms, text) => {
  expect(duration(ms)).toBe(text);
});

it.each([
  [0, "0 B"],
  [541, "541 B"],
  [999, "999 B"],
  [1000, "1.0 kB"],
  [1234, "1.2 kB"],
  [999_949, "999.9 kB"],
  [999_950, "1.0 MB"],
  [5_000_000, "5.0 MB"],
  [2.5e9, "2.5 GB"],
  [3e12, "3.0 TB"],
])("%d bytes are %s", (size, text) => {
  expect(bytes(size)).toBe(text);
});

it("counts", () => {
  expect([0, 1, 2].map((amount) => count(amount, "delivery", "deliveries"))).toEqual([
    "0 deliveries",
    "1 delivery",
    "2 deliveries",
  ]);
});

it("tells the local time of day", () => {
  expect(timeOfDay(new Date(2026, 2, 17, 14, 32, 7, 999).getTime())).toBe("14:32:07");
  expect(timeOfDay(new Date(2026, 2, 17, 0, 0, 0).getTime())).toBe("00:00:00");
});

describe("hint", () => {
  it.each([
    ["whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo29f3a", "whsec_…9f3a"],
    ["sk_test_51HxAbCdEfGhIjKl", "sk_…IjKl"],
    ["0123456789abcdef", "…cdef"],
    ["0123456789ab", "…89ab"],
    ["0123456789a", "…"],
    ["whsec_abcd", "…"],
    ["whsec_abcdefgh", "whsec_…"],
    ["longprefix_0123456789", "…6789"],
    ["hunter2_hunter2", "…ter2"],
    ["0123456789\u001b[2J", "…"],
    ["", "…"],
  ])("%j shows as %s", (secret, shown) => {
    expect(hint(secret)).toBe(shown);
  });

  it("shows four characters of the secret part at most, and eight leave at least", () => {
    fc.assert(
      fc.property(
        fc.string({ unit: "binary-ascii", maxLength: 40 }),
        fc.constantFrom("", "whsec_", "fjr_"),
        (body, prefix) => {
          const secret = prefix + body;
          const [before = "", after = ""] = hint(secret).split("…");
          expect(hint(secret)).toBe(`${before}…${after}`);
          expect(secret.startsWith(before) && secret.endsWith(after)).toBe(true);
          expect(hint(secret)).toMatch(/^([A-Za-z]{1,7}_)?…[!-~]{0,4}$/);
          if (after !== "") expect(secret.length - before.length - after.length).toBeGreaterThanOrEqual(8);
        },
      ),
    );
  });
});

it("writes a time with its day, as the clock here shows it", () => {
  expect(dateTime(new Date(2026, 2, 7, 4, 3, 2).getTime())).toBe("2026-03-07 04:03:02");
  expect(dateTime(new Date(2026, 11, 31, 23, 59, 59).getTime())).toBe("2026-12-31 23:59:59");
});

it.each([
  [0, "now"],
  [499, "now"],
  [500, "in 1 s"],
  [-1500, "2 s ago"],
  [89 * SECOND, "in 89 s"],
  [90 * SECOND, "in 2 min"],
  [-89 * MINUTE, "89 min ago"],
  [90 * MINUTE, "in 2 h"],
  [24 * HOUR, "in 24 h"],
  [-47 * HOUR, "47 h ago"],
  [48 * HOUR, "in 2 d"],
  [-90 * 24 * HOUR, "90 d ago"],
])("%d ms from now is %s", (ms, text) => {
  const now = 1_773_757_920_000;
  expect(relativeTime(now + ms, now)).toBe(text);
});
