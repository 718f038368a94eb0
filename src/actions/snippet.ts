import { HooklineError } from "../errors.ts";
import { snippet as write, type Snippet, type SnippetLanguage } from "../snippets/index.ts";
import type { Workspace } from "./workspace.ts";

export { snippetLanguages } from "../snippets/index.ts";

export interface ProviderSnippet extends Snippet {
  provider: string;
  lang: SnippetLanguage;
}

/** @throws HooklineError `provider-unknown`, `snippet-none` */
export function snippet({ registry }: Workspace, id: string, lang: SnippetLanguage): ProviderSnippet {
  const provider = registry.require(id);
  const written = write(provider, lang);
  if (written === undefined) {
    throw new HooklineError(
      "snippet-none",
      `${JSON.stringify(id)} signs nothing, so there is nothing to verify its requests by`,
      { nextSteps: ["see what is known of it: hookline providers show " + id] },
    );
  }
  return { provider: id, lang, ...written };
}
