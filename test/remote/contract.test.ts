import * as z from "zod";
import { describe, expect, test } from "vitest";
import { contract, type Route } from "../../src/remote/contract.ts";
import { scopes } from "../../src/remote/scopes.ts";

const routes = Object.entries<Route>(contract);
const placeholders = (path: string): string[] =>
  [...path.matchAll(/\{(\w+)\}/g)].map(([, name]) => name ?? "");

test("no two routes have the same method and path, whatever their parameters are called", () => {
  const places = routes.map(([, { method, path }]) => `${method} ${path.replace(/\{\w+\}/g, "{}")}`);
  expect(places.filter((place, index) => places.indexOf(place) !== index)).toEqual([]);
});

test("a fixed word in a path is no id of what stands beside it", () => {
  for (const [name, { method, path }] of routes) {
    const words = path.split("/");
    for (const [other, { params, ...beside }] of routes) {
      const pattern = beside.path.split("/");
      if (beside.method !== method || pattern.length !== words.length || params === undefined) continue;
      const at = pattern.findIndex((word) => word.startsWith("{"));
      const sameElsewhere = pattern.every((word, index) => index === at || word === words[index]);
      if (!sameElsewhere || words[at] === pattern[at]) continue;
      expect(params.safeParse({ id: words[at] }).success, `${name} beside ${other}`).toBe(false);
    }
  }
});

describe.each(routes)("%s", (name, route) => {
  test("declares the parameters of its path, no more and no less", () => {
    expect(Object.keys(route.params?.shape ?? {})).toEqual(placeholders(route.path));
    expect(route.path).toMatch(/^\/v1(\/[a-z-]+|\/\{\w+\})+$/);
  });

  test("takes ids that cannot leave their place in the path", () => {
    for (const schema of Object.values(route.params?.shape ?? {})) {
      for (const id of ["", ".", "..", "a/b", "%2e", "x\n", "key_1/..", "ep_1?x", "dlv_1\n"])
        expect(z.safeParse(schema, id).success, JSON.stringify(id)).toBe(false);
    }
  });

  test("needs a scope that exists, of its own area and kind", () => {
    const { scope, method } = route;
    if (scope === null || scope === "any") return expect(method).toBe("GET");
    expect(scopes).toContain(scope);
    expect(scope.endsWith(":read")).toBe(method === "GET");
  });

  test("takes a body only where it changes something, and no field that it does not know", () => {
    if (route.method === "GET" || route.method === "DELETE") return expect(route.body).toBeUndefined();
    if (route.body === undefined) return expect(route.path).toMatch(/\}\/[a-z-]+$/);
    expect(unknownFieldsOf(route.body)).toEqual(["surprise"]);
  });

  test("takes a query only where it lists, and no field that it does not know", () => {
    if (route.query === undefined) return expect(name).not.toMatch(/\.list$/);
    expect(name).toMatch(/\.(list|changes)$/);
    expect(unknownFieldsOf(route.query)).toEqual(["surprise"]);
  });

  test("shows a secret, and says so, in answer to a POST alone", () => {
    const fields = Object.keys((route.answer as z.ZodObject).shape);
    const carried = fields.filter(
      (field) => /^(secret|previous_secret)$/.test(field) || (field === "key" && name !== "keys.current"),
    );
    expect(carried.length > 0).toBe(route.secret === true);
    if (route.secret) expect(route.method).toBe("POST");
  });

  test("can say that a thing with an id is not there", () => {
    expect(route.problems?.includes(404) ?? false).toBe(route.params !== undefined);
  });
});

function unknownFieldsOf(schema: z.ZodType): string[] {
  const issues = schema.safeParse({ surprise: 1 }).error?.issues ?? [];
  return issues.flatMap((issue) => (issue.code === "unrecognized_keys" ? issue.keys : []));
}
