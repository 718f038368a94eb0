import { describe, expect, test } from "vitest";
import type { Input, Remote } from "../../src/remote/contract.ts";
import { values, type Received } from "../cli/run-servers.ts";
import { remoteAt } from "./stripe-remote.ts";
import { refusal, startStripe, stripeEndpoint, stripeEvent, type StripeServer } from "./stripe-server.ts";

type Query = Input<"deliveries.list">["query"];

const nothing = { data: [], next_cursor: null };
const query = ({ url }: Received): Record<string, string> =>
  Object.fromEntries(new URL(url, "http://localhost").searchParams);
const ids = async (remote: Remote, asked: Query): Promise<string[]> =>
  (await remote.call("deliveries.list", { query: asked })).data.map(({ id }) => id);

const delivery = {
  endpoint_id: null,
  endpoint_url: null,
  provider: "stripe",
  attempts_made: null,
  next_attempt_at: null,
};

/** Four events, newest first: which not every endpoint has accepted, and which all have. */
async function startWithEvents(): Promise<{ stripe: StripeServer; remote: Remote; event: string[] }> {
  const stripe = await startStripe();
  const at = (second: number, type: string, pending_webhooks: number) =>
    stripeEvent(second, { type, pending_webhooks, created: Date.UTC(2026, 0, 1, 0, 0, second) / 1000 });
  stripe.events.push(
    at(3, "charge.refunded", 0),
    at(2, "charge.refunded", 2),
    at(1, "charge.failed", 1),
    at(0, "charge.refunded", 1),
  );
  const event = stripe.events.map(({ id }) => id).reverse();
  return { stripe, remote: await remoteAt(stripe.url), event };
}

describe("deliveries of Stripe's are its events", () => {
  test("that some endpoint has not accepted, or that all have", async () => {
    const { stripe, remote, event } = await startWithEvents();
    expect(await remote.call("deliveries.list", { query: { status: "failed", limit: 2 } })).toEqual({
      data: [
        {
          ...delivery,
          id: event[2],
          event_id: event[2],
          event_type: "charge.refunded",
          status: "failed",
          created_at: "2026-01-01T00:00:02.000Z",
          last_attempt: null,
        },
        {
          ...delivery,
          id: event[1],
          event_id: event[1],
          event_type: "charge.failed",
          status: "failed",
          created_at: "2026-01-01T00:00:01.000Z",
          last_attempt: null,
        },
      ],
      next_cursor: event[1],
    });
    expect(await ids(remote, { status: "failed", cursor: event[1] })).toEqual([event[0]]);
    const succeeded = await remote.call("deliveries.list", { query: { status: "succeeded" } });
    expect(succeeded).toMatchObject({ data: [{ id: event[3], status: "succeeded" }], next_cursor: null });
    expect(stripe.received.map(query)).toEqual([
      { limit: "2", delivery_success: "false" },
      { limit: "25", starting_after: event[1], delivery_success: "false" },
      { limit: "25", delivery_success: "true" },
    ]);
  });

  test("by type and time", async () => {
    const { remote, event } = await startWithEvents();
    const failed = (narrowed: Query): Promise<string[]> => ids(remote, { status: "failed", ...narrowed });
    expect(await failed({ event_type: "charge.refunded" })).toEqual([event[2], event[0]]);
    expect(await failed({ since: "2026-01-01T00:00:01.000Z" })).toEqual([event[2], event[1]]);
    expect(await failed({ until: "2026-01-01T00:00:02.000Z" })).toEqual([event[1], event[0]]);
    expect(await failed({ until: "2026-01-01T00:00:02.001Z" })).toEqual([event[2], event[1], event[0]]);
  });

  test.each<[string, Query, fits: boolean]>([
    ["as it is", {}, true],
    ["by its status", { status: "failed" }, true],
    ["not by the other status", { status: "succeeded" }, false],
    ["by its type", { event_type: "charge.refunded" }, true],
    ["not by another type", { event_type: "charge.failed" }, false],
    ["by its very time", { since: "2026-01-01T00:00:02.000Z", until: "2026-01-01T00:00:02.001Z" }, true],
    ["not after it", { since: "2026-01-01T00:00:02.001Z" }, false],
    ["not before it", { until: "2026-01-01T00:00:02.000Z" }, false],
  ])("one of them %s", async (_, narrowed, fits) => {
    const { stripe, remote, event } = await startWithEvents();
    const event_id = event[2] ?? "";
    const found = await remote.call("deliveries.list", { query: { event_id, ...narrowed } });
    expect(found).toMatchObject(fits ? { data: [{ id: event_id, status: "failed" }] } : nothing);
    expect(stripe.received.map(({ url }) => url)).toEqual([`/v1/events/${event_id}`]);
  });

  test("of which one that Stripe does not have is none", async () => {
    const { stripe, remote } = await startWithEvents();
    expect(await remote.call("deliveries.list", { query: { event_id: "evt_gone" } })).toEqual(nothing);
    stripe.next.push(refusal(403, { message: "Not allowed." }));
    await expect(remote.call("deliveries.list", { query: { event_id: "evt_gone" } })).rejects.toMatchObject({
      code: "scope-missing",
    });
  });

  test.each<[Query, RegExp, RegExp]>([
    [{}, /failed or succeeded alone$/, /--status failed.*--status succeeded/],
    [{ event_type: "charge.refunded" }, /failed or succeeded alone$/, /--status failed/],
    [{ status: "pending" }, /which deliveries are pending$/, /--status failed/],
    [{ status: "sending" }, /which deliveries are sending$/, /--status failed/],
    [{ status: "cancelled" }, /which deliveries are cancelled$/, /--status failed/],
    [
      { status: "pending", event_id: "evt_1NG8Du2eZvKYlo2C0001" },
      /which deliveries are pending$/,
      /--status failed/,
    ],
    [
      { status: "failed", endpoint_id: "we_1Mr5jULkdIwHu7ix0001" },
      /which endpoint an event was/,
      /leave --endpoint out/,
    ],
  ])("but not by %j", async (asked, message, steps) => {
    const { stripe, remote } = await startWithEvents();
    const call = remote.call("deliveries.list", { query: asked });
    await expect(call).rejects.toMatchObject({
      code: "stripe-unsupported",
      exitCode: 2,
      message: expect.stringMatching(message) as string,
    });
    const { nextSteps } = (await call.catch((error: unknown) => error)) as { nextSteps: string[] };
    expect(nextSteps.join(" ")).toMatch(steps);
    expect(stripe.received).toEqual([]);
  });

  test("of which each is shown without attempts", async () => {
    const { remote, event } = await startWithEvents();
    const get = (id = "") => remote.call("deliveries.get", { params: { id } });
    expect(await get(event[1])).toEqual({
      ...delivery,
      id: event[1],
      event_id: event[1],
      event_type: "charge.failed",
      status: "failed",
      created_at: "2026-01-01T00:00:01.000Z",
      attempts: [],
    });
    expect(await get(event[3])).toMatchObject({ status: "succeeded", attempts: [] });
    await expect(get("evt_gone")).rejects.toMatchObject({ code: "not-found", exitCode: 4 });
  });

  test("of which none is shown where Stripe does not say what became of it", async () => {
    const { stripe, remote, event } = await startWithEvents();
    stripe.next.push({ status: 200, body: { id: event[0], type: "charge.failed", created: 1 } });
    await expect(remote.call("deliveries.get", { params: { id: event[0] ?? "" } })).rejects.toMatchObject({
      code: "api-answer-unexpected",
    });
  });
});

describe("an event is resent", () => {
  const retry = (remote: Remote, id: string | undefined, body: Input<"deliveries.retry">["body"] = {}) =>
    remote.call("deliveries.retry", { params: { id: id ?? "" }, body });

  test("to the endpoint that is named, whatever came of it before", async () => {
    const { stripe, remote, event } = await startWithEvents();
    // Neither is subscribed to it: Stripe knows best whom it sends what.
    stripe.endpoints.push(stripeEndpoint(2), stripeEndpoint(1));
    const endpoint_id = stripeEndpoint(1).id;
    expect(await retry(remote, event[3], { endpoint_id, force: true })).toEqual({
      ...delivery,
      id: event[3],
      event_id: event[3],
      event_type: "charge.refunded",
      status: "pending",
      created_at: "2026-01-01T00:00:03.000Z",
      last_attempt: null,
    });
    expect(stripe.resent).toEqual([{ event: event[3], endpoint: endpoint_id }]);
    const sent = stripe.received.at(-1);
    expect(sent).toMatchObject({ method: "POST", url: `/v1/events/${event[3]}/retry` });
    expect(sent?.body.toString()).toBe(`webhook_endpoint=${endpoint_id}`);
  });

  test.each([["charge.refunded"], ["*"]])("to the one enabled endpoint that takes %s", async (taken) => {
    const { stripe, remote, event } = await startWithEvents();
    stripe.endpoints.push(
      stripeEndpoint(3, { enabled_events: ["charge.failed"] }),
      stripeEndpoint(2, { enabled_events: ["invoice.paid", taken] }),
      stripeEndpoint(1, { enabled_events: ["charge.refunded"], status: "disabled" }),
    );
    await retry(remote, event[0]);
    expect(stripe.resent).toEqual([{ event: event[0], endpoint: stripeEndpoint(2).id }]);
  });

  test("to none that nobody named where several take it, or none does", async () => {
    const { stripe, remote, event } = await startWithEvents();
    const takes = { enabled_events: ["charge.refunded"] };
    stripe.endpoints.push(stripeEndpoint(2, { ...takes, url: "https://b.example/hooks" }));
    stripe.endpoints.push(stripeEndpoint(1, { ...takes, url: "https://a.example/hooks" }));
    const [second, first] = stripe.endpoints.map(({ id }) => id);
    await expect(retry(remote, event[0])).rejects.toMatchObject({
      code: "stripe-endpoint-ambiguous",
      exitCode: 2,
      message: `several endpoints of Stripe's take charge.refunded: ${second} (https://b.example/hooks), ${first} (https://a.example/hooks)`,
      nextSteps: [`say which one gets it: hookline deliveries retry ${event[0]} --endpoint ${second}`],
    });
    await expect(retry(remote, event[1])).rejects.toMatchObject({
      code: "stripe-endpoint-none",
      exitCode: 2,
      message: "no enabled endpoint of Stripe's takes charge.failed",
      nextSteps: expect.arrayContaining([
        `or send it yourself, signed: hookline replay remote:${event[1]} --to TARGET`,
      ]) as string[],
    });
    expect(stripe.resent).toEqual([]);
  });

  test("only if Stripe has it, and to an endpoint that Stripe has", async () => {
    const { stripe, remote, event } = await startWithEvents();
    const missing = { code: "not-found", exitCode: 4 };
    await expect(retry(remote, "evt_gone")).rejects.toMatchObject(missing);
    await expect(retry(remote, event[0], { endpoint_id: "we_gone" })).rejects.toMatchObject({
      ...missing,
      message: expect.stringContaining("No such webhook endpoint: 'we_gone'") as string,
    });
    expect(stripe.resent).toEqual([]);
  });

  test("once, however often the SDK has to ask", async () => {
    const { stripe, remote, event } = await startWithEvents();
    stripe.endpoints.push(stripeEndpoint(1, { enabled_events: ["*"] }));
    const body = { endpoint_id: stripeEndpoint(1).id };
    // The event is read, then the answer to the resending is lost.
    const [read] = stripe.events.slice(-1);
    stripe.next.push({ status: 200, body: read }, { status: 0, reset: "after" });
    await retry(remote, event[0], body);
    const keys = stripe.received
      .filter(({ method }) => method === "POST")
      .flatMap(({ headers }) => values(headers, "idempotency-key"));
    expect(keys).toHaveLength(2);
    expect(new Set(keys).size).toBe(1);
    expect(stripe.resent).toHaveLength(1);
    await retry(remote, event[0], body);
    expect(stripe.resent).toHaveLength(2);
  });
});
