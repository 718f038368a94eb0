import { connect } from "node:net";
import { networkInterfaces } from "node:os";
import { describe, expect, test } from "vitest";
import { exchange } from "../cli/run-servers.ts";
import { expectGuarded, expectProblem, openInspector, page, type TestInspector } from "./inspectors.ts";

/** Whatever is there to be asked for. */
const paths = ["/", "/app.js", "/app.css", "/api/session", "/api/deliveries", "/api/stream", "/nothing"];

/** A request byte for byte. @returns status, headers and body */
async function raw({ url }: TestInspector, lines: string[], body = "") {
  const text = await exchange(url, `${[...lines, "Connection: close"].join("\r\n")}\r\n\r\n${body}`);
  const [head = "", ...rest] = text.split("\r\n\r\n");
  const [status = "", ...headers] = head.split("\r\n");
  return {
    status: Number(status.split(" ")[1]),
    headers: headers.flatMap((line) => [line.slice(0, line.indexOf(":")), line.slice(line.indexOf(":") + 2)]),
    body: rest.join("\r\n\r\n"),
  };
}

describe("the address", () => {
  test("is 127.0.0.1: no other one of this machine answers", async () => {
    const { port } = await openInspector();
    const others = Object.values(networkInterfaces())
      .flatMap((all = []) => all)
      .filter(({ internal, family }) => !internal && family === "IPv4")
      .map(({ address }) => address);
    for (const address of ["127.0.0.2", "::1", ...others]) {
      await expect(
        new Promise((resolve, reject) => connect(port, address, () => resolve("open")).on("error", reject)),
        address,
      ).rejects.toThrow();
    }
  });

  test("that is taken is told as such", async () => {
    const { port } = await openInspector();
    await expect(openInspector({ port })).rejects.toMatchObject({
      code: "port-taken",
      nextSteps: [expect.stringContaining("--inspector-port") as string],
    });
  });
});

describe("the Host", () => {
  test.each(["127.0.0.1", "localhost", "LOCALHOST", "[::1]"])("%s with the port is served", async (name) => {
    const inspector = await openInspector();
    const { status } = await raw(inspector, ["GET / HTTP/1.1", `Host: ${name}:${inspector.port}`]);
    expect(status).toBe(200);
  });

  test.each([
    ["a name that is pointed here", (port: number) => [`Host: evil.test:${port}`]],
    ["a name without a port", () => ["Host: localhost"]],
    ["another port", (port: number) => [`Host: 127.0.0.1:${port + 1}`]],
    ["all addresses", (port: number) => [`Host: 0.0.0.0:${port}`]],
    ["another loopback address", (port: number) => [`Host: 127.0.0.2:${port}`]],
    ["the same address in another notation", (port: number) => [`Host: 2130706433:${port}`]],
    ["a name under localhost", (port: number) => [`Host: evil.localhost:${port}`]],
    ["a name that begins like it", (port: number) => [`Host: localhost.evil.test:${port}`]],
    ["a trailing dot", (port: number) => [`Host: localhost.:${port}`]],
    ["a user before it", (port: number) => [`Host: evil.test@127.0.0.1:${port}`]],
    ["nothing", () => ["Host:"]],
    ["no URL's host", () => ["Host: [::1"]],
    ["spaces", (port: number) => [`Host: 127.0.0.1 :${port}`]],
    ["none at all", () => []],
    ["two, the first right", (port: number) => [`Host: 127.0.0.1:${port}`, "Host: evil.test"]],
    ["two, the last right", (port: number) => ["Host: evil.test", `Host: 127.0.0.1:${port}`]],
    ["the right one twice", (port: number) => [`Host: 127.0.0.1:${port}`, `Host: 127.0.0.1:${port}`]],
  ])("that is %s gets nothing, whatever it asks for", async (_, hostOf) => {
    const inspector = await openInspector();
    inspector.record({});
    for (const path of paths) {
      const answer = await raw(inspector, [
        `GET ${path} HTTP/1.1`,
        ...hostOf(inspector.port),
        `Authorization: Bearer ${inspector.token}`,
      ]);
      expect(answer.status, path).toBe(421);
      expect(JSON.parse(answer.body)).toMatchObject({ error: { code: "host-refused" } });
      expect(answer.body).not.toContain("evil");
      expectGuarded(answer.headers);
    }
  });

  test.each([
    ["a foreign URL", () => "http://evil.test/"],
    ["its own URL", (port: number) => `http://127.0.0.1:${port}/`],
    ["a URL of another scheme", () => "https://localhost/"],
  ])("beside %s in the request line is refused", async (_, targetOf) => {
    const inspector = await openInspector();
    const answer = await raw(inspector, [
      `GET ${targetOf(inspector.port)} HTTP/1.1`,
      `Host: 127.0.0.1:${inspector.port}`,
    ]);
    expect(answer.status).toBe(421);
    expectGuarded(answer.headers);
  });

  test("is refused in HTTP/1.0 as well, and an odd request ends no server", async () => {
    const inspector = await openInspector();
    expect((await raw(inspector, ["GET / HTTP/1.0"])).status).toBe(421);
    for (const bytes of ["\x16\x03\x01\x02\x00", "GET\r\n\r\n", "GET / HTTP/1.1\r\nHost\r\n\r\n"]) {
      const text = await exchange(inspector.url, bytes);
      expect(text).toMatch(/^HTTP\/1\.1 400 Bad Request\r\n/);
      expect(text).toMatch(/X-Content-Type-Options: nosniff\r\n/);
    }
    const large = `GET / HTTP/1.1\r\nX: ${"x".repeat(20_000)}\r\n\r\n`;
    expect(await exchange(inspector.url, large)).toMatch(/^HTTP\/1\.1 431 /);
    expect((await inspector.ask("GET", "/")).status).toBe(200);
    expect(inspector.errors).toEqual([]);
  });
});

describe("the Origin", () => {
  const foreign: [string, (port: number) => string | string[]][] = [
    ["another site", () => "http://evil.test"],
    ["another port of this machine", (port) => `http://127.0.0.1:${port + 1}`],
    ["no port", () => "http://localhost"],
    ["an address of the local network", (port) => `http://192.168.1.2:${port}`],
    ["another name of this machine", (port) => `http://localhost:${port}`],
    ["another scheme", (port) => `https://127.0.0.1:${port}`],
    ["an extension", () => "chrome-extension://abcdefghijklmnop"],
    ["a sandboxed frame or a file", () => "null"],
    ["nothing", () => ""],
    ["no URL", () => "http://["],
    ["more than an origin", (port) => `http://127.0.0.1:${port}/`],
    ["two", (port) => [`http://127.0.0.1:${port}`, "http://evil.test"]],
    ["the right one twice", (port) => [`http://127.0.0.1:${port}`, `http://127.0.0.1:${port}`]],
  ];

  test.each(foreign)("that is %s gets nothing, with the right token too", async (_, originOf) => {
    const inspector = await openInspector();
    inspector.record({});
    const origin = originOf(inspector.port);
    for (const path of paths) {
      expectProblem(await inspector.ask("GET", path, { headers: { origin } }), 403, "origin-refused");
    }
    const body = { route: 0 };
    const replay = await inspector.ask("POST", "/api/deliveries/1/replay", { headers: { origin }, body });
    expectProblem(replay, 403, "origin-refused");
  });

  test("of the page itself is served, by the name it was opened with", async () => {
    const inspector = await openInspector();
    for (const name of ["127.0.0.1", "localhost", "[::1]"]) {
      const host = `${name}:${inspector.port}`;
      const answer = await inspector.ask("GET", "/api/session", {
        headers: { host, origin: `http://${host}` },
      });
      expect(answer.status, name).toBe(200);
      expectGuarded(answer.headers);
    }
  });

  test("has to come with a POST, as every browser sends it", async () => {
    const inspector = await openInspector();
    inspector.record({});
    const answer = await inspector.ask("POST", "/api/deliveries/1/replay", {
      headers: { origin: undefined },
      body: { route: 0 },
    });
    expectProblem(answer, 403, "origin-refused");
  });
});

describe("Sec-Fetch-Site", () => {
  test.each([
    ["same-origin", 200],
    ["none", 200],
    ["same-site", 403],
    ["cross-site", 403],
    ["", 403],
    ["unheard-of", 403],
  ])("%s is answered with %d", async (site, status) => {
    const inspector = await openInspector();
    for (const path of ["/", "/app.js", "/app.css", "/api/session"]) {
      const answer = await inspector.ask("GET", path, { headers: { "sec-fetch-site": site } });
      expect(answer.status, path).toBe(status);
      expectGuarded(answer.headers);
    }
  });

  test.each([
    ["a link to the page", "GET", "/", "navigate", "document", 200],
    ["a frame of the page", "GET", "/", "navigate", "iframe", 403],
    ["an object of the page", "GET", "/", "navigate", "object", 403],
    ["a fetch of the page", "GET", "/", "no-cors", "empty", 403],
    ["a form that posts to the page", "POST", "/", "navigate", "document", 403],
    ["the script in a script element", "GET", "/app.js", "no-cors", "script", 403],
    ["a link to the script", "GET", "/app.js", "navigate", "document", 403],
    ["a link to the data", "GET", "/api/deliveries", "navigate", "document", 403],
    ["the data in a script element", "GET", "/api/deliveries", "no-cors", "script", 403],
    ["the data in an image", "GET", "/api/deliveries/1/body", "no-cors", "image", 403],
  ])("of another page: %s", async (_, method, path, mode, dest, status) => {
    const inspector = await openInspector();
    inspector.record({});
    const answer = await inspector.ask(method, path, {
      headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": mode, "sec-fetch-dest": dest },
    });
    expect(answer.status).toBe(status);
  });
});

describe("the token", () => {
  const api = [
    ["GET", "/api/session"],
    ["GET", "/api/deliveries"],
    ["GET", "/api/deliveries/1"],
    ["GET", "/api/deliveries/1/body"],
    ["GET", "/api/deliveries/1/curl"],
    ["POST", "/api/deliveries/1/replay"],
    ["GET", "/api/stream"],
    ["GET", "/api/"],
    ["GET", "/api/deliveries/99"],
    ["POST", "/api/deliveries/99/replay"],
  ] as const;

  test.each([
    ["none", () => undefined],
    ["an empty one", () => ""],
    ["another", () => `Bearer ${"A".repeat(43)}`],
    ["the scheme alone", () => "Bearer "],
    ["its beginning", (token: string) => `Bearer ${token.slice(0, -1)}`],
    ["one that goes on", (token: string) => `Bearer ${token}A`],
    ["one without the scheme", (token: string) => token],
    ["another scheme", (token: string) => `Basic ${token}`],
    ["two", (token: string) => `Bearer ${token}, Bearer ${token}`],
    ["another case", (token: string) => `Bearer ${token.toLowerCase()}${token.toUpperCase()}`],
    ["a very long one", () => `Bearer ${"A".repeat(8000)}`],
  ])("%s is 401, whatever is asked for", async (_, authorizationOf) => {
    const inspector = await openInspector();
    inspector.record({});
    for (const [method, path] of api) {
      const answer = await inspector.ask(method, path, {
        headers: { authorization: authorizationOf(inspector.token) },
        body: method === "POST" ? { route: 0 } : undefined,
      });
      expectProblem(answer, 401, "token-missing");
    }
  });

  test("counts in its header alone: not in a query, a cookie or another header", async () => {
    const inspector = await openInspector();
    const { token } = inspector;
    const answers = await Promise.all([
      inspector.ask("GET", `/api/session?token=${token}`, { headers: { authorization: undefined } }),
      inspector.ask("GET", `/api/session?access_token=${token}`, { headers: { authorization: undefined } }),
      inspector.ask("GET", "/api/session", {
        headers: { authorization: undefined, cookie: `token=${token}; hookline=${token}` },
      }),
      inspector.ask("GET", "/api/session", { headers: { authorization: undefined, "x-api-key": token } }),
    ]);
    for (const answer of answers) expectProblem(answer, 401, "token-missing");
  });

  test("given twice is refused", async () => {
    const inspector = await openInspector();
    const line = `Authorization: Bearer ${inspector.token}`;
    const lines = ["GET /api/session HTTP/1.1", `Host: 127.0.0.1:${inspector.port}`];
    expect((await raw(inspector, [...lines, line])).status).toBe(200);
    expect((await raw(inspector, [...lines, line, line])).status).toBe(401);
  });

  test("is not needed for the page, which has no data in it", async () => {
    const inspector = await openInspector();
    inspector.record({});
    for (const [path, name] of [
      ["/", "index.html"],
      ["/?n=1", "index.html"],
      ["/app.js", "app.js"],
      ["/app.css", "app.css"],
    ] as const) {
      const answer = await inspector.ask("GET", path, { headers: { authorization: undefined } });
      expect([answer.status, answer.body.toString("utf8")]).toEqual([200, page[name]]);
      expectGuarded(answer.headers);
    }
  });
});
