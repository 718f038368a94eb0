/** What `--tamper` sends is refused by hookline's own verifier and by the vendors' libraries, and wrong in one way alone. */
import { readFileSync, readdirSync } from "node:fs";
import { join } from "node:path";
import * as octokit from "@octokit/webhooks-methods";
import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";
import { describe, expect, it, vi } from "vitest";
import type { Provider } from "../../src/providers/contract.ts";
import { defineProvider } from "../../src/providers/custom.ts";
import { builtInProviders } from "../../src/providers/index.ts";
import { generateSecret } from "../../src/signing/secrets.ts";
import type { VerdictCode } from "../../src/signing/types.ts";
import { createVerifier } from "../../src/signing/verify.ts";
import { createHeaderMaker } from "../../src/transport/request.ts";
import { createTamperer, tamperings, tamperingsOf, type Tampering } from "../../src/transport/tamper.ts";
import { bytes, json } from "../signing/arbitraries.ts";
import { now, pairs } from "../signing/requests.ts";
import { root } from "../cli/spawn.ts";

const own = [
  defineProvider("own-key", {
    title: "Own",
    signatures: [{ kind: "bearer", header: "X-Own-Key", prefix: "Key " }],
  }),
  defineProvider("own-token", { title: "Own", signatures: [{ kind: "bearer" }] }),
  defineProvider("own-basic", { title: "Own", signatures: [{ kind: "basic" }] }),
  defineProvider("own-seal", {
    title: "Own",
    signatures: [
      {
        kind: "ed25519",
        encoding: "hex",
        header: "X-Own-Seal",
        content: "{timestamp}{body}",
        timestamp: { header: "X-Own-Time", unit: "ms", toleranceSeconds: 10, future: "accept" },
      },
    ],
  }),
];
const providers: readonly Provider[] = [...builtInProviders, ...own];

/** What each has to be refused for. */
const codes: Readonly<Record<Tampering, VerdictCode>> = {
  missing: "header-missing",
  empty: "header-empty",
  malformed: "header-malformed",
  signature: "signature-mismatch",
  truncated: "header-malformed",
  secret: "signature-mismatch",
  body: "signature-mismatch",
  timestamp: "timestamp-expired",
  future: "timestamp-future",
  redated: "signature-mismatch",
  duplicate: "header-duplicated",
};

const random = (fill: number) => (count: number) => Buffer.alloc(count, fill);

/** A document, bytes that are none, or nothing. */
const bodies = fc.oneof(
  json.map((text) => Buffer.from(text)),
  bytes.map((list) => Buffer.from(list)),
  fc.constant(Buffer.alloc(0)),
);

function prepare(provider: Provider) {
  const [scheme = { kind: "none" }] = provider.signatures;
  const secret = generateSecret(scheme, random(7));
  const right = createHeaderMaker(provider, [secret]);
  const verifier = createVerifier(provider.signatures, [secret]);
  return {
    secret,
    content: (body: Buffer, at = now) => ({ event: "any.event", deliveryId: "evt_1", body, now: at }),
    right,
    tamperer: (tampering: Tampering) => createTamperer(provider, [secret], [], tampering, random(9)),
    check: ({ headers, body }: { headers: readonly string[]; body: Buffer }, at = now) =>
      verifier({ headers, body, now: at }),
  };
}

const signedSchemes = ({ signatures: [scheme] }: Provider) =>
  scheme?.kind === "hmac" || scheme?.kind === "ed25519" ? scheme : undefined;

/** The header that carries the proof. */
const carrierOf = (provider: Provider): string => {
  const [scheme] = provider.signatures;
  return scheme !== undefined && "header" in scheme && scheme.header !== undefined
    ? scheme.header.toLowerCase()
    : "authorization";
};

const named = (headers: readonly string[], names: readonly string[]) =>
  pairs(headers).filter(([name]) => names.includes(name.toLowerCase()));
const others = (headers: readonly string[], names: readonly string[]) =>
  pairs(headers).filter(([name]) => !names.includes(name.toLowerCase()));

const kinds = providers.flatMap((provider) =>
  tamperingsOf(provider).map((tampering) => ({ id: provider.id, tampering, provider })),
);

describe("every tampering of every provider", () => {
  it("is there for as many as their signatures show", () => {
    const count = (id: string) => kinds.filter((kind) => kind.id === id).map(({ tampering }) => tampering);
    expect(count("slack")).toEqual([...tamperings]);
    expect(count("fareplay")).toEqual(
      tamperings.filter((tampering) => !["timestamp", "future", "redated"].includes(tampering)),
    );
    expect(count("stripe")).toEqual(
      tamperings.filter((tampering) => !["future", "duplicate"].includes(tampering)),
    );
    expect(count("own-basic")).toEqual(["missing", "empty", "malformed", "secret"]);
    expect(count("own-token")).toEqual(["missing", "empty", "malformed", "signature", "truncated", "secret"]);
    expect(count("own-seal")).not.toContain("future");
    expect(tamperingsOf({ signatures: [{ kind: "none" }] })).toEqual([]);
    for (const provider of builtInProviders) expect(count(provider.id).length).toBeGreaterThanOrEqual(8);
  });

  it.each(kinds)(
    "$id, $tampering: hookline refuses it and takes the right one",
    ({ provider, tampering }) => {
      const { check, content, right, tamperer } = prepare(provider);
      const tamper = tamperer(tampering);
      // What is cut in half is no signature by its form, but may be a token.
      const code =
        tampering === "truncated" && signedSchemes(provider) === undefined
          ? "signature-mismatch"
          : codes[tampering];
      fc.assert(
        fc.property(bodies, fc.integer({ min: 0, max: 999 }), (body, ms) => {
          const at = now + ms;
          expect(check({ headers: right(content(body, at)), body }, at)).toMatchObject({ ok: true });
          expect(check(tamper(content(body, at)), at)).toMatchObject({ ok: false, code });
        }),
        { numRuns: 30 },
      );
    },
  );

  it.each(kinds)("$id, $tampering: nothing else is wrong with it", ({ provider, tampering }) => {
    const { content, right, tamperer } = prepare(provider);
    const tamper = tamperer(tampering);
    const carrier = carrierOf(provider);
    const time = signedSchemes(provider)?.timestamp?.header;
    const moved = tampering === "timestamp" || tampering === "future";
    const changed = [carrier, ...(moved && time !== undefined ? [time] : [])];
    fc.assert(
      fc.property(bodies, (body) => {
        const before = Buffer.from(body);
        const good = right(content(body));
        const bad = tamper(content(body));
        expect(body.equals(before)).toBe(true);
        if (tampering === "body") {
          expect(bad.headers).toEqual(good);
          expect(bad.body.equals(body)).toBe(false);
          return;
        }
        expect(bad.body.equals(body)).toBe(true);
        expect(others(bad.headers, changed)).toEqual(others(good, changed));
        const [wanted] = named(good, [carrier]);
        const given = named(bad.headers, [carrier]);
        if (tampering === "missing") expect(given).toEqual([]);
        else if (tampering === "duplicate") {
          expect(bad.headers.slice(0, good.length)).toEqual(good);
          expect(given).toHaveLength(2);
          expect(given[1]?.[1]).not.toBe(wanted?.[1]);
          expect(given[1]?.[1]).toHaveLength(wanted?.[1].length ?? 0);
        } else {
          expect(given).toHaveLength(1);
          expect(given[0]?.[1]).not.toBe(wanted?.[1]);
        }
        if (tampering === "signature") {
          const [value = "", good = ""] = [given[0]?.[1], wanted?.[1]];
          expect(Array.from(value).filter((character, index) => character !== good[index])).toHaveLength(1);
        }
        if (moved && time !== undefined) expect(named(bad.headers, [time])).toHaveLength(1);
      }),
      { numRuns: 20 },
    );
  });
});

describe("a body that was tampered with", () => {
  const { content, tamperer } = prepare(builtInProviders[0] as Provider);
  const tamper = tamperer("body");
  const altered = (body: Buffer): Buffer => tamper(content(body)).body;

  const hasNumber = (value: unknown): boolean =>
    typeof value === "number" ||
    (typeof value === "object" && value !== null && Object.values(value).some(hasNumber));

  it("stays JSON where it was, and as long where there is a number in it", () => {
    fc.assert(
      fc.property(json, (text) => {
        const body = Buffer.from(text);
        const result = altered(body);
        expect(() => void JSON.parse(result.toString("utf8"))).not.toThrow();
        expect(result.equals(body)).toBe(false);
        if (hasNumber(JSON.parse(text))) expect(result).toHaveLength(body.length);
      }),
      { numRuns: 500 },
    );
  });

  it.each([
    ['{"at":"2026-03-17T14:59:00Z","n":-9.5}', '{"at":"2026-03-17T14:59:00Z","n":-1.5}'],
    ['{"n":0.5,"m":1}', '{"n":1.5,"m":1}'],
    ['{"type":"a","name":"Quiz"}', '{"type":"a","name":"Quiy"}'],
    [String.raw`{"a":"b\u00ef\n"}`, String.raw`{"a":"c\u00ef\n"}`],
    ['{"k:":true}', '{"l:":true}'],
    ["[true,null]", "[true,null] "],
    ["", " "],
  ])("of %s is %s", (body, result) => {
    expect(altered(Buffer.from(body)).toString("utf8")).toBe(result);
  });

  it("is called and dated as before, in every payload that comes with hookline", () => {
    for (const { base, id, envelope } of builtInProviders) {
      if (base !== undefined) continue;
      const folder = join(root, "fixtures", id);
      for (const file of readdirSync(folder, { recursive: true, encoding: "utf8" })) {
        if (!file.endsWith(".json")) continue;
        const body = readFileSync(join(folder, file));
        const [before, after] = [body, altered(body)].map(
          (one) => JSON.parse(one.toString("utf8")) as Record<string, unknown>,
        );
        const name = envelope.type?.slice(1) ?? "";
        expect([file, after?.[name]]).toEqual([file, before?.[name]]);
        expect(after).not.toEqual(before);
      }
    }
  });
});

describe("other people's libraries refuse it, too, and take the right one", () => {
  /** A header's value as Node's server hands it on: several of a name joined. */
  const valuesOf = (headers: readonly string[]): Record<string, string> => {
    const result: Record<string, string> = {};
    for (const [name, value] of pairs(headers))
      result[name] = result[name] === undefined ? value : `${result[name]}, ${value}`;
    return result;
  };
  const text = fc.oneof(json, fc.string({ unit: "binary", minLength: 1, maxLength: 60 }));
  const provider = (id: string): Provider => {
    const found = builtInProviders.find((one) => one.id === id);
    if (found === undefined) throw new Error(`no ${id}`);
    return found;
  };
  type Judge = (body: string, headers: Record<string, string>, secret: string) => boolean | Promise<boolean>;

  const stripe = new Stripe("sk_test_unused");
  const judges: Readonly<Record<string, Judge>> = {
    stripe: (body, headers, secret) => {
      // What of constructEvent judges; it would parse the body as well.
      if (stripe.webhooks.signature === null) throw new Error("the library has no verifier");
      const header = headers["stripe-signature"] ?? "";
      try {
        return stripe.webhooks.signature.verifyHeader(body, header, secret, undefined, undefined, now);
      } catch {
        return false;
      }
    },
    "standard-webhooks": (body, headers, secret) => verifies(new StandardWebhook(secret), body, headers),
    svix: (body, headers, secret) => verifies(new SvixWebhook(secret), body, headers),
    github: async (body, headers, secret) => {
      const signature = headers["x-hub-signature-256"] ?? "";
      return signature !== "" && octokit.verify(secret, body, signature);
    },
  };
  function verifies(
    webhook: { verify(body: string, headers: Record<string, string>): unknown },
    body: string,
    headers: Record<string, string>,
  ): boolean {
    try {
      webhook.verify(body, headers);
      return true;
    } catch (error) {
      // They parse what they have verified.
      return error instanceof SyntaxError;
    }
  }

  const judged = Object.entries(judges).flatMap(([id, accepts]) =>
    tamperingsOf(provider(id)).map((tampering) => ({ id, tampering, accepts })),
  );
  it.each(judged)("$id, $tampering", async ({ id, tampering, accepts }) => {
    vi.useFakeTimers({ now, toFake: ["Date"] });
    try {
      const { secret, content, right, tamperer } = prepare(provider(id));
      const tamper = tamperer(tampering);
      await fc.assert(
        fc.asyncProperty(text, async (words) => {
          const body = Buffer.from(words);
          const said = body.toString("utf8");
          fc.pre(said !== "");
          const bad = tamper(content(body));
          expect(await accepts(said, valuesOf(right(content(body))), secret)).toBe(true);
          expect(await accepts(bad.body.toString("utf8"), valuesOf(bad.headers), secret)).toBe(false);
        }),
        { numRuns: 20 },
      );
    } finally {
      vi.useRealTimers();
    }
  });
});
