import type { Command } from "commander";
import type { Context } from "./context.ts";

interface Flags {
  writeEnv?: string;
}

export function define(command: Command, context: Context): void {
  command
    .argument("[provider]", "print this provider's secret whole; without it, hints of all")
    .option("--write-env <file>", "write each to its variable in a dotenv file, mode 0600")
    .addHelpText(
      "after",
      `
A development secret signs and verifies on this machine where no other secret is configured.

Examples:
  hookline secrets fareplay
  hookline secrets --write-env .env`,
    )
    .action(
      context.run(async ({ host, output }, provider: string | undefined, { writeEnv }: Flags) => {
        const { openWorkspace } = await import("../actions/workspace.ts");
        const { developmentSecrets, writeSecrets } = await import("../actions/secrets.ts");
        const view = await import("../ui/catalogue.ts");
        const workspace = await openWorkspace(host);
        const secrets = developmentSecrets(workspace, provider);
        if (writeEnv !== undefined) {
          view.showWrittenSecrets(output, secrets, await writeSecrets(workspace, secrets, writeEnv));
        } else await view.showSecrets(output, secrets, provider !== undefined);
        return 0;
      }),
    );
}
