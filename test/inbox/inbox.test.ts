import { statSync } from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, test } from "vitest";
import { withSecrets } from "../../src/inbox/redact.ts";
import { openExistingInbox, openInbox } from "../../src/inbox/index.ts";
import { defaultLimits, type NewDelivery } from "../../src/inbox/types.ts";
import { createFolder } from "../cli/spawn.ts";
import { at, attempt, delivery, openTestInbox, type TestInbox } from "./deliveries.ts";

let it: TestInbox;
beforeEach(async () => {
  it = await openTestInbox();
});
afterEach(() => it.close());

const kept = (): number[] => it.inbox.numbers({});

describe("what is recorded", () => {
  test("comes back byte for byte, headers in their order and case", () => {
    const body = Buffer.from([0, 255, 10, 13, 0x7b, 0xc3, 0x28]);
    const headers = ["X-B", "2", "x-a", "h\u00e9", "X-B", "", "Content-Length", "7"];
    const findings = [
      { cause: "wrong-secret", confidence: "likely", evidence: {} },
    ] as unknown as NewDelivery["findings"];
    const answer = Buffer.from([1, 2, 0, 200]);
    const attempts = [
      attempt({ route: "order.*", answer }),
      attempt({ ok: false, status: null, error: "refused", message: "connection refused" }),
    ];
    const given = delivery({
      body,
      headers,
      findings,
      attempts,
      verified: false,
      code: "signature-mismatch",
    });
    it.record(given);
    const found = it.inbox.get(1);
    expect(found).toMatchObject({
      ...given,
      body: expect.anything() as unknown,
      attempts: expect.anything() as unknown,
      number: 1,
      cause: "wrong-secret",
      failed: true,
      replays: 0,
    });
    expect(Buffer.from(found?.body ?? [])).toEqual(body);
    expect(found?.attempts.map((one) => ({ ...one, answer: Buffer.from(one.answer) }))).toEqual(
      attempts.map((one) => ({ ...one, answer: Buffer.from(one.answer) })),
    );
  });

  test("has its secrets apart, where they are neither searched nor shown", () => {
    const headers = ["Authorization", "[redacted]", "x", "1"];
    it.record(delivery({ headers, secrets: [[1, "Bearer needle"]] }));
    const found = it.inbox.get(1);
    expect(found?.headers).toEqual(headers);
    expect(withSecrets(found ?? { headers: [], secrets: [] })).toEqual([
      "Authorization",
      "Bearer needle",
      "x",
      "1",
    ]);
    expect(it.inbox.numbers({ text: "needle" })).toEqual([]);
  });

  test("tells a body that is empty from one that was never read", () => {
    it.record(delivery({ body: Buffer.alloc(0) }), delivery({ body: null, bytes: 9_000_000, status: 413 }));
    expect(it.inbox.get(1)?.body).toHaveLength(0);
    expect(it.inbox.get(2)?.body).toBeNull();
  });

  test("keeps what SQLite could not: NUL and halves of surrogate pairs in names from a body", () => {
    it.record(delivery({ event: "a\0b", deliveryId: "\ud800x", headers: ["x", "\ud800"] }));
    const found = it.inbox.get(1);
    expect([found?.event, found?.deliveryId, found?.headers]).toEqual([
      "a\ufffdb",
      "\ufffdx",
      ["x", "\ud800"],
    ]);
  });

  test("is found by its number, its id, and as the last", () => {
    it.record(delivery({ id: "dlv_one" }), delivery({ id: "dlv_two" }));
    expect(["1", "dlv_one", "2", "dlv_two", "last"].map((name) => it.inbox.find(name)?.number)).toEqual([
      1, 1, 2, 2, 2,
    ]);
    expect(
      ["3", "0", "dlv_three", "", "-1", "1e3", "dlv_one' or 1"].map((name) => it.inbox.find(name)),
    ).toEqual(Array(7).fill(undefined));
  });

  test("is in files that only the user can read", () => {
    it.record(delivery());
    for (const end of ["", "-wal", "-shm"])
      expect(statSync(it.file + end).mode & 0o777, `inbox.db${end}`).toBe(0o600);
  });

  test("is explained later, before and after it was written", () => {
    const findings = [
      { cause: "tampered", confidence: "proved", evidence: {} },
    ] as unknown as NewDelivery["findings"];
    const [first, second] = [delivery(), delivery()];
    it.record(first);
    it.recorder.explain(first.id, findings);
    it.recorder.add(second);
    it.recorder.explain(second.id, findings);
    it.recorder.flush();
    expect([1, 2].map((number) => it.inbox.get(number)?.findings)).toEqual([findings, findings]);
    expect(it.inbox.list({}, { limit: 10 }).map(({ cause }) => cause)).toEqual(["tampered", "tampered"]);
  });
});

describe("a replay", () => {
  test("is added to the delivery, which counts as failed until the app takes it", async () => {
    it.record(delivery({ attempts: [attempt({ ok: false, status: 500 })] }));
    const before = it.inbox.version();
    await it.inbox.addAttempt(1, attempt({ kind: "replay", ok: false, status: 503 }));
    expect(it.inbox.find("1")).toMatchObject({ failed: true, replays: 1 });
    await it.inbox.addAttempt(1, attempt({ kind: "replay" }));
    expect(it.inbox.find("1")).toMatchObject({ failed: false, replays: 2 });
    expect(it.inbox.get(1)?.attempts.map(({ kind, status }) => [kind, status])).toEqual([
      ["forward", 500],
      ["replay", 503],
      ["replay", 200],
    ]);
    expect(it.inbox.version()).not.toBe(before);
  });

  test("of a delivery that is gone meanwhile leaves nothing behind", async () => {
    it.record(delivery());
    await it.inbox.remove({});
    await it.inbox.addAttempt(1, attempt());
    expect(it.inbox.totals()).toEqual({ count: 0, bytes: 0 });
  });
});

describe("the limits", () => {
  test("are the documented ones, and last once they are set", async () => {
    expect(it.inbox.limits()).toEqual(defaultLimits);
    expect(await it.inbox.setLimits({ count: 7 })).toEqual({ ...defaultLimits, count: 7 });
    const other = await openInbox(it.file, { now: () => at });
    expect(other.limits()).toEqual({ ...defaultLimits, count: 7 });
    await other.close();
  });

  test("of count: the oldest go as new ones come", async () => {
    await it.inbox.setLimits({ count: 20 });
    for (let round = 0; round < 5; round++) it.record(...Array.from({ length: 30 }, () => delivery()));
    await it.recorder.close();
    const numbers = kept();
    expect(numbers.length).toBeLessThanOrEqual(20);
    expect(numbers.length).toBeGreaterThanOrEqual(19);
    expect(numbers.at(-1)).toBe(150);
    expect(it.inbox.totals().count).toBe(numbers.length);
  });

  test("of count: a flood of what anybody can send does not push out what is verified", async () => {
    await it.inbox.setLimits({ count: 100 });
    it.record(...Array.from({ length: 30 }, () => delivery()));
    for (let round = 0; round < 10; round++)
      it.record(...Array.from({ length: 60 }, () => delivery({ verified: false, accepted: false })));
    await it.recorder.close();
    expect(it.inbox.numbers({ verified: true })).toHaveLength(30);
    expect(it.inbox.totals()).toMatchObject({ count: kept().length });
    expect(kept().length).toBeLessThanOrEqual(100);
    expect(kept().at(-1)).toBe(630);
  });

  test("of bytes: bodies, headers and answers count, and a large one makes room for itself", async () => {
    const large = delivery({
      body: Buffer.alloc(40_000, "x"),
      attempts: [attempt({ answer: Buffer.alloc(10_000) })],
    });
    it.record(large, delivery(), delivery());
    const { bytes } = it.inbox.totals();
    expect(bytes).toBeGreaterThan(50_000);
    await it.inbox.setLimits({ bytes: 40_000 });
    expect(kept()).toEqual([2, 3]);
    expect(it.inbox.totals().bytes).toBeLessThan(1000);
  });

  test("of age: what was received before is removed when they are set, and when something is recorded", async () => {
    await it.close();
    let now = at;
    const { file } = it;
    it = await openTestInbox({ file, now: () => now });
    it.record(delivery({ receivedAt: at - 5000 }), delivery({ receivedAt: at }));
    await it.inbox.setLimits({ ageMs: 60_000 });
    expect(kept()).toEqual([1, 2]);
    now = at + 57_000;
    await it.inbox.setLimits({});
    expect(kept()).toEqual([2]);
  });
});

test("numbers are not given again, whatever was removed", async () => {
  it.record(delivery(), delivery({ provider: "stripe" }), delivery());
  expect(await it.inbox.remove({ provider: "stripe" })).toBe(1);
  expect(kept()).toEqual([1, 3]);
  expect(await it.inbox.remove({})).toBe(2);
  it.record(delivery());
  expect([kept(), it.inbox.last()]).toEqual([[4], 4]);
});

test("an inbox that is not there is neither found nor made", async () => {
  const file = join(createFolder(), "none", "inbox.db");
  expect(await openExistingInbox(file, { now: () => at })).toBeUndefined();
  expect(statSync(join(file, ".."), { throwIfNoEntry: false })).toBeUndefined();
});
