import * as z from "zod";
import { contract, type ProblemStatus, type Route, type RouteName } from "./contract.ts";
import * as schemas from "./schemas.ts";

type JsonSchema = Record<string, unknown>;
type Area<Name extends string> = Name extends `${infer First}.${string}` ? First : Name;

/** What the document's parts are called, by the first word of a route's name. */
const tags: Record<Area<RouteName>, { name: string; description: string }> = {
  health: { name: "health", description: "Whether the server works" },
  keys: { name: "keys", description: "API keys: what they may do, how long they live, what replaces them" },
  endpoints: {
    name: "endpoints",
    description: "URLs that events are delivered to, and their signing secrets",
  },
  eventTypes: { name: "event-types", description: "The events that providers have" },
  events: { name: "events", description: "Published events" },
  deliveries: { name: "deliveries", description: "One event on its way to one endpoint, with every attempt" },
  activity: { name: "activity", description: "Who did what with which key" },
};

/** Schemas that have a name of their own, with what of them only a function checks. */
const named: Record<string, [z.ZodType, JsonSchema?]> = {
  Account: [schemas.account],
  ActivityEntry: [schemas.activityEntry],
  Attempt: [schemas.deliveryDetail.shape.attempts.element],
  Caller: [schemas.caller],
  ChangedEndpoint: [schemas.changedEndpoint],
  CreateEndpoint: [schemas.createEndpoint],
  CreateKey: [schemas.createKey],
  DeletedEndpoint: [schemas.deletedEndpoint],
  Delivery: [schemas.delivery],
  DeliveryDetail: [schemas.deliveryDetail],
  Endpoint: [schemas.endpoint],
  Event: [schemas.event],
  EventDetail: [schemas.eventDetail],
  EventType: [schemas.eventTypeInfo],
  Health: [schemas.health],
  Key: [schemas.key],
  NewEndpoint: [schemas.newEndpoint],
  NewKey: [schemas.newKey],
  Problem: [schemas.problem],
  PublishEvent: [
    schemas.publishEvent,
    { oneOf: [{ required: ["payload"] }, { required: ["payload_base64"] }] },
  ],
  PublishedEvent: [schemas.publishedEvent],
  RetireKey: [schemas.retireKey],
  RetriedDeliveries: [schemas.retriedDeliveries],
  RetryDeliveries: [schemas.retryDeliveries],
  RotatedEndpoint: [schemas.rotatedEndpoint],
  RotateKey: [schemas.rotateKey],
  RotateSecret: [schemas.rotateSecret],
  Scope: [schemas.key.shape.scopes.element],
  TargetUrl: [
    schemas.createEndpoint.shape.url,
    { format: "uri", description: "An http or https URL without a fragment, user name or password" },
  ],
  Time: [schemas.key.shape.created_at],
  UpdateEndpoint: [schemas.updateEndpoint, { minProperties: 1 }],
  Warning: [schemas.newEndpoint.shape.warnings.element],
};

const problems: Record<400 | 401 | 403 | 422 | 429 | ProblemStatus, [name: string, description: string]> = {
  400: ["BadRequest", "The request cannot be read"],
  401: ["Unauthorized", "There is no key, or it works no more"],
  403: ["Forbidden", "The key may not do this"],
  404: ["NotFound", "There is no such thing in the account"],
  409: ["Conflict", "It does not go with the state that the thing is in"],
  410: ["Gone", "The thing is no more"],
  422: ["Invalid", "The body is not valid; `errors` says where"],
  429: ["TooManyRequests", "Too many requests"],
};

const ref = (kind: string, name: string) => ({ $ref: `#/components/${kind}/${name}` });

/**
 * The API as an OpenAPI 3.1 document, made from the contract.
 * @param options.url where the API is; beside the document where left out
 */
export function openApiDocument({ version, url = "/" }: { version: string; url?: string }): object {
  const names = Object.keys(contract) as RouteName[];
  const schemaOf = jsonSchemas(names.map((name) => contract[name]));
  const paths: Record<string, Record<string, object>> = {};
  for (const name of names) {
    const route: Route = contract[name];
    (paths[route.path] ??= {})[route.method.toLowerCase()] = operation(name, route, schemaOf);
  }

  return {
    openapi: "3.1.1",
    info: {
      title: "hookline",
      version,
      summary: "Manage API keys and webhook endpoints, publish events and follow their deliveries",
      license: { name: "MIT", identifier: "MIT" },
    },
    servers: [{ url }],
    security: [{ apiKey: [] }, { bearer: [] }],
    tags: Object.values(tags),
    paths,
    components: {
      schemas: Object.fromEntries(
        Object.entries(named).map(([name, [schema]]) => [name, schemaOf(schema, true)]),
      ),
      parameters: {
        IdempotencyKey: {
          name: "Idempotency-Key",
          in: "header",
          description:
            "Any text that is new with every request and the same when it is repeated: a repetition is answered as the first was, and done once",
          schema: { type: "string", minLength: 1, maxLength: 255 },
        },
      },
      responses: {
        ...Object.fromEntries(
          Object.entries(problems).map(([status, [name, description]]) => [
            name,
            problemResponse(description, Number(status)),
          ]),
        ),
        Problem: problemResponse("Anything else that went wrong"),
      },
      securitySchemes: {
        apiKey: { type: "apiKey", in: "header", name: "x-api-key" },
        bearer: { type: "http", scheme: "bearer", description: "The same API key as a bearer token" },
      },
    },
  };
}

type SchemaOf = (schema: z.ZodType, whole?: boolean) => JsonSchema;

/** The JSON Schemas of all that the routes use: a reference where it has a name, unless the whole is asked for. */
function jsonSchemas(routes: readonly Route[]): SchemaOf {
  const registry = z.registry<{ id: string } & JsonSchema>();
  for (const [id, [schema, more]] of Object.entries(named)) registry.add(schema, { ...more, id });
  const parts = routes.flatMap(({ params, query, body, answer }) => [params, query, body, answer]);
  for (const [index, part] of parts.entries())
    if (part !== undefined && !registry.has(part)) registry.add(part, { id: `part ${index}` });

  const made = z.toJSONSchema(registry, {
    // Answers have no defaults: what differs is that as "output" they would allow no field of a newer server.
    io: "input",
    metadata: registry,
    uri: (id) => ref("schemas", id).$ref,
  }).schemas;
  return (schema, whole = false) => {
    const id = registry.get(schema)?.id ?? "";
    if (!whole && Object.hasOwn(named, id)) return ref("schemas", id);
    const schemaOnly = { ...made[id] };
    delete schemaOnly.$schema;
    delete schemaOnly.$id;
    return schemaOnly;
  };
}

function operation(name: RouteName, route: Route, schemaOf: SchemaOf): object {
  const { summary, scope, body, status, answer } = route;
  const parameters = [
    ...parametersIn("path", route.params, schemaOf),
    ...parametersIn("query", route.query, schemaOf),
    ...(route.method === "POST" ? [ref("parameters", "IdempotencyKey")] : []),
  ];
  return {
    operationId: name,
    tags: [tags[name.split(".")[0] as Area<RouteName>].name],
    summary,
    description: [needed(scope), ...(route.secret ? ["The answer carries a secret, this once."] : [])].join(
      " ",
    ),
    ...(scope === null ? { security: [] } : {}),
    ...(parameters.length === 0 ? {} : { parameters }),
    ...(body === undefined
      ? {}
      : { requestBody: { required: true, content: { "application/json": { schema: schemaOf(body) } } } }),
    responses: {
      [status]: {
        description: ({ 200: "Done", 201: "Made", 202: "Accepted" } as const)[status],
        content: { "application/json": { schema: schemaOf(answer) } },
      },
      ...Object.fromEntries(
        [400, ...(scope === null ? [] : [401, 403]), 422, 429, ...(route.problems ?? [])].map((code) => [
          code,
          ref("responses", problems[code as keyof typeof problems][0]),
        ]),
      ),
      default: ref("responses", "Problem"),
    },
  };
}

function needed(scope: Route["scope"]): string {
  if (scope === null) return "Needs no key.";
  return scope === "any" ? "Any live key may ask." : `Needs a key with the scope \`${scope}\`.`;
}

function parametersIn(
  place: "path" | "query",
  schema: z.ZodObject | undefined,
  schemaOf: SchemaOf,
): object[] {
  if (schema === undefined) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, JsonSchema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, property]) => ({
    name,
    in: place,
    ...(required.includes(name) ? { required: true } : {}),
    schema: property,
  }));
}

function problemResponse(description: string, status?: number): object {
  return {
    description,
    ...(status === 429
      ? {
          headers: {
            "Retry-After": { description: "Seconds to wait", schema: { type: "integer", minimum: 0 } },
          },
        }
      : {}),
    content: { "application/problem+json": { schema: ref("schemas", "Problem") } },
  };
}
