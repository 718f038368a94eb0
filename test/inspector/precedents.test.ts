// What other developer tools got wrong, tried on this one.
import { describe, expect, test } from "vitest";
import { exchange, values } from "../cli/run-servers.ts";
import { expectProblem, openInspector } from "./inspectors.ts";

describe("MCP Inspector (CVE-2025-49596): a page that asks 0.0.0.0, with neither token nor Origin checks in its way", () => {
  test("reads and triggers nothing", async () => {
    let replayed = 0;
    const inspector = await openInspector({
      replay: () => {
        replayed++;
        return Promise.reject(new Error("never"));
      },
    });
    inspector.record({});
    const host = `0.0.0.0:${inspector.port}`;
    const from = { host, origin: "http://evil.test", "sec-fetch-site": "cross-site" };
    expectProblem(await inspector.ask("GET", "/api/deliveries", { headers: from }), 421, "host-refused");
    // What a page may send without asking first: no header of its own, and a body of a form's type.
    const simple = { origin: "http://evil.test", authorization: undefined, "content-type": "text/plain" };
    const path = "/api/deliveries/1/replay";
    const body = { route: 0 };
    expectProblem(await inspector.ask("POST", path, { headers: simple, body }), 403, "origin-refused");
    expect(replayed).toBe(0);
  });
});

describe("Vite (CVE-2025-24010): any origin was allowed to read, by fetch and by WebSocket", () => {
  test("no answer names an origin that may read it, and no preflight succeeds", async () => {
    const inspector = await openInspector();
    inspector.record({});
    const preflight = {
      authorization: undefined,
      "access-control-request-method": "POST",
      "access-control-request-headers": "authorization,content-type",
      "access-control-request-private-network": "true",
    };
    for (const path of ["/", "/app.js", "/api/deliveries", "/api/deliveries/1/replay", "/nothing"]) {
      const foreign = await inspector.ask("OPTIONS", path, {
        headers: { ...preflight, origin: "http://evil.test" },
      });
      expectProblem(foreign, 403, "origin-refused");
      const own = await inspector.ask("OPTIONS", path, { headers: preflight });
      expectProblem(own, 405, "method-not-allowed");
    }
  });

  test.each(["http://evil.test", "null", "http://127.0.0.1:1"])(
    "a WebSocket of %s is not opened",
    async (origin) => {
      const { url, port } = await openInspector();
      for (const path of ["/", "/api/stream", "/api/events"]) {
        const answer = await exchange(
          url,
          `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nOrigin: ${origin}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n`,
          "\r\n\r\n",
        );
        expect(answer).toMatch(/^HTTP\/1\.1 403 /);
      }
    },
  );
});

describe("Vite (CVE-2025-30208, -31125, -32395): paths that named files beyond those meant", () => {
  test.each([
    "/index.html",
    "//app.js",
    "/./app.js",
    "/%61pp.js",
    "/app.js/",
    "/app.js%00",
    "/APP.JS",
    "/../package.json",
    "/..%2f..%2fpackage.json",
    "/..\\package.json",
    "/@fs/etc/passwd",
    "/@fs/etc/passwd?raw??",
    "/etc/passwd?import&raw",
    "/#/../inbox.db",
    "/inbox.db",
    "/.env",
    "/__proto__",
    "/constructor",
  ])("%s is no file", async (path) => {
    const { url, port } = await openInspector();
    const answer = await exchange(
      url,
      `GET ${path} HTTP/1.1\r\nHost: 127.0.0.1:${port}\r\nConnection: close\r\n\r\n`,
    );
    expect(answer).toMatch(/^HTTP\/1\.1 404 /);
  });
});

describe("webpack-dev-server", () => {
  test("(CVE-2025-30359) what another page includes as a script is refused, and is none", async () => {
    const inspector = await openInspector();
    inspector.record({});
    for (const path of ["/app.js", "/api/session", "/api/deliveries", "/api/deliveries/1/body"]) {
      const included = await inspector.ask("GET", path, {
        headers: { "sec-fetch-site": "cross-site", "sec-fetch-mode": "no-cors", "sec-fetch-dest": "script" },
      });
      expectProblem(included, 403, "origin-refused");
      // A browser that does not send where a request comes from still keeps it from the page, and runs no JSON.
      const { headers } = await inspector.ask("GET", path);
      expect(values(headers, "cross-origin-resource-policy")).toEqual(["same-origin"]);
      expect(values(headers, "x-content-type-options")).toEqual(["nosniff"]);
    }
  });

  test.each(["http://127.0.0.1", "http://10.0.0.1", "http://[::1]:9", "http://2130706433"])(
    "(CVE-2025-30360) an Origin is not let in for being an address: %s",
    async (origin) => {
      const inspector = await openInspector();
      expectProblem(
        await inspector.ask("GET", "/api/stream", { headers: { origin } }),
        403,
        "origin-refused",
      );
    },
  );

  test("(CVE-2026-14631) a Host or Origin that is no URL does not end the process", async () => {
    const inspector = await openInspector();
    for (const bad of ["http://[", "::::", "%", "a b", "\xff", "http://\x80"]) {
      expectProblem(await inspector.ask("GET", "/", { headers: { origin: bad } }), 403, "origin-refused");
      expectProblem(await inspector.ask("GET", "/", { headers: { host: bad } }), 421, "host-refused");
    }
    expect(inspector.errors).toEqual([]);
  });
});

describe("Mailpit (CVE-2026-22689): its live events were open to any page", () => {
  test("the stream asks for Origin, site and token like everything else", async () => {
    const inspector = await openInspector();
    const path = "/api/stream";
    const ask = (headers: Record<string, string | undefined>) => inspector.ask("GET", path, { headers });
    expectProblem(await ask({ origin: "http://evil.test" }), 403, "origin-refused");
    expectProblem(await ask({ "sec-fetch-site": "same-site" }), 403, "origin-refused");
    // An EventSource can send no header of its own.
    expectProblem(await ask({ authorization: undefined, accept: "text/event-stream" }), 401, "token-missing");
  });
});
