import { createHash } from "node:crypto";
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { sign } from "../../src/signing/sign.ts";
import type { SignatureScheme, Verdict, VerdictCode } from "../../src/signing/types.ts";
import { verify } from "../../src/signing/verify.ts";
import { bytes } from "./arbitraries.ts";
import { headerOf, kinds } from "./kinds.ts";
import { changed, now, nowSeconds, pairs, valueOf } from "./requests.ts";
import { none } from "./schemes.ts";

const codes: Record<VerdictCode, true> = {
  "secret-missing": true,
  "secret-malformed": true,
  "header-missing": true,
  "header-duplicated": true,
  "header-empty": true,
  "header-oversized": true,
  "header-non-ascii": true,
  "header-malformed": true,
  "timestamp-missing": true,
  "timestamp-malformed": true,
  "timestamp-expired": true,
  "timestamp-future": true,
  "signature-mismatch": true,
  unsigned: true,
};

describe("hostile input", () => {
  const allSchemes: SignatureScheme[] = [...kinds.map(({ scheme }) => scheme), none];
  const names = fc.oneof(
    fc.constantFrom(
      ...kinds.flatMap(({ headers }) => pairs(headers).map(([name]) => name)),
      "AUTHORIZATION",
      "Stripe-Signature",
    ),
    fc.constantFrom("__proto__", "constructor", "prototype", "toString", "hasOwnProperty", ""),
    fc.string({ unit: "binary", maxLength: 20 }),
  );
  // Pieces of real values, so that every check is reached; no secret below can be spelt with them.
  const piece = fc.oneof(
    fc.constantFrom(
      "sha256=",
      "v0=",
      "v1=",
      "v1,",
      "v1a,",
      "t=",
      ",",
      " ",
      "Bearer ",
      "Basic ",
      String(nowSeconds),
      "-1",
    ),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value).toString("hex")),
    fc.uint8Array({ minLength: 32, maxLength: 32 }).map((value) => Buffer.from(value).toString("base64")),
    fc.uint8Array({ minLength: 64, maxLength: 64 }).map((value) => Buffer.from(value).toString("base64")),
    fc.string({ unit: "binary", maxLength: 10 }),
  );
  const values = fc.oneof(
    fc.array(piece, { maxLength: 8 }).map((pieces) => pieces.join("")),
    fc.constantFrom("__proto__", "a".repeat(9000), ",".repeat(8192), "v1=,".repeat(2000)),
  );
  const headerLists = fc
    .array(fc.tuple(names, values), { maxLength: 12 })
    .chain((list) => fc.boolean().map((odd) => (odd ? [...list.flat(), "webhook-id"] : list.flat())));
  const secrets = fc.array(
    fc.oneof(
      fc.string({ unit: "binary", maxLength: 30 }).map((value) => `~secret~${value}`),
      fc
        .tuple(fc.constantFrom("whsec_", "whsk_", "whpk_"), fc.uint8Array({ minLength: 20, maxLength: 70 }))
        .map(([prefix, key]) => prefix + Buffer.from(key).toString("base64")),
      fc.constantFrom("", "__proto__", "whsec_", "whsk_", "whpk_", "\ud800~secret~"),
    ),
    { maxLength: 3 },
  );

  it("is never accepted, never throws, and gets a code", () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(
        fc.subarray(allSchemes, { minLength: 1 }),
        secrets,
        headerLists,
        bytes,
        fc.oneof(fc.constant(now), fc.double()),
        fc.constantFrom(undefined, "off" as const, 0, 1e9),
        (schemes, keys, headers, payload, clock, tolerance) => {
          const verdict = verify(schemes, keys, {
            body: payload,
            headers,
            now: clock,
            ...(tolerance === undefined ? {} : { tolerance }),
          });
          if (verdict.ok) throw new Error("accepted");
          seen.add(verdict.code);
          expect(Object.hasOwn(codes, verdict.code)).toBe(true);
          expect(verdict.findings.map(({ cause }) => cause)).toEqual([verdict.code]);
        },
      ),
      { numRuns: 3000 },
    );
    // The generator reaches the checks behind the first ones.
    expect(seen).toContain("signature-mismatch");
    expect(seen.size).toBeGreaterThan(8);
    expect(Object.keys(Object.prototype)).toEqual([]);
  });

  it("never gets a secret or a right signature in the answer", () => {
    const digestOf = (payload: Uint8Array) => createHash("sha256").update(payload).digest();
    fc.assert(
      fc.property(
        fc.constantFrom(...kinds),
        bytes,
        fc.constantFrom("body", "signature", "secret", "time", "doubled", "none"),
        ({ scheme }, payload, flaw) => {
          const key = digestOf(Buffer.concat([payload, Buffer.from("key")]));
          const secret = {
            hmac: `whsec_${key.toString("base64")}`,
            ed25519: `whsk_${key.toString("base64")}`,
            bearer: key.toString("hex"),
            basic: `user:${key.toString("hex")}`,
          }[scheme.kind];
          const given = ["webhook-id", "msg_1"];
          const headers = [
            ...given,
            ...sign(scheme, { body: payload, secrets: [secret], headers: given, now }),
          ];
          const name = headerOf(scheme);
          const right = valueOf(headers, name);
          // The last letters of hex, unlike base64's before the padding, are all significant; the tenth is in both.
          const damaged = (value: string) =>
            value.slice(0, -10) + (value.at(-10) === "0" ? "1" : "0") + value.slice(-9);
          const request = {
            body: flaw === "body" ? Buffer.concat([payload, Buffer.of(0)]) : payload,
            headers:
              flaw === "signature"
                ? changed(headers, name, damaged)
                : flaw === "doubled"
                  ? [...headers, name, right]
                  : headers,
            now: flaw === "time" ? now + 400_000 : now,
          };
          const wrong = secret.slice(0, -10) + (secret.at(-10) === "0" ? "1" : "0") + secret.slice(-9);
          const used = flaw === "secret" ? wrong : secret;
          const verdict: Verdict = verify([scheme], [used], request);
          const said = JSON.stringify(verdict);
          const last = right.split(/[ ,=](?=.)/).at(-1) ?? "";
          for (const hidden of [used, used.replace(/^(whsec_|whsk_|user:)/, ""), right, last])
            for (let start = 0; start + 12 <= hidden.length; start += 4)
              expect(said).not.toContain(hidden.slice(start, start + 12));
          if (flaw === "none") expect(verdict.ok).toBe(true);
        },
      ),
      { numRuns: 200 },
    );
  });
});
