import type { Stripe } from "stripe";
import type * as z from "zod";
import type { Answer, Endpoint, Input, RouteName } from "./contract.ts";
import type { Exchange } from "./http.ts";
import { explainStripeError } from "./stripe-errors.ts";
import { createHttpClient, unexpected, type RawAnswer } from "./stripe-http.ts";
import { problemsOf, secondsOf } from "./stripe-input.ts";
import { endpointOf, stripeEndpoint, stripeList } from "./stripe-shapes.ts";

export type StripeHandlers = { [Name in RouteName]: (input: Input<Name>) => Promise<Answer<Name>> };

interface Page<Item> {
  data: Item[];
  has_more: boolean;
}

/** Stripe's API as the handlers of the routes use it. */
export interface StripeClient {
  /**
   * Asks Stripe, and reads of the answer what the shape says.
   * @returns that, and the answer's text as it came
   * @throws HooklineError as {@link explainStripeError} says, and `api-answer-unexpected`
   */
  ask<Shape extends z.ZodType>(
    this: void,
    shape: Shape,
    request: (stripe: Stripe) => Promise<unknown>,
  ): Promise<{ value: z.output<Shape>; text: string }>;
  listEndpoints(
    this: void,
    limit: number,
    cursor: string | undefined,
  ): Promise<Page<z.output<typeof stripeEndpoint>>>;
  /** Stripe cannot list by status, so its pages are looked through. */
  endpointsOfStatus(
    this: void,
    status: Endpoint["status"],
    limit: number,
    cursor: string | undefined,
  ): Promise<Answer<"endpoints.list">>;
}

/** Most of a list that Stripe gives at once. */
export const mostAtOnce = 100;
/** Pages that are looked through for endpoints of a status: Stripe allows far fewer endpoints. */
const mostPages = 20;

/** The SDK is loaded by the first request. */
export function createStripeClient({
  key,
  url,
  exchange,
}: {
  key: string;
  url: URL;
  exchange: Exchange;
}): StripeClient {
  let sdk: Promise<Stripe> | undefined;
  const load = async (): Promise<Stripe> => {
    const { Stripe } = await import("./stripe-sdk.ts");
    return new Stripe(key, {
      httpClient: createHttpClient(exchange, url),
      maxNetworkRetries: 2,
      telemetry: false,
      appInfo: { name: "hookline" },
    });
  };

  const ask: StripeClient["ask"] = async (shape, request) => {
    const answer = await (sdk ??= load()).then(request).catch((error: unknown) => {
      throw explainStripeError(error, { key, host: url.host });
    });
    const read = shape.safeParse(answer);
    if (!read.success) throw unexpected(url.host, problemsOf(read.error));
    const { text } = (answer as { lastResponse: RawAnswer }).lastResponse;
    return { value: read.data, text };
  };

  const listEndpoints: StripeClient["listEndpoints"] = async (limit, cursor) =>
    (
      await ask(stripeList(stripeEndpoint), (stripe) =>
        stripe.webhookEndpoints.list({ limit, ...startingAfter(cursor) }),
      )
    ).value;

  return {
    ask,
    listEndpoints,
    async endpointsOfStatus(status, limit, cursor) {
      const found: Endpoint[] = [];
      let after = cursor;
      for (let pages = 0; pages < mostPages && found.length <= limit; pages++) {
        const { data, has_more } = await listEndpoints(mostAtOnce, after);
        found.push(...data.map(endpointOf).filter((endpoint) => endpoint.status === status));
        after = data.at(-1)?.id;
        if (!has_more || after === undefined) break;
      }
      const data = found.slice(0, limit);
      return { data, next_cursor: found.length > limit ? (data.at(-1)?.id ?? null) : null };
    },
  };
}

/** A page of Stripe's as the API answers it. */
export function pageOf<Item extends { id: string }, Shown>(
  { data, has_more }: { data: readonly Item[]; has_more: boolean },
  show: (item: Item) => Shown,
): { data: Shown[]; next_cursor: string | null } {
  return { data: data.map(show), next_cursor: has_more ? (data.at(-1)?.id ?? null) : null };
}

export function startingAfter(cursor: string | undefined): { starting_after?: string } {
  return cursor === undefined ? {} : { starting_after: cursor };
}

/** What a list of events is narrowed to. @param times RFC 3339, or left out */
export function narrowedTo(
  type: string | undefined,
  { since, until }: { since: string | undefined; until: string | undefined },
): Pick<Stripe.EventListParams, "type" | "created"> {
  const created = {
    ...(since === undefined ? {} : { gte: secondsOf(since) }),
    ...(until === undefined ? {} : { lt: secondsOf(until) }),
  };
  return {
    ...(type === undefined ? {} : { type }),
    ...(Object.keys(created).length === 0 ? {} : { created }),
  };
}
