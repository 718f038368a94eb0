import { expect, test } from "vitest";
import { closest } from "../../src/providers/closest.ts";

test("the closest names, as long as they are close", () => {
  const names = [
    "order.created",
    "order.accepted",
    "cart",
    "card",
    "care",
    "carp",
    "dart",
    "stripe",
    "stripe",
  ];
  expect(closest("order.craeted", names)).toEqual(["order.created"]);
  expect(closest("strip", names)).toEqual(["stripe"]);
  expect(closest("car", names)).toEqual(["cart", "card", "care"]);
  expect(closest("invoice.paid", names)).toEqual([]);
  expect(closest("", names)).toEqual([]);
});
