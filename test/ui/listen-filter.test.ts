import { expect, test } from "vitest";
import { parseFilter, traitsOf } from "../../src/ui/listen-filter.ts";
import { answered, delivery, refused } from "./listen-events.ts";

const deliveries = {
  verified: delivery({ id: "dlv_a1", deliveryId: "evt_X", target: "/fareplay/eu?shop=1" }),
  unverified: delivery({ verified: null, provider: undefined, event: undefined, target: "/other" }),
  invalid: delivery({ verified: false, provider: "fikafi", event: "order.paid" }),
  rejected: delivery({ verified: false, accepted: false, event: "order.paid" }),
  failed: delivery({ event: "user.gone", forwards: [answered(200), refused()] }),
  taken: delivery({ event: "user.gone", forwards: [answered(200)] }),
};

test.each([
  ["order", ["verified", "invalid", "rejected"]],
  ["ORDER.*", ["verified", "invalid", "rejected"]],
  ["*.paid", ["invalid", "rejected"]],
  ["u*r.g*e", ["failed", "taken"]],
  ["paid*order", []],
  ["fikafi", ["invalid"]],
  ["evt_x", ["verified"]],
  ["dlv_a1", ["verified"]],
  ["/other", ["unverified"]],
  ["shop=1", ["verified"]],
  ["order fikafi", ["invalid"]],
  ["order  verified ", ["verified"]],
  ["verified", ["verified", "failed", "taken"]],
  ["unverified", ["unverified", "invalid"]],
  ["rejected", ["rejected"]],
  ["failed", ["failed"]],
  ["Failed user", ["failed"]],
  ["failed rejected", []],
])("%j fits %j", (text, fitting) => {
  const fits = parseFilter(text);
  const all = Object.entries(deliveries);
  expect(all.filter(([, each]) => fits?.(traitsOf(each)) === true).map(([name]) => name)).toEqual(fitting);
});

test.each(["", "  "])("%j asks for nothing", (text) => {
  expect(parseFilter(text)).toBeUndefined();
});
