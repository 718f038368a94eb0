import type { Command } from "commander";
import { HooklineError } from "../errors.ts";
import type { Context, Session } from "./context.ts";
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
    .argument(
      "[name]",
      "a profile, as `profiles list` names it; embedded is this machine itself; asked for on a terminal",
    )
    .description("Make a profile the current one.")
    .action(
      context.run(async (session, given: string | undefined) => {
        const { host, output } = session;
        const name = given ?? (await chooseProfile(session, "Use which profile?", { deletable: false }));
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
    .argument("[name]", "the profile; asked for on a terminal")
    .option("--yes", "do not ask")
    .description("Delete a profile and the key it keeps from this machine.")
    .action(
      context.run(async (session, given: string | undefined, { yes }: { yes?: boolean }) => {
        const name = given ?? (await chooseProfile(session, "Delete which profile?", { deletable: true }));
        await forgetProfile(session, name, yes);
        return 0;
      }),
    );
}

/** @throws HooklineError `usage` where nobody can be asked; `profile-none` */
async function chooseProfile(
  { host, output, prompts }: Session,
  question: string,
  which: { deletable: boolean },
): Promise<string> {
  if (!output.interactive) {
    throw new HooklineError("usage", "no profile is named", {
      nextSteps: ["give the name of one: hookline profiles list shows them"],
    });
  }
  const { choosableProfiles } = await import("../actions/profiles.ts");
  const { profileChoice } = await import("../ui/profiles.ts");
  return prompts.select(question, (await choosableProfiles(host, which)).map(profileChoice));
}
