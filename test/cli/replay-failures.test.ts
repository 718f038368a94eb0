import { spawnSync } from "node:child_process";
import { readFileSync } from "node:fs";
import { createServer as createHttpServer, type IncomingMessage, type ServerResponse } from "node:http";
import { createServer as createTlsServer } from "node:https";
import { connect, type Server } from "node:net";
import { join } from "node:path";
import { afterEach, describe, expect, test } from "vitest";
import { closedPort, listening, startRawServer, startServer, values } from "./run-servers.ts";
import { createFolder, createPlace, ndjson, run, start } from "./spawn.ts";

/** Replays one payload as NDJSON. @returns its exit code and the delivery as it is told */
async function outcome(args: readonly string[], options: Parameters<typeof run>[1] = {}) {
  const { code, stdout } = await run(["replay", ...args, "--json"], options);
  return { exitCode: code, ...ndjson(stdout)[0] } as Record<string, unknown>;
}

test("an answer that repeats the signing secret shows it nowhere", async () => {
  const secret = "a-secret-that-nobody-may-see";
  const target = await startServer((_, response) => void response.writeHead(500).end(`key: ${secret}`));
  const args = ["replay", "order.created", "--to", String(target.port), "--report", "json:out.json"];
  const place = createPlace();
  const { stdout, stderr } = await run(args, { place, env: { FAREPLAY_WEBHOOK_SECRET: secret } });
  const report = readFileSync(join(place.cwd, "out.json"), "utf8");
  for (const text of [stdout, stderr, report]) expect(text).not.toContain(secret);
  expect(stdout).toContain("key: [secret]");
});

describe("success is the provider's own rule", () => {
  test("Fikäfi takes exactly 200, and not after five seconds; others take any 2xx; nobody follows a redirect", async () => {
    const target = await startServer(({ url }, response) => {
      const [, status, ms = "0"] = url.split("/");
      setTimeout(() => response.writeHead(Number(status), { location: "/200" }).end(), Number(ms));
    });
    const to = (path: string): string[] => ["--to", `${target.port}/${path}`];
    const [taken, exact, late, unanswered, redirect] = await Promise.all([
      run(["replay", "order.created", ...to("204")]),
      run(["replay", "fikafi/paymentDetails", ...to("204")]),
      run(["replay", "fikafi/paymentDetails", "--timeout", "9s", ...to("200/5200")]),
      run(["replay", "fikafi/paymentDetails", ...to("200/5600")]),
      run(["replay", "order.created", ...to("302")]),
    ]);
    expect([taken, exact, late, unanswered, redirect].map(({ code }) => code)).toEqual([0, 1, 1, 1, 1]);
    expect(exact.stdout).toMatch(/^✗ {2}fikafi\/paymentDetails .*204 .*Fikäfi takes only 200 as success\n$/);
    expect(late.stdout).toMatch(/✗.* 200 .*too late: Fikäfi gives up after 5 s\n$/);
    expect(unanswered.stdout).toMatch(/✗.* — .*no answer, and Fikäfi gives up after 5 s\n$/);
    expect(redirect.stdout).toMatch(/✗.* 302 .*Fareplay follows no redirect\n$/);
    // Nothing came to where the redirect leads.
    expect(target.received.filter(({ url }) => url === "/200")).toEqual([]);
  });

  test("a provider of the project's own: its statuses, its allowance", async () => {
    const place = createPlace();
    const own = (ack: object): object => ({ signatures: [{ kind: "none" }], ack });
    const providers = { acme: own({ success: [202, 409] }), hasty: own({ timeoutMs: 60 }) };
    place.write("hookline.json", JSON.stringify({ providers }));
    const target = await startServer(({ url }, response) => {
      setTimeout(() => response.writeHead(Number(url.slice(1, 4))).end(), url.includes("late") ? 150 : 0);
    });
    const send = (provider: string, path: string, ...more: string[]) =>
      outcome(["-", "--provider", provider, "--to", `${target.port}/${path}`, ...more], {
        place,
        input: "{}",
      });
    expect(await send("acme", "409")).toMatchObject({ exitCode: 0, ok: true, status: 409 });
    expect(await send("acme", "200")).toMatchObject({
      exitCode: 1,
      ok: false,
      status: 200,
      code: "status",
      message: "acme takes only 202, 409 as success",
    });
    expect(await send("hasty", "200-late", "--timeout", "9s")).toMatchObject({
      exitCode: 1,
      status: 200,
      code: "late",
    });
    expect(await send("hasty", "200-late")).toMatchObject({ exitCode: 1, status: null, code: "timeout" });
  });

  test("one failure among many: exit 1, the failure in full, the rest counted", async () => {
    let turn = 0;
    const target = await startServer((_, response) => {
      response.writeHead(turn++ === 17 ? 500 : 200).end(turn === 18 ? '{"why":"it broke"}' : "fine");
    });
    const { code, stdout } = await run([
      "replay",
      "order.created",
      "--times",
      "30",
      "--to",
      String(target.port),
    ]);
    expect(code).toBe(1);
    const lines = stdout.trimEnd().split("\n");
    expect(lines[0]).toMatch(/^✗ {2}fareplay\/order\.created +500 .*Fareplay takes only 2xx as success$/);
    expect(lines.slice(1, 4)).toEqual(["  │ {", '  │   "why": "it broke"', "  │ }"]);
    expect(lines.slice(4)).toEqual([expect.stringMatching(/^30 sent · 29 succeeded · 1 failed · p50 /)]);
  });

  test("a long answer is cut, a binary one is measured", async () => {
    const target = await startServer(({ url }, response) => {
      const answer = {
        "/lines": Array.from({ length: 500 }, (_, line) => `line ${line}`).join("\n"),
        "/long": "x".repeat(3_000_000),
        "/binary": Buffer.from([0x1b, 0xff, 0xfe]),
      }[url];
      response.writeHead(500).end(answer);
    });
    const show = async (path: string): Promise<string> =>
      (await run(["replay", "order.created", "--to", `${target.port}/${path}`])).stdout;
    const lines = (await show("lines")).split("\n");
    expect(lines.length).toBeLessThan(30);
    expect(lines).toContain("  │ line 19");
    expect(lines).toContain("  │ … 480 more lines");
    const long = await show("long");
    expect(long.length).toBeLessThan(25_000);
    expect(long).toContain("3.0 MB in all");
    expect(await show("binary")).toContain("(3 B that are no UTF-8 text)");
    expect(await outcome(["order.created", "--to", `${target.port}/binary`])).toMatchObject({
      answer: { bytes: 3, text: "(binary, 3 bytes)" },
    });
  });
});

describe("no answer", () => {
  test.each([
    ["refused", async () => `${await closedPort()}`, "connection refused"],
    ["dns", async () => "http://hookline.invalid/x", "the host name has no address"],
    [
      "reset",
      async () => `${(await startRawServer(() => "")).port}`,
      "the connection was closed before an answer came",
    ],
    [
      "protocol",
      async () => `${(await startRawServer(() => "220 smtp\r\n")).port}`,
      "its answer is not HTTP",
    ],
    ["tls", async () => (await startServer()).url.replace("http:", "https:"), "is it http://?"],
  ])("%s", async (reason, target, message) => {
    const to = await target();
    expect(await outcome(["order.created", "--to", to])).toMatchObject({
      exitCode: 1,
      ok: false,
      status: null,
      code: reason,
      message: expect.stringContaining(message) as string,
      answer: null,
    });
    const { code, stdout } = await run(["replay", "order.created", "--to", to]);
    expect(code).toBe(1);
    expect(stdout).toContain(message);
  });

  test("--timeout bounds the whole answer, not its head alone", async () => {
    const target = await startServer((_, response) => {
      response.writeHead(200, { "content-length": 10 }).write("a");
    });
    const started = performance.now();
    expect(await outcome(["order.created", "--timeout", "200ms", "--to", String(target.port)])).toMatchObject(
      {
        exitCode: 1,
        code: "timeout",
        message: expect.stringMatching(/^no answer after 2\d\d ms$/) as string,
      },
    );
    expect(performance.now() - started).toBeLessThan(5000);
  });
});

describe("interrupted", () => {
  test.each([
    ["SIGINT", 130],
    ["SIGTERM", 143],
  ] as const)("%s: what is under way is dropped, the summary told, exit %i", async (signal, code) => {
    const target = await startServer((_, response) => void (target.received.length <= 3 && response.end()));
    const sending = start([
      "replay",
      "order.created",
      "--times",
      "100",
      "--to",
      String(target.port),
      "--json",
    ]);
    await target.until(4);
    sending.kill(signal);
    const finished = await sending.finished;
    expect(finished.code).toBe(code);
    const told = ndjson(finished.stdout);
    expect(told.at(-2)).toMatchObject({ ok: false, code: "aborted" });
    expect(told.at(-1)).toMatchObject({
      type: "summary",
      total: 100,
      sent: 4,
      succeeded: 3,
      failed: 1,
      interrupted: true,
    });
  });

  test("by a reader that goes away: quietly", async () => {
    const target = await startServer();
    const { stderr } = await start(
      ["replay", "order.created", "--times", "100000", "--to", String(target.port), "--json", "--quiet"],
      { reader: (stdout) => stdout.once("data", () => stdout.destroy()) },
    ).finished;
    expect(stderr).toBe("");
    expect(target.received.length).toBeLessThan(100_000);
  });
});

const servers: Server[] = [];
afterEach(() => {
  for (const server of servers.splice(0)) server.close();
});

const hasOpenssl = spawnSync("openssl", ["version"]).status === 0;

/** A server with a certificate that it signed itself, for localhost and hook.example. */
async function startTls(): Promise<{ port: number; cert: string; received: () => number }> {
  const folder = createFolder();
  const [key, cert] = [join(folder, "key.pem"), join(folder, "cert.pem")];
  const made = spawnSync("openssl", [
    ...["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes", "-days", "2"],
    ...["-keyout", key, "-out", cert, "-subj", "/CN=localhost"],
    ...["-addext", "subjectAltName=DNS:localhost,DNS:hook.example"],
  ]);
  expect(made.status).toBe(0);
  let received = 0;
  const server = createTlsServer(
    { key: readFileSync(key), cert: readFileSync(cert) },
    (request, response) => {
      received++;
      request.resume();
      response.end();
    },
  );
  servers.push(server);
  return { port: await listening(server), cert, received: () => received };
}

describe.skipIf(!hasOpenssl)("TLS", () => {
  test("a certificate nobody vouches for is refused; --ca or --insecure takes it", async () => {
    const { port, cert, received } = await startTls();
    const to = ["order.created", "--to", `https://localhost:${port}/`];
    expect(await outcome(to)).toMatchObject({
      exitCode: 1,
      code: "tls",
      message: expect.stringMatching(
        /self-signed certificate; trust it with --ca FILE, or any with --insecure/,
      ) as string,
    });
    expect(received()).toBe(0);
    expect(await outcome([...to, "--ca", cert])).toMatchObject({ exitCode: 0, ok: true });
    expect(await outcome([...to, "--insecure"])).toMatchObject({ exitCode: 0, ok: true });
    // By another name than the certificate's, the authority alone is not enough.
    const other = ["order.created", "--to", `https://127.0.0.1:${port}/`];
    expect(await outcome([...other, "--ca", cert])).toMatchObject({ exitCode: 1, code: "tls" });
    expect(await outcome([...other, "--insecure"])).toMatchObject({ exitCode: 0 });
  });

  test("a --ca that holds no certificate is a usage error", async () => {
    const place = createPlace();
    place.write("ca.pem", "no certificate");
    const { code, stderr } = await run(["replay", "order.created", "--to", "1", "--ca", "ca.pem"], { place });
    expect(code).toBe(2);
    expect(stderr).toContain("holds no PEM certificate");
  });
});

describe("proxies", () => {
  interface Proxy {
    url: string;
    /** `POST http://…` and `CONNECT host:port`, as they came. */
    asked: string[];
    headers: string[];
  }

  /** A proxy that answers itself, and opens every tunnel to the port given, whatever name is asked for. */
  async function startProxy(tunnelTo = 0): Promise<Proxy> {
    const proxy: Proxy = { url: "", asked: [], headers: [] };
    const server = createHttpServer((request: IncomingMessage, response: ServerResponse) => {
      proxy.asked.push(`${request.method} ${request.url}`);
      proxy.headers = request.rawHeaders;
      request.resume().on("end", () => response.end());
    });
    server.on("connect", (request, socket) => {
      proxy.asked.push(`CONNECT ${request.url}`);
      const onward = connect(tunnelTo, "127.0.0.1", () => {
        socket.write("HTTP/1.1 200 OK\r\n\r\n");
        socket.pipe(onward).pipe(socket);
      });
      for (const end of [onward, socket]) end.on("error", () => undefined);
    });
    servers.push(server);
    proxy.url = `http://127.0.0.1:${await listening(server)}`;
    return proxy;
  }

  test.each(["HTTP_PROXY", "http_proxy"])("%s is asked for a name that is not this machine", async (name) => {
    const proxy = await startProxy();
    const args = ["order.created", "--to", "http://hook.example:8080/x?y", "-H", "X-A: 1", "-H", "X-A: 2"];
    expect(await outcome(args, { env: { [name]: proxy.url } })).toMatchObject({ exitCode: 0, status: 200 });
    expect(proxy.asked).toEqual(["POST http://hook.example:8080/x?y"]);
    expect(values(proxy.headers, "host")).toEqual(["hook.example:8080"]);
    expect(values(proxy.headers, "x-a")).toEqual(["1", "2"]);
    expect(values(proxy.headers, "content-length")).toEqual(["541"]);
  });

  test("not for this machine, and not where NO_PROXY says so", async () => {
    const proxy = await startProxy();
    const target = await startServer();
    for (const host of ["localhost", "127.0.0.1"]) {
      const to = ["order.created", "--to", `http://${host}:${target.port}/`];
      expect(await outcome(to, { env: { HTTP_PROXY: proxy.url, http_proxy: proxy.url } })).toMatchObject({
        exitCode: 0,
      });
    }
    const excepted = { HTTP_PROXY: proxy.url, NO_PROXY: "other.example,.invalid" };
    expect(
      await outcome(["order.created", "--to", "http://hookline.invalid/"], { env: excepted }),
    ).toMatchObject({
      code: "dns",
    });
    expect(proxy.asked).toEqual([]);
    expect(target.received).toHaveLength(2);
  });

  test.skipIf(!hasOpenssl)("https goes through a tunnel, and the certificate is still checked", async () => {
    const { port, cert, received } = await startTls();
    const proxy = await startProxy(port);
    const to = ["order.created", "--to", "https://hook.example/x"];
    const env = { HTTPS_PROXY: proxy.url };
    expect(await outcome(to, { env })).toMatchObject({ exitCode: 1, code: "tls" });
    expect(received()).toBe(0);
    expect(await outcome([...to, "--ca", cert], { env })).toMatchObject({ exitCode: 0 });
    expect(await outcome([...to, "--insecure"], { env })).toMatchObject({ exitCode: 0 });
    expect(proxy.asked).toEqual(Array(3).fill("CONNECT hook.example:443"));
  });

  test("an address that is none is told before anything is sent", async () => {
    const { code, stderr } = await run(["replay", "order.created", "--to", "http://hook.example/"], {
      env: { HTTP_PROXY: "::nonsense::" },
    });
    expect(code).toBe(2);
    expect(stderr).toContain("HTTP_PROXY");
  });
});
