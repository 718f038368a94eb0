import type { Command } from "commander";
import type { Context } from "./context.ts";

interface Flags {
  lang: string;
}

export function define(command: Command, context: Context): void {
  command
    .argument("<provider>", "a provider, as `providers list` names it")
    .option("--lang <lang>", "ts, python or php", "ts")
    .addHelpText(
      "after",
      `
Prints a function that needs the standard library alone, and an example of its use.

Examples:
  hookline snippet stripe
  hookline snippet fareplay --lang python > verify.py`,
    )
    .action(
      context.run(async ({ host, output }, provider: string, flags: Flags) => {
        const [
          { openWorkspace },
          { snippet, snippetLanguages },
          { object, oneOf, parseFlags },
          { showSnippet },
        ] = await Promise.all([
          import("../actions/workspace.ts"),
          import("../actions/snippet.ts"),
          import("./flags.ts"),
          import("../ui/snippet.ts"),
        ]);
        const { lang } = parseFlags(
          object({ lang: oneOf(snippetLanguages, { error: "takes ts, python or php" }) }),
          flags,
        );
        showSnippet(output, snippet(await openWorkspace(host), provider, lang));
        return 0;
      }),
    );
}
