import { afterEach, describe, expect, test } from "vitest";
import type { HooklineError } from "../../src/errors.ts";
import { contract, type Input, type Remote, type RouteName } from "../../src/remote/contract.ts";
import { createHttpRemote, type ApiResult, type HttpRemoteOptions } from "../../src/remote/http.ts";
import { createSender, type SenderOptions } from "../../src/transport/send.ts";
import {
  closedPort,
  startRawServer,
  startServer,
  values,
  type Answerer,
  type TestServer,
} from "../cli/run-servers.ts";

const apiKey = "hk_0123456789abcdef";
const now = Date.UTC(2026, 0, 2, 3, 4, 5);

const open: Remote[] = [];
afterEach(async () => {
  await Promise.all(open.splice(0).map((remote) => remote.close()));
});

interface Client {
  remote: Remote;
  /** Milliseconds that it would have waited. */
  waits: number[];
}

async function clientOf(
  url: string,
  options: Partial<HttpRemoteOptions> = {},
  sending: Partial<SenderOptions> = {},
): Promise<Client> {
  const sender = await createSender(new URL(url), { timeoutMs: 10_000, keepBytes: 100_000, ...sending });
  const waits: number[] = [];
  let keys = 0;
  const remote = createHttpRemote({
    url: new URL(url),
    key: apiKey,
    exchange: (request) => sender.send(request),
    close: () => sender.close(),
    idempotencyKey: () => `idem-${++keys}`,
    sleep: async (ms) => void waits.push(ms),
    random: () => 0.5,
    now: () => now,
    userAgent: "hookline/1.2.3",
    ...options,
  });
  open.push(remote);
  return { remote, waits };
}

const json =
  (status: number, document: unknown, headers: Record<string, string> = {}): Answerer =>
  (_, response) =>
    void response
      .writeHead(status, { "content-type": "application/json", ...headers })
      .end(JSON.stringify(document));
const html =
  (status: number, headers: Record<string, string> = {}): Answerer =>
  (_, response) =>
    void response
      .writeHead(status, { "content-type": "text/html", ...headers })
      .end("<!doctype html><title>Oh</title>");
/** Answers each request as the next of these says, and the rest as the last. */
const inTurn = (...answers: readonly Answerer[]): Answerer => {
  let turn = 0;
  return (...given) => answers[Math.min(turn++, answers.length - 1)]?.(...given);
};

async function failure(promise: Promise<unknown>): Promise<HooklineError> {
  return promise.then(
    () => Promise.reject(new Error("was answered")),
    (error: HooklineError) => error,
  );
}
const headersOf = ({ received }: TestServer, name: string): string[][] =>
  received.map(({ headers }) => values(headers, name));

const healthy = { status: "ok", version: "1" };
const deleted = { id: "ep_1", deleted: true };
const retried = {
  data: [{ id: "dlv_1", retried: true, code: null, message: null }],
  next_cursor: null,
};

describe("a request", () => {
  test("is the route's own, with the key, and nothing that it does not need", async () => {
    const server = await startServer(json(200, { data: [], next_cursor: null }));
    const { remote } = await clientOf(server.url);
    const query = { limit: 5, provider: "a&b=c d/é", cursor: undefined } as Input<"endpoints.list">["query"];
    expect(await remote.call("endpoints.list", { query })).toEqual({ data: [], next_cursor: null });
    const [request] = server.received;
    expect(request?.method).toBe("GET");
    expect(request?.url).toBe("/v1/endpoints?limit=5&provider=a%26b%3Dc+d%2F%C3%A9");
    expect(request?.body.length).toBe(0);
    const headers = request?.headers.flatMap((part, index) => (index % 2 === 0 ? part.toLowerCase() : []));
    expect(headers?.sort()).toEqual(["accept", "connection", "host", "user-agent", "x-api-key"]);
    expect(headersOf(server, "accept")).toEqual([["application/json, application/problem+json"]]);
    expect(headersOf(server, "user-agent")).toEqual([["hookline/1.2.3"]]);
    expect(headersOf(server, "x-api-key")).toEqual([[apiKey]]);
  });

  test("of POST carries its body as JSON and an idempotency key of its own", async () => {
    const server = await startServer(json(202, retried));
    const { remote } = await clientOf(server.url);
    const body = { event_type: "order.créé" };
    expect(await remote.call("deliveries.retryMany", { body })).toEqual(retried);
    await remote.call("deliveries.retryMany", { body: {} });
    expect(server.received.map((request) => request.body.toString())).toEqual([JSON.stringify(body), "{}"]);
    expect(server.received[0]).toMatchObject({ method: "POST", url: "/v1/deliveries/retry" });
    expect(headersOf(server, "content-type")).toEqual([["application/json"], ["application/json"]]);
    expect(headersOf(server, "idempotency-key")).toEqual([["idem-1"], ["idem-2"]]);
  });

  test("of POST without a body, PATCH and DELETE say no more than they must", async () => {
    const server = await startServer(json(200, deleted));
    const { remote } = await clientOf(server.url);
    await remote.call("endpoints.delete", { params: { id: "ep_1" } });
    await failure(remote.call("endpoints.update", { params: { id: "ep_2" }, body: { status: "enabled" } }));
    await failure(remote.call("keys.revoke", { params: { id: "key_3" } }));
    expect(server.received.map(({ method, url, body }) => `${method} ${url} ${body.toString()}`)).toEqual([
      "DELETE /v1/endpoints/ep_1 ",
      'PATCH /v1/endpoints/ep_2 {"status":"enabled"}',
      "POST /v1/keys/key_3/revoke ",
    ]);
    expect(headersOf(server, "content-type")).toEqual([[], ["application/json"], []]);
    expect(headersOf(server, "idempotency-key")).toEqual([[], [], ["idem-1"]]);
  });

  test.each([
    ["/", "/v1/health"],
    ["/api", "/api/v1/health"],
    ["/a%20b/c//?x=1#y", "/a%20b/c/v1/health"],
  ])("goes below the URL's path %j", async (path, expected) => {
    const server = await startServer(json(200, healthy));
    const { remote } = await clientOf(`${server.url}${path}`);
    await remote.call("health", {});
    expect(server.received[0]?.url).toBe(expected);
  });

  test("does not show the key to what needs none, nor one that is not there", async () => {
    const server = await startServer(json(200, healthy));
    await (await clientOf(server.url)).remote.call("health", {});
    const keyless = (await clientOf(server.url, { key: undefined })).remote;
    await failure(keyless.call("keys.current", {}));
    expect(headersOf(server, "x-api-key")).toEqual([[], []]);
  });

  test.each([".", "..", "../keys", "", "dlv_1/../../keys", "dlv_1?x", "\ud800", "x".repeat(1_000_000)])(
    "never leaves for an id that would lead elsewhere: %#",
    async (id) => {
      const server = await startServer(json(202, retried));
      const { remote } = await clientOf(server.url);
      const error = await failure(remote.call("deliveries.retry", { params: { id }, body: {} }));
      expect(error).toMatchObject({ code: "id-invalid", exitCode: 4 });
      expect(error.message).toContain("must be an id such as dlv_");
      expect(error.message.length).toBeLessThan(200);
      expect(server.received).toEqual([]);
    },
  );

  test.each(["", "a b", "abc\n", "abc\r\nx: y", "schlüssel", "\0"])(
    "needs a key that is one: %j",
    async (key) => {
      const error = await failure(clientOf("http://127.0.0.1:9", { key }));
      expect(error).toMatchObject({ code: "api-key-malformed", exitCode: 2 });
      if (key !== "") expect(error.message).not.toContain(key);
    },
  );
});

describe("another try", () => {
  const busy = html(503);

  test("waits longer each time, within bounds of chance, and carries the same idempotency key", async () => {
    const server = await startServer(inTurn(busy, html(502), json(202, retried)));
    const { remote, waits } = await clientOf(server.url);
    expect(await remote.call("deliveries.retryMany", { body: {} })).toEqual(retried);
    expect(waits).toEqual([187.5, 375]);
    expect(headersOf(server, "idempotency-key")).toEqual([["idem-1"], ["idem-1"], ["idem-1"]]);
    expect(new Set(server.received.map(({ body, url }) => `${url} ${body.toString()}`)).size).toBe(1);

    for (const [random, expected] of [
      [0, [125, 250]],
      [0.999, [249.875, 499.75]],
    ] as const) {
      const again = await clientOf((await startServer(busy)).url, { random: () => random });
      await failure(again.remote.call("health", {}));
      expect(again.waits).toEqual(expected);
    }
  });

  const calls = {
    GET: (remote: Remote) => remote.call("health", {}),
    POST: (remote: Remote) => remote.call("deliveries.retryMany", { body: {} }),
    PATCH: (remote: Remote) =>
      remote.call("endpoints.update", { params: { id: "ep_1" }, body: { status: "enabled" } }),
    DELETE: (remote: Remote) => remote.call("endpoints.delete", { params: { id: "ep_1" } }),
  };
  const methods = Object.keys(calls) as (keyof typeof calls)[];
  const thrice = [429, 502, 503, 504];
  const once = [300, 304, 308, 400, 401, 403, 404, 408, 409, 410, 422, 501];
  test.each(methods)("is made of %s for what may pass, three times in all", async (method) => {
    const statuses = [...thrice, ...once, 500, 599];
    for (const status of statuses) {
      const server = await startServer(html(status));
      const { remote, waits } = await clientOf(server.url);
      await failure(calls[method](remote));
      const expected = thrice.includes(status) || (method === "GET" && !once.includes(status)) ? 3 : 1;
      expect([status, server.received.length, waits.length]).toEqual([status, expected, expected - 1]);
    }
  });

  test("is not made after a success that cannot be understood", async () => {
    const server = await startServer(html(200));
    await failure((await clientOf(server.url)).remote.call("health", {}));
    expect(server.received.length).toBe(1);
  });

  test.each([
    ["0", [0]],
    ["2", [2000]],
    [" 30 ", [30_000]],
    ["Fri, 02 Jan 2026 03:04:12 GMT", [7000]],
    ["Fri, 02 Jan 2026 03:04:00 GMT", [0]],
    ["soon", [187.5]],
    ["-1", [187.5]],
    ["1.5", [187.5]],
    ["Xyz, 99 Abc 2026 03:04:12 GMT", [187.5]],
  ])("waits as long as the server asks: %j", async (value, expected) => {
    const server = await startServer(inTurn(html(429, { "retry-after": value }), json(200, healthy)));
    const { remote, waits } = await clientOf(server.url);
    expect(await remote.call("health", {})).toEqual(healthy);
    expect(waits).toEqual(expected);
  });

  test.each([
    ["2026", "try again in 2026 s, after 2026-01-02T03:37:51.000Z"],
    ["31", "try again in 31 s, after 2026-01-02T03:04:36.000Z"],
    ["Fri, 02 Jan 2026 04:04:05 GMT", "try again in 3600 s, after 2026-01-02T04:04:05.000Z"],
    ["9".repeat(400), "try again in 31536000 s, after 2027-01-02T03:04:05.000Z"],
    ["Sun, 02 Jan 9999 04:04:05 GMT", "try again in 31536000 s, after 2027-01-02T03:04:05.000Z"],
  ])("is given up at once where the server asks for longer than half a minute: %#", async (value, step) => {
    const problem = { code: "too-many-failures", detail: "too many", next_steps: ["calm down"] };
    const server = await startServer(json(429, problem, { "retry-after": value }));
    const { remote, waits } = await clientOf(server.url);
    expect(await failure(remote.call("keys.current", {}))).toMatchObject({
      code: "too-many-failures",
      exitCode: 5,
      message: "too many",
      nextSteps: ["calm down", step],
    });
    expect([server.received.length, waits]).toEqual([1, []]);
  });

  test("that comes to nothing ends with when to try next, where the server says so", async () => {
    const server = await startServer(html(503, { "retry-after": "10" }));
    const { remote, waits } = await clientOf(server.url);
    const { nextSteps } = await failure(remote.call("health", {}));
    expect(nextSteps).toEqual(["try again in 10 s, after 2026-01-02T03:04:15.000Z"]);
    expect(waits).toEqual([10_000, 10_000]);
  });

  test("is made after a lost connection, and helps", async () => {
    const lost: Answerer = (_, response) => void response.destroy();
    const server = await startServer(inTurn(lost, lost, json(202, retried)));
    const { remote, waits } = await clientOf(server.url);
    expect(await remote.call("deliveries.retryMany", { body: {} })).toEqual(retried);
    expect(waits.length).toBe(2);
    expect(headersOf(server, "idempotency-key")).toEqual([["idem-1"], ["idem-1"], ["idem-1"]]);
  });
});

describe("what cannot be reached", () => {
  test("is named with its host and the reason, after three tries", async () => {
    const port = await closedPort();
    const { remote, waits } = await clientOf(`http://127.0.0.1:${port}/api`);
    const error = await failure(remote.call("keys.revoke", { params: { id: "key_1" } }));
    expect(error).toMatchObject({ code: "api-unreachable", exitCode: 5 });
    expect(error.message).toBe(`the API at 127.0.0.1:${port} cannot be reached: connection refused`);
    expect(error.nextSteps).toHaveLength(1);
    expect(waits.length).toBe(2);
  });

  test("may have done what it was asked where the answer was lost, unless it only read", async () => {
    const server = await startServer((_, response) => void response.destroy());
    const { remote } = await clientOf(server.url);
    const doubt = expect.stringContaining("look before you repeat it") as string;
    const changed = await failure(remote.call("keys.revoke", { params: { id: "key_1" } }));
    expect(changed.nextSteps).toContainEqual(doubt);
    expect((await failure(remote.call("health", {}))).nextSteps).not.toContainEqual(doubt);
  });

  test.each([
    ["tls", 1],
    ["aborted", 1],
    ["refused", 3],
    ["dns", 3],
    ["unreachable", 3],
    ["timeout", 3],
    ["reset", 3],
    ["protocol", 3],
  ])("by %s is tried so often: %d", async (error, tries) => {
    let sent = 0;
    const exchange = async (): Promise<ApiResult> => {
      sent++;
      return { ok: false, error, message: "because" };
    };
    const { remote } = await clientOf("http://api.test", { exchange });
    expect(await failure(remote.call("health", {}))).toMatchObject({
      code: "api-unreachable",
      message: "the API at api.test cannot be reached: because",
    });
    expect(sent).toBe(tries);
  });

  test("is given up when the client is closed", async () => {
    let asked = (): void => undefined;
    const came = new Promise<void>((resolve) => (asked = resolve));
    const server = await startServer(() => asked());
    const { remote, waits } = await clientOf(server.url);
    const answer = failure(remote.call("health", {}));
    await came;
    await remote.close();
    expect(await answer).toMatchObject({ code: "api-unreachable", exitCode: 5 });
    expect(waits).toEqual([]);
  });
});

describe("a redirect", () => {
  test.each([301, 302, 303, 307, 308])(
    "of %d is not followed, and the key is not sent on",
    async (status) => {
      const elsewhere = await startServer(json(200, healthy));
      const location = `${elsewhere.url}/v1/keys/current?token=private`;
      const server = await startServer(html(status, { location }));
      const { remote } = await clientOf(server.url);
      const error = await failure(remote.call("keys.current", {}));
      expect(error).toMatchObject({ code: "api-redirected", exitCode: 5 });
      expect(error.message).toContain(`pointing to 127.0.0.1:${elsewhere.port};`);
      expect(error.message).not.toContain("private");
      expect(error.nextSteps).toEqual([expect.stringContaining("hookline login")]);
      expect([server.received.length, elsewhere.received.length]).toEqual([1, 0]);
    },
  );

  test.each([
    ["/login", "pointing to 127.0.0.1:"],
    ["//evil.test/x", "pointing to evil.test;"],
    ["https://user:pass@evil.test:8443/x", "pointing to evil.test:8443;"],
    ["http://[", "pointing to another place;"],
    ["javascript:alert(1)", "pointing to another place;"],
  ])("to %j says where as a host", async (location, expected) => {
    const server = await startServer(html(302, { location }));
    const { message } = await failure((await clientOf(server.url)).remote.call("health", {}));
    expect(message).toContain(expected);
    expect(message).not.toContain("pass");
  });

  test("without a place is one as well", async () => {
    const server = await startServer(html(302));
    const error = await failure((await clientOf(server.url)).remote.call("health", {}));
    expect(error.message).toContain("pointing to another place;");
  });
});

describe("an answer", () => {
  test("of an HTML page is told by its status", async () => {
    const { remote } = await clientOf((await startServer(html(404))).url);
    expect(await failure(remote.call("health", {}))).toMatchObject({
      code: "api-error",
      exitCode: 4,
      message: "the API answered 404 Not Found without saying why",
    });
    const welcome = await clientOf((await startServer(html(200))).url);
    const error = await failure(welcome.remote.call("health", {}));
    expect(error).toMatchObject({ code: "api-answer-unexpected", exitCode: 5 });
    expect(error.message).toContain("it is not JSON");
  });

  const raw =
    (body: Uint8Array): Answerer =>
    (_, response) =>
      void response.end(body);
  test.each([
    ["nothing", Buffer.from("")],
    ["half a document", Buffer.from('{"status":"ok","version":"1')],
    ["no UTF-8", Buffer.from('{"status":"ok","version":"\xff"}', "latin1")],
    ["deep nonsense", Buffer.from("[".repeat(90_000))],
    ["a deep document", Buffer.from("[".repeat(40_000) + "]".repeat(40_000))],
  ])("of %s is not understood", async (_, body) => {
    const { remote } = await clientOf((await startServer(raw(body))).url);
    expect(await failure(remote.call("health", {}))).toMatchObject({
      code: "api-answer-unexpected",
      exitCode: 5,
    });
  });

  test("with a byte order mark is JSON all the same", async () => {
    const { remote } = await clientOf(
      (await startServer(raw(Buffer.from(`\ufeff${JSON.stringify(healthy)}`)))).url,
    );
    expect(await remote.call("health", {})).toEqual(healthy);
  });

  test("that is larger than what is kept says so; an error that large is told by its status", async () => {
    const page = Buffer.from(JSON.stringify({ ...healthy, detail: "x".repeat(300_000), code: "it-failed" }));
    const large = await clientOf((await startServer(raw(page))).url);
    const error = await failure(large.remote.call("health", {}));
    expect(error).toMatchObject({ code: "api-answer-too-large", exitCode: 5 });
    expect(error.message).toBe(`the API's answer is too large: ${page.length} bytes, where 100000 are taken`);

    const failing = await startServer((_, response) => void response.writeHead(422).end(page));
    expect(await failure((await clientOf(failing.url)).remote.call("health", {}))).toMatchObject({
      code: "api-error",
      exitCode: 2,
    });
  });

  test("that breaks off is a lost connection", async () => {
    const server = await startRawServer(() => 'HTTP/1.1 200 OK\r\nContent-Length: 100\r\n\r\n{"status":"ok"');
    const { remote, waits } = await clientOf(server.url);
    expect(await failure(remote.call("health", {}))).toMatchObject({ code: "api-unreachable", exitCode: 5 });
    expect(waits.length).toBe(2);
  });

  test("that is no HTTP is told as such", async () => {
    const server = await startRawServer(() => "SSH-2.0-OpenSSH_9.6\r\n");
    const { remote } = await clientOf(server.url);
    expect(await failure(remote.call("health", {}))).toMatchObject({ code: "api-unreachable", exitCode: 5 });
  });

  test("of a problem is the server's own words, in the size of a message", async () => {
    const detail = `no\u001b[31m${"x".repeat(1_000_000)}`;
    const problem = JSON.stringify({ code: "key-revoked", detail, "": 1 }).replace(
      '"":1',
      '"__proto__":{"code":"x"}',
    );
    const server = await startServer((_, response) => void response.writeHead(401).end(problem));
    const { remote } = await clientOf(server.url, {}, { keepBytes: 2_000_000 });
    const error = await failure(remote.call("keys.current", {}));
    expect(error).toMatchObject({ code: "key-revoked", exitCode: 3 });
    expect(error.message.length).toBe(1000);
  });

  test("that echoes the request does not bring the key into a message", async () => {
    const server = await startServer((request, ...rest) =>
      json(403, {
        code: "scope-missing",
        detail: `no: ${request.headers.join(" ")}`,
        next_steps: [`forget ${values(request.headers, "x-api-key")[0]}`],
        errors: [{ path: apiKey, message: apiKey }],
      })(request, ...rest),
    );
    const error = await failure((await clientOf(server.url)).remote.call("keys.current", {}));
    expect(error.code).toBe("scope-missing");
    expect(error.message).toContain("x-api-key (the key)");
    expect(JSON.stringify([error.message, error.nextSteps, error.cause])).not.toContain(apiKey);
  });
});

test("every route is asked for at its own place", async () => {
  const server = await startServer(html(404));
  const { remote } = await clientOf(server.url);
  const ids: Record<string, string> = {
    keys: "key_1",
    endpoints: "ep_1",
    events: "evt_1",
    deliveries: "dlv_1",
  };
  const expected: string[] = [];
  for (const name of Object.keys(contract) as RouteName[]) {
    const id = ids[name.split(".")[0] ?? ""] ?? "";
    const input = { params: { id }, query: {}, body: {} } as unknown;
    await failure(remote.call(name, input));
    expected.push(`${contract[name].method} ${contract[name].path.replace("{id}", id)}`);
  }
  expect(server.received.map(({ method, url }) => `${method} ${url}`)).toEqual(expected);
});
