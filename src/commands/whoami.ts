import type { Command } from "commander";
import type { Context } from "./context.ts";
import { addRemoteFlags, useRemote, type RemoteFlags } from "./remote-flags.ts";

export function define(command: Command, context: Context): void {
  addRemoteFlags(command)
    .addHelpText(
      "after",
      `
The API is the one of --profile, else of HOOKLINE_PROFILE, else of the current profile, with HOOKLINE_API_URL and
HOOKLINE_API_KEY in place of what that profile says.`,
    )
    .action(
      context.run(async (session, flags: RemoteFlags) => {
        const { host, output } = session;
        const { identify, whoami } = await import("../actions/profiles.ts");
        const { showIdentity, showShadows, showUnanswered } = await import("../ui/profiles.ts");
        await useRemote(session, flags, async (remote, _, connection) => {
          const known = await identify(host, connection);
          // Before it is asked: where the answer is an error, this may be why.
          showShadows(output, known);
          const caller = await whoami(remote).catch((error: unknown) => {
            showUnanswered(output, known);
            throw error;
          });
          showIdentity(output, known, caller, host.now());
        });
        return 0;
      }),
    );
}
