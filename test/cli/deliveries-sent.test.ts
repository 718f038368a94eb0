import { readFileSync } from "node:fs";
import { join } from "node:path";
import { expect, test } from "vitest";
import { homeOf } from "./api-server.ts";
import { startServer, values } from "./run-servers.ts";
import { createPlace, ndjson, root, run, start, type Finished, type Place } from "./spawn.ts";

const order = readFileSync(join(root, "fixtures/fareplay/order.created.json"));
const isReady = (_: string, stderr: string): boolean => stderr.includes("watching the deliveries of");

const one = ({ stdout }: Finished): Record<string, string> => JSON.parse(stdout) as Record<string, string>;
const idOf = async (
  place: Place,
  url: string,
  env: Record<string, string> = {},
  { provider = "fareplay", events = "*" } = {},
): Promise<string> => {
  const flags = ["--provider", provider, "--events", events, "--url", url];
  return one(await run(["endpoints", "create", ...flags, "--json"], { place, env }))["id"] ?? "";
};

test("an event is delivered before publish ends; what failed is retried by hand", async () => {
  const place = createPlace();
  let status = 500;
  const good = await startServer();
  const bad = await startServer((_, response) => void response.writeHead(status).end('{"why":"broken"}'));
  await idOf(place, good.url);
  const badId = await idOf(place, bad.url);
  const published = await run(["events", "publish", "order.created"], { place });
  expect(published.code).toBe(0);
  expect(published.stdout).toMatch(new RegExp(`^  ✓ dlv_\\w+  ${good.url}/  200 in `, "m"));
  expect(published.stdout).toMatch(
    new RegExp(` {2}✗ dlv_\\w+ {2}${bad.url}/ {2}500 in .*, next attempt in \\d+ s\n$`),
  );
  expect(published.stderr).toMatch(/^what is due later is sent while hookline deliveries watch, /);
  expect(good.received.map(({ body }) => body)).toEqual([order]);
  expect(values(good.received[0]?.headers ?? [], "x-fareplay-event")).toEqual(["order.created"]);

  const again = await run(["deliveries", "retry", "--endpoint", badId, "--status", "pending", "--wait"], {
    place,
  });
  expect([again.code, bad.received.length]).toEqual([1, 2]);
  status = 204;
  const mended = await run(
    ["deliveries", "retry", "--event", "order.created", "--status", "pending", "--wait"],
    {
      place,
    },
  );
  expect([mended.code, bad.received.length]).toEqual([0, 3]);
  const { data } = JSON.parse(
    (await run(["deliveries", "list", "--endpoint", badId, "--json"], { place })).stdout,
  ) as { data: { id: string; event_id: string }[] };
  const { id = "", event_id = "" } = data[0] ?? {};
  const shown = await run(["deliveries", "show", id], { place });
  expect(shown.stdout).toMatch(/^ {2}status +succeeded$/m);
  expect(shown.stdout).toMatch(/^ {2}✗ attempt 1, automatic /m);
  expect(shown.stdout).toMatch(/^ {2}✓ attempt 3, by hand .* 204 in /m);
  expect((await run(["deliveries", "retry", id], { place })).code).toBe(2);
  expect((await run(["deliveries", "retry", id, "--force", "--wait"], { place })).code).toBe(0);

  // What was published can be read, and published once more.
  expect((await run(["events", "show", event_id], { place })).bytes).toEqual(order);
  const events = await run(["events", "list"], { place });
  expect(events.stdout).toMatch(new RegExp(`^${event_id} .* fareplay +order\\.created$`, "m"));
  await run(["events", "publish", `remote:${event_id}`, "--quiet"], { place });
  expect(good.received.at(-1)?.body).toEqual(order);
});

test("endpoints test sends a sample; an event that nobody takes goes nowhere", async () => {
  const place = createPlace();
  let status = 200;
  const app = await startServer((_, response) => void response.writeHead(status).end());
  const id = await idOf(place, app.url, {}, { events: "order.cancelled" });
  const tested = await run(["endpoints", "test", id], { place });
  expect(tested).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^✓ fareplay\/order\.cancelled/) as string,
  });
  expect(app.received).toHaveLength(1);
  status = 400;
  expect((await run(["endpoints", "test", id], { place })).code).toBe(1);
  const other = await run(["events", "publish", "order.created"], { place });
  expect(other).toMatchObject({
    code: 0,
    stderr: expect.stringContaining("no endpoint takes order.created") as string,
  });
  await run(["endpoints", "disable", id], { place });
  const many = ["events", "publish", "order.cancelled", "order.cancelled"];
  const missed = await run([...many, "--wait"], { place });
  expect([missed.code, missed.stderr]).toEqual([
    1,
    `warning: 2 events had no delivery: ${id} is disabled; enable it: hookline endpoints enable ${id}\n`,
  ]);
  const paused = await run(["events", "publish", "order.cancelled"], { place });
  expect(paused.stderr).toContain(`enable it: hookline endpoints enable ${id}`);
  expect((await run(["endpoints", "test", id], { place })).code).toBe(2);
  expect(app.received).toHaveLength(2);
});

test("a signal ends the waiting, and says what stands: exit 130", async () => {
  const place = createPlace();
  const app = await startServer(() => undefined);
  const id = await idOf(place, app.url);
  const later = "what was not done is tried again by hookline deliveries watch or hookline serve";
  // Whether the answer still comes while all is closed is a matter of moments.
  const published = "(?:no event is known to be published|one event is published so far, evt_\\w+)";
  for (const [args, said] of [
    [["events", "publish", "order.created"], published],
    [["endpoints", "test", id], `how the test of ${id} went was not waited for`],
  ] as const) {
    const before = app.received.length;
    const running = start(args, { place });
    await expect.poll(() => app.received.length, { timeout: 20_000 }).toBe(before + 1);
    running.kill("SIGINT");
    const { code, stderr } = await running.finished;
    expect(code).toBe(130);
    expect(stderr).toMatch(new RegExp(`^warning: interrupted: ${said}; ${later}$`, "m"));
  }
});

test("deliveries watch delivers what is due, and tells of it", async () => {
  const place = createPlace();
  const acme = { signatures: [{ kind: "none" }], retry: { delaysMs: [1] }, events: { made: {} } };
  place.write("hookline.json", JSON.stringify({ providers: { acme } }));
  place.write("acme/made.json", "{}");
  let count = 0;
  const app = await startServer((_, response) => void response.writeHead(++count < 2 ? 503 : 200).end());
  await idOf(place, app.url, {}, { provider: "acme" });
  const published = await run(["events", "publish", "acme/made.json", "--type", "made"], { place });
  expect([published.code, count]).toEqual([0, 1]);
  const watch = start(["deliveries", "watch", "--json"], { place });
  await watch.until("its note", isReady);
  await watch.until("the delivery", (out) => out.includes('"succeeded"'));
  watch.kill("SIGINT");
  const { code, stdout, stderr } = await watch.finished;
  expect([code, count]).toEqual([0, 2]);
  expect(stderr).toContain("it delivers what is due");
  expect(ndjson(stdout).at(-1)).toMatchObject({ provider: "acme", status: "succeeded", attempts_made: 2 });
});

test("a server delivers by itself: --wait waits for it, watch sees it", async () => {
  const serving = createPlace();
  const args = ["--port", "0", "--json", "--allow-private-targets", "--retry-delays", "1s"];
  const server = start(["serve", ...args], { place: serving });
  const url = await server.ready();
  const kept = readFileSync(join(homeOf(serving), "profiles.json"), "utf8");
  const { profiles } = JSON.parse(kept) as { profiles: { local: { key: string } } };
  const env = { HOOKLINE_API_URL: url, HOOKLINE_API_KEY: profiles.local.key };
  const place = createPlace();
  let count = 0;
  const app = await startServer((_, response) => void response.writeHead(++count < 3 ? 503 : 200).end("{}"));
  const id = await idOf(place, app.url, env);
  const watch = start(["deliveries", "watch", "--json"], { place, env });
  await watch.until("its note", isReady);
  const published = await run(["events", "publish", "order.created", "--wait"], { place, env });
  expect(published.code).toBe(1);
  expect(published.stdout).toMatch(new RegExp(`^  ✗ dlv_\\w+  ${app.url}/  503 in `, "m"));
  await watch.until("the end of the schedule", (out) => out.includes('"failed"'));
  const retried = await run(["deliveries", "retry", "--status", "failed", "--wait"], { place, env });
  expect(retried).toMatchObject({
    code: 0,
    stdout: expect.stringMatching(/^✓ dlv_\w+ .* 200 in /) as string,
  });
  await watch.until("the success", (out) => out.includes('"succeeded"'));
  const tested = await run(["endpoints", "test", id], { place, env });
  expect([tested.code, count]).toEqual([0, 4]);
  watch.kill("SIGTERM");
  expect((await watch.finished).code).toBe(0);
});
