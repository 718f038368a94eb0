import fc from "fast-check";
import { describe, expect, test } from "vitest";
import { diagnose } from "../../../src/signing/diagnose/index.ts";
import { textsCopied } from "../../../src/signing/diagnose/keys.ts";
import { sign } from "../../../src/signing/sign.ts";
import { now, signedByHand } from "../requests.ts";
import { github, standard, stripe } from "../schemes.ts";
import "../arbitraries.ts";
import { singleCases, singles } from "./corpus.ts";

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
        for (const run of [...runs(one), ...runs(two)]) {
          expect(findings).not.toContain(run);
          expect(wrong).not.toContain(run);
        }
        const right = scheme === standard ? [] : sign(scheme, { body, secrets: [two], headers: [], now });
        for (const run of runs((right.at(-1) ?? "").slice(-64))) expect(wrong).not.toContain(run);
      }
    }),
  );
});

test("no finding of the corpus holds a secret", () => {
  const causes = Object.keys(singles) as (keyof typeof singles)[];
  for (const { input, variant } of singleCases(causes, 2)) {
    const text = JSON.stringify(diagnose(input));
    for (const secret of [...input.secrets, ...(input.known ?? []).map((one) => one.secret)]) {
      // Words may stand in evidence by chance; the random part of a secret cannot.
      const random = /[A-Za-z0-9+/]{16,}/.exec(secret)?.[0] ?? "";
      for (const run of runs(random).filter((one) => /\d/.test(one) && /[A-Za-z]/.test(one)))
        expect(text.includes(run), `${variant}: ${run}`).toBe(false);
    }
  }
});
