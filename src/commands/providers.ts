import type { Command } from "commander";
import type { Context } from "./context.ts";

export function define(command: Command, context: Context): void {
  command
    .command("list")
    .description("List every provider: built in, and defined in hookline.json.")
    .action(
      context.run(async ({ host, output }) => {
        const { openWorkspace } = await import("../actions/workspace.ts");
        const { listProviders } = await import("../actions/providers.ts");
        const { showProviders } = await import("../ui/catalogue.ts");
        await showProviders(output, listProviders(await openWorkspace(host)));
        return 0;
      }),
    );
  command
    .command("show")
    .argument("<id>", "a provider, as `providers list` names it")
    .description("Show all that is known of a provider, with every assumption marked.")
    .action(
      context.run(async ({ host, output }, id: string) => {
        const { openWorkspace } = await import("../actions/workspace.ts");
        const { showProvider } = await import("../actions/providers.ts");
        const view = await import("../ui/catalogue.ts");
        await view.showProvider(output, showProvider(await openWorkspace(host), id));
        return 0;
      }),
    );
}
