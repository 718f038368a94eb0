import { randomBytes } from "node:crypto";
import { describe, expect, test } from "vitest";
import { listen, listenJson } from "./listen-process.ts";
import {
  closedPort,
  exchange,
  fareplayHeaders,
  post,
  startRawServer,
  startServer,
  values,
} from "./run-servers.ts";
import { createPlace, ndjson } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret };

describe("what the target gets", () => {
  test("the very bytes, every end-to-end header, and its own Host", async () => {
    const target = await startServer();
    const listener = await listenJson([`127.0.0.1:${target.port}/hooks?own=1`], { env });
    const body = Buffer.concat([Buffer.from([0, 255, 0xc3, 0x28, 13, 10]), randomBytes(100_000)]);
    const signed = fareplayHeaders(body, secret);
    const head = [
      "POST /fareplay/order.created?a=%20b&a=2 HTTP/1.1",
      "Host: outside.example",
      ...Object.entries(signed).map(([name, value]) => `${name.toUpperCase()}: ${value}`),
      "X-Twice: one",
      "x-other: \xe9\x80\xff",
      "X-Twice: two",
      "x-tWICE: three",
      "Accept-Encoding: gzip",
      "Cookie: a=1; b=2",
      // All of these belong to the connection.
      "Connection: close, X-Hop",
      "X-Hop: 1",
      "Keep-Alive: timeout=5",
      "Proxy-Connection: keep-alive",
      "TE: trailers",
      "Trailer: X-Later",
      "Upgrade: h2c",
      "Proxy-Authorization: Basic eA==",
      `Content-Length: ${body.length}`,
    ].join("\r\n");
    const answer = await exchange(
      listener.url,
      Buffer.concat([Buffer.from(`${head}\r\n\r\n`, "latin1"), body]),
    );
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(await listener.deliveries(1)).toMatchObject([{ verified: true, bytes: body.length }]);
    const [got] = target.received;
    expect(got).toMatchObject({ method: "POST", url: "/hooks?own=1&a=%20b&a=2" });
    expect(got?.body.equals(body)).toBe(true);
    const { headers } = got ?? { headers: [] };
    expect(values(headers, "host")).toEqual([`127.0.0.1:${target.port}`]);
    expect(values(headers, "content-length")).toEqual([String(body.length)]);
    const sent = headers.flatMap((name, index) =>
      index % 2 === 0 && !/^(host|connection|content-length)$/i.test(name)
        ? [`${name}: ${headers[index + 1]}`]
        : [],
    );
    expect(sent).toEqual([
      ...Object.entries(signed).map(([name, value]) => `${name.toUpperCase()}: ${value}`),
      "X-Twice: one",
      "x-other: \xe9\x80\xff",
      "X-Twice: two",
      "x-tWICE: three",
      "Accept-Encoding: gzip",
      "Cookie: a=1; b=2",
    ]);
  });

  test("exactly that URL, or with a / at its end the rest of the path too", async () => {
    const target = await startServer();
    const exact = await listenJson([`${target.port}/hooks`]);
    const open = await listenJson([`http://127.0.0.1:${target.port}/hooks/`]);
    const root = await listenJson([String(target.port)]);
    for (const { url } of [exact, open, root]) {
      await post(`${url}/fareplay/order.created/x%2Fy?q`);
      await post(`${url}/not-a-provider//x?`);
      await post(`${url}/fareplay`);
    }
    expect(target.received.map(({ url }) => url)).toEqual([
      "/hooks?q",
      "/hooks",
      "/hooks",
      "/hooks/order.created/x%2Fy?q",
      "/hooks/not-a-provider//x",
      "/hooks/",
      "/?q",
      "/",
      "/",
    ]);
  });

  test("an empty body, and one of 4 MiB", async () => {
    const target = await startServer();
    const listener = await listenJson([String(target.port)]);
    const large = randomBytes(4 * 1024 * 1024);
    expect((await post(`${listener.url}/fareplay`, { body: "" })).status).toBe(200);
    expect((await post(`${listener.url}/fareplay`, { body: large })).status).toBe(200);
    expect(target.received.map(({ body }) => body.length)).toEqual([0, large.length]);
    expect(target.received[1]?.body.equals(large)).toBe(true);
  });
});

describe("what the sender gets back", () => {
  test("the target's status, headers and body", async () => {
    const body = randomBytes(300_000);
    const target = await startServer((_, response) => {
      response.writeHead(207, [
        ...["Set-Cookie", "a=1", "set-cookie", "b=2", "X-Latin", "\xe9", "ETag", '"1"'],
        ...["Connection", "X-Hop", "X-Hop", "1", "Content-Encoding", "identity"],
      ]);
      // In chunks, of which the sender learns nothing.
      response.write(body.subarray(0, 1000));
      response.end(body.subarray(1000));
    });
    const listener = await listenJson([String(target.port)]);
    const answer = await post(`${listener.url}/fareplay`);
    expect(answer.status).toBe(207);
    expect(answer.body.equals(body)).toBe(true);
    expect(values(answer.headers, "set-cookie")).toEqual(["a=1", "b=2"]);
    expect(values(answer.headers, "x-latin")).toEqual(["\xe9"]);
    expect(values(answer.headers, "etag")).toEqual(['"1"']);
    expect(values(answer.headers, "x-hop")).toEqual([]);
    expect(values(answer.headers, "transfer-encoding")).toEqual([]);
    expect(values(answer.headers, "content-length")).toEqual([String(body.length)]);
  });

  test("failing or redirecting, as it is; and where it is no success, onto the screen", async () => {
    const target = await startServer(({ body }, response) => {
      const status = Number(body.toString());
      response.writeHead(status, ["Location", "/elsewhere"]).end(status === 500 ? "why" : "");
    });
    const listener = await listen([String(target.port)]);
    const statuses = [201, 204, 304, 307, 404, 500, 599];
    for (const status of statuses) {
      const answer = await post(`${listener.url}/fareplay`, { body: String(status) });
      expect(answer.status).toBe(status);
      expect(values(answer.headers, "location")).toEqual(["/elsewhere"]);
      expect(answer.body.toString()).toBe(status === 500 ? "why" : "");
    }
    expect(target.received).toHaveLength(statuses.length);
    const { stdout } = await listener.stop();
    expect([...stdout.matchAll(/your app answered (\d+)/g)].map(([, status]) => Number(status))).toEqual(
      statuses.slice(2),
    );
    expect(stdout).toContain("│ why");
  });

  test("502 and the reason where the target refuses, hangs up or speaks something else", async () => {
    const dead = await closedPort();
    const refused = await listenJson([String(dead)]);
    const plain = await listen([String(dead)]);
    expect((await post(`${plain.url}/fareplay`)).status).toBe(502);
    const answer = await post(`${refused.url}/fareplay`);
    expect(answer.status).toBe(502);
    expect(JSON.parse(answer.body.toString())).toEqual({
      error: "the target did not answer: connection refused",
    });
    const hangUp = await listenJson([String((await startRawServer(() => "")).port)]);
    expect((await post(`${hangUp.url}/fareplay`)).status).toBe(502);
    const alien = await listenJson([String((await startRawServer(() => "SSH-2.0-x\r\n\r\n")).port)]);
    expect((await post(`${alien.url}/fareplay`)).status).toBe(502);
    const outcomes = await Promise.all(
      [refused, hangUp, alien].map(async (listener) => listener.deliveries(1)),
    );
    expect(
      outcomes.flat().map(({ forwarded, status }) => [forwarded[0]?.status, forwarded[0]?.error, status]),
    ).toEqual([
      [null, "refused", 502],
      [null, "reset", 502],
      [null, "protocol", 502],
    ]);
    const { stdout } = await plain.stop();
    expect(stdout).toContain("your app: connection refused");
    expect(stdout).toContain("is it running, and on that port?");
  });

  test("504 where it does not answer within --timeout", async () => {
    const target = await startServer((_, response) => {
      // The head comes in time, the rest never.
      response.writeHead(200, { "content-length": 10 });
      response.write("a");
    });
    const listener = await listenJson([String(target.port), "--timeout", "300ms"]);
    const plain = await listen([String(target.port), "--timeout", "300ms"]);
    const answer = await post(`${listener.url}/fareplay`);
    expect(answer.status).toBe(504);
    expect(JSON.parse(answer.body.toString())).toHaveProperty("error");
    expect(await listener.deliveries(1)).toMatchObject([
      { status: 504, forwarded: [{ status: null, error: "timeout" }] },
    ]);
    expect((await post(`${plain.url}/fareplay`)).status).toBe(504);
    expect((await plain.stop()).stdout).toMatch(/your app: did not answer within \d+ ms/);
  });

  test("later than the provider waits is a warning that names the allowance", async () => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: {
          hasty: { title: "Hasty Inc", signatures: [{ kind: "none" }], ack: { timeoutMs: 50 } },
          patient: { title: "Patient Inc", signatures: [{ kind: "none" }] },
        },
      }),
    );
    const target = await startServer((_, response) => void setTimeout(() => response.end(), 120));
    const listener = await listen([String(target.port)], { place });
    expect((await post(`${listener.url}/hasty`)).status).toBe(200);
    expect((await post(`${listener.url}/patient`)).status).toBe(200);
    const { stdout } = await listener.stop();
    expect(stdout).toMatch(/slow: .+, and Hasty Inc gives up after 50 ms/);
    expect(stdout).not.toContain("Patient Inc gives up");
  });
});

describe("order", () => {
  /** The first one is answered only once a second has come, or after a while where none comes. */
  const holding = async () => {
    let release: () => void = () => undefined;
    let most = 0;
    let now = 0;
    const target = await startServer(async ({ body }, response) => {
      most = Math.max(most, ++now);
      if (body.toString() === "0") {
        await new Promise<void>((resolve) => {
          release = resolve;
          setTimeout(resolve, 400);
        });
      } else release();
      now--;
      response.end();
    });
    return { target, most: () => most };
  };
  const sendAll = async (url: string, target: { until(requests: number): Promise<void> }): Promise<void> => {
    const first = post(`${url}/fareplay`, { body: "0" });
    await target.until(1);
    // One after the other is connected, so that the order of arrival is known.
    const rest: Promise<unknown>[] = [];
    for (let index = 1; index <= 5; index++) {
      rest.push(post(`${url}/fareplay`, { body: String(index) }));
      await new Promise((resolve) => setTimeout(resolve, 20));
    }
    await Promise.all([first, ...rest]);
  };

  test("deliveries are forwarded as they come, at once", async () => {
    const { target, most } = await holding();
    const listener = await listenJson([String(target.port)]);
    await sendAll(listener.url, target);
    expect(most()).toBeGreaterThan(1);
  });

  test("--in-order forwards one at a time, in the order of arrival", async () => {
    const { target, most } = await holding();
    const listener = await listenJson([String(target.port), "--in-order"]);
    await sendAll(listener.url, target);
    expect(most()).toBe(1);
    expect(target.received.map(({ body }) => body.toString())).toEqual(["0", "1", "2", "3", "4", "5"]);
  });

  test("--in-order goes on after a failure", async () => {
    const target = await startServer(({ body }, response) => {
      if (body.toString() === "bad") response.destroy();
      else response.end();
    });
    const listener = await listenJson([String(target.port), "--in-order"]);
    const statuses = [];
    for (const body of ["ok", "bad", "ok"])
      statuses.push((await post(`${listener.url}/fareplay`, { body })).status);
    expect(statuses).toEqual([200, 502, 200]);
    const { stdout } = await listener.stop();
    expect(ndjson(stdout)).toHaveLength(5);
  });
});
