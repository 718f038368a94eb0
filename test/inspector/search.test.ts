import { expect, test } from "vitest";
import { search } from "../../src/inspector/search.ts";
import { delivery, openTestInbox } from "../inbox/deliveries.ts";

test("text is found as the inbox finds it, whatever the page", async () => {
  const it = await openTestInbox();
  const body = (index: number): Buffer => Buffer.from(index % 7 === 0 ? "needle" : "hay");
  it.record(...Array.from({ length: 900 }, (_, index) => delivery({ body: body(index) })));
  const filter = { text: "needle" };
  for (const page of [
    { limit: 1000 },
    { limit: 5 },
    { limit: 50, before: 640 },
    { limit: 1000, after: 700 },
    { limit: 1000, before: 300, after: 100 },
    { limit: 10, before: 1 },
  ]) {
    const found = await search(it.inbox, filter, page, () => false);
    expect(found, JSON.stringify(page)).toEqual(it.inbox.list(filter, page));
  }
  expect(await search(it.inbox, filter, { limit: 1000 }, () => true)).toEqual([]);
  await it.close();
});
