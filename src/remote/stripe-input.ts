import type { Stripe } from "stripe";
import type * as z from "zod";
import { EXIT, HooklineError } from "../errors.ts";
import { clip } from "./answer.ts";
import type { EventTypeInfo } from "./contract.ts";
import { stripeUnsupported } from "./stripe-unsupported.ts";

/**
 * Checks what a route is given, which else its server does.
 * @throws HooklineError with the given code
 */
export function check<Schema extends z.ZodType>(
  schema: Schema,
  value: unknown,
  code: "query-invalid" | "body-invalid",
): z.output<Schema> {
  const result = schema.safeParse(value);
  if (result.success) return result.data;
  throw new HooklineError(code, problemsOf(result.error));
}

export function problemsOf(error: z.ZodError): string {
  return error.issues
    .slice(0, 5)
    .map(({ path, message }) => (path.length > 0 ? `${path.join(".")}: ${message}` : message))
    .join("; ");
}

/** @throws HooklineError `api-key-malformed`, `api-key-publishable`; neither says anything of the key */
export function checkKey(key: string): void {
  const nextSteps = [
    "take a secret (sk_…) or restricted (rk_…) key from https://dashboard.stripe.com/apikeys",
  ];
  if (!/^[\x21-\x7e]+$/.test(key))
    throw new HooklineError(
      "api-key-malformed",
      "the API key is empty, or holds blanks or characters that no key has",
      { nextSteps },
    );
  if (key.startsWith("pk_"))
    throw new HooklineError("api-key-publishable", "a publishable key (pk_…) cannot manage anything", {
      nextSteps,
    });
}

/** @throws HooklineError `id-invalid`: in a path it would name something else */
export function checkId(id: string): string {
  if (/^\w{1,255}$/.test(id)) return id;
  throw new HooklineError(
    "id-invalid",
    `${clip(JSON.stringify(id), 100)} must be an id such as we_1Mr5… or evt_1NG8…`,
    { exitCode: EXIT.notFound, nextSteps: ["take the id from the list that it stands in"] },
  );
}

/** @throws HooklineError `stripe-unsupported` for `order.*`, naming the known types that it would take */
export function enabledEvents(
  events: readonly string[],
  eventTypes: readonly EventTypeInfo[],
): Stripe.WebhookEndpointCreateParams.EnabledEvent[] {
  const filters = events.filter((event) => event.endsWith(".*"));
  // Which types there are, Stripe knows best.
  if (filters.length === 0) return [...new Set(events)] as Stripe.WebhookEndpointCreateParams.EnabledEvent[];
  const known = eventTypes
    .filter(
      ({ provider, type }) =>
        provider === "stripe" && filters.some((filter) => type.startsWith(filter.slice(0, -1))),
    )
    .map(({ type }) => type);
  throw stripeUnsupported(`Stripe takes exact event types or * alone, not ${filters.join(", ")}`, [
    known.length > 0 ? `name each, such as ${known.join(", ")}` : "name each, such as charge.refunded",
    "Stripe's list of all: https://docs.stripe.com/api/events/types",
  ]);
}

export function warningsOf(events: readonly string[]): { code: string; message: string }[] {
  if (!events.includes("*")) return [];
  return [
    {
      code: "stripe-explicit-events",
      message: "* leaves out the few event types that Stripe sends only to endpoints that name them",
    },
  ];
}

/** RFC 3339 → the first whole Unix second that is not before it: Stripe counts no fractions. */
export function secondsOf(time: string): number {
  return Math.ceil(Date.parse(time) / 1000);
}
