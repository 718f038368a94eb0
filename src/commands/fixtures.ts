import type { Command } from "commander";
import { HooklineError, isHooklineError } from "../errors.ts";
import type { Context } from "./context.ts";

interface NewFlags {
  force?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .command("list")
    .argument("[provider]", "only this provider's")
    .description("List the payloads that come with hookline.")
    .action(
      context.run(async ({ host, output }, provider: string | undefined) => {
        const { openWorkspace } = await import("../actions/workspace.ts");
        const { listFixtures } = await import("../actions/fixtures.ts");
        const { showFixtures } = await import("../ui/catalogue.ts");
        await showFixtures(output, listFixtures(await openWorkspace(host), provider));
        return 0;
      }),
    );
  command
    .command("show")
    .argument("<payload>", "provider/event, or an event that one provider has")
    .description("Print a payload: pretty on a terminal, its very bytes through a pipe.")
    .action(
      context.run(async ({ host, output }, name: string) => {
        const { openWorkspace } = await import("../actions/workspace.ts");
        const { showFixture } = await import("../actions/fixtures.ts");
        const view = await import("../ui/catalogue.ts");
        view.showFixture(output, await showFixture(await openWorkspace(host), name));
        return 0;
      }),
    );
  command
    .command("new")
    .argument("<provider/event>", "what it is a payload of; the event may be one of your own")
    .argument("[file]", "where to write it (default: fixtures/<provider>/<event>.json)")
    .option("--force", "overwrite a file that is there")
    .description("Write a payload of your own to start from.")
    .action(
      context.run(
        async ({ host, output, prompts }, name: string, file: string | undefined, { force }: NewFlags) => {
          const { openWorkspace } = await import("../actions/workspace.ts");
          const { newFixture } = await import("../actions/fixtures.ts");
          const { showNewFixture } = await import("../ui/catalogue.ts");
          const workspace = await openWorkspace(host);
          const make = async (replace: boolean): Promise<void> =>
            showNewFixture(output, await newFixture(workspace, name, file, replace));
          try {
            await make(force === true);
          } catch (error) {
            const isThere = isHooklineError(error) && error.code === "file-exists";
            if (!isThere || !output.interactive) throw error;
            if (!(await prompts.confirm(`${error.message}. Overwrite it?`))) {
              throw new HooklineError("file-exists", `${error.message}, and stays as it is`);
            }
            await make(true);
          }
          return 0;
        },
      ),
    );
}
