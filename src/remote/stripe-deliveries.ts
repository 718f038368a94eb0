import * as z from "zod";
import { HooklineError, isHooklineError } from "../errors.ts";
import { clip } from "./answer.ts";
import { contract, type Delivery, type Endpoint } from "./contract.ts";
import {
  mostAtOnce,
  narrowedTo,
  pageOf,
  startingAfter,
  type StripeClient,
  type StripeHandlers,
} from "./stripe-client.ts";
import { check, checkId, secondsOf } from "./stripe-input.ts";
import { deliveryOf, statusOf, stripeDeliveredEvent, stripeEvent, stripeList } from "./stripe-shapes.ts";
import { stripeUnsupported } from "./stripe-unsupported.ts";

/** Ids are Stripe's own, which have capitals. */
const deliveryQuery = contract["deliveries.list"].query.extend({
  event_id: z.string().optional(),
  endpoint_id: z.string().optional(),
});

/** Endpoints that are named in a message. */
const mostNamed = 10;

/**
 * Deliveries as far as Stripe's API tells of them: one for each event, over all of its endpoints together, by the
 * event's id.
 *
 * `failed` is what `delivery_success=false` gives: events that some endpoint has not accepted, whether Stripe has given
 * up or will try again. It says of none which of the two: `pending_webhooks` is documented as how many have not been
 * delivered, not as how many still will be. So nothing is listed as `pending`; a resent event is answered as such, as
 * what comes of it is not known yet. `succeeded` is what `delivery_success=true` gives. For a single event, which comes
 * without that, `pending_webhooks` above 0 is taken as `failed`.
 * Sources: https://docs.stripe.com/api/events/list, https://docs.stripe.com/api/events/object,
 * https://docs.stripe.com/webhooks/process-undelivered-events
 */
export function deliveryHandlers({
  ask,
  endpointsOfStatus,
}: StripeClient): Pick<StripeHandlers, "deliveries.list" | "deliveries.get" | "deliveries.retry"> {
  const retrieve = async (given: string): Promise<z.output<typeof stripeDeliveredEvent>> => {
    const id = checkId(given);
    const { value } = await ask(stripeDeliveredEvent, (stripe) => stripe.events.retrieve(id));
    return { ...value, id };
  };

  /** The one endpoint that takes the event. */
  const onlyTaker = async ({ id, type }: z.output<typeof stripeEvent>): Promise<string> => {
    const { data } = await endpointsOfStatus("enabled", mostAtOnce, undefined);
    const takers = data.filter(({ events }) => events.includes("*") || events.includes(type));
    const [taker] = takers;
    if (taker !== undefined && takers.length === 1) return taker.id;
    throw taker === undefined ? noTaker(id, type) : severalTakers(id, type, [taker, ...takers.slice(1)]);
  };

  return {
    async "deliveries.list"({ query }) {
      const asked = check(deliveryQuery, query, "query-invalid");
      const { limit, cursor, status, endpoint_id, event_id, event_type, since, until } = asked;
      if (endpoint_id !== undefined) throw notByEndpoint();
      if (status !== undefined && status !== "failed" && status !== "succeeded") throw notOfStatus(status);
      if (event_id !== undefined) {
        const event = await retrieve(event_id).catch(undefinedIfNotFound);
        const fits =
          event !== undefined &&
          (status === undefined || statusOf(event) === status) &&
          (event_type === undefined || event.type === event_type) &&
          (since === undefined || event.created >= secondsOf(since)) &&
          (until === undefined || event.created < secondsOf(until));
        return { data: fits ? [listed(event, statusOf(event))] : [], next_cursor: null };
      }
      if (status === undefined) throw statusMissing();
      const { value } = await ask(stripeList(stripeEvent), (stripe) =>
        stripe.events.list({
          limit,
          ...startingAfter(cursor),
          delivery_success: status === "succeeded",
          ...narrowedTo(event_type, { since, until }),
        }),
      );
      return pageOf(value, (event) => listed(event, status));
    },

    async "deliveries.get"({ params }) {
      const event = await retrieve(params.id);
      return { ...deliveryOf(event, statusOf(event)), attempts: [] };
    },

    // The SDK has no method for it. It gives every POST an Idempotency-Key, this one too.
    async "deliveries.retry"({ params, body }) {
      const { endpoint_id } = check(contract["deliveries.retry"].body, body, "body-invalid");
      const named = endpoint_id === undefined ? undefined : checkId(endpoint_id);
      // What the resending itself answers is documented nowhere.
      const event = await retrieve(params.id);
      const webhook_endpoint = named ?? (await onlyTaker(event));
      await ask(z.object({}), (stripe) =>
        stripe.rawRequest("POST", `/v1/events/${event.id}/retry`, { webhook_endpoint }),
      );
      return listed(event, "pending");
    },
  };
}

function listed(event: z.output<typeof stripeEvent>, status: Delivery["status"]): Delivery {
  return { ...deliveryOf(event, status), last_attempt: null };
}

function undefinedIfNotFound(error: unknown): undefined {
  if (!isHooklineError(error) || error.code !== "not-found") throw error;
}

const byStatus = [
  "those that some endpoint has not accepted, be it still tried or given up: --status failed",
  "those that all endpoints accepted: --status succeeded",
];

function notByEndpoint(): HooklineError {
  return stripeUnsupported("Stripe's API does not tell which endpoint an event was delivered to", [
    "leave --endpoint out: hookline deliveries list --status failed",
    "see them by endpoint in the Dashboard: https://dashboard.stripe.com/webhooks",
  ]);
}

function notOfStatus(status: Delivery["status"]): HooklineError {
  return stripeUnsupported(`Stripe's API does not tell which deliveries are ${status}`, byStatus);
}

function statusMissing(): HooklineError {
  return stripeUnsupported("Stripe's API lists deliveries by failed or succeeded alone", byStatus);
}

function noTaker(id: string, type: string): HooklineError {
  return new HooklineError("stripe-endpoint-none", `no enabled endpoint of Stripe's takes ${shown(type)}`, {
    nextSteps: [
      "see the endpoints, and enable one: hookline endpoints list",
      `or send it yourself, signed: hookline replay remote:${id} --to TARGET`,
    ],
  });
}

function severalTakers(id: string, type: string, takers: readonly [Endpoint, ...Endpoint[]]): HooklineError {
  const named = takers.slice(0, mostNamed).map((taker) => `${taker.id} (${clip(taker.url, 100)})`);
  const more = takers.length > mostNamed ? ` and ${takers.length - mostNamed} more` : "";
  return new HooklineError(
    "stripe-endpoint-ambiguous",
    `several endpoints of Stripe's take ${shown(type)}: ${named.join(", ")}${more}`,
    {
      nextSteps: [`say which one gets it: hookline deliveries retry ${id} --endpoint ${takers[0].id}`],
    },
  );
}

const shown = (type: string): string => clip(type, 100);
