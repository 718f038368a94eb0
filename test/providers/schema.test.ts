import { readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { builtInProviders } from "../../src/providers/index.ts";
import { parsePointer } from "../../src/providers/pointer.ts";

const folder = fileURLToPath(new URL("../../fixtures/", import.meta.url));

/** What a body cannot do without, by provider; an event's own on top. */
const needed: Readonly<Record<string, readonly string[]>> = {
  fareplay: ["/id", "/type", "/created_at", "/data"],
  "fareplay/order.created": [
    "/data/order_id",
    "/data/items/0/unit_price",
    "/data/total",
    "/data/customer/name",
  ],
  "fareplay/order.accepted": ["/data/status", "/data/cart_id"],
  "fareplay/order.completed": ["/data/hole_number", "/data/customer"],
  "fareplay/order.cancelled": ["/data/items", "/data/status"],
  "fareplay/cart.status_changed": ["/data/cart_id", "/data/status"],
  "fareplay/cart.location_updated": ["/data/cart_id", "/data/location/latitude", "/data/location/longitude"],
  "fareplay/payment.completed": ["/data/payment_id", "/data/order_id", "/data/amount"],
  "fareplay/payment.refunded": ["/data/amount", "/data/amount_refunded"],
  fynn: [
    "/event",
    "/event/type",
    "/event/id",
    "/event/version",
    "/event/created",
    "/tenantId",
    "/data",
    "/data/id",
    "/data/debitorId",
    "/data/documentNumber",
    "/data/status",
    "/data/createdAt",
    "/data/products",
    "/data/products/0/contractStartDate",
    "/data/products/1/components/0/quantity",
  ],
  fikafi: [
    "/bookingRefNum",
    "/fikafiRefNum",
    "/paymentStatus",
    "/paymentStatus/status",
    "/paymentStatus/isCardCaptured",
    "/paymentStatus/currency",
    "/paymentStatus/totalAmountPaid",
    "/paymentStatus/numOfPaymentsReq",
  ],
  "fikafi/paymentDetails": ["/payments", "/payments/0/amount", "/payments/1/date"],
  stripe: [
    "/id",
    "/object",
    "/created",
    "/livemode",
    "/pending_webhooks",
    "/type",
    "/data",
    "/data/object",
    "/data/object/id",
    "/data/object/object",
  ],
  "stripe/checkout.session.completed": ["/data/object/payment_status", "/data/object/status"],
  "stripe/checkout.session.expired": ["/data/object/mode", "/data/object/status"],
  "stripe/payment_intent.succeeded": ["/data/object/amount_received", "/data/object/status"],
  "stripe/payment_intent.payment_failed": ["/data/object/last_payment_error/type", "/data/object/amount"],
  "stripe/charge.refunded": ["/data/object/amount_refunded", "/data/object/refunded"],
  "standard-webhooks": ["/type", "/timestamp", "/data", "/data/id"],
  "standard-webhooks/user.created": ["/data/email"],
  "standard-webhooks/invoice.paid": ["/data/amount", "/data/currency", "/data/paid_at"],
  svix: ["/type", "/timestamp", "/data", "/data/id"],
  "github/ping": ["/zen", "/hook_id", "/hook/id"],
  "github/push": [
    "/ref",
    "/before",
    "/after",
    "/deleted",
    "/commits/0/id",
    "/repository/full_name",
    "/sender/login",
  ],
  "github/pull_request": [
    "/action",
    "/number",
    "/pull_request/head/sha",
    "/pull_request/merged",
    "/repository",
  ],
  "github/issues": ["/action", "/issue/state", "/issue/user/login", "/sender"],
  shopify: ["/id"],
  "shopify/orders/create": ["/created_at", "/total_price", "/currency", "/line_items/0/price"],
  "shopify/products/update": ["/handle", "/status", "/variants", "/variants/0/id"],
  "shopify/app/uninstalled": ["/name", "/domain", "/myshopify_domain"],
  "slack/url_verification": ["/type", "/challenge", "/token"],
  "slack/app_mention": ["/type", "/event_id", "/event_time", "/event", "/event/type", "/event/channel"],
  "slack/message": ["/team_id", "/event_id", "/event/ts", "/event/type"],
};

type Json = Record<string, unknown>;

/** A copy of the body with what stands at the pointer changed; undefined removes it. */
function changed(body: Json, pointer: string, change: (value: unknown) => unknown): Json {
  const copy = structuredClone(body);
  const keys = parsePointer(pointer);
  const last = keys.pop() ?? "";
  const parent = keys.reduce<Json>((at, key) => at[key] as Json, copy);
  expect(parent).toHaveProperty([last]);
  parent[last] = change(parent[last]);
  if (parent[last] === undefined) delete parent[last];
  return copy;
}

/** The same data with a key no schema knows in every object. */
function withUnknownKeys(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownKeys);
  if (typeof value !== "object" || value === null) return value;
  const entries = Object.entries(value).map(([key, child]) => [key, withUnknownKeys(child)] as const);
  return Object.fromEntries([...entries, ["something_new", [1, { two: null }]]]);
}

const events = builtInProviders
  .filter((provider) => provider.base === undefined)
  .flatMap((provider) =>
    Object.entries(provider.events).map(([name, event]) => {
      const path = `${provider.id}/${name}`;
      return {
        path,
        provider,
        schema: event.schema?.(z) ?? z.never(),
        body: JSON.parse(readFileSync(`${folder}${path}.json`, "utf8")) as Json,
        needed: [...(needed[provider.id] ?? []), ...(needed[path] ?? [])],
      };
    }),
  );

describe.each(events)("$path", ({ schema, body, needed }) => {
  test("accepts its fixture, and unchanged", () => {
    expect(schema.parse(body)).toEqual(body);
  });

  test("lets unknown keys pass, everywhere", () => {
    expect(schema.safeParse(withUnknownKeys(body)).error).toBeUndefined();
  });

  test("refuses what is no object", () => {
    for (const value of [null, [], [body], "text", 1, true, undefined, {}])
      expect(schema.safeParse(value).success).toBe(false);
  });

  test("refuses a broken copy", () => {
    expect(needed.length).toBeGreaterThan(0);
    for (const pointer of needed) {
      expect(schema.safeParse(changed(body, pointer, () => undefined)).success, `${pointer} removed`).toBe(
        false,
      );
      const other = (value: unknown) => (typeof value === "object" ? "text" : { nested: value });
      expect(schema.safeParse(changed(body, pointer, other)).success, `${pointer} of another type`).toBe(
        false,
      );
    }
  });
});

test("a schema refuses the fixtures of its provider's other events, where bodies name theirs", () => {
  for (const { path, provider, schema } of events) {
    if (!provider.eventFrom.some(({ from }) => from === "pointer")) continue;
    for (const other of events.filter((each) => each.provider === provider && each.path !== path))
      expect(schema.safeParse(other.body).success, `${other.path} as ${path}`).toBe(false);
  }
});

test("Fikäfi's statuses: the documented ones and the samples', in their case", () => {
  const details = events.find(({ path }) => path === "fikafi/paymentDetails");
  const accepts = (status: string) =>
    details?.schema.safeParse(changed(details.body, "/paymentStatus/status", () => status)).success;
  const documented = ["Complete", "Pending", "Partial", "Expired", "Canceled", "Declined", "Refunded"];
  for (const status of [...documented, "Completed", "Paid"]) expect(accepts(status), status).toBe(true);
  for (const status of ["paid", "COMPLETE", "Cancelled", ""]) expect(accepts(status), status).toBe(false);
});

test("Fynn's optional fields may be missing", () => {
  const activated = events.find(({ path }) => path === "fynn/subscription.activated");
  for (const pointer of ["/data/alias", "/data/trialEndsOn", "/data/costCentre"])
    expect(activated?.schema.safeParse(changed(activated.body, pointer, () => undefined)).success).toBe(true);
});
