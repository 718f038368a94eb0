import { describe, expect, test } from "vitest";
import { addEndpoint, publish } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";
import { headerOf, startReceiver, verdictOf, type Receiver } from "./receiver.ts";

const grace = 3600;

interface Case {
  plane: Plane;
  receiver: Receiver;
  rotate: (graceSeconds?: number) => Promise<string>;
  /** Which of the secrets a delivery made now can be verified with. */
  signers: (secrets: readonly string[]) => Promise<boolean[]>;
  secret: string;
}

async function start(provider: string, type: string): Promise<Case> {
  const plane = await openPlane();
  const receiver = await startReceiver();
  const { id, secret } = await addEndpoint(plane, receiver.url, { provider });
  await plane.worker.start();
  return {
    plane,
    receiver,
    secret,
    async rotate(graceSeconds = grace) {
      const body = { grace_seconds: graceSeconds };
      const rotated = await plane.done("endpoints.rotateSecret", { params: { id }, body });
      return rotated["secret"] as string;
    },
    async signers(secrets) {
      await publish(plane, { provider, type });
      await plane.worker.settle();
      const request = receiver.received.at(-1);
      return secrets.map((one) => verdictOf(request, provider, [one], plane.time())?.ok === true);
    },
  };
}

const several = [
  ["stripe", "charge.refunded"],
  ["standard-webhooks", "user.created"],
  ["svix", "user.created"],
] as const;
const single = [
  ["fareplay", "order.created"],
  ["fynn", "subscription.activated"],
  ["github", "push"],
] as const;

describe.each(several)("during a rotation %s, which can carry several signatures,", (provider, type) => {
  test("signs with both secrets, and after it with the new one", async () => {
    const { plane, rotate, signers, secret } = await start(provider, type);
    expect(await signers([secret])).toEqual([true]);
    const next = await rotate();
    expect(await signers([secret, next])).toEqual([true, true]);
    plane.pass(grace * 1000 - 1);
    expect(await signers([secret, next])).toEqual([true, true]);
    plane.pass(1);
    expect(await signers([secret, next])).toEqual([false, true]);
  });
});

describe.each(single)("during a rotation %s, which carries one signature,", (provider, type) => {
  test("signs with the old secret, and after it with the new one", async () => {
    const { plane, rotate, signers, secret } = await start(provider, type);
    expect(await signers([secret])).toEqual([true]);
    const next = await rotate();
    expect(await signers([secret, next])).toEqual([true, false]);
    plane.pass(grace * 1000 - 1);
    expect(await signers([secret, next])).toEqual([true, false]);
    plane.pass(1);
    expect(await signers([secret, next])).toEqual([false, true]);
  });
});

test("a rotation without a grace signs with the new secret at once, also what was due before", async () => {
  const { plane, receiver, rotate, secret } = await start("fareplay", "order.created");
  receiver.reply = { status: 500 };
  await publish(plane);
  await plane.worker.settle();
  const next = await rotate(0);
  receiver.reply = {};
  plane.pass(60_000);
  await plane.worker.settle();
  const verdicts = receiver.received.map((request) =>
    [secret, next].map((one) => verdictOf(request, "fareplay", [one], plane.time())?.ok),
  );
  expect(verdicts).toEqual([
    [true, false],
    [false, true],
  ]);
});

test("every attempt is signed at its own time, under one id", async () => {
  const { plane, receiver, secret } = await start("standard-webhooks", "user.created");
  receiver.reply = { status: 500 };
  await publish(plane, { provider: "standard-webhooks", type: "user.created" });
  await plane.worker.settle();
  plane.pass(5000);
  await plane.worker.settle();
  const [first, second] = headerOf(receiver.received, "webhook-timestamp").map(Number);
  expect([first, second]).toEqual([(plane.time() - 5000) / 1000, plane.time() / 1000]);
  expect(new Set(headerOf(receiver.received, "webhook-id")).size).toBe(1);
  for (const request of receiver.received)
    expect(verdictOf(request, "standard-webhooks", [secret], plane.time())?.ok).toBe(true);
});
