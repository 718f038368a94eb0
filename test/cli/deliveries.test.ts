import { describe, expect, test } from "vitest";
import { startDelivering } from "./delivery-server.ts";
import { createPlace, run, type Finished } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

describe("deliveries list", () => {
  test("shows how each stands, and its filters reach the API", async () => {
    const api = await startDelivering();
    const { env } = api;
    api.add({}, [200]);
    api.add({}, [500, 500, "timeout"]);
    api.add({ event_type: "order.\u001b[2Jcancelled", endpoint_url: "https://x.example/\u202e" });
    const { code, stdout, stderr } = await run(["deliveries", "list"], { env });
    expect([code, stderr]).toEqual([0, ""]);
    const [head, hostile, failed, succeeded] = stdout.split("\n");
    expect(head).toMatch(/^DELIVERY +STATUS +EVENT +TRIES +LAST +WHEN +ENDPOINT$/);
    expect(hostile).toMatch(/^dlv_3 +pending +fareplay\/order\.\\u001b\[2Jcancelled +0 .*\\u202e$/);
    expect(failed).toMatch(/^dlv_2 +failed +fareplay\/order\.created +3 +timeout +\d+ \w+ ago +https:/);
    expect(succeeded).toMatch(/^dlv_1 +succeeded +fareplay\/order\.created +1 +200 in 12 ms +\d+/);
    const json = await run(["deliveries", "list", "--status", "failed", "--limit", "1", "--json"], { env });
    expect(JSON.parse(json.stdout)).toMatchObject({ data: [{ id: "dlv_2" }], next_cursor: null });
    const page = await run(["deliveries", "list", "--limit", "2"], { env });
    expect(page.stderr).toContain("--cursor 2");
    const all = await run(["deliveries", "list", "--all", "--json"], { env });
    expect((JSON.parse(all.stdout) as { data: unknown[] }).data).toHaveLength(3);
  });

  test.each([
    [["--event", "evt_1"], { event_id: "evt_1" }],
    [["--event", "order.created"], { event_type: "order.created" }],
    [["--endpoint", "ep_1"], { endpoint_id: "ep_1" }],
    [
      ["--since", "2026-03-17", "--until", "1800000000"],
      { since: "2026-03-17T00:00:00.000Z", until: "2027-01-15T08:00:00.000Z" },
    ],
    [["--since", "2h"], { since: expect.stringMatching(/^2\d{3}-.*Z$/) as string }],
  ])("%j asks for %j; nothing that fits says how to see more", async (flags, query) => {
    const api = await startDelivering();
    const before = Date.now();
    const { code, stdout, stderr } = await run(["deliveries", "list", ...flags], { env: api.env });
    expect([code, stdout]).toEqual([0, ""]);
    expect(stderr).toMatch(/^there are none that fit; leave out --/);
    const asked = Object.fromEntries(new URL(api.received[0]?.url ?? "", api.url).searchParams);
    expect(asked).toEqual(query);
    if (flags.includes("2h")) {
      const ago = Date.parse(asked["since"] ?? "") + 2 * 3_600_000;
      expect(ago).toBeGreaterThanOrEqual(before);
      expect(ago).toBeLessThanOrEqual(Date.now());
    }
  });

  test("what is due, and what waits for its endpoint, is told as such", async () => {
    const api = await startDelivering();
    api.add({}, [500]).next_attempt_at = "2026-03-17T14:00:00.000Z";
    api.add({}, [500]).next_attempt_at = null;
    const { stdout } = await run(["deliveries", "list"], { env: api.env });
    const [, waits, due] = stdout.split("\n");
    expect(waits).toMatch(/^dlv_2 +pending .* 500 in 12 ms +waits +https:/);
    expect(due).toMatch(/^dlv_1 +pending .* 500 in 12 ms +due now +https:/);
    const shown = await run(["deliveries", "show", "dlv_1"], { env: api.env });
    expect(shown.stdout).toMatch(/^ {2}status +pending, the next attempt is due now$/m);
  });

  test("where there are none says what to do; wrong flags are refused", async () => {
    const api = await startDelivering();
    const none = await run(["deliveries", "list"], { env: api.env });
    expect(none).toMatchObject({ code: 0, stdout: "" });
    expect(none.stderr).toMatch(/^nothing was delivered yet; .*: hookline events publish\n$/);
    for (const [flags, message] of [
      [["--status", "lost"], /^--status takes pending, sending, /],
      [["--since", "1x"], /^--since takes a duration/],
      [["--until", "noon"], /^--until takes a time/],
      [["--cursor", "nope"], /^--cursor takes what an earlier list ended with/],
    ] as const) {
      const refused = await run(["deliveries", "list", ...flags, "--json"], { env: api.env });
      expect(refused).toMatchObject({ code: 2, stdout: "" });
      expect(errorOf(refused).message).toMatch(message);
    }
    const times = await run(["deliveries", "list", "--since", "yesterday", "--json"], { env: api.env });
    expect(errorOf(times).next_steps.join()).toContain("how long ago it was (1h, 7d)");
    expect(api.received).toHaveLength(1);
  });
});

describe("deliveries show", () => {
  test("tells of every attempt, and what the last was answered", async () => {
    const api = await startDelivering();
    const { env } = api;
    const delivery = api.add({}, [500, "refused", 404]);
    delivery.attempts[0] = { ...delivery.attempts[0]!, answer: "first \u001b[31manswer" };
    const { code, stdout } = await run(["deliveries", "show", "dlv_1"], { env });
    expect(code).toBe(0);
    expect(stdout).toMatch(
      /^dlv_1\n {2}event +evt_1 \(fareplay\/order\.created\)\n {2}endpoint +ep_1 https:/,
    );
    expect(stdout).toMatch(/^ {2}status +failed, no further attempt is due$/m);
    expect(stdout).toMatch(/^ {2}✗ attempt 1, automatic {2}2026-03-17 .* {2}500 in 12 ms$/m);
    expect(stdout).toMatch(/^ {2}✗ attempt 2, by hand {2}.* {2}refused by the target \(12 ms\)$/m);
    expect(stdout).toMatch(/attempt 3, by hand .*\n {4}│ \{\n {4}│ {3}"said": 404\n {4}│ \}\n$/);
    expect(stdout).not.toContain("answer");
    const answers = await run(["deliveries", "show", "dlv_1", "--answers"], { env });
    expect(answers.stdout).toContain(String.raw`│ first \u001b[31manswer`);
    const json = await run(["deliveries", "show", "dlv_1", "--json"], { env });
    expect(JSON.parse(json.stdout)).toEqual(delivery);
  });

  test.each([
    [
      { status: "pending", next_attempt_at: "2999-01-01T00:00:00.000Z" },
      /^ {2}status +pending, next attempt in/m,
    ],
    [
      { status: "pending", next_attempt_at: null },
      /^ {2}status +pending, waits until its endpoint is enabled$/m,
    ],
    [{ status: "cancelled" }, /^ {2}status +cancelled$/m],
  ] as const)("%j is told as such", async (parts, said) => {
    const api = await startDelivering();
    api.add(parts);
    const { stdout, stderr } = await run(["deliveries", "show", "dlv_1"], { env: api.env });
    expect(stdout).toMatch(said);
    expect(stderr).toContain("no attempt was made yet");
  });

  test("needs one that there is", async () => {
    const api = await startDelivering();
    const missing = await run(["deliveries", "show", "--json"], { env: api.env });
    expect(missing).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(missing).message).toBe("no delivery is named");
    const unknown = await run(["deliveries", "show", "dlv_9", "--json"], { env: api.env });
    expect(unknown).toMatchObject({ code: 4, stdout: "" });
  });

  test.skipIf(!hasTerminal)("on a terminal offers those that failed, then the others", async () => {
    const api = await startDelivering();
    api.add({}, [500, 500, 500]);
    api.add({}, [200]);
    api.add({}, [500, 500, 500]);
    const terminal = startOnTerminal(["deliveries", "show"], { place: createPlace(), env: api.env });
    await terminal.until("Which delivery?");
    await terminal.until("failed ");
    terminal.type("\x1b[B\x1b[B");
    await terminal.until("dlv_2, ep_1");
    terminal.type("\r");
    await terminal.until("attempt 1");
    expect(await terminal.ended).toBe(0);
    expect(api.received.map(({ url }) => url)).toEqual([
      "/v1/deliveries?status=failed&limit=100",
      "/v1/deliveries?limit=100",
      "/v1/deliveries/dlv_2",
    ]);
  });
});
