import { createHmac } from "node:crypto";
import { once } from "node:events";
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from "node:fs";
import { connect } from "node:net";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { listen, listenJson } from "./listen-process.ts";
import { post } from "./run-servers.ts";
import { createPlace, root, run, type SpawnOptions } from "./spawn.ts";

const secret = "hl_5dX0b2mQ9aVt7KpLz3Wc8RyE";
const order = readFileSync(join(root, "fixtures/fareplay/order.created.json"));
const sign = (body: Buffer | string, key = secret): string =>
  `sha256=${createHmac("sha256", key).update(body).digest("hex")}`;
const env = { FAREPLAY_WEBHOOK_SECRET: secret };

interface Finding {
  cause: string;
  confidence: string;
  evidence: Record<string, unknown>;
  message: string;
  fix: string;
}

function request(headers: readonly string[], body: Buffer | string): Buffer {
  const head = ["POST /fareplay HTTP/1.1", "Host: example.com", ...headers, "", ""].join("\r\n");
  return Buffer.concat([Buffer.from(head), Buffer.from(body)]);
}

/** The findings of `verify` on a request that fails, which must name no secret and no expected signature. */
async function causes(
  input: Buffer,
  options: SpawnOptions = { env },
  args: readonly string[] = [],
): Promise<Finding[]> {
  const { code, stdout, stderr } = await run(["verify", "--request", "-", "--json", ...args], {
    ...options,
    input,
  });
  expect({ code, stderr: stderr.includes(secret) }).toEqual({ code: 1, stderr: false });
  expect(stdout).not.toContain(secret);
  const { findings } = JSON.parse(stdout) as { findings: Finding[] };
  for (const finding of findings) {
    expect(finding.message).not.toBe("");
    expect(finding.fix).not.toBe("");
  }
  return findings;
}

describe("verify says why", () => {
  test("the vendor's own sample verifier: parsed, written again, and 8.00 is 8", async () => {
    const rewritten = JSON.stringify(JSON.parse(order.toString()));
    const headers = [`X-Fareplay-Signature: ${sign(order)}`, `Content-Length: ${order.length}`];
    expect(await causes(request(headers, rewritten))).toMatchObject([
      {
        cause: "body-reserialised",
        confidence: "proved",
        evidence: { arrived: "JSON.stringify or json_encode", stack: "node or php" },
      },
    ]);
  });

  test.each([
    ["a newline from an editor", Buffer.concat([order, Buffer.from("\n")]), sign(order), "body-newline"],
    ["base64 of a gateway", order.toString("base64"), sign(order), "body-encoded"],
    [
      "Python's json.dumps",
      JSON.stringify({ a: 1, b: [2] }),
      sign('{"a": 1, "b": [2]}'),
      "body-reserialised",
    ],
    ["upper-case hex", order, sign(order).toUpperCase().replace("SHA", "sha"), "header-encoding"],
    ["no prefix", order, sign(order).slice(7), "header-malformed"],
    ["SHA-512", order, `sha256=${createHmac("sha512", secret).update(order).digest("hex")}`, "algorithm"],
    ["a secret with a newline on the other side", order, sign(order, `${secret}\n`), "secret-whitespace"],
  ])("%s", async (_, body, signature, cause) => {
    const [first] = await causes(request([`X-Fareplay-Signature: ${signature}`], body));
    expect(first).toMatchObject({ cause, confidence: "proved" });
  });

  test("a quoted secret, as a dotenv file without a parser gives it", async () => {
    const options = { env: { FAREPLAY_WEBHOOK_SECRET: `"${secret}"` } };
    const [first] = await causes(request([`X-Fareplay-Signature: ${sign(order)}`], order), options);
    expect(first).toMatchObject({ cause: "secret-quoted", evidence: { side: "yours", quotes: "double" } });
  });

  test("another provider's request at this one's path", async () => {
    const options = { env: { ...env, GITHUB_WEBHOOK_SECRET: "of-github-1234567890" } };
    const headers = [`X-Hub-Signature-256: ${sign("{}", "of-github-1234567890")}`, "X-GitHub-Event: ping"];
    expect(await causes(request(headers, "{}"), options)).toMatchObject([
      { cause: "other-provider", confidence: "proved", evidence: { provider: "github" } },
    ]);
  });

  test("a body longer than its Content-Length was changed after it was captured", async () => {
    const body = JSON.stringify({ id: "evt_1", total: 1.5 });
    const pretty = JSON.stringify(JSON.parse(body), null, 2);
    const headers = [`X-Fareplay-Signature: ${sign(body)}`, `Content-Length: ${body.length}`];
    expect(await causes(request(headers, pretty))).toMatchObject([
      { cause: "body-reserialised", confidence: "proved", evidence: { arrived: "JSON.stringify, 2 spaces" } },
    ]);
  });

  test("a secret the user has elsewhere, and where", async () => {
    const other = "of-the-environment-0123456789";
    const place = createPlace();
    place.write("right.txt", other);
    const input = request([`X-Fareplay-Signature: ${sign(order, other)}`], order);
    const own = { env: { ...env, FYNN_WEBHOOK_SECRET: other, GITHUB_WEBHOOK_SECRET: "x" }, place };
    expect(await causes(input, own)).toMatchObject([
      {
        cause: "other-known-secret",
        confidence: "proved",
        evidence: { provider: "fynn", source: "environment", name: "FYNN_WEBHOOK_SECRET" },
      },
    ]);
    // What --secret covers is a secret the user has, too.
    const covered = { env: { FAREPLAY_WEBHOOK_SECRET: other, OTHER: "z".repeat(20) }, place };
    expect(await causes(input, covered, ["--secret", "env:OTHER"])).toMatchObject([
      { cause: "other-known-secret", evidence: { name: "FAREPLAY_WEBHOOK_SECRET" } },
    ]);
    const previous = { env: { FAREPLAY_WEBHOOK_SECRET_PREVIOUS: other, OTHER: "z".repeat(20) }, place };
    expect(await causes(input, previous, ["--secret", "env:OTHER"])).toMatchObject([
      { cause: "other-known-secret", evidence: { name: "FAREPLAY_WEBHOOK_SECRET_PREVIOUS", previous: true } },
    ]);
  });

  test("the secret of an endpoint of this machine, and the one before its rotation", async () => {
    const place = createPlace();
    const create = ["endpoints", "create", "--provider", "fareplay", "--events", "*", "--json"];
    const made = await run([...create, "--url", "https://example.com/hooks?token=t0ken"], { place });
    const { id, secret: first } = JSON.parse(made.stdout) as { id: string; secret: string };
    const rotated = await run(["endpoints", "rotate-secret", id, "--grace", "24h", "--json"], { place });
    const { secret: second } = JSON.parse(rotated.stdout) as { secret: string };
    expect(second).not.toBe(first);
    for (const [key, previous] of [
      [second, undefined],
      [first, true],
    ] as const) {
      const found = await causes(request([`X-Fareplay-Signature: ${sign(order, key)}`], order), {
        env,
        place,
      });
      expect(found).toMatchObject([
        { cause: "other-known-secret", confidence: "proved", evidence: { source: "endpoint", endpoint: id } },
      ]);
      expect(found[0]?.evidence["previous"]).toBe(previous);
      expect(JSON.stringify(found)).not.toMatch(new RegExp(`${key}|t0ken`));
    }
  });

  test("makes nothing in the user's home, and reads what is damaged there as nothing", async () => {
    const place = createPlace();
    const input = request([`X-Fareplay-Signature: ${sign(order, "another")}`], order);
    await causes(input, { env, place });
    expect(readdirSync(place.home, { recursive: true })).toEqual([]);
    const home = join(place.home, "hookline");
    mkdirSync(join(home, "development-secrets"), { recursive: true });
    const damaged = { env: { ...env, HOOKLINE_HOME: home }, place };
    for (const content of ["no database", ""]) {
      writeFileSync(join(home, "hookline.db"), content);
      expect(await causes(input, damaged)).toMatchObject([{ cause: "wrong-secret" }]);
      expect(readFileSync(join(home, "hookline.db"), "utf8")).toBe(content);
    }
    expect(readdirSync(home).sort()).toEqual(["development-secrets", "hookline.db"]);
  });

  test("whose a request is, where only a renamed header says it", async () => {
    const body = "{}";
    const headers = [`HTTP_X_HUB_SIGNATURE_256: ${sign(body, "of-github-1234567890")}`];
    const head = ["POST / HTTP/1.1", "Host: example.com", ...headers, "", body].join("\r\n");
    const options = { env: { GITHUB_WEBHOOK_SECRET: "of-github-1234567890" } };
    expect(await causes(Buffer.from(head), options)).toMatchObject([
      { cause: "header-renamed", confidence: "proved", evidence: { found: "HTTP_X_HUB_SIGNATURE_256" } },
    ]);
  });

  test("that no secret is configured, where the development secret was tried", async () => {
    const options = { place: createPlace() };
    expect(await causes(request([`X-Fareplay-Signature: ${sign(order)}`], order), options)).toMatchObject([
      { cause: "wrong-secret", evidence: { unset: "FAREPLAY_WEBHOOK_SECRET" } },
    ]);
  });

  test("in words, best first, with what to do", async () => {
    const input = request([`X-Fareplay-Signature: ${sign(order, "another-one")}`], order);
    const { code, stdout } = await run(["verify", "--request", "-"], { env, input });
    expect(code).toBe(1);
    const [verdict, ...rest] = stdout.split("\n");
    expect(verdict).toContain("✗ not verified: signature-mismatch  Fareplay · order.created");
    expect(rest.join("\n")).toMatch(/wrong-secret/);
    expect(rest.join("\n")).toMatch(/tamper/i);
    expect(rest.join("\n")).toMatch(/fix: /);
  });

  test("--thorough finds in a large body what is not looked for otherwise", async () => {
    const items = Array.from({ length: 9000 }, (_, index) => ({ sku: `sku-${index}`, price: index }));
    const compact = JSON.stringify(items);
    const pretty = JSON.stringify(items, null, 2);
    expect(pretty.length).toBeGreaterThan(256 * 1024);
    const input = request([`X-Fareplay-Signature: ${sign(compact)}`], pretty);
    expect(await causes(input)).toMatchObject([{ cause: "wrong-secret", evidence: { complete: false } }]);
    expect(await causes(input, { env }, ["--thorough"])).toMatchObject([
      { cause: "body-reserialised", confidence: "proved", evidence: { signed: "JSON.stringify" } },
    ]);
  });
});

/** The order with its keys in the alphabet's order, which keeps its length. */
function sortedKeys(body: Buffer): string {
  const sort = (value: unknown): unknown =>
    Array.isArray(value)
      ? value.map(sort)
      : typeof value === "object" && value !== null
        ? Object.fromEntries(
            Object.entries(value)
              .sort(([a], [b]) => (a < b ? -1 : 1))
              .map(([key, one]) => [key, sort(one)]),
          )
        : value;
  return JSON.stringify(sort(JSON.parse(body.toString())));
}

describe("listen says why", () => {
  const bad = (body: Buffer | string, signature: string) => ({
    headers: {
      "x-fareplay-event": "order.created",
      "x-fareplay-delivery": "evt_1",
      "x-fareplay-signature": signature,
    },
    body,
  });

  test("under a rejected delivery, and nothing of it to the sender", async () => {
    const listener = await listen(["--print", "line"], { env });
    const answer = await post(`${listener.url}/fareplay`, bad(order, sign(order, `${secret}\n`)));
    expect(answer.status).toBe(401);
    expect(answer.body.toString()).toBe('{"error":"the signature does not verify"}');
    await listener.until("the fix", (out) => out.includes("fix:"));
    expect(listener.stdout()).toContain("(secret-whitespace)");
    const { stdout, stderr } = await listener.stop();
    expect(stdout + stderr).not.toContain(secret);
  });

  test("in NDJSON under findings; what was right before and is changed now was tampered with", async () => {
    const listener = await listenJson([], { env });
    await post(`${listener.url}/fareplay`, bad(order, sign(order)));
    const changed = Buffer.from(order.toString().replace("35.78", "0.01"));
    await post(`${listener.url}/fareplay`, bad(changed, sign(order)));
    const fresh = Buffer.from(order.toString().replace("35.78", "0.02"));
    await post(`${listener.url}/fareplay`, bad(fresh, sign(fresh, "unknown")));
    const told = await listener.deliveries(3);
    expect(told.map(({ verified }) => verified)).toEqual([true, false, false]);
    expect(told[0]?.findings).toEqual([]);
    expect(told[1]?.findings).toMatchObject([{ cause: "tampered", confidence: "proved" }]);
    expect(told[2]?.findings).toMatchObject([
      { cause: "tampered", confidence: "likely", evidence: { seen: "delivery" } },
      { cause: "wrong-secret", confidence: "likely" },
    ]);
  });

  test.each([
    ["nothing is left of it", "", "body-empty"],
    ["nothing but what a parser makes of none", "{}", "body-empty"],
    ["it was cut short", order.subarray(0, 200), "body-truncated"],
    ["it was written again", JSON.stringify(JSON.parse(order.toString())), "body-reserialised"],
    ["its keys were sorted", sortedKeys(order), "body-reserialised"],
    ["it was changed", order.toString().replace("35.78", "0.01"), "tampered"],
  ])("of a body that was right before: %s", async (_, body, cause) => {
    const listener = await listenJson([], { env });
    await post(`${listener.url}/fareplay`, bad(order, sign(order)));
    await post(`${listener.url}/fareplay`, bad(body, sign(order)));
    // The same delivery with a signature of another secret is no delivery that was changed.
    await post(`${listener.url}/fareplay`, bad(order, sign(order, "another")));
    const [, changed, other] = await listener.deliveries(3);
    expect(changed?.findings[0]).toMatchObject({ cause, confidence: "proved" });
    expect(other?.findings).toMatchObject([{ cause: "wrong-secret" }]);
  });

  test("of a request at another provider's path, though no secret is configured", async () => {
    const listener = await listenJson();
    expect((await post(`${listener.url}/github`, bad(order, sign(order)))).status).toBe(200);
    const [delivery] = await listener.deliveries(1);
    expect(delivery).toMatchObject({ verified: null, code: "secret-unconfigured" });
    expect(delivery?.findings).toMatchObject([
      { cause: "other-provider", confidence: "likely", evidence: { provider: "fareplay" } },
    ]);
  });

  test("though whoever sends it reads no answer and breaks off, and those behind it are told too", async () => {
    const listener = await listenJson([], { env });
    const raw = Buffer.concat(
      Array.from({ length: 5 }, () =>
        request(
          [`X-Fareplay-Signature: ${sign(order, "unknown")}`, `Content-Length: ${order.length}`],
          order,
        ),
      ),
    );
    const socket = connect(Number(new URL(listener.url).port), "127.0.0.1");
    await once(socket, "connect");
    await new Promise((resolve) => socket.write(raw, resolve));
    socket.resetAndDestroy();
    await post(`${listener.url}/fareplay`, bad(order, sign(order)));
    await listener.until("the right one", (out) => out.includes('"verified":true'));
    const { code, stdout } = await listener.stop();
    expect(code).toBe(0);
    expect(stdout.trim().split("\n").at(-1)).toContain('"type":"stopped"');
  });

  test("for some of a flood, and tells all of it before it stops", async () => {
    const listener = await listenJson([], { env });
    const wrong = bad(order, sign(order, "unknown"));
    await Promise.all(Array.from({ length: 30 }, () => post(`${listener.url}/fareplay`, wrong)));
    const { code, stdout } = await listener.stop();
    const told = stdout
      .trim()
      .split("\n")
      .map((line) => JSON.parse(line) as { type: string; findings?: Finding[] })
      .filter(({ type }) => type === "delivery");
    const byCause = new Map<string, number>();
    for (const { findings = [] } of told) {
      const cause = findings[0]?.cause ?? "none";
      byCause.set(cause, (byCause.get(cause) ?? 0) + 1);
    }
    expect(code).toBe(0);
    expect(told).toHaveLength(30);
    // Five in a second; the thirty may have taken more than one.
    expect(byCause.get("wrong-secret")).toBeGreaterThan(0);
    expect(byCause.get("signature-mismatch")).toBeGreaterThan(0);
    expect([...byCause.keys()].sort()).toEqual(["signature-mismatch", "wrong-secret"]);
  });

  test("not with --no-diagnose", async () => {
    const listener = await listenJson(["--no-diagnose"], { env });
    await post(`${listener.url}/fareplay`, bad(order, sign(order, `${secret}\n`)));
    const [delivery] = await listener.deliveries(1);
    expect(delivery?.findings).toMatchObject([{ cause: "signature-mismatch", confidence: "likely" }]);
  });
});
