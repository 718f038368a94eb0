import { randomBytes } from "node:crypto";
import { expect, test } from "vitest";
import { randomText } from "../../src/providers/ids.ts";
import { contract, type Route, type RouteName, type Scope } from "../../src/remote/contract.ts";
import { scopes } from "../../src/remote/scopes.ts";
import { makeApiKey } from "../../src/server/api-keys.ts";
import { openPlane, type Plane, type Served } from "./plane.ts";

const routes = Object.entries(contract) as [RouteName, Route][];

const underScoped = "under-scoped";

/** A body that each route accepts. */
const bodies: { [Name in RouteName]?: object } = {
  "keys.create": { name: "made", scopes: ["keys:read"] },
  "keys.rotate": {},
  "keys.retire": { grace_seconds: 60 },
  "endpoints.create": { url: "https://example.com/hooks", provider: "fareplay", events: ["*"] },
  "endpoints.update": { description: "changed" },
  "endpoints.rotateSecret": {},
  "endpoints.retireSecret": { grace_seconds: 60 },
  "endpoints.restoreSecret": {},
  "endpoints.test": {},
  "events.publish": { provider: "fareplay", type: "order.created", payload: {} },
  "deliveries.retry": {},
  "deliveries.retryMany": { status: "pending" },
};

/** Ids of the things that the routes are asked about. */
async function things(plane: Plane): Promise<Record<string, string>> {
  const { id: key } = await plane.makeKey(["*"]);
  const endpoint = await plane.done("endpoints.create", { body: bodies["endpoints.create"] });
  const published = await plane.done("events.publish", { body: bodies["events.publish"] });
  const [delivery] = published["deliveries"] as { id: string }[];
  return {
    keys: key,
    endpoints: endpoint["id"] as string,
    events: published["id"] as string,
    deliveries: delivery?.id ?? "",
  };
}

function pathOf(route: Route, ids: Record<string, string>): string {
  const area = route.path.split("/")[2] ?? "";
  // Without a cursor there are no changes yet.
  const query = route.path.endsWith("/changes") ? "?cursor=0" : "";
  return route.path.replace("{id}", ids[area] ?? "") + query;
}

async function ask(served: Served, name: RouteName, ids: Record<string, string>, key: string | undefined) {
  const route: Route = contract[name];
  return served.send(route.method, pathOf(route, ids), { key, body: bodies[name] });
}

/** A key of every kind that must not work, or not everywhere. */
async function badKeys(
  plane: Plane,
): Promise<Record<string, (scope: Scope | undefined) => Promise<string | undefined>>> {
  const expired = await plane.makeKey(["*"], { expires_in: 60 });
  const replaced = await plane.makeKey(["*"]);
  await plane.done("keys.rotate", { params: { id: replaced.id }, body: { grace_seconds: 60 } });
  plane.pass(60_000);
  const revoked = await plane.makeKey(["*"]);
  await plane.done("keys.revoke", { params: { id: revoked.id } });
  const { root: other } = await plane.addAccount("other");
  const always = (key: string | undefined) => () => Promise.resolve(key);
  return {
    "no key": always(undefined),
    garbage: always("hk_garbage"),
    unknown: always(makeApiKey("hk_", (length) => randomText(randomBytes, length))),
    expired: always(expired.key),
    replaced: always(replaced.key),
    revoked: always(revoked.key),
    "under-scoped": async (scope) =>
      (
        await plane.makeKey(
          scopes.filter((one) => one !== scope),
          { name: underScoped },
        )
      ).key,
    "other account's": always(other),
  };
}

test("every route turns away every kind of bad key", async () => {
  const plane = await openPlane();
  const served = await plane.serve();
  const ids = await things(plane);
  const bad = await badKeys(plane);
  const kinds = Object.keys(bad);
  const before = await snapshot(plane);

  const rows: string[][] = [];
  for (const [name, route] of routes) {
    const scope = route.scope === null || route.scope === "any" ? undefined : route.scope;
    const row: string[] = [];
    for (const [kind, keyOf] of Object.entries(bad)) {
      // No limit of failures shall come in between.
      plane.pass(3000);
      const { status, json, headers } = await ask(served, name, ids, await keyOf(scope));
      row.push(status < 400 ? String(status) : `${status} ${String(json["code"])}`);
      const expected = expectedStatus(route, kind);
      expect([name, kind, status]).toEqual([name, kind, expected]);
      if (status === 401) expect(headers).toContain('Bearer realm="hookline"');
      if (status >= 400) expect(headers).toContain("application/problem+json");
      if (kind === "other account's" && status < 300) {
        const text = JSON.stringify(json);
        for (const id of Object.values(ids)) expect(text).not.toContain(id);
      }
    }
    rows.push([`${route.method} ${route.path}`, ...row]);
  }
  // Nothing that was turned away has changed anything of the account.
  expect(await snapshot(plane)).toEqual(before);

  const text = tableOf([["", ...kinds], ...rows]);
  console.log(`\n${text}`);
  await expect(text).toMatchFileSnapshot("authorisation.txt");
});

/** What a route answers to a bad key, by the rule and not by what it happens to do. */
function expectedStatus(route: Route, kind: string): number {
  if (route.scope === null) return route.status;
  if (kind === "under-scoped") return route.scope === "any" ? route.status : 403;
  if (kind !== "other account's") return 401;
  return route.path.includes("{id}") ? 404 : route.status;
}

/** What the account has, as it is, without the keys that are under-scoped on purpose. */
async function snapshot(plane: Plane): Promise<unknown> {
  const { data: endpoints } = await plane.done("endpoints.list", { query: {} });
  const { data: events } = await plane.done("events.list", { query: {} });
  const { data: deliveries } = await plane.done("deliveries.list", { query: {} });
  const changes = await plane.done("deliveries.changes", { query: { cursor: "0" } });
  const { data: keys } = (await plane.done("keys.list", { query: { limit: 100 } })) as {
    data: { name: string }[];
  };
  return { endpoints, events, deliveries, changes, keys: keys.filter(({ name }) => name !== underScoped) };
}

function tableOf(rows: readonly (readonly string[])[]): string {
  const widths = rows[0]?.map((_, column) => Math.max(...rows.map((row) => row[column]?.length ?? 0))) ?? [];
  return `${rows
    .map((row) =>
      row
        .map((cell, column) => cell.padEnd(widths[column] ?? 0))
        .join("  ")
        .trimEnd(),
    )
    .join("\n")}\n`;
}

test("every route works for a key with just its scope", async () => {
  const plane = await openPlane();
  const served = await plane.serve();
  for (const [name, route] of routes) {
    const ids = await things(plane);
    if (name === "keys.retire") {
      await plane.done("keys.rotate", { params: { id: ids["keys"] }, body: { grace_seconds: null } });
    }
    if (name === "endpoints.retireSecret" || name === "endpoints.restoreSecret") {
      const params = { id: ids["endpoints"] };
      await plane.done("endpoints.rotateSecret", { params, body: { grace_seconds: null } });
    }
    // A key with keys:write cannot give or renew scopes that it does not have itself.
    const needs: readonly Scope[] =
      name === "keys.rotate" || name === "keys.create"
        ? scopes
        : route.scope === null || route.scope === "any"
          ? ["activity:read"]
          : [route.scope];
    const { key } = await plane.makeKey(needs);
    const { status, json } = await ask(served, name, ids, key);
    expect([name, status, json["code"]]).toEqual([name, route.status, undefined]);
    expect(route.answer.safeParse(json).error).toBeUndefined();
  }
});
