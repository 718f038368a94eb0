import { describe, expect, test } from "vitest";
import { createExpectations } from "../../src/actions/expectations.ts";
import { createRegistry } from "../../src/providers/index.ts";

const registry = createRegistry();

describe("createExpectations", () => {
  test("an event meets its own name and its provider's *; nothing else does", () => {
    const expectations = createExpectations(
      ["fareplay/order.created", "fareplay/*", "shopify/orders/create", "fynn/*"],
      registry,
    );
    expectations.accept(undefined, "order.created");
    expectations.accept("fynnish", "order.created");
    expect(expectations.unmet()).toHaveLength(4);
    expectations.accept("fareplay", "order.accepted");
    expect(expectations.unmet()).toEqual(["fareplay/order.created", "shopify/orders/create", "fynn/*"]);
    expectations.accept("fynn", undefined);
    expectations.accept("shopify", "orders/create");
    expectations.accept("fareplay", "order.created");
    expectations.accept("fareplay", "order.created");
    expect(expectations.unmet()).toEqual([]);
  });

  test("an event of the user's own may be expected; a provider must be known", () => {
    expect(createExpectations(["fareplay/my.own"], registry).unmet()).toEqual(["fareplay/my.own"]);
    expect(() => createExpectations(["farplay/x"], registry)).toThrow(
      expect.objectContaining({ code: "provider-unknown", exitCode: 4 }) as Error,
    );
  });

  test.each(["fareplay", "/x", "fareplay/", ""])("%j is none", (text) => {
    expect(() => createExpectations([text], registry)).toThrow(
      expect.objectContaining({ code: "expectation-invalid", exitCode: 2 }) as Error,
    );
  });
});
