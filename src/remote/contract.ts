import * as z from "zod";
import * as schemas from "./schemas.ts";
import type { Scope } from "./scopes.ts";

export type { Scope } from "./scopes.ts";

/** One route of the API, as data. */
export interface Route {
  method: "GET" | "POST" | "PATCH" | "DELETE";
  /** `{id}` stands for a parameter. */
  path: string;
  summary: string;
  /** What a key must be allowed; `any`: whatever a live key is allowed; null: no key is needed. */
  scope: Scope | "any" | null;
  params?: z.ZodObject;
  query?: z.ZodObject;
  body?: z.ZodType;
  /** Status of success, and what is answered then. */
  status: 200 | 201 | 202;
  answer: z.ZodType;
  /** The problems it can answer beside those that every route can. */
  problems?: readonly ProblemStatus[];
  /** Whether the answer carries a secret, which must not be kept readable. */
  secret?: true;
}

export type ProblemStatus = 404 | 409 | 410;

const of = <Id extends z.ZodType>(id: Id) => z.object({ id });
const query = <Shape extends z.ZodRawShape>(shape: Shape) => z.strictObject(shape);
const { list } = schemas;

/** The whole API: the server's routes and checks, the client's types, the OpenAPI document and the tests of who may do what derive from it. */
export const contract = {
  health: {
    method: "GET",
    path: "/v1/health",
    summary: "Whether the server works",
    scope: null,
    status: 200,
    answer: schemas.health,
  },
  "keys.current": {
    method: "GET",
    path: "/v1/keys/current",
    summary: "The key that asks, and its account",
    scope: "any",
    status: 200,
    answer: schemas.caller,
  },
  "keys.list": {
    method: "GET",
    path: "/v1/keys",
    summary: "The account's keys, newest first",
    scope: "keys:read",
    query: query(schemas.keyQuery),
    status: 200,
    answer: list(schemas.key),
  },
  "keys.create": {
    method: "POST",
    path: "/v1/keys",
    summary: "Make a key that may do no more, and live no longer, than the one that asks",
    scope: "keys:write",
    body: schemas.createKey,
    status: 201,
    answer: schemas.newKey,
    secret: true,
  },
  "keys.get": {
    method: "GET",
    path: "/v1/keys/{id}",
    summary: "One key",
    scope: "keys:read",
    params: of(schemas.keyId),
    status: 200,
    answer: schemas.key,
    problems: [404],
  },
  "keys.rotate": {
    method: "POST",
    path: "/v1/keys/{id}/rotate",
    summary: "Make a key's successor; the old one lives on for the grace",
    scope: "keys:write",
    params: of(schemas.keyId),
    body: schemas.rotateKey,
    status: 201,
    answer: schemas.newKey,
    problems: [404, 409, 410],
    secret: true,
  },
  "keys.retire": {
    method: "POST",
    path: "/v1/keys/{id}/retire",
    summary: "Begin the grace of a key whose rotation left it open",
    scope: "keys:write",
    params: of(schemas.keyId),
    body: schemas.retireKey,
    status: 200,
    answer: schemas.key,
    problems: [404, 409, 410],
  },
  "keys.revoke": {
    method: "POST",
    path: "/v1/keys/{id}/revoke",
    summary: "Make a key useless at once",
    scope: "keys:write",
    params: of(schemas.keyId),
    status: 200,
    answer: schemas.key,
    problems: [404, 409],
  },
  "endpoints.list": {
    method: "GET",
    path: "/v1/endpoints",
    summary: "The account's endpoints, newest first",
    scope: "endpoints:read",
    query: query(schemas.endpointQuery),
    status: 200,
    answer: list(schemas.endpoint),
  },
  "endpoints.create": {
    method: "POST",
    path: "/v1/endpoints",
    summary: "Register a URL for events of one provider",
    scope: "endpoints:write",
    body: schemas.createEndpoint,
    status: 201,
    answer: schemas.newEndpoint,
    secret: true,
  },
  "endpoints.get": {
    method: "GET",
    path: "/v1/endpoints/{id}",
    summary: "One endpoint",
    scope: "endpoints:read",
    params: of(schemas.endpointId),
    status: 200,
    answer: schemas.endpoint,
    problems: [404, 410],
  },
  "endpoints.update": {
    method: "PATCH",
    path: "/v1/endpoints/{id}",
    summary: "Change an endpoint, enable or disable it",
    scope: "endpoints:write",
    params: of(schemas.endpointId),
    body: schemas.updateEndpoint,
    status: 200,
    answer: schemas.changedEndpoint,
    problems: [404, 410],
  },
  "endpoints.delete": {
    method: "DELETE",
    path: "/v1/endpoints/{id}",
    summary: "Delete an endpoint; what was to be delivered to it is cancelled",
    scope: "endpoints:write",
    params: of(schemas.endpointId),
    status: 200,
    answer: schemas.deletedEndpoint,
    problems: [404],
  },
  "endpoints.rotateSecret": {
    method: "POST",
    path: "/v1/endpoints/{id}/rotate-secret",
    summary: "Make an endpoint's next signing secret; the old one stays in use for the grace",
    scope: "endpoints:write",
    params: of(schemas.endpointId),
    body: schemas.rotateSecret,
    status: 200,
    answer: schemas.rotatedEndpoint,
    problems: [404, 409, 410],
    secret: true,
  },
  "endpoints.retireSecret": {
    method: "POST",
    path: "/v1/endpoints/{id}/retire-secret",
    summary: "Begin the grace of the signing secret that a rotation left in use",
    scope: "endpoints:write",
    params: of(schemas.endpointId),
    body: schemas.retireSecret,
    status: 200,
    answer: schemas.endpoint,
    problems: [404, 409, 410],
  },
  "endpoints.restoreSecret": {
    method: "POST",
    path: "/v1/endpoints/{id}/restore-secret",
    summary:
      "Undo a rotation that is not over: the signing secret before is in force again, the new one void",
    scope: "endpoints:write",
    params: of(schemas.endpointId),
    body: schemas.restoreSecret,
    status: 200,
    answer: schemas.endpoint,
    problems: [404, 409, 410],
  },
  "endpoints.test": {
    method: "POST",
    path: "/v1/endpoints/{id}/test",
    summary: "Send an endpoint a sample of its provider's, once",
    scope: "events:write",
    params: of(schemas.endpointId),
    body: schemas.testEndpoint,
    status: 202,
    answer: schemas.publishedEvent,
    problems: [404, 409, 410],
  },
  "eventTypes.list": {
    method: "GET",
    path: "/v1/event-types",
    summary: "The event types that the server knows",
    scope: "events:read",
    query: query(schemas.eventTypeQuery),
    status: 200,
    answer: list(schemas.eventTypeInfo),
  },
  "events.list": {
    method: "GET",
    path: "/v1/events",
    summary: "Published events, newest first",
    scope: "events:read",
    query: query(schemas.eventQuery),
    status: 200,
    answer: list(schemas.event),
  },
  "events.publish": {
    method: "POST",
    path: "/v1/events",
    summary: "Publish an event to the endpoints that are subscribed to it",
    scope: "events:write",
    body: schemas.publishEvent,
    status: 202,
    answer: schemas.publishedEvent,
  },
  "events.get": {
    method: "GET",
    path: "/v1/events/{id}",
    summary: "One event, with its payload",
    scope: "events:read",
    params: of(schemas.eventId),
    status: 200,
    answer: schemas.eventDetail,
    problems: [404],
  },
  "deliveries.list": {
    method: "GET",
    path: "/v1/deliveries",
    summary: "Deliveries, newest first",
    scope: "deliveries:read",
    query: query({ ...schemas.page, ...schemas.deliveryFilter }),
    status: 200,
    answer: list(schemas.delivery),
  },
  "deliveries.changes": {
    method: "GET",
    path: "/v1/deliveries/changes",
    summary: "Deliveries that have changed, in the order of their last change",
    scope: "deliveries:read",
    query: query(schemas.changeQuery),
    status: 200,
    answer: schemas.changes(schemas.delivery),
  },
  "deliveries.get": {
    method: "GET",
    path: "/v1/deliveries/{id}",
    summary: "One delivery with all its attempts",
    scope: "deliveries:read",
    params: of(schemas.deliveryId),
    status: 200,
    answer: schemas.deliveryDetail,
    problems: [404],
  },
  "deliveries.retry": {
    method: "POST",
    path: "/v1/deliveries/{id}/retry",
    summary: "Try a delivery once more, beside its schedule",
    scope: "deliveries:write",
    params: of(schemas.deliveryId),
    body: schemas.retryDelivery,
    status: 202,
    answer: schemas.delivery,
    problems: [404, 409, 410],
  },
  "deliveries.retryMany": {
    method: "POST",
    path: "/v1/deliveries/retry",
    summary: "Try many deliveries once more, beside their schedules",
    scope: "deliveries:write",
    body: schemas.retryDeliveries,
    status: 202,
    answer: schemas.retriedDeliveries,
  },
  "activity.list": {
    method: "GET",
    path: "/v1/activity",
    summary: "Who did what with which key, newest first",
    scope: "activity:read",
    query: query(schemas.activityQuery),
    status: 200,
    answer: list(schemas.activityEntry),
  },
} as const satisfies Record<string, Route>;

export type RouteName = keyof typeof contract;

type Contract = typeof contract;
type InputPart<Name extends RouteName, Part extends "params" | "query" | "body"> =
  Contract[Name] extends Record<Part, infer Schema extends z.ZodType>
    ? Record<Part, z.input<Schema>>
    : unknown;
type CheckedPart<Name extends RouteName, Part extends "params" | "query" | "body"> =
  Contract[Name] extends Record<Part, infer Schema extends z.ZodType>
    ? Record<Part, z.output<Schema>>
    : unknown;

/** What a client gives to a route: `{params, query, body}`, as far as the route takes them. */
export type Input<Name extends RouteName> = InputPart<Name, "params"> &
  InputPart<Name, "query"> &
  InputPart<Name, "body">;
/** The same after validation, defaults filled in. */
export type Checked<Name extends RouteName> = CheckedPart<Name, "params"> &
  CheckedPart<Name, "query"> &
  CheckedPart<Name, "body">;
export type Answer<Name extends RouteName> = z.output<Contract[Name]["answer"]>;

export type Key = z.output<typeof schemas.key>;
export type NewKey = z.output<typeof schemas.newKey>;
export type Caller = z.output<typeof schemas.caller>;
export type Endpoint = z.output<typeof schemas.endpoint>;
export type NewEndpoint = z.output<typeof schemas.newEndpoint>;
export type RotatedEndpoint = z.output<typeof schemas.rotatedEndpoint>;
export type Event = z.output<typeof schemas.event>;
export type EventDetail = z.output<typeof schemas.eventDetail>;
export type PublishedEvent = z.output<typeof schemas.publishedEvent>;
export type Delivery = z.output<typeof schemas.delivery>;
export type DeliveryDetail = z.output<typeof schemas.deliveryDetail>;
export type EventTypeInfo = z.output<typeof schemas.eventTypeInfo>;
export type ActivityEntry = z.output<typeof schemas.activityEntry>;
export type Problem = z.output<typeof schemas.problem>;

/** The API seen by a client, wherever it is served. */
export interface Remote {
  /**
   * Calls a route.
   * @throws HooklineError with the problem's code and its exit code: 2 for 400, 409, 410 and 422; 3 for 401 and 403; 4 for 404; 5 for
   *   429, 5xx and what cannot be reached
   */
  call<Name extends RouteName>(name: Name, input: Input<Name>): Promise<Answer<Name>>;
  /**
   * Delivers what is due, until the signal comes. Only where no server does: in the embedded control plane, whose
   * publishing and retrying calls make the first attempt before they answer.
   */
  deliver?: (signal: AbortSignal) => Promise<void>;
  close(): Promise<void>;
}
