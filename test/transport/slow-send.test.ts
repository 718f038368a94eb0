import { createServer, type IncomingMessage, type Server, type ServerResponse } from "node:http";
import { execFileSync, spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createTlsServer } from "node:https";
import { join } from "node:path";
import { afterEach, expect, test } from "vitest";
import { createFolder } from "../cli/spawn.ts";
import { sendSlowly, type SlowRequest } from "../../src/transport/slow-send.ts";

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close().closeAllConnections();
});

async function serve(
  answer: (message: IncomingMessage, response: ServerResponse, chunks: Buffer[]) => void,
): Promise<URL> {
  const server = createServer((message, response) => {
    const chunks: Buffer[] = [];
    message.on("data", (chunk: Buffer) => chunks.push(chunk));
    message.on("end", () => answer(message, response, chunks));
  });
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  return new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
}

const body = Buffer.from('{"name":"Åse 👩‍🌾"}');
const slow = (more: Partial<SlowRequest> = {}): SlowRequest => ({
  method: "POST",
  path: "/hooks?a=b",
  headers: ["content-type", "application/json", "X-Signature", "abc"],
  body,
  pieces: 5,
  pauseMs: 5,
  timeoutMs: 10_000,
  keepBytes: 100,
  ...more,
});

test("sends the bytes in chunks, without their length, and with the headers as they are", async () => {
  const got: { headers: string[]; url: string | undefined; chunks: Buffer[] }[] = [];
  const origin = await serve((message, response, chunks) => {
    got.push({ headers: message.rawHeaders, url: message.url, chunks });
    response.writeHead(202, ["X-Own", "1"]).end("thanks");
  });
  const result = await sendSlowly(origin, slow());
  expect(result).toMatchObject({ ok: true, status: 202, bytes: 6 });
  expect(result.ok && result.body.toString()).toBe("thanks");
  const [{ headers, url, chunks } = { headers: [], url: "", chunks: [] }] = got;
  expect(Buffer.concat(chunks)).toEqual(body);
  expect(chunks.length).toBeGreaterThan(1);
  expect(url).toBe("/hooks?a=b");
  expect(headers).toEqual([
    ...["content-type", "application/json", "X-Signature", "abc", "host", origin.host],
    ...["transfer-encoding", "chunked", "connection", "close"],
  ]);
});

test("keeps as much of the answer as it may, and tells its whole length", async () => {
  const origin = await serve((_, response) => response.end("x".repeat(5_000)));
  const result = await sendSlowly(origin, slow({ keepBytes: 10 }));
  expect(result).toMatchObject({ ok: true, bytes: 5_000 });
  expect(result.ok && result.body.length).toBe(10);
});

test("takes an answer that comes before the body has ended", async () => {
  const server = createServer((_, response) => void response.writeHead(413).end("too large"));
  servers.push(server);
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const address = server.address();
  const origin = new URL(`http://127.0.0.1:${typeof address === "object" ? address?.port : ""}`);
  expect(await sendSlowly(origin, slow({ pauseMs: 50_000 }))).toMatchObject({ ok: true, status: 413 });
});

test.each<[name: string, expected: object, more: Partial<SlowRequest>]>([
  ["no answer", { ok: false, error: "timeout" }, { timeoutMs: 50 }],
  ["the signal, before", { ok: false, error: "aborted" }, { signal: AbortSignal.abort() }],
])("%s ends it", async (_, expected, more) => {
  const origin = await serve(() => undefined);
  expect(await sendSlowly(origin, slow(more))).toMatchObject(expected);
});

test("the signal ends it while it waits", async () => {
  const abort = new AbortController();
  const origin = await serve(() => abort.abort());
  expect(await sendSlowly(origin, slow({ signal: abort.signal }))).toMatchObject({ error: "aborted" });
});

test("an answer that breaks off, and a connection that is refused, are told", async () => {
  const origin = await serve((message, response) => {
    response.writeHead(200, { "content-length": "100" }).write("half");
    setImmediate(() => message.socket.destroy());
  });
  expect(await sendSlowly(origin, slow())).toMatchObject({
    ok: false,
    error: "reset",
    answer: { status: 200 },
  });
  const [server] = servers.splice(0);
  await new Promise((resolve) => server?.close(resolve));
  expect(await sendSlowly(origin, slow())).toMatchObject({ ok: false, error: "refused" });
});

test.skipIf(!hasOpenssl)(
  "over TLS a certificate is vouched for by --ca, or taken whatever it is",
  async () => {
    const folder = createFolder();
    const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
    execFileSync(
      "openssl",
      [
        ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-keyout", key, "-out", cert],
        ...["-subj", "/CN=localhost", "-addext", "subjectAltName=DNS:localhost"],
      ],
      { stdio: "ignore" },
    );
    const server = createTlsServer(
      { key: readFileSync(key), cert: readFileSync(cert) },
      (message, response) => {
        message.resume().on("end", () => response.end());
      },
    );
    servers.push(server);
    await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
    const address = server.address();
    const origin = new URL(`https://localhost:${typeof address === "object" ? address?.port : ""}`);
    expect(await sendSlowly(origin, slow())).toMatchObject({ ok: false, error: "tls" });
    expect(await sendSlowly(origin, slow({ insecure: true }))).toMatchObject({ ok: true, status: 200 });
    expect(await sendSlowly(origin, slow({ ca: readFileSync(cert, "utf8") }))).toMatchObject({ ok: true });
  },
);
