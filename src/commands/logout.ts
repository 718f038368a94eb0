import type { Command } from "commander";
import type { Context, Session } from "./context.ts";
import { requireConfirmation } from "./remote-flags.ts";

interface Flags {
  yes?: boolean;
}

export function define(command: Command, context: Context): void {
  command
    .argument("[name]", "the profile to forget (default: the one in use)")
    .option("--yes", "do not ask")
    .addHelpText(
      "after",
      `
Deletes the profile and the key it keeps from this machine; the key works on until it is revoked
(hookline keys revoke). The profile embedded, this machine itself, is current then.`,
    )
    .action(
      context.run(async (session, name: string | undefined, { yes }: Flags) => {
        await forgetProfile(session, name, yes);
        return 0;
      }),
    );
}

/** @param name the profile in use where it is left out */
export async function forgetProfile(
  session: Session,
  name: string | undefined,
  yes: boolean | undefined,
): Promise<void> {
  const { host, output } = session;
  const { deletableProfile, deleteProfile } = await import("../actions/profiles.ts");
  const { showDeleted } = await import("../ui/profiles.ts");
  const profile = await deletableProfile(host, name);
  const question = `Delete the profile ${profile.name} (${profile.url}) and its key, which may be kept nowhere else?`;
  await requireConfirmation(session, yes, question);
  showDeleted(output, profile.name, await deleteProfile(host, profile.name));
}
