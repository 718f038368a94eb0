import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, isIP, type LookupFunction, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { createTargetGuard, type GuardPolicy } from "../../src/transport/guard.ts";
import { createSender, type SendResult, type SenderOptions } from "../../src/transport/send.ts";
import { explain } from "../../src/transport/send-errors.ts";
import { listening } from "../cli/run-servers.ts";
import { createFolder } from "../cli/spawn.ts";

const closed: GuardPolicy = { private: false, ranges: [] };
const local: GuardPolicy = { private: true, ranges: [] };
const request = { method: "POST", path: "/", headers: [], body: Buffer.from("{}") };

const endings: (() => unknown)[] = [];
afterEach(async () => {
  for (const end of endings.splice(0).reverse()) await end();
});

interface Counted {
  port: number;
  connections: number;
  requests: number;
}

/** A server on 127.0.0.1 that counts who comes. */
async function startCounting(server: Server = createServer()): Promise<Counted> {
  const counted: Counted = { port: 0, connections: 0, requests: 0 };
  server.on("connection", () => counted.connections++);
  server.on("request", (message: NodeJS.ReadableStream, response: NodeJS.WritableStream) => {
    counted.requests++;
    message.resume();
    response.end();
  });
  counted.port = await listening(server);
  endings.push(() => server.close());
  return counted;
}

/** One round of addresses for each look-up, the last one for all that follow. */
function answers(...rounds: readonly string[][]): LookupFunction {
  const left = [...rounds];
  return (_, __, callback) => {
    const round = left.length > 1 ? left.shift() : left[0];
    queueMicrotask(() =>
      callback(
        null,
        (round ?? []).map((address) => ({ address, family: isIP(address) })),
      ),
    );
  };
}

async function sendAll(url: string, options: Partial<SenderOptions>, times = 1): Promise<SendResult[]> {
  const sender = await createSender(new URL(url), { timeoutMs: 10_000, keepBytes: 0, ...options });
  endings.push(() => sender.close());
  return Promise.all(Array.from({ length: times }, () => sender.send(request)));
}
const refused = (what: string) => ({
  ok: false,
  error: "target-refused",
  message: expect.stringContaining(`this server sends nothing to ${what}`) as string,
});

describe("a sender with a guard", () => {
  test.each([
    ["http://127.0.0.1", "a loopback address (127.0.0.1)"],
    ["http://2130706433", "a loopback address (127.0.0.1)"],
    ["http://0177.0.0.1", "a loopback address (127.0.0.1)"],
    ["http://0x7f.1", "a loopback address (127.0.0.1)"],
    ["http://127.0.0.1.", "a loopback address (127.0.0.1)"],
    ["http://0", "an unspecified address (0.0.0.0)"],
    ["http://[::ffff:127.0.0.1]", "an IPv4-mapped address (::ffff:7f00:1)"],
    ["https://127.0.0.1", "a loopback address (127.0.0.1)"],
  ])("refuses %s without a connection", async (origin, message) => {
    const server = await startCounting();
    const results = await sendAll(`${origin}:${server.port}`, { guard: createTargetGuard(closed) }, 3);
    expect(results).toMatchObject([refused(message), refused(message), refused(message)]);
    expect(server.connections).toBe(0);
  });

  test.each(["http://localhost", "https://localhost", "http://localhost."])(
    "refuses %s, as this system resolves it, without a connection",
    async (origin) => {
      const server = await startCounting();
      const results = await sendAll(`${origin}:${server.port}`, { guard: createTargetGuard(closed) }, 3);
      for (const result of results) {
        // A system may know no name with a dot at its end.
        const expected = origin.endsWith(".") ? /^(target-refused|dns)$/ : /^target-refused$/;
        expect(result).toMatchObject({ ok: false, error: expect.stringMatching(expected) as string });
      }
      expect(server.connections).toBe(0);
    },
  );

  test("reaches loopback where its policy opens it", async () => {
    const server = await startCounting();
    const byRange = createTargetGuard({ private: false, ranges: ["127.0.0.1/32"] });
    for (const [origin, guard] of [
      ["http://127.0.0.1", createTargetGuard(local)],
      ["http://localhost", createTargetGuard(local)],
      ["http://127.0.0.1", byRange],
      ["http://hook.example", createTargetGuard(local, { lookup: answers(["127.0.0.1"]) })],
    ] as const)
      expect(await sendAll(`${origin}:${server.port}`, { guard }, 2)).toMatchObject([
        { ok: true },
        { ok: true },
      ]);
    expect(server.requests).toBe(8);
    const mapped = await sendAll(`http://[::ffff:127.0.0.1]:${server.port}`, {
      guard: createTargetGuard(local),
    });
    expect(mapped).toMatchObject([refused("an IPv4-mapped address (::ffff:7f00:1)")]);
  });

  test.each(["http://169.254.169.254", "http://[fd00:ec2::254]", "http://168.63.129.16"])(
    "refuses %s whatever the policy",
    async (url) => {
      const guard = createTargetGuard({ private: true, ranges: ["0.0.0.0/0", "::/0"] });
      expect(await sendAll(url, { guard })).toMatchObject([
        refused(`a metadata address (${url.slice(7).replace(/[[\]]/g, "")})`),
      ]);
    },
  );

  test("is not deceived by a name that changes between the check and the connection", async () => {
    const server = await startCounting();
    const guard = createTargetGuard(closed, { lookup: answers(["93.184.215.14"], ["127.0.0.1"]) });
    const url = `http://rebound.example:${server.port}/`;
    expect(await guard.check(new URL(url))).toBeUndefined();
    expect(await sendAll(url, { guard })).toMatchObject([refused("a loopback address (127.0.0.1)")]);
    expect(server.connections).toBe(0);
  });

  test.each([[["127.0.0.1", "10.0.0.1"]], [["10.0.0.1", "127.0.0.1"]]])(
    "refuses a name for one address of several: %s",
    async (addresses) => {
      const server = await startCounting();
      const policy = { private: false, ranges: ["127.0.0.1/32"] };
      const guard = createTargetGuard(policy, { lookup: answers(addresses) });
      const results = await sendAll(`http://mixed.example:${server.port}`, { guard });
      expect(results).toMatchObject([refused("a private address (10.0.0.1)")]);
      expect(server.connections).toBe(0);
    },
  );

  test("judges every new connection, not the first alone", async () => {
    const server = await startCounting(
      createServer((_, response) => void response.setHeader("connection", "close")),
    );
    const policy = { private: false, ranges: ["127.0.0.1/32"] };
    const guard = createTargetGuard(policy, { lookup: answers(["127.0.0.1"], ["127.0.0.2"]) });
    const sender = await createSender(new URL(`http://hook.example:${server.port}`), {
      timeoutMs: 10_000,
      keepBytes: 0,
      guard,
    });
    endings.push(() => sender.close());
    expect(await sender.send(request)).toMatchObject({ ok: true, status: 200 });
    expect(await sender.send(request)).toMatchObject(refused("a loopback address (127.0.0.2)"));
    expect(server.connections).toBe(1);
  });

  test("a Host header and a whole URL as the path lead nowhere else", async () => {
    const server = await startCounting();
    const guard = createTargetGuard(closed, { lookup: answers(["127.0.0.1"]) });
    const sender = await createSender(new URL(`http://hook.example:${server.port}`), {
      timeoutMs: 10_000,
      keepBytes: 0,
      guard,
    });
    endings.push(() => sender.close());
    for (const odd of [{ headers: ["host", "93.184.215.14"] }, { path: `http://127.0.0.1:${server.port}/` }])
      expect(await sender.send({ ...request, ...odd })).toMatchObject(
        refused("a loopback address (127.0.0.1)"),
      );
    expect(server.connections).toBe(0);
  });

  test("uses no proxy", async () => {
    const [proxy, server] = [await startCounting(), await startCounting()];
    const http = `http://127.0.0.1:${proxy.port}`;
    const url = `http://hook.example:${server.port}`;
    const lookup = answers(["127.0.0.1"]);
    const open = createTargetGuard(local, { lookup });
    expect(await sendAll(url, { guard: open, proxy: { http } })).toMatchObject([{ ok: true }]);
    const shut = createTargetGuard(closed, { lookup });
    expect(await sendAll(url, { guard: shut, proxy: { http } })).toMatchObject([
      refused("a loopback address (127.0.0.1)"),
    ]);
    expect([proxy.connections, server.connections]).toEqual([0, 1]);
  });

  test("a name without an address is no refusal", async () => {
    const guard = createTargetGuard(closed, { lookup: answers([]) });
    expect(await sendAll("http://nothing.example", { guard })).toMatchObject([{ ok: false, error: "dns" }]);
  });
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;
test.skipIf(!hasOpenssl)("over TLS a guarded sender still checks the certificate by its name", async () => {
  const folder = createFolder();
  const [keyFile, certFile] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-keyout", keyFile, "-out", certFile, "-subj", "/CN=hook.example"],
    ...["-addext", "subjectAltName=DNS:hook.example"],
  ]);
  expect(made.status).toBe(0);
  const [key, ca] = [readFileSync(keyFile), readFileSync(certFile, "utf8")];
  const server = await startCounting(createTlsServer({ key, cert: ca }));
  const lookup = answers(["127.0.0.1"]);
  const guard = createTargetGuard(local, { lookup });
  expect(await sendAll(`https://hook.example:${server.port}`, { guard, ca })).toMatchObject([{ ok: true }]);
  expect(await sendAll(`https://other.example:${server.port}`, { guard, ca })).toMatchObject([
    { ok: false, error: "tls" },
  ]);
  const before = server.connections;
  const shut = createTargetGuard(closed, { lookup });
  expect(await sendAll(`https://hook.example:${server.port}`, { guard: shut, ca })).toMatchObject([
    refused("a loopback address (127.0.0.1)"),
  ]);
  expect(server.connections).toBe(before);
});

describe.each([true, false])(
  "net.connect with the guard's lookup, autoSelectFamily %s",
  (autoSelectFamily) => {
    const outcome = (port: number, policy: GuardPolicy) =>
      new Promise<string>((resolve) => {
        const { lookup } = createTargetGuard(policy, { lookup: answers(["127.0.0.1"]) });
        const socket = connect({ host: "hook.example", port, lookup, autoSelectFamily });
        socket.once("connect", () => {
          socket.destroy();
          resolve("connected");
        });
        socket.once("error", (error: NodeJS.ErrnoException) => resolve(error.code ?? ""));
      });

    test("connects or is refused", async () => {
      const server = await startCounting();
      expect(await outcome(server.port, closed)).toBe("ERR_TARGET_REFUSED");
      expect(await outcome(server.port, local)).toBe("connected");
    });
  },
);

test("a refusal among the errors of several addresses is what counts", () => {
  const refusal = Object.assign(new Error("10.0.0.1 is a private address"), { code: "ERR_TARGET_REFUSED" });
  const other = Object.assign(new Error("words"), { code: "ECONNREFUSED" });
  const expected = { error: "target-refused", message: "10.0.0.1 is a private address" };
  expect(explain(refusal)).toEqual(expected);
  expect(explain(new AggregateError([refusal, other]))).toEqual(expected);
  expect(explain(new AggregateError([other, refusal]))).toEqual(expected);
  expect(explain(new AggregateError([], "none"))).toEqual({ error: "protocol", message: "none" });
});
