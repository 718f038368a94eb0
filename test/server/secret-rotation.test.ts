import { describe, expect, test } from "vitest";
import { addEndpoint, codeOf, publish } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";
import { startReceiver, verdictOf, type Receiver } from "./receiver.ts";

interface Case {
  plane: Plane;
  receiver: Receiver;
  id: string;
  old: string;
  call: (
    route: "rotateSecret" | "retireSecret" | "restoreSecret",
    body?: object,
  ) => ReturnType<Plane["call"]>;
  /** Rotates without an end. @returns the new secret */
  open: () => Promise<string>;
  /** Which of the secrets verify a delivery made now. */
  signers: (...secrets: string[]) => Promise<boolean[]>;
  rotation: () => Promise<unknown>;
}

async function start(provider = "fareplay", type = "order.created"): Promise<Case> {
  const plane = await openPlane();
  const receiver = await startReceiver();
  const { id, secret: old } = await addEndpoint(plane, receiver.url, { provider });
  await plane.worker.start();
  const call: Case["call"] = (route, body = {}) => plane.call(`endpoints.${route}`, { params: { id }, body });
  return {
    plane,
    receiver,
    id,
    old,
    call,
    open: async () =>
      ((await call("rotateSecret", { grace_seconds: null })).body as { secret: string }).secret,
    async signers(...secrets) {
      await publish(plane, { provider, type });
      await plane.worker.settle();
      const request = receiver.received.at(-1);
      return secrets.map((one) => verdictOf(request, provider, [one], plane.time())?.ok === true);
    },
    rotation: async () => (await plane.done("endpoints.get", { params: { id } }))["secret_rotation"],
  };
}

const schemes = [
  ["standard-webhooks", "user.created", "both", [true, true]],
  ["stripe", "charge.refunded", "both", [true, true]],
  ["fareplay", "order.created", "previous", [true, false]],
  ["github", "push", "previous", [true, false]],
] as const;
const year = 365 * 86_400_000;

describe.each(schemes)("a rotation of %s without an end", (provider, type, signs_with, meanwhile) => {
  test("leaves the former secret in use until it is retired, and a grace longer", async () => {
    const { plane, old, open, call, signers, rotation } = await start(provider, type);
    const next = await open();
    expect(await rotation()).toEqual({ signs_with, previous_until: null });
    plane.pass(year);
    await plane.app.tidy();
    expect(await signers(old, next)).toEqual(meanwhile);
    const end = new Date(plane.time() + 60_000).toISOString();
    expect(await call("retireSecret", { grace_seconds: 60 })).toMatchObject({
      status: 200,
      body: { secret_rotation: { signs_with, previous_until: end } },
    });
    plane.pass(59_999);
    expect(await signers(old, next)).toEqual(meanwhile);
    plane.pass(1);
    expect(await signers(old, next)).toEqual([false, true]);
    expect(await rotation()).toBeNull();
  });

  test("is undone: the former secret alone is in use, and can be rotated again", async () => {
    const { old, open, call, signers, rotation, plane, id } = await start(provider, type);
    const before = await plane.done("endpoints.get", { params: { id } });
    const next = await open();
    const { status, body } = await call("restoreSecret");
    expect([status, body]).toEqual([200, before]);
    expect(JSON.stringify(body)).not.toContain(old);
    expect(await rotation()).toBeNull();
    expect(await signers(old, next)).toEqual([true, false]);
    const again = await open();
    expect(await signers(old, next, again)).toEqual([true, false, meanwhile[1]]);
  });

  test("signs what waited for a retry when the grace ended with the new secret alone", async () => {
    const { plane, receiver, old, open, call } = await start(provider, type);
    const next = await open();
    receiver.reply = { status: 500 };
    await publish(plane, { provider, type });
    await plane.worker.settle();
    await call("retireSecret", { grace_seconds: 1 });
    plane.pass(1000);
    receiver.reply = {};
    const [{ id } = { id: "" }] = (await plane.done("deliveries.list"))["data"] as { id: string }[];
    await plane.done("deliveries.retry", { params: { id }, body: {} });
    await plane.worker.settle();
    const verdicts = receiver.received.map((request) =>
      [old, next].map((one) => verdictOf(request, provider, [one], plane.time())?.ok),
    );
    expect(verdicts).toEqual([meanwhile, [false, true]]);
  });
});

describe("a rotation", () => {
  test("can be undone in its grace too, and not after it", async () => {
    const { plane, call, old, signers } = await start();
    await call("rotateSecret", { grace_seconds: 60 });
    plane.pass(59_999);
    expect((await call("restoreSecret")).status).toBe(200);
    expect(await signers(old)).toEqual([true]);
    const { body } = await call("rotateSecret", { grace_seconds: 60 });
    plane.pass(60_000);
    for (const [route, more] of [
      ["restoreSecret", {}],
      ["retireSecret", { grace_seconds: 1 }],
    ] as const)
      expect(codeOf(await call(route, more))).toBe("rotation-missing");
    expect(await signers((body as { secret: string }).secret)).toEqual([true]);
  });

  test("is shortened by retiring again, never prolonged; without a grace it ends at once", async () => {
    const { plane, open, call, rotation } = await start();
    const at = (seconds: number): string => new Date(plane.time() + seconds * 1000).toISOString();
    await open();
    await call("retireSecret", { grace_seconds: 60 });
    await call("retireSecret", { grace_seconds: 3600 });
    expect(await rotation()).toMatchObject({ previous_until: at(60) });
    await call("retireSecret", { grace_seconds: 30 });
    expect(await rotation()).toMatchObject({ previous_until: at(30) });
    await call("retireSecret", { grace_seconds: 0 });
    expect(await rotation()).toBeNull();
    expect(codeOf(await call("restoreSecret"))).toBe("rotation-missing");
  });

  test("without an end lets no other begin, but for one without a grace", async () => {
    const { open, call, old, signers } = await start();
    const next = await open();
    for (const grace_seconds of [null, 60]) {
      const { status, body } = await call("rotateSecret", { grace_seconds });
      expect([status, codeOf({ body })]).toEqual([409, "rotation-under-way"]);
    }
    const { body } = await call("rotateSecret", { grace_seconds: 0 });
    expect(await signers(old, next, (body as { secret: string }).secret)).toEqual([false, false, true]);
  });

  test("is left alone by who means another: the hint says which", async () => {
    const { open, call, rotation } = await start();
    const { body: mine } = await call("rotateSecret", { grace_seconds: null });
    const { secret_hint } = mine as { secret_hint: string };
    // Somebody else undoes it and begins one of their own.
    await call("restoreSecret", { secret_hint });
    await open();
    for (const [route, more] of [
      ["restoreSecret", {}],
      ["retireSecret", { grace_seconds: 0 }],
    ] as const)
      expect(codeOf(await call(route, { ...more, secret_hint }))).toBe("rotation-missing");
    expect(await rotation()).toMatchObject({ previous_until: null });
  });

  test.each(["restoreSecret", "retireSecret"] as const)(
    "that is not there is no matter of %s",
    async (route) => {
      const { plane, id, call } = await start();
      const body = route === "retireSecret" ? { grace_seconds: 1 } : {};
      expect(codeOf(await call(route, body))).toBe("rotation-missing");
      await plane.done("endpoints.delete", { params: { id } });
      expect(codeOf(await call(route, body))).toBe("endpoint-deleted");
    },
  );

  test("is in the activity log, however it ends", async () => {
    const { plane, open, call } = await start();
    await open();
    await call("restoreSecret");
    await open();
    await call("retireSecret", { grace_seconds: 60 });
    const { data } = (await plane.done("activity.list")) as { data: { action: string; detail: object }[] };
    const until = new Date(plane.time() + 60_000).toISOString();
    expect(
      data
        .filter(({ action }) => action.startsWith("endpoint.secret"))
        .map((one) => [one.action, one.detail]),
    ).toEqual([
      ["endpoint.secret_retired", { previous_until: until }],
      ["endpoint.secret_rotated", { previous_until: null }],
      ["endpoint.secret_restored", {}],
      ["endpoint.secret_rotated", { previous_until: null }],
    ]);
  });
});
