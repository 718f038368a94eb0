import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { createSender, type Sender, type SenderOptions } from "../../src/transport/send.ts";
import { explain } from "../../src/transport/send-errors.ts";
import { closedPort, startRawServer, startServer } from "../cli/run-servers.ts";

const senders: Sender[] = [];
afterEach(async () => {
  await Promise.all(senders.splice(0).map((sender) => sender.close()));
});

async function senderTo(url: string, options: Partial<SenderOptions> = {}): Promise<Sender> {
  const sender = await createSender(new URL(url), { timeoutMs: 10_000, keepBytes: 1_000_000, ...options });
  senders.push(sender);
  return sender;
}
const request = { method: "POST", path: "/", headers: [], body: Buffer.from("{}") };

describe("a sender", () => {
  test("keeps as much of the answer as it is told, and knows its whole length", async () => {
    const body = randomBytes(700_000);
    const server = await startServer((_, response) => {
      response.write(body.subarray(0, 1));
      response.write(body.subarray(1, 250_000));
      response.end(body.subarray(250_000));
    });
    const all = await (await senderTo(server.url)).send(request);
    expect(all).toMatchObject({ ok: true, status: 200, bytes: body.length });
    expect(all.ok && all.body.equals(body)).toBe(true);
    for (const keepBytes of [0, 1, 100_000]) {
      const some = await (await senderTo(server.url, { keepBytes })).send(request);
      expect(some).toMatchObject({ ok: true, bytes: body.length });
      expect(some.ok && some.body.equals(body.subarray(0, keepBytes))).toBe(true);
    }
  });

  test("sends the path and the headers as they are, and waits for the answer behind early hints", async () => {
    let head = "";
    const server = await startRawServer((text) => {
      head = text;
      return "HTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 201 Made\r\nA: 1\r\na: 2\r\nContent-Length: 0\r\n\r\n";
    });
    const headers = ["X-A", "1", "x-a", "\xe9", "X-A", "3"];
    const sender = await senderTo(server.url);
    const result = await sender.send({ ...request, path: "/a%20b//?c=d&e", headers });
    expect(head).toContain("POST /a%20b//?c=d&e HTTP/1.1\r\n");
    expect(head).toContain("\r\nX-A: 1\r\nx-a: \xe9\r\nX-A: 3\r\n");
    expect(result).toMatchObject({ ok: true, status: 201 });
    expect(result.ok && result.headers).toEqual(["A", "1", "a", "2", "Content-Length", "0"]);
  });

  test("a header that cannot be sent is a result, not an exception", async () => {
    const server = await startServer();
    const sender = await senderTo(server.url);
    for (const headers of [
      ["X", "a\r\nb"],
      ["X Y", "1"],
      ["X", "\u20ac"],
      ["transfer-encoding", "chunked"],
    ])
      expect(await sender.send({ ...request, headers })).toMatchObject({ ok: false, error: "protocol" });
    expect(await sender.send({ ...request, path: "/a b" })).toMatchObject({ ok: false, error: "protocol" });
    expect(await sender.send(request)).toMatchObject({ ok: true });
    expect(server.received).toHaveLength(1);
  });

  test("each request has its own time; one that runs out leaves the others alone", async () => {
    const server = await startServer(({ url }, response) => {
      if (url === "/never") return;
      setTimeout(() => response.end(), Number(url.slice(1)));
    });
    const sender = await senderTo(server.url, { timeoutMs: 200 });
    const results = await Promise.all([
      sender.send({ ...request, path: "/never" }),
      sender.send({ ...request, path: "/400", timeoutMs: 9000 }),
      sender.send({ ...request, path: "/never", timeoutMs: 60 }),
      sender.send({ ...request, path: "/0" }),
    ]);
    expect(results).toMatchObject([
      { ok: false, error: "timeout" },
      { ok: true },
      { ok: false, error: "timeout" },
      { ok: true },
    ]);
    expect(results[0].durationMs).toBeGreaterThanOrEqual(200);
    expect(results[2].durationMs).toBeGreaterThanOrEqual(60);
    expect(results[2].durationMs).toBeLessThan(results[0].durationMs);
    // A sender that waited in vain still works.
    expect(await sender.send({ ...request, path: "/0" })).toMatchObject({ ok: true });
  });

  test("no more connections than it may have", async () => {
    let now = 0;
    let most = 0;
    const server = await startServer((_, response) => {
      most = Math.max(most, ++now);
      setTimeout(() => {
        now--;
        response.end();
      }, 20);
    });
    const sender = await senderTo(server.url, { connections: 3 });
    const results = await Promise.all(Array.from({ length: 12 }, () => sender.send(request)));
    expect(results.every(({ ok }) => ok)).toBe(true);
    expect(most).toBe(3);
  });

  test("closing gives up what is under way, and what comes after", async () => {
    const server = await startServer(() => undefined);
    const sender = await senderTo(server.url, { connections: 1 });
    const results = [sender.send(request), sender.send(request)];
    await server.until(1);
    await sender.close();
    expect(await Promise.all(results)).toMatchObject([
      { ok: false, error: "aborted" },
      { ok: false, error: "aborted" },
    ]);
    expect(await sender.send(request)).toMatchObject({ ok: false });
  });

  test("nobody there, hung up, no HTTP", async () => {
    const to = async (url: string) => (await senderTo(url)).send(request);
    expect(await to(`http://127.0.0.1:${await closedPort()}`)).toMatchObject({ ok: false, error: "refused" });
    expect(await to(`http://localhost:${await closedPort()}`)).toMatchObject({ ok: false, error: "refused" });
    expect(await to((await startRawServer(() => "")).url)).toMatchObject({ ok: false, error: "reset" });
    for (const text of ["\0\0\0", "220 smtp\r\n", "HTTP/1.1 two\r\n\r\n"])
      expect(await to((await startRawServer(() => text)).url)).toMatchObject({
        ok: false,
        error: "protocol",
        message: "its answer is not HTTP",
      });
  });

  test.each([
    ["reset", "Content-Length: 999999\r\n\r\nabc", "its body broke off"],
    ["reset", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n", "its body broke off"],
    ["protocol", "Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nzz\r\n", "its body is not HTTP"],
  ])("an answer that ends within its body is kept as far as it came: %s", async (error, rest, words) => {
    const server = await startRawServer(() => `HTTP/1.1 503 Busy\r\nRetry-After: 7\r\n${rest}`);
    const result = await (await senderTo(server.url)).send(request);
    expect(result).toMatchObject({ ok: false, error, message: `answered 503, but ${words}` });
    expect(!result.ok && result.answer).toMatchObject({ status: 503, bytes: 3, body: Buffer.from("abc") });
    expect(!result.ok && result.answer?.headers.slice(0, 2)).toEqual(["Retry-After", "7"]);
  });

  test("an answer whose body never ends is given up in time, and kept as far as it came", async () => {
    const server = await startServer((_, response) => {
      response.write("abc");
      response.on("close", () => clearInterval(drip));
      const drip = setInterval(() => response.write("."), 10);
    });
    const result = await (await senderTo(server.url, { keepBytes: 3 })).send({ ...request, timeoutMs: 300 });
    expect(result).toMatchObject({
      ok: false,
      error: "timeout",
      message: "answered 200, but its body did not end in time",
      answer: { status: 200, body: Buffer.from("abc") },
    });
  });
});

test.each([
  ["ECONNREFUSED", "refused"],
  ["ENOTFOUND", "dns"],
  ["EAI_AGAIN", "dns"],
  ["EHOSTUNREACH", "unreachable"],
  ["ENETUNREACH", "unreachable"],
  ["ETIMEDOUT", "timeout"],
  ["UND_ERR_CONNECT_TIMEOUT", "timeout"],
  ["ECONNRESET", "reset"],
  ["DEPTH_ZERO_SELF_SIGNED_CERT", "tls"],
  ["CERT_HAS_EXPIRED", "tls"],
  ["ERR_TLS_CERT_ALTNAME_INVALID", "tls"],
  ["ERR_SSL_WRONG_VERSION_NUMBER", "tls"],
  ["UND_ERR_WHATEVER", "protocol"],
])("%s means %s", (code, expected) => {
  const error = Object.assign(new Error("words"), { code });
  expect(explain(error).error).toBe(expected);
  expect(explain(new AggregateError([error, new Error("other")])).error).toBe(expected);
});
