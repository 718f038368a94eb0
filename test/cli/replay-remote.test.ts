import { createHmac } from "node:crypto";
import { readFileSync } from "node:fs";
import { join } from "node:path";
import { Stripe } from "stripe";
import { describe, expect, test } from "vitest";
import { secretKey, startStripe, stripeEvent } from "../remote/stripe-server.ts";
import { startStub, stubKey, type StubApi } from "./api-server.ts";
import { startServer, values } from "./run-servers.ts";
import { createPlace, ndjson, run, start, type Finished } from "./spawn.ts";

const secret = "a-secret-of-the-tests";
const stripeSecret = "whsec_LocalSecretOfTheTests";
const secrets = { FAREPLAY_WEBHOOK_SECRET: secret, STRIPE_WEBHOOK_SECRET: stripeSecret };
const hmac = (body: Uint8Array): string =>
  `sha256=${createHmac("sha256", secret).update(body).digest("hex")}`;
const errorOf = ({ stderr }: Finished): { code: string; message: string; next_steps: string[] } =>
  (
    JSON.parse(stderr.trimEnd().split("\n").at(-1) ?? "") as {
      error: { code: string; message: string; next_steps: string[] };
    }
  ).error;

const binary = Buffer.from([0x7b, 0x00, 0xff, 0x0d, 0x0a, 0x7d]);
const text = '{ "id" : "evt_from_body",\r\n  "total": 8.00, "big": 12345678901234567890, "who": "ä" }';
const event = { provider: "fareplay", type: "order.created", created_at: "2026-03-17T14:32:07.000Z" };
const published: Readonly<Record<string, object>> = {
  evt_text: { ...event, payload: text, payload_base64: null },
  evt_bytes: { ...event, type: "order.accepted", payload: null, payload_base64: binary.toString("base64") },
  evt_other: { ...event, provider: "elsewhere", payload: text, payload_base64: null },
};

/** An API with three published events. @returns it, and the variables that lead to it */
async function startEvents(): Promise<{ api: StubApi; env: Record<string, string> }> {
  const api = await startStub(({ url }) => {
    const id = url.split("/").at(-1) ?? "";
    return Object.hasOwn(published, id)
      ? { status: 200, body: { id, ...published[id] } }
      : { status: 404, body: { code: "not-found", detail: "there is no such event" } };
  });
  return { api, env: { ...secrets, HOOKLINE_API_URL: api.url, HOOKLINE_API_KEY: stubKey } };
}

describe("replay remote:ID", () => {
  test("sends an event of the API byte for byte, signed with the local secret", async () => {
    const { api, env } = await startEvents();
    const target = await startServer();
    const names = ["remote:evt_bytes", "order.created", "remote:evt_text"];
    const finished = await run(["replay", ...names, "--to", `${target.port}/hooks`, "--json"], { env });
    expect(finished.code).toBe(0);
    expect(ndjson(finished.stdout).slice(0, -1)).toMatchObject([
      { name: "remote:evt_bytes", provider: "fareplay", event: "order.accepted", bytes: binary.length },
      { name: "fareplay/order.created" },
      { name: "remote:evt_text", event: "order.created", delivery_id: "evt_from_body" },
    ]);
    const [bytes, , words] = target.received;
    expect(bytes?.body.equals(binary)).toBe(true);
    expect(words?.body.toString()).toBe(text);
    for (const { headers, body } of target.received)
      expect(values(headers, "x-fareplay-signature")).toEqual([hmac(body)]);
    expect(api.received.map(({ method, url }) => `${method} ${url}`)).toEqual([
      "GET /v1/events/evt_bytes",
      "GET /v1/events/evt_text",
    ]);
  });

  test("edits it, and sends it as often as asked, having read it once", async () => {
    const { api, env } = await startEvents();
    const target = await startServer();
    const args = ["remote:evt_text", "--set", "total=9.50", "--times", "3", "--to", String(target.port)];
    expect((await run(["replay", ...args], { env })).code).toBe(0);
    expect(target.received.map(({ body }) => body.toString())).toEqual(
      Array.from({ length: 3 }, () => text.replace("8.00", "9.50")),
    );
    expect(api.received).toHaveLength(1);
  });

  test("takes it from the profile that is named, Stripe's too, in Stripe's own signature", async () => {
    const place = createPlace();
    const stripe = await startStripe();
    const sent = stripeEvent(1, { type: "charge.refunded", pending_webhooks: 1 });
    stripe.events.push(sent);
    const login = ["login", stripe.url, "--stripe", "--no-use", "--key", "-"];
    expect((await run(login, { place, input: secretKey })).code).toBe(0);
    const target = await startServer();
    const args = [`remote:${sent.id}`, "--profile", "stripe", "--to", String(target.port)];
    const finished = await run(["replay", ...args], { place, env: secrets });
    expect(finished.code).toBe(0);
    const [request] = target.received;
    // The text that Stripe's API sent, and what Stripe's own library makes of it.
    expect(request?.body.toString()).toBe(JSON.stringify(sent, null, 2));
    const [signature = ""] = values(request?.headers ?? [], "stripe-signature");
    const { webhooks } = new Stripe("sk_test_none");
    const read = webhooks.constructEvent(request?.body ?? "", signature, stripeSecret);
    expect([read.id, read.type]).toEqual([sent.id, "charge.refunded"]);
  });

  test("signs as --provider says", async () => {
    const { env } = await startEvents();
    const target = await startServer();
    const args = ["remote:evt_other", "--provider", "github", "--to", String(target.port)];
    expect((await run(["replay", ...args], { env: { ...env, GITHUB_WEBHOOK_SECRET: secret } })).code).toBe(0);
    const [{ headers, body } = { headers: [], body: Buffer.of() }] = target.received;
    expect(values(headers, "x-hub-signature-256")).toEqual([hmac(body)]);
    expect(values(headers, "x-github-event")).toEqual(["order.created"]);
  });

  test.each([
    ["remote:evt_other", 4, "provider-unknown", /"elsewhere", a provider not known here$/, /--provider/],
    ["remote:evt_gone", 4, "not-found", /there is no such event: "evt_gone"$/, /hookline events list/],
    ["remote:../keys", 4, "id-invalid", /"\.\.\/keys" must be an id such as evt_/, /hookline events list/],
    ["remote:", 4, "id-invalid", /must be an id such as evt_/, /hookline events list/],
    ["inbox:1", 4, "not-found", /^the inbox is empty/, /hookline listen/],
  ])("%s is exit %i, %s, and nothing is sent", async (name, exit, code, message, step) => {
    const { env } = await startEvents();
    const target = await startServer();
    const args = ["order.created", name, "--to", String(target.port), "--json"];
    const finished = await run(["replay", ...args], { env });
    expect(finished).toMatchObject({ code: exit, stdout: "" });
    const error = errorOf(finished);
    expect([error.code, error.message]).toEqual([code, expect.stringMatching(message)]);
    expect(error.next_steps.join(" ")).toMatch(step);
    expect(target.received).toEqual([]);
  });

  test("needs a profile that there is; other names do not even look", async () => {
    const target = await startServer();
    const replay = (name: string): Promise<Finished> =>
      run(["replay", name, "--profile", "nowhere", "--to", String(target.port), "--json"], { env: secrets });
    expect(errorOf(await replay("remote:evt_1"))).toMatchObject({ code: "profile-unknown" });
    expect((await replay("order.created")).code).toBe(0);
  });

  test("ends at once at a signal while the API keeps it waiting", async () => {
    const api = await startServer(() => undefined);
    const env = { ...secrets, HOOKLINE_API_URL: api.url, HOOKLINE_API_KEY: stubKey };
    const waiting = start(["replay", "remote:evt_1", "--to", "9", "--json"], { env });
    await api.until(1);
    waiting.kill("SIGINT");
    expect(await waiting.finished).toMatchObject({ code: 130, stdout: "" });
  });
});

describe("sign remote:ID", () => {
  test("signs the very bytes, which --out keeps for curl", async () => {
    const { env } = await startEvents();
    const place = createPlace();
    const sign = (...more: string[]): Promise<Finished> =>
      run(["sign", "remote:evt_bytes", ...more, "--json"], { env, place });
    const finished = await sign("--out", "event.bin", "--curl", "3000");
    expect(JSON.parse(finished.stdout)).toMatchObject({
      provider: "fareplay",
      event: "order.accepted",
      headers: { "x-fareplay-signature": hmac(binary) },
      curl: expect.stringContaining("event.bin") as string,
    });
    expect(readFileSync(join(place.cwd, "event.bin")).equals(binary)).toBe(true);
    expect(errorOf(await sign("--curl", "3000"))).toMatchObject({
      code: "sign-needs-out",
      message: "the signed bytes are in no file that curl could send: they came from the API",
    });
  });
});
