import { mkdirSync, writeFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import {
  createRouter,
  parseRoute,
  projectRoutes,
  projectTarget,
  routeWarnings,
  type Route,
} from "../../src/actions/routes.ts";
import { loadProject, type Project } from "../../src/config/project.ts";
import { defineProvider } from "../../src/providers/custom.ts";
import { createRegistry } from "../../src/providers/index.ts";
import { createFolder } from "../cli/spawn.ts";

const registry = createRegistry();
const context = { registry, timeoutMs: 30_000 };
const read = (text: string): Route => parseRoute(text, context);
const urls = (routes: readonly Route[]): string[] => routes.map(({ target }) => target.url.href);

describe("a route", () => {
  test.each([
    ["order.*=http://localhost:3000/orders", "order.*", "http://localhost:3000/orders", false, 30_000],
    ["fikafi/*=3001/", "fikafi/*", "http://localhost:3001/", true, 30_000],
    ["*=4000", "*", "http://localhost:4000/", false, 30_000],
    [" order.* = 3000/orders  timeout=5s ", "order.*", "http://localhost:3000/orders", false, 5000],
    ["*=https://example.com/a?b=c=d", "*", "https://example.com/a?b=c=d", false, 30_000],
    ["*=10.0.0.1:80/x\ttimeout=1.5s", "*", "http://10.0.0.1/x", false, 1500],
    ["orders/create=3000", "orders/create", "http://localhost:3000/", false, 30_000],
    ["farplay/=3000", "farplay/", "http://localhost:3000/", false, 30_000],
  ])("%j is read", (text, match, url, open, timeoutMs) => {
    const route = read(text);
    expect(route).toMatchObject({ match, target: { open }, timeoutMs });
    expect(route.target.url.href).toBe(url);
  });

  test.each([
    ["order.*", '"order.*" is no route: it has no = between events and target'],
    ["", '"" is no route: it has no = between events and target'],
    ["=3000", 'what the route "=3000" takes must not be empty: * is everything'],
    [
      "fikafi/=3000",
      'what the route "fikafi/=3000" takes must name events behind the provider: fikafi/* is all of them',
    ],
    ["order.*=", 'the route for "order.*" has no target behind its ='],
    ["*=app", 'the route for "*" leads nowhere: "app" is not a target: it has neither a port nor http'],
    ["*=http://localhost:99999", 'the route for "*" leads nowhere: "http://localhost:99999" is not a target'],
    ["*=3000 timeout=5", 'the route for "*" has a bad timeout: it takes a duration such as 30s, 10m or 1h'],
    ["*=3000 timeout=25d", "it takes a duration above 0 and below 24 days"],
    ["*=3000 retries=3", 'has "retries=3" behind its target, where only timeout=5s may stand'],
    ["*=3000 timeout=5s timeout=6s", 'has "timeout=6s" behind its target'],
    ["*=3000 4000", 'has "4000" behind its target'],
  ])("%j is refused", (text, message) => {
    expect(() => read(text)).toThrow(
      expect.objectContaining({
        code: "route-invalid",
        exitCode: 2,
        message: expect.stringContaining(message) as string,
        nextSteps: [expect.stringMatching(/^(write it as EVENTS=TARGET|give a port)/)],
      }),
    );
  });
});

describe("a pattern", () => {
  type Case = [match: string, provider: string | undefined, event: string | undefined, taken: boolean];
  test.each<Case>([
    ["*", "fareplay", "order.created", true],
    ["*", "fareplay", undefined, true],
    ["*", undefined, undefined, true],
    ["**", undefined, undefined, true],
    ["*/*", undefined, undefined, true],
    ["*/*", "fikafi", undefined, true],
    ["order.created", "fareplay", "order.created", true],
    ["order.created", "acme", "order.created", true],
    ["order.created", undefined, "order.created", true],
    ["order.created", "fareplay", "order.created2", false],
    ["order.created", "fareplay", "Order.created", false],
    ["order.created", "fareplay", undefined, false],
    ["order.*", "fareplay", "order.created", true],
    ["order.*", "fareplay", "order.", true],
    ["order.*", "fareplay", "order", false],
    ["order.*", "fareplay", "orderXcreated", false],
    ["order.*", "fareplay", undefined, false],
    ["*.created", "fareplay", "order.created", true],
    ["*.created", "fareplay", "order.created.late", false],
    ["a*b*c", "fareplay", "a-b-b-c", true],
    ["a*b*c", "fareplay", "abc", true],
    ["a*b*c", "fareplay", "acb", false],
    ["ab*ba", "fareplay", "aba", false],
    ["a*bc*c", "fareplay", "abc", false],
    ["(a+)+$", "fareplay", "(a+)+$", true],
    ["(a+)+$", "fareplay", "aaa", false],
    ["[a-z]", "fareplay", "b", false],
    ["fikafi/*", "fikafi", "cup.filled", true],
    ["fikafi/*", "fikafi", undefined, true],
    ["fikafi/*", "fareplay", "order.created", false],
    ["fikafi/*", undefined, undefined, false],
    ["fareplay/order.*", "fareplay", "order.created", true],
    ["fareplay/order.*", "fareplay", undefined, false],
    ["fareplay/order.*", "acme", "order.created", false],
    ["*/order.created", "acme", "order.created", true],
    ["*/order.created", undefined, "order.created", true],
    ["orders/create", "shopify", "orders/create", true],
    ["orders/*", "shopify", "orders/create", true],
    ["*/create", "shopify", "orders/create", true],
    ["shopify/orders/*", "shopify", "orders/create", true],
    ["shopify/orders/*", "github", "orders/create", false],
    ["orders/*", "shopify", "products/create", false],
    ["constructor", "fareplay", "order.created", false],
  ])("%j and %j/%j: %j", (match, provider, event, taken) => {
    const route = read(`${match}=3000`);
    expect(createRouter([route], undefined)(provider, event)).toEqual(taken ? [route] : []);
  });

  test("takes no time to speak of, whatever it is held against", () => {
    const pieces = 5000;
    const route = createRouter([read(`${"a*".repeat(pieces)}b=3000`)], undefined);
    // What goes back tries more ways than there are atoms.
    expect(route("fareplay", `${"a".repeat(2 * pieces)}c`)).toEqual([]);
    expect(route("fareplay", `${"a".repeat(2 * pieces)}b`)).toHaveLength(1);
  });
});

describe("a router", () => {
  const fallback = { ...read("*=3000"), timeoutMs: 1 };

  test("gives all that take a delivery, in their order, and the fallback where none does", () => {
    const routes = ["*.created=3001", "order.*=3002", "fikafi/*=3003"].map(read);
    const route = createRouter(routes, fallback);
    expect(route("fareplay", "order.created")).toEqual([routes[0], routes[1]]);
    expect(route("fareplay", "order.paid")).toEqual([routes[1]]);
    expect(route("fikafi", undefined)).toEqual([routes[2]]);
    expect(route("fareplay", "refund.made")).toEqual([fallback]);
    expect(route(undefined, undefined)).toEqual([fallback]);
    expect(createRouter(routes, undefined)("fareplay", "refund.made")).toEqual([]);
    expect(createRouter([], fallback)("fareplay", "order.created")).toEqual([fallback]);
  });

  test("gives a URL once: by the first route that leads there", () => {
    const routes = ["order.*=3000/a timeout=1s", "*=http://localhost:3000/a", "*=3000/b"].map(read);
    const route = createRouter(routes, fallback);
    expect(route("fareplay", "order.created")).toEqual([routes[0], routes[2]]);
    expect(route("fareplay", "refund.made")).toEqual([routes[1], routes[2]]);
  });

  test("remembers what it said, and is right after more than it remembers", () => {
    const routes = ["order.*=3001"].map(read);
    const route = createRouter(routes, undefined);
    const first = route("fareplay", "order.created");
    expect(route("fareplay", "order.created")).toBe(first);
    for (let index = 0; index < 3000; index++) expect(route("fareplay", `made.up${index}`)).toEqual([]);
    expect(route("fareplay", "order.created")).toEqual(routes);
    expect(route("fareplay/order.created", undefined)).toEqual([]);
  });
});

describe("a warning comes for what no known event fits:", () => {
  const strict = createRegistry([
    defineProvider("acme", {
      title: "Acme",
      signatures: [{ kind: "none" }],
      events: { "parcel.sent": {}, "parcel.lost": {} },
    }),
  ]);
  const warnings = (...texts: string[]): string[] =>
    routeWarnings(
      texts.map((match) => ({ match })),
      strict,
    );

  test.each([
    ["ordre.created", 'no known event fits the route for "ordre.created"; did you mean order.created?'],
    ["ordre.*", 'no known event fits the route for "ordre.*"; did you mean order.*?'],
    ["farplay/*", 'no known event fits the route for "farplay/*"; did you mean fareplay/*?'],
    [
      "farplay/order.*",
      'no known event fits the route for "farplay/order.*"; did you mean fareplay/order.*?',
    ],
    ["order/create", 'no known event fits the route for "order/create"; did you mean orders/create?'],
    [
      "acme/parcel.lots",
      'no event of Acme fits the route for "acme/parcel.lots"; did you mean acme/parcel.lost?',
    ],
    ["acme/percel.*", 'no event of Acme fits the route for "acme/percel.*"; did you mean acme/parcel.*?'],
    ["acme/something.else", 'no event of Acme fits the route for "acme/something.else"'],
  ])("%s", (match, warning) => expect(warnings(match)).toEqual([warning]));

  test.each([
    "*",
    "*/*",
    "order.*",
    "*.created",
    "acme/*",
    "acme/parcel.sent",
    "acme/*.lost",
    "shopify/orders/create",
    // Users of these name events themselves.
    "svix/whatever.they.like",
    "standard-webhooks/x",
    "an.event.of.our.own",
  ])("none for %s", (match) => expect(warnings(match)).toEqual([]));

  test("once for several targets", () => expect(warnings("ordre.*", "ordre.*", "order.*")).toHaveLength(1));
});

/** What a project file with this under `listen` says. */
async function project(listen: unknown): Promise<Project> {
  const folder = createFolder();
  mkdirSync(join(folder, ".git"));
  writeFileSync(join(folder, "hookline.json"), JSON.stringify({ listen }, null, 2));
  const loaded = await loadProject(folder);
  if (loaded === undefined) throw new Error("there is no project");
  return loaded;
}

const elsewhere =
  "may only name this machine (localhost or 127.0.0.1): this file comes with a repository, which must not be able to send your deliveries elsewhere";

describe("of a project file", () => {
  test("come a route for each target, and a target", async () => {
    const found = await project({
      target: "3000/webhooks",
      routes: [
        { match: " order.* ", to: "3000/orders", timeout: "5s" },
        { match: "fikafi/*", to: ["3001/", "http://localhost:80", "http://[::1]:3002/x", "127.9.9.9:1"] },
      ],
    });
    const routes = await projectRoutes(found, context);
    expect(routes.map(({ match, timeoutMs }) => [match, timeoutMs])).toEqual([
      ["order.*", 5000],
      ...Array.from({ length: 4 }, () => ["fikafi/*", 30_000]),
    ]);
    expect(urls(routes)).toEqual([
      "http://localhost:3000/orders",
      "http://localhost:3001/",
      "http://localhost/",
      "http://[::1]:3002/x",
      "http://127.9.9.9:1/",
    ]);
    expect(await projectTarget(found)).toBe("3000/webhooks");
  });

  test("come none where it names none, or is none", async () => {
    for (const found of [undefined, await project({})]) {
      expect(await projectRoutes(found, context)).toEqual([]);
      expect(await projectTarget(found)).toBeUndefined();
    }
  });

  test("each mistake is told with its place", async () => {
    const found = await project({
      routes: [
        { match: "*", to: "https://example.com/secret" },
        { match: "fikafi/", to: ["3000", "app", "10.0.0.1:80"] },
      ],
    });
    await expect(projectRoutes(found, context)).rejects.toMatchObject({
      code: "project-invalid",
      exitCode: 2,
      message: [
        `${found.file}:6:9: listen.routes[0].to ${elsewhere}`,
        `${found.file}:9:9: listen.routes[1].match must name events behind the provider: fikafi/* is all of them`,
        `${found.file}:12:11: listen.routes[1].to[1] is not a target: it has neither a port nor http:// or https:// in front`,
        `${found.file}:13:11: listen.routes[1].to[2] ${elsewhere}`,
      ].join("\n"),
      nextSteps: [expect.anything(), expect.stringContaining("--route 'EVENTS=TARGET'")],
    });
  });

  test.each([
    "https://example.com",
    "example.com:80",
    "http://localhost.example.com",
    "http://evil.localhost:3000",
    "http://EVIL.LocalHost.:3000",
    "http://127.0.0.1.example.com",
    "http://localhost@example.com",
    "http://0.0.0.0:3000",
    "http://[::ffff:127.0.0.1]:3000",
    "http://169.254.169.254/latest",
    "192.168.0.1:3000",
    "my-host:3000",
  ])("nothing leads to another machine, such as %s", async (target) => {
    const found = await project({ target, routes: [{ match: "*", to: [target] }] });
    await expect(projectTarget(found)).rejects.toMatchObject({ code: "project-invalid" });
    await expect(projectRoutes(found, context)).rejects.toMatchObject({ code: "project-invalid" });
    const error: unknown = await projectTarget(found).catch((thrown: unknown) => thrown);
    expect(String(error)).toMatch(
      /:3:5: listen\.target (may only name this machine|is not a target: a user name)/,
    );
    expect(String(error)).not.toContain(target);
  });
});
