import { setTimeout as sleep } from "node:timers/promises";
import { expect, test } from "vitest";
import { openSqlite } from "../../src/sqlite/open.ts";
import { delivery, openTestInbox } from "./deliveries.ts";

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

test("a file that cannot be written ends the recording, with one word of it, and nothing else", async () => {
  const it = await openTestInbox();
  const other = await openSqlite(it.file);
  other.exec("drop table contents");
  for (let i = 0; i < 3; i++) {
    it.recorder.add(delivery());
    it.recorder.flush();
    await sleep(30);
  }
  expect(it.warnings).toEqual([expect.stringMatching(/^deliveries are not recorded any more: /)]);
  other.close();
  await it.close();
});
