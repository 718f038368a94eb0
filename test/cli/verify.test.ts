import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, test } from "vitest";
import { createPlace, root, run, type Finished } from "./spawn.ts";

const secret = "a-secret-of-the-tests";
const env = { S: secret };
const order = readFileSync(join(root, "fixtures/fareplay/order.created.json"));
const hmac = (content: string | Buffer, key = secret): string =>
  createHmac("sha256", key).update(content).digest("hex");
const signature = `sha256=${hmac(order)}`;

interface Verdict {
  ok: boolean;
  provider: string;
  code: string | null;
  findings: { cause: string; confidence: string; evidence: object; message: string; fix: string }[];
  event: string | null;
  delivery_id: string | null;
  bytes: number;
  secret: { source: string; name: string | null; index: number | null };
  timestamp: number | null;
}

/** A raw request as it is on the wire, or with other line ends. */
function request({
  headers,
  body = order,
  target = "/hooks",
  end = "\r\n",
}: {
  headers: readonly string[];
  body?: string | Buffer;
  target?: string;
  end?: string;
}): Buffer {
  const head = [`POST ${target} HTTP/1.1`, "Host: example.com", ...headers, "", ""].join(end);
  return Buffer.concat([Buffer.from(head, "utf8"), Buffer.from(body)]);
}

const signedHeaders = ["X-Fareplay-Event: order.created", `X-Fareplay-Signature: ${signature}`];

/** The verdict on a raw request from standard input. */
async function verdictOn(raw: Buffer, ...flags: string[]): Promise<Verdict & { exit: number | null }> {
  const secrets = flags.includes("--secret") ? [] : ["--secret", "env:S"];
  const args = ["verify", "--request", "-", ...secrets, ...flags, "--json"];
  const { code, stdout, stderr } = await run(args, { env, input: raw });
  expect({ stderr, lines: stdout.split("\n").length }).toMatchObject({ lines: 2 });
  return { ...(JSON.parse(stdout) as Verdict), exit: code };
}

const errorOf = ({ stdout, stderr }: Finished): unknown => {
  expect(stdout).toBe("");
  return (JSON.parse(stderr.trim().split("\n").at(-1) ?? "") as { error: unknown }).error;
};

describe("a right signature", () => {
  test("is exit 0, and says whose and what it is", async () => {
    const verdict = await verdictOn(request({ headers: signedHeaders }));
    expect(verdict).toEqual({
      exit: 0,
      ok: true,
      provider: "fareplay",
      code: null,
      findings: [],
      event: "order.created",
      delivery_id: "evt_9xKmL3nPqR",
      bytes: order.length,
      secret: { source: "flag", name: "S", index: 0 },
      timestamp: null,
    });
  });

  test("is one line for people", async () => {
    const args = ["verify", "--request", "-", "--secret", "env:S"];
    const { code, stdout, stderr } = await run(args, { env, input: request({ headers: signedHeaders }) });
    expect({ code, stderr }).toEqual({ code: 0, stderr: "" });
    expect(stdout).toBe(
      "✓ verified  Fareplay · order.created · evt_9xKmL3nPqR · 541 B · the secret from --secret (S)\n",
    );
  });

  test("by the secret before is right too, and says which", async () => {
    const place = createPlace();
    const rotation = { FAREPLAY_WEBHOOK_SECRET: "new", FAREPLAY_WEBHOOK_SECRET_PREVIOUS: secret };
    const args = ["verify", "--request", "-"];
    const input = request({ headers: signedHeaders });
    const people = await run(args, { env: rotation, input, place });
    expect(people.stdout).toContain("the secret in FAREPLAY_WEBHOOK_SECRET (a previous one)");
    const { stdout } = await run([...args, "--json"], { env: rotation, input, place });
    expect(JSON.parse(stdout)).toMatchObject({ ok: true, secret: { source: "environment", index: 1 } });
  });
});

describe("a wrong signature", () => {
  const tampered = order.toString().replace("35.78", "0.01");

  test("is exit 1, with a finding that says what to do", async () => {
    const { exit, ok, code, findings } = await verdictOn(request({ headers: signedHeaders, body: tampered }));
    expect({ exit, ok, code }).toEqual({ exit: 1, ok: false, code: "signature-mismatch" });
    expect(findings).toHaveLength(1);
    expect(findings[0]).toMatchObject({
      cause: "wrong-secret",
      confidence: "likely",
      evidence: { secrets: 1, complete: true },
    });
    expect(findings[0]?.message).toMatch(/tampered/);
    expect(findings[0]?.fix).toMatch(/secret/);
  });

  test("gives away neither the secret nor the signature that would be right", async () => {
    const input = request({ headers: signedHeaders, body: tampered });
    for (const flags of [[], ["--json"]]) {
      const args = ["verify", "--request", "-", "--secret", "env:S", ...flags];
      const { code, stdout, stderr } = await run(args, { env: { ...env, HOOKLINE_DEBUG: "1" }, input });
      expect(code).toBe(1);
      expect(stdout + stderr).not.toContain(secret);
      expect(stdout + stderr).not.toContain(hmac(tampered).slice(0, 12));
    }
  });

  test("against the development secret says how to give the real one", async () => {
    const { code, stderr } = await run(["verify", "--request", "-"], {
      place: createPlace(),
      input: request({ headers: signedHeaders }),
    });
    expect(code).toBe(1);
    expect(stderr).toContain("set FAREPLAY_WEBHOOK_SECRET or pass --secret env:NAME");
  });

  test.each([
    ["header-missing", ["X-Fareplay-Event: order.created"]],
    ["header-empty", ["X-Fareplay-Signature:"]],
    ["header-duplicated", [`X-Fareplay-Signature: ${signature}`, `x-fareplay-signature: ${signature}`]],
    ["header-malformed", [`X-Fareplay-Signature: ${hmac(order)}`]],
    ["header-malformed", [`X-Fareplay-Signature: ${signature.replace("sha", "SHA")}`]],
    ["header-malformed", ["X-Fareplay-Signature: sha256=abc"]],
    ["header-non-ascii", ["X-Fareplay-Signature: sha256=ü"]],
    ["header-oversized", [`X-Fareplay-Signature: ${"a".repeat(9000)}`]],
  ])("%s", async (code, headers) => {
    expect(await verdictOn(request({ headers }))).toMatchObject({
      exit: 1,
      ok: false,
      code,
      findings: [{ cause: code, evidence: { header: "x-fareplay-signature" } }],
    });
  });
});

describe("--request", () => {
  test.each([
    ["line ends of LF alone", request({ headers: signedHeaders, end: "\n" })],
    [
      "a body longer than Content-Length",
      request({ headers: [...signedHeaders, "Content-Length: 541"], body: `${order.toString()}\n\n` }),
    ],
    ["an absolute target", request({ headers: signedHeaders, target: "https://example.com/hooks?x=1" })],
    ["a query", request({ headers: signedHeaders, target: "/hooks?x=/y" })],
    [
      "a chunked body",
      request({
        headers: [...signedHeaders, "Transfer-Encoding: chunked"],
        body: Buffer.concat([
          Buffer.from("c8;name=value\r\n"),
          order.subarray(0, 200),
          Buffer.from("\r\n155\r\n"),
          order.subarray(200),
          Buffer.from("\r\n0\r\nTrailer: 1\r\n\r\n"),
        ]),
      }),
    ],
  ])("may have %s", async (_, raw) => {
    expect(await verdictOn(raw)).toMatchObject({ exit: 0, ok: true, bytes: 541 });
  });

  test("may have no body, and no line after its head", async () => {
    const head = `POST / HTTP/1.1\r\nX-Fareplay-Signature: sha256=${hmac("")}`;
    for (const end of ["", "\r\n", "\r\n\r\n"])
      expect(await verdictOn(Buffer.from(head + end))).toMatchObject({ exit: 0, bytes: 0 });
  });

  test("may have a body that is no text", async () => {
    const body = Buffer.from([0, 255, 10, 13, 10, 13, 10, 128]);
    const headers = [`X-Fareplay-Signature: sha256=${hmac(body)}`];
    expect(await verdictOn(request({ headers, body }))).toMatchObject({ exit: 0, bytes: 8 });
  });

  test("takes headers of -H in place of its own", async () => {
    const raw = request({ headers: ["X-Fareplay-Signature: sha256=00"] });
    expect(await verdictOn(raw, "-H", `X-Fareplay-Signature: ${signature}`)).toMatchObject({ ok: true });
    expect(await verdictOn(raw, "--provider", "fareplay", "-H", "X-Fareplay-Signature:")).toMatchObject({
      code: "header-missing",
    });
  });

  test.each([
    ["nothing", ""],
    ["a body alone", order.toString()],
    ["another protocol", "POST / HTTP/2\r\n\r\n"],
    ["a broken request line", "POST /a b HTTP/1.1\r\n\r\n"],
    ["a line that is no header", "POST / HTTP/1.1\r\nhello\r\n\r\n"],
    ["a header with a blank in its name", "POST / HTTP/1.1\r\nX Y: 1\r\n\r\n"],
    ["a folded header", "POST / HTTP/1.1\r\nX: 1\r\n 2\r\n\r\n"],
    ["a Content-Length that is no number", "POST / HTTP/1.1\r\nContent-Length: ten\r\n\r\n"],
    ["a broken chunk", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"],
    ["a chunk that is cut off", "POST / HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\nff\r\nabc"],
    ["bytes", Buffer.from([0, 1, 2, 255])],
  ])("that is %s is malformed, exit 2", async (_, input) => {
    const finished = await run(["verify", "--request", "-", "--json"], { input });
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({ code: "request-malformed" });
  });
});

describe("--body with -H", () => {
  const place = createPlace();
  place.write("order.json", order);

  test("is the body's bytes from a file", async () => {
    const args = ["verify", "--body", "order.json", "-H", `X-Fareplay-Signature: ${signature}`];
    expect(await run([...args, "--secret", "env:S"], { env, place })).toMatchObject({ code: 0 });
  });

  test("is the body's bytes from standard input", async () => {
    const body = Buffer.from([0xff, 0xfe, 0x0d, 0x0a]);
    const args = ["verify", "--body", "-", "-H", `X-Fareplay-Signature: sha256=${hmac(body)}`];
    expect(await run([...args, "--secret", "env:S"], { env, input: body })).toMatchObject({ code: 0 });
  });

  test("leaves standard input to the secret", async () => {
    const args = [
      "verify",
      "--body",
      "order.json",
      "-H",
      `X-Fareplay-Signature: ${signature}`,
      "--secret",
      "-",
    ];
    expect(await run(args, { place, input: `${secret}\n` })).toMatchObject({ code: 0 });
  });

  test.each([
    ["both the body and the secret from standard input", ["--body", "-", "--secret", "-"], "stdin-taken"],
    [
      "both the request and the secret from standard input",
      ["--request", "-", "--secret", "-"],
      "stdin-taken",
    ],
    ["neither a body nor a request", [], "verify-needs-body"],
    ["both a body and a request", ["--body", "order.json", "--request", "order.json"], "verify-needs-body"],
    ["a body that is not there", ["--body", "none.json", "--provider", "fareplay"], "file-unreadable"],
    ["a folder for a body", ["--body", ".", "--provider", "fareplay"], "file-unreadable"],
    ["a request that is not there", ["--request", "none.http"], "file-unreadable"],
    ["headers that name no provider", ["--body", "order.json", "-H", "X-Mine: 1"], "provider-unclear"],
    ["no headers at all", ["--body", "order.json"], "provider-unclear"],
  ])("refuses %s", async (_, args, code) => {
    const finished = await run(["verify", ...args, "--json"], { place, input: "x" });
    expect(finished.code).toBe(2);
    expect(errorOf(finished)).toMatchObject({ code });
  });
});

describe("whose request it is comes from", () => {
  const body = '{"id":"evt_1","type":"charge.refunded"}';
  const at = 1_773_757_920;
  const stripeSignature = `Stripe-Signature: t=${at},v1=${hmac(`${at}.${body}`)}`;

  test("--provider, before all else", async () => {
    const raw = request({ headers: signedHeaders, target: "/stripe" });
    expect(await verdictOn(raw, "--provider", "fareplay")).toMatchObject({ provider: "fareplay", ok: true });
  });

  test("the path, before the headers: a receiver of Stripe's", async () => {
    const raw = request({ headers: [stripeSignature], body, target: "/fjellride/whatever" });
    expect(await verdictOn(raw, "--at", String(at))).toMatchObject({ provider: "fjellride", ok: true });
  });

  test("the headers", async () => {
    const raw = request({ headers: [stripeSignature], body, target: "/api/checkout/webhook" });
    expect(await verdictOn(raw, "--at", String(at))).toMatchObject({
      provider: "stripe",
      event: "charge.refunded",
      ok: true,
      timestamp: at,
    });
  });

  test("the path may name the event as well", async () => {
    const details = readFileSync(join(root, "fixtures/fikafi/paymentDetails.json"));
    const headers = [`X-Signature: ${hmac(details)}`];
    const raw = request({ headers, body: details, target: "/fikafi/paymentEvent" });
    expect(await verdictOn(raw)).toMatchObject({ provider: "fikafi", event: "paymentEvent", ok: true });
  });

  test("a name that is none of the registry's own is no provider", async () => {
    for (const target of ["/constructor", "/__proto__", "/toString"]) {
      const finished = await run(["verify", "--request", "-", "--json"], {
        input: request({ headers: [], target }),
      });
      expect(finished.code).toBe(2);
      expect(errorOf(finished)).toMatchObject({ code: "provider-unclear" });
    }
  });
});

describe("the time of signing", () => {
  const at = 1_773_757_920;
  const body = "{}";
  const raw = request({ headers: [`Stripe-Signature: t=${at},v1=${hmac(`${at}.${body}`)}`], body });

  test.each([
    ["at the edge of the tolerance", ["--at", String(at + 300)], null],
    ["beyond it", ["--at", String(at + 301)], "timestamp-expired"],
    ["within another one", ["--at", String(at + 301), "--tolerance", "301s"], null],
    ["beyond another one", ["--at", "2026-03-17T14:32:11Z", "--tolerance", "10s"], "timestamp-expired"],
    ["against now", [], "timestamp-expired"],
    ["not held against anything", ["--tolerance", "off"], null],
  ])("is held against --at and --tolerance: %s", async (_, flags, code) => {
    expect(await verdictOn(raw, ...flags)).toMatchObject({ exit: code === null ? 0 : 1, code });
  });

  test("in the future is refused where the vendor's own library refuses it", async () => {
    const key = Buffer.from(secret);
    const hash = createHmac("sha256", key).update(`msg_1.${at}.{}`).digest("base64");
    const svix = request({
      headers: ["svix-id: msg_1", `svix-timestamp: ${at}`, `svix-signature: v1,${hash}`],
      body,
    });
    const place = createPlace();
    place.write("secret.txt", `whsec_${key.toString("base64")}\n`);
    const verdict = async (time: number): Promise<unknown> => {
      const args = [
        "verify",
        "--request",
        "-",
        "--secret",
        "file:secret.txt",
        "--at",
        String(time),
        "--json",
      ];
      return JSON.parse((await run(args, { place, input: svix })).stdout);
    };
    expect(await verdict(at - 300)).toMatchObject({ ok: true });
    expect(await verdict(at - 301)).toMatchObject({ ok: false, code: "timestamp-future" });
  });
});

test("several secrets are tried in turn", async () => {
  const raw = request({ headers: signedHeaders });
  expect(await verdictOn(raw, "--secret", "env:S", "--secret", "wrong")).toMatchObject({
    secret: { index: 0 },
  });
  expect(await verdictOn(raw, "--secret", "wrong", "--secret", "env:S")).toMatchObject({
    secret: { index: 1 },
  });
});

test("a short secret is a warning beside a right signature", async () => {
  const now = 1_773_757_920;
  const hash = createHmac("sha256", "short").update(`m.${now}.{}`).digest("base64");
  const headers = ["webhook-id: m", `webhook-timestamp: ${now}`, `webhook-signature: v1,${hash}`];
  const { stdout, code } = await run(
    ["verify", "--request", "-", "--secret", "env:S", "--at", String(now), "--json"],
    {
      env: { S: `whsec_${Buffer.from("short").toString("base64")}` },
      input: request({ headers, body: "{}" }),
    },
  );
  expect(code).toBe(0);
  expect(JSON.parse(stdout)).toMatchObject({ ok: true, code: null, findings: [{ cause: "secret-short" }] });
});

test("what a request says cannot steer the terminal", async () => {
  const body = JSON.stringify({ id: "evt_\u001b[31m\u009b\u202e", type: "x\u0007##vso[y]" });
  const input = request({ headers: [`X-Fareplay-Signature: sha256=${hmac(body)}`, "X-A: \u001b[2J"], body });
  const { code, stdout, stderr } = await run(["verify", "--request", "-", "--secret", "env:S"], {
    env,
    input,
  });
  expect(code).toBe(0);
  expect(stdout + stderr).not.toMatch(/[\u0000-\u0009\u000b-\u001f\u007f-\u009f\u202e]|##vso/);
  const unclear = await run(["verify", "--request", "-"], {
    input: Buffer.from("POST / HTTP/1.1\r\n\u001b[31m: x\r\n\r\n"),
  });
  expect(unclear.code).toBe(2);
  expect(unclear.stderr).not.toContain("\u001b");
});

describe("what sign prints, verify accepts", async () => {
  const place = createPlace();
  const { stdout } = await run(["fixtures", "list", "--json"], { place });
  const fixtures = (JSON.parse(stdout) as { data: { name: string; provider: string }[] }).data;
  const providers = [...new Set(fixtures.map(({ provider }) => provider))];
  const receivers = ["fitaiid", "fjellride"];

  test("of every provider there is", () => {
    expect(providers).toHaveLength(11);
    expect(fixtures.length).toBeGreaterThanOrEqual(40);
  });

  test.each(providers)("%s", async (provider) => {
    const own = fixtures.filter((fixture) => fixture.provider === provider);
    await Promise.all(
      own.map(async ({ name }, index) => {
        const out = `${provider}-${index}.json`;
        const printed = await run(["sign", name, "--out", out], { place });
        // By the path, by the headers, and, for those whom headers cannot name, by the flag.
        const byPath = index % 2 === 0;
        const flags = !byPath && receivers.includes(provider) ? ["--provider", provider] : [];
        const raw = request({
          headers: printed.stdout.trimEnd().split("\n"),
          body: readFileSync(join(place.cwd, out)),
          ...(byPath ? { target: `/${provider}` } : {}),
        });
        const args = ["verify", "--request", "-", ...flags, "--json"];
        const verified = await run(args, { place, input: raw });
        expect(JSON.parse(verified.stdout)).toMatchObject({
          ok: true,
          code: null,
          provider,
          event: name.slice(provider.length + 1),
          secret: { source: "development", index: 0 },
        });
        expect(verified.code).toBe(0);
      }),
    );
  });
});
