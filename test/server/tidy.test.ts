import { expect, test } from "vitest";
import { openPlane } from "./plane.ts";

const hour = 3_600_000;
const create = { url: "https://example.com/x", provider: "fareplay", events: ["*"] };

test("answers older than a day and secrets that are over are dropped, others stay", async () => {
  const plane = await openPlane();
  const { store } = plane.options;
  const ask = (idempotencyKey: string) =>
    plane.call("endpoints.create", { body: create }, plane.root, { idempotencyKey });
  const { id: caller } = (await plane.done("keys.current", {}, plane.root))["key"] as { id: string };
  const { id } = (await ask("first")).body as { id: string };
  await plane.done("endpoints.rotateSecret", { params: { id }, body: { grace_seconds: 12 * 3600 } });
  plane.pass(2 * hour);
  await ask("second");
  const kept = async () => {
    const answers = await Promise.all(
      ["first", "second"].map((name) => store.answers.get(plane.account.id, caller, name)),
    );
    const { previousSecret } = (await store.endpoints.get(plane.account.id, id)) ?? {};
    return [...answers, previousSecret].map((one) => one !== undefined && one !== null);
  };
  await plane.app.tidy();
  expect(await kept()).toEqual([true, true, true]);
  plane.pass(10 * hour);
  await plane.app.tidy();
  expect(await kept()).toEqual([true, true, false]);
  plane.pass(12 * hour + 1);
  await plane.app.tidy();
  expect(await kept()).toEqual([false, true, false]);
  plane.pass(2 * hour);
  await plane.app.tidy();
  expect(await kept()).toEqual([false, false, false]);
});
