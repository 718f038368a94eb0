import { createHmac, createPublicKey, verify as verifyBytes, type KeyObject } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { isHooklineError } from "../../src/errors.ts";
import { generateSecret } from "../../src/signing/secrets.ts";
import { createSigner, sign, type SignInput } from "../../src/signing/sign.ts";
import type { Ed25519Scheme, HmacScheme, SignatureScheme, TimestampSource } from "../../src/signing/types.ts";
import { verify } from "../../src/signing/verify.ts";
import { bytes, headerText } from "./arbitraries.ts";
import { changed, ed25519Key, now, nowSeconds, signedByHand, valueOf } from "./requests.ts";
import { basic, bearer, github, none, shopify, slack, standard, standardEd25519, stripe } from "./schemes.ts";

const body = Buffer.from('{"price":8.00}');
const seed = Buffer.alloc(32, 5);
const whsec = `whsec_${seed.toString("base64")}`;
const whsk = `whsk_${seed.toString("base64")}`;
const id = ["webhook-id", "msg_1"];

const signed = (scheme: SignatureScheme, secrets: string[], over: Partial<SignInput> = {}) =>
  sign(scheme, { body, headers: id, now, secrets, ...over });

/** The failure of an action, as the user would be told of it. */
function failure(act: () => unknown): {
  code: string;
  message: string;
  exitCode: number;
  nextSteps: readonly string[];
} {
  try {
    act();
  } catch (error) {
    if (isHooklineError(error)) return error;
    throw error;
  }
  throw new Error("nothing was refused");
}

describe("what is added", () => {
  it("is the signature's header, and the time's where it has one", () => {
    expect(signed(github, ["secret"])).toEqual(signedByHand(github, "secret", { body }));
    expect(signed(shopify, ["secret"])).toEqual(signedByHand(shopify, "secret", { body }));
    expect(signed(slack, ["secret"])).toEqual(signedByHand(slack, "secret", { body }));
    expect(signed(stripe, ["secret"])).toEqual(signedByHand(stripe, "secret", { body }));
    expect([...id, ...signed(standard, [whsec])]).toEqual(signedByHand(standard, seed, { body }));
    expect([...id, ...signed(standardEd25519, [whsk])]).toEqual(
      signedByHand(standardEd25519, ed25519Key(seed), { body }),
    );
  });

  it("is the credential itself, or nothing", () => {
    expect(signed(bearer, ["token"])).toEqual(["authorization", "Bearer token"]);
    expect(signed({ kind: "bearer", header: "x-token", prefix: "" }, ["token"])).toEqual([
      "x-token",
      "token",
    ]);
    expect(signed(basic, ["user:p:ä"])).toEqual(["authorization", "Basic dXNlcjpwOsOk"]);
    expect(signed(none, [])).toEqual([]);
  });

  it("leaves an optional prefix out", () => {
    const [, value] = signed({ ...github, prefixOptional: true }, ["secret"]);
    expect(value).toBe(
      valueOf(signedByHand(github, "secret", { body }), github.header).slice("sha256=".length),
    );
  });

  it("takes the signed header whatever its case", () => {
    expect(signed(standard, [whsec], { headers: ["WEBHOOK-ID", "msg_1"] })).toEqual(
      signed(standard, [whsec]),
    );
  });

  it("can be made for many requests with one signer", () => {
    const signer = createSigner(slack, ["secret"]);
    for (const payload of [body, Buffer.of(), Buffer.of(0xff)])
      expect(signer({ body: payload, headers: [], now })).toEqual(
        signedByHand(slack, "secret", { body: payload }),
      );
  });
});

describe("several secrets", () => {
  it("all sign where the header holds a list", () => {
    const other = Buffer.alloc(32, 6);
    const one = valueOf(signedByHand(standard, seed, { body }), standard.header);
    const two = valueOf(signedByHand(standard, other, { body }), standard.header);
    const header = valueOf(signed(standard, [whsec, other.toString("base64")]), standard.header);
    expect(header).toBe(`${one} ${two}`);

    const first = valueOf(signedByHand(stripe, "a", { body }), stripe.header);
    const second = valueOf(signedByHand(stripe, "b", { body }), stripe.header).split(",")[1];
    expect(valueOf(signed(stripe, ["a", "b"]), stripe.header)).toBe(`${first},${second}`);
  });

  it("leave it to the first where the header holds one", () => {
    expect(signed(github, ["a", "b"])).toEqual(signed(github, ["a"]));
    expect(signed(bearer, ["a", "b"])).toEqual(signed(bearer, ["a"]));
    expect(signed(basic, ["a:", "b:"])).toEqual(signed(basic, ["a:"]));
  });
});

describe("the time", () => {
  it("is now, in the scheme's unit, rounded down", () => {
    expect(valueOf(signed(slack, ["k"], { now: now + 999 }), "x-slack-request-timestamp")).toBe(
      String(nowSeconds),
    );
    const ms: HmacScheme = { ...slack, timestamp: { header: "x-time", unit: "ms", toleranceSeconds: 300 } };
    expect(valueOf(signed(ms, ["k"], { now: now + 999 }), "x-time")).toBe(String(now + 999));
    expect(valueOf(signed(ms, ["k"], { now: now + 0.9 }), "x-time")).toBe(String(now));
  });

  it("is the one already set, and is not added again", () => {
    const headers = [...id, "Webhook-Timestamp", "1234567890"];
    const added = signed(standard, [whsec], { headers });
    expect(added).toEqual([
      "webhook-signature",
      valueOf(signedByHand(standard, seed, { body, time: "1234567890" }), standard.header),
    ]);
  });

  it.each([
    "161426533.0",
    "invalid",
    "-161426533",
    "-1",
    "+1",
    "1e9",
    "0x1",
    "",
    " 1",
    "1 ",
    "1".repeat(16),
    "007",
    "１",
  ])("already set to %j is refused", (time) => {
    const error = failure(() => signed(standard, [whsec], { headers: [...id, "webhook-timestamp", time] }));
    expect(error).toMatchObject({ code: "timestamp-malformed", exitCode: 2 });
    expect(error.message).toContain(JSON.stringify(time));
    expect(error.nextSteps.join()).toContain("webhook-timestamp");
  });

  it.each([-1000, Number.NaN, Number.POSITIVE_INFINITY, 1e21])("of a clock at %d is refused", (clock) => {
    for (const scheme of [slack, stripe])
      expect(failure(() => signed(scheme, ["k"], { now: clock })).code).toBe("timestamp-malformed");
  });
});

describe("secrets", () => {
  it("that are empty or none are refused", () => {
    for (const scheme of [github, shopify, slack, stripe, standard, standardEd25519, bearer, basic])
      for (const secrets of [[], [""]])
        expect(failure(() => signed(scheme, secrets))).toMatchObject({ code: "secret-missing", exitCode: 2 });
    expect(failure(() => signed(standard, [whsec, ""])).code).toBe("secret-missing");
  });

  it.each([
    "whsec_",
    "whsec_!!",
    "not base64",
    `${whsec}\n`,
    `whsec_${whsec}`,
    "whsec_A",
    `whsec_${"-_".repeat(16)}`,
    whsk,
  ])("base64: %j is refused", (secret) => {
    const error = failure(() => createSigner(standard, [secret]));
    expect(error).toMatchObject({ code: "secret-malformed", exitCode: 2 });
    expect(error.message).toContain("whsec_<base64>");
    if (secret.length > 6) expect(error.message).not.toContain(secret);
    expect(failure(() => createSigner(standard, [whsec, secret])).code).toBe("secret-malformed");
  });

  it.each(["whsk_", "whsk_AAAA", whsec, seed.toString("base64"), `whsk_${"-_".repeat(16)}`])(
    "ed25519: %j is refused",
    (secret) => {
      const error = failure(() => createSigner(standardEd25519, [secret]));
      expect(error).toMatchObject({ code: "secret-malformed", exitCode: 2 });
      expect(error.message).toContain("whsk_<base64 of 32 bytes>");
      if (secret.length > 6) expect(error.message).not.toContain(secret);
    },
  );

  it("ed25519: a public key cannot sign", () => {
    const error = failure(() =>
      createSigner(standardEd25519, [`whpk_${rawPublic(seed).toString("base64")}`]),
    );
    expect(error).toMatchObject({ code: "secret-malformed", exitCode: 2 });
    expect(error.message).toContain("public key");
  });

  it.each(["to\r\nX-Evil: 1", "token\n", "tokén", "to\0ken", " token", "token ", " ", "a\tb"])(
    "bearer: %j, which no header can carry, is refused",
    (secret) => {
      expect(failure(() => createSigner(bearer, [secret]))).toMatchObject({
        code: "secret-malformed",
        exitCode: 2,
      });
    },
  );

  it("that are generated sign and verify, in the provider's shape", () => {
    const random = (count: number) => Buffer.alloc(count, 0xfb);
    const shapes: [SignatureScheme, RegExp][] = [
      [github, /^[0-9a-f]{64}$/],
      [stripe, /^whsec_[0-9a-f]{64}$/],
      [standard, /^whsec_[A-Za-z0-9+/]{43}=$/],
      [standardEd25519, /^whsk_[A-Za-z0-9+/]{43}=$/],
      [bearer, /^[0-9a-f]{64}$/],
      [basic, /^[^:]+:[0-9a-f]{48}$/],
    ];
    for (const [scheme, shape] of shapes) {
      const secret = generateSecret(scheme, random);
      expect(secret).toMatch(shape);
      const headers = [...id, ...signed(scheme, [secret])];
      expect(verify([scheme], [secret], { body, headers, now })).toMatchObject({ ok: true, warnings: [] });
      expect(generateSecret(scheme, (count) => Buffer.alloc(count, 1))).not.toBe(secret);
    }
    expect(generateSecret(none, random)).not.toBe("");
  });
});

describe("a header the signature covers", () => {
  it("must be set", () => {
    for (const headers of [[], ["webhook-id", ""], ["webhook-identity", "x"]])
      expect(failure(() => signed(standard, [whsec], { headers }))).toMatchObject({
        code: "sign-header-missing",
        exitCode: 2,
        nextSteps: ["set it with -H 'webhook-id: …'"],
      });
  });

  it.each<[string, string[]]>([
    ["an umlaut", ["webhook-id", "msg_é"]],
    ["letters past latin1", ["webhook-id", "msg_你"]],
    ["a line end", ["webhook-id", "msg\r\nX-Evil: 1"]],
    ["two values", ["webhook-id", "msg_1", "Webhook-Id", "msg_2"]],
    ["more than 8192 characters", ["webhook-id", "m".repeat(8193)]],
    ["two times", ["webhook-id", "msg_1", "webhook-timestamp", "1", "webhook-timestamp", "2"]],
  ])("with %s is refused, as no receiver would verify it", (_, headers) => {
    expect(failure(() => signed(standard, [whsec], { headers })).exitCode).toBe(2);
  });
});

describe("the template", () => {
  const scheme = (content: string): HmacScheme => ({ ...github, prefix: "", content });
  const hmac = (...pieces: (string | Uint8Array)[]) =>
    pieces.reduce((hash, piece) => hash.update(piece), createHmac("sha256", "k")).digest("hex");
  const contentOf = (content: string, headers: string[] = []) =>
    valueOf(signed(scheme(content), ["k"], { headers }), github.header);

  it.each<[string, (string | Uint8Array)[]]>([
    ["{body}", [body]],
    ["", [""]],
    ["constant", ["constant"]],
    ["{body}{body}", [body, body]],
    ["{{body}}", ["{", body, "}"]],
    ["{}{ body}{Body}{body", ["{}{ body}{Body}{body"]],
    ["{header:}{header}{headers:x}", ["{header:}{header}{headers:x}"]],
    ["$&{body}$1", ["$&", body, "$1"]],
    ["__proto__{body}", ["__proto__", body]],
  ])("%j", (content, pieces) => {
    expect(contentOf(content)).toBe(hmac(...pieces));
  });

  it("takes headers by name, whatever the case, as often as named", () => {
    const headers = ["X-A", "one", "x-b", "{body}"];
    expect(contentOf("{header:x-a}|{header:X-A}|{header:x-b}|{body}", headers)).toBe(
      hmac("one|one|{body}|", body),
    );
  });

  it("signs its own text as UTF-8", () => {
    expect(contentOf("→é🐴{body}")).toBe(hmac("→é🐴", body));
  });
});

const token = fc.stringMatching(/^[a-z][a-z-]{0,14}$/).map((name) => `x-own-${name}`);

interface Round {
  scheme: HmacScheme | Ed25519Scheme;
  secret: string;
  publicSecret: string;
  key: Buffer | KeyObject;
}

/** The parts of a template, so that what it says can be said again without parsing it. */
const parts = fc
  .array(
    fc.oneof(
      fc.constantFrom("{body}", "{timestamp}", "{header:x-id}", "{header:X-Other}"),
      fc.string({ unit: fc.constantFrom("{", "}", ":", ".", "v", "0", "$", "\\", "\n"), maxLength: 6 }),
    ),
    { maxLength: 6 },
  )
  .map((list) => [...list, "{body}"]);

const timestamps: fc.Arbitrary<{ separator?: string; timestamp?: TimestampSource }> = fc.oneof(
  fc.constant({}),
  fc.record({ separator: fc.constantFrom(",", " ", ";", "|", ", ") }),
  fc.record({
    timestamp: fc.record({
      header: fc.constant("x-time"),
      unit: fc.constantFrom("s", "ms"),
      toleranceSeconds: fc.nat(1000),
    }),
  }),
  fc.record({
    separator: fc.constantFrom(",", " ", ";", "|"),
    timestamp: fc.record({
      header: fc.constant("x-signature"),
      item: fc.constantFrom("t=", "ts:", "time-"),
      unit: fc.constantFrom("s", "ms"),
      toleranceSeconds: fc.nat(1000),
    }),
  }),
);

const rounds: fc.Arbitrary<Round & { parts: string[] }> = fc
  .record({
    parts,
    shared: timestamps,
    encoding: fc.constantFrom("hex", "base64"),
    algorithm: fc.constantFrom("sha1", "sha256", "sha384", "sha512"),
    prefix: fc.constantFrom("", "sha256=", "v1=", "sig:", "a"),
    prefixOptional: fc.boolean(),
    header: fc.oneof(token, fc.constant("x-signature")),
    secret: fc.constantFrom("raw", "base64", "prefixed", "ed25519"),
    key: fc.uint8Array({ minLength: 32, maxLength: 32 }),
  })
  .map(({ parts, shared, encoding, algorithm, prefix, prefixOptional, header, secret, key }) => {
    const common = {
      ...shared,
      // A time among the signatures stands in their header.
      header: shared.timestamp?.item === undefined ? header : "x-signature",
      encoding,
      content: parts.join(""),
      ...(prefix === "" ? {} : { prefix, prefixOptional }),
    } as const;
    const base64 = Buffer.from(key).toString("base64");
    if (secret === "ed25519") {
      const scheme: Ed25519Scheme = {
        ...common,
        kind: "ed25519",
        secret: { privatePrefix: "sk_", publicPrefix: "pk_" },
      };
      const publicSecret = `pk_${rawPublic(key).toString("base64")}`;
      return { parts, scheme, secret: `sk_${base64}`, publicSecret, key: ed25519Key(key) };
    }
    const text =
      secret === "raw" ? Buffer.from(key).toString("latin1") : secret === "base64" ? base64 : `key_${base64}`;
    const scheme: HmacScheme = {
      ...common,
      kind: "hmac",
      algorithm,
      secret: secret === "raw" ? { encoding: "raw" } : { encoding: "base64", prefix: "key_" },
    };
    const bytes = secret === "raw" ? Buffer.from(text, "utf8") : Buffer.from(key);
    return { parts, scheme, secret: text, publicSecret: text, key: bytes };
  });

describe("any scheme of a user's own", () => {
  it("signs what its template says, and verifies", () => {
    fc.assert(
      fc.property(
        rounds,
        bytes,
        headerText,
        fc.integer({ min: 0, max: 4e12 }),
        (round, payload, value, clock) => {
          const { scheme, secret, publicSecret } = round;
          const headers = ["X-Id", value, "x-other", "other"];
          const added = sign(scheme, { body: payload, secrets: [secret], headers, now: clock });
          const all = [...headers, ...added];

          const time = String(scheme.timestamp?.unit === "ms" ? clock : Math.floor(clock / 1000));
          const content = Buffer.concat(
            round.parts.map((part) => {
              if (part === "{body}") return payload;
              if (part === "{timestamp}") return Buffer.from(scheme.timestamp === undefined ? "" : time);
              if (part === "{header:x-id}") return Buffer.from(value);
              return Buffer.from(part === "{header:X-Other}" ? "other" : part);
            }),
          );
          const item = valueOf(added, scheme.header)
            .split(scheme.timestamp?.item === undefined ? "\0" : (scheme.separator ?? ""))
            .at(-1);
          const prefix = scheme.prefixOptional === true ? "" : (scheme.prefix ?? "");
          expect(item?.startsWith(prefix)).toBe(true);
          const signature = item?.slice(prefix.length) ?? "";
          if (scheme.kind === "hmac") {
            const own = createHmac(scheme.algorithm, round.key).update(content).digest(scheme.encoding);
            expect(signature).toBe(own);
          } else {
            const publicKey = createPublicKey(round.key);
            expect(verifyBytes(null, content, publicKey, Buffer.from(signature, scheme.encoding))).toBe(true);
          }

          const verdict = verify([scheme], ["", publicSecret], { body: payload, headers: all, now: clock });
          expect(verdict).toMatchObject({ ok: true, secretIndex: 1, warnings: [] });
          const longer = Buffer.concat([payload, Buffer.of(0)]);
          expect(verify([scheme], [publicSecret], { body: longer, headers: all, now: clock })).toMatchObject({
            code: "signature-mismatch",
          });
          if (scheme.content.includes("{header:x-id}"))
            expect(
              verify([scheme], [publicSecret], {
                body: payload,
                headers: changed(all, "x-id", `${value}x`),
                now: clock,
              }),
            ).toMatchObject({ code: "signature-mismatch" });
        },
      ),
      { numRuns: 500 },
    );
  });

  it("bearer and basic carry what they are given, and verify", () => {
    const schemes = fc.oneof(
      fc.record({ kind: fc.constant("bearer" as const) }),
      fc.record({
        kind: fc.constant("bearer" as const),
        header: token,
        prefix: fc.constantFrom("", "Token ", "key="),
      }),
      fc.record({ kind: fc.constant("basic" as const) }),
    );
    fc.assert(
      fc.property(
        schemes,
        headerText,
        fc.string({ unit: "binary", maxLength: 30 }),
        (scheme, user, password) => {
          const name = user.replaceAll(":", "_");
          const secret = scheme.kind === "basic" ? `${name}:${password}` : user;
          const headers = sign(scheme, { body, secrets: [secret], headers: [], now });
          expect(verify([scheme], ["~", secret], { body, headers, now })).toMatchObject({
            ok: true,
            secretIndex: secret === "~" ? 0 : 1,
          });
          expect(verify([scheme], [`${secret}x`], { body, headers, now })).toMatchObject({
            code: "signature-mismatch",
          });
        },
      ),
    );
  });
});

function rawPublic(privateSeed: Uint8Array): Buffer {
  const { x = "" } = createPublicKey(ed25519Key(privateSeed)).export({ format: "jwk" });
  return Buffer.from(x, "base64url");
}
