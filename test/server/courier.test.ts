import { randomBytes } from "node:crypto";
import { afterEach, describe, expect, test } from "vitest";
import { createRegistry } from "../../src/providers/index.ts";
import { createCourier, type Courier, type Sent } from "../../src/server/courier.ts";
import { createVault } from "../../src/server/vault.ts";
import { createTargetGuard } from "../../src/transport/guard.ts";
import { sampleProvider } from "../payloads/sample-providers.ts";
import { startRawServer } from "../cli/run-servers.ts";
import { delivery, endpoint, event } from "../store/rows.ts";

const couriers: Courier[] = [];
afterEach(async () => {
  await Promise.all(couriers.splice(0).map((courier) => courier.close()));
});

/** Makes one attempt at a URL. */
function attempt(url: string, { allowPrivate = true, timeoutMs = 10_000 } = {}): Promise<Sent> {
  const plain = sampleProvider("plain", ["it"], { signatures: [], ack: { timeoutMs, success: "2xx" } });
  const courier = createCourier({
    registry: createRegistry([plain]),
    vault: createVault(randomBytes(32), randomBytes),
    guard: createTargetGuard({ private: allowPrivate, ranges: [] }),
    now: () => 0,
  });
  couriers.push(courier);
  return courier.send({
    delivery: delivery("acct_1", "dlv_1"),
    event: event("acct_1", "evt_1", { type: "it" }),
    endpoint: endpoint("acct_1", "ep_1", { url, provider: "plain" }),
  });
}

describe("an attempt whose answer breaks off in its body", () => {
  test.each([
    [200, "", { isGone: false, retryAfterMs: undefined }],
    [503, "Retry-After: 7\r\n", { isGone: false, retryAfterMs: 7000 }],
    [410, "", { isGone: true, retryAfterMs: undefined }],
  ])("has failed with what came of it, and its head counts: %i", async (status, headers, expected) => {
    const head = `HTTP/1.1 ${status} x\r\n${headers}Content-Length: 999999\r\n\r\n`;
    const server = await startRawServer(() => `${head}abc`);
    const message = `answered ${status}, but its body broke off`;
    expect(await attempt(server.url)).toMatchObject({
      ok: false,
      isAborted: false,
      ...expected,
      attempt: { status, error: "reset", message, answer: Buffer.from("abc"), answerBytes: 3 },
    });
  });
});

describe("an attempt that is answered with a redirect", () => {
  test.each([
    [301, "https://other.example:8443/a?token=secret", "other.example:8443"],
    [302, "//other.example/", "other.example"],
    [307, "https://user:password@other.example/", "other.example"],
    [308, "https://\xe9.example/", "xn--9ca.example"],
  ])("names the host that it leads to and no more: %i to %s", async (status, location, host) => {
    const server = await startRawServer(
      () =>
        `HTTP/1.1 ${status} x\r\nLocation: ${Buffer.from(location).toString()}\r\nContent-Length: 0\r\n\r\n`,
    );
    const { message } = (await attempt(server.url)).attempt;
    if (host.startsWith("xn--")) expect(message).toMatch(/^answered 308 to xn--[\w-]+\.example: /);
    else expect(message).toBe(`answered ${status} to ${host}: redirects are not followed`);
  });

  test("within the same host names that", async () => {
    const server = await startRawServer(
      () => "HTTP/1.1 302 x\r\nLocation: /login\r\nContent-Length: 0\r\n\r\n",
    );
    const { message } = (await attempt(server.url)).attempt;
    expect(message).toBe(`answered 302 to 127.0.0.1:${server.port}: redirects are not followed`);
  });

  test.each([
    ["302 without a place", "302 x\r\n"],
    ["302 to no URL", "302 x\r\nLocation: https://[\r\n"],
    ["302 to what is no web page", "302 x\r\nLocation: javascript:alert(1)\r\n"],
    ["304 with a place", "304 x\r\nLocation: https://other.example/\r\n"],
  ])("is one like any other: %s", async (_, head) => {
    const server = await startRawServer(() => `HTTP/1.1 ${head}Content-Length: 0\r\n\r\n`);
    expect((await attempt(server.url)).attempt.message).toBe(`answered ${head.slice(0, 3)}, not 2xx`);
  });
});

test.each([
  [
    "http://[::1]:1/",
    /^this server sends nothing to .*\(::1\) unless .*--allow-private-targets or --allow-target ::1/,
  ],
  ["http://169.254.169.254/", /^this server sends nothing to a metadata address \(169\.254\.169\.254\)$/],
])(
  "an attempt at an address that is refused says what opens it, where anything does: %s",
  async (url, words) => {
    const { attempt: made } = await attempt(url, { allowPrivate: false });
    expect(made).toMatchObject({ status: null, error: "target-refused", answer: null });
    expect(made.message).toMatch(words);
  },
);
