import { describe, expect, test } from "vitest";
import { addEndpoint, codeOf, show, update } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";
import { headerOf, startReceiver, verdictOf } from "./receiver.ts";

const minute = 60_000;

const tryOut = (plane: Plane, id: string, body: object = {}) =>
  plane.call("endpoints.test", { params: { id }, body }, plane.root);
const deliveryOf = ({ body }: { body: unknown }): string =>
  (body as { deliveries: { id: string }[] }).deliveries[0]?.id ?? "";

/** Samples of some events alone, each of which tells what it is. */
const some =
  (...types: string[]) =>
  (provider: { id: string }, type: string) =>
    Promise.resolve(types.includes(type) ? Buffer.from(`{"sample":"${provider.id}/${type}"}`) : undefined);

describe("testing an endpoint", () => {
  test("sends it a sample, signed like any event, and no other endpoint", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id, secret } = await addEndpoint(plane, receiver.url);
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    const answer = await tryOut(plane, id);
    expect(answer).toMatchObject({
      status: 202,
      body: {
        provider: "fareplay",
        type: "order.created",
        disabled_endpoints: [],
        deliveries: [{ endpoint_id: id }],
      },
    });
    await plane.worker.settle();
    expect(receiver.received.map(({ body }) => body.toString())).toEqual([`{"sample":"fareplay"}`]);
    expect(headerOf(receiver.received, "x-fareplay-event")).toEqual(["order.created"]);
    expect(verdictOf(receiver.received[0], "fareplay", [secret], plane.time())?.ok).toBe(true);
    expect(await show(plane, deliveryOf(answer))).toMatchObject({
      status: "succeeded",
      attempts: [{ kind: "manual", status: 200 }],
    });
    const { data } = await plane.done("activity.list", { query: { action: "endpoint.tested" } });
    expect(data).toMatchObject([{ subject: { id }, detail: { event: "order.created" } }]);
  });

  test("takes the first event that it is subscribed to and there is a sample of, or the one that is named", async () => {
    const plane = await openPlane({ sample: some("payment.refunded", "cart.status_changed") });
    const { id } = await addEndpoint(plane, "http://127.0.0.1:1", { events: ["payment.*", "order.*"] });
    expect(await tryOut(plane, id)).toMatchObject({ status: 202, body: { type: "payment.refunded" } });
    const named = await tryOut(plane, id, { type: "cart.status_changed" });
    expect(named).toMatchObject({ status: 202, body: { type: "cart.status_changed" } });
  });

  test.each([
    ["none of its events", {}],
    ["the one that is named", { type: "order.created" }],
    ["one that is not the provider's", { type: "constructor" }],
  ])("is refused where there is a sample of %s", async (_, body) => {
    const plane = await openPlane({ sample: some("cart.status_changed") });
    const { id } = await addEndpoint(plane, "http://127.0.0.1:1", { events: ["payment.*"] });
    const answer = await tryOut(plane, id, body);
    expect([answer.status, codeOf(answer)]).toEqual([409, "sample-missing"]);
    expect((await plane.done("events.list", { query: {} }))["data"]).toEqual([]);
  });

  test("is refused while it is disabled, and once it is deleted", async () => {
    const plane = await openPlane();
    const { id } = await addEndpoint(plane, "http://127.0.0.1:1");
    await update(plane, id, { status: "disabled" });
    expect(await tryOut(plane, id)).toMatchObject({ status: 409, body: { code: "endpoint-disabled" } });
    await plane.done("endpoints.delete", { params: { id } });
    expect(await tryOut(plane, id)).toMatchObject({ status: 410, body: { code: "endpoint-deleted" } });
    expect(await tryOut(plane, "ep_none")).toMatchObject({ status: 404, body: { code: "not-found" } });
    expect((await plane.done("deliveries.list", { query: {} }))["data"]).toEqual([]);
  });

  test("is one attempt, never retried, and counts towards disabling as little as it fails", async () => {
    const plane = await openPlane({ delivery: { disableAfter: 1 } });
    const receiver = await startReceiver();
    const { id } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = { status: 500, headers: { "retry-after": "1" } };
    const delivery = deliveryOf(await tryOut(plane, id));
    await plane.worker.settle();
    expect(await show(plane, delivery)).toMatchObject({
      status: "failed",
      next_attempt_at: null,
      attempts: [{ number: 1, kind: "manual", status: 500 }],
    });
    plane.pass(1000 * minute);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
    expect(await plane.done("endpoints.get", { params: { id } })).toMatchObject({ status: "enabled" });
    expect(plane.events.map(({ type }) => type)).toEqual(["attempt"]);
  });

  test("that breaks off in the middle is made again: it is due until it is recorded", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    const { id } = await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    receiver.reply = "hang";
    const delivery = deliveryOf(await tryOut(plane, id));
    await receiver.until(1);
    await plane.worker.stop(0);
    expect((await show(plane, delivery)).status).toBe("pending");
    receiver.reply = { status: 500 };
    await plane.addWorker().attempt(plane.account.id, [delivery]);
    expect(await show(plane, delivery)).toMatchObject({ status: "failed", attempts_made: 1 });
  });
});

describe("a target that nothing may be sent to", () => {
  const refused = [
    ["http://127.0.0.1:3000/", /loopback/],
    ["http://2130706433/", /loopback/],
    ["http://localhost/", /loopback/],
    ["http://[::1]/", /loopback/],
    ["http://10.1.2.3/", /private/],
    ["http://169.254.169.254/latest/meta-data", /metadata/],
    ["http://[::ffff:8.8.8.8]/", /IPv4-mapped/],
    ["http://0.0.0.0/", /unspecified/],
  ] as const;
  const body = { provider: "fareplay", events: ["*"] };

  test.each(refused)("is refused to a new endpoint: %s", async (url, why) => {
    const plane = await openPlane({ allowPrivate: false });
    const answer = await plane.call("endpoints.create", { body: { ...body, url } }, plane.root);
    expect([answer.status, codeOf(answer)]).toEqual([422, "target-refused"]);
    const { detail } = answer.body as { detail: string };
    expect(detail).toMatch(why);
    // What nothing opens, no flag is advised for.
    expect(detail.includes("--allow-target")).toBe(!/metadata|IPv4-mapped/.test(detail));
    expect((await plane.done("endpoints.list", { query: {} }))["data"]).toEqual([]);
  });

  test.each(refused)("is refused to an endpoint that has another: %s", async (url) => {
    const plane = await openPlane({ allowPrivate: false });
    const { id } = await addEndpoint(plane, "https://1.1.1.1/hooks");
    const answer = await plane.call("endpoints.update", { params: { id }, body: { url } }, plane.root);
    expect([answer.status, codeOf(answer)]).toEqual([422, "target-refused"]);
    expect(await plane.done("endpoints.get", { params: { id } })).toMatchObject({
      url: "https://1.1.1.1/hooks",
    });
    // What leaves the URL as it is asks nobody.
    await update(plane, id, { description: "changed" });
  });

  test("is metadata even where private ones are open", async () => {
    const plane = await openPlane();
    await addEndpoint(plane, "http://10.1.2.3/");
    const url = "http://169.254.169.254/";
    expect(codeOf(await plane.call("endpoints.create", { body: { ...body, url } }))).toBe("target-refused");
  });
});
