import { gzipSync } from "node:zlib";
import { describe, expect, test } from "vitest";
import { createBudget, usualLimits } from "../../../src/signing/diagnose/budget.ts";
import { diagnose, thoroughLimits, type DiagnoseInput } from "../../../src/signing/diagnose/index.ts";
import { now, signedByHand } from "../requests.ts";
import { github, stripe } from "../schemes.ts";
import { counted } from "./judge.ts";

const body = Buffer.from(
  JSON.stringify({ price: 8.5, items: Array.from({ length: 20 }, (_, id) => ({ id, name: "é/<" })) }),
);
const known = Array.from({ length: 30 }, (_, index) => ({
  secret: `known-${String(index)}`,
  provider: "github",
  label: { provider: "github", name: `N${String(index)}` },
}));
const wrong = (over: Partial<DiagnoseInput> = {}): DiagnoseInput => ({
  schemes: [github],
  secrets: ["wrong"],
  known,
  body,
  headers: signedByHand(github, "right", { body }),
  now,
  clock: () => 0,
  ...over,
});

describe("a budget", () => {
  test("pays for so many signatures and no more", () => {
    const budget = createBudget({ ...usualLimits, signatures: 3 }, () => 0);
    expect([1, 2, 3, 4, 5].map(() => budget.take())).toEqual([true, true, true, false, false]);
    expect(budget.spent()).toBe(true);
  });
  test("ends when its time is up", () => {
    let time = 1000;
    const budget = createBudget({ ...usualLimits, milliseconds: 50 }, () => time);
    expect(budget.take()).toBe(true);
    expect(budget.late()).toBe(false);
    time = 1050;
    expect(budget.late()).toBe(true);
    expect(budget.take()).toBe(false);
    expect(budget.complete()).toBe(false);
  });
});

describe("a search", () => {
  test.each([1, 5, 20, 64])("computes at most %i signatures", (signatures) => {
    const input = wrong({ limits: { ...usualLimits, signatures } });
    const [count] = counted(() => diagnose(input));
    expect(count).toBeLessThanOrEqual(signatures);
  });
  test("stops when the clock has gone on", () => {
    let time = 0;
    const input = wrong({ clock: () => (time += 10) });
    const [count, findings] = counted(() => diagnose(input));
    expect(count).toBeLessThanOrEqual(6);
    expect(findings).toMatchObject([{ cause: "wrong-secret", evidence: { complete: false } }]);
  });
  test("tells whether all was tried", () => {
    const [finding] = diagnose(wrong({ limits: thoroughLimits }));
    expect(finding).toMatchObject({
      cause: "wrong-secret",
      evidence: { complete: true, secrets: 1, bytes: body.length },
    });
  });
  test("that is thorough finds a pair that the usual one has no room for", () => {
    const signed = Buffer.from(JSON.stringify(JSON.parse(body.toString()), null, "\t"));
    const headers = signedByHand(github, "known-29", { body: signed });
    expect(diagnose(wrong({ headers }))).toMatchObject([{ cause: "wrong-secret" }]);
    expect(
      diagnose(wrong({ headers, limits: thoroughLimits }))
        .map(({ cause }) => cause)
        .sort(),
    ).toEqual(["body-reserialised", "other-known-secret"]);
  });
  test("of a large body tries what costs little alone", () => {
    const large = Buffer.from(JSON.stringify({ text: "x".repeat(5 * 1024 * 1024) }, null, 2));
    const of = (signed: Buffer, secret = "right", secrets = ["right"]) =>
      counted(() =>
        diagnose(wrong({ body: large, secrets, headers: signedByHand(github, secret, { body: signed }) })),
      );
    const [ended, newline] = of(large.subarray(0, -1));
    expect(newline).toMatchObject([{ cause: "wrong-secret", evidence: { complete: false } }]);
    expect(ended).toBeLessThanOrEqual(40);
    expect(of(Buffer.concat([large, Buffer.from("\n")]))[1]).toMatchObject([
      { cause: "body-newline", confidence: "proved" },
    ]);
    expect(of(large, "right", ["right\n"])[1]).toMatchObject([
      { cause: "secret-whitespace", confidence: "proved" },
    ]);
    const compact = Buffer.from(JSON.stringify(JSON.parse(large.toString())));
    expect(of(compact)[1]).toMatchObject([{ cause: "wrong-secret" }]);
  });
  test("does not blow up a bomb", () => {
    const bomb = gzipSync(Buffer.alloc(64 * 1024 * 1024));
    expect(diagnose(wrong({ body: bomb })).at(-1)?.cause).toBe("wrong-secret");
  });
});

test("of several secrets and signatures each pair counts", () => {
  const headers = [
    "stripe-signature",
    `t=1700000000,${Array(40)
      .fill(`v1=${"ab".repeat(32)}`)
      .join(",")}`,
  ];
  const secrets = Array.from({ length: 10 }, (_, index) => `whsec_${String(index)}`);
  const input = wrong({ schemes: [stripe], secrets, headers });
  const [count] = counted(() => diagnose(input));
  expect(count).toBeLessThanOrEqual(64);
});
