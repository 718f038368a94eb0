import type { Provider } from "../providers/contract.ts";
import { phpSnippet } from "./php.ts";
import { planOf, type Plan } from "./plan.ts";
import { pythonSnippet } from "./python.ts";
import { typescriptSnippet } from "./typescript.ts";

export const snippetLanguages = ["ts", "python", "php"] as const;
export type SnippetLanguage = (typeof snippetLanguages)[number];

/** Code that verifies a provider's requests in a user's own application. */
export interface Snippet {
  /** Name of the function that `verifier` defines. */
  function: string;
  /** A function over raw body, headers and secret, and what it imports: the standard library. */
  verifier: string;
  /** The function in use, in the language's commonest framework. */
  example: string;
  /** Both, as one file. */
  file: string;
}

const writers: Record<SnippetLanguage, (plan: Plan) => Omit<Snippet, "file"> | undefined> = {
  ts: typescriptSnippet,
  python: pythonSnippet,
  php: phpSnippet,
};

/** A verifier for the first of the provider's signatures, or undefined where it signs nothing. */
export function snippet(provider: Provider, language: SnippetLanguage): Snippet | undefined {
  const [scheme] = provider.signatures;
  const written = scheme && writers[language](planOf(provider, scheme));
  if (written === undefined) return undefined;
  const gap = language === "python" ? "\n\n\n" : "\n\n";
  return { ...written, file: written.verifier + gap + written.example };
}
