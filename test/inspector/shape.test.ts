import { describe, expect, test } from "vitest";
import { attemptShape, deliveryDetail, deliveryShape } from "../../src/inspector/shape.ts";
import type { RecordedDelivery } from "../../src/inbox/types.ts";
import { attempt, delivery } from "./inspectors.ts";

const recorded = (more: Partial<RecordedDelivery> = {}): RecordedDelivery => ({
  ...delivery(),
  number: 17,
  failed: false,
  replays: 2,
  cause: null,
  ...more,
});

describe("the shape", () => {
  test("of a delivery in a list", () => {
    expect(deliveryShape(recorded())).toEqual({
      number: 17,
      id: "dlv_1",
      received_at: "2026-03-17T14:32:00.000Z",
      provider: "fareplay",
      event: "order.created",
      delivery_id: "evt_1",
      verified: true,
      code: null,
      cause: null,
      accepted: true,
      duplicate: false,
      failed: false,
      method: "POST",
      target: "/fareplay?a=1",
      bytes: 14,
      status: 200,
      duration_ms: 12.5,
      replays: 2,
    });
  });

  test("of a delivery in full: headers in their order and case, twice where they came twice", () => {
    const detail = deliveryDetail(recorded({ headers: ["X-A", "1", "x-a", "2", "__proto__", "\xe9"] }), []);
    expect(detail).toMatchObject(deliveryShape(recorded()));
    expect(detail.headers).toEqual([
      ["X-A", "1"],
      ["x-a", "2"],
      ["__proto__", "\xe9"],
    ]);
    expect(detail.has_body).toBe(true);
    expect(deliveryDetail(recorded({ body: null }), []).has_body).toBe(false);
  });

  test("of an attempt that was not answered", () => {
    const refused = { ok: false, status: null, error: "refused", message: "nothing listens there" };
    const shape = attemptShape(attempt({ ...refused, headers: [], answer: Buffer.alloc(0), answerBytes: 0 }));
    expect(shape).toMatchObject({ ...refused, headers: [], answer: "", answer_bytes: 0 });
  });

  const euro = Buffer.from("100 €");
  test.each([
    ["whole text", euro, euro.length, "100 €"],
    ["the beginning of text, cut within a character", euro.subarray(0, -1), 100, "100 "],
    ["whole, and broken off within a character", euro.subarray(0, -1), euro.length - 1, null],
    ["no UTF-8", Buffer.from([0x31, 0xff]), 100, null],
    ["text with a byte order mark and a null", Buffer.from("\ufeffa\0"), 5, "\ufeffa\0"],
    ["nothing", Buffer.alloc(0), 0, ""],
  ])("of an answer that is %s", (_, answer, answerBytes, text) => {
    expect(attemptShape(attempt({ answer, answerBytes })).answer).toBe(text);
  });
});
