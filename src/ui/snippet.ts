import type { ProviderSnippet } from "../actions/snippet.ts";
import type { Output } from "./output.ts";

/** Code alone, to be pasted or redirected to a file. */
export function showSnippet(output: Output, snippet: ProviderSnippet): void {
  output.json({
    provider: snippet.provider,
    lang: snippet.lang,
    function: snippet.function,
    verifier: snippet.verifier,
    example: snippet.example,
  });
  output.line(snippet.file);
}
