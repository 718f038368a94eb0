import { createConfig, lintFromString } from "@redocly/openapi-core";
import { beforeAll, describe, expect, test } from "vitest";
import { contract, type Route } from "../../src/remote/contract.ts";
import { openApiDocument } from "../../src/remote/openapi.ts";

interface Operation {
  operationId: string;
  tags: string[];
  description: string;
  security?: object[];
  parameters?: { $ref?: string; name: string; in: string; required?: true }[];
  requestBody?: { content: Record<string, { schema: object }> };
  responses: Record<
    string,
    { $ref?: string; content: Record<string, { schema: object; example?: unknown }> }
  >;
}
interface Document {
  openapi: string;
  info: Record<string, unknown>;
  servers: { url: string }[];
  paths: Record<string, Record<string, Operation>>;
  components: Record<string, Record<string, Record<string, unknown>>>;
}

const make = (): Document => openApiDocument({ version: "1.2.3" }) as Document;
const document = make();
const routes = Object.entries<Route>(contract);
const operationOf = ({ path, method }: Route, from = document): Operation => {
  const operation = from.paths[path]?.[method.toLowerCase()];
  if (operation === undefined) throw new Error(`${method} ${path} is missing`);
  return operation;
};

let config: Awaited<ReturnType<typeof createConfig>>;
beforeAll(async () => {
  config = await createConfig({
    extends: ["recommended"],
    // Examples are held against the schemas alone, which leave room for fields to come.
    rules: { "no-invalid-media-type-examples": { severity: "error", allowAdditionalProperties: true } },
  });
});
async function lint(source: Document): Promise<string[]> {
  const found = await lintFromString({
    source: JSON.stringify(source),
    absoluteRef: "/openapi.json",
    config,
  });
  return found.map(({ ruleId, message }) => `${ruleId}: ${message}`);
}

describe("the linter", () => {
  test("finds nothing", async () => {
    expect(await lint(document)).toEqual([]);
  });

  test.each<[string, (broken: Document) => void]>([
    ["info-license", (broken) => delete broken.info["license"]],
    ["no-unresolved-refs", (broken) => delete broken.components["schemas"]?.["Key"]],
    ["no-unused-components", (broken) => (broken.components["schemas"]!["Idle"] = { type: "object" })],
    ["security-defined", (broken) => delete broken.components["securitySchemes"]?.["apiKey"]],
    ["path-parameters-defined", (broken) => delete operationOf(contract["keys.get"], broken).parameters],
    [
      "operation-operationId-unique",
      (broken) => (operationOf(contract.health, broken).operationId = "keys.get"),
    ],
    ["struct", (broken) => (broken.components["schemas"]!["Key"] = { type: "thing" })],
  ])("would find a broken document: %s", async (rule, spoil) => {
    const broken = make();
    spoil(broken);
    expect((await lint(broken)).map((problem) => problem.split(":")[0])).toContain(rule);
  });
});

test("has every route once, and nothing else", () => {
  const found = Object.entries(document.paths).flatMap(([path, operations]) =>
    Object.entries(operations).map(([method, { operationId }]) => [operationId, method.toUpperCase(), path]),
  );
  expect(found.sort()).toEqual(routes.map(([name, { method, path }]) => [name, method, path]).sort());
});

test("every reference leads somewhere in the document, and nothing in it belongs to JSON Schema alone", () => {
  const references = [...JSON.stringify(document).matchAll(/"\$ref":"([^"]*)"/g)].map(([, ref]) => ref ?? "");
  expect(references.length).toBeGreaterThan(100);
  for (const reference of new Set(references)) {
    const [, kind = "", name = ""] = /^#\/components\/(\w+)\/(\w+)$/.exec(reference) ?? [];
    expect(document.components[kind]?.[name], reference).toBeDefined();
  }
  expect(JSON.stringify(document)).not.toMatch(/"\$(schema|id|defs)"/);
});

test("patterns are regular expressions, read as Unicode", () => {
  const patterns = [...JSON.stringify(document).matchAll(/"pattern":("(?:[^"\\]|\\.)*")/g)];
  expect(patterns.length).toBeGreaterThan(10);
  for (const [, pattern = ""] of patterns)
    expect(() => new RegExp(JSON.parse(pattern) as string, "u")).not.toThrow();
});

describe.each(routes)("%s", (_, route) => {
  const operation = operationOf(route);

  test("says what it takes", () => {
    const taken = (operation.parameters ?? []).flatMap(({ name, in: place, required, $ref }) =>
      $ref === undefined ? [`${place} ${name}${required ? " required" : ""}`] : [$ref],
    );
    expect(taken).toEqual([
      ...Object.keys(route.params?.shape ?? {}).map((name) => `path ${name} required`),
      ...Object.keys(route.query?.shape ?? {}).map((name) => `query ${name}`),
      ...(route.method === "POST" ? ["#/components/parameters/IdempotencyKey"] : []),
    ]);
    expect(operation.requestBody === undefined).toBe(route.body === undefined);
  });

  test("says what it answers", () => {
    const { [route.status]: success, ...problems } = operation.responses;
    expect(Object.keys(success?.content ?? {})).toEqual(["application/json"]);
    const common = route.scope === null ? [400, 422, 429] : [400, 401, 403, 422, 429];
    expect(Object.keys(problems).sort()).toEqual(
      [...common, ...(route.problems ?? []), "default"].map(String).sort(),
    );
    for (const { $ref = "" } of Object.values(problems)) {
      expect(document.components["responses"]?.[$ref.split("/").pop() ?? ""]).toMatchObject({
        content: { "application/problem+json": { schema: { $ref: "#/components/schemas/Problem" } } },
      });
    }
  });

  test("says who may", () => {
    expect(operation.security).toEqual(route.scope === null ? [] : undefined);
    if (route.scope !== null && route.scope !== "any")
      expect(operation.description).toContain(`\`${route.scope}\``);
  });
});

describe("what is described", () => {
  const time = "2026-01-02T03:04:05.678Z";
  const key = {
    ...{
      id: "key_01",
      name: "ci",
      hint: "hk_…9f3a",
      provider: null,
      scopes: ["keys:read"],
      status: "active",
    },
    ...{ created_at: time, created_by: null, expires_at: null, replaces: null, replaced_by: null },
    ...{ grace_ends_at: null, revoked_at: null, last_used_at: time, last_used_address: "127.0.0.1" },
  };
  const list = { data: [key], next_cursor: null };

  // The linter holds examples against their schemas.
  async function withExample(route: Route, part: "answer" | "body", example: unknown): Promise<string[]> {
    const copy = make();
    const operation = operationOf(route, copy);
    const content =
      part === "answer" ? operation.responses[route.status]?.content : operation.requestBody?.content;
    Object.assign(content?.["application/json"] ?? {}, { example });
    return lint(copy);
  }

  test("is what is answered: of a list, its things; of a newer server, more", async () => {
    const route = contract["keys.list"];
    expect(await withExample(route, "answer", route.answer.parse(list))).toEqual([]);
    expect(await withExample(route, "answer", { ...list, data: [{ ...key, colour: "red" }] })).toEqual([]);
  });

  test.each<[string, unknown]>([
    ["a field is missing", { data: [] }],
    ["a scope is unknown", { ...list, data: [{ ...key, scopes: ["all"] }] }],
    ["a time is none", { ...list, data: [{ ...key, created_at: "yesterday" }] }],
  ])("is not what is never answered: %s", async (_, example) => {
    expect(await withExample(contract["keys.list"], "answer", example)).not.toEqual([]);
  });

  test.each<[keyof typeof contract, unknown, boolean]>([
    ["keys.rotate", {}, true],
    ["keys.rotate", { grace_seconds: null }, true],
    ["keys.rotate", { grace: 1 }, false],
    ["endpoints.update", { status: "disabled" }, true],
    ["endpoints.update", {}, false],
    ["events.publish", { provider: "fareplay", type: "order.created", payload: null }, true],
    ["events.publish", { provider: "fareplay", type: "order.created", payload_base64: "eA==" }, true],
    ["events.publish", { provider: "fareplay", type: "order.created" }, false],
    ["events.publish", { provider: "fareplay", type: "a", payload: 1, payload_base64: "" }, false],
    ["events.publish", { provider: "fareplay", type: "a b", payload: 1 }, false],
  ])("as the body of %s takes %j as the server does: %s", async (name, body, taken) => {
    const route: Route = contract[name];
    expect(route.body?.safeParse(body).success).toBe(taken);
    expect((await withExample(route, "body", body)).length === 0).toBe(taken);
  });
});

test("stands where it is told", () => {
  expect(document.servers).toEqual([{ url: "/" }]);
  const elsewhere = openApiDocument({ version: "1", url: "https://hooks.test/api" }) as Document;
  expect(elsewhere.servers).toEqual([{ url: "https://hooks.test/api" }]);
  expect(elsewhere.info["version"]).toBe("1");
});
