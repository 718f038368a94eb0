import type { Command } from "commander";
import type { Context } from "./context.ts";
import { addListFlags, readListFlags, type ListFlags } from "./list-flags.ts";
import { addRemoteFlags, useRemote, type RemoteFlags } from "./remote-flags.ts";

interface Flags extends RemoteFlags, ListFlags {
  action?: string;
  key?: string;
  since?: string;
  until?: string;
}

export function define(command: Command, context: Context): void {
  const list = command
    .command("list")
    .description("List who did what with which key, newest first.")
    .option("--action <action>", "only this, such as key.created or key.refused")
    .option("--key <id>", "only what this key did, or what was done to it")
    .option("--since <time>", "only from this time on (ISO 8601 or Unix seconds)")
    .option("--until <time>", "only before this time");
  addRemoteFlags(addListFlags(list))
    .addHelpText(
      "after",
      `
What repeats within a minute is one entry with its count. Some actions: key.created, key.used (from a new place),
key.rotated, key.retired, key.revoked, key.refused (a dead key was used), key.denied (a scope was missing).`,
    )
    .action(
      context.run(async (session, flags: Flags) => {
        const [{ listActivity }, { object, optional, parseFlags, time }, { showActivity }] =
          await Promise.all([
            import("../actions/activity.ts"),
            import("./flags.ts"),
            import("../ui/activity.ts"),
          ]);
        const { since, until } = parseFlags(object({ since: optional(time), until: optional(time) }), flags);
        const page = await readListFlags(flags);
        const filter = {
          ...(flags.action === undefined ? {} : { action: flags.action }),
          ...(flags.key === undefined ? {} : { key: flags.key }),
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
        };
        await useRemote(session, flags, async (remote) =>
          showActivity(session.output, await listActivity(remote, filter, page)),
        );
        return 0;
      }),
    );
}
