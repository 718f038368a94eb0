import { describe, expect, test } from "vitest";
import type { FindingData } from "../../src/actions/verify.ts";
import { findingLine, fixLine, renderFinding } from "../../src/ui/findings.ts";
import { createTheme } from "../../src/ui/theme.ts";
import { variants } from "./finding-variants.ts";

type Cause = FindingData["cause"];
type Evidence = FindingData["evidence"];

const causes = Object.keys(variants) as Cause[];
const all = causes.flatMap((cause) => variants[cause].map((evidence) => ({ cause, evidence })));
const render = (cause: Cause, evidence: Evidence, index = 0) =>
  renderFinding({ cause, confidence: "proved", evidence }, index);

function expectSentence(sentence: string): void {
  expect(sentence).toMatch(/^[^A-Z\s.]/);
  expect(sentence).toMatch(/[^\s.;:,]$/);
  expect(sentence).not.toMatch(/undefined|NaN|Infinity|\bnull\b|\[object (?!Object\])| {2}|``| \(\)/);
  expect(sentence.length).toBeLessThanOrEqual(260);
}

describe("the sentences of findings", () => {
  test("are these", async () => {
    const lines = causes.flatMap((cause) => [
      `${cause}`,
      ...variants[cause].flatMap((evidence) => {
        const { message, fix } = render(cause, evidence);
        return [`  ${JSON.stringify(evidence)}`, `    ${message}`, `    fix: ${fix}`];
      }),
      "",
    ]);
    await expect(lines.join("\n")).toMatchFileSnapshot("findings.txt");
  });

  test.each(all)("$cause $evidence reads well", ({ cause, evidence }) => {
    const { message, fix, ...rest } = render(cause, evidence);
    expectSentence(message);
    expectSentence(fix);
    expect(rest).toEqual({ cause, confidence: "proved", evidence });
  });

  /** How many variants rightly read like another of the same cause. */
  const sameAs: Partial<Record<Cause, number>> = {
    // Both are base64 that is not plain.
    "secret-encoding": 1,
    // Neither names what is wrong with the header.
    "header-malformed": 1,
    // `[object Object]` with and without a content-length.
    "body-reserialised": 1,
    // Four platforms hand out the same Request.
    "body-charset": 3,
    // Two platforms hand out the same event.
    "body-encoded": 1,
  };
  test.each(causes)("%s says something else for each of its variants", (cause) => {
    const said = variants[cause].map((evidence) => {
      const { message, fix } = render(cause, evidence);
      return `${message}\n${fix}`;
    });
    expect(new Set(said).size).toBe(said.length - (sameAs[cause] ?? 0));
  });

  test("no two causes say the same", () => {
    const messages = causes.map((cause) => render(cause, variants[cause][0] ?? {}).message);
    expect(new Set(messages).size).toBe(messages.length);
  });

  test.each(causes)("%s has sentences without any evidence", (cause) => {
    const { message, fix } = render(cause, {});
    expectSentence(message);
    expectSentence(fix);
  });

  test.each(causes)("%s has sentences with evidence of other types", (cause) => {
    for (const wrong of [NaN, Infinity, true, "constructor", "__proto__", ""]) {
      const names = variants[cause].flatMap((evidence) => Object.keys(evidence));
      const evidence = Object.fromEntries(names.map((name) => [name, wrong]));
      const { message, fix } = render(cause, evidence);
      expectSentence(message);
      expectSentence(fix);
    }
  });

  const hostile = "\u001b[31m\u202eX\u0000\r\n::set-output\u{e0041}".repeat(50);
  test.each(all)("$cause $evidence lets nothing hostile through", ({ cause, evidence }) => {
    for (const name of Object.keys(evidence)) {
      if (typeof evidence[name] !== "string") continue;
      for (const text of [hostile, `HTTP_${hostile}`, `became ${hostile}`, `UTF-8 read as ${hostile}`]) {
        const { message, fix } = render(cause, { ...evidence, [name]: text });
        for (const sentence of [message, fix]) {
          expect(sentence).not.toMatch(/[\p{Cc}\p{Cs}\p{DI}\p{Zl}\p{Zp}]/u);
          expect(sentence.length).toBeLessThanOrEqual(500);
        }
      }
    }
  });
});

test.each(["timestamp-expired", "timestamp-future"] as const)(
  "%s calls the signature right only where nothing else was found",
  (cause) => {
    const [evidence = {}] = variants[cause];
    expect(render(cause, evidence).message).toContain("is right but");
    expect(render(cause, evidence, 1).message).not.toContain("right");
  },
);

test("a likely finding is called likely, and a proved one is not", async () => {
  const theme = await createTheme(0);
  const finding = { cause: "header-empty", evidence: { header: "x-acme-signature" } } as const;
  const lines = (["likely", "proved"] as const).map((confidence) => {
    const rendered = renderFinding({ ...finding, confidence });
    return [findingLine(theme, rendered), fixLine(theme, rendered)];
  });
  const fix = "fix: check that the provider has a secret set for this endpoint";
  expect(lines).toEqual([
    ["likely: the x-acme-signature header is empty (header-empty)", fix],
    ["the x-acme-signature header is empty (header-empty)", fix],
  ]);
});
