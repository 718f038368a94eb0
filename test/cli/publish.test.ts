import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startDelivering } from "./delivery-server.ts";
import { createPlace, ndjson, root, run, start, type Finished } from "./spawn.ts";
import { readFileSync } from "node:fs";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

const shop = { id: "ep_1", url: "https://shop.example/hooks", replies: [200] };
const broken = { id: "ep_2", url: "https://other.example/hooks", replies: [500] };
const order = readFileSync(join(root, "fixtures/fareplay/order.created.json"), "utf8");

describe("events publish", () => {
  test("publishes bytes as they are, and tells how each delivery went", async () => {
    const api = await startDelivering({ endpoints: [shop, broken] });
    const { env } = api;
    const finished = await run(["events", "publish", "order.created"], { env });
    expect(finished).toMatchObject({ code: 0, stderr: "" });
    expect(finished.stdout.split("\n")).toEqual([
      "✓ fareplay/order.created is published as evt_p1",
      "  ✓ dlv_1  https://shop.example/hooks  200 in 12 ms",
      expect.stringMatching(
        /^ {2}✗ dlv_2 {2}https:\/\/other\.example\/hooks {2}500 in 12 ms, next attempt in \d+ s$/,
      ),
      "",
    ]);
    expect(JSON.parse(api.received[0]?.body.toString() ?? "")).toEqual({
      provider: "fareplay",
      type: "order.created",
      payload: order,
    });
    const json = await run(["events", "publish", "order.created", "--json"], { env });
    const [event, ...more] = ndjson(json.stdout);
    expect(more).toEqual([]);
    expect(event).toMatchObject({
      id: "evt_p2",
      deliveries: [
        { endpoint_id: "ep_1", status: "succeeded", last_attempt: { status: 200 } },
        { endpoint_id: "ep_2", status: "pending", last_attempt: { status: 500 } },
      ],
      disabled_endpoints: [],
    });
  });

  test("takes edits, stdin and files, and bytes that are no text", async () => {
    const api = await startDelivering();
    const { env } = api;
    const place = createPlace();
    place.write("x.bin", Buffer.from([0x7b, 0xff, 0x7d]));
    const bom = "\ufeff{}";
    const edits = ["--set", "data.total=8.00", "--unset", "created_at"];
    await run(["events", "publish", "order.created", ...edits, "--quiet"], { place, env });
    const from = ["events", "publish", "-", "--provider", "fareplay", "--type", "order.made"];
    await run([...from, "--quiet"], { place, env, input: bom });
    await run(["events", "publish", "x.bin", "--provider", "fynn", "--type", "x", "--quiet"], { place, env });
    const bodies = api.received.map(({ body }) => JSON.parse(body.toString()) as Record<string, unknown>);
    expect(bodies[0]?.["payload"]).toMatch(/"total": ?8\.00/);
    expect(bodies[0]?.["payload"]).not.toContain("created_at");
    expect(bodies[1]).toEqual({ provider: "fareplay", type: "order.made", payload: bom });
    expect(bodies[2]).toEqual({ provider: "fynn", type: "x", payload_base64: "e/99" });
    expect(bodies).toHaveLength(3);
  });

  test("asks for the type where nothing says it, before anything is published", async () => {
    const api = await startDelivering();
    const place = createPlace();
    place.write("a.json", "{}");
    const what = ["order.created", "a.json", "--provider", "fareplay"];
    const finished = await run(["events", "publish", ...what, "--json"], { place, env: api.env });
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(finished)).toMatchObject({
      code: "event-type-unknown",
      message: "nothing says which event a.json is",
    });
    expect(api.received).toEqual([]);
    const none = await run(["events", "publish", "--json"], { place, env: api.env });
    expect(none).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(none).message).toBe("no payload is named");
  });

  test("says when nobody takes it, and what to do", async () => {
    const api = await startDelivering();
    const { code, stdout, stderr } = await run(["events", "publish", "fynn", "--wait"], { env: api.env });
    expect([code, stdout.split("\n").length]).toEqual([0, api.received.length + 1]);
    expect(stderr).toMatch(
      /^warning: no endpoint takes subscription\.activated, .* and \d more of fynn, so .*: hookline endpoints create --provider fynn --events '\*' --url URL\n$/,
    );
    const off = await startDelivering({ endpoints: [{ ...shop, disabled: true }] });
    const disabled = await run(["events", "publish", "order.created"], { env: off.env });
    expect(disabled.code).toBe(0);
    expect(disabled.stderr).toBe(
      "warning: 1 event had no delivery: ep_1 is disabled; enable it: hookline endpoints enable ep_1\n",
    );
    expect((await run(["events", "publish", "order.created", "--wait"], { env: off.env })).code).toBe(1);
    const some = await startDelivering({ endpoints: [{ ...shop, disabled: true }, broken] });
    const partly = await run(["events", "publish", "order.created"], { env: some.env });
    expect(partly.stderr).toBe(
      "warning: an endpoint that takes it is disabled and got nothing; enable it: hookline endpoints enable ep_1\n",
    );
  });

  test("a signal says what is published: exit 130", async () => {
    const api = await startDelivering({ endpoints: [shop], after: null });
    const publishing = start(["events", "publish", "order.created", "order.created", "--wait"], {
      env: api.env,
    });
    const isRead = (): boolean => api.received.some(({ method }) => method === "GET");
    await expect.poll(isRead, { timeout: 20_000 }).toBe(true);
    publishing.kill("SIGINT");
    const { code, stderr } = await publishing.finished;
    expect([code, stderr]).toEqual([
      130,
      "warning: interrupted: 2 events are published so far, the last evt_p2; the deliveries go on: see hookline deliveries list\n",
    ]);
  });

  test("an endpoint that was disabled meanwhile is named", async () => {
    const api = await startDelivering({
      endpoints: [broken],
      after: -1,
      instead: ({ method }) => {
        if (method === "POST") return undefined;
        api.work();
        for (const delivery of api.deliveries) delivery.next_attempt_at = null;
        return undefined;
      },
    });
    const { stdout, stderr } = await run(["events", "publish", "order.created"], { env: api.env });
    expect(stdout).toContain("500 in 12 ms, waits until its endpoint is enabled\n");
    expect(stderr).toBe(
      "warning: the endpoint ep_2 is disabled now; enable it again: hookline endpoints enable ep_2\n",
    );
  });

  test("edits and types that say nothing are refused", async () => {
    const api = await startDelivering();
    const noValue = await run(["events", "publish", "order.created", "--set", "a", "--json"], {
      env: api.env,
    });
    expect(noValue).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(noValue)).toMatchObject({
      code: "edit-path",
      message: '--set takes path=value: there is no = in "a"',
    });
    const typeless = ["events", "publish", "-", "--provider", "fareplay", "--json"];
    const untyped = await run(typeless, { env: api.env, input: "{}" });
    expect(errorOf(untyped).message).toBe("nothing says which event the body on stdin is");
    expect(api.received).toEqual([]);
  });

  test.each([
    [[200], 0, "200 in 12 ms"],
    [[500], 1, "500 in 12 ms"],
    [["refused"], 1, "refused by the target (12 ms)"],
  ] as const)("with --wait waits for the first attempt: %j is exit %i", async (replies, code, said) => {
    const api = await startDelivering({ endpoints: [{ ...shop, replies: [...replies] }], after: 2 });
    const finished = await run(["events", "publish", "order.created", "--wait"], { env: api.env });
    expect(finished.code).toBe(code);
    expect(finished.stdout).toContain(`dlv_1  https://shop.example/hooks  ${said}`);
    expect(api.received.map(({ method }) => method)).toEqual(["POST", "GET", "GET", "GET"]);
  });

  test("without --wait says that it is on its way; --wait-timeout ends the waiting", async () => {
    const api = await startDelivering({ endpoints: [shop], after: null });
    const { env } = api;
    const finished = await run(["events", "publish", "order.created"], { env });
    expect(finished.code).toBe(0);
    expect(finished.stdout).toContain("  … dlv_1  https://shop.example/hooks  not tried yet\n");
    expect(finished.stderr).toBe("see how it goes: hookline deliveries watch, or publish with --wait\n");
    const waited = await run(["events", "publish", "order.created", "--wait-timeout", "300ms"], { env });
    expect(waited.code).toBe(1);
    expect(waited.stderr).toMatch(/^the time was up/);
  });

  test("a key that may only publish does: what became of it is a warning, and with --wait an error", async () => {
    const denied = { status: 403, body: { code: "scope-missing", detail: "the key lacks deliveries:read" } };
    const api = await startDelivering({
      endpoints: [shop],
      instead: ({ method }) => (method === "GET" ? denied : undefined),
    });
    const { env } = api;
    const finished = await run(["events", "publish", "order.created", "--json"], { env });
    expect(finished.code).toBe(0);
    expect(ndjson(finished.stdout)).toMatchObject([{ deliveries: [{ id: "dlv_1", endpoint_id: "ep_1" }] }]);
    expect(finished.stderr).toContain("the key lacks deliveries:read");
    const waited = await run(["events", "publish", "order.created", "--wait"], { env });
    expect(waited).toMatchObject({ code: 3, stdout: expect.stringContaining("is published as") as string });
  });

  test("those published before one is refused are told", async () => {
    const api = await startDelivering({
      endpoints: [shop],
      instead: (_, count) =>
        count === 2 ? { status: 422, body: { code: "body-invalid", detail: "no" } } : undefined,
    });
    const what = ["order.created", "fynn/subscription.activated"];
    const finished = await run(["events", "publish", ...what, "--json"], { env: api.env });
    expect(finished.code).toBe(2);
    expect(ndjson(finished.stdout)).toMatchObject([{ type: "order.created" }]);
    expect(errorOf(finished).code).toBe("body-invalid");
  });

  test.skipIf(!hasTerminal)("on a terminal asks which", async () => {
    const api = await startDelivering({ endpoints: [shop] });
    const terminal = startOnTerminal(["events", "publish"], { place: createPlace(), env: api.env });
    await terminal.until("Publish which payload?");
    terminal.type("\r");
    await terminal.until("is published as evt_p1");
    expect(await terminal.ended).toBe(0);
  });
});

describe("endpoints test", () => {
  test.each([
    [200, 0, /^✓ fareplay\/order\.updated {2}https:\/\/shop\.example\/hooks {2}200 in 12 ms\n$/],
    [503, 1, /^✗ fareplay\/order\.updated {2}\S+ {2}503 in 12 ms, .*\n {2}│ \{\n {2}│ {3}"said": 503/],
  ])("waits for the outcome: %i is exit %i", async (reply, code, said) => {
    const api = await startDelivering({ endpoints: [{ ...shop, replies: [reply] }], after: 1 });
    const finished = await run(["endpoints", "test", "ep_1", "--type", "order.updated"], { env: api.env });
    expect(finished.code).toBe(code);
    expect(finished.stdout).toMatch(said);
    expect(api.received[0]).toMatchObject({ method: "POST", url: "/v1/endpoints/ep_1/test" });
    const json = await run(["endpoints", "test", "ep_1", "--json"], { env: api.env });
    expect(json.code).toBe(code);
    expect(JSON.parse(json.stdout)).toMatchObject({ id: "dlv_2", attempts: [{ status: reply }] });
  });

  test("gives up after --wait-timeout: exit 1", async () => {
    const api = await startDelivering({ endpoints: [shop], after: null });
    const finished = await run(["endpoints", "test", "ep_1", "--wait-timeout", "200ms"], { env: api.env });
    expect(finished.code).toBe(1);
    expect(finished.stdout).toContain("not tried yet");
    expect(finished.stderr).toContain("hookline deliveries show dlv_1");
  });

  test("one that is disabled is what the API says: exit 2", async () => {
    const api = await startDelivering({
      instead: () => ({
        status: 409,
        body: { code: "endpoint-disabled", detail: "the endpoint is disabled" },
      }),
    });
    const finished = await run(["endpoints", "test", "ep_1", "--json"], { env: api.env });
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(finished).code).toBe("endpoint-disabled");
  });
});
