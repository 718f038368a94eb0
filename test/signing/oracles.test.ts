/** Other people's libraries judge what hookline signs, and hookline judges what they sign. */
import * as octokit from "@octokit/webhooks-methods";
import fc from "fast-check";
import { Webhook as StandardWebhook } from "standardwebhooks";
import Stripe from "stripe";
import { Webhook as SvixWebhook } from "svix";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { builtInProviders } from "../../src/providers/index.ts";
import { sign } from "../../src/signing/sign.ts";
import { verify } from "../../src/signing/verify.ts";
import { headerText, json, rawSecret, seconds, text, whsec } from "./arbitraries.ts";
import { changed, now, nowSeconds, signedByHand, valueOf } from "./requests.ts";
import { shipped } from "./schemes.ts";

const utf8 = (value: string) => Buffer.from(value, "utf8");
const mebibyte = Array.from({ length: 1024 }, (_, line) => `${line} žluťoučký 🐴`.padEnd(1000, "é")).join(
  "\n",
);
/** Stripe's and octokit's libraries refuse an empty payload before they look at its signature. */
const nonEmpty = text.filter((value) => value !== "");

describe("stripe", () => {
  const scheme = shipped("stripe", "hmac");
  const { webhooks } = new Stripe("sk_test_unused");
  // The half of constructEvent that does not parse: any text can be judged with it.
  const accepts = (payload: string, header: string, secret: string, at: number): boolean => {
    if (webhooks.signature === null) throw new Error("the library has no verifier");
    try {
      return webhooks.signature.verifyHeader(payload, header, secret, undefined, undefined, at * 1000);
    } catch (error) {
      if (error instanceof Stripe.errors.StripeSignatureVerificationError) return false;
      throw error;
    }
  };
  const hookline = (payload: string, header: string, secrets: string[], at: number) =>
    verify([scheme], secrets, {
      body: utf8(payload),
      headers: ["Stripe-Signature", header],
      now: at * 1000,
    });
  const signed = (payload: string, secrets: string[], at: number) =>
    valueOf(sign(scheme, { body: utf8(payload), secrets, headers: [], now: at * 1000 }), "stripe-signature");

  it("accepts what hookline signs, and hookline what it signs, to the letter the same", () => {
    fc.assert(
      fc.property(nonEmpty, rawSecret, seconds, (payload, secret, at) => {
        const theirs = webhooks.generateTestHeaderString({ payload, secret, timestamp: at });
        const ours = signed(payload, [secret], at);
        expect(ours).toBe(theirs);
        expect(accepts(payload, ours, secret, at)).toBe(true);
        expect(hookline(payload, theirs, [secret], at)).toMatchObject({ ok: true, timestamp: at });
      }),
    );
  });

  it("constructs the event of a signed document", () => {
    fc.assert(
      fc.property(json, rawSecret, seconds, (payload, secret, at) => {
        const header = signed(payload, [secret], at);
        const event: unknown = webhooks.constructEvent(payload, header, secret, 300, undefined, at * 1000);
        expect(event).toEqual(JSON.parse(payload));
      }),
    );
  });

  it("agrees on a mebibyte", () => {
    const header = webhooks.generateTestHeaderString({
      payload: mebibyte,
      secret: "whsec_x",
      timestamp: nowSeconds,
    });
    expect(signed(mebibyte, ["whsec_x"], nowSeconds)).toBe(header);
    expect(hookline(mebibyte, header, ["whsec_x"], nowSeconds).ok).toBe(true);
  });

  it("accepts each of several signatures, as hookline does", () => {
    fc.assert(
      fc.property(nonEmpty, fc.uniqueArray(rawSecret, { minLength: 2, maxLength: 4 }), (payload, secrets) => {
        const ours = signed(payload, secrets, nowSeconds);
        const theirs = secrets
          .map((secret) => webhooks.generateTestHeaderString({ payload, secret, timestamp: nowSeconds }))
          .map((header, index) => (index === 0 ? header : (header.split(",")[1] ?? "")))
          .join(",");
        expect(ours).toBe(theirs);
        secrets.forEach((secret, index) => {
          expect(accepts(payload, ours, secret, nowSeconds)).toBe(true);
          expect(hookline(payload, theirs, ["whsec_-other", secret], nowSeconds)).toMatchObject({
            ok: true,
            secretIndex: 1,
          });
          const one = webhooks.generateTestHeaderString({ payload, secret, timestamp: nowSeconds });
          expect(hookline(payload, one, secrets, nowSeconds)).toMatchObject({ ok: true, secretIndex: index });
        });
      }),
    );
  });

  it("refuses a tampered body, another secret and a stale time, as hookline does", () => {
    fc.assert(
      fc.property(
        nonEmpty,
        rawSecret,
        seconds,
        fc.integer({ min: -900, max: 900 }),
        (payload, secret, at, age) => {
          const header = signed(payload, [secret], at);
          expect(accepts(`${payload} `, header, secret, at)).toBe(false);
          expect(hookline(`${payload} `, header, [secret], at)).toMatchObject({ code: "signature-mismatch" });
          expect(accepts(payload, header, `${secret}x`, at)).toBe(false);
          expect(hookline(payload, header, [`${secret}x`], at)).toMatchObject({ code: "signature-mismatch" });
          // Future times pass in both.
          expect(hookline(payload, header, [secret], at + age).ok).toBe(
            accepts(payload, header, secret, at + age),
          );
        },
      ),
    );
  });

  it("never refuses a mangled header that hookline accepts", () => {
    const header = signed("{}", ["whsec_x"], nowSeconds);
    let accepted = 0;
    fc.assert(
      fc.property(mangled(header), (value) => {
        // A v1 without a value makes the library throw a plain Error instead of judging.
        fc.pre(!value.split(",").some((item) => /^v1(=|$)(=|$)/.test(item)));
        if (!hookline("{}", value, ["whsec_x"], nowSeconds).ok) return;
        accepted++;
        expect(accepts("{}", value, "whsec_x", nowSeconds)).toBe(true);
      }),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it.each(["0", "00000", "+", " "])("refuses a timestamp that starts with %j, as hookline does", (start) => {
    const time = start + String(nowSeconds);
    const headers = signedByHand(scheme, "whsec_x", { body: utf8("{}"), time });
    const header = valueOf(headers, "stripe-signature");
    expect(accepts("{}", header, "whsec_x", nowSeconds)).toBe(false);
    expect(hookline("{}", header, ["whsec_x"], nowSeconds)).toMatchObject({ code: "timestamp-malformed" });
  });
});

describe.each([
  { name: "standardwebhooks", id: "standard-webhooks", names: "webhook", Library: StandardWebhook },
  { name: "svix", id: "svix", names: "svix", Library: SvixWebhook },
])("$name", ({ id: provider, names, Library }) => {
  const scheme = shipped(provider, "hmac");

  // Both libraries read the clock themselves.
  beforeEach(() => {
    vi.useFakeTimers({ toFake: ["Date"] });
  });
  afterEach(() => {
    vi.useRealTimers();
  });

  const recordOf = (headers: readonly string[]) =>
    Object.fromEntries(
      ["id", "timestamp", "signature"].map((part) => [
        `${names}-${part}`,
        valueOf(headers, `${names}-${part}`),
      ]),
    );
  /** What the library makes of a JSON payload: its value, or undefined where it refuses the signature. */
  const theirs = (payload: string, headers: readonly string[], secret: string, at: number): unknown => {
    vi.setSystemTime(at * 1000);
    try {
      return new Library(secret).verify(payload, recordOf(headers)) ?? null;
    } catch (error) {
      // Parsing comes after verification: a body that is no JSON was accepted.
      if (error instanceof SyntaxError) return null;
      if (error instanceof Error && error.name === "WebhookVerificationError") return undefined;
      throw error;
    }
  };
  const hookline = (payload: string, headers: readonly string[], secrets: string[], at: number) =>
    verify([scheme], secrets, { body: utf8(payload), headers, now: at * 1000 });
  const signed = (payload: string, secrets: string[], id: string, at: number) => {
    const headers = [`${names}-id`, id];
    return [...headers, ...sign(scheme, { body: utf8(payload), secrets, headers, now: at * 1000 })];
  };
  const signedByThem = (payload: string, secret: string, id: string, at: number) => {
    const signature = new Library(secret).sign(id, new Date(at * 1000), payload);
    return [`${names}-id`, id, `${names}-timestamp`, String(at), `${names}-signature`, signature];
  };

  it("accepts what hookline signs, and hookline what it signs, to the letter the same", () => {
    fc.assert(
      fc.property(fc.oneof(text, json), whsec, headerText, seconds, (payload, secret, id, at) => {
        const ours = signed(payload, [secret], id, at);
        const made = signedByThem(payload, secret, id, at);
        expect(ours).toEqual(made);
        expect(theirs(payload, ours, secret, at)).not.toBe(undefined);
        expect(hookline(payload, made, [secret], at)).toEqual({
          ok: true,
          scheme: 0,
          secretIndex: 0,
          timestamp: at,
          warnings: [],
        });
      }),
    );
  });

  it("gives back the signed document", () => {
    fc.assert(
      fc.property(json, whsec, headerText, seconds, (payload, secret, id, at) => {
        expect(theirs(payload, signed(payload, [secret], id, at), secret, at)).toEqual(JSON.parse(payload));
      }),
    );
  });

  it("agrees on an empty body and on a mebibyte", () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    for (const payload of ["", mebibyte]) {
      const ours = signed(payload, [secret], "msg_1", nowSeconds);
      expect(ours).toEqual(signedByThem(payload, secret, "msg_1", nowSeconds));
      expect(theirs(payload, ours, secret, nowSeconds)).toBe(null);
      expect(hookline(payload, ours, [secret], nowSeconds).ok).toBe(true);
    }
  });

  it("accepts each of several signatures, as hookline does", () => {
    fc.assert(
      fc.property(
        json,
        fc.uniqueArray(whsec, {
          minLength: 2,
          maxLength: 4,
          selector: (secret) => secret.replace("whsec_", ""),
        }),
        (payload, secrets) => {
          const ours = signed(payload, secrets, "msg_1", nowSeconds);
          const list = secrets
            .map((secret) =>
              valueOf(signedByThem(payload, secret, "msg_1", nowSeconds), `${names}-signature`),
            )
            .join(" ");
          expect(valueOf(ours, `${names}-signature`)).toBe(list);
          const other = Buffer.alloc(32, 0xfe).toString("base64");
          secrets.forEach((secret) => {
            expect(theirs(payload, ours, secret, nowSeconds)).toEqual(JSON.parse(payload));
            expect(hookline(payload, ours, [other, secret], nowSeconds)).toMatchObject({
              ok: true,
              secretIndex: 1,
            });
          });
        },
      ),
    );
  });

  it("refuses a tampered body, another secret, another id and a stale or early time, as hookline does", () => {
    const other = Buffer.alloc(32, 0xfe).toString("base64");
    fc.assert(
      fc.property(
        json,
        whsec,
        fc.integer({ min: 1000, max: 9_999_999_999 }),
        fc.integer({ min: -900, max: 900 }),
        (payload, secret, at, age) => {
          const headers = signed(payload, [secret], "msg_1", at);
          expect(theirs(`${payload} `, headers, secret, at)).toBe(undefined);
          expect(hookline(`${payload} `, headers, [secret], at)).toMatchObject({
            code: "signature-mismatch",
          });
          expect(theirs(payload, headers, other, at)).toBe(undefined);
          expect(hookline(payload, headers, [other], at)).toMatchObject({ code: "signature-mismatch" });
          const renamed = changed(headers, `${names}-id`, "msg_2");
          expect(theirs(payload, renamed, secret, at)).toBe(undefined);
          expect(hookline(payload, renamed, [secret], at)).toMatchObject({ code: "signature-mismatch" });
          expect(hookline(payload, headers, [secret], at + age).ok).toBe(
            theirs(payload, headers, secret, at + age) !== undefined,
          );
        },
      ),
    );
  });

  it("never refuses a mangled header that hookline accepts", () => {
    const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    const headers = signed("{}", [secret], "msg_1", nowSeconds);
    let accepted = 0;
    fc.assert(
      fc.property(
        fc
          .constantFrom(`${names}-id`, `${names}-timestamp`, `${names}-signature`)
          .chain((name) => mangled(valueOf(headers, name)).map((value) => changed(headers, name, value))),
        (request) => {
          if (!hookline("{}", request, [secret], nowSeconds).ok) return;
          accepted++;
          expect(theirs("{}", request, secret, nowSeconds)).not.toBe(undefined);
        },
      ),
      { numRuns: 3000 },
    );
    expect(accepted).toBeGreaterThan(0);
  });

  it.each(["0", "00000", "+", " "])("refuses a timestamp that starts with %j, as hookline does", (start) => {
    const key = Buffer.alloc(24, 7);
    const secret = key.toString("base64");
    const headers = signedByHand(scheme, key, { body: utf8("{}"), time: start + String(nowSeconds) });
    expect(theirs("{}", headers, secret, nowSeconds)).toBe(undefined);
    expect(hookline("{}", headers, [secret], nowSeconds)).toMatchObject({ code: "timestamp-malformed" });
  });
});

describe("svix under the unbranded header names", () => {
  it("verifies with the provider's own schemes", () => {
    const svix = builtInProviders.find(({ id }) => id === "svix");
    const secret = `whsec_${Buffer.alloc(24, 7).toString("base64")}`;
    const signature = new SvixWebhook(secret).sign("msg_1", new Date(now), "{}");
    const headers = [
      "webhook-id",
      "msg_1",
      "webhook-timestamp",
      String(nowSeconds),
      "webhook-signature",
      signature,
    ];
    expect(verify(svix?.signatures ?? [], [secret], { body: utf8("{}"), headers, now }).ok).toBe(true);
  });
});

describe("octokit", () => {
  const scheme = shipped("github", "hmac");
  const hookline = (payload: string, header: string, secrets: string[]) =>
    verify([scheme], secrets, { body: utf8(payload), headers: ["X-Hub-Signature-256", header], now });
  const signed = (payload: string, secret: string) =>
    valueOf(
      sign(scheme, { body: utf8(payload), secrets: [secret], headers: [], now }),
      "x-hub-signature-256",
    );

  it("accepts what hookline signs, and hookline what it signs, to the letter the same", async () => {
    await fc.assert(
      fc.asyncProperty(nonEmpty, rawSecret, async (payload, secret) => {
        const ours = signed(payload, secret);
        const theirs = await octokit.sign(secret, payload);
        expect(ours).toBe(theirs);
        expect(await octokit.verify(secret, payload, ours)).toBe(true);
        expect(hookline(payload, theirs, [secret]).ok).toBe(true);
      }),
    );
  });

  it("agrees on a mebibyte", async () => {
    const theirs = await octokit.sign("secret", mebibyte);
    expect(signed(mebibyte, "secret")).toBe(theirs);
    expect(hookline(mebibyte, theirs, ["secret"]).ok).toBe(true);
  });

  it("accepts any of several secrets, as hookline does", async () => {
    const several = fc.uniqueArray(rawSecret, { minLength: 3, maxLength: 3 });
    await fc.assert(
      fc.asyncProperty(nonEmpty, several, fc.nat(2), async (payload, secrets, signer) => {
        const header = await octokit.sign(secrets[signer] ?? "", payload);
        const [first = "", ...others] = secrets;
        expect(await octokit.verifyWithFallback(first, payload, header, others)).toBe(true);
        expect(hookline(payload, header, secrets)).toMatchObject({ ok: true, secretIndex: signer });
        const rest = secrets.filter((_, index) => index !== signer);
        expect(await octokit.verifyWithFallback(rest[0] ?? "", payload, header, rest.slice(1))).toBe(false);
        expect(hookline(payload, header, rest)).toMatchObject({ code: "signature-mismatch" });
      }),
    );
  });

  it("refuses a tampered body and another secret, as hookline does", async () => {
    await fc.assert(
      fc.asyncProperty(nonEmpty, rawSecret, async (payload, secret) => {
        const header = signed(payload, secret);
        expect(await octokit.verify(secret, `${payload} `, header)).toBe(false);
        expect(hookline(`${payload} `, header, [secret])).toMatchObject({ code: "signature-mismatch" });
        expect(await octokit.verify(`${secret}x`, payload, header)).toBe(false);
        expect(hookline(payload, header, [`${secret}x`])).toMatchObject({ code: "signature-mismatch" });
      }),
    );
  });

  it("judges a mangled header as hookline does", async () => {
    const header = signed("{}", "secret");
    await fc.assert(
      fc.asyncProperty(mangled(header), async (value) => {
        // The library throws on an empty header instead of judging.
        fc.pre(value !== "");
        expect(hookline("{}", value, ["secret"]).ok).toBe(await octokit.verify("secret", "{}", value));
      }),
      { numRuns: 3000 },
    );
  });
});

/** A value with pieces put in, taken out, doubled, moved or changed in case. */
function mangled(value: string): fc.Arbitrary<string> {
  const place = fc.nat(value.length);
  const insert = fc.constantFrom(
    "0",
    "+",
    "-",
    " ",
    ",",
    "=",
    "v1",
    "v1=",
    "v1,",
    "t=",
    "t=1,",
    ".",
    "_",
    "A",
    "a",
  );
  return fc
    .array(
      fc.oneof(
        fc.tuple(place, insert).map(
          ([at, piece]) =>
            (old: string) =>
              old.slice(0, at) + piece + old.slice(at),
        ),
        fc.tuple(place, fc.nat(5)).map(
          ([at, length]) =>
            (old: string) =>
              old.slice(0, at) + old.slice(at + length),
        ),
        fc.constantFrom(",", " ").map((separator) => (old: string) => old + separator + old),
        fc
          .constantFrom(",", " ")
          .map((separator) => (old: string) => old.split(separator).reverse().join(separator)),
        place.map((at) => (old: string) => old.slice(0, at) + old.slice(at).toUpperCase()),
        insert.map((piece) => (old: string) => piece + old),
        insert.map((piece) => (old: string) => old + piece),
      ),
      { minLength: 1, maxLength: 3 },
    )
    .map((changes) => changes.reduce((old, change) => change(old), value));
}
