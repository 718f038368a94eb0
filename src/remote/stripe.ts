import { contract, type Caller, type EventTypeInfo, type Remote, type Scope } from "./contract.ts";
import { isDenial, namedAccount } from "./stripe-errors.ts";
import type { Exchange } from "./http.ts";
import {
  createStripeClient,
  narrowedTo,
  pageOf,
  startingAfter,
  type StripeHandlers,
} from "./stripe-client.ts";
import { deliveryHandlers } from "./stripe-deliveries.ts";
import { check, checkId, checkKey, enabledEvents, warningsOf } from "./stripe-input.ts";
import {
  accountOf,
  endpointOf,
  eventOf,
  stripeAccount,
  stripeDeleted,
  stripeEndpoint,
  stripeEvent,
  stripeList,
} from "./stripe-shapes.ts";
import { stripeUnsupported, unsupported } from "./stripe-unsupported.ts";

export interface StripeRemoteOptions {
  /** A secret (`sk_…`) or restricted (`rk_…`) key. */
  key: string;
  /** Where Stripe's API is: `https://api.stripe.com`; a path before `/v1` is kept. */
  url: URL;
  exchange: Exchange;
  /** Closes the exchange's connections. */
  close?: () => Promise<void>;
  /** What `eventTypes.list` answers: Stripe has no list of its own. */
  eventTypes: readonly EventTypeInfo[];
}

/** What this adapter serves. A restricted key may be allowed less, which Stripe tells only when it is tried. */
const scopes: readonly Scope[] = [
  "endpoints:read",
  "endpoints:write",
  "events:read",
  "deliveries:read",
  "deliveries:write",
];

/**
 * Stripe's own API as a remote: its webhook endpoints and, for 30 days, its events and what became of them. The SDK is
 * loaded by the first call that needs it; it tries twice more after lost connections, 409 and 5xx, a POST under one
 * `Idempotency-Key`.
 * @throws HooklineError `api-key-malformed`, `api-key-publishable`; from `call` also `stripe-unsupported` (exit 2) for
 *   what Stripe's API does not offer, and `stripe-refused`, `key-invalid`, `scope-missing`, `not-found`,
 *   `rate-limited`, `api-error`, `stripe-endpoint-none`, `stripe-endpoint-ambiguous` and those of `createHttpClient`
 *   with the exit codes that `Remote` names
 */
export function createStripeRemote(options: StripeRemoteOptions): Remote {
  const { key, url, exchange, close, eventTypes } = options;
  checkKey(key);
  const client = createStripeClient({ key, url, exchange });
  const { ask, listEndpoints, endpointsOfStatus } = client;

  const handlers: StripeHandlers = {
    ...unsupported,
    ...deliveryHandlers(client),

    async "keys.current"() {
      const caller = (account: Caller["account"]): Caller => ({ account, key: null, scopes: [...scopes] });
      try {
        const { value } = await ask(stripeAccount, (stripe) => stripe.accounts.retrieveCurrent());
        return caller(accountOf(value));
      } catch (error) {
        if (!isDenial(error)) throw error;
        const id = namedAccount(error);
        if (id !== undefined) return caller({ id, name: id });
      }
      // Refused without a word on whose key it is: it is good if it lists endpoints.
      await listEndpoints(1, undefined);
      return caller({ id: "", name: "unknown to this restricted key" });
    },

    async "endpoints.list"({ query }) {
      const { limit, cursor, provider, status } = check(
        contract["endpoints.list"].query,
        query,
        "query-invalid",
      );
      if (isOther(provider)) return { data: [], next_cursor: null };
      if (status !== undefined) return endpointsOfStatus(status, limit, cursor);
      return pageOf(await listEndpoints(limit, cursor), endpointOf);
    },

    async "endpoints.create"({ body }) {
      const { url, provider, events, description } = check(
        contract["endpoints.create"].body,
        body,
        "body-invalid",
      );
      if (isOther(provider))
        throw stripeUnsupported(`Stripe's endpoints receive Stripe's events, not ${provider}'s`, [
          "leave --provider out, or give it as stripe",
        ]);
      const enabled_events = enabledEvents(events, eventTypes);
      const { value } = await ask(stripeEndpoint, (stripe) =>
        stripe.webhookEndpoints.create({
          url,
          enabled_events,
          ...(description === undefined ? {} : { description }),
        }),
      );
      return {
        ...endpointOf(value),
        secret: value.secret ?? null,
        warnings: warningsOf(value.enabled_events),
      };
    },

    async "endpoints.get"({ params }) {
      const id = checkId(params.id);
      const { value } = await ask(stripeEndpoint, (stripe) => stripe.webhookEndpoints.retrieve(id));
      return endpointOf(value);
    },

    async "endpoints.update"({ params, body }) {
      const id = checkId(params.id);
      const { url, events, description, status } = check(
        contract["endpoints.update"].body,
        body,
        "body-invalid",
      );
      const changes = {
        ...(url === undefined ? {} : { url }),
        ...(events === undefined ? {} : { enabled_events: enabledEvents(events, eventTypes) }),
        ...(description === undefined ? {} : { description: description ?? ("" as const) }),
        ...(status === undefined ? {} : { disabled: status === "disabled" }),
      };
      const { value } = await ask(stripeEndpoint, (stripe) => stripe.webhookEndpoints.update(id, changes));
      return { ...endpointOf(value), warnings: events === undefined ? [] : warningsOf(value.enabled_events) };
    },

    async "endpoints.delete"({ params }) {
      const id = checkId(params.id);
      const { value } = await ask(stripeDeleted, (stripe) => stripe.webhookEndpoints.del(id));
      return value;
    },

    async "eventTypes.list"({ query }) {
      const { provider } = check(contract["eventTypes.list"].query, query, "query-invalid");
      const data = eventTypes.filter((type) => provider === undefined || type.provider === provider);
      return { data, next_cursor: null };
    },

    async "events.list"({ query }) {
      const { limit, cursor, provider, type, since, until } = check(
        contract["events.list"].query,
        query,
        "query-invalid",
      );
      if (isOther(provider)) return { data: [], next_cursor: null };
      const { value } = await ask(stripeList(stripeEvent), (stripe) =>
        stripe.events.list({
          limit,
          ...startingAfter(cursor),
          ...narrowedTo(type, { since, until }),
        }),
      );
      return pageOf(value, eventOf);
    },

    async "events.get"({ params }) {
      const id = checkId(params.id);
      const { value, text } = await ask(stripeEvent, (stripe) => stripe.events.retrieve(id));
      return { ...eventOf(value), payload: text, payload_base64: null };
    },
  };

  return {
    call: (name, input) => handlers[name](input),
    close: async () => close?.(),
  };
}

const isOther = (provider: string | undefined): boolean => provider !== undefined && provider !== "stripe";
