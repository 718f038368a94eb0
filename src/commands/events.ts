import type { Command } from "commander";
import { EXIT, HooklineError } from "../errors.ts";
import type { Remote } from "../remote/contract.ts";
import type { Context, Session } from "./context.ts";
import {
  addTimeFlags,
  addWaitFlags,
  readTimes,
  readWait,
  type TimeFlags,
  type WaitFlags,
} from "./delivery-flags.ts";
import { addEditFlags } from "./edit-flags.ts";
import { addListFlags, readListFlags, type ListFlags } from "./list-flags.ts";
import { pickPayload } from "./payload-prompt.ts";
import {
  addRemoteFlags,
  eachWaitedFor,
  useRemote,
  useRemoteUntilSignal,
  type RemoteFlags,
} from "./remote-flags.ts";

interface TypesFlags extends RemoteFlags {
  provider?: string;
}

interface EventListFlags extends RemoteFlags, ListFlags, TimeFlags {
  provider?: string;
  type?: string;
}

interface PublishFlags extends RemoteFlags, WaitFlags {
  provider?: string;
  type?: string;
  fresh?: boolean;
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
      addTimeFlags(
        command
          .command("list")
          .description("List the events that were published, newest first.")
          .option("--provider <id>", "only this provider's")
          .option("--type <event>", "only events of this type"),
      ),
    ),
  ).action(
    context.run(async (session, flags: EventListFlags) => {
      const [{ listEvents }, { unknownProvider }, { showEvents }, page, times] = await Promise.all([
        import("../actions/events.ts"),
        import("../actions/unknown-provider.ts"),
        import("../ui/events.ts"),
        readListFlags(flags),
        readTimes(session, flags),
      ]);
      const filter = {
        ...(flags.provider === undefined ? {} : { provider: flags.provider }),
        ...(flags.type === undefined ? {} : { type: flags.type }),
        ...times,
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
      const [{ showEvent }, { deliveriesIfAllowed }, view] = await Promise.all([
        import("../actions/events.ts"),
        import("../actions/deliveries.ts"),
        import("../ui/events.ts"),
      ]);
      const { output } = session;
      await useRemote(session, flags, async (remote) => {
        const shown = await showEvent(remote, given ?? (await pickEvent(session, remote)));
        // Through a pipe it is the payload alone, and in JSON the event as the API tells it.
        const isForPeople = output.isTerminal && !output.jsonMode && !output.quiet;
        const deliveries = isForPeople ? await deliveriesIfAllowed(remote, shown.event.id) : undefined;
        view.showEvent(output, { ...shown, deliveries });
      });
      return 0;
    }),
  );
  definePublish(command, context);
}

function definePublish(command: Command, context: Context): void {
  const publishing = addRemoteFlags(
    command
      .command("publish")
      .description("Publish events, to be delivered to the endpoints that take them.")
      .argument(
        "[payloads...]",
        "provider/event, an event, a provider (all its events), files, folders, remote:ID, or -; asked for on a terminal",
      )
      .option("--provider <id>", "whose event it is, where the payload's name does not say")
      .option("--type <event>", "the event's type, where the payload does not say it, or says another"),
  );
  const edits = addEditFlags(publishing);
  addWaitFlags(publishing)
    .addHelpText(
      "after",
      `
A payload's bytes go out exactly as they are, signed for each endpoint with its own secret. Exit code 0 once all are
published: a delivery that failed is tried again. With --wait 1 unless all deliveries succeeded.

Examples:
  hookline events publish order.created --set data.total=8.00
  hookline events publish ./payloads/ --provider fareplay --type order.created --wait
  cat order.json | hookline events publish - --provider fareplay`,
    )
    .action(
      context.runUntilSignal(async (session, payloads: string[], flags: PublishFlags) => {
        const { output, host } = session;
        const [{ publish }, { showPublished }, waitMs] = await Promise.all([
          import("../actions/publish.ts"),
          import("../ui/publish.ts"),
          readWait(flags),
        ]);
        const waits = waitMs !== undefined;
        const published: string[] = [];
        const { outcomes, unread, missed } = await useRemoteUntilSignal(
          session,
          flags,
          async (remote, workspace, connection) => {
            const what =
              payloads.length > 0
                ? payloads
                : [
                    await pickPayload(
                      session,
                      workspace,
                      "Publish which payload?",
                      "hookline events publish order.created",
                    ),
                  ];
            const events = publish(workspace, remote, {
              what,
              edits,
              fresh: flags.fresh === true,
              waitMs,
              onPublished: ({ id }) => void published.push(id),
              ...(flags.provider === undefined ? {} : { provider: flags.provider }),
              ...(flags.type === undefined ? {} : { type: flags.type }),
            });
            // Whoever types a payload needs the line to himself.
            const spins = waits && !what.includes("-");
            return showPublished(output, spins ? eachWaitedFor(session, connection, events) : events, {
              waits,
              isEmbedded: connection.kind === "embedded",
              now: host.now,
            });
          },
          () => publishedSoFar(published),
        );
        if (unread !== undefined) {
          if (waits || unread.exitCode !== EXIT.denied) throw unread;
          output.warn(`how the deliveries went is not to be seen with this key: ${unread.message}`);
        }
        const isDone = missed === 0 && outcomes.every((outcome) => outcome === "succeeded");
        return waits && !isDone ? EXIT.failed : 0;
      }),
    );
}

/** `2 events are published so far, the last evt_…` */
function publishedSoFar(ids: readonly string[]): string {
  const [last] = ids.slice(-1);
  if (last === undefined) return "no event is known to be published";
  const events = ids.length === 1 ? "one event is" : `${ids.length} events are`;
  return `${events} published so far, ${ids.length === 1 ? "" : "the last "}${last}`;
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
