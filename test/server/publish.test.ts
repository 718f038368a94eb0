import { describe, expect, test } from "vitest";
import { sampleProvider } from "../payloads/sample-providers.ts";
import { addEndpoint, codeOf, publish, publishOne, update } from "./deliveries-of.ts";
import { openPlane, type Plane } from "./plane.ts";
import { headerOf, startReceiver } from "./receiver.ts";

const nowhere = "http://127.0.0.1:1";
const good = { provider: "fareplay", type: "order.created", payload: "{}" };

const send = (plane: Plane, body: object, extra: object = {}) =>
  plane.call("events.publish", { body }, plane.root, extra);
const errorsOf = ({ body }: { body: unknown }) =>
  (body as { errors?: { path: string; message: string }[] }).errors;
const countOf = async (plane: Plane): Promise<[number, number]> => {
  const [events, deliveries] = await Promise.all([
    plane.done("events.list", { query: {} }),
    plane.done("deliveries.list", { query: {} }),
  ]);
  return [(events["data"] as []).length, (deliveries["data"] as []).length];
};

describe("a payload", () => {
  test.each<[string, unknown, string]>([
    ["text, as it is", ` {"total": 8.00}\r\n`, ` {"total": 8.00}\r\n`],
    ["text that is no JSON", "a=b&c=d", "a=b&c=d"],
    ["no text at all", "", ""],
    ["text beyond ASCII", "é🦀\0\u2028", "é🦀\0\u2028"],
    ["an object, compactly", { a: { b: [1, "x", null, 8.5] } }, `{"a":{"b":[1,"x",null,8.5]}}`],
    ["names of an object's own", JSON.parse(`{"__proto__": 1, "toJSON": 2}`), `{"__proto__":1,"toJSON":2}`],
    ["half of a surrogate pair within an object", { a: "\ud800" }, `{"a":"\\ud800"}`],
    ["a list", [1, 2], "[1,2]"],
    ["a number", 8, "8"],
    ["true", true, "true"],
    ["null", null, "null"],
  ])("may be %s", async (_, payload, body) => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    const { id } = await publish(plane, { payload });
    await plane.worker.settle();
    expect(receiver.received.map((request) => request.body.toString("utf8"))).toEqual([body]);
    expect(await plane.done("events.get", { params: { id } })).toMatchObject({
      payload: body,
      payload_base64: null,
    });
  });

  test("may be any bytes, in base64", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    const bytes = Buffer.from(Array.from({ length: 256 }, (_, byte) => byte));
    const payload_base64 = bytes.toString("base64");
    const { id } = await publish(plane, { payload: undefined, payload_base64 });
    await plane.worker.settle();
    expect(receiver.received.map(({ body }) => body)).toEqual([bytes]);
    expect(await plane.done("events.get", { params: { id } })).toMatchObject({
      payload: null,
      payload_base64,
    });
  });

  test("may begin with a byte order mark, which is kept", async () => {
    const plane = await openPlane();
    const bytes = Buffer.from("\ufeff{}", "utf8");
    const { id } = await publish(plane, { payload: undefined, payload_base64: bytes.toString("base64") });
    expect(await plane.done("events.get", { params: { id } })).toMatchObject({ payload: "\ufeff{}" });
  });

  const largest = "x".repeat(5_000_000);
  test.each<[string, (text: string) => object]>([
    ["as text", (text) => ({ payload: text })],
    ["that JSON has to escape, as text", (text) => ({ payload: text.replace(/xx/g, 'x"') })],
    ["as a value", (text) => ({ payload: [text.slice(4)] })],
    ["in base64", (text) => ({ payload: undefined, payload_base64: Buffer.from(text).toString("base64") })],
  ])("may have 5 MB and no more, with a server or with none: %s", async (_, bodyOf) => {
    const plane = await openPlane();
    const served = await plane.serve();
    const over = (body: object) =>
      served.send("POST", "/v1/events", { key: plane.root, body: { ...good, ...body } });
    expect((await over(bodyOf(largest))).status).toBe(202);
    expect((await send(plane, { ...good, ...bodyOf(largest) })).status).toBe(202);
    const [{ json }, { body }] = [
      await over(bodyOf(`${largest}x`)),
      await send(plane, { ...good, ...bodyOf(`${largest}x`) }),
    ];
    const message = "has 5000001 bytes, and may have 5000000 at most";
    expect(json).toMatchObject({ status: 422, code: "body-invalid", errors: [{ message }] });
    expect(body).toEqual(json);
    expect(await countOf(plane)).toEqual([2, 0]);
  });

  test.each<[string, object, string]>([
    ["half of a surrogate pair", { payload: "a\ud800b" }, "payload"],
    ["nothing", { payload: undefined }, ""],
    ["text and bytes at once", { payload_base64: "AAAA" }, ""],
    ["no base64", { payload: undefined, payload_base64: "?" }, "payload_base64"],
    ["base64 without its end", { payload: undefined, payload_base64: "AAA" }, "payload_base64"],
    ["base64url", { payload: undefined, payload_base64: "-_-_" }, "payload_base64"],
  ])("cannot be %s", async (_, changes, path) => {
    const plane = await openPlane();
    const answer = await send(plane, { ...good, ...changes });
    expect([answer.status, codeOf(answer)]).toEqual([422, "body-invalid"]);
    expect(errorsOf(answer)?.map((error) => error.path)).toEqual([path]);
    expect(await countOf(plane)).toEqual([0, 0]);
  });
});

describe("an event", () => {
  test.each<[string, object, string, RegExp]>([
    ["an unknown provider", { provider: "stripes" }, "provider", /^must be one of .*fareplay/],
    ["a provider of an object's own", { provider: "__proto__" }, "provider", /^must be one of /],
    [
      "a type that is nearly one",
      { type: "order.craeted" },
      "type",
      /^is order\.craeted, which Fareplay does not send; did you mean order\.created\?$/,
    ],
    ["a type that is none", { type: "zzzzzzzz" }, "type", /^is zzzzzzzz, which Fareplay does not send$/],
    ["a type of an object's own", { type: "constructor" }, "type", /^is constructor/],
    ["a filter", { type: "order.*" }, "type", /^must be an event type/],
    ["a type with a line break", { type: "order\ncreated" }, "type", /^must be an event type/],
    ["no type", { type: "" }, "type", /./],
  ])("of %s is refused", async (_, changes, path, message) => {
    const plane = await openPlane();
    const answer = await send(plane, { ...good, ...changes });
    expect([answer.status, codeOf(answer)]).toEqual([422, "body-invalid"]);
    expect(errorsOf(answer)).toEqual([{ path, message: expect.stringMatching(message) as string }]);
    expect(await countOf(plane)).toEqual([0, 0]);
  });

  test("of a provider that sends more than is known may be of any type", async () => {
    const open = sampleProvider("open", ["it"], { otherEvents: true });
    const plane = await openPlane({ providers: [open, sampleProvider("bare", [])] });
    const warningsOf = async (changes: object) => {
      const { status, body } = await send(plane, { ...good, ...changes });
      expect(status).toBe(202);
      return (body as { warnings: unknown }).warnings;
    };
    expect(await warningsOf({ provider: "open", type: "it" })).toEqual([]);
    expect(await warningsOf({ provider: "bare", type: "anything.else" })).toEqual([]);
    const { title } = open;
    expect(await warningsOf({ provider: "open", type: "anything.else" })).toEqual([
      { code: "event-unknown", message: `anything.else is none of the events that are known of ${title}` },
    ]);
    expect(await warningsOf({ provider: "github", type: "pusj" })).toEqual([
      {
        code: "event-unknown",
        message: "pusj is none of the events that are known of GitHub; did you mean push?",
      },
    ]);
  });

  test("goes to those endpoints that are subscribed to it, and names those that are disabled", async () => {
    const plane = await openPlane();
    const add = async (events: string[], more: object = {}) =>
      (await addEndpoint(plane, nowhere, { events, ...more })).id;
    const every = await add(["*"]);
    const orders = await add(["order.*"]);
    const exact = await add(["payment.completed", "order.created"]);
    const both = await add(["order.created", "order.*"]);
    await add(["payment.*"]);
    await add(["*"], { provider: "github" });
    const disabled = await add(["order.created"]);
    const other = await add(["payment.completed"]);
    const deleted = await add(["*"]);
    for (const id of [disabled, other]) await update(plane, id, { status: "disabled" });
    await plane.done("endpoints.delete", { params: { id: deleted } });
    const { root } = await plane.addAccount("other");
    const body = { url: nowhere, provider: "fareplay", events: ["*"] };
    await plane.done("endpoints.create", { body }, root);

    const published = await publish(plane);
    expect(published.deliveries.map(({ endpoint_id }) => endpoint_id)).toEqual([every, orders, exact, both]);
    expect(published.disabled_endpoints).toEqual([disabled]);
    expect(new Set(published.deliveries.map(({ id }) => id)).size).toBe(4);
  });

  test("that nobody is subscribed to is kept all the same", async () => {
    const plane = await openPlane();
    const published = await publish(plane);
    expect(published).toMatchObject({ deliveries: [], disabled_endpoints: [], type: "order.created" });
    expect(published.created_at).toBe(new Date(plane.time()).toISOString());
    expect(await countOf(plane)).toEqual([1, 0]);
  });

  test.each<[string, unknown, string | RegExp]>([
    ["text", "evt_own", "evt_own"],
    ["text beyond ASCII", "é🦀", "é🦀"],
    ["a number", 17, "17"],
    ["what would make another header", "evt\r\nx-evil: 1", /^evt_\w{22}$/],
    ["a NUL", "evt\0", /^evt_\w{22}$/],
    ["half of a surrogate pair", "evt\ud800", /^evt_\w{22}$/],
    ["too long a text", "x".repeat(201), /^evt_\w{22}$/],
    ["no text", "", /^evt_\w{22}$/],
    ["an object", {}, /^evt_\w{22}$/],
  ])("goes out under the id its body has, or one made for it: %s", async (_, id, expected) => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    await publishOne(plane, { payload: JSON.stringify({ id }) });
    await plane.worker.settle();
    const [sent = "", ...others] = headerOf(receiver.received, "x-fareplay-delivery");
    expect(others).toEqual([]);
    const text = Buffer.from(sent, "latin1").toString("utf8");
    if (typeof expected === "string") expect(text).toBe(expected);
    else expect(text).toMatch(expected);
    expect(headerOf(receiver.received, "x-evil")).toEqual([]);
  });
});

describe("publishing with an Idempotency-Key", () => {
  test("again gives the same answer, and delivers nothing anew", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    const once = { idempotencyKey: "a" };
    const first = await send(plane, good, once);
    plane.pass(1000);
    const again = await send(plane, good, once);
    expect([first.status, again.status]).toEqual([202, 202]);
    expect(again.body).toEqual(first.body);
    expect(again.headers).toMatchObject({ "idempotency-replayed": "true" });
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
    expect(await countOf(plane)).toEqual([1, 1]);
    expect(codeOf(await send(plane, { ...good, payload: "other" }, once))).toBe("idempotency-key-reused");
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
  });

  test("many times at once delivers once", async () => {
    const plane = await openPlane();
    const receiver = await startReceiver();
    await addEndpoint(plane, receiver.url);
    await plane.worker.start();
    const answers = await Promise.all(
      Array.from({ length: 10 }, () => send(plane, good, { idempotencyKey: "a" })),
    );
    expect(new Set(answers.map(({ body }) => JSON.stringify(body))).size).toBe(1);
    await plane.worker.settle();
    expect(receiver.received).toHaveLength(1);
    expect(await countOf(plane)).toEqual([1, 1]);
  });
});
