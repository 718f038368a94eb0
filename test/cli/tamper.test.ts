import { createHmac, timingSafeEqual } from "node:crypto";
import { describe, expect, test } from "vitest";
import { startServer, values, type Answerer, type Received } from "./run-servers.ts";
import { createPlace, ndjson, run } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret, SLACK_WEBHOOK_SECRET: secret };

/** Fareplay's rule, written without hookline. */
function isRight({ headers, body }: Received): boolean {
  const given = Buffer.from(values(headers, "x-fareplay-signature").join(", "), "latin1");
  const wanted = Buffer.from(`sha256=${createHmac("sha256", secret).update(body).digest("hex")}`);
  return given.length === wanted.length && timingSafeEqual(given, wanted);
}

const strict: Answerer = (request, response) => void response.writeHead(isRight(request) ? 200 : 401).end();

/** Answers the first request with the first status, and so on. */
function inTurn(statuses: readonly number[]): Answerer {
  const left = [...statuses];
  return (_, response) => void response.writeHead(left.shift() ?? 599).end();
}

const fareplays = ["missing", "empty", "malformed", "signature", "truncated", "secret", "body", "duplicate"];

async function tampered(answer: Answerer, args: readonly string[]) {
  const target = await startServer(answer);
  const { code, stdout, stderr } = await run(
    ["replay", "order.created", "--to", `${target.port}/hooks`, "--json", ...args],
    { env },
  );
  const events = ndjson(stdout);
  return {
    code,
    stderr,
    received: target.received,
    deliveries: events.filter(({ type }) => type === "delivery"),
    summary: events.at(-1),
  };
}

describe("replay --tamper", () => {
  test("all of them: a handler that verifies refuses each, and takes the right one", async () => {
    const { code, deliveries, received, summary } = await tampered(strict, ["--tamper", "all"]);
    expect(deliveries.map(({ tampering, ok, status, code: why }) => [tampering, ok, status, why])).toEqual(
      fareplays.map((tampering) => [tampering, true, 401, null]),
    );
    expect([code, summary]).toEqual([
      0,
      expect.objectContaining({ type: "summary", sent: 8, succeeded: 8, failed: 0 }),
    ]);
    expect(received.some(isRight)).toBe(false);
    const right = await tampered(strict, []);
    expect([right.code, right.received.every(isRight)]).toEqual([0, true]);
    expect(right.deliveries[0]).toMatchObject({ tampering: null, ok: true });
  });

  test("some of them, with commas or one by one, each once and in the order asked for", async () => {
    const { code, deliveries } = await tampered(strict, [
      "--tamper",
      "body, secret",
      "--tamper",
      "missing,body",
    ]);
    expect([code, deliveries.map(({ tampering }) => tampering)]).toEqual([0, ["body", "secret", "missing"]]);
  });

  test("fails with a handler that accepts it, breaks over it, or speaks of something else", async () => {
    const told: [status: number, code: string, message: RegExp][] = [
      [200, "not-refused", /^taken for right: your app must refuse it with a 4xx$/],
      [
        302,
        "not-refused",
        /^says that it is elsewhere, not that the signature is: a wrong signature is answered with 401$/,
      ],
      [404, "not-refused", /^says that nothing is there, not/],
      [429, "not-refused", /^says that there were too many requests, not/],
      [500, "broke", /^your app broke over it: .*4xx.*Fareplay/],
    ];
    const { code, deliveries, summary } = await tampered(inTurn(told.map(([status]) => status)), [
      "--tamper",
      "missing,signature,truncated,secret,body",
    ]);
    expect([code, summary?.["failed"]]).toEqual([1, told.length]);
    expect(deliveries).toHaveLength(told.length);
    for (const [index, [status, why, message]] of told.entries()) {
      expect(deliveries[index]).toMatchObject({ ok: false, status, code: why });
      expect(deliveries[index]?.["message"]).toMatch(message);
    }
  });

  test("takes any 4xx that can speak of a signature for a refusal", async () => {
    const { code, deliveries } = await tampered(inTurn([400, 401, 403, 422]), [
      "--tamper",
      "missing,signature,secret,body",
    ]);
    expect([code, deliveries.map(({ status }) => status)]).toEqual([0, [400, 401, 403, 422]]);
  });

  test("says for people how each was made wrong", async () => {
    const target = await startServer();
    const { code, stdout } = await run(
      ["replay", "order.created", "--to", String(target.port), "--tamper", "secret,body"],
      {
        env,
      },
    );
    expect(code).toBe(1);
    expect(stdout).toMatch(/^✗ +fareplay\/order\.created \(secret\) +200 .*taken for right/m);
    expect(stdout).toMatch(/^✗ +fareplay\/order\.created \(body\) +200 .*taken for right/m);
  });

  test("is held to each payload's own provider, whose signatures show more or less", async () => {
    const target = await startServer((_, response) => void response.writeHead(401).end());
    const { code, stdout } = await run(
      ["replay", "order.created", "slack", "--to", String(target.port), "--tamper", "all", "--json"],
      { env },
    );
    const counts = new Map<unknown, Set<unknown>>();
    for (const { provider, tampering } of ndjson(stdout).filter(({ type }) => type === "delivery"))
      counts.set(provider, (counts.get(provider) ?? new Set()).add(tampering));
    expect([code, counts.get("fareplay")?.size, counts.get("slack")?.size]).toEqual([0, 8, 11]);
  });
});

describe("what cannot be tampered with", () => {
  const refused = async (args: readonly string[], place = createPlace()) => {
    const target = await startServer();
    const { code, stderr, stdout } = await run(["replay", ...args, "--to", String(target.port), "--json"], {
      env,
      place,
    });
    const line = stderr.trim().split("\n").at(-1) ?? "";
    const { error } = JSON.parse(line) as { error: Record<string, unknown> };
    expect([stdout, target.received]).toEqual(["", []]);
    return { exit: code, ...error } as Record<string, unknown>;
  };

  test("a way that nobody knows", async () => {
    expect(await refused(["order.created", "--tamper", "signatur"])).toMatchObject({
      exit: 2,
      code: "usage",
      message: '--tamper knows no "signatur"',
      next_steps: ["did you mean signature?", expect.stringContaining("or all")],
    });
  });

  test("a way that the provider's signatures do not show", async () => {
    expect(await refused(["order.created", "--tamper", "timestamp"])).toMatchObject({
      exit: 2,
      code: "tamper-impossible",
      message: expect.stringContaining(
        "fareplay/order.created cannot be tampered with as timestamp",
      ) as string,
    });
  });

  test("what is sent as it was recorded", async () => {
    const place = createPlace();
    place.write(
      "a.http",
      "POST / HTTP/1.1\r\nX-Fareplay-Signature: sha256=00\r\nContent-Length: 2\r\n\r\n{}",
    );
    expect(
      await refused(["./a.http", "--provider", "fareplay", "--original", "--tamper", "body"], place),
    ).toMatchObject({ exit: 2, code: "tamper-original" });
  });

  test("what its provider does not sign", async () => {
    const place = createPlace();
    place.write(
      "hookline.json",
      JSON.stringify({
        providers: { acme: { title: "Acme", signatures: [{ kind: "none" }], events: { made: {} } } },
      }),
    );
    place.write("acme/made.json", "{}");
    for (const how of ["all", "missing"])
      expect(await refused(["./acme/made.json", "--tamper", how], place)).toMatchObject({
        exit: 2,
        code: "tamper-impossible",
        message: expect.stringContaining("Acme signs nothing") as string,
      });
  });
});
