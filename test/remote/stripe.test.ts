import { describe, expect, test } from "vitest";
import type { Event, Remote } from "../../src/remote/contract.ts";
import { values } from "../cli/run-servers.ts";
import { eventTypes, remoteAt } from "./stripe-remote.ts";
import { refusal, secretKey, startStripe, stripeEndpoint, stripeEvent } from "./stripe-server.ts";

const form = (body: Buffer): [string, string][] => [...new URLSearchParams(body.toString())];

describe("endpoints of Stripe's", () => {
  test("are created, with the secret in that answer alone", async () => {
    const stripe = await startStripe();
    const remote = await remoteAt(stripe.url);
    const url = "https://example.com/hooks?a=b&c=ä";
    const events = ["checkout.session.completed", "charge.refunded", "charge.refunded"];
    const made = await remote.call("endpoints.create", {
      body: { url, provider: "stripe", events, description: "Orders & refunds" },
    });
    const expected = {
      id: "we_1Mr5jULkdIwHu7ix0001",
      url,
      provider: "stripe",
      events: ["checkout.session.completed", "charge.refunded"],
      description: "Orders & refunds",
      status: "enabled",
      disabled_at: null,
      disabled_reason: null,
      created_at: "2023-03-29T20:36:37.000Z",
      secret_hint: null,
      secret_rotation: null,
    };
    expect(made).toEqual({ ...expected, secret: "whsec_wRNftLajMZNeslQOP6vEPm4iVx5NlZ6z", warnings: [] });
    expect(await remote.call("endpoints.get", { params: { id: made.id } })).toEqual(expected);

    const [create] = stripe.received;
    expect(create).toMatchObject({ method: "POST", url: "/v1/webhook_endpoints" });
    expect(form(create?.body ?? Buffer.of())).toEqual([
      ["url", url],
      ["enabled_events[0]", "checkout.session.completed"],
      ["enabled_events[1]", "charge.refunded"],
      ["description", "Orders & refunds"],
    ]);
    const headers = create?.headers ?? [];
    expect(values(headers, "authorization")).toEqual([`Bearer ${secretKey}`]);
    expect(values(headers, "idempotency-key")).toHaveLength(1);
    expect(values(headers, "stripe-version")[0]).toMatch(/^\d{4}-\d\d-\d\d\.\w+$/);
    expect(values(headers, "user-agent")[0]).toMatch(/^Stripe\/v1 NodeBindings\/\S+ hookline/);
    expect(values(headers, "x-stripe-client-telemetry")).toEqual([]);
    expect(values(headers, "x-stripe-client-user-agent")[0]).not.toMatch(/telemetry_id|platform/);
  });

  test("of all events come with a warning that * is not quite all", async () => {
    const remote = await remoteAt((await startStripe()).url);
    const url = "https://example.com/";
    const made = await remote.call("endpoints.create", { body: { url, provider: "stripe", events: ["*"] } });
    expect(made).toMatchObject({ events: ["*"], warnings: [{ code: "stripe-explicit-events" }] });
    const params = { id: made.id };
    const narrowed = await remote.call("endpoints.update", { params, body: { events: ["charge.refunded"] } });
    expect(narrowed).toMatchObject({ events: ["charge.refunded"], warnings: [] });
    const widened = await remote.call("endpoints.update", { params, body: { events: ["*"] } });
    expect(widened.warnings).toMatchObject([{ code: "stripe-explicit-events" }]);
  });

  test.each([
    [{ status: "disabled" as const }, { status: "disabled" }, [["disabled", "true"]]],
    [{ status: "enabled" as const }, { status: "enabled" }, [["disabled", "false"]]],
    [{ description: "New" }, { description: "New" }, [["description", "New"]]],
    [{ description: null }, { description: null }, [["description", ""]]],
    [{ url: "https://example.org/" }, { url: "https://example.org/" }, [["url", "https://example.org/"]]],
    [
      { events: ["charge.refunded"] },
      { events: ["charge.refunded"] },
      [["enabled_events[0]", "charge.refunded"]],
    ],
  ])("are changed in what is named alone: %j", async (body, changed, sent) => {
    const stripe = await startStripe();
    const before = stripeEndpoint(1, {
      description: "Old",
      status: "status" in body && body.status === "enabled" ? "disabled" : "enabled",
    });
    stripe.endpoints.push(before);
    const remote = await remoteAt(stripe.url);
    const params = { id: before.id };
    const old = await remote.call("endpoints.get", { params });
    expect(await remote.call("endpoints.update", { params, body })).toEqual({
      ...old,
      ...changed,
      warnings: [],
    });
    expect(stripe.received[1]).toMatchObject({ method: "POST", url: `/v1/webhook_endpoints/${before.id}` });
    expect(form(stripe.received[1]?.body ?? Buffer.of())).toEqual(sent);
  });

  test("are deleted", async () => {
    const stripe = await startStripe();
    stripe.endpoints.push(stripeEndpoint(1));
    const params = { id: stripeEndpoint(1).id };
    const remote = await remoteAt(stripe.url);
    expect(await remote.call("endpoints.delete", { params })).toEqual({ id: params.id, deleted: true });
    expect(stripe.received[0]).toMatchObject({ method: "DELETE" });
    await expect(remote.call("endpoints.get", { params })).rejects.toMatchObject({
      code: "not-found",
      exitCode: 4,
    });
  });

  test("of one status are found through all of Stripe's pages", async () => {
    const stripe = await startStripe();
    const all = Array.from({ length: 230 }, (_, index) =>
      stripeEndpoint(index, { status: index % 60 === 59 ? "disabled" : "enabled" }),
    );
    stripe.endpoints.push(...all);
    const disabled = [59, 119, 179].map((index) => all[index]?.id);
    const remote = await remoteAt(stripe.url);
    const two = await remote.call("endpoints.list", { query: { status: "disabled", limit: 2 } });
    expect(two.data.map(({ id }) => id)).toEqual(disabled.slice(0, 2));
    expect(two.next_cursor).toBe(disabled[1]);
    const cursor = two.next_cursor ?? "";
    const rest = await remote.call("endpoints.list", { query: { status: "disabled", limit: 2, cursor } });
    expect(rest.data.map(({ id }) => id)).toEqual(disabled.slice(2));
    expect(rest.next_cursor).toBeNull();
    const exact = await remote.call("endpoints.list", { query: { status: "disabled", limit: 3 } });
    expect([exact.data.length, exact.next_cursor]).toEqual([3, null]);
  });

  test("of a list that never ends are looked for so far and no further", async () => {
    const stripe = await startStripe();
    const page = { object: "list", has_more: true, data: [stripeEndpoint(1)] };
    stripe.next.push(...Array.from({ length: 1000 }, () => ({ status: 200, body: page })));
    const remote = await remoteAt(stripe.url);
    const found = await remote.call("endpoints.list", { query: { status: "disabled" } });
    expect(found).toEqual({ data: [], next_cursor: null });
    expect(stripe.received.length).toBeLessThan(50);
  });
});

describe("lists", () => {
  test.each([1, 40, 100, undefined])(
    "of 230 events by %s at a time are whole and in order",
    async (limit) => {
      const stripe = await startStripe();
      stripe.events.push(...Array.from({ length: 230 }, (_, index) => stripeEvent(230 - index)));
      const remote = await remoteAt(stripe.url);
      const events = await everyEvent(remote, limit);
      expect(events.map(({ id }) => id)).toEqual(stripe.events.map(({ id }) => id));
      expect(stripe.received).toHaveLength(Math.ceil(230 / (limit ?? 25)));
      expect(events[0]).toEqual({
        id: "evt_1NG8Du2eZvKYlo2C0230",
        provider: "stripe",
        type: "setup_intent.created",
        created_at: "2023-06-06T22:23:20.000Z",
      });
    },
  );

  test("of events go by type and time", async () => {
    const stripe = await startStripe();
    const at = (second: number, type: string) =>
      stripeEvent(second, { type, created: Date.UTC(2026, 0, 1, 0, 0, second) / 1000 });
    stripe.events.push(
      at(3, "charge.refunded"),
      at(2, "charge.refunded"),
      at(1, "charge.failed"),
      at(0, "charge.refunded"),
    );
    const remote = await remoteAt(stripe.url);
    const seconds = async (query: Record<string, string>): Promise<number[]> =>
      (await remote.call("events.list", { query })).data.map(({ created_at }) =>
        new Date(created_at).getSeconds(),
      );
    expect(await seconds({ type: "charge.refunded" })).toEqual([3, 2, 0]);
    expect(await seconds({ since: "2026-01-01T00:00:02.000Z" })).toEqual([3, 2]);
    expect(await seconds({ since: "2026-01-01T00:00:01.001Z" })).toEqual([3, 2]);
    expect(await seconds({ until: "2026-01-01T00:00:02.000Z" })).toEqual([1, 0]);
    expect(await seconds({ until: "2026-01-01T00:00:02.001Z" })).toEqual([2, 1, 0]);
    const both = { since: "2026-01-01T00:00:01.000Z", until: "2026-01-01T00:00:03.000Z" };
    expect(await seconds({ ...both, type: "charge.refunded" })).toEqual([2]);
  });

  test("of another provider's are empty, and nobody is asked", async () => {
    const stripe = await startStripe();
    const remote = await remoteAt(stripe.url);
    const nothing = { data: [], next_cursor: null };
    expect(await remote.call("events.list", { query: { provider: "fareplay" } })).toEqual(nothing);
    expect(await remote.call("endpoints.list", { query: { provider: "fareplay" } })).toEqual(nothing);
    expect(stripe.received).toEqual([]);
  });

  test("of event types are the caller's", async () => {
    const remote = await remoteAt((await startStripe()).url);
    expect(await remote.call("eventTypes.list", { query: {} })).toEqual({
      data: eventTypes,
      next_cursor: null,
    });
    const own = await remote.call("eventTypes.list", { query: { provider: "stripe" } });
    expect(own.data).toEqual(eventTypes.slice(0, 3));
  });
});

test("an event's payload is the text Stripe sent, character for character", async () => {
  const stripe = await startStripe();
  const text = `{ "id": "evt_1", "created": 1686089970,\n  "type": "charge.refunded", "amount": 8.00, "big": 12345678901234567890, "who": "\\u00e4ö" }`;
  stripe.next.push({ status: 200, body: text });
  const remote = await remoteAt(stripe.url);
  expect(await remote.call("events.get", { params: { id: "evt_1" } })).toEqual({
    id: "evt_1",
    provider: "stripe",
    type: "charge.refunded",
    created_at: "2023-06-06T22:19:30.000Z",
    payload: text,
    payload_base64: null,
  });
});

describe("whose key it is", () => {
  const scopes = ["endpoints:read", "endpoints:write", "events:read", "deliveries:read", "deliveries:write"];

  test.each([
    ["The shop", {}],
    ["A shop", { settings: { dashboard: { display_name: null } } }],
    ["shop@example.com", { settings: null, business_profile: null }],
    ["acct_1MrJULkdIwHu7ix1", { settings: {}, business_profile: {}, email: null }],
  ])("%s", async (name, parts) => {
    const stripe = await startStripe();
    const remote = await remoteAt(stripe.url);
    const account = {
      id: "acct_1MrJULkdIwHu7ix1",
      email: "shop@example.com",
      business_profile: { name: "A shop" },
    };
    const settings = { dashboard: { display_name: "The shop" } };
    stripe.next.push({ status: 200, body: { ...account, settings, ...parts } });
    expect(await remote.call("keys.current", {})).toEqual({
      account: { id: account.id, name },
      key: null,
      scopes,
    });
  });

  test("a restricted key's account stands in the refusal to show it", async () => {
    const stripe = await startStripe();
    stripe.next.push(
      refusal(403, {
        message:
          "The provided key 'rk_test_*****qs8Kgd' does not have the required permissions for this endpoint on account 'acct_1PJBLEBBLEfV'. Having the 'rak_accounts_kyc_basic_read' permission would allow this request to continue.",
      }),
    );
    const remote = await remoteAt(stripe.url);
    const id = "acct_1PJBLEBBLEfV";
    expect(await remote.call("keys.current", {})).toEqual({ account: { id, name: id }, key: null, scopes });
    expect(stripe.received).toHaveLength(1);
  });

  test("a key that is refused without an account is good if it lists endpoints", async () => {
    const stripe = await startStripe();
    const remote = await remoteAt(stripe.url);
    stripe.next.push(refusal(403, { message: "Not allowed." }));
    expect(await remote.call("keys.current", {})).toMatchObject({ account: { id: "" }, key: null });
    expect(stripe.received.map(({ url }) => url)).toEqual(["/v1/account", "/v1/webhook_endpoints?limit=1"]);
    stripe.next.push(refusal(403, { message: "Not allowed." }), refusal(403, { message: "Nor this." }));
    await expect(remote.call("keys.current", {})).rejects.toMatchObject({
      code: "scope-missing",
      exitCode: 3,
    });
  });

  test("a key Stripe does not know is nobody's", async () => {
    const stripe = await startStripe();
    const remote = await remoteAt(stripe.url, { key: "sk_test_wrong1234" });
    await expect(remote.call("keys.current", {})).rejects.toMatchObject({ code: "key-invalid", exitCode: 3 });
    expect(stripe.received).toHaveLength(1);
  });
});

test("a path before /v1 is kept", async () => {
  const stripe = await startStripe();
  stripe.next.push({ status: 200, body: { object: "list", has_more: false, data: [] } });
  const remote = await remoteAt(`${stripe.url}/stripe/`);
  await remote.call("events.list", { query: {} });
  expect(stripe.received[0]?.url).toBe("/stripe/v1/events?limit=25");
});

async function everyEvent(remote: Remote, limit: number | undefined): Promise<Event[]> {
  const events: Event[] = [];
  for (let cursor: string | undefined; ;) {
    const query = { ...(limit === undefined ? {} : { limit }), ...(cursor === undefined ? {} : { cursor }) };
    const page = await remote.call("events.list", { query });
    events.push(...page.data);
    if (page.next_cursor === null) return events;
    cursor = page.next_cursor;
  }
}
