import { createHmac } from "node:crypto";
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { startServer, values, type Received } from "./run-servers.ts";
import { createPlace, ndjson, root, run, type SpawnOptions } from "./spawn.ts";

const secret = "a-configured-secret";
const env = { FAREPLAY_WEBHOOK_SECRET: secret, FYNN_WEBHOOK_SECRET: secret };

const fixture = (name: string): Buffer => readFileSync(join(root, "fixtures", `${name}.json`));
const hmac = (body: Uint8Array): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
const header = ({ headers }: Received, name: string): string | undefined => values(headers, name)[0];

/** Replays to a server that accepts everything. @returns what it got */
async function replayed(args: readonly string[], options: SpawnOptions = {}): Promise<Received[]> {
  const target = await startServer();
  const { code, stderr } = await run(["replay", ...args, "--to", `${target.port}/hooks`], {
    env,
    ...options,
  });
  expect([code, stderr.includes("error:")]).toEqual([0, false]);
  return target.received;
}

describe("what goes out", () => {
  test("the bytes exactly as they are stored, signed with what is configured", async () => {
    const [request, ...more] = await replayed(["order.created"]);
    expect(more).toEqual([]);
    expect(request).toMatchObject({ method: "POST", url: "/hooks" });
    expect(request?.body.equals(fixture("fareplay/order.created"))).toBe(true);
    expect(request && header(request, "x-fareplay-signature")).toBe(hmac(fixture("fareplay/order.created")));
    expect(request && header(request, "x-fareplay-event")).toBe("order.created");
    expect(request && header(request, "x-fareplay-delivery")).toBe("evt_9xKmL3nPqR");
    expect(request && header(request, "user-agent")).toBe("Fareplay-Webhooks/1.0");
    expect(request && values(request.headers, "content-length")).toEqual([String(request?.body.length)]);
  });

  test("a provider is all its events", async () => {
    const requests = await replayed(["fareplay"]);
    const names = readdirSync(join(root, "fixtures/fareplay")).map((file) => file.replace(/\.json$/, ""));
    expect(requests.map((request) => header(request, "x-fareplay-event")).sort()).toEqual(names.sort());
  });

  test("files, folders and standard input, binary and empty ones too", async () => {
    const place = createPlace();
    const bytes = Buffer.from([0x7b, 0, 0xff, 0xfe, 0x0d, 0x0a, 0x7d]);
    place.write("hooks/fareplay/order.created.json", '{ "b" : 8.00 }\r\n');
    place.write("hooks/fareplay/a.bin", bytes);
    place.write("hooks/fareplay/sub/empty.json", "");
    place.write("elsewhere.json", '{"type":"order.accepted"}');
    const folder = await replayed(["./hooks"], { place });
    expect(folder.map(({ body }) => body.toString("latin1"))).toEqual([
      bytes.toString("latin1"),
      '{ "b" : 8.00 }\r\n',
      "",
    ]);
    expect(folder.map((request) => header(request, "x-fareplay-event"))).toEqual([
      undefined,
      "order.created",
      undefined,
    ]);
    for (const request of folder) expect(header(request, "x-fareplay-signature")).toBe(hmac(request.body));
    const [file] = await replayed(["elsewhere.json", "--provider", "fareplay"], { place });
    expect(file && header(file, "x-fareplay-event")).toBe("order.accepted");
    const [stdin] = await replayed(["-", "--provider", "fareplay"], { input: bytes });
    expect(stdin?.body.equals(bytes)).toBe(true);
  });

  test("--provider says whose webhook the payload is sent as", async () => {
    const [request] = await replayed(["fareplay/order.created", "--provider", "github"], {
      env: { GITHUB_WEBHOOK_SECRET: secret },
    });
    expect(request && header(request, "x-hub-signature-256")).toBe(hmac(fixture("fareplay/order.created")));
    expect(request && values(request.headers, "x-fareplay-signature")).toEqual([]);
  });

  test("--set and --unset edit in place, and what is edited is signed", async () => {
    const [request] = await replayed([
      "order.created",
      ...["--set", "data.total=9.90", "--set", 'data.items[0].name=Ö "8"', "--set", "/data/note=1e2"],
      ...["--unset", "data.customer.phone_last_four"],
    ]);
    const text = request?.body.toString() ?? "";
    expect(text).toContain('"total": 9.90');
    expect(text).toContain('"unit_price": 8.00');
    expect(text).toContain('"name": "Ö \\"8\\""');
    expect(text).toMatch(/"note": ?1e2/);
    expect(text).not.toContain("phone_last_four");
    // Up to the first edit every byte is as it was.
    const [before = ""] = fixture("fareplay/order.created").toString().split('"Draft IPA"');
    expect(text.startsWith(before)).toBe(true);
    expect(request && header(request, "x-fareplay-signature")).toBe(hmac(Buffer.from(text)));
  });

  test("--fresh renews id and time for every request", async () => {
    const before = Date.now();
    const requests = await replayed(["order.created", "--fresh", "--times", "3"]);
    const envelopes = requests.map(
      ({ body }) => JSON.parse(body.toString()) as { id: string; created_at: string },
    );
    expect(new Set(envelopes.map(({ id }) => id)).size).toBe(3);
    for (const [index, { id, created_at }] of envelopes.entries()) {
      expect(id).toMatch(/^evt_\w{22}$/);
      expect(requests[index] && header(requests[index], "x-fareplay-delivery")).toBe(id);
      expect(Date.parse(created_at)).toBeGreaterThanOrEqual(before - 1000);
      expect(Date.parse(created_at)).toBeLessThanOrEqual(Date.now());
    }
  });

  test("-H adds, replaces, repeats, empties and leaves out", async () => {
    const [request] = await replayed([
      "order.created",
      ...["-H", "X-Own: ä: b ", "-H", "user-agent: mine", "-H", "X-Own: 2", "-H", "X-Empty;"],
      ...["-H", "X-Fareplay-Event:", "-H", "Host: other.example"],
    ]);
    const { headers } = request ?? { headers: [] };
    expect(values(headers, "x-own")).toEqual([Buffer.from("ä: b").toString("latin1"), "2"]);
    expect(values(headers, "user-agent")).toEqual(["mine"]);
    expect(values(headers, "x-empty")).toEqual([""]);
    expect(values(headers, "x-fareplay-event")).toEqual([]);
    expect(values(headers, "host")).toEqual(["other.example"]);
  });

  test("a signature header of one's own stands", async () => {
    const [own] = await replayed(["order.created", "-H", "x-fareplay-signature: sha256=00"]);
    const [none] = await replayed(["order.created", "-H", "x-fareplay-signature:"]);
    expect(own && values(own.headers, "x-fareplay-signature")).toEqual(["sha256=00"]);
    expect(none && values(none.headers, "x-fareplay-signature")).toEqual([]);
  });

  test("the target's own query, and the path as it is written", async () => {
    const target = await startServer();
    const { code } = await run([
      "replay",
      "order.created",
      "--to",
      `http://127.0.0.1:${target.port}/a//b/?x=%20&y#z`,
    ]);
    expect(code).toBe(0);
    expect(target.received[0]?.url).toBe("/a//b/?x=%20&y");
  });
});

describe("how it goes out", () => {
  test("--times and --concurrency: so many in all, so many at once, every signature fresh", async () => {
    let now = 0;
    let most = 0;
    const target = await startServer(async (_, response) => {
      most = Math.max(most, ++now);
      await new Promise((resolve) => setTimeout(resolve, 20));
      now--;
      response.end();
    });
    const args = [
      "fareplay/order.created",
      "fynn/subscription.activated",
      "--times",
      "20",
      "--concurrency",
      "5",
    ];
    const { code, stdout } = await run(["replay", ...args, "--to", String(target.port)], { env });
    expect(code).toBe(0);
    expect(target.received).toHaveLength(40);
    expect(most).toBe(5);
    expect(
      target.received.filter(({ headers }) => values(headers, "x-fareplay-event").length > 0),
    ).toHaveLength(20);
    // Many deliveries: the successful ones are counted, not listed.
    expect(stdout).toMatch(/^40 sent · 40 succeeded · 0 failed · p50 .+ · p95 .+ · p99 .+ · .+\n$/);
  });

  test("--rate starts no more than so many a second, however many may be under way", async () => {
    const target = await startServer();
    const args = ["order.created", "--times", "8", "--concurrency", "8", "--rate", "20", "--json"];
    const { code, stdout } = await run(["replay", ...args, "--to", String(target.port)]);
    expect(code).toBe(0);
    const summary = JSON.parse(stdout.trimEnd().split("\n").at(-1) ?? "") as { duration_ms: number };
    // By its own clock the eighth begins 350 ms after the first is due, however busy the machine; timers round.
    expect(summary).toMatchObject({ type: "summary", sent: 8 });
    expect(summary.duration_ms).toBeGreaterThan(345);
  });

  test("the line of each, the secret that signed, and nothing but data on standard output", async () => {
    const target = await startServer();
    const { code, stdout, stderr } = await run(["replay", "fikafi", "--to", String(target.port)]);
    expect(code).toBe(0);
    const lines = stdout.trimEnd().split("\n");
    expect(lines).toHaveLength(3);
    expect(lines[0]).toMatch(/^✓ {2}fikafi\/payment\w+ +200 {2}\d/);
    expect(lines[2]).toMatch(/^2 sent · 2 succeeded · 0 failed/);
    expect(stderr).toContain("Fikäfi is signed with the development secret");
    expect(stderr).toContain(`sending 2 deliveries to http://localhost:${target.port}/`);
  });

  test("NDJSON: these fields, and nothing else on standard output", async () => {
    const target = await startServer();
    const { stdout } = await run(["replay", "order.created", "--to", String(target.port), "--json"]);
    expect(ndjson(stdout)).toEqual([
      {
        type: "delivery",
        name: "fareplay/order.created",
        provider: "fareplay",
        event: "order.created",
        tampering: null,
        delivery_id: "evt_9xKmL3nPqR",
        bytes: 541,
        ok: true,
        status: 200,
        duration_ms: expect.any(Number) as number,
        code: null,
        message: null,
        answer: null,
      },
      {
        type: "summary",
        total: 1,
        sent: 1,
        succeeded: 1,
        failed: 0,
        duration_ms: expect.any(Number) as number,
        latency_ms: Object.fromEntries(
          ["p50", "p95", "p99", "max"].map((name) => [name, expect.any(Number)]),
        ),
        interrupted: false,
      },
    ]);
  });
});

describe("what is wrong before anything is sent", () => {
  const wrong: [string, number, string[], string][] = [
    ["no target", 2, ["order.created"], "--to"],
    ["no payload", 2, ["--to", "1"], "no payload"],
    ["a target that is none", 2, ["order.created", "--to", "ftp://x"], "ftp"],
    ["an unknown payload", 4, ["order.creatd", "--to", "1"], "order.created"],
    ["a file that is not there", 4, ["./nothing.json", "--to", "1"], "nothing.json"],
    ["a body without a provider", 2, ["-", "--to", "1"], "--provider"],
    ["an unknown provider", 4, ["order.created", "--provider", "farplay", "--to", "1"], "fareplay"],
    ["--fresh without an envelope", 2, ["fikafi/paymentDetails", "--fresh", "--to", "1"], "nothing to renew"],
    [
      "a path that is not there",
      2,
      ["order.created", "--unset", "data.nothing", "--to", "1"],
      "data has no nothing",
    ],
    ["a dangerous path", 2, ["order.created", "--set", "__proto__.x=1", "--to", "1"], "__proto__"],
    [
      "a header of the connection",
      2,
      ["order.created", "-H", "Content-Length: 1", "--to", "1"],
      "Content-Length",
    ],
    ["a number that is none", 2, ["order.created", "--times", "0", "--to", "1"], "--times"],
    ["a secret that is not set", 2, ["order.created", "--secret", "env:NOPE", "--to", "1"], "NOPE"],
    ["a --ca that is not there", 2, ["order.created", "--ca", "no.pem", "--to", "1"], "no.pem"],
    [
      "two readers of standard input",
      2,
      ["-", "--provider", "fynn", "--secret", "-", "--to", "1"],
      "standard input",
    ],
  ];
  test.each(wrong)("%s", async (_, exitCode, args, words) => {
    const { code, stdout, stderr } = await run(["replay", ...args], { input: "{}" });
    expect(stdout).toBe("");
    expect(stderr).toContain("error:");
    expect(stderr).toContain(words);
    expect(code).toBe(exitCode);
  });
});
