import type { Command } from "commander";
import type { Context } from "./context.ts";
import { forgetProfile } from "./logout.ts";

export function define(command: Command, context: Context): void {
  command
    .command("list")
    .description("List the profiles; a * marks the current one.")
    .action(
      context.run(async ({ host, output }) => {
        const { listProfiles } = await import("../actions/profiles.ts");
        const { showProfiles } = await import("../ui/profiles.ts");
        await showProfiles(output, await listProfiles(host));
        return 0;
      }),
    );
  command
    .command("use")
    .argument("<name>", "a profile, as `profiles list` names it; embedded is this machine itself")
    .description("Make a profile the current one.")
    .action(
      context.run(async ({ host, output }, name: string) => {
        const { useProfile } = await import("../actions/profiles.ts");
        const { showUsed } = await import("../ui/profiles.ts");
        const chosen = host.environment.variable("HOOKLINE_PROFILE")?.value;
        showUsed(output, await useProfile(host, name), chosen);
        return 0;
      }),
    );
  command
    .command("show")
    .argument("[name]", "the profile (default: the one in use)")
    .description("Show a profile, and of its key a hint.")
    .action(
      context.run(async ({ host, output }, name: string | undefined) => {
        const { showProfile } = await import("../actions/profiles.ts");
        const view = await import("../ui/profiles.ts");
        view.showProfile(output, await showProfile(host, name));
        return 0;
      }),
    );
  command
    .command("delete")
    .argument("<name>", "the profile")
    .option("--yes", "do not ask")
    .description("Delete a profile and the key it keeps from this machine.")
    .action(
      context.run(async (session, name: string, { yes }: { yes?: boolean }) => {
        await forgetProfile(session, name, yes);
        return 0;
      }),
    );
}
