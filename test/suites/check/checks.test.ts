import { describe, expect, test } from "vitest";
import { builtInProviders } from "../../../src/providers/index.ts";
import type { Provider } from "../../../src/providers/contract.ts";
import { planChecks, type Possible } from "../../../src/suites/check/checks.ts";
import { isNamed, selectChecks } from "../../../src/suites/check/select.ts";

const provider = (id: string): Provider => builtInProviders.find((one) => one.id === id) as Provider;
const all = (events: Possible["events"]): Possible => ({
  events,
  namesEvents: true,
  json: true,
  proxied: false,
});

describe("planChecks", () => {
  test("ids are stable, kebab-case and their own", () => {
    const ids = planChecks(
      provider("slack"),
      all(["order.created", "order-created", "orders/create", "paymentDetails", undefined, "…"]),
    ).checks.map(({ id }) => id);
    expect(ids.slice(0, 6)).toEqual([
      "accepts-order-created",
      "accepts-order-created-2",
      "accepts-orders-create",
      "accepts-payment-details",
      "accepts-a-delivery",
      "accepts-",
    ]);
    expect(new Set(ids).size).toBe(ids.length);
  });

  test.each([
    ["fareplay", ["no-time", "no-time", "no-time"]],
    ["stripe", ["future-accepted", "several-signatures"]],
    ["slack", []],
  ])("%s: what its signatures do not show is left out, and why", (id, reasons) => {
    const { leftOut } = planChecks(provider(id), all(["a", "b"]));
    expect(leftOut.map(({ reason }) => reason)).toEqual(reasons);
  });

  test("a provider that signs nothing has no forged requests", () => {
    const unsigned: Provider = { ...provider("fareplay"), signatures: [{ kind: "none" }] };
    const { checks, leftOut } = planChecks(unsigned, all(["a", "b"]));
    expect(checks.filter(({ area }) => area === "refuses")).toEqual([]);
    expect(new Set(leftOut.map(({ reason }) => reason))).toEqual(new Set(["unsigned"]));
  });

  test("what payloads and the way there do not allow is left out", () => {
    const { leftOut } = planChecks(provider("github"), {
      events: ["a"],
      namesEvents: false,
      json: false,
      proxied: true,
    });
    expect(leftOut.filter(({ kind }) => !kind.startsWith("refuses"))).toEqual([
      { kind: "out-of-order", reason: "one-event" },
      { kind: "unknown-event", reason: "no-event-name" },
      { kind: "unicode", reason: "no-json" },
      { kind: "unicode-escaped", reason: "no-json" },
      { kind: "large-body", reason: "no-json" },
      { kind: "slow-body", reason: "proxied" },
    ]);
  });
});

describe("selectChecks", () => {
  const { checks } = planChecks(provider("fareplay"), all(["order.created", "order.completed"]));
  const ids = (only: string[], skip: string[] = []): string[] =>
    selectChecks(checks, only, skip).map(({ id }) => id);

  test.each<[only: string[], skip: string[], expected: string[]]>([
    [["alive"], [], ["alive"]],
    [["answers"], [], ["in-time", "alive"]],
    [["accepts-event"], [], ["accepts-order-created", "accepts-order-completed"]],
    [
      ["accepts-*", "answers"],
      ["*-created", "in-*"],
      ["accepts-order-completed", "alive"],
    ],
  ])("%j without %j", (only, skip, expected) => {
    expect(ids(only, skip)).toEqual(expected);
  });

  test("all without --only", () => expect(ids([])).toHaveLength(checks.length));

  test.each([
    [["unicod"], [], /"unicod"/],
    [[], ["refuses-nothing"], /--skip names no check/],
    [["alive"], ["answers"], /no check is left/],
  ])("%j without %j is an error", (only, skip, message) => {
    expect(() => ids(only, skip)).toThrow(message);
  });

  test.each([
    ["order.created", "order.*", true],
    ["orderXcreated", "order.*", false],
    ["order.created", "order", false],
    ["a", "*", true],
    ["a.b", "a+b", false],
  ])("%s by %s: %s", (name, pattern, expected) => expect(isNamed(name, [pattern])).toBe(expected));
});
