import { rmSync } from "node:fs";
import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openInbox } from "../../src/inbox/index.ts";
import { openSqlite } from "../../src/sqlite/open.ts";
import { at, delivery, openTestInbox } from "./deliveries.ts";

test("several listeners record into one inbox at once, and each delivery has its number", async () => {
  const first = await openTestInbox();
  const others = await Promise.all([1, 2].map(() => openTestInbox({ file: first.file })));
  const all = [first, ...others];
  for (let round = 0; round < 40; round++) {
    for (const { recorder } of all) for (let i = 0; i < 20; i++) recorder.add(delivery());
    await sleep(0);
  }
  for (const one of all) await one.recorder.close();
  const numbers = first.inbox.numbers({});
  expect(numbers).toEqual(Array.from({ length: 2400 }, (_, index) => index + 1));
  expect(first.inbox.totals().count).toBe(2400);
  expect(all.flatMap(({ warnings }) => warnings)).toEqual([]);
  for (const { inbox } of all) await inbox.close();
});

test("a flush returns when everything is in the file, with no turn of the event loop", async () => {
  const it = await openTestInbox();
  const told: number[] = [];
  it.recorder.onRecorded((numbers) => told.push(...numbers));
  for (let i = 0; i < 1000; i++) it.recorder.add(delivery());
  it.recorder.flush();
  expect([it.inbox.numbers({}).length, told]).toEqual([1000, []]);
  await it.close();
  expect(told).toHaveLength(1000);
});

test("while another process has the file locked, deliveries wait, and are recorded after", async () => {
  const it = await openTestInbox();
  const other = await openSqlite(it.file);
  other.exec("begin immediate");
  for (let i = 0; i < 600; i++) it.recorder.add(delivery());
  await sleep(150);
  expect(it.inbox.numbers({})).toEqual([]);
  other.exec("commit");
  it.recorder.flush();
  expect(it.inbox.numbers({})).toHaveLength(600);
  other.close();
  await it.close();
  expect(it.warnings).toEqual([]);
});

test("what cannot be written is told once, and what comes when it can be is recorded", async () => {
  const it = await openTestInbox();
  const other = await openSqlite(it.file);
  other.exec("alter table contents rename to elsewhere");
  for (let i = 0; i < 3; i++) {
    it.record(delivery());
    await sleep(10);
  }
  expect(it.warnings).toEqual([expect.stringMatching(/^deliveries are not recorded: .*no such table/)]);
  other.exec("alter table elsewhere rename to contents");
  other.close();
  it.record(delivery());
  expect(it.inbox.numbers({})).toHaveLength(1);
  await it.close();
});

test("an inbox that is removed meanwhile is made anew", async () => {
  const it = await openTestInbox();
  it.record(delivery());
  for (const end of ["", "-wal", "-shm"]) rmSync(it.file + end, { force: true });
  it.record(delivery(), delivery());
  const anew = await openInbox(it.file, { now: () => at });
  expect(anew.numbers({})).toEqual([1, 2]);
  await anew.close();
  await it.close();
  expect(it.warnings).toEqual([]);
});

test("more than can be held while the file is locked is dropped and told, and nobody waits long for it", async () => {
  const it = await openTestInbox();
  const other = await openSqlite(it.file);
  other.exec("begin immediate");
  const headers = ["x", "y".repeat(60_000)];
  for (let i = 0; i < 1500; i++) it.recorder.add(delivery({ headers, body: null }));
  expect(it.recorder.flush(50)).toBe(false);
  expect(it.warnings).toEqual([expect.stringContaining("more arrive than can be written")]);
  other.exec("commit");
  other.close();
  it.record(delivery({ deliveryId: "after" }));
  expect(it.inbox.find("last")?.deliveryId).toBe("after");
  const { count } = it.inbox.totals();
  expect(count).toBeGreaterThan(500);
  expect(count).toBeLessThan(1501);
  await it.close();
}, 60_000);
