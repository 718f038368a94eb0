import { connect } from "node:net";
import { describe, expect, test } from "vitest";
import { problem } from "../../src/remote/schemas.ts";
import { exchange, post, values } from "../cli/run-servers.ts";
import { openPlane, type Plane, type Served } from "./plane.ts";

interface Asking {
  plane: Plane;
  served: Served;
  key: string;
}

async function start(): Promise<Asking> {
  const plane = await openPlane();
  return { plane, served: await plane.serve(), key: plane.root };
}

type Seen = Awaited<ReturnType<Served["send"]>>;

/** What every problem document has to be. */
function expectProblem(answer: Seen, status: number, code: string): void {
  expect([answer.status, answer.json["code"]]).toEqual([status, code]);
  expect(values(answer.headers, "content-type")).toEqual(["application/problem+json"]);
  expect(problem.strict().safeParse(answer.json).error).toBeUndefined();
  expect(answer.json["status"]).toBe(status);
  expect(answer.json["type"]).toBe(`urn:hookline:problem:${code}`);
  expect(answer.body.toString("utf8")).not.toMatch(/node_modules|\.ts\b|\bat .+:\d+/);
  expect(answer.body.length).toBeLessThan(10_000);
  expectHeaders(answer);
}

function expectHeaders({ headers }: Seen): void {
  expect(values(headers, "cache-control")).toEqual(["no-store"]);
  expect(values(headers, "x-content-type-options")).toEqual(["nosniff"]);
  expect(values(headers, "x-request-id")).toHaveLength(1);
}

describe("a path or method", () => {
  test.each([
    ["GET", "/", 404, "not-found", undefined],
    ["GET", "/v1", 404, "not-found", undefined],
    ["GET", "/v1/keys/", 404, "not-found", undefined],
    ["GET", "//v1/keys", 404, "not-found", undefined],
    ["GET", "/v1//keys", 404, "not-found", undefined],
    ["GET", "/V1/keys", 404, "not-found", undefined],
    ["GET", "/v1/keys%3Flimit=1", 404, "not-found", undefined],
    ["GET", "/v1/keys/key_1/rotate/x", 404, "not-found", undefined],
    ["GET", "/v1/keys/__proto__", 404, "not-found", undefined],
    ["GET", "/v1/keys/constructor", 404, "not-found", undefined],
    ["GET", "/v1/keys/key_0%00", 404, "not-found", undefined],
    ["GET", "/v1/keys/key_0%0a", 404, "not-found", undefined],
    ["GET", "/v1/keys/KEY_0", 404, "not-found", undefined],
    ["GET", "/v1/keys/ep_0", 404, "not-found", undefined],
    ["GET", "/v1/keys/%zz", 404, "not-found", undefined],
    ["GET", "/v1/keys/%ff%fe", 404, "not-found", undefined],
    ["GET", "/v1/keys/key_1%2Frotate", 404, "not-found", undefined],
    ["GET", `/v1/keys/key_${"0".repeat(8000)}`, 404, "not-found", undefined],
    ["PUT", "/v1/keys", 405, "method-not-allowed", "GET, POST"],
    ["OPTIONS", "/v1/keys", 405, "method-not-allowed", "GET, POST"],
    ["TRACE", "/v1/keys", 405, "method-not-allowed", "GET, POST"],
    ["PROPFIND", "/v1/keys", 405, "method-not-allowed", "GET, POST"],
    ["POST", "/v1/keys/current", 405, "method-not-allowed", "GET"],
    ["DELETE", "/v1/keys/key_1", 405, "method-not-allowed", "GET"],
    ["GET", "/v1/keys/key_1/rotate", 405, "method-not-allowed", "POST"],
    ["POST", "/v1/endpoints/ep_1", 405, "method-not-allowed", "GET, PATCH, DELETE"],
    ["POST", "/v1/health", 405, "method-not-allowed", "GET"],
  ])("%s %s is answered with %d %s", async (method, path, status, code, allow) => {
    const { served, key } = await start();
    const answer = await served.send(method, path, { key });
    expectProblem(answer, status, code);
    expect(values(answer.headers, "allow")).toEqual(allow === undefined ? [] : [allow]);
  });

  test("that is known is logged by its route: neither what is in it nor the query", async () => {
    const { plane, served, key } = await start();
    await served.send("DELETE", `/v1/keys/${key}?key=${key}`, { key });
    await served.send("GET", `/v1/keys/${key}?key=${key}`, { key });
    await served.send("GET", `/v1/nothing?key=${key}`, { key });
    await served.send("POST", "/v1/keys", { key, body: { name: "new", scopes: ["keys:read"] } });
    await served.send("GET", "/v1/keys", { headers: { authorization: `Bearer ${key}x` } });
    expect(plane.requests.map(({ method, path, status, code }) => [method, path, status, code])).toEqual([
      ["DELETE", "/v1/keys/{id}", 405, "method-not-allowed"],
      ["GET", "/v1/keys/{id}", 404, "not-found"],
      ["GET", "/v1/nothing", 404, "not-found"],
      ["POST", "/v1/keys", 201, null],
      ["GET", "/v1/keys", 401, "key-invalid"],
    ]);
    expect(JSON.stringify([plane.requests, plane.events])).not.toContain(key);
    expect(plane.requests[3]).toMatchObject({ address: "127.0.0.1", accountId: plane.account.id });
  });

  test("HEAD has the headers of GET and no body", async () => {
    const { served, key } = await start();
    const answer = await served.send("HEAD", "/v1/keys", { key });
    expect([answer.status, answer.body.length]).toEqual([200, 0]);
    expectHeaders(answer);
    expect((await served.send("HEAD", "/v1/keys")).status).toBe(401);
  });

  test("percent-encoded is the same as plain", async () => {
    const { plane, served, key } = await start();
    const { id } = await plane.makeKey(["keys:read"]);
    const { status, json } = await served.send("GET", `/v1/%6Beys/${id.replace("key_", "%6bey%5F")}`, {
      key,
    });
    expect([status, json["id"]]).toEqual([200, id]);
  });

  test("dots lead to the route they come out at, and that one's scope is asked for", async () => {
    const { plane, served } = await start();
    const { key } = await plane.makeKey(["keys:read"]);
    for (const path of ["/v1/keys/../endpoints", "/v1/keys/%2e%2E/endpoints", "/v1/./endpoints"]) {
      const text = await exchange(
        served.url,
        `GET ${path} HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nConnection: close\r\n\r\n`,
      );
      expect(text).toMatch(/^HTTP\/1\.1 403 /);
      expect(text).toContain("endpoints:read");
    }
  });

  test.each([
    ["GET /v1\\keys HTTP/1.1\r\nHost: x"],
    ["OPTIONS * HTTP/1.1\r\nHost: x"],
    ["GET /v1/keys HTTP/1.1\r\nHost:"],
    ["GET /v1/keys HTTP/1.1\r\nHost: a b"],
    ["GET /v1/keys HTTP/1.1\r\nHost: x/../y"],
    ["GET /v1/keys HTTP/1.1\r\nHost: user@x"],
    ["GET /v1/keys HTTP/1.1\r\nHost: x:99999"],
    ["GET ftp://x/v1/keys HTTP/1.1\r\nHost: x"],
  ])("%j makes no URL: a problem, and logged", async (head) => {
    const { plane, served } = await start();
    const text = await exchange(served.url, `${head}\r\nConnection: close\r\n\r\n`);
    expect(text).toMatch(/^HTTP\/1\.1 400 /);
    expect(text).toContain("content-type: application/problem+json");
    expect(text).toContain('"code":"request-malformed"');
    expect(plane.requests.map(({ code }) => code)).toEqual(["request-malformed"]);
    expect(plane.events).toEqual([]);
  });

  test.each([["GET /v1/keys/\0 HTTP/1.1"], ["GET /v1/keys HTTP/1.1\r\nx-api-key: a\0b"], ["NONSENSE"]])(
    "%j is not HTTP",
    async (head) => {
      const { served } = await start();
      expect(await exchange(served.url, `${head}\r\nHost: x\r\n\r\n`)).toMatch(/^HTTP\/1\.1 400 /);
      expect((await served.send("GET", "/v1/health")).status).toBe(200);
    },
  );

  test("a line break in an id or a key gets into no header", async () => {
    const { served } = await start();
    const answer = await served.send("GET", "/v1/keys/x%0d%0aset-cookie:%20a=b?x=%0d%0aset-cookie:%20a=b", {
      headers: { "x-api-key": "a", origin: "https://x" },
    });
    expectProblem(answer, 403, "browser-refused");
    expect(values(answer.headers, "set-cookie")).toEqual([]);
  });
});

describe("a query", () => {
  test.each([
    ["foo=1"],
    ["__proto__=1"],
    ["__proto__[limit]=1"],
    ["constructor=1"],
    ["toString"],
    ["limit=0"],
    ["limit=101"],
    ["limit=-1"],
    ["limit=1.5"],
    ["limit="],
    ["limit"],
    ["limit=ten"],
    ["limit=NaN"],
    ["limit=%00"],
    ["limit=%zz"],
    ["limit=1&limit=2"],
    ["status=live&status=live"],
    ["status=constructor"],
    ["cursor="],
    ["cursor=a&cursor=b"],
    [`cursor=${"a".repeat(201)}`],
  ])("%s is refused", async (query) => {
    const { served, key } = await start();
    expectProblem(await served.send("GET", `/v1/keys?${query}`, { key }), 400, "query-invalid");
  });
});

describe("what is wrong", () => {
  test.each<[string, string, object]>([
    ["/v1/keys?limit=0", "limit", { message: "must be at least 1" }],
    ["/v1/keys?limit=101", "limit", { message: "must be at most 100" }],
    ["/v1/keys?limit=1.5", "limit", { message: "must be a whole number" }],
    ["/v1/keys?limit=ten", "limit", { message: "must be a number" }],
    ["/v1/keys?status=some", "status", { message: "must be one of live, dead" }],
    ["/v1/keys?toString=1", "toString", { message: "is not a field of this" }],
    ["/v1/keys?cursor=a&cursor=b", "cursor", { message: "must be text, not a list" }],
    ["/v1/keys?cursor=ep_1", "cursor", { message: "must be the next_cursor of another page of this list" }],
  ])("is told in plain words: %s", async (path, field, expected) => {
    const { plane, served } = await start();
    const answer = await served.send("GET", path, { key: plane.root });
    expect(answer.json).toMatchObject({ status: 400, errors: [{ path: field, ...expected }] });
  });

  test.each<[object, string, string]>([
    [{ scopes: ["keys:read"] }, "name", "is missing"],
    [{ name: "", scopes: ["keys:read"] }, "name", "must not be empty"],
    [{ name: "k".repeat(101), scopes: ["keys:read"] }, "name", "must have at most 100 characters"],
    [{ name: 1, scopes: ["keys:read"] }, "name", "must be text"],
    [{ name: "k", scopes: "keys:read" }, "scopes", "must be a list"],
    [{ name: "k", scopes: [] }, "scopes", "must not be empty"],
    [{ name: "k", scopes: Array(11).fill("keys:read") }, "scopes", "must have at most 10 items"],
    [{ name: "k", scopes: ["keys:read"], expires_in: "1" }, "expires_in", "must be a number"],
    [{ name: "k", scopes: ["keys:read"], colour: 1 }, "colour", "is not a field of this"],
  ])("is told in plain words: %j", async (body, field, message) => {
    const { plane, served } = await start();
    const answer = await served.send("POST", "/v1/keys", { key: plane.root, body });
    const { errors } = answer.json as { errors: object[] };
    expect(errors[0]).toEqual({ path: field, message });
  });
});

describe("a body", () => {
  const good = { name: "k", scopes: ["keys:read"] };
  const nested = (levels: number): string => `${"[".repeat(levels)}${"]".repeat(levels)}`;

  test.each<[string, string | Uint8Array, number, string]>([
    ["empty", "", 422, "body-invalid"],
    ["half an object", '{"name":', 400, "body-malformed"],
    ["a word", "name", 400, "body-malformed"],
    ["two documents", "{}{}", 400, "body-malformed"],
    ["a comment", "{} // x", 400, "body-malformed"],
    ["NUL", "\0", 400, "body-malformed"],
    [
      "bytes that are no UTF-8",
      Buffer.from('{"name":"\xff","scopes":["keys:read"]}', "latin1"),
      400,
      "body-malformed",
    ],
    ["an array", "[]", 422, "body-invalid"],
    ["a number", "1", 422, "body-invalid"],
    ["null", "null", 422, "body-invalid"],
    ["100,000 levels", nested(100_000), 422, "body-invalid"],
    ["100,000 levels in a field", `{"name":${nested(100_000)},"scopes":[]}`, 422, "body-invalid"],
    ["100,000 levels that never end", "[".repeat(100_000), 400, "body-malformed"],
    ["__proto__", '{"name":"k","scopes":["keys:read"],"__proto__":{"expires_in":5}}', 422, "body-invalid"],
    ["all in __proto__", '{"__proto__":{"name":"k","scopes":["keys:read"]}}', 422, "body-invalid"],
    [
      "constructor",
      '{"name":"k","scopes":["keys:read"],"constructor":{"prototype":{}}}',
      422,
      "body-invalid",
    ],
    ["a name without end", JSON.stringify({ ["n".repeat(1_000_000)]: 1 }), 422, "body-invalid"],
    ["a value without end", JSON.stringify({ ...good, name: "n".repeat(1_000_000) }), 422, "body-invalid"],
    [
      "names without end",
      JSON.stringify(Object.fromEntries(Array.from({ length: 50_000 }, (_, n) => [`k${n}`, 1]))),
      422,
      "body-invalid",
    ],
    [
      "scopes without end",
      JSON.stringify({ ...good, scopes: Array(200_000).fill("x") }),
      422,
      "body-invalid",
    ],
  ])("of %s is refused, in few words", async (_, body, status, code) => {
    const { plane, served, key } = await start();
    const headers = { "x-api-key": key, "content-type": "application/json", "idempotency-key": "a" };
    const answer = await post(`${served.url}/v1/keys`, { headers, body });
    expectProblem({ ...answer, json: JSON.parse(answer.body.toString()) as Seen["json"] }, status, code);
    expect(plane.events).toEqual([]);
    expect(Object.hasOwn(Object.prototype, "expires_in")).toBe(false);
  });

  test("may not be nested without end in a payload either, nor be null where it may be left out", async () => {
    const { plane, served, key } = await start();
    const { id } = await plane.makeKey(["keys:read"]);
    const payload = `{"provider":"fareplay","type":"x","payload":${nested(100_000)}}`;
    const headers = { "idempotency-key": "a" };
    expectProblem(
      await served.send("POST", "/v1/events", { key, headers, body: payload }),
      422,
      "body-invalid",
    );
    expectProblem(
      await served.send("POST", `/v1/keys/${id}/rotate`, { key, body: "null" }),
      422,
      "body-invalid",
    );
    expect((await served.send("POST", `/v1/keys/${id}/rotate`, { key })).status).toBe(201);
  });

  test("of duplicate names is read as JSON.parse reads it: the last counts", async () => {
    const { served, key } = await start();
    const body = '{"name":"a","scopes":["keys:write"],"name":"b","scopes":["keys:read"]}';
    const { json } = await served.send("POST", "/v1/keys", { key, body });
    expect([json["name"], json["scopes"]]).toEqual(["b", ["keys:read"]]);
  });

  test.each([
    ["application/json", 201],
    ["Application/JSON; charset=utf-8", 201],
    ["application/json;charset=utf-8", 201],
    ["application/merge-patch+json", 201],
    ["text/plain", 415],
    ["text/json", 415],
    ["application/jsonx", 415],
    ["application/json, text/plain", 415],
    ["application/x-www-form-urlencoded", 415],
    ["multipart/form-data; boundary=json", 415],
    ["", 415],
  ])("of type %j is answered with %d", async (type, status) => {
    const { served, key } = await start();
    const answer = await served.send("POST", "/v1/keys", {
      key,
      body: good,
      headers: { "content-type": type },
    });
    expect(answer.status).toBe(status);
    if (status === 415) expectProblem(answer, 415, "media-type-unsupported");
  });

  test.each([
    ["Content-Length", { "content-length": "8000001" }],
    ["chunks", { "transfer-encoding": "chunked" }],
  ])("of more than 8 MB, sent with %s, is answered with 413; one of 8 MB is read", async (_, framing) => {
    const { plane, served, key } = await start();
    const headers = { "x-api-key": key, "content-type": "application/json" };
    const text = (bytes: number): string =>
      JSON.stringify({ x: "" }).replace('""', `"${"x".repeat(bytes - 8)}"`);
    const large = await post(`${served.url}/v1/keys`, {
      headers: { ...headers, ...framing },
      body: text(8_000_001),
    });
    expectProblem(
      { ...large, json: JSON.parse(large.body.toString()) as Seen["json"] },
      413,
      "body-too-large",
    );
    const fitting = await post(`${served.url}/v1/keys`, { headers, body: text(8_000_000) });
    expectProblem(
      { ...fitting, json: JSON.parse(fitting.body.toString()) as Seen["json"] },
      422,
      "body-invalid",
    );
    expect(plane.requests.map(({ status, address }) => [status, address])).toEqual([
      [413, "127.0.0.1"],
      [422, "127.0.0.1"],
    ]);
    expect(plane.events).toEqual([]);
  });

  test("that grows too large is answered while it is still being sent", async () => {
    const { served, key } = await start();
    const head = `POST /v1/keys HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nContent-Type: application/json\r\n`;
    for (const framing of [
      "Content-Length: 20000000\r\n\r\n",
      "Transfer-Encoding: chunked\r\n\r\n895440\r\n",
    ]) {
      const text = await exchange(served.url, head + framing + " ".repeat(9_000_000), "body-too-large");
      expect(text).toMatch(/^HTTP\/1\.1 413 /);
    }
  });

  test("that is too large leaves the connection to the next request", async () => {
    const { served, key } = await start();
    const head = `POST /v1/keys HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nContent-Type: application/json\r\n`;
    const next = "GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n";
    const text = await exchange(
      served.url,
      `${head}Content-Length: 9000000\r\n\r\n${" ".repeat(9_000_000)}${next}`,
    );
    expect(text.match(/HTTP\/1\.1 \d+/g)).toEqual(["HTTP/1.1 413", "HTTP/1.1 200"]);
  });

  test("that breaks off does nothing, and is logged with its address", async () => {
    const { plane, served, key } = await start();
    const { hostname, port } = new URL(served.url);
    const socket = connect(Number(port), hostname);
    socket.on("error", () => undefined);
    const head = `POST /v1/keys HTTP/1.1\r\nHost: x\r\nx-api-key: ${key}\r\nContent-Type: application/json\r\n`;
    // The server has begun to read it once it has said so.
    socket.write(`${head}Content-Length: 1000\r\nExpect: 100-continue\r\n\r\n`);
    await new Promise((resolve) => socket.once("data", resolve));
    socket.write('{"name":"k","scopes":["keys:read"]}');
    await new Promise<void>((resolve) => socket.end(resolve));
    await expect
      .poll(() => plane.requests.map(({ status, code, address }) => [status, code, address]))
      .toEqual([[400, "body-malformed", "127.0.0.1"]]);
    expect(plane.events).toEqual([]);
    const { data } = await plane.done("keys.list", { query: {} });
    expect((data as unknown[]).length).toBe(1);
  });

  test("where the route takes none is passed over, and the connection is good for the next request", async () => {
    const { plane, served, key } = await start();
    const { id } = await plane.makeKey(["keys:read"]);
    const head = `Host: x\r\nx-api-key: ${key}\r\n`;
    const inner = `GET /v1/activity HTTP/1.1\r\n${head}\r\n`;
    const text = await exchange(
      served.url,
      `POST /v1/keys/${id}/revoke HTTP/1.1\r\n${head}Content-Length: ${inner.length}\r\n\r\n${inner}` +
        `GET /v1/health HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n`,
    );
    expect(text.match(/HTTP\/1\.1 200/g)).toHaveLength(2);
    expect(plane.requests.map(({ path }) => path).sort()).toEqual(["/v1/health", "/v1/keys/{id}/revoke"]);
  });
});

describe("a web page", () => {
  test.each([
    ["x-api-key", (key: string) => ({ "x-api-key": key })],
    ["Authorization", (key: string) => ({ authorization: `Bearer ${key}` })],
    ["a key that is none", () => ({ "x-api-key": "a" })],
  ])("that sends %s is refused, whatever its origin", async (_, headersOf) => {
    const { plane, served, key } = await start();
    for (const origin of ["https://example.com", "null", served.url]) {
      const body = { name: "k", scopes: ["keys:read"] };
      const answer = await served.send("POST", "/v1/keys", { body, headers: { ...headersOf(key), origin } });
      expectProblem(answer, 403, "browser-refused");
      expect(answer.headers.join()).not.toMatch(/access-control/i);
    }
    expect((await plane.done("keys.list", { query: {} }))["data"]).toHaveLength(1);
  });

  test("without a key may see what everybody may", async () => {
    const { served } = await start();
    const headers = { origin: "https://example.com" };
    expect((await served.send("GET", "/v1/health", { headers })).status).toBe(200);
    expectProblem(await served.send("GET", "/v1/keys", { headers }), 401, "key-missing");
  });
});

test("every request has an id of its own, in its answer and in the log", async () => {
  const { plane, served, key } = await start();
  const answers = [
    await served.send("GET", "/v1/health", { headers: { "x-request-id": "mine" } }),
    await served.send("GET", "/v1/keys", { key }),
    await served.send("GET", "/nothing"),
    await served.send("GET", "/openapi.json"),
  ];
  for (const answer of answers) expectHeaders(answer);
  const ids = answers.flatMap(({ headers }) => values(headers, "x-request-id"));
  expect(new Set(ids).size).toBe(4);
  expect(plane.requests.map(({ id }) => id)).toEqual(ids);
});

test("an error of the server's own is answered without detail, and reported with it", async () => {
  const { plane, served, key } = await start();
  await plane.options.store.close();
  for (const [method, path, body] of [
    ["GET", "/v1/keys", undefined],
    ["POST", "/v1/keys", { name: "k", scopes: ["keys:read"] }],
  ] as const) {
    expectProblem(await served.send(method, path, { key, body }), 500, "internal");
  }
  const inside = await plane.call("keys.list", { query: {} });
  expect([inside.status, (inside.body as { detail: string }).detail]).toEqual([
    500,
    "the server failed at this request; its log says why",
  ]);
  expect(plane.events.map((event) => event.type === "failed" && event.route)).toEqual([
    "keys.list",
    "keys.create",
    "keys.list",
  ]);
  for (const event of plane.events) expect(event).toHaveProperty("error", expect.any(Error));
});
