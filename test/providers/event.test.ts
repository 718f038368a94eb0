import { createHash } from "node:crypto";
import { describe, expect, test } from "vitest";
import type { Provider } from "../../src/providers/contract.ts";
import {
  dedupeKeyOf,
  deliveryIdOf,
  eventOf,
  lazyJson,
  type RequestParts,
} from "../../src/providers/event.ts";
import { sampleProvider } from "../payloads/sample-providers.ts";

function request(parts: {
  headers?: string[];
  path?: string;
  body?: string | Buffer;
}): RequestParts & { body: Buffer } {
  const body = Buffer.from(parts.body ?? "");
  return { headers: parts.headers ?? [], path: parts.path ?? "/", json: lazyJson(body), body };
}

const untouchable: RequestParts["json"] = () => {
  throw new Error("the body was parsed though nothing asked for it");
};

describe("eventOf", () => {
  const header: Provider = sampleProvider("h", [], { eventFrom: [{ from: "header", header: "x-event" }] });

  test("reads a header in any case, its first value, and leaves the body alone", () => {
    const headers = ["Host", "x", "X-EVENT", "a.b", "x-event", "c"];
    expect(eventOf(header, { headers, path: "/", json: untouchable })).toBe("a.b");
  });

  test("a header's value is never taken for a name", () => {
    expect(eventOf(header, request({ headers: ["host", "x-event", "accept", "y"] }))).toBeUndefined();
  });

  test("goes to the next source when one gives nothing usable", () => {
    const both = sampleProvider("b", [], {
      eventFrom: [
        { from: "header", header: "x-event" },
        { from: "pointer", pointer: "/type" },
      ],
    });
    const body = '{"type":"from.body"}';
    for (const headers of [[], ["X-Event", ""], ["X-Event", "x".repeat(201)]]) {
      expect(eventOf(both, request({ headers, body }))).toBe("from.body");
    }
    expect(eventOf(both, request({ headers: ["X-Event", "x".repeat(200)], body }))).toHaveLength(200);
    for (const type of ["1", "null", '["a"]', '""', "{}"]) {
      expect(eventOf(both, request({ body: `{"type":${type}}` }))).toBeUndefined();
    }
  });

  test("a body that is not JSON names no event", () => {
    const provider = sampleProvider("p", []);
    for (const body of ["", "type=a", "{", Buffer.from([0xff, 0xfe])]) {
      expect(eventOf(provider, request({ body }))).toBeUndefined();
    }
    expect(eventOf(provider, request({ body: '\ufeff{"type":"a"}' }))).toBe("a");
  });

  test("reads one or two segments at the end of the path", () => {
    const provider = sampleProvider("p", ["orders/create", "create", "pay details", "plain"], {
      eventFrom: [{ from: "path" }],
    });
    const eventAt = (path: string) => eventOf(provider, { headers: [], path, json: untouchable });
    expect(eventAt("/shopify/orders/create")).toBe("orders/create");
    expect(eventAt("/shopify/create")).toBe("create");
    expect(eventAt("/a/orders%2Fcreate/?x=/plain#/plain")).toBe("orders/create");
    expect(eventAt("/pay%20details/")).toBe("pay details");
    expect(eventAt("plain")).toBe("plain");
    for (const path of ["", "/", "/plain/x", "/%zz", "/toString", "/__proto__"]) {
      expect(eventAt(path)).toBeUndefined();
    }
  });

  test("tells by shape, the first that fits whole", () => {
    const provider = sampleProvider("p", [], {
      eventFrom: [
        {
          from: "shape",
          shapes: [
            { event: "both", has: ["/a", "/b/0"] },
            { event: "one", has: ["/a"] },
          ],
        },
      ],
    });
    expect(eventOf(provider, request({ body: '{"a":null,"b":[0]}' }))).toBe("both");
    expect(eventOf(provider, request({ body: '{"a":1,"b":[]}' }))).toBe("one");
    expect(eventOf(provider, request({ body: '{"b":[1]}' }))).toBeUndefined();
  });
});

test("lazyJson parses once", () => {
  const json = lazyJson(Buffer.from("{}"));
  expect(json()).toBe(json());
});

describe("deliveryIdOf and dedupeKeyOf", () => {
  const hash = (body: string): string => `p:sha256:${createHash("sha256").update(body).digest("hex")}`;
  const body = '{"id":"evt_1","event":{"id":7}}';

  test("the delivery header comes first", () => {
    const provider = sampleProvider("p", [], {
      headers: { delivery: "x-delivery" },
      dedupe: { pointer: "/id" },
    });
    const full = request({ headers: ["X-Delivery", "d1"], body });
    expect(deliveryIdOf(provider, full)).toBe("d1");
    expect(dedupeKeyOf(provider, full)).toBe("p:evt_1");
    expect(deliveryIdOf(provider, request({ body }))).toBe("evt_1");
  });

  test("the dedupe header or pointer, whole numbers included", () => {
    const byHeader = sampleProvider("p", [], { dedupe: { header: "webhook-id" } });
    expect(deliveryIdOf(byHeader, request({ headers: ["Webhook-Id", "m"] }))).toBe("m");
    expect(dedupeKeyOf(byHeader, request({ headers: ["Webhook-Id", "m"] }))).toBe("p:m");
    const byPointer = sampleProvider("p", [], { dedupe: { pointer: "/event/id" } });
    expect(deliveryIdOf(byPointer, request({ body }))).toBe("7");
  });

  test("falls back to the envelope's id, and the key to the body's hash", () => {
    const provider = sampleProvider("p", [], { dedupe: "body", envelope: { id: "/id" } });
    expect(deliveryIdOf(provider, request({ body }))).toBe("evt_1");
    expect(deliveryIdOf(provider, request({ body: "{}" }))).toBeUndefined();
    expect(dedupeKeyOf(provider, request({ body }))).toBe(hash(body));
    const absent = sampleProvider("p", [], { dedupe: { pointer: "/nowhere" } });
    expect(dedupeKeyOf(absent, request({ body }))).toBe(hash(body));
    expect(dedupeKeyOf(absent, request({ body: "not json" }))).toBe(hash("not json"));
  });
});
