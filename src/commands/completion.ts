import type { Command } from "commander";
import { HooklineError } from "../errors.ts";
import { shells } from "./complete-values.ts";
import type { Context } from "./context.ts";

export function define(command: Command, context: Context): void {
  command
    .argument("<shell>", "bash, zsh, fish or powershell")
    .addHelpText(
      "after",
      `
Completes commands, flags, providers, events, fixtures, profiles and files, those of hookline.json too. It calls
\`hookline\` by that name, which has to be on your PATH: npm install --global hookline.

bash, in ~/.bashrc:
  source <(hookline completion bash)

zsh, in ~/.zshrc, behind compinit:
  source <(hookline completion zsh)

fish:
  hookline completion fish > ~/.config/fish/completions/hookline.fish

PowerShell, in the file that $PROFILE names:
  hookline completion powershell | Out-String | Invoke-Expression`,
    )
    .action(
      context.run(async ({ output }, given: string) => {
        const shell = shells.find((one) => one === given);
        if (shell === undefined) {
          throw new HooklineError("usage", `there is no completion for ${JSON.stringify(given)}`, {
            nextSteps: [`take one of ${shells.join(", ")}`],
          });
        }
        const { completionScript, showScript } = await import("../ui/completion.ts");
        showScript(output, shell, await completionScript(shell));
        return 0;
      }),
    );
}
