import { describe, expect, test } from "vitest";
import { secretKey, startStripe, stripeEndpoint, stripeEvent } from "../remote/stripe-server.ts";
import { startDelivering } from "./delivery-server.ts";
import { createPlace, ndjson, run, start, type Finished } from "./spawn.ts";
import { hasTerminal, startOnTerminal } from "./terminal.ts";

const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

const lost = [500, 500, 500] as const;
const mended = [...lost, 200];
const shop = { id: "ep_1", url: "https://shop.example/hooks", replies: mended };

const asksOf = (api: { received: { method: string; url: string; body: Buffer }[] }): [string, unknown][] =>
  api.received
    .filter(({ method }) => method === "POST")
    .map(({ url, body }) => [url, JSON.parse(body.toString())]);

describe("deliveries retry, of one", () => {
  test("asks for one more attempt, and tells how it went", async () => {
    const api = await startDelivering({ endpoints: [shop] });
    api.add({}, [...lost]);
    const { code, stdout, stderr } = await run(["deliveries", "retry", "dlv_1"], { env: api.env });
    expect([code, stderr]).toEqual([0, ""]);
    expect(stdout).toBe("✓ dlv_1  https://shop.example/hooks  200 in 12 ms\n");
    expect(asksOf(api)).toEqual([["/v1/deliveries/dlv_1/retry", { force: false }]]);
  });

  test.each([
    ["without --wait, exit 0", [], 0],
    ["with --wait exit 1", ["--wait"], 1],
  ])("one that fails again is, %s", async (_, flags, code) => {
    const api = await startDelivering({ endpoints: [{ ...shop, replies: [500] }] });
    api.add({}, [...lost]);
    const finished = await run(["deliveries", "retry", "dlv_1", ...flags, "--json"], { env: api.env });
    expect(finished.code).toBe(code);
    expect(ndjson(finished.stdout)).toMatchObject([
      { id: "dlv_1", retried: true, code: null, attempts_made: 4, last_attempt: { number: 4, status: 500 } },
    ]);
  });

  test("--wait waits until the attempt was made; its own, not one before", async () => {
    const api = await startDelivering({ endpoints: [shop], after: 3 });
    api.add({}, [...lost]);
    const finished = await run(["deliveries", "retry", "dlv_1", "--wait"], { env: api.env });
    expect(finished).toMatchObject({ code: 0, stdout: expect.stringMatching(/^✓ dlv_1 .*200 in/) as string });
    expect(api.received.filter(({ url }) => url.includes("/changes?limit=100"))).toHaveLength(4);
    const never = await startDelivering({ endpoints: [shop], after: null });
    never.add({}, [...lost]);
    const flags = ["--wait-timeout", "200ms"];
    const waited = await run(["deliveries", "retry", "dlv_1", ...flags], { env: never.env });
    expect(waited).toMatchObject({
      code: 1,
      stdout: expect.stringContaining("not tried again yet") as string,
    });
    const sending = await startDelivering({ endpoints: [shop], after: null });
    const delivery = sending.add({}, [...lost]);
    const underWay = start(["deliveries", "retry", "dlv_1", "--wait-timeout", "400ms"], { env: sending.env });
    await expect.poll(() => asksOf(sending).length, { timeout: 20_000 }).toBe(1);
    // That it is being sent now is no change that is told.
    delivery.status = "sending";
    expect(await underWay.finished).toMatchObject({
      code: 1,
      stdout: "… dlv_1  https://shop.example/hooks  being sent\n",
    });
    const asked = await run(["deliveries", "retry", "dlv_1"], { env: never.env });
    expect(asked).toMatchObject({ code: 0, stderr: expect.stringContaining("or add --wait") as string });
  });

  test("one that has succeeded is refused but for --force; one that there is not is exit 4", async () => {
    const api = await startDelivering();
    api.add({}, [200]);
    const refused = await run(["deliveries", "retry", "dlv_1", "--json"], { env: api.env });
    expect(refused).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(refused)).toMatchObject({
      code: "delivery-succeeded",
      next_steps: ["send it once more all the same: --force"],
    });
    const forced = await run(["deliveries", "retry", "dlv_1", "--force", "--wait"], { env: api.env });
    expect(forced.code).toBe(0);
    const unknown = await run(["deliveries", "retry", "dlv_9"], { env: api.env });
    expect(unknown).toMatchObject({ code: 4, stdout: "" });
  });

  test.skipIf(!hasTerminal)("on a terminal is chosen among those that failed", async () => {
    const api = await startDelivering({ endpoints: [shop] });
    const place = createPlace();
    const none = startOnTerminal(["deliveries", "retry"], { place, env: api.env });
    await none.until("no delivery has failed");
    expect(await none.ended).toBe(2);
    api.add({}, [...lost]);
    const terminal = startOnTerminal(["deliveries", "retry"], { place, env: api.env });
    await terminal.until("Retry which delivery?");
    terminal.type("\r");
    await terminal.until("200 in 12 ms");
    expect(await terminal.ended).toBe(0);
  });
});

describe("deliveries retry, of several", () => {
  test("refused ones are told beside the others: exit 1", async () => {
    const api = await startDelivering({ endpoints: [shop] });
    api.add({}, [200]);
    api.add({}, [...lost]);
    const finished = await run(["deliveries", "retry", "dlv_1", "dlv_2", "dlv_2"], { env: api.env });
    expect(finished.code).toBe(1);
    expect(finished.stdout.split("\n")).toEqual([
      "✓ dlv_2  https://shop.example/hooks  200 in 12 ms",
      "✗ dlv_1  not retried: succeeded already",
      "1 delivery retried · 1 succeeded · 0 failed · 1 not retried",
      "",
    ]);
    expect(asksOf(api)).toEqual([["/v1/deliveries/retry", { ids: ["dlv_1", "dlv_2"], force: false }]]);
    expect(finished.stderr).toBe("  next: send it once more all the same: --force\n");
    const json = await run(["deliveries", "retry", "dlv_1", "dlv_2", "--json"], { env: api.env });
    expect(ndjson(json.stdout)).toMatchObject([
      { id: "dlv_1", retried: false, code: "delivery-succeeded", message: "dlv_1 has succeeded" },
      { id: "dlv_2", retried: false },
    ]);
  });

  test("a filter means the failed ones, oldest first, in parts; --dry-run changes nothing", async () => {
    const api = await startDelivering({ endpoints: [shop] });
    api.add({}, [200]);
    for (let number = 0; number < 120; number++) api.add({}, [...lost]);
    api.add({ event_type: "order.cancelled" }, [...lost]);
    const filter = ["--event", "order.created"];
    const dry = await run(["deliveries", "retry", ...filter, "--dry-run", "--json"], { env: api.env });
    expect(dry.code).toBe(0);
    const { data } = JSON.parse(dry.stdout) as { data: { id: string }[] };
    expect([data.length, data[0]?.id, data.at(-1)?.id]).toEqual([120, "dlv_2", "dlv_121"]);
    expect(asksOf(api)).toEqual([]);

    const asked = await run(["deliveries", "retry", ...filter, "--json"], { env: api.env });
    expect(asked).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(asked)).toMatchObject({
      code: "confirmation-missing",
      message: "nobody can be asked here: Retry 120 deliveries?",
    });
    expect(asksOf(api)).toEqual([]);

    const done = await run(["deliveries", "retry", ...filter, "--yes", "--wait"], { env: api.env });
    expect(done).toMatchObject({ code: 0, stdout: "120 deliveries retried · 120 succeeded · 0 failed\n" });
    const parts = asksOf(api).map(([, body]) => (body as { ids: string[] }).ids);
    expect(parts.map((ids) => ids.length)).toEqual([100, 20]);
    expect(parts.flat()).toEqual(data.map(({ id }) => id));
  });

  test("what is refused is told by reason, and foreseen by --dry-run", async () => {
    const off = { id: "ep_2", url: "https://off.example/", replies: [200], disabled: true };
    const api = await startDelivering({ endpoints: [shop, off] });
    for (let number = 0; number < 5; number++) api.add({ endpoint_id: "ep_2" }, [...lost]);
    api.add({}, [...lost]);
    api.add({}, [200]);
    api.add({ endpoint_id: "ep_3", status: "cancelled" });
    const ids = api.deliveries.map(({ id }) => id);
    const dry = await run(["deliveries", "retry", ...ids, "--dry-run"], { env: api.env });
    expect(dry.code).toBe(0);
    expect(dry.stdout.split("\n").slice(1)).toEqual([
      expect.stringMatching(/^dlv_6 +failed /),
      "✗ 5 deliveries  would not be retried: the endpoint ep_2 is disabled (dlv_1, dlv_2, dlv_3 and 2 more)",
      "✗ dlv_7  would not be retried: succeeded already",
      "✗ dlv_8  would not be retried: the endpoint ep_3 was deleted",
      "",
    ]);
    expect(dry.stderr).toBe(
      "  next: enable it first: hookline endpoints enable ep_2\n" +
        "  next: send it once more all the same: --force\n" +
        "nothing was changed: without --dry-run this one would be retried\n",
    );
    expect(api.received.filter(({ url }) => url.startsWith("/v1/endpoints/"))).toHaveLength(3);
    const json = await run(["deliveries", "retry", ...ids, "--dry-run", "--force", "--json"], {
      env: api.env,
    });
    const { data } = JSON.parse(json.stdout) as { data: { would_retry: boolean; code: string | null }[] };
    expect(data.map(({ code }) => code)).toEqual([
      ...Array.from({ length: 5 }, () => "endpoint-disabled"),
      null,
      null,
      "endpoint-deleted",
    ]);
    expect(data.map(({ would_retry }) => would_retry)).toEqual(data.map(({ code }) => code === null));
    expect(asksOf(api)).toEqual([]);

    const refused = await run(["deliveries", "retry", ...ids.slice(0, 6)], { env: api.env });
    expect(refused.code).toBe(1);
    expect(refused.stdout.split("\n")).toEqual([
      "✓ dlv_6  https://shop.example/hooks  200 in 12 ms",
      "✗ 5 deliveries  not retried: the endpoint ep_2 is disabled (dlv_1, dlv_2, dlv_3 and 2 more)",
      "1 delivery retried · 1 succeeded · 0 failed · 5 not retried",
      "",
    ]);
    expect(refused.stderr).toBe("  next: enable it first: hookline endpoints enable ep_2\n");
  });

  test("a signal says how many were asked for: exit 130", async () => {
    const api = await startDelivering({ endpoints: [shop], after: null });
    api.add({}, [...lost]);
    api.add({}, [...lost]);
    const retrying = start(["deliveries", "retry", "dlv_1", "dlv_2", "--wait"], { env: api.env });
    const looks = (): number => api.received.filter(({ url }) => url.includes("changes?limit=100")).length;
    await expect.poll(looks, { timeout: 20_000 }).toBeGreaterThan(0);
    retrying.kill("SIGINT");
    const { code, stderr } = await retrying.finished;
    expect([code, stderr]).toEqual([
      130,
      "warning: interrupted: 2 of 2 deliveries were asked for; the deliveries go on: see hookline deliveries list\n",
    ]);
  });

  test.skipIf(!hasTerminal)("on a terminal a few are waited for behind a spinner", async () => {
    const api = await startDelivering({ endpoints: [shop], after: null });
    api.add({}, [...lost]);
    const args = ["deliveries", "retry", "dlv_1", "--wait"];
    const terminal = startOnTerminal(args, { place: createPlace(), env: api.env });
    await terminal.until(`waiting for ${api.host}`);
    terminal.type("\x03");
    await terminal.until("1 of 1 deliveries were asked for");
    expect(await terminal.ended).toBe(130);
  });

  test("nothing that fits is no error; one alone that fits is not asked about", async () => {
    const api = await startDelivering({ endpoints: [shop] });
    const none = await run(["deliveries", "retry", "--status", "failed"], { env: api.env });
    expect([none.code, none.stdout, none.stderr]).toEqual([0, "", "no delivery fits: nothing was retried\n"]);
    api.add({}, [...lost]);
    const one = await run(["deliveries", "retry", "--status", "failed"], { env: api.env });
    expect(one).toMatchObject({ code: 0, stdout: expect.stringMatching(/^✓ dlv_1/) as string });
  });

  test("what was asked for is told, whatever goes wrong then", async () => {
    const api = await startDelivering({
      endpoints: [shop],
      after: null,
      instead: ({ url }) =>
        url.includes("changes?limit=100")
          ? { status: 403, body: { code: "scope-missing", detail: "no more" } }
          : undefined,
    });
    api.add({}, [...lost]);
    const finished = await run(["deliveries", "retry", "dlv_1", "--json"], { env: api.env });
    expect(finished.code).toBe(3);
    expect(ndjson(finished.stdout)).toMatchObject([{ id: "dlv_1", retried: true }]);
  });

  test.each([
    [[], "no delivery is named"],
    [["dlv_1", "--since", "1h"], "deliveries are named and filtered at once"],
    [["--status", "succeeded"], "what has succeeded is not sent again unless you insist"],
    [["--status", "failed", "--wait-timeout", "soon"], /^--wait-timeout takes a duration/],
  ])("%j is a usage error", async (args, message) => {
    const api = await startDelivering();
    const finished = await run(["deliveries", "retry", ...args, "--json"], { env: api.env });
    expect(finished).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(finished).message).toMatch(message);
    expect(api.received).toEqual([]);
  });

  test.skipIf(!hasTerminal)("many are asked about on a terminal", async () => {
    const api = await startDelivering({ endpoints: [shop] });
    for (let number = 0; number < 30; number++) api.add({}, [...lost]);
    const args = ["deliveries", "retry", "--status", "failed"];
    const declined = startOnTerminal(args, { place: createPlace(), env: api.env });
    await declined.until("Retry 30 deliveries?");
    declined.type("n\r");
    expect(await declined.ended).toBe(1);
    expect(asksOf(api)).toEqual([]);
    const terminal = startOnTerminal(args, { place: createPlace(), env: api.env });
    await terminal.until("Retry 30 deliveries?");
    terminal.type("y\r");
    await terminal.until("30 deliveries retried · 30 succeeded");
    expect(await terminal.ended).toBe(0);
  });
});

describe("deliveries retry at Stripe", () => {
  test("resends each event by itself to the endpoint that is named; --wait is more than it tells", async () => {
    const place = createPlace();
    const stripe = await startStripe();
    stripe.events.push(...[2, 1].map((number) => stripeEvent(number, { pending_webhooks: 1 })));
    const endpoint = stripeEndpoint(1, { enabled_events: ["*"] });
    stripe.endpoints.push(endpoint);
    await run(["login", stripe.url, "--stripe", "--key", "-"], { place, input: secretKey });
    const ids = stripe.events.map(({ id }) => id);
    const flags = ["--endpoint", endpoint.id];
    const finished = await run(["deliveries", "retry", ...ids, ...flags, "--json"], { place });
    expect(finished.code).toBe(0);
    expect(ndjson(finished.stdout)).toMatchObject(ids.map((id) => ({ id, retried: true })));
    expect(stripe.resent).toEqual(ids.map((event) => ({ event, endpoint: endpoint.id })));
    const people = await run(["deliveries", "retry", ids[0] ?? ""], { place });
    expect(people.stdout).toBe(`… ${ids[0]}  is sent once more\n`);
    expect(people.stderr).toBe("");
    const waited = await run(["deliveries", "retry", ...ids, "--wait", "--json"], { place });
    expect(waited).toMatchObject({ code: 2, stdout: "" });
    expect(errorOf(waited).code).toBe("stripe-unsupported");
    const gone = await run(["deliveries", "retry", ids[0] ?? "", "evt_1NG8Gone", "--json"], { place });
    expect(gone.code).toBe(4);
    expect(stripe.resent).toHaveLength(3);
  });
});
