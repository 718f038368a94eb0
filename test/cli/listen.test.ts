import { createHmac } from "node:crypto";
import { describe, expect, test } from "vitest";
import { developmentSecret, listen, listenJson } from "./listen-process.ts";
import { exchange, fareplayHeaders, post, startServer } from "./run-servers.ts";
import { createPlace, ndjson, run } from "./spawn.ts";

const body = '{"id":"evt_1","type":"order.created","data":{"total":8.00}}';
const secret = "a-configured-secret";
const signed = (delivery = "evt_1"): Record<string, string> => fareplayHeaders(body, secret, { delivery });

describe("whose a delivery is", () => {
  test("the path's first segment, the second naming the event", async () => {
    const listener = await listenJson();
    await post(`${listener.url}/fareplay`, { headers: signed(), body });
    await post(`${listener.url}/fikafi/paymentDetails`);
    await post(`${listener.url}/fikafi/payment/paymentEvent?x=1`);
    await post(`${listener.url}/fareplay/order.accepted`, { body: "no JSON" });
    await post(`${listener.url}/stripe`, {
      headers: signed(),
      body: '{"id":"evt_2","type":"charge.refunded"}',
    });
    const told = await listener.deliveries(5);
    expect(told.map(({ provider, event }) => `${provider}/${event}`)).toEqual([
      "fareplay/order.created",
      "fikafi/paymentDetails",
      "fikafi/paymentEvent",
      "fareplay/order.accepted",
      "stripe/charge.refunded",
    ]);
    expect(told.map(({ delivery_id }) => delivery_id)).toEqual(["evt_1", null, null, null, "evt_2"]);
  });

  test("else --provider, else the headers, else nobody's", async () => {
    const one = await listenJson(["--provider", "fynn"]);
    await post(one.url, { headers: signed(), body });
    await post(`${one.url}/github`, { headers: { "x-github-event": "ping" } });
    const several = await listenJson(["--provider", "fitaiid", "--provider", "fareplay"]);
    await post(`${several.url}/hooks`, { headers: { "stripe-signature": "t=1,v1=00" } });
    await post(`${several.url}/hooks`, { headers: signed(), body });
    await post(`${several.url}/hooks`, { headers: { "x-github-event": "ping" } });
    const open = await listenJson();
    await post(`${open.url}/some/path`, { headers: { "X-GITHUB-EVENT": "ping" } });
    await post(`${open.url}/constructor`);
    await post(`${open.url}/__proto__/toString`);
    expect((await one.deliveries(2)).map(({ provider }) => provider)).toEqual(["fynn", "github"]);
    // Stripe's own headers stand for the receiver of Stripe's webhooks that is expected.
    expect((await several.deliveries(3)).map(({ provider }) => provider)).toEqual([
      "fitaiid",
      "fareplay",
      null,
    ]);
    const told = await open.deliveries(3);
    expect(told.map(({ provider, event, code, status }) => [provider, event, code, status])).toEqual([
      ["github", "ping", "secret-unconfigured", 200],
      [null, null, "provider-unknown", 200],
      [null, null, "provider-unknown", 200],
    ]);
  });

  test("a provider of the project's own", async () => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: {
          acme: {
            signatures: [{ kind: "hmac", header: "x-acme", algorithm: "sha256", encoding: "hex" }],
            events: { shipped: {} },
          },
        },
        secrets: { acme: "file:acme.secret" },
      }),
    );
    place.write("acme.secret", `${secret}\n`);
    const listener = await listenJson([], { place });
    const hex = createHmac("sha256", secret).update(body).digest("hex");
    expect((await post(`${listener.url}/acme/shipped`, { headers: { "x-acme": hex }, body })).status).toBe(
      200,
    );
    expect(
      (await post(`${listener.url}/anything`, { headers: { "X-Acme": hex }, body: "other" })).status,
    ).toBe(401);
    const [good, bad] = await listener.deliveries(2);
    expect(good).toMatchObject({ provider: "acme", event: "shipped", verified: true });
    expect(bad).toMatchObject({ provider: "acme", verified: false, code: "signature-mismatch" });
  });

  test("a provider nobody knows is refused at the start", async () => {
    const { code, stderr } = await run(["listen", "--port", "0", "--provider", "farplay"]);
    expect(code).toBe(4);
    expect(stderr).toContain("fareplay");
  });
});

describe("a configured secret", () => {
  const sources: [string, string[], Record<string, string>, string?][] = [
    ["the provider's variable", [], { FAREPLAY_WEBHOOK_SECRET: secret }],
    ["the one before it", [], { FAREPLAY_WEBHOOK_SECRET: "new", FAREPLAY_WEBHOOK_SECRET_PREVIOUS: secret }],
    ["--env-file", ["--env-file", "vars.env"], {}],
    ["--secret env:", ["--secret", "env:OTHER"], { OTHER: secret }],
    ["--secret file:", ["--secret", "file:the.secret"], { FAREPLAY_WEBHOOK_SECRET: "not this one" }],
    ["--secret -", ["--secret", "-"], {}, `${secret}\n`],
    ["two of --secret", ["--secret", "env:OTHER", "--secret", "file:the.secret"], { OTHER: "no" }],
  ];
  test.each(sources)("from %s: verified, or 401 and not forwarded", async (_, args, env, input) => {
    const place = createPlace();
    place.write("vars.env", `FAREPLAY_WEBHOOK_SECRET=${secret}\n`);
    place.write("the.secret", secret);
    const target = await startServer();
    const listener = await listenJson([`127.0.0.1:${target.port}`, ...args], {
      place,
      env,
      ...(input === undefined ? {} : { input }),
    });
    const url = `${listener.url}/fareplay`;
    const { "x-fareplay-signature": signature, ...unsigned } = signed();
    expect((await post(url, { headers: signed(), body })).status).toBe(200);
    const bad = await post(url, { headers: signed("evt_2"), body: body.replace("8.00", "0.01") });
    expect(bad.status).toBe(401);
    expect(JSON.parse(bad.body.toString())).toHaveProperty("error");
    expect((await post(url, { headers: unsigned, body })).status).toBe(401);
    const twice = { ...unsigned, "x-fareplay-signature": [String(signature), "sha256=00"] };
    expect((await post(url, { headers: twice, body })).status).toBe(401);
    const told = await listener.deliveries(4);
    expect(told.map(({ verified, code, status }) => [verified, code, status])).toEqual([
      [true, null, 200],
      [false, "signature-mismatch", 401],
      [false, "header-missing", 401],
      [false, "header-duplicated", 401],
    ]);
    // The same signature was right over another body before.
    expect(told[1]?.findings[0]).toMatchObject({ cause: "tampered" });
    expect(told[1]?.forwarded).toEqual([]);
    expect(target.received).toHaveLength(1);
    const { stdout, code } = await listener.stop();
    expect(code).toBe(0);
    expect(ndjson(stdout).at(-1)).toMatchObject({
      type: "stopped",
      received: 4,
      verified: 1,
      rejected: 3,
      unverified: 0,
    });
  });

  test("that is set wrongly is told at the start, not at the first delivery", async () => {
    const place = createPlace();
    place.write("hookline.json", '{"secrets":{"fareplay":"env:FAREPLAY_WEBHOOK_SECRET_TEAM"}}');
    const { code, stderr } = await run(["listen", "--port", "0"], { place });
    expect(code).toBe(2);
    expect(stderr).toContain("FAREPLAY_WEBHOOK_SECRET_TEAM");
  });

  test("given with --secret turns away what nothing says whose it is", async () => {
    const target = await startServer();
    const listener = await listenJson([String(target.port), "--secret", "env:S"], { env: { S: secret } });
    expect((await post(`${listener.url}/hooks`)).status).toBe(401);
    const [told] = await listener.deliveries(1);
    expect(told).toMatchObject({
      provider: null,
      verified: false,
      code: "provider-unknown",
      forwarded: [],
    });
    expect(target.received).toHaveLength(0);
  });

  test("--forward-invalid accepts and forwards what does not verify, and says so", { retry: 2 }, async () => {
    const target = await startServer((_, response) => void response.writeHead(202).end());
    const listener = await listen([String(target.port), "--forward-invalid"], {
      env: { FAREPLAY_WEBHOOK_SECRET: secret },
    });
    expect((await post(`${listener.url}/fareplay`, { headers: signed(), body: `${body} ` })).status).toBe(
      202,
    );
    expect(target.received).toHaveLength(1);
    const { stdout } = await listener.stop();
    expect(stdout).toContain("✗ invalid");
    expect(stdout).toContain("(body-newline)");
  });
});

describe("without a configured secret", () => {
  test("the development secret verifies; all else is accepted, unverified, and told how to be verified", async () => {
    const target = await startServer();
    const development = await developmentSecret("fareplay");
    const listener = await listenJson([String(target.port)]);
    const plain = await listen([String(target.port)]);
    for (const { url } of [listener, plain]) {
      const headers = fareplayHeaders(body, development);
      expect((await post(`${url}/fareplay`, { headers, body })).status).toBe(200);
      expect((await post(`${url}/fareplay`, { headers: signed("evt_2"), body })).status).toBe(200);
      expect((await post(`${url}/fareplay`)).status).toBe(200);
    }
    const told = await listener.deliveries(3);
    expect(told.map(({ verified, code }) => [verified, code])).toEqual([
      [true, null],
      [null, "secret-unconfigured"],
      [null, "secret-unconfigured"],
    ]);
    expect(target.received).toHaveLength(6);
    const { stdout } = await plain.stop();
    expect(stdout.match(/✓ verified/g)).toHaveLength(1);
    expect(stdout.match(/\? unverified/g)).toHaveLength(2);
    expect(stdout).toContain("to verify: set FAREPLAY_WEBHOOK_SECRET or pass --secret");
  });

  test("--require-verified turns away all the development secret does not match, and what is nobody's", async () => {
    const target = await startServer();
    const headers = fareplayHeaders(body, await developmentSecret("fareplay"));
    const listener = await listenJson([String(target.port), "--require-verified"]);
    expect((await post(`${listener.url}/fareplay`, { headers, body })).status).toBe(200);
    expect((await post(`${listener.url}/fareplay`, { headers: signed(), body })).status).toBe(401);
    expect((await post(`${listener.url}/who`)).status).toBe(401);
    expect((await listener.deliveries(3)).map(({ verified, code }) => [verified, code])).toEqual([
      [true, null],
      [false, "signature-mismatch"],
      [false, "provider-unknown"],
    ]);
    expect(target.received).toHaveLength(1);
  });
});

describe("what is no webhook", () => {
  test("too large is 413, not POST is 405, no HTTP is 400: printed, counted, not forwarded", async () => {
    const target = await startServer();
    const listener = await listenJson([String(target.port), "--max-body", "1kb"]);
    const url = `${listener.url}/fareplay`;
    // Many times what fits into the sockets' buffers: the answer must arrive all the same.
    const large = Buffer.alloc(8_000_000, "a");
    expect((await post(url, { body: large })).status).toBe(413);
    const chunked = await post(url, { body: large, headers: { "transfer-encoding": "chunked" } });
    expect(chunked.status).toBe(413);
    expect((await post(url, { body: Buffer.alloc(1024) })).status).toBe(200);
    for (const method of ["GET", "PUT", "DELETE", "OPTIONS"]) {
      const { status, headers } = await post(url, { method, body: "" });
      expect([method, status]).toEqual([method, 405]);
      expect(headers).toContain("POST");
    }
    expect(await exchange(listener.url, "\x16\x03\x01\x02\x00\x01\x00\r\n\r\n")).toMatch(/^HTTP\/1\.1 400 /);
    expect(await exchange(listener.url, `POST / HTTP/1.1\r\nX: ${"a".repeat(70_000)}\r\n\r\n`)).toMatch(
      /^HTTP\/1\.1 431 /,
    );
    const told = await listener.deliveries(9);
    expect(told.map(({ code, status, verified }) => [code, status, verified])).toEqual([
      ["body-too-large", 413, false],
      ["body-too-large", 413, false],
      ["secret-unconfigured", 200, null],
      ...["GET", "PUT", "DELETE", "OPTIONS"].map(() => ["method-not-allowed", 405, false]),
      ["request-malformed", 400, false],
      ["headers-too-large", 431, false],
    ]);
    expect(target.received).toHaveLength(1);
    const { stdout } = await listener.stop();
    expect(ndjson(stdout).at(-1)).toMatchObject({ received: 9, rejected: 8, verified: 0, unverified: 1 });
  });

  test("a connection closed in the middle has asked nothing", async () => {
    const listener = await listenJson();
    await exchange(
      listener.url,
      "POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 9\r\n\r\nabc",
      "100",
    );
    await post(`${listener.url}/fareplay`);
    await listener.deliveries(1);
    const { stdout } = await listener.stop();
    expect(ndjson(stdout).at(-1)).toMatchObject({ received: 1, rejected: 0 });
  });

  test("a chunked body is put together, and verified as one", async () => {
    const listener = await listenJson([], { env: { FAREPLAY_WEBHOOK_SECRET: secret } });
    const head = Object.entries(signed())
      .map(([name, value]) => `${name.toUpperCase()}: ${value}\r\n`)
      .join("");
    const half = body.length >> 1;
    const chunk = (part: string): string => `${part.length.toString(16)}\r\n${part}\r\n`;
    const answer = await exchange(
      listener.url,
      `POST /fareplay HTTP/1.1\r\nHost: a\r\nConnection: close\r\n${head}Transfer-Encoding: chunked\r\n\r\n` +
        `${chunk(body.slice(0, half))}${chunk(body.slice(half))}0\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await listener.deliveries(1)).toMatchObject([{ verified: true, bytes: body.length }]);
  });
});

describe("what is printed", () => {
  test("NDJSON: these fields, and nothing else on standard output", async () => {
    const target = await startServer();
    const before = Date.now();
    const listener = await listenJson([`${target.port}/hooks`]);
    await post(`${listener.url}/fareplay`, { headers: signed(), body });
    await post(`${listener.url}/nobody`, { method: "GET", body: "" });
    await listener.deliveries(2);
    const { stdout, stderr } = await listener.stop();
    const [ready, accepted, rejected, stopped, ...more] = ndjson(stdout);
    expect(more).toEqual([]);
    const port = Number(new URL(listener.url).port);
    expect(ready).toEqual({
      type: "ready",
      url: listener.url,
      urls: [listener.url],
      port,
      target: `http://localhost:${target.port}/hooks`,
      routes: [],
      recording: false,
      inspector_url: null,
      registered: [],
    });
    expect(accepted).toEqual({
      type: "delivery",
      id: expect.stringMatching(/^dlv_\w{20}$/) as string,
      provider: "fareplay",
      event: "order.created",
      delivery_id: "evt_1",
      verified: null,
      code: "secret-unconfigured",
      findings: [],
      duplicate: false,
      bytes: body.length,
      forwarded: [
        {
          to: `http://localhost:${target.port}/hooks`,
          route: null,
          ok: true,
          status: 200,
          duration_ms: expect.any(Number) as number,
          error: null,
        },
      ],
      status: 200,
      duration_ms: expect.any(Number) as number,
      received_at: expect.any(String) as string,
    });
    expect(Object.keys(rejected ?? {})).toEqual(Object.keys(accepted ?? {}));
    expect(rejected).toMatchObject({
      provider: null,
      event: null,
      verified: false,
      forwarded: [],
      status: 405,
    });
    const receivedAt = Date.parse(String(accepted?.["received_at"]));
    expect(receivedAt).toBeGreaterThanOrEqual(before);
    expect(receivedAt).toBeLessThanOrEqual(Date.now());
    expect(stopped).toEqual({
      type: "stopped",
      received: 2,
      verified: 0,
      rejected: 1,
      unverified: 1,
      duplicates: 0,
      unmet: [],
    });
    // What people read stands on the other stream.
    expect(stderr).toContain(`listening on ${listener.url}`);
    expect(stderr).toContain("cloudflared tunnel --url");
    expect(stderr).toContain("ssh -R");
  });

  test.each(["line", "body", "full", "none"])("--print %s", async (mode) => {
    const listener = await listen(["--print", mode, "--secret", "env:S"], { env: { S: secret } });
    await post(`${listener.url}/fareplay`, { headers: { ...signed(), Authorization: "Bearer t0ken" }, body });
    await post(`${listener.url}/fareplay`, { headers: signed(), body: '{"forged":true}' });
    const { stdout, stderr } = await listener.stop();
    expect(stderr).toContain("2 deliveries: 1 verified · 0 unverified · 1 rejected");
    expect([
      stdout.includes("✓ verified    fareplay  order.created  evt_1"),
      // As it was written: 8.00 is not 8.
      stdout.includes('"total": 8.00'),
      stdout.includes('"forged": true'),
      stdout.includes("x-fareplay-event: order.created"),
    ]).toEqual([mode !== "none", mode === "body" || mode === "full", mode === "full", mode === "full"]);
    expect(stdout).not.toContain("t0ken");
    if (mode === "none") expect(stdout).toBe("");
  });

  test("--quiet drops the notes, not the lines", async () => {
    const listener = await listenJson(["--quiet"]);
    await post(`${listener.url}/fareplay`);
    const { stdout, stderr } = await listener.stop();
    expect(ndjson(stdout)).toHaveLength(3);
    expect(stderr).toBe("");
  });
});

describe("repeats", () => {
  test("are marked and still forwarded; a rejected one is none, and another provider's id is another", async () => {
    const target = await startServer();
    const listener = await listenJson([String(target.port)], { env: { FAREPLAY_WEBHOOK_SECRET: secret } });
    const url = `${listener.url}/fareplay`;
    await post(url, { headers: signed("evt_1"), body: "forged" });
    await post(url, { headers: signed("evt_1"), body });
    await post(url, { headers: signed("evt_2"), body });
    await post(url, { headers: signed("evt_1"), body });
    // Stripe's id is in the body, Fikäfi has none: there the bytes tell.
    for (const [path, content] of [
      ["stripe", '{"id":"evt_1"}'],
      ["stripe", '{"id":"evt_1","type":"x"}'],
      ["fikafi", "{}"],
      ["fikafi", "{ }"],
      ["fikafi", "{}"],
    ] as const)
      await post(`${listener.url}/${path}`, { body: content });
    const told = await listener.deliveries(9);
    expect(told.map(({ duplicate }) => duplicate)).toEqual([
      false,
      false,
      false,
      true,
      false,
      true,
      false,
      false,
      true,
    ]);
    expect(target.received).toHaveLength(8);
    const { stdout } = await listener.stop();
    expect(ndjson(stdout).at(-1)).toMatchObject({ duplicates: 3, received: 9 });
  });
});
