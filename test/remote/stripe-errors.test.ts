import { inspect } from "node:util";
import { describe, expect, test } from "vitest";
import type { HooklineError } from "../../src/errors.ts";
import { contract, type Remote, type RouteName } from "../../src/remote/contract.ts";
import type { ApiResult } from "../../src/remote/http.ts";
import { createStripeRemote } from "../../src/remote/stripe.ts";
import { closedPort, startServer, values } from "../cli/run-servers.ts";
import { remoteAt } from "./stripe-remote.ts";
import { refusal, secretKey, startStripe, stripeEndpoint, type Canned } from "./stripe-server.ts";

const listed = (remote: Remote): Promise<unknown> => remote.call("endpoints.list", { query: {} });
const failureOf = async (promise: Promise<unknown>): Promise<HooklineError> => {
  const error: unknown = await promise.then(
    () => expect.fail("it succeeded"),
    (reason: unknown) => reason,
  );
  return error as HooklineError;
};
/** Answers of a kind that the SDK would try again after. */
const once = (canned: Canned): Canned => ({
  ...canned,
  headers: { "stripe-should-retry": "false", ...canned.headers },
});

describe("what Stripe answers", () => {
  test.each<[string, Canned, { code: string; exitCode: number }, RegExp]>([
    [
      "a bad parameter",
      refusal(400, { message: "Invalid URL: x.", param: "url" }),
      { code: "stripe-refused", exitCode: 2 },
      /^Stripe refuses the request: Invalid URL: x \(parameter url, request req_Local1\)$/,
    ],
    [
      "a reused idempotency key",
      refusal(400, { type: "idempotency_error", message: "Keys for…" }),
      { code: "stripe-refused", exitCode: 2 },
      /Keys for…/,
    ],
    [
      "a rate limit as 400",
      refusal(400, { code: "rate_limit", message: "Slow down" }),
      { code: "rate-limited", exitCode: 5 },
      /Slow down/,
    ],
    [
      "401",
      refusal(401, { message: "Expired API Key provided: sk_test_****1234" }),
      { code: "key-invalid", exitCode: 3 },
      /sk_test_\*{4}1234/,
    ],
    [
      "402",
      refusal(402, { type: "card_error", message: "Declined" }),
      { code: "stripe-refused", exitCode: 2 },
      /Declined/,
    ],
    ["403", refusal(403, { message: "Not allowed." }), { code: "scope-missing", exitCode: 3 }, /Not allowed/],
    [
      "404",
      refusal(404, { code: "resource_missing", message: "No such thing" }),
      { code: "not-found", exitCode: 4 },
      /No such thing/,
    ],
    [
      "409",
      once(refusal(409, { code: "lock_timeout", message: "Locked" })),
      { code: "stripe-refused", exitCode: 2 },
      /Locked/,
    ],
    [
      "429",
      once({ ...refusal(429, { message: "Too many" }), headers: { "retry-after": "1" } }),
      { code: "rate-limited", exitCode: 5 },
      /Too many/,
    ],
    [
      "500",
      once(refusal(500, { type: "api_error", message: "Oops" })),
      { code: "api-error", exitCode: 5 },
      /status 500: Oops/,
    ],
    [
      "503 as a page",
      once({ status: 503, body: "<html>Busy</html>" }),
      { code: "api-error", exitCode: 5 },
      /status 503: it does not say why/,
    ],
    [
      "401 as a page",
      { status: 401, body: "<html>Who?</html>" },
      { code: "key-invalid", exitCode: 3 },
      /it does not say why/,
    ],
    [
      "404 without an error",
      { status: 404, body: { data: [], has_more: false } },
      { code: "not-found", exitCode: 4 },
      /does not say why/,
    ],
    [
      "an error that is text",
      { status: 400, body: { error: "invalid_grant", error_description: "x" } },
      { code: "stripe-refused", exitCode: 2 },
      /does not say why/,
    ],
    [
      "an error of other shapes",
      {
        status: 400,
        body: '{"error":{"message":{"a":1},"type":[],"headers":3,"__proto__":{"message":"polluted"}}}',
      },
      { code: "stripe-refused", exitCode: 2 },
      /does not say why/,
    ],
    [
      "success with an error",
      { status: 200, body: { error: { message: "No" } } },
      { code: "api-answer-unexpected", exitCode: 5 },
      /No/,
    ],
    [
      "a page",
      { status: 200, body: "<html>Sign in</html>" },
      { code: "api-answer-unexpected", exitCode: 5 },
      /not a JSON object/,
    ],
    [
      "nothing",
      { status: 200, body: "" },
      { code: "api-answer-unexpected", exitCode: 5 },
      /not a JSON object/,
    ],
    [
      "null",
      { status: 200, body: "null" },
      { code: "api-answer-unexpected", exitCode: 5 },
      /not a JSON object/,
    ],
    [
      "an array",
      { status: 200, body: "[]" },
      { code: "api-answer-unexpected", exitCode: 5 },
      /not a JSON object/,
    ],
    [
      "another object",
      { status: 200, body: {} },
      { code: "api-answer-unexpected", exitCode: 5 },
      /data: .*has_more: /,
    ],
    [
      "a list of other things",
      { status: 200, body: { has_more: true, data: [null] } },
      { code: "api-answer-unexpected", exitCode: 5 },
      /data\.0/,
    ],
    [
      "a time no date can hold",
      { status: 200, body: { has_more: false, data: [stripeEndpoint(1, { created: 1e15 })] } },
      { code: "api-answer-unexpected", exitCode: 5 },
      /created/,
    ],
  ])("%s", async (_, canned, expected, message) => {
    const stripe = await startStripe();
    stripe.next.push(canned);
    const error = await failureOf(listed(await remoteAt(stripe.url)));
    expect(error).toMatchObject({ name: "HooklineError", ...expected });
    expect(error.message).toMatch(message);
    expect(stripe.received).toHaveLength(1);
  });

  test.each([301, 302, 303, 307, 308])(
    "%i is not followed, and the key goes nowhere else",
    async (status) => {
      const elsewhere = await startServer();
      const stripe = await startStripe();
      stripe.next.push({
        status,
        headers: { location: elsewhere.url },
        body: { object: "list", has_more: false, data: [] },
      });
      const error = await failureOf(listed(await remoteAt(stripe.url)));
      expect(error).toMatchObject({ code: "api-redirected", exitCode: 5 });
      expect(error.message).toContain(`pointing to 127.0.0.1:${elsewhere.port};`);
      expect(elsewhere.received).toEqual([]);
    },
  );

  test("more than is kept of an answer says so", async () => {
    const stripe = await startStripe();
    stripe.next.push({
      status: 200,
      body: { object: "list", has_more: false, data: [], padding: "x".repeat(2000) },
    });
    const error = await failureOf(listed(await remoteAt(stripe.url, { keepBytes: 1000 })));
    expect(error).toMatchObject({ code: "api-answer-too-large", exitCode: 5 });
    expect(error.message).toMatch(/: 2\d{3} bytes, where 1000 are taken/);
  });

  test("a long message is cut", async () => {
    const stripe = await startStripe();
    stripe.next.push(refusal(400, { message: "x".repeat(100_000), param: "y".repeat(100_000) }));
    expect((await failureOf(listed(await remoteAt(stripe.url)))).message.length).toBeLessThan(3000);
  });

  test("a notice in a header is not printed", async () => {
    const stripe = await startStripe();
    const warnings: unknown[] = [];
    const keep = (warning: unknown): void => void warnings.push(warning);
    process.on("warning", keep);
    stripe.next.push({
      status: 200,
      headers: { "stripe-notice": "buy this" },
      body: { object: "list", has_more: false, data: [] },
    });
    await listed(await remoteAt(stripe.url));
    await new Promise(setImmediate);
    process.off("warning", keep);
    expect(warnings).toEqual([]);
  });
});

test("the key is in no error, whoever repeats it", async () => {
  const stripe = await startStripe();
  const remote = await remoteAt(stripe.url);
  const cases: Canned[] = [
    refusal(401, { message: `Invalid API Key provided: ${secretKey}.`, param: secretKey }),
    refusal(400, { message: "No", param: secretKey, code: secretKey, type: secretKey }),
    once({ ...refusal(500, { message: `${"x".repeat(1990)}${secretKey}` }) }),
    { status: 302, headers: { location: `https://example.com/?key=${secretKey}` } },
    { ...refusal(400, { message: "No" }), headers: { "request-id": secretKey } },
    { status: 200, body: { error: { message: secretKey } } },
  ];
  for (const canned of cases) {
    stripe.next.push(canned);
    const error = await failureOf(listed(remote));
    expect(error.code).toMatch(/^[a-z-]+$/);
    expect(inspect(error, { depth: 10 })).not.toContain("LocalServerOnly");
  }
});

test.each([
  ["pk_test_51Mr", "api-key-publishable"],
  ["", "api-key-malformed"],
  ["sk_test_a b", "api-key-malformed"],
  ["sk_test_a\r\nX-Injected: 1", "api-key-malformed"],
  ["sk_test_ä", "api-key-malformed"],
])("a key that can be none is refused before anything is sent: %j", (key, code) => {
  const options = { url: new URL("http://127.0.0.1:1"), exchange: () => expect.fail("sent"), eventTypes: [] };
  const create = (): Remote => createStripeRemote({ key, ...options });
  expect(create).toThrow(expect.objectContaining({ code, exitCode: 2 }));
});

describe("what is asked", () => {
  test.each([
    [["checkout.*"], /not checkout\.\*$/, /checkout\.session\.completed, checkout\.session\.expired$/],
    [["charge.refunded", "customer.*"], /not customer\.\*$/, /such as charge\.refunded$/],
  ])("filters of more than one type but not all are refused: %j", async (events, message, step) => {
    const stripe = await startStripe();
    const remote = await remoteAt(stripe.url);
    const url = "https://example.com/";
    for (const call of [
      remote.call("endpoints.create", { body: { url, provider: "stripe", events } }),
      remote.call("endpoints.update", { params: { id: "we_1" }, body: { events } }),
    ]) {
      const error = await failureOf(call);
      expect(error).toMatchObject({ code: "stripe-unsupported", exitCode: 2 });
      expect(error.message).toMatch(message);
      expect(error.nextSteps[0]).toMatch(step);
    }
    expect(stripe.received).toEqual([]);
  });

  test("what a server would refuse is refused here", async () => {
    const stripe = await startStripe();
    const remote = await remoteAt(stripe.url);
    const url = "https://example.com/";
    const events = ["*"];
    const calls: [Promise<unknown>, string, number][] = [
      [
        remote.call("endpoints.create", { body: { url: "ftp://x", provider: "stripe", events } }),
        "body-invalid",
        2,
      ],
      [
        remote.call("endpoints.create", { body: { url, provider: "fareplay", events } }),
        "stripe-unsupported",
        2,
      ],
      [remote.call("endpoints.update", { params: { id: "we_1" }, body: {} }), "body-invalid", 2],
      [remote.call("events.list", { query: { limit: 101 } }), "query-invalid", 2],
      [remote.call("events.list", { query: { since: "yesterday" } }), "query-invalid", 2],
      [remote.call("endpoints.list", { query: { limit: 0 } }), "query-invalid", 2],
      [remote.call("endpoints.get", { params: { id: "" } }), "id-invalid", 4],
      [remote.call("endpoints.delete", { params: { id: ".." } }), "id-invalid", 4],
      [remote.call("events.get", { params: { id: "a/b" } }), "id-invalid", 4],
      [remote.call("deliveries.list", { query: { limit: 0, status: "failed" } }), "query-invalid", 2],
      [remote.call("deliveries.list", { query: { event_id: "../x" } }), "id-invalid", 4],
      [remote.call("deliveries.get", { params: { id: "a/b" } }), "id-invalid", 4],
      [remote.call("deliveries.retry", { params: { id: "../account?" }, body: {} }), "id-invalid", 4],
      [
        remote.call("deliveries.retry", { params: { id: "evt_1" }, body: { endpoint_id: "we_1&x" } }),
        "id-invalid",
        4,
      ],
      [
        remote.call("deliveries.retry", { params: { id: "evt_1" }, body: { endpoint_id: "" } }),
        "body-invalid",
        2,
      ],
    ];
    for (const [call, code, exitCode] of calls)
      expect(await failureOf(call)).toMatchObject({ code, exitCode });
    expect(stripe.received).toEqual([]);
  });

  const served: RouteName[] = [
    "keys.current",
    "endpoints.list",
    "endpoints.create",
    "endpoints.get",
    "endpoints.update",
    "endpoints.delete",
    "eventTypes.list",
    "events.list",
    "events.get",
    "deliveries.list",
    "deliveries.get",
    "deliveries.retry",
  ];
  const names = Object.keys(contract) as RouteName[];
  test.each(names.filter((name) => !served.includes(name)))(
    "%s is not Stripe's, and says what is",
    async (name) => {
      const stripe = await startStripe();
      const remote = await remoteAt(stripe.url);
      const error = await failureOf(remote.call(name, {}));
      expect(error).toMatchObject({ code: "stripe-unsupported", exitCode: 2 });
      expect(error.message).toContain("Stripe");
      expect(error.nextSteps.length).toBeGreaterThan(0);
      expect(stripe.received).toEqual([]);
    },
  );
});

describe("trying again", () => {
  test("is the SDK's, after what may pass, and the same POST under the same key", async () => {
    const body = { url: "https://example.com/", provider: "stripe", events: ["*"] };
    // Together: between tries half a second passes.
    const passing: Canned[] = [
      refusal(409, { code: "lock_timeout", message: "Locked" }),
      refusal(500, { type: "api_error", message: "Oops" }),
      {
        ...refusal(429, { message: "Too many" }),
        headers: { "stripe-should-retry": "true", "retry-after": "0" },
      },
      refusal(429, { message: "Too many" }),
      { status: 0, reset: "before" },
      { status: 0, reset: "after" },
    ];
    await Promise.all(
      passing.map(async (canned) => {
        const stripe = await startStripe();
        stripe.next.push(canned);
        const remote = await remoteAt(stripe.url);
        const made = await remote.call("endpoints.create", { body });
        expect(made.secret).toMatch(/^whsec_/);
        const keys = stripe.received.flatMap(({ headers }) => values(headers, "idempotency-key"));
        expect(keys).toHaveLength(2);
        expect(new Set(keys).size).toBe(1);
        await remote.call("endpoints.create", { body });
        expect(stripe.received.flatMap(({ headers }) => values(headers, "idempotency-key"))[2]).not.toBe(
          keys[0],
        );
        expect(stripe.endpoints).toHaveLength(2);
      }),
    );
  });

  test("ends after two more tries", async () => {
    const oops = refusal(500, { type: "api_error", message: "Oops" });
    const stripe = await startStripe();
    stripe.next.push(oops, oops, oops, oops);
    const [failing, refused] = await Promise.all([
      failureOf(listed(await remoteAt(stripe.url))),
      failureOf(listed(await remoteAt(`http://127.0.0.1:${await closedPort()}`))),
    ]);
    expect(failing).toMatchObject({ code: "api-error", exitCode: 5 });
    expect(stripe.received).toHaveLength(3);
    expect(refused).toMatchObject({ code: "api-unreachable", exitCode: 5 });
    expect(refused.message).toMatch(/127\.0\.0\.1:\d+ cannot be reached: connection refused$/);
  });

  test("is not for what another try does not mend", async () => {
    const url = new URL("https://api.stripe.com");
    for (const error of ["tls", "aborted"]) {
      let tries = 0;
      const exchange = (): Promise<ApiResult> => {
        tries++;
        return Promise.resolve({ ok: false, error, message: `of ${error}` });
      };
      const remote = createStripeRemote({ key: secretKey, url, exchange, eventTypes: [] });
      expect(await failureOf(listed(remote))).toMatchObject({
        code: "api-unreachable",
        message: `Stripe's API at api.stripe.com cannot be reached: of ${error}`,
      });
      expect(tries).toBe(1);
    }
  });

  test("what may have been done says so", async () => {
    const url = new URL("https://api.stripe.com");
    const steps = async (error: string, call: (remote: Remote) => Promise<unknown>): Promise<string> => {
      const exchange = (): Promise<ApiResult> => Promise.resolve({ ok: false, error, message: "x" });
      const remote = createStripeRemote({ key: secretKey, url, exchange, eventTypes: [] });
      return (await failureOf(call(remote))).nextSteps.join("; ");
    };
    const remove = (remote: Remote): Promise<unknown> =>
      remote.call("endpoints.delete", { params: { id: "we_1" } });
    expect(await steps("aborted", remove)).toMatch(/done all the same/);
    expect(await steps("aborted", listed)).not.toMatch(/done all the same/);
  });
});

test("closing closes what it was given", async () => {
  let closed = 0;
  const close = async (): Promise<void> => void closed++;
  const url = new URL("https://api.stripe.com");
  await createStripeRemote({
    key: secretKey,
    url,
    exchange: () => expect.fail("sent"),
    eventTypes: [],
    close,
  }).close();
  expect(closed).toBe(1);
});
