import { request as httpRequest } from "node:http";
import { describe, expect, test } from "vitest";
import { EXIT, HooklineError } from "../../src/errors.ts";
import { maxRequest } from "../../src/inspector/input.ts";
import type { ReplayOrder } from "../../src/inspector/server.ts";
import { exchange } from "../cli/run-servers.ts";
import { attempt, expectGuarded, expectProblem, openInspector, type TestInspector } from "./inspectors.ts";

describe("a replay", () => {
  const path = "/api/deliveries/1/replay";

  async function openReplaying(): Promise<{
    inspector: TestInspector;
    orders: ReplayOrder[];
    cookies: boolean[];
  }> {
    const orders: ReplayOrder[] = [];
    const cookies: boolean[] = [];
    const inspector = await openInspector({
      replay: async (delivery, order) => {
        orders.push(order);
        cookies.push(delivery.headers.includes("secret-cookie"));
        return attempt({ kind: "replay", route: "order.*", headers: ["Set-Cookie", "secret-session"] });
      },
    });
    inspector.record({});
    return { inspector, orders, cookies };
  }

  test("goes out as it was asked for, and its outcome comes back without credentials", async () => {
    const { inspector, orders, cookies } = await openReplaying();
    const plain = await inspector.ask("POST", path, { body: { route: 1 } });
    expect(plain.json).toEqual({
      kind: "replay",
      url: "http://127.0.0.1:3001/",
      route: "order.*",
      started_at: "2026-03-17T14:32:00.003Z",
      duration_ms: 9.25,
      ok: true,
      status: 200,
      error: null,
      message: null,
      headers: [["Set-Cookie", "[redacted]"]],
      answer: "fine",
      answer_bytes: 4,
    });
    expectGuarded(plain.headers);
    await inspector.ask("POST", path, { body: { route: 0, original: true } });
    await inspector.ask("POST", path, {
      body: { route: 0, original: false, body_base64: Buffer.from([0, 255, 10]).toString("base64") },
      headers: { "content-type": "application/json; charset=utf-8" },
    });
    await inspector.ask("POST", path, { body: { route: 0, body_base64: "" } });
    expect(orders).toEqual([
      { route: 1, original: false },
      { route: 0, original: true },
      { route: 0, original: false, body: Buffer.from([0, 255, 10]) },
      { route: 0, original: false, body: Buffer.alloc(0) },
    ]);
    // What goes to the app is what was recorded.
    expect(cookies).toEqual([true, true, true, true]);
  });

  test.each([
    "",
    "{",
    "[]",
    "null",
    "1",
    '"route"',
    "{}",
    '{"route":"0"}',
    '{"route":null}',
    '{"route":-1}',
    '{"route":0.5}',
    '{"route":1e99}',
    '{"route":2}',
    '{"route":0,"original":"true"}',
    '{"route":0,"original":null}',
    '{"route":0,"body":"x"}',
    '{"route":0,"__proto__":{"original":true}}',
    '{"__proto__":{"route":0}}',
    '{"route":0,"url":"http://evil.test"}',
    '{"route":0,"body_base64":1}',
    '{"route":0,"body_base64":"e30"}',
    '{"route":0,"body_base64":"e3-_"}',
    '{"route":0,"body_base64":"e3 ="}',
    '{"route":0,"body_base64":"e30=e30="}',
    '{"route":0,"original":true,"body_base64":"e30="}',
    '{"route":0,"body_base64":null}',
    Buffer.from([0x7b, 0xff, 0x7d]),
  ])("refuses %s and sends nothing", async (body) => {
    const { inspector, orders } = await openReplaying();
    expectProblem(await inspector.ask("POST", path, { body }), 400, "request-invalid");
    expect(orders).toEqual([]);
  });

  test.each([
    undefined,
    "",
    "text/plain",
    "text/plain; application/json",
    "application/x-www-form-urlencoded",
    "multipart/form-data; boundary=application/json",
    "application/json, text/plain",
    "application/json; charset=utf-16",
    "application/jsonp",
    "application/vnd.api+json",
  ])("refuses the type %s and sends nothing", async (type) => {
    const { inspector, orders } = await openReplaying();
    const answer = await inspector.ask("POST", path, {
      body: { route: 0 },
      headers: { "content-type": type },
    });
    expectProblem(answer, 415, "media-type-unsupported");
    expect(orders).toEqual([]);
  });

  test("refuses what is too large, announced or not, and goes on answering", async () => {
    const { inspector, orders } = await openReplaying();
    const head = `POST ${path} HTTP/1.1\r\nHost: 127.0.0.1:${inspector.port}\r\nOrigin: ${inspector.url.slice(0, -1)}\r\nAuthorization: Bearer ${inspector.token}\r\nContent-Type: application/json\r\n`;
    const announced = await exchange(
      inspector.url,
      `${head}Content-Length: ${maxRequest + 1}\r\n\r\n{`,
      "}}",
    );
    expect(announced).toMatch(/^HTTP\/1\.1 413 /);
    expect(announced).toContain('"code":"body-too-large"');
    const chunked = await new Promise<number>((resolve, reject) => {
      const request = httpRequest(`${inspector.url.slice(0, -1)}${path}`, {
        method: "POST",
        agent: false,
        headers: {
          origin: inspector.url.slice(0, -1),
          authorization: `Bearer ${inspector.token}`,
          "content-type": "application/json",
          "transfer-encoding": "chunked",
        },
      });
      request.on("error", reject);
      request.on("response", (response) => {
        request.destroy();
        resolve(response.statusCode ?? 0);
      });
      const megabytes = Buffer.alloc(maxRequest / 2 + 1, 0x20);
      request.write(megabytes);
      request.write(megabytes);
    });
    expect(chunked).toBe(413);
    expect(orders).toEqual([]);
    expect((await inspector.ask("POST", path, { body: { route: 0 } })).status).toBe(200);
  });

  test("takes no parameter in the query", async () => {
    const { inspector, orders } = await openReplaying();
    const answer = await inspector.ask("POST", `${path}?route=1`, { body: { route: 0 } });
    expectProblem(answer, 400, "request-invalid");
    expect(orders).toEqual([]);
  });

  test.each([
    [new HooklineError("secret-needed", "no key signs it", { nextSteps: ["give one"] }), 400],
    [new HooklineError("route-gone", "it is gone", { exitCode: EXIT.notFound }), 404],
    [new HooklineError("broken", "it broke", { exitCode: EXIT.bug }), 500],
  ])("that cannot be tried says why: %s", async (error, status) => {
    const inspector = await openInspector({ replay: () => Promise.reject(error) });
    inspector.record({});
    const answer = await inspector.ask("POST", path, { body: { route: 0 } });
    expect(answer.status).toBe(status);
    expect(answer.json).toEqual({
      error: { code: error.code, message: error.message, next_steps: error.nextSteps },
    });
    expectGuarded(answer.headers);
    expect(inspector.errors).toEqual([]);
  });
});
