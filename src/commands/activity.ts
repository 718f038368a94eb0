import type { Command } from "commander";
import { HooklineError } from "../errors.ts";
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
What repeats within a minute is one entry with its count. Actions: key.created, key.used (from a new place),
key.rotated, key.retired, key.revoked, key.refused (a dead key was used), key.denied (a scope was missing),
endpoint.created, endpoint.updated, endpoint.deleted, endpoint.secret_rotated.`,
    )
    .action(
      context.run(async (session, flags: Flags) => {
        const [{ knownActions, listActivity }, { object, optional, parseFlags, time }, { showActivity }] =
          await Promise.all([
            import("../actions/activity.ts"),
            import("./flags.ts"),
            import("../ui/activity.ts"),
          ]);
        const { since, until } = parseFlags(object({ since: optional(time), until: optional(time) }), flags);
        const page = await readListFlags(flags);
        checkFilters(flags);
        const filter = {
          ...(flags.action === undefined ? {} : { action: flags.action }),
          ...(flags.key === undefined ? {} : { key: flags.key }),
          ...(since === undefined ? {} : { since }),
          ...(until === undefined ? {} : { until }),
        };
        await useRemote(session, flags, async (remote) =>
          showActivity(session.output, await listActivity(remote, filter, page), {
            isFiltered: Object.keys(filter).length > 0,
            // A server of a later version may know more, so it is asked all the same.
            knownActions:
              flags.action === undefined || (knownActions as readonly string[]).includes(flags.action)
                ? undefined
                : knownActions,
          }),
        );
        return 0;
      }),
    );
}

/** @throws HooklineError `usage`; it does not repeat what may be a key itself, pasted in place of its id */
function checkFilters({ action, key }: Flags): void {
  if (key !== undefined && !/^key_[0-9a-z]{1,64}$/.test(key)) {
    throw new HooklineError("usage", "--key takes the id of a key, such as key_01jd…", {
      nextSteps: ["see the ids: hookline keys list"],
    });
  }
  if (action !== undefined && !/^[\w.-]{1,100}$/.test(action)) {
    throw new HooklineError("usage", "--action takes one action, such as key.created", {
      nextSteps: ["see those that there are: hookline activity list --help"],
    });
  }
}
