import { expect, test } from "vitest";
import { createFailureLimiter } from "../../src/server/limiter.ts";

test("forgives twenty failures at once, then one every three seconds", () => {
  let now = 1_000_000;
  const limiter = createFailureLimiter(() => now);
  for (let failure = 0; failure < 20; failure++) expect(limiter.fail("192.0.2.1")).toBeUndefined();
  expect(limiter.fail("192.0.2.1")).toBe(3);
  now += 2000;
  expect(limiter.fail("192.0.2.1")).toBe(1);
  now += 1000;
  expect(limiter.fail("192.0.2.1")).toBeUndefined();
  expect(limiter.fail("192.0.2.1")).toBe(3);
  now += 60_000;
  for (let failure = 0; failure < 20; failure++) expect(limiter.fail("192.0.2.1")).toBeUndefined();
});

test("keeps addresses apart, but takes an IPv6 /64 for one", () => {
  const limiter = createFailureLimiter(() => 0);
  const exhaust = (address: (index: number) => string): void => {
    for (let failure = 0; failure < 20; failure++) expect(limiter.fail(address(failure))).toBeUndefined();
  };
  exhaust(() => "192.0.2.1");
  expect(limiter.fail("192.0.2.1")).toBe(3);
  expect(limiter.fail("192.0.2.2")).toBeUndefined();
  exhaust((index) => `2001:db8:0:1::${index.toString(16)}`);
  expect(limiter.fail("2001:0db8:0:1:ffff::1".replace("0db8", "db8"))).toBe(3);
  expect(limiter.fail("2001:db8:0:2::1")).toBeUndefined();
  expect(limiter.fail("fe80::1%eth0")).toBeUndefined();
});

test("remembers no more addresses than it has room for", () => {
  const limiter = createFailureLimiter(() => 0);
  for (let failure = 0; failure < 20; failure++) limiter.fail("first");
  expect(limiter.fail("first")).toBe(3);
  for (let index = 0; index < 10_000; index++) limiter.fail(`other-${index}`);
  expect(limiter.fail("first")).toBeUndefined();
});
