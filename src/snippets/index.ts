import type { Provider } from "../providers/contract.ts";
import { phpSnippet } from "./php.ts";
import { planOf, type Plan, type WrittenVerifier } from "./plan.ts";
import { pythonSnippet } from "./python.ts";
import { typescriptSnippet } from "./typescript.ts";

export const snippetLanguages = ["ts", "python", "php"] as const;
export type SnippetLanguage = (typeof snippetLanguages)[number];

/** A verifier as one file, too. */
export interface Snippet extends WrittenVerifier {
  file: string;
}

const writers: Record<SnippetLanguage, (plan: Plan) => WrittenVerifier | undefined> = {
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
