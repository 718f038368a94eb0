import type { Command } from "commander";
import { HooklineError } from "../errors.ts";
import type { Remote } from "../remote/contract.ts";
import type { Context, Session } from "./context.ts";
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

/** Events that are offered where none is named. */
const mostChoices = 100;

export function define(command: Command, context: Context): void {
  addRemoteFlags(
    command
      .command("types")
      .description("List the event types that endpoints can ask for.")
      .option("--provider <id>", "only this provider's"),
  ).action(
    context.run(async (session, flags: TypesFlags) => {
      const [{ listEventTypes }, { unknownProvider }, { showEventTypes }] = await Promise.all([
        import("../actions/events.ts"),
        import("../actions/unknown-provider.ts"),
        import("../ui/events.ts"),
      ]);
      const { provider } = flags;
      await useRemote(session, flags, async (remote, workspace, connection) => {
        const types = await listEventTypes(remote, provider);
        const unknown = unknownProvider(workspace, connection, provider, types);
        await showEventTypes(session.output, types, { isFiltered: provider !== undefined, unknown });
      });
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
      const [
        { listEvents },
        { unknownProvider },
        { object, optional, parseFlags, time },
        { showEvents },
        page,
      ] = await Promise.all([
        import("../actions/events.ts"),
        import("../actions/unknown-provider.ts"),
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
      await useRemote(session, flags, async (remote, workspace, connection) => {
        const events = await listEvents(remote, filter, page);
        const unknown = unknownProvider(workspace, connection, flags.provider, events);
        await showEvents(session.output, events, { filter, unknown });
      });
      return 0;
    }),
  );
  addRemoteFlags(
    command
      .command("show")
      .argument("[id]", "an event, as `events list` names it; asked for on a terminal")
      .description("Print an event's payload: pretty on a terminal, its very bytes through a pipe."),
  ).action(
    context.run(async (session, given: string | undefined, flags: RemoteFlags) => {
      if (given === undefined && !session.output.interactive) {
        throw new HooklineError("usage", "no event is named", {
          nextSteps: ["give the id of one: hookline events list shows them"],
        });
      }
      const { showEvent } = await import("../actions/events.ts");
      const view = await import("../ui/events.ts");
      const event = await useRemote(session, flags, async (remote) =>
        showEvent(remote, given ?? (await pickEvent(session, remote))),
      );
      view.showEvent(session.output, event);
      return 0;
    }),
  );
}

/** The event that the user chooses among the newest. */
async function pickEvent({ prompts }: Session, remote: Remote): Promise<string> {
  const [{ listEvents }, { eventChoice }] = await Promise.all([
    import("../actions/events.ts"),
    import("../ui/events.ts"),
  ]);
  const { data } = await listEvents(remote, {}, { limit: mostChoices, all: false });
  if (data.length > 0) return prompts.select("Which event?", data.map(eventChoice));
  throw new HooklineError("event-none", "no event was published yet", {
    nextSteps: ["see what can be published: hookline events types"],
  });
}
