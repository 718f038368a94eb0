import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import { textsCopied } from "../../../src/signing/diagnose/keys.ts";
import { sign } from "../../../src/signing/sign.ts";
import { ed25519Key, now, signedByHand } from "../requests.ts";
import { standardEd25519 as ed25519, github, standard, stripe } from "../schemes.ts";
import "../arbitraries.ts";

describe("what was copied along is taken off", () => {
  const cases = [
    ["secret\n", "secret", ["secret-whitespace"]],
    ['"secret"', "secret", ["secret-quoted"]],
    ['  "secret"\r\n', "secret", ["secret-whitespace", "secret-quoted"]],
    ["\u201c secret \u201d", "secret", ["secret-quoted", "secret-whitespace"]],
    ["\u200bsecret", "secret", ["secret-whitespace"]],
    ["secret'", "secret", ["secret-quoted"]],
    ["export NAME='secret'", "secret", ["secret-prefix", "secret-quoted"]],
    ["sec\nret", "secret", ["secret-whitespace"]],
    ["secret\\n", "secret", ["secret-whitespace"]],
    ["secret\\r\\n", "secret", ["secret-whitespace"]],
    ["b'secret'", "secret", ["secret-quoted"]],
    ['b"secret\\n"', "secret", ["secret-quoted", "secret-whitespace"]],
    ["\ufeffsecret", "secret", ["secret-whitespace"]],
    ["\ufffd\ufffds\0e\0c\0r\0e\0t\0\r\0\n\0", "secret", ["secret-whitespace", "secret-whitespace"]],
  ] as const;
  test.each(cases)("%j", (text, secret, causes) => {
    const [cleanest] = textsCopied(text);
    expect(cleanest?.value).toBe(secret);
    expect(cleanest?.clues.map(({ cause }) => cause)).toEqual(causes);
  });
  test.each(["secret", "", " ", '""', "'", "a=b", "c2VjcmV0PT0="])("%j stays as it is", (text) =>
    expect(textsCopied(text).filter(({ value }) => value.length >= 3)).toEqual([]),
  );
});

describe("a secret that is not as the signer has it", () => {
  const raw = "3f9a1c77b2e84d5096aa";
  const own = `whsec_${Buffer.from("0123456789abcdefghijklmn").toString("base64")}`;
  const seed = Buffer.alloc(32, 7);
  const ed = `whsk_${seed.toString("base64")}`;
  const encoded = (text: string): string => Buffer.from(text).toString("base64");
  const blank = (where: string, characters: string) => ({ side: "yours", where, characters });
  const cases = [
    [stripe, `whsec_${raw}`, `whsec_whsec_${raw}`, { prefix: "whsec_", yours: "twice", signer: "with" }],
    [standard, own, `whsec_${own}`, { prefix: "whsec_", yours: "twice", signer: "with" }],
    [ed25519, ed, `whsk_${ed}`, { prefix: "whsk_", yours: "twice", signer: "with" }],
    [github, raw, `\ufeff${raw}`, blank("start", "invisible characters")],
    [github, raw, `${raw}\u00a0`, blank("end", "white space")],
    [github, raw, `\ufffd\ufffd${[...raw].join("\0")}\0`, blank("both ends", "invisible characters")],
    [github, raw, [...raw].join("\0"), blank("inside", "invisible characters")],
    [github, raw, `${raw}\\n`, blank("end", "newline")],
    [github, raw, `${raw}\\r\\n`, blank("end", "newline")],
    [github, raw, `b'${raw}'`, { side: "yours", quotes: "single" }],
    [github, raw, `b"${raw}"`, { side: "yours", quotes: "double" }],
    [github, raw, encoded(raw), { expected: "text", used: "base64" }],
    [github, raw, encoded(`${raw}\n`), { expected: "text", used: "base64" }],
    [github, raw, encoded(`${raw}\r\n`), { expected: "text", used: "base64" }],
    [stripe, `whsec_${raw}`, encoded(`whsec_${raw}\n`), { expected: "text", used: "base64" }],
    [standard, own, encoded(own), { expected: "base64", used: "base64 of it" }],
    [standard, own, encoded(`${own}\n`), { expected: "base64", used: "base64 of it" }],
    [standard, own, encoded(`${own.slice(6)}\n`), { expected: "base64", used: "base64 twice" }],
    [ed25519, ed, encoded(`${ed}\n`), { expected: "base64", used: "base64 of it" }],
  ] as const;
  test.each(cases)("%#: %s %s for %s", (scheme, signers, yours, evidence) => {
    const body = Buffer.from('{"a":1}');
    const key =
      scheme === ed25519
        ? ed25519Key(seed)
        : scheme === standard
          ? Buffer.from(own.slice(6), "base64")
          : signers;
    const headers = signedByHand(scheme, key, { body });
    const found = diagnose({ schemes: [scheme], body, headers, secrets: [yours], now, clock: () => 0 });
    expect(found[0]).toMatchObject({ confidence: "proved", evidence });
  });
});

/** Every run of five characters of a text. */
const runs = (text: string): string[] =>
  Array.from({ length: Math.max(0, text.length - 4) }, (_, start) => text.slice(start, start + 5));

test("no finding holds a part of a secret or of an expected signature", () => {
  const anySecret = fc
    .array(fc.constantFrom(..."ABCDEFGHJKMNPQRSTUVWXYZ23456789"), { minLength: 12, maxLength: 40 })
    .map((letters) => letters.join(""));
  const around = fc.constantFrom(
    (text: string) => `${text}\n`,
    (text: string) => `"${text}`,
    (text: string) => `WEBHOOK_SECRET=${text}`,
    (text: string) => `whsec_${text}`,
    (text: string) => `ABCDE_${text}`,
    (text: string) => text,
    (text: string) => `whsec_${text}whsec_${text}`,
  );
  fc.assert(
    fc.property(anySecret, anySecret, around, around, (one, two, wrapOne, wrapTwo) => {
      const body = Buffer.from('{"price":8.00}');
      for (const scheme of [github, stripe, standard]) {
        const headers = signedByHand(scheme, wrapTwo(one), { body });
        const input = { schemes: [scheme], body, headers, now, clock: () => 0 };
        const known = [{ secret: two, provider: "github", label: { provider: "github" } }];
        const findings = JSON.stringify(diagnose({ ...input, secrets: [wrapOne(one)], known }));
        const wrong = JSON.stringify(diagnose({ ...input, secrets: [wrapOne(two)], known }));
        const parts = [...runs(one), ...runs(two)];
        expect(parts.filter((run) => findings.includes(run) || wrong.includes(run))).toEqual([]);
        const right = scheme === standard ? [] : sign(scheme, { body, secrets: [two], headers: [], now });
        for (const run of runs((right.at(-1) ?? "").slice(-64))) expect(wrong).not.toContain(run);
      }
    }),
  );
});
