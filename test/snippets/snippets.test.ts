import { beforeAll, describe, expect, it } from "vitest";
import type { Provider } from "../../src/providers/contract.ts";
import { builtInProviders } from "../../src/providers/index.ts";
import { snippet, snippetLanguages, type Snippet, type SnippetLanguage } from "../../src/snippets/index.ts";
import { interpreters, runSnippets, type Answer } from "./interpreters.ts";
import { customProviders, ed25519Providers, randomProviders } from "./providers.ts";
import { casesOf, twice, type Case } from "./requests.ts";

const snippetOf = (provider: Provider, language: SnippetLanguage): Snippet => {
  const written = snippet(provider, language);
  if (written === undefined) throw new Error(`${provider.id} has no verifier`);
  return written;
};

/** What all the verifiers are given. */
const callsOf = (providers: readonly Provider[], language: SnippetLanguage): (Case & { snippet: number })[] =>
  providers.flatMap((provider, index) =>
    casesOf(provider)
      .filter(({ name }) => name !== twice || language === "ts")
      .map((one) => ({ ...one, snippet: index })),
  );

describe.each(snippetLanguages)("%s", (language) => {
  const { runs, ed25519 } = interpreters[language];
  const providers = [...builtInProviders, ...customProviders, ...(ed25519 ? ed25519Providers : [])];
  const cases = callsOf(providers, language);
  let answers: Answer[] = [];
  let touched = true;
  beforeAll(async () => {
    if (!runs) return;
    const written = providers.map((provider) => snippetOf(provider, language));
    ({ answers, touched } = await runSnippets(language, written, cases));
  });

  it.skipIf(!runs).each(providers.map(({ id }, index) => ({ id, index })))(
    "$id: says of every request what verify says",
    ({ index }) => {
      const own = cases.flatMap(({ snippet: of, name, expected }, at) =>
        of === index ? [{ name, expected, answer: answers[at] }] : [],
      );
      expect(own.filter(({ expected }) => expected).length).toBeGreaterThan(0);
      expect(own.filter(({ expected }) => !expected).length).toBeGreaterThan(5);
      expect(own.find(({ name }) => name === "good")).toMatchObject({ expected: true });
      expect(Object.fromEntries(own.map(({ name, answer }) => [name, answer]))).toEqual(
        Object.fromEntries(own.map(({ name, expected }) => [name, expected])),
      );
    },
  );

  it.skipIf(!runs)("does so whatever text a scheme is made of", async () => {
    const random = callsOf(randomProviders, language);
    const written = randomProviders.map((provider) => snippetOf(provider, language));
    const result = await runSnippets(language, written, random);
    const wrong = random.flatMap(({ snippet: of, name, expected }, index) =>
      result.answers[index] === expected
        ? []
        : [{ scheme: randomProviders[of]?.signatures[0], name, expected, answer: result.answers[index] }],
    );
    expect(wrong).toEqual([]);
    expect(result).toMatchObject({ answers: { length: random.length }, touched: false });
    expect(random.filter(({ expected }) => expected).length).toBeGreaterThan(200);
  });

  it.skipIf(!runs)("keeps a provider's text inside its literals", () => {
    expect(touched).toBe(false);
  });
});
