import { expect, test } from "vitest";
import { startDelivering } from "./delivery-server.ts";
import { closedPort } from "./run-servers.ts";
import { createPlace, ndjson, run, start } from "./spawn.ts";
import { stubKey } from "./api-server.ts";

const shop = { id: "ep_1", url: "https://shop.example/hooks", replies: [200] };
const isReady = (_: string, stderr: string): boolean => stderr.includes("watching the deliveries of");

test("tells every change from now on, until a signal ends it gracefully", async () => {
  const api = await startDelivering({ endpoints: [shop] });
  const { env } = api;
  api.add({}, [500]);
  const watch = start(["deliveries", "watch", "--json"], { env });
  const people = start(["deliveries", "watch"], { env });
  await Promise.all([watch.until("its note", isReady), people.until("its note", isReady)]);
  api.add({}, [500, 500, 500]);
  api.add({ event_type: "order.\u001bx" }, [200]);
  await watch.until("two changes", (out) => out.split("\n").length > 2);
  await people.until("two changes", (out) => out.split("\n").length > 2);
  watch.kill("SIGINT");
  people.kill("SIGTERM");
  const [json, text] = await Promise.all([watch.finished, people.finished]);
  expect([json.code, text.code]).toEqual([0, 0]);
  expect(ndjson(json.stdout)).toMatchObject([
    { id: "dlv_2", status: "failed", attempts_made: 3, last_attempt: { status: 500 } },
    { id: "dlv_3", status: "succeeded" },
  ]);
  expect(text.stdout).toMatch(
    /^\d\d:\d\d:\d\d {2}✗ failed {5}fareplay\/order\.created {2}dlv_2 {2}https:\S+ {2}attempt 3: 500 in 12 ms, no further attempt is due\n/,
  );
  expect(text.stdout).toMatch(
    /^\S+ {2}✓ succeeded {2}fareplay\/order\.\\u001bx {2}dlv_3 .*attempt 1: 200 in/m,
  );
  expect(text.stderr).toBe(`● watching the deliveries of ${api.host}\n`);
});

test("filters what is told", async () => {
  const api = await startDelivering({ endpoints: [shop] });
  const flags = ["--status", "failed", "--event", "order.created", "--endpoint", "ep_1"];
  const watch = start(["deliveries", "watch", ...flags, "--json"], { env: api.env });
  await watch.until("its note", isReady);
  api.add({}, [200]);
  api.add({ event_type: "order.paid" }, [500, 500, 500]);
  api.add({ endpoint_id: "ep_2" }, [500, 500, 500]);
  api.add({}, [500, 500, 500]);
  await watch.until("a change", (out) => out.includes("\n"));
  watch.kill("SIGTERM");
  const { code, stdout } = await watch.finished;
  expect([code, ndjson(stdout).map(({ id }) => id)]).toEqual([0, ["dlv_4"]]);
});

test("outlives a failure that passes, and ends where its key is refused", async () => {
  let mood: "fine" | "failing" | "revoked" = "fine";
  const api = await startDelivering({
    instead: () =>
      mood === "fine"
        ? undefined
        : mood === "failing"
          ? { status: 500, body: { code: "internal", detail: "the server failed" } }
          : { status: 401, body: { code: "key-revoked", detail: "the key was revoked" } },
  });
  const watch = start(["deliveries", "watch", "--json"], { env: api.env });
  await watch.until("its note", isReady);
  mood = "failing";
  await watch.until("the failure", (_, stderr) => stderr.includes("the server failed; asking again in 1 s"));
  mood = "fine";
  api.add({}, [200]);
  await watch.until("the change", (out) => out.includes('"dlv_1"'));
  await watch.until("the recovery", (_, stderr) => stderr.includes("the API answers again"));
  mood = "revoked";
  const { code, stderr } = await watch.finished;
  expect(code).toBe(3);
  expect(stderr.trimEnd().split("\n").at(-1)).toContain('"code":"key-revoked"');
});

test("a server that is not there from the beginning is an error: exit 5", async () => {
  const env = { HOOKLINE_API_URL: `http://127.0.0.1:${await closedPort()}`, HOOKLINE_API_KEY: stubKey };
  expect(await run(["deliveries", "watch"], { env })).toMatchObject({ code: 5, stdout: "" });
});

test.each([
  [["--endpoint", "nope"], 2, "query-invalid"],
  [["--event", "evt_?"], 2, "query-invalid"],
  [["--endpoint", "ep_0"], 4, "not-found"],
] as const)("%j, which no change would ever fit, is exit %i", async (flags, code, problem) => {
  const finished = await run(["deliveries", "watch", ...flags, "--json"], { place: createPlace() });
  expect(finished).toMatchObject({ code, stdout: "" });
  expect(finished.stderr).toContain(`"code":"${problem}"`);
});

test("ends when nobody reads it any more", async () => {
  const api = await startDelivering();
  let leave: () => void = () => undefined;
  const watch = start(["deliveries", "watch", "--json"], {
    env: api.env,
    reader: (stdout) => (leave = () => stdout.destroy()),
  });
  await watch.until("its note", isReady);
  leave();
  api.add({}, [200]);
  expect((await watch.finished).code).toBe(0);
});
