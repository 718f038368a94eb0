import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { createRegistry } from "../../src/providers/index.ts";
import { createHeaderMaker, withOverrides, type HeaderOverride } from "../../src/transport/request.ts";

const registry = createRegistry();
const body = Buffer.from("{}");
const now = 1_700_000_000_000;

function headersOf(provider: string, secrets: string[], overrides: HeaderOverride[] = [], event?: string) {
  const make = createHeaderMaker(registry.require(provider), secrets, overrides);
  return make({ event, deliveryId: "evt_1", body, now });
}
const hmac = (secret: string, content: string, encoding: "hex" | "base64" = "hex"): string =>
  createHmac("sha256", secret).update(content).digest(encoding);

describe("createHeaderMaker", () => {
  test("a provider's headers, in order, the signature last", () => {
    expect(headersOf("fareplay", ["s"], [], "order.created")).toEqual([
      ...["content-type", "application/json", "user-agent", "Fareplay-Webhooks/1.0"],
      ...["x-fareplay-event", "order.created", "x-fareplay-delivery", "evt_1"],
      ...["x-fareplay-signature", `sha256=${hmac("s", "{}")}`],
    ]);
    expect(headersOf("fareplay", ["s"])).not.toContain("x-fareplay-event");
  });

  test("text that is no latin1 goes out as its UTF-8 bytes, and no line is broken", () => {
    const headers = headersOf("fareplay", ["s"], [], "ä\r\nX: 1\u0000€");
    expect(headers[headers.indexOf("x-fareplay-event") + 1]).toBe(Buffer.from("äX: 1€").toString("latin1"));
  });

  test("an override is signed where the signature covers it; one left out is missing but was signed", () => {
    const secret = `whsec_${Buffer.from("0123456789abcdef0123456789abcdef").toString("base64")}`;
    const key = "0123456789abcdef0123456789abcdef";
    const signature = (id: string): string => {
      const mac = createHmac("sha256", key)
        .update(`${id}.${now / 1000}.{}`)
        .digest("base64");
      return `v1,${mac}`;
    };
    const own = headersOf("standard-webhooks", [secret], [{ name: "Webhook-Id", value: "mine" }]);
    expect(own).toContain(signature("mine"));
    const without = headersOf("standard-webhooks", [secret], [{ name: "webhook-id", value: null }]);
    expect(without).not.toContain("webhook-id");
    expect(without).toContain(signature("evt_1"));
  });

  test("a signature of the user's own stands, and one left out stays out", () => {
    const own = headersOf("fareplay", ["s"], [{ name: "X-Fareplay-Signature", value: "mine" }]);
    expect(own.filter((text) => /x-fareplay-signature|^sha256/i.test(text))).toEqual([
      "X-Fareplay-Signature",
    ]);
    expect(headersOf("fareplay", ["s"], [{ name: "X-Fareplay-Signature", value: null }])).not.toContain(
      "x-fareplay-signature",
    );
  });
});

test("withOverrides: the first of a name replaces, the next add, null removes all", () => {
  const headers = ["A", "1", "b", "2", "a", "3"];
  const set = (...overrides: [string, string | null][]): string[] =>
    withOverrides(
      headers,
      overrides.map(([name, value]) => ({ name, value })),
    );
  expect(set()).toEqual(headers);
  expect(set(["a", "x"])).toEqual(["a", "x", "b", "2"]);
  expect(set(["a", "x"], ["A", "y"])).toEqual(["a", "x", "b", "2", "A", "y"]);
  expect(set(["a", null])).toEqual(["b", "2"]);
  expect(set(["a", null], ["a", "z"])).toEqual(["b", "2", "a", "z"]);
  expect(set(["c", ""])).toEqual([...headers, "c", ""]);
});
