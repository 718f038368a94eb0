import { describe, expect, test } from "vitest";
import { createRegistry } from "../../src/providers/index.ts";
import { checkFilters, matches } from "../../src/server/event-filters.ts";

const registry = createRegistry();
const provider = (id: string) => registry.require(id);

describe("an event filter", () => {
  test.each([
    ["*", "order.created", true],
    ["order.created", "order.created", true],
    ["order.created", "order.created.x", false],
    ["order.*", "order.created", true],
    ["order.*", "order.line.added", true],
    ["order.*", "orders.created", false],
    ["order.*", "order", false],
    ["order.*", "order.", true],
  ])("%s takes %s: %s", (filter, type, taken) => {
    expect(matches(filter, type)).toBe(taken);
  });
});

describe("the events an endpoint asks for", () => {
  test.each([
    ["fareplay", ["order.created", "order.created", "payment.*"], ["order.created", "payment.*"]],
    ["fareplay", ["*"], ["*"]],
    ["stripe", ["invoice.paid", "customer.*"], ["invoice.paid", "customer.*"]],
    ["fynn", ["invoice.created"], ["invoice.created"]],
    ["fjellride", ["checkout.session.*"], ["checkout.session.*"]],
  ])("of %s may be %o", (id, given, events) => {
    expect(checkFilters(provider(id), given)).toEqual({ events, warnings: [] });
  });

  test.each([
    [
      "fareplay",
      ["order.created", "order.creatd"],
      "events.1",
      /^is order\.creatd, which Fareplay does not send; did you mean order\.created\?$/,
    ],
    ["fareplay", ["invoice.*"], "events.0", /^is invoice\.\*, which Fareplay does not send$/],
    ["fjellride", ["invoice.paid"], "events.0", /^is invoice\.paid, which Fjellride/],
    ["fikafi", ["constructor"], "events.0", /^is constructor, which Fikäfi/],
  ])("of %s may not be %o", (id, given, path, message) => {
    expect(() => checkFilters(provider(id), given)).toThrow(
      expect.objectContaining({
        code: "body-invalid",
        details: expect.objectContaining({
          errors: [{ path, message: expect.stringMatching(message) as string }],
        }) as unknown,
      }),
    );
  });

  test.each([
    [["subscription.cancelled"], ["event-renamed"]],
    [["subscription.canceled"], ["event-renamed"]],
    [["subscription.cancelled", "subscription.canceled"], []],
    [["subscription.*"], []],
    [["*"], []],
    [["subscription.trial.*"], ["event-renamed", "event-renamed"]],
  ])("of Fynn, %o, may miss an old or a new spelling: %o", (given, codes) => {
    expect(checkFilters(provider("fynn"), given).warnings.map(({ code }) => code)).toEqual(codes);
  });
});
