import type { Command } from "commander";
import { HooklineError } from "../errors.ts";
import type { Input } from "../remote/contract.ts";
import type { Context, Session } from "./context.ts";
import { completeEndpoint, pickEndpoint, requireEndpointId } from "./endpoint-prompts.ts";
import { defineRotate } from "./endpoints-rotate.ts";
import { defineTest } from "./endpoints-test.ts";
import { idArgument } from "./endpoint-flags.ts";
import { addListFlags, readListFlags, type ListFlags } from "./list-flags.ts";
import { collect } from "./payload-flags.ts";
import { eventsFlag, readEvents } from "./event-flags.ts";
import {
  addRemoteFlags,
  readWriteEnv,
  requireConfirmation,
  useRemote,
  type RemoteFlags,
} from "./remote-flags.ts";

interface EndpointListFlags extends RemoteFlags, ListFlags {
  provider?: string;
  status?: string;
}

interface CreateFlags extends RemoteFlags {
  url?: string;
  events: string[];
  provider?: string;
  description?: string;
  writeEnv?: string;
}

interface UpdateFlags extends RemoteFlags {
  url?: string;
  events: string[];
  description?: string;
}

interface DeleteFlags extends RemoteFlags {
  yes?: boolean;
}

export function define(command: Command, context: Context): void {
  const sub = (words: string, description: string): Command =>
    addRemoteFlags(command.command(words).description(description));

  addListFlags(sub("list", "List the endpoints, newest first."))
    .option("--provider <id>", "only this provider's")
    .option("--status <status>", "only those that are enabled, or disabled")
    .action(
      context.run(async (session, flags: EndpointListFlags) => {
        const [
          { listEndpoints },
          { unknownProvider },
          { object, oneOf, optional, parseFlags },
          { showEndpoints },
          page,
        ] = await Promise.all([
          import("../actions/endpoints.ts"),
          import("../actions/unknown-provider.ts"),
          import("./flags.ts"),
          import("../ui/endpoints.ts"),
          readListFlags(flags),
        ]);
        const status = oneOf(["enabled", "disabled"], { error: "takes enabled or disabled" });
        const parsed = parseFlags(object({ status: optional(status) }), flags);
        const filter = {
          ...(flags.provider === undefined ? {} : { provider: flags.provider }),
          ...(parsed.status === undefined ? {} : { status: parsed.status }),
        };
        await useRemote(session, flags, async (remote, workspace, connection) => {
          const endpoints = await listEndpoints(remote, filter, page);
          const unknown = unknownProvider(workspace, connection, filter.provider, endpoints);
          await showEndpoints(session.output, endpoints, { filter, unknown });
        });
        return 0;
      }),
    );

  sub("create", "Register a URL for events of one provider, and print its signing secret.")
    .option("--url <url>", "where the events go: a URL, or 3000/path")
    .option("--provider <id>", "whose events")
    .option(...eventsFlag, collect, [])
    .option("--description <text>", "what it is for")
    .option("--write-env <file:name>", "write the secret to a variable of a dotenv file, and do not print it")
    .addHelpText(
      "after",
      `
The secret is printed once: it alone on standard output. What is missing is asked for on a terminal.

Examples:
  hookline endpoints create --provider fareplay --events 'order.*' --url https://shop.acme.com/webhooks
  hookline endpoints create --provider fynn --events '*' --url http://localhost:3000/fynn --write-env .env:FYNN_WEBHOOK_SECRET`,
    )
    .action(
      context.run(async (session, flags: CreateFlags) => {
        const { createEndpoint } = await import("../actions/endpoints.ts");
        const { showCreated } = await import("../ui/endpoints.ts");
        const place = readWriteEnv(session, flags.writeEnv);
        const events = readEvents(flags.events);
        const created = await useRemote(session, flags, async (remote, workspace, connection) => {
          const given = { ...flags, events };
          const body = await completeEndpoint(session, given, remote, connection);
          return createEndpoint(workspace, remote, connection, body, place);
        });
        showCreated(session.output, created);
        return 0;
      }),
    );

  sub("show", "Show an endpoint.")
    .argument(...idArgument)
    .action(
      context.run(async (session, given: string | undefined, flags: RemoteFlags) => {
        requireEndpointId(session, given);
        const { showEndpoint } = await import("../actions/endpoints.ts");
        const view = await import("../ui/endpoints.ts");
        const endpoint = await useRemote(session, flags, async (remote) =>
          showEndpoint(remote, await pickEndpoint(session, remote, given, "Which endpoint?")),
        );
        view.showEndpoint(session.output, endpoint, session.host.now());
        return 0;
      }),
    );

  sub("update", "Change an endpoint's URL, events or description.")
    .argument(...idArgument)
    .option("--url <url>", "where the events go: a URL, or 3000/path")
    .option(...eventsFlag, collect, [])
    .option("--description <text>", "what it is for; an empty text takes it away")
    .action(
      context.run(async (session, id: string | undefined, flags: UpdateFlags) => {
        const events = readEvents(flags.events);
        await change(
          session,
          id,
          flags,
          { question: "Change which endpoint?" },
          {
            ...(flags.url === undefined ? {} : { url: flags.url }),
            ...(events === undefined ? {} : { events }),
            ...(flags.description === undefined ? {} : { description: flags.description || null }),
          },
        );
        return 0;
      }),
    );

  for (const [word, status, from, description] of [
    ["enable", "enabled", "disabled", "Let an endpoint receive events again."],
    [
      "disable",
      "disabled",
      "enabled",
      "Pause an endpoint: what is to be delivered waits until it is enabled.",
    ],
  ] as const) {
    sub(word, description)
      .argument(...idArgument)
      .action(
        context.run(async (session, id: string | undefined, flags: RemoteFlags) => {
          const question = `${status === "enabled" ? "Enable" : "Disable"} which endpoint?`;
          await change(session, id, flags, { question, among: from }, { status });
          return 0;
        }),
      );
  }

  sub("delete", "Delete an endpoint; what was to be delivered to it is cancelled.")
    .argument(...idArgument)
    .option("--yes", "do not ask")
    .action(
      context.run(async (session, given: string | undefined, flags: DeleteFlags) => {
        requireEndpointId(session, given);
        const { deleteEndpoint, findEndpoint } = await import("../actions/endpoints.ts");
        const { showDeleted } = await import("../ui/endpoints.ts");
        const deleted = await useRemote(session, flags, async (remote) => {
          const id = await pickEndpoint(session, remote, given, "Delete which endpoint?");
          const isAsked = session.output.interactive && flags.yes !== true;
          const endpoint = isAsked ? await findEndpoint(remote, id) : undefined;
          // There is nothing to ask where it was deleted before.
          if (!isAsked || endpoint !== undefined) {
            const url = endpoint === undefined ? "" : ` (${endpoint.url})`;
            const question = `Delete the endpoint ${id}${url} and its signing secret?`;
            await requireConfirmation(session, flags.yes, question);
          }
          return deleteEndpoint(remote, id);
        });
        showDeleted(session.output, deleted);
        return 0;
      }),
    );

  defineRotate(sub, context);
  defineTest(sub, context);
}

/** @param choice what is asked where no endpoint is named, and which are offered */
async function change(
  session: Session,
  given: string | undefined,
  flags: RemoteFlags,
  { question, among }: { question: string; among?: "enabled" | "disabled" },
  changes: Input<"endpoints.update">["body"],
): Promise<void> {
  if (Object.keys(changes).length === 0) {
    throw new HooklineError("usage", "nothing is to be changed", {
      nextSteps: ["give --url, --events or --description"],
    });
  }
  requireEndpointId(session, given);
  const { updateEndpoint } = await import("../actions/endpoints.ts");
  const { showChanged } = await import("../ui/endpoints.ts");
  const changed = await useRemote(session, flags, async (remote) =>
    updateEndpoint(remote, await pickEndpoint(session, remote, given, question, among), changes),
  );
  showChanged(session.output, changed);
}
