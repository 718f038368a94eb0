import fc from "fast-check";
import { describe, expect, test } from "vitest";
import * as z from "zod";
import { isHooklineError } from "../../src/errors.ts";
import { builtInProviders, createRegistry } from "../../src/providers/index.ts";
import { defineProvider } from "../../src/providers/custom.ts";

const hmac = { kind: "hmac", header: "X-Acme-Signature", algorithm: "sha256", encoding: "hex" };
const define = (input: unknown, id = "acme") => defineProvider(id, input);

/** The lines under the first of the message, trimmed. */
function problems(input: unknown, id?: string): string[] {
  try {
    define(input, id);
  } catch (error) {
    if (!isHooklineError(error)) throw error;
    expect(error).toMatchObject({ code: "provider-invalid", exitCode: 2 });
    expect(error.nextSteps.length).toBeGreaterThan(0);
    return error.message
      .split("\n")
      .slice(1)
      .map((line) => line.trim());
  }
  return [];
}

describe("a valid provider", () => {
  test("needs no more than a signature", () => {
    expect(define({ signatures: [hmac] }, "acme-pay")).toEqual({
      id: "acme-pay",
      title: "acme-pay",
      signatures: [{ ...hmac, header: "x-acme-signature", content: "{body}", secret: { encoding: "raw" } }],
      headers: {},
      identify: ["x-acme-signature"],
      eventFrom: [{ from: "path" }],
      envelope: {},
      dedupe: "body",
      ack: { timeoutMs: 10_000, success: "2xx" },
      retry: { delaysMs: [] },
      events: {},
      secretEnv: "ACME_PAY_WEBHOOK_SECRET",
    });
  });

  test.each([
    ["hmac", hmac],
    [
      "hmac with several signatures and a time in one header",
      {
        kind: "hmac",
        header: "X-Acme-Signature",
        algorithm: "sha512",
        encoding: "base64",
        prefix: "v1=",
        separator: ",",
        content: "{timestamp}.{header:X-Acme-Id}.{body}",
        timestamp: {
          header: "X-Acme-Signature",
          item: "t=",
          unit: "ms",
          toleranceSeconds: 60,
          future: "accept",
        },
        secret: { encoding: "base64", prefix: "whsec_", minBytes: 24 },
      },
    ],
    ["hmac with an optional prefix", { ...hmac, prefix: "sha256=", prefixOptional: true }],
    [
      "ed25519",
      {
        kind: "ed25519",
        header: "x-acme-signature",
        encoding: "hex",
        content: "{timestamp}{body}",
        timestamp: { header: "x-acme-time", unit: "s", toleranceSeconds: 300 },
        secret: { privatePrefix: "sk_", publicPrefix: "pk_" },
      },
    ],
    ["bearer", { kind: "bearer" }],
    ["bearer in a header of its own", { kind: "bearer", header: "X-Acme-Token", prefix: "" }],
    ["basic", { kind: "basic" }],
    ["none", { kind: "none" }],
  ])("may use %s", (_, signature) => {
    const [scheme] = define({ signatures: [signature] }).signatures;
    const lower = (_key: string, value: unknown) =>
      typeof value === "string" ? value.replace(/X-Acme-\w+/g, (name) => name.toLowerCase()) : value;
    expect(scheme).toMatchObject(JSON.parse(JSON.stringify(signature, lower)) as object);
  });

  test("may set everything", () => {
    const input = {
      title: "Acme",
      docs: "https://acme.example/webhooks",
      assumptions: ["Nothing is known."],
      pitfalls: ["Much goes wrong."],
      signatures: [hmac, { kind: "bearer" }],
      headers: { event: "X-Acme-Event", delivery: "X-Acme-Delivery", userAgent: "Acme/1.0" },
      identify: ["X-Acme-Event"],
      eventFrom: [
        { from: "header", header: "X-Acme-Event" },
        { from: "pointer", pointer: "/event/a~1b" },
        { from: "path" },
        { from: "shape", shapes: [{ event: "order.created", has: ["/order"] }] },
      ],
      envelope: { id: "/id", type: "/type", createdAt: "/at", idPrefix: "evt_", time: "unix" },
      dedupe: { pointer: "/id" },
      ack: { timeoutMs: 3_000, success: [200, 204] },
      retry: { delaysMs: [1_000, 60_000], jitter: 0.1 },
      events: {
        "order.created": { description: "An order." },
        "orders/create": {},
        "Push Hook": {},
        constructor: { description: "Built." },
      },
      secretEnv: "ACME_WEBHOOK_SECRET_TEST",
      apiKey: { prefix: "acme_", header: "X-API-Key" },
    };
    const provider = define(input);
    expect(provider).toMatchObject({
      title: "Acme",
      assumptions: ["Nothing is known."],
      pitfalls: ["Much goes wrong."],
      headers: { event: "x-acme-event", delivery: "x-acme-delivery", userAgent: "Acme/1.0" },
      identify: ["x-acme-event"],
      eventFrom: [{ from: "header", header: "x-acme-event" }, ...input.eventFrom.slice(1)],
      envelope: input.envelope,
      dedupe: { pointer: "/id" },
      ack: input.ack,
      retry: input.retry,
      secretEnv: "ACME_WEBHOOK_SECRET_TEST",
      apiKey: { prefix: "acme_", header: "x-api-key" },
    });
    expect(Object.keys(provider.events)).toEqual(Object.keys(input.events));
    expect(provider.events["orders/create"]?.description).toBe("An event of Acme.");
    expect("toString" in provider.events).toBe(false);
  });

  test.each([
    [{}, [{ from: "path" }]],
    [{ envelope: { type: "/kind" } }, [{ from: "pointer", pointer: "/kind" }]],
    [
      { headers: { event: "X-Acme-Event" }, envelope: { type: "/kind" } },
      [
        { from: "header", header: "x-acme-event" },
        { from: "pointer", pointer: "/kind" },
      ],
    ],
  ])("given %j finds its events by %j", (given, sources) => {
    expect(define({ signatures: [hmac], ...given }).eventFrom).toEqual(sources);
  });

  test("is not identified by a header that any request may carry", () => {
    expect(
      define({ signatures: [{ kind: "bearer", header: "Authorization" }, { kind: "basic" }] }).identify,
    ).toEqual([]);
    expect(define({ signatures: [{ kind: "bearer", header: "X-Token" }, hmac] }).identify).toEqual([
      "x-token",
      "x-acme-signature",
    ]);
  });

  test("may describe a body with a JSON Schema", () => {
    const { events } = define({
      signatures: [hmac],
      events: {
        "order.created": {
          schema: {
            $id: "order",
            type: "object",
            required: ["id", "total"],
            properties: { id: { type: "string", minLength: 1 }, total: { $ref: "#/$defs/money" } },
            $defs: { money: { type: "number", minimum: 0 } },
          },
        },
        "order.deleted": {
          schema: { $id: "order", type: "object", required: ["id"], properties: { id: {} } },
        },
      },
    });
    const schema = events["order.created"]?.schema?.(z);
    expect(schema?.safeParse({ id: "1", total: 8, more: true }).success).toBe(true);
    expect(schema?.safeParse({ id: "1", total: -8 }).success).toBe(false);
    expect(schema?.safeParse({ id: "1" }).success).toBe(false);
    expect(events["order.deleted"]?.schema?.(z).safeParse({ id: 1 }).success).toBe(true);
  });

  test("may receive a built-in provider's webhooks", () => {
    const stripe = createRegistry().require("stripe");
    const shop = define(
      { base: "stripe", events: { "charge.refunded": { description: "Money back." }, "invoice.paid": {} } },
      "shop",
    );
    expect(shop).toMatchObject({
      id: "shop",
      title: "shop",
      base: "stripe",
      signatures: stripe.signatures,
      identify: [],
      eventFrom: stripe.eventFrom,
      envelope: stripe.envelope,
      dedupe: stripe.dedupe,
      ack: stripe.ack,
      pitfalls: stripe.pitfalls,
      retry: stripe.retry,
      secretEnv: "STRIPE_WEBHOOK_SECRET",
    });
    expect(Object.keys(shop.events)).toEqual(["charge.refunded", "invoice.paid"]);
    expect(shop.events["charge.refunded"]).toEqual({
      description: "Money back.",
      schema: stripe.events["charge.refunded"]?.schema,
    });
    expect(shop.events["invoice.paid"]?.schema).toBeUndefined();
    expect(define({ base: "stripe" }, "shop").events).toBe(stripe.events);
    expect(define({ base: "stripe", secretEnv: "SHOP_WEBHOOK_SECRET" }, "shop").secretEnv).toBe(
      "SHOP_WEBHOOK_SECRET",
    );
  });

  test("comes before the built-in ones", () => {
    const custom = define({
      signatures: [{ ...hmac, header: "X-Signature" }],
      events: { "order.created": {} },
    });
    const receiver = define({ base: "stripe", events: { "charge.refunded": {} } }, "shop");
    const registry = createRegistry([custom, receiver]);
    expect(registry.identify(["X-Signature", "00"])?.id).toBe("acme");
    expect(registry.identify(["Stripe-Signature", "t=1"])?.id).toBe("stripe");
    expect(registry.withEvent("order.created").map(({ id }) => id)).toEqual(["acme", "fareplay"]);
    expect(registry.withEvent("charge.refunded").map(({ id }) => id)).toEqual(["stripe"]);
    expect(registry.require("shop")).toBe(receiver);
    expect(registry.all).toHaveLength(builtInProviders.length + 2);
  });
});

describe("an invalid provider", () => {
  const with_ = (more: object) => ({ signatures: [hmac], ...more });
  const signed = (more: object) => ({ signatures: [{ ...hmac, ...more }] });

  test.each<[string, unknown, string[]]>([
    ["nothing", undefined, ["the provider: is missing"]],
    ["a list", [], ["the provider: must be an object"]],
    ["no signature", {}, ["signatures: is missing"]],
    ["an empty list of signatures", { signatures: [] }, ["signatures: must not be empty"]],
    ["an unknown field", with_({ secretenv: "X" }), ["secretenv: is not a known field"]],
    ["an id within", with_({ id: "stripe" }), ["id: is not a known field"]],
    [
      "an unknown kind",
      { signatures: [{ kind: "rsa" }] },
      ["signatures[0].kind: must be one of: hmac, ed25519, bearer, basic, none"],
    ],
    ["a signature that is text", { signatures: ["hmac"] }, ["signatures[0]: must be an object"]],
    [
      "a signature without its parts",
      { signatures: [{ kind: "hmac" }] },
      [
        "signatures[0].algorithm: is missing",
        "signatures[0].header: is missing",
        "signatures[0].encoding: is missing",
      ],
    ],
    [
      "md5",
      signed({ algorithm: "md5" }),
      ["signatures[0].algorithm: must be one of: sha1, sha256, sha384, sha512"],
    ],
    ["an unknown field of a signature", signed({ salt: "x" }), ["signatures[0].salt: is not a known field"]],
    [
      "a header that is none",
      signed({ header: "X Sig\r\nEvil" }),
      ["signatures[0].header: must be a header name (letters, digits and hyphens)"],
    ],
    [
      "a prefix with a line break",
      signed({ prefix: "a\nb" }),
      ["signatures[0].prefix: must be printable ASCII"],
    ],
    ["an empty prefix", signed({ prefix: "" }), ["signatures[0].prefix: must not be empty"]],
    [
      "content without the body",
      signed({ content: "{header:x-id}" }),
      ["signatures[0].content: must contain {body}: otherwise the signature says nothing about the body"],
    ],
    [
      "an unknown placeholder",
      signed({ content: "{url}{body}" }),
      [
        "signatures[0].content: has the unknown placeholder {url}: there are {body}, {timestamp} and {header:NAME}",
      ],
    ],
    [
      "a placeholder of no header",
      signed({ content: "{header:a b}{body}" }),
      [
        "signatures[0].content: has the unknown placeholder {header:a b}: there are {body}, {timestamp} and {header:NAME}",
      ],
    ],
    [
      "half a placeholder",
      signed({ content: "{body}{timestamp" }),
      ["signatures[0].content: has a brace without its partner"],
    ],
    [
      "a time from nowhere",
      signed({ content: "{timestamp}.{body}" }),
      [
        'signatures[0].content: uses {timestamp}, so the signature needs a "timestamp" that says where it stands',
      ],
    ],
    [
      "an item of a header that is not split",
      signed({ timestamp: { header: "x-t", item: "t=", unit: "s", toleranceSeconds: 1 } }),
      [
        'signatures[0].timestamp.item: is one of several in a header, so the signature needs the "separator" between them',
      ],
    ],
    [
      "a negative tolerance",
      signed({ timestamp: { header: "x-t", unit: "s", toleranceSeconds: -1 } }),
      ["signatures[0].timestamp.toleranceSeconds: must be at least 0"],
    ],
    [
      "half a tolerance",
      signed({ timestamp: { header: "x-t", unit: "s", toleranceSeconds: 0.5 } }),
      ["signatures[0].timestamp.toleranceSeconds: must be a whole number"],
    ],
    [
      "an optional prefix that is not there",
      signed({ prefixOptional: true }),
      ['signatures[0].prefixOptional: says that a prefix may be missing, but there is no "prefix"'],
    ],
    [
      "a variable of another name",
      with_({ secretEnv: "AWS_SECRET_ACCESS_KEY" }),
      ["secretEnv: must contain _WEBHOOK_SECRET, in upper case: no other variable may be read"],
    ],
    [
      "a variable in lower case",
      with_({ secretEnv: "acme_webhook_secret" }),
      ["secretEnv: must contain _WEBHOOK_SECRET, in upper case: no other variable may be read"],
    ],
    [
      "no JSON Pointer",
      with_({ envelope: { id: "event.id" } }),
      ["envelope.id: must be a JSON Pointer such as /event/type"],
    ],
    [
      "a broken escape in a pointer",
      with_({ dedupe: { pointer: "/a~2" } }),
      ['dedupe: must be "body", {"header": NAME} or {"pointer": JSON Pointer}'],
    ],
    [
      "an unknown source of events",
      with_({ eventFrom: [{ from: "query" }] }),
      ["eventFrom[0].from: must be one of: header, pointer, path, shape"],
    ],
    ["a status that is none", with_({ ack: { success: [2000] } }), ["ack.success[0]: must be at most 599"]],
    [
      "statuses by their class",
      with_({ ack: { success: "3xx" } }),
      ['ack.success: must be "2xx" or a list of status codes'],
    ],
    ["a wait of no time", with_({ ack: { timeoutMs: 0 } }), ["ack.timeoutMs: must be at least 1"]],
    ["waits without a list", with_({ retry: {} }), ["retry.delaysMs: is missing"]],
    ["too much jitter", with_({ retry: { delaysMs: [], jitter: 2 } }), ["retry.jitter: must be at most 1"]],
    ["a link that runs", with_({ docs: "javascript:alert(1)" }), ["docs: must be an http or https URL"]],
    [
      "a header any request has",
      with_({ identify: ["Host"] }),
      ["identify[0]: names a header that any request may carry"],
    ],
    [
      "an event out of its folder",
      with_({ events: { "../../etc/passwd": {} } }),
      ['events["../../etc/passwd"]: is no event name: words joined by . _ - : / or a space'],
    ],
    [
      "an event that is text",
      with_({ events: { "a.b": "An event." } }),
      ['events["a.b"]: must be an object'],
    ],
    [
      "a schema that is none",
      with_({ events: { a: { schema: "string" } } }),
      ["events.a.schema: must be a JSON Schema object"],
    ],
    [
      "a schema of an unknown type",
      with_({ events: { a: { schema: { type: "money" } } } }),
      ["events.a.schema: is a JSON Schema that cannot be used: Unsupported type: money"],
    ],
    [
      "a schema that would check nothing",
      with_({ events: { a: { schema: { type: "object", properties: { b: { minLength: 1 } } } } } }),
      ['events.a.schema.properties.b.minLength: has no effect without a "type" beside it'],
    ],
    [
      "a schema from elsewhere",
      with_({ events: { a: { schema: { $ref: "https://acme.example/s.json" } } } }),
      [
        "events.a.schema: is a JSON Schema that cannot be used: External $ref is not supported, only local refs (#/...) are allowed",
      ],
    ],
    [
      "a schema that is only itself",
      with_({ events: { a: { schema: { $ref: "#" } } } }),
      ["events.a.schema: is a JSON Schema that cannot be used: it refers to itself without end"],
    ],
    [
      "a base that is unknown",
      { base: "paypal" },
      ["base: must be a built-in provider that sends webhooks of its own"],
    ],
    [
      "a base that is a receiver",
      { base: "fitaiid" },
      ["base: must be a built-in provider that sends webhooks of its own"],
    ],
    [
      "a base and headers",
      { base: "stripe", identify: ["X-Shop"] },
      ["identify: cannot be given with base: the headers name the base"],
    ],
    [
      "several mistakes at once",
      with_({ title: 5, base: "paypal", retry: { delaysMs: ["1s"] } }),
      ["title: must be text", "retry.delaysMs[0]: must be a number"],
    ],
  ])("with %s", (_, input, expected) => {
    expect(problems(input)).toEqual(expected);
  });

  test.each(["Acme", "1acme", "a_b", "", "a".repeat(41), "../acme", "__proto__"])("called %j", (id) => {
    expect(problems({ signatures: [hmac] }, id)).toEqual([
      "the provider: its name must be 1 to 40 lower-case letters, digits and hyphens, a letter first",
    ]);
  });

  test.each(builtInProviders.map(({ id }) => id))("called %s, like a built-in one", (id) => {
    expect(problems({ signatures: [hmac] }, id)).toEqual([
      "the provider: its name is that of a built-in provider; choose another",
    ]);
  });

  test.each([
    ['{"__proto__": {"signatures": []}}', '["__proto__"]'],
    ['{"signatures": [{"kind": "none"}], "events": {"__proto__": {}}}', 'events["__proto__"]'],
    ['{"signatures": [{"kind": "none", "__proto__": {"header": "x"}}]}', 'signatures[0]["__proto__"]'],
  ])("from %s, which reaches for the prototype", (text, path) => {
    expect(problems(JSON.parse(text))).toEqual([`${path}: may not be used as a name`]);
    expect(Object.hasOwn(Object.prototype, "header")).toBe(false);
  });

  test("nested without end", () => {
    let input: unknown = {};
    for (let depth = 0; depth < 5_000; depth++) input = { events: input };
    expect(problems(input)).toEqual(["events.events.events: is nested too deeply"]);
  });
});

test("whatever is given, the answer is a provider or a list of problems", () => {
  const field = fc.constantFrom(
    ...[
      "signatures",
      "headers",
      "identify",
      "eventFrom",
      "envelope",
      "dedupe",
      "ack",
      "retry",
      "events",
      "base",
    ],
  );
  fc.assert(
    fc.property(fc.dictionary(field, fc.jsonValue()), (input) => {
      const found = problems({ signatures: [{ kind: "none" }], ...input });
      for (const line of found) expect(line).toMatch(/^\S.*: \S/s);
      if (found.length === 0) expect(define({ signatures: [{ kind: "none" }], ...input }).id).toBe("acme");
    }),
    { numRuns: 300 },
  );
});
