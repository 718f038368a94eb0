import { createHash } from "node:crypto";
import { readdirSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { describe, expect, test } from "vitest";
import { isHooklineError } from "../../src/errors.ts";
import type { Provider } from "../../src/providers/contract.ts";
import { eventOf } from "../../src/providers/event.ts";
import { builtInProviders, createRegistry } from "../../src/providers/index.ts";
import { parsePointer, readPointer } from "../../src/providers/pointer.ts";

const root = fileURLToPath(new URL("../../", import.meta.url));
const read = (path: string) => readFileSync(`${root}fixtures/${path}.json`);
const json = (path: string): unknown => JSON.parse(read(path).toString("utf8"));

/** Every file under fixtures/, as `stripe/charge.refunded`. */
const fixtures = readdirSync(`${root}fixtures`, { recursive: true, withFileTypes: true })
  .filter((entry) => entry.isFile())
  .map((entry) => `${entry.parentPath}/${entry.name}`.slice(`${root}fixtures/`.length).replace(/\.json$/, ""))
  .sort();

const senders = builtInProviders.filter((provider) => provider.base === undefined);
const receivers = builtInProviders.filter((provider) => provider.base !== undefined);
const sent = senders.flatMap((provider) =>
  Object.keys(provider.events).map((event) => ({ provider, event, path: `${provider.id}/${event}` })),
);

describe("the directories are the registry", () => {
  test("every event has a fixture and every fixture is an event", () => {
    expect(fixtures).toEqual(sent.map(({ path }) => path).sort());
  });

  test("every provider is a file of its name", () => {
    const machinery = [
      "closest",
      "contract",
      "custom",
      "custom-schema",
      "event",
      "identify",
      "ids",
      "index",
      "json-schema",
      "pointer",
      "problems",
    ];
    const files = readdirSync(`${root}src/providers`).map((name) => name.replace(/\.ts$/, ""));
    expect(files.filter((name) => !machinery.includes(name)).sort()).toEqual(
      builtInProviders.map(({ id }) => id).sort(),
    );
  });

  test("the order, in which they are identified", () => {
    expect(builtInProviders.map(({ id }) => id)).toEqual([
      "fareplay",
      "fynn",
      "fikafi",
      "stripe",
      "fitaiid",
      "fjellride",
      "standard-webhooks",
      "svix",
      "github",
      "shopify",
      "slack",
    ]);
  });

  test("no file of a provider loads zod, which would cost every start its loading", () => {
    const valueImport = /^import (?!type\b).*from "zod"|import\("zod"\)|require\("zod"\)/m;
    const files = [...builtInProviders.map(({ id }) => id), "index", "event", "pointer"];
    expect(
      files.filter((name) => valueImport.test(readFileSync(`${root}src/providers/${name}.ts`, "utf8"))),
    ).toEqual([]);
  });
});

describe.each(builtInProviders.map((provider) => ({ id: provider.id, provider })))("$id", ({ provider }) => {
  const schemes = provider.signatures.flatMap((scheme) =>
    scheme.kind === "hmac" || scheme.kind === "ed25519" ? [scheme] : [],
  );

  test("says what it assumes, in sentences", () => {
    expect(provider.assumptions?.length).toBeGreaterThan(0);
    for (const sentence of provider.assumptions ?? []) expect(sentence).toMatch(/^[A-Z].*\.$/s);
    for (const { description } of Object.values(provider.events)) expect(description).toMatch(/^[A-Z].*\.$/s);
  });

  test("names its secret's variable as a project file may", () => {
    expect(provider.secretEnv).toMatch(/^[A-Z0-9_]*_WEBHOOK_SECRET$/);
  });

  test("writes header names in lower case", () => {
    const names = [
      ...provider.identify,
      ...[provider.headers.event, provider.headers.delivery].filter((name) => name !== undefined),
      ...provider.eventFrom.flatMap((source) => (source.from === "header" ? [source.header] : [])),
      ...schemes.flatMap(({ header, timestamp }) => [header, ...(timestamp ? [timestamp.header] : [])]),
    ];
    expect(names).toEqual(names.map((name) => name.toLowerCase()));
  });

  test("signs the body", () => {
    expect(schemes.length).toBe(provider.signatures.length);
    for (const { content, timestamp } of schemes) {
      expect(content).toContain("{body}");
      expect(content.includes("{timestamp}")).toBe(timestamp !== undefined);
    }
  });

  test("waits and retries within reason", () => {
    const day = 86_400_000;
    expect(provider.ack.timeoutMs).toBeGreaterThanOrEqual(3_000);
    expect(provider.ack.timeoutMs).toBeLessThanOrEqual(30_000);
    expect(provider.retry.delaysMs.every((delay) => delay > 0 && delay <= day)).toBe(true);
    expect([...provider.retry.delaysMs].sort((a, b) => a - b)).toEqual(provider.retry.delaysMs);
  });
});

describe("what the vendors state", () => {
  const get = (id: string): Provider => createRegistry().require(id);

  test("Fareplay: 30 s; retries after 1 min, 10 min, 1 h", () => {
    expect(get("fareplay").ack).toEqual({ timeoutMs: 30_000, success: "2xx" });
    expect(get("fareplay").retry.delaysMs).toEqual([60_000, 600_000, 3_600_000]);
  });

  test("Fikäfi: exactly 200 within 5 s; signs without the prefix it accepts", () => {
    expect(get("fikafi").ack).toEqual({ timeoutMs: 5_000, success: [200] });
    expect(get("fikafi").signatures[0]).toMatchObject({ prefix: "sha256=", prefixOptional: true });
  });

  test("Stripe retries for at most 3 days, Shopify eight times in 4 h, GitHub never", () => {
    const total = (id: string) => get(id).retry.delaysMs.reduce((sum, delay) => sum + delay, 0);
    expect(total("stripe")).toBeGreaterThan(2 * 86_400_000);
    expect(total("stripe")).toBeLessThanOrEqual(3 * 86_400_000);
    expect(get("shopify").retry.delaysMs).toHaveLength(8);
    expect(total("shopify")).toBe(4 * 3_600_000);
    expect(get("github").retry.delaysMs).toEqual([]);
  });

  test("a receiver has its base's webhooks, events of its base alone, its own words and no header", () => {
    expect(receivers.map(({ id, base }) => [id, base])).toEqual([
      ["fitaiid", "stripe"],
      ["fjellride", "stripe"],
    ]);
    for (const receiver of receivers) {
      const base = get(receiver.base ?? "");
      expect(receiver.signatures).toBe(base.signatures);
      expect(receiver.identify).toEqual([]);
      for (const [name, event] of Object.entries(receiver.events)) {
        expect(event.schema).toBe(base.events[name]?.schema);
        expect(event.description).not.toBe(base.events[name]?.description);
      }
    }
    expect(Object.keys(get("fjellride").events)).toEqual([
      "checkout.session.completed",
      "checkout.session.expired",
      "charge.refunded",
    ]);
    expect(get("fitaiid").secretEnv).toBe("STRIPE_WEBHOOK_SECRET");
    expect(get("fjellride").apiKey).toEqual({ prefix: "fjr_", header: "x-api-key" });
  });
});

describe("the fixtures", () => {
  test.each([
    ["fareplay/order.created", "fbcc50fc0628e6868608ef94dde6617d7fec3387ea36b96dc98848824ab7d0f5"],
    ["fikafi/paymentDetails", "b287e3e77e22a63d25278c88a5ac8913dac392e1309c7e599e68ce77a4d969f5"],
  ])("%s is the vendor's, byte for byte", (path, digest) => {
    expect(createHash("sha256").update(read(path)).digest("hex")).toBe(digest);
  });

  test.each(fixtures)("%s is UTF-8 without a byte order mark, and JSON", (path) => {
    const text = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true }).decode(read(path));
    expect(text.startsWith("{")).toBe(true);
    expect(() => JSON.parse(text) as unknown).not.toThrow();
  });

  test.each(sent)("$path says itself which event it is, or its provider has a header for that", (row) => {
    const headers = row.provider.headers.event === undefined ? [] : [row.provider.headers.event, row.event];
    expect(eventOf(row.provider, { headers, path: "/hook", json: () => json(row.path) })).toBe(row.event);
  });

  test.each(sent.filter(({ provider: { envelope } }) => envelope.id ?? envelope.type ?? envelope.createdAt))(
    "$path has its provider's envelope",
    ({ provider: { envelope }, event, path }) => {
      if (event === "url_verification") return;
      const at = (pointer: Parameters<typeof readPointer>[1]) => readPointer(json(path), pointer);
      if (envelope.type) expect(at(envelope.type)).toBe(event);
      if (envelope.id) expect(String(at(envelope.id)).startsWith(envelope.idPrefix ?? "")).toBe(true);
      if (envelope.createdAt === undefined) return;
      const time = at(envelope.createdAt);
      if (envelope.time === "unix") expect(time).toSatisfy(Number.isSafeInteger);
      else if (envelope.time === "iso-ms") expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
      else expect(time).toMatch(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?Z$/);
    },
  );

  test.each(senders.filter(({ envelope }) => envelope.id !== undefined).map(({ id }) => id))(
    "%s gives no two events one id",
    (id) => {
      const { envelope } = createRegistry().require(id);
      const ids = sent
        .filter(({ provider }) => provider.id === id)
        .map(({ path }) => (envelope.id ? readPointer(json(path), envelope.id) : undefined))
        .filter((value) => value !== undefined);
      expect(ids.length).toBeGreaterThan(1);
      expect(new Set(ids).size).toBe(ids.length);
    },
  );

  test("Fareplay's money has two digits", () => {
    for (const { path } of sent.filter(({ provider }) => provider.id === "fareplay")) {
      const amounts = [
        ...read(path)
          .toString()
          .matchAll(/"(?:unit_price|total|amount|amount_refunded)": ([^,\n]+)/g),
      ];
      for (const [, amount] of amounts) expect(amount).toMatch(/^\d+\.\d\d$/);
    }
    expect(read("fareplay/order.completed").toString()).toContain('"unit_price": 8.00');
  });

  test("Stripe's tell one story", () => {
    const at = (event: string, pointer: string) =>
      parsePointer(`/data/object${pointer}`).reduce<unknown>(
        (value, key) => (value as Record<string, unknown>)[key],
        json(`stripe/${event}`),
      );
    expect(at("checkout.session.completed", "/payment_intent")).toBe(at("payment_intent.succeeded", "/id"));
    expect(at("checkout.session.completed", "/amount_total")).toBe(at("payment_intent.succeeded", "/amount"));
    expect(at("charge.refunded", "/id")).toBe(at("payment_intent.succeeded", "/latest_charge"));
    expect(at("charge.refunded", "/payment_intent")).toBe(at("payment_intent.succeeded", "/id"));
    expect(at("charge.refunded", "/amount")).toBe(at("payment_intent.succeeded", "/amount_received"));
    expect(at("charge.refunded", "/amount_refunded")).toBeLessThan(
      at("charge.refunded", "/amount") as number,
    );
    expect(at("charge.refunded", "/refunded")).toBe(false);
    expect(at("checkout.session.expired", "/payment_intent")).toBe(
      at("payment_intent.payment_failed", "/id"),
    );
    expect(at("checkout.session.expired", "/amount_total")).toBe(
      at("payment_intent.payment_failed", "/amount"),
    );
  });
});

describe("the registry", () => {
  const registry = createRegistry();

  test("finds by id", () => {
    expect(registry.get("stripe")?.title).toBe("Stripe");
    expect(registry.get("constructor")).toBeUndefined();
    expect(registry.require("svix").id).toBe("svix");
  });

  test.each([
    ["strpe", "did you mean stripe?"],
    ["Fareplay", "did you mean fareplay?"],
    ["standard", "did you mean standard-webhooks?"],
    ["fikäfi", "did you mean fikafi?"],
    ["gihtub", "did you mean github?"],
  ])("refuses %s, with the nearest", (id, hint) => {
    expect(() => registry.require(id)).toThrow(
      expect.objectContaining({
        code: "provider-unknown",
        exitCode: 4,
        nextSteps: [hint, "list the providers: hookline providers list"],
      }),
    );
  });

  test.each(["paypal", "", "s", "__proto__"])("refuses %j, with no guess", (id) => {
    let caught: unknown;
    try {
      registry.require(id);
    } catch (error) {
      caught = error;
    }
    expect(isHooklineError(caught) && caught.nextSteps).toEqual([
      "list the providers: hookline providers list",
    ]);
  });

  test.each([
    [["Host", "x", "X-Fareplay-Signature", "sha256=00"], "fareplay"],
    [["X-FAREPLAY-EVENT", "order.created"], "fareplay"],
    [["X-Webhook-Signature", "00"], "fynn"],
    [["X-Signature", "00"], "fikafi"],
    [["Stripe-Signature", "t=1,v1=00"], "stripe"],
    [["webhook-id", "msg_1"], "standard-webhooks"],
    [["svix-signature", "v1,AA=="], "svix"],
    [["X-GitHub-Event", "push", "X-Hub-Signature-256", "sha256=00"], "github"],
    [["X-Shopify-Topic", "orders/create"], "shopify"],
    [["X-Slack-Request-Timestamp", "1"], "slack"],
    // The order of the providers decides, not that of the headers.
    [["X-Slack-Signature", "v0=00", "Stripe-Signature", "t=1"], "stripe"],
    // A value that reads like a name is none.
    [["Host", "stripe-signature"], undefined],
    [["__proto__", "x", "constructor", "y"], undefined],
    [[], undefined],
  ])("identifies %j as %s", (headers, id) => {
    expect(registry.identify(headers)?.id).toBe(id);
  });

  test("no two providers are named by one header", () => {
    const names = builtInProviders.flatMap(({ identify }) => identify);
    expect(new Set(names).size).toBe(names.length);
  });

  test.each([
    ["order.created", ["fareplay"]],
    ["checkout.session.completed", ["stripe"]],
    ["user.created", ["standard-webhooks", "svix"]],
    ["orders/create", ["shopify"]],
    ["toString", []],
    ["__proto__", []],
  ])("%s is sent by %j", (event, ids) => {
    expect(registry.withEvent(event).map(({ id }) => id)).toEqual(ids);
  });
});
