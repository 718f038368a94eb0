/** What every provider must do, a user's own included; a new one needs no test file. */
import { createHash } from "node:crypto";
import { existsSync, readFileSync } from "node:fs";
import { fileURLToPath } from "node:url";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Provider } from "../../src/providers/contract.ts";
import { defineProvider } from "../../src/providers/custom.ts";
import { builtInProviders, createRegistry } from "../../src/providers/index.ts";
import { parseContent, signedHeaders } from "../../src/signing/content.ts";
import { generateSecret } from "../../src/signing/secrets.ts";
import { sign } from "../../src/signing/sign.ts";
import type { Ed25519Scheme, HmacScheme, VerdictCode } from "../../src/signing/types.ts";
import { verify } from "../../src/signing/verify.ts";
import { createHeaderMaker } from "../../src/transport/request.ts";
import { bytes } from "../signing/arbitraries.ts";
import { now, pairs, valueOf, without } from "../signing/requests.ts";

const fixtures = fileURLToPath(new URL("../../fixtures/", import.meta.url));

/** Two providers as a project file writes them: all that a built-in one has, and as little as there may be. */
const custom: readonly Provider[] = [
  defineProvider("everything", {
    title: "Everything",
    signatures: [
      {
        kind: "hmac",
        algorithm: "sha512",
        encoding: "base64",
        header: "X-Everything-Signature",
        prefix: "sig:",
        separator: ";",
        content: "v2|{header:X-Everything-Id}|{timestamp}|{body}|{header:X-Everything-Event}",
        timestamp: { header: "X-Everything-Signature", item: "at:", unit: "ms", toleranceSeconds: 60 },
        secret: { encoding: "base64", prefix: "key_", minBytes: 32 },
      },
      {
        kind: "ed25519",
        encoding: "hex",
        header: "X-Everything-Seal",
        content: "{timestamp}{body}",
        timestamp: { header: "X-Everything-Time", unit: "s", toleranceSeconds: 10, future: "accept" },
      },
    ],
    headers: { event: "X-Everything-Event", delivery: "X-Everything-Id", userAgent: "Everything/2.0" },
    dedupe: { header: "X-Everything-Id" },
    events: { "thing.made": {} },
    secretEnv: "EVERYTHING_WEBHOOK_SECRET",
  }),
  defineProvider("least", {
    signatures: [{ kind: "hmac", algorithm: "sha1", encoding: "hex", header: "X-Least" }],
  }),
];
const providers = [...builtInProviders, ...custom];

/** "Random" bytes that are the same in every run and differ from label to label. */
const random = (label: string) => (count: number) =>
  createHash("sha512").update(label).digest().subarray(0, count);

/** The bodies to sign: the provider's fixtures (a receiver's are its base's), or one where there is none. */
function bodiesOf(provider: Provider): { event: string; body: Uint8Array }[] {
  const found = Object.keys(provider.events)
    .map((event) => ({ event, path: `${fixtures}${provider.base ?? provider.id}/${event}.json` }))
    .filter(({ path }) => existsSync(path))
    .map(({ event, path }) => ({ event, body: readFileSync(path) }));
  return found.length > 0 ? found : [{ event: "any.event", body: Buffer.from('{"price":8.00}') }];
}

const schemesOf = (provider: Provider): (HmacScheme | Ed25519Scheme)[] =>
  provider.signatures.map((scheme) => {
    if (scheme.kind === "hmac" || scheme.kind === "ed25519") return scheme;
    throw new Error(`the suite has no checks for ${scheme.kind}`);
  });

describe.each(providers.map((provider) => ({ id: provider.id, provider })))("$id", ({ id, provider }) => {
  const bodies = bodiesOf(provider);
  const [sample] = bodies as [(typeof bodies)[0]];

  it("has fixtures, unless it is a user's own", () => {
    const count = builtInProviders.includes(provider) ? Object.keys(provider.events).length : 1;
    expect(bodies).toHaveLength(count);
    expect(provider.signatures.length).toBeGreaterThan(0);
  });

  it("is named by headers in lower case that no other provider has; a receiver by none", () => {
    const others = providers.filter((other) => other !== provider).flatMap(({ identify }) => identify);
    for (const name of provider.identify) {
      expect(name).toBe(name.toLowerCase());
      expect(others).not.toContain(name);
    }
    expect(provider.identify.length === 0).toBe(provider.base !== undefined);
    expect(provider.secretEnv).toMatch(/^[A-Z0-9_]*_WEBHOOK_SECRET$/);
  });

  describe("a request as hookline sends it", () => {
    const [scheme] = schemesOf(provider) as [HmacScheme | Ed25519Scheme];
    const secret = generateSecret(scheme, random(id));
    const send = createHeaderMaker(provider, [secret]);

    it.each(bodies)("verifies and is told whose it is: $event", ({ event, body }) => {
      const headers = send({ event, deliveryId: "evt_0123456789", body, now });
      expect(verify(provider.signatures, [secret], { body, headers, now })).toMatchObject({
        ok: true,
        scheme: 0,
        secretIndex: 0,
        warnings: [],
      });
      expect(createRegistry(custom).identify(headers)?.id).toBe(provider.base ?? provider.id);
      const { event: eventHeader, delivery, userAgent } = provider.headers;
      if (eventHeader !== undefined) expect(valueOf(headers, eventHeader)).toBe(event);
      if (delivery !== undefined) expect(valueOf(headers, delivery)).toBe("evt_0123456789");
      expect(valueOf(headers, "user-agent")).toBe(userAgent ?? "hookline");
    });

    it("has headers that can go over the wire, each once", () => {
      const headers = pairs(send({ ...sample, deliveryId: "evt_1", now }));
      for (const [name, value] of headers) {
        expect(name).toMatch(/^[a-z0-9-]+$/);
        expect(value).toMatch(/^[\x21-\x7e](?:[\x20-\x7e]*[\x21-\x7e])?$/);
      }
      expect(new Set(headers.map(([name]) => name)).size).toBe(headers.length);
    });
  });

  describe.each(
    schemesOf(provider).map((scheme, index) => ({
      index,
      scheme,
      name: `${scheme.kind} in ${scheme.header}`,
    })),
  )("$name", ({ index, scheme }) => {
    const needed = signedHeaders(parseContent(scheme.content));
    const given = needed.flatMap((name) => [name, "id_1"]);
    const secret = generateSecret(scheme, random(`${id} ${index}`));
    const previous = generateSecret(scheme, random(`${id} ${index} previous`));
    const signed = (body: Uint8Array, secrets = [secret]) => [
      ...given,
      ...sign(scheme, { body, secrets, headers: given, now }),
    ];
    const check = (body: Uint8Array, headers: readonly string[], secrets = [secret], at = now) =>
      verify(provider.signatures, secrets, { body, headers, now: at });
    const refused = (code: VerdictCode, evidence: object = {}) => ({
      ok: false,
      code,
      findings: [{ cause: code, evidence }],
    });

    it.each(bodies)("signs and verifies $event; not with a changed body, nor another secret", ({ body }) => {
      const headers = signed(body);
      expect(check(body, headers)).toMatchObject({ ok: true, scheme: index, secretIndex: 0, warnings: [] });
      const reserialised = Buffer.from(JSON.stringify(JSON.parse(Buffer.from(body).toString("utf8"))));
      for (const other of [reserialised, body.subarray(1), Buffer.concat([body, Buffer.from("\n")])])
        if (!Buffer.from(body).equals(other))
          expect(check(other, headers)).toMatchObject(
            refused("signature-mismatch", { header: scheme.header }),
          );
      expect(check(body, headers, [previous])).toMatchObject(
        refused("signature-mismatch", { header: scheme.header }),
      );
    });

    it("signs and verifies any bytes; not with one bit changed", () => {
      fc.assert(
        fc.property(bytes, fc.nat(), fc.nat(7), (body, place, bit) => {
          const headers = signed(body);
          expect(check(body, headers)).toMatchObject({ ok: true, scheme: index });
          const flipped = Buffer.from(body.length > 0 ? body : [0]);
          const at = place % flipped.length;
          if (body.length > 0) flipped[at] = (flipped[at] ?? 0) ^ (1 << bit);
          expect(check(flipped, headers)).toMatchObject(refused("signature-mismatch"));
        }),
        { numRuns: 30 },
      );
    });

    it("tells each missing header", () => {
      const headers = signed(sample.body);
      expect(check(sample.body, without(headers, scheme.header))).toMatchObject(refused("header-missing"));
      for (const name of needed)
        expect(check(sample.body, without(headers, name))).toMatchObject(
          refused("header-missing", { header: name }),
        );
      const { timestamp } = scheme;
      if (timestamp !== undefined && timestamp.item === undefined)
        expect(check(sample.body, without(headers, timestamp.header))).toMatchObject(
          refused("timestamp-missing", { header: timestamp.header }),
        );
      expect(check(sample.body, [])).toMatchObject(refused("header-missing"));
    });

    it("tells a missing secret", () => {
      expect(check(sample.body, signed(sample.body), [])).toMatchObject(refused("secret-missing"));
    });

    it("holds the time to its tolerance, where it has one", () => {
      const headers = signed(sample.body);
      const after = (seconds: number) => check(sample.body, headers, [secret], now + seconds * 1000);
      if (scheme.timestamp === undefined) {
        expect(after(1e8)).toMatchObject({ ok: true });
        return;
      }
      const { toleranceSeconds: tolerance, future, header } = scheme.timestamp;
      expect(after(tolerance)).toMatchObject({ ok: true, timestamp: now / 1000 });
      expect(after(tolerance + 1)).toMatchObject(refused("timestamp-expired", { header }));
      expect(after(-tolerance).ok).toBe(true);
      expect(after(-tolerance - 1)).toMatchObject(
        future === "accept" ? { ok: true } : refused("timestamp-future", { header }),
      );
    });

    it("verifies with the previous secret in a rotation, and says so", () => {
      const old = signed(sample.body, [previous]);
      expect(check(sample.body, old, [secret, previous])).toMatchObject({ ok: true, secretIndex: 1 });
      const both = signed(sample.body, [secret, previous]);
      expect(check(sample.body, both, [secret])).toMatchObject({ ok: true });
      expect(check(sample.body, both, [previous]).ok).toBe(scheme.separator !== undefined);
    });
  });
});
