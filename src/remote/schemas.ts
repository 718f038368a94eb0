import * as z from "zod";
import { scopes } from "./scopes.ts";

// Compiling a schema costs more than it saves on the few documents of a command.
z.config({ jitless: true });

const secondsPerYear = 365 * 86_400;

/** One line of text from a person: no control characters, no half of a surrogate pair. */
const line = (longest: number) =>
  z
    .string()
    .min(1)
    .max(longest)
    .regex(
      /^(?!\s)[^\p{Cc}\p{Cs}]*(?<!\s)$/u,
      "must be one line of text without control characters or outer blanks",
    );

/** Unix milliseconds as RFC 3339 in UTC, with milliseconds. */
const time = z.iso.datetime({ precision: 3 });
/** What is asked with: any time of RFC 3339. */
const timeAsked = z.iso.datetime({
  offset: true,
  error:
    "must be a time such as 2026-03-17T14:32:07Z or 2026-03-17T15:32:07%2B01:00 (a + in a URL is written %2B)",
});
const maybe = <Schema extends z.ZodType>(schema: Schema) => z.nullable(schema);

const scope = z.enum(scopes);
const id = (prefix: string, error = `must be an id such as ${prefix}_01jd…`) =>
  z.string().regex(new RegExp(`^${prefix}_[0-9a-z]{1,64}$`), error);

/** What is said of a cursor that another list gave, or none. */
export const cursorWords = "must be the next_cursor of another page of this list";
/** What a list takes: how many of it, from where. */
export const page = {
  limit: z.coerce.number().int().min(1).max(100).default(25),
  /** `next_cursor` of the page before: the id of its last item. */
  cursor: z
    .string()
    .regex(/^\w{1,200}$/, cursorWords)
    .optional(),
};

/** Seconds for which the old one goes on working beside the new. */
const grace = z.int().min(0).max(secondsPerYear);

/** A URL that deliveries can go to. */
const target = z
  .string()
  .max(2048)
  .refine(
    (text) => {
      const url = URL.canParse(text) ? new URL(text) : undefined;
      return url !== undefined && /^https?:$/.test(url.protocol) && url.hostname !== "" && url.hash === "";
    },
    { error: "must be an http or https URL without a fragment" },
  )
  .refine((text) => !URL.canParse(text) || (new URL(text).username === "" && new URL(text).password === ""), {
    error: "must not carry a user name or password: they would show wherever the URL does",
  });

const eventType = z
  .string()
  .max(200)
  .regex(/^[^\s\p{C}*]+$/u, "must be an event type such as order.created");

/** Bytes of a payload at most; a body of a request has room for it as JSON writes it. */
export const maxPayload = 5_000_000;

/** Exact event types, `order.*`, or `*`. */
const eventFilter = z
  .string()
  .max(200)
  .regex(/^(\*|[^\s\p{C}*]+(\.\*)?)$/u, "must be an event type, order.* or *");

export const health = z.object({ status: z.literal("ok"), version: z.string() });

export const account = z.object({ id: id("acct"), name: z.string() });

const keyFields = {
  id: id("key"),
  name: z.string(),
  /** What may be shown of it: `hk_…9f3a`. */
  hint: z.string(),
  /** The provider whose keys it looks like. */
  provider: maybe(z.string()),
  scopes: z.array(scope),
  /** `rotating`: it has a successor and works until `grace_ends_at`; `replaced`: that time has passed. */
  status: z.enum(["active", "rotating", "expired", "replaced", "revoked"]),
  created_at: time,
  /** The key that made it; null for one made on the server's own machine. */
  created_by: maybe(z.string()),
  expires_at: maybe(time),
  replaces: maybe(id("key")),
  replaced_by: maybe(id("key")),
  grace_ends_at: maybe(time),
  revoked_at: maybe(time),
  last_used_at: maybe(time),
  last_used_address: maybe(z.string()),
};
export const key = z.object(keyFields);
/** The answer that carries the key itself, once. */
export const newKey = z.object({ ...keyFields, key: z.string() });

/** The key that asks, and whose it is. `key` is null where the server's own machine asks without one. */
export const caller = z.object({ account, key: maybe(key), scopes: z.array(scope) });

const life = maybe(
  z
    .int()
    .min(1)
    .max(10 * secondsPerYear),
);

export const createKey = z.strictObject({
  name: line(100),
  scopes: z.array(scope).min(1).max(scopes.length),
  /** Seconds it lives, null for ever; without it as long as its creator. */
  expires_in: life.optional(),
  provider: line(100).optional(),
});

export const rotateKey = z.strictObject({
  /** Null: the old key lives on until it is retired. */
  grace_seconds: maybe(grace).default(86_400),
  /** Seconds the new key lives, null for ever; without it as long as the old one was made to. */
  expires_in: life.optional(),
});

export const retireKey = z.strictObject({ grace_seconds: grace });

const warning = z.object({ code: z.string(), message: z.string() });

const endpointFields = {
  id: z.string(),
  url: z.string(),
  provider: z.string(),
  events: z.array(z.string()),
  description: maybe(z.string()),
  status: z.enum(["enabled", "disabled"]),
  disabled_at: maybe(time),
  /** Why: `requested`, or what the server disabled it for. */
  disabled_reason: maybe(z.string()),
  created_at: time,
  /** What may be shown of its signing secret. */
  secret_hint: maybe(z.string()),
  /** While a rotation lasts: which secret signs, and until when the one before is in use. */
  secret_rotation: maybe(
    z.object({
      /** `both` where the provider's scheme carries several signatures, else `previous` until the grace ends. */
      signs_with: z.enum(["both", "previous"]),
      /** Null while the grace has not begun. */
      previous_until: maybe(time),
    }),
  ),
};
export const endpoint = z.object(endpointFields);
/** The answer that carries the signing secret, once; null where the provider signs nothing. */
export const newEndpoint = z.object({
  ...endpointFields,
  secret: maybe(z.string()),
  warnings: z.array(warning),
});
export const rotatedEndpoint = z.object({
  ...endpointFields,
  secret: z.string(),
  /** The secret before it, so that a receiver can accept both. */
  previous_secret: z.string(),
});
export const changedEndpoint = z.object({ ...endpointFields, warnings: z.array(warning) });
export const deletedEndpoint = z.object({ id: z.string(), deleted: z.literal(true) });

const endpointEvents = z.array(eventFilter).min(1).max(100);
export const createEndpoint = z.strictObject({
  url: target,
  provider: line(100),
  events: endpointEvents,
  description: line(500).optional(),
});
export const updateEndpoint = z
  .strictObject({
    url: target.optional(),
    events: endpointEvents.optional(),
    description: maybe(line(500)).optional(),
    status: z.enum(["enabled", "disabled"]).optional(),
  })
  .refine((changes) => Object.values(changes).some((value) => value !== undefined), {
    error: "must change something",
  });
export const rotateSecret = z.strictObject({
  /** Null: the one before stays in use until it is retired. */
  grace_seconds: maybe(grace).default(86_400),
});
/** The `secret_hint` of the secret whose rotation is meant, so that no other's is touched. */
const rotationOf = { secret_hint: z.string().max(100).optional() };
export const retireSecret = z.strictObject({ grace_seconds: grace, ...rotationOf });
export const restoreSecret = z.strictObject(rotationOf);

const eventFields = {
  id: z.string(),
  provider: z.string(),
  type: z.string(),
  created_at: time,
};
export const event = z.object(eventFields);
export const eventDetail = z.object({
  ...eventFields,
  /** The body as it goes out; null where it is no UTF-8 text. */
  payload: maybe(z.string()),
  /** The body's bytes, where it is no text. */
  payload_base64: maybe(z.string()),
});
export const publishedEvent = z.object({
  ...eventFields,
  /** One for each enabled endpoint that is subscribed to it. */
  deliveries: z.array(z.object({ id: id("dlv"), endpoint_id: id("ep") })),
  /** Endpoints that are subscribed to it and get nothing, as they are disabled. */
  disabled_endpoints: z.array(id("ep")),
  /** `event-unknown`: the provider is not known to send it. */
  warnings: z.array(warning).default([]),
});
export const publishEvent = z
  .strictObject({
    provider: line(100),
    type: eventType,
    /** Text goes out as it is, anything else as compact JSON; 5,000,000 bytes at most as it goes out. */
    payload: z.unknown().optional(),
    payload_base64: z.base64().optional(),
  })
  .refine((body) => (body.payload === undefined) !== (body.payload_base64 === undefined), {
    error: "needs either payload or payload_base64",
  });
export const eventTypeInfo = z.object({
  provider: z.string(),
  type: z.string(),
  description: z.string(),
});

const attemptFields = {
  /** From 1 on, over both kinds. */
  number: z.int(),
  /** `automatic`: the first, and those of the provider's schedule. */
  kind: z.enum(["automatic", "manual"]),
  started_at: time,
  duration_ms: z.number(),
  /** Status of the answer; null where none came. */
  status: maybe(z.int()),
  /**
   * Why it failed, null where it succeeded: `status` (not one the provider takes), `late`, `timeout`, `refused`, `dns`,
   * `unreachable`, `reset`, `tls`, `protocol`, `target-refused` (an address the server sends nothing to), `unsendable`.
   */
  error: maybe(z.string()),
  /** The same in words. */
  message: maybe(z.string()),
};
const attempt = z.object({
  ...attemptFields,
  /** The first 20 kB of the answer's body, as text. */
  answer: maybe(z.string()),
  /** Length of the whole body in bytes. */
  answer_bytes: maybe(z.int()),
});
const deliveryStatus = z.enum(["pending", "sending", "succeeded", "failed", "cancelled"]);
const deliveryFields = {
  id: z.string(),
  event_id: z.string(),
  /** Null where the API does not tell single endpoints apart, as Stripe's. */
  endpoint_id: maybe(z.string()),
  endpoint_url: maybe(z.string()),
  provider: z.string(),
  event_type: z.string(),
  status: deliveryStatus,
  /** Null where the API does not say, as Stripe's. */
  attempts_made: maybe(z.int()),
  created_at: time,
  /** Null where none is due: it is under way, over, or its endpoint is disabled. */
  next_attempt_at: maybe(time),
};
export const delivery = z.object({ ...deliveryFields, last_attempt: maybe(z.object(attemptFields)) });
/** A delivery with all its attempts, oldest first. */
export const deliveryDetail = z.object({ ...deliveryFields, attempts: z.array(attempt) });
export const deliveryFilter = {
  status: deliveryStatus.optional(),
  endpoint_id: id("ep").optional(),
  event_id: id("evt").optional(),
  event_type: eventType.optional(),
  since: timeAsked.optional(),
  until: timeAsked.optional(),
};
export const testEndpoint = z.strictObject({
  /** Without it the first the endpoint is subscribed to and the server has a sample of. */
  type: eventType.optional(),
});
export const retryDelivery = z.strictObject({
  /** Send one that has succeeded once more. */
  force: z.boolean().default(false),
  /** Where it goes, where the id alone does not say: of use with Stripe. */
  endpoint_id: line(255).optional(),
});
/** Either `ids`, or a filter; a filter without a status means the failed ones, and takes up to 100 of them, oldest first. */
export const retryDeliveries = z
  .strictObject({
    ids: z.array(id("dlv")).min(1).max(100).optional(),
    ...deliveryFilter,
    /** `next_cursor` of the answer before, for what else the filter takes. */
    cursor: id("dlv", cursorWords).optional(),
    force: z.boolean().default(false),
  })
  .refine(
    (body) => {
      const filters = Object.keys(deliveryFilter) as (keyof typeof deliveryFilter)[];
      const isFiltered = filters.some((name) => body[name] !== undefined);
      return body.ids === undefined ? isFiltered : !isFiltered && body.cursor === undefined;
    },
    { error: "needs either ids or a filter" },
  );
export const retriedDeliveries = z.object({
  data: z.array(
    z.object({
      id: id("dlv"),
      retried: z.boolean(),
      /** Why it is not retried: a problem's code, and its words. */
      code: maybe(z.string()),
      message: maybe(z.string()),
    }),
  ),
  /** For what else the filter takes. */
  next_cursor: maybe(z.string()),
});
export const changeCursorWords = "must be the next_cursor of an answer of this server's changes";
/** Without a cursor: from now on. */
export const changeQuery = {
  limit: page.limit,
  cursor: z
    .string()
    .regex(/^\d{1,15}$/, changeCursorWords)
    .optional(),
};
/** What `next_cursor` names is never the end: changes to come stand behind it. */
export const changes = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item), next_cursor: z.string(), more: z.boolean() });

export const activityEntry = z.object({
  id: id("act"),
  /** When it first happened; what repeats within a minute is one entry. */
  at: time,
  last_at: time,
  count: z.int(),
  /** `key.created`, `key.refused`, `endpoint.secret_rotated` … */
  action: z.string(),
  /** Who: a key, this machine without one (`embedded`), or the server itself. */
  actor: z.object({
    kind: z.enum(["key", "embedded", "server"]),
    key_id: maybe(z.string()),
    name: maybe(z.string()),
  }),
  /** Network address the request came from. */
  address: maybe(z.string()),
  subject: maybe(z.object({ id: z.string(), name: maybe(z.string()) })),
  detail: z.record(z.string(), z.union([z.string(), z.number(), z.boolean(), z.null()])),
});

export const keyQuery = { ...page, status: z.enum(["live", "dead"]).optional() };
export const endpointQuery = {
  ...page,
  provider: line(100).optional(),
  status: z.enum(["enabled", "disabled"]).optional(),
};
export const eventQuery = {
  ...page,
  provider: line(100).optional(),
  type: eventType.optional(),
  since: timeAsked.optional(),
  until: timeAsked.optional(),
};
export const activityQuery = {
  ...page,
  action: line(100).optional(),
  key_id: id("key").optional(),
  since: timeAsked.optional(),
  until: timeAsked.optional(),
};
export const eventTypeQuery = { provider: line(100).optional() };

export const list = <Item extends z.ZodType>(item: Item) =>
  z.object({ data: z.array(item), next_cursor: maybe(z.string()) });

export const keyId = id("key");
export const endpointId = id("ep");
export const eventId = id("evt");
export const deliveryId = id("dlv");

/** RFC 9457. `code` is what programs go by; `errors` says where a document is wrong. */
export const problem = z.object({
  type: z.string(),
  title: z.string(),
  status: z.int(),
  detail: z.string(),
  code: z.string(),
  next_steps: z.array(z.string()).optional(),
  errors: z.array(z.object({ path: z.string(), message: z.string() })).optional(),
});
