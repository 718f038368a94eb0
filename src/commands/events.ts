import type { Command } from "commander";
import type { Context } from "./context.ts";
import { addListFlags, readListFlags, type ListFlags } from "./list-flags.ts";
import { addRemoteFlags, useRemote, type RemoteFlags } from "./remote-flags.ts";

interface TypesFlags extends RemoteFlags {
  provider?: string;
}

interface EventListFlags extends RemoteFlags, ListFlags {
  provider?: string;
  type?: string;
  since?: string;
  until?: string;
}

export function define(command: Command, context: Context): void {
  addRemoteFlags(
    command
      .command("types")
      .description("List the event types that endpoints can ask for.")
      .option("--provider <id>", "only this provider's"),
  ).action(
    context.run(async (session, flags: TypesFlags) => {
      const { listEventTypes } = await import("../actions/events.ts");
      const { showEventTypes } = await import("../ui/events.ts");
      const types = await useRemote(session, flags, (remote) => listEventTypes(remote, flags.provider));
      await showEventTypes(session.output, types);
      return 0;
    }),
  );
  addRemoteFlags(
    addListFlags(
      command
        .command("list")
        .description("List the events that were published, newest first.")
        .option("--provider <id>", "only this provider's")
        .option("--type <event>", "only events of this type")
        .option("--since <time>", "from this time on (ISO 8601 or Unix seconds)")
        .option("--until <time>", "before this time"),
    ),
  ).action(
    context.run(async (session, flags: EventListFlags) => {
      const [{ listEvents }, { object, optional, parseFlags, time }, { showEvents }, page] =
        await Promise.all([
          import("../actions/events.ts"),
          import("./flags.ts"),
          import("../ui/events.ts"),
          readListFlags(flags),
        ]);
      const { since, until } = parseFlags(object({ since: optional(time), until: optional(time) }), flags);
      const filter = {
        ...(flags.provider === undefined ? {} : { provider: flags.provider }),
        ...(flags.type === undefined ? {} : { type: flags.type }),
        ...(since === undefined ? {} : { since }),
        ...(until === undefined ? {} : { until }),
      };
      const events = await useRemote(session, flags, (remote) => listEvents(remote, filter, page));
      await showEvents(session.output, events);
      return 0;
    }),
  );
  addRemoteFlags(
    command
      .command("show")
      .argument("<id>", "an event, as `events list` names it")
      .description("Print an event's payload: pretty on a terminal, its very bytes through a pipe."),
  ).action(
    context.run(async (session, id: string, flags: RemoteFlags) => {
      const { showEvent } = await import("../actions/events.ts");
      const view = await import("../ui/events.ts");
      view.showEvent(session.output, await useRemote(session, flags, (remote) => showEvent(remote, id)));
      return 0;
    }),
  );
}
