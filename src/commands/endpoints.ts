import type { Command } from "commander";
import type { EventChoices } from "../actions/endpoints.ts";
import type { Connection } from "../config/connection.ts";
import { HooklineError } from "../errors.ts";
import type { Input, Remote } from "../remote/contract.ts";
import { validateBy } from "../ui/prompts.ts";
import type { Context, Session } from "./context.ts";
import { addListFlags, readListFlags, type ListFlags } from "./list-flags.ts";
import { collect } from "./payload-flags.ts";
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

interface RotateFlags extends RemoteFlags {
  grace: string;
  writeEnv?: string;
}

type NewEndpoint = Input<"endpoints.create">["body"];

const eventsFlag = ["--events <types>", "event types with commas between, order.* or *; repeatable"] as const;

export function define(command: Command, context: Context): void {
  const sub = (words: string, description: string): Command =>
    addRemoteFlags(command.command(words).description(description));

  addListFlags(sub("list", "List the endpoints, newest first."))
    .option("--provider <id>", "only this provider's")
    .option("--status <status>", "only those that are enabled, or disabled")
    .action(
      context.run(async (session, flags: EndpointListFlags) => {
        const [{ listEndpoints }, { object, oneOf, optional, parseFlags }, { showEndpoints }, page] =
          await Promise.all([
            import("../actions/endpoints.ts"),
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
        const endpoints = await useRemote(session, flags, (remote) => listEndpoints(remote, filter, page));
        await showEndpoints(session.output, endpoints);
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
        const created = await useRemote(session, flags, async (remote, workspace, connection) => {
          const body = await completeEndpoint(session, flags, remote, connection);
          return createEndpoint(workspace, remote, connection, body, place);
        });
        showCreated(session.output, created);
        return 0;
      }),
    );

  sub("show", "Show an endpoint.")
    .argument("<id>", "an endpoint, as `endpoints list` names it")
    .action(
      context.run(async (session, id: string, flags: RemoteFlags) => {
        const { showEndpoint } = await import("../actions/endpoints.ts");
        const view = await import("../ui/endpoints.ts");
        const endpoint = await useRemote(session, flags, (remote) => showEndpoint(remote, id));
        view.showEndpoint(session.output, endpoint, session.host.now());
        return 0;
      }),
    );

  sub("update", "Change an endpoint's URL, events or description.")
    .argument("<id>", "an endpoint, as `endpoints list` names it")
    .option("--url <url>", "where the events go: a URL, or 3000/path")
    .option(...eventsFlag, collect, [])
    .option("--description <text>", "what it is for; an empty text takes it away")
    .action(
      context.run(async (session, id: string, flags: UpdateFlags) => {
        const events = readEvents(flags.events);
        await change(session, id, flags, {
          ...(flags.url === undefined ? {} : { url: flags.url }),
          ...(events === undefined ? {} : { events }),
          ...(flags.description === undefined ? {} : { description: flags.description || null }),
        });
        return 0;
      }),
    );

  for (const [word, status, description] of [
    ["enable", "enabled", "Let an endpoint receive events again."],
    ["disable", "disabled", "Pause an endpoint: what is to be delivered waits until it is enabled."],
  ] as const) {
    sub(word, description)
      .argument("<id>", "an endpoint, as `endpoints list` names it")
      .action(
        context.run(async (session, id: string, flags: RemoteFlags) => {
          await change(session, id, flags, { status });
          return 0;
        }),
      );
  }

  sub("delete", "Delete an endpoint; what was to be delivered to it is cancelled.")
    .argument("<id>", "an endpoint, as `endpoints list` names it")
    .option("--yes", "do not ask")
    .action(
      context.run(async (session, id: string, flags: DeleteFlags) => {
        const { deleteEndpoint, showEndpoint } = await import("../actions/endpoints.ts");
        const { showDeleted } = await import("../ui/endpoints.ts");
        const deleted = await useRemote(session, flags, async (remote) => {
          const isAsked = session.output.interactive && flags.yes !== true;
          const url = isAsked ? ` (${(await showEndpoint(remote, id)).url})` : "";
          const question = `Delete the endpoint ${id}${url} and its signing secret?`;
          await requireConfirmation(session, flags.yes, question);
          return deleteEndpoint(remote, id);
        });
        showDeleted(session.output, deleted);
        return 0;
      }),
    );

  sub("rotate-secret", "Give an endpoint a new signing secret, and print it.")
    .argument("<id>", "an endpoint, as `endpoints list` names it")
    .option("--grace <duration>", "how long the old one stays in use: 24h, 7d, or 0", "24h")
    .option(
      "--write-env <file:name>",
      "write it to a variable of a dotenv file, and the old one to NAME_PREVIOUS",
    )
    .addHelpText(
      "after",
      `
During the grace a provider whose requests carry several signatures signs with both secrets; any other goes on signing
with the old one. Give your app both: hookline's own commands read NAME and NAME_PREVIOUS.

Example:
  hookline endpoints rotate-secret ep_01jd… --grace 24h --write-env .env:FYNN_WEBHOOK_SECRET`,
    )
    .action(
      context.run(async (session, id: string, flags: RotateFlags) => {
        const [{ rotateEndpointSecret }, { grace, object, parseFlags }, { showRotated }] = await Promise.all([
          import("../actions/endpoints.ts"),
          import("./flags.ts"),
          import("../ui/endpoints.ts"),
        ]);
        const parsed = parseFlags(object({ grace }), flags);
        const place = readWriteEnv(session, flags.writeEnv);
        const rotated = await useRemote(session, flags, (remote) =>
          rotateEndpointSecret(remote, id, parsed.grace, place),
        );
        showRotated(session.output, rotated, session.host.now());
        if (rotated.failure !== undefined) throw rotated.failure;
        return 0;
      }),
    );
}

async function change(
  session: Session,
  id: string,
  flags: RemoteFlags,
  changes: Input<"endpoints.update">["body"],
): Promise<void> {
  if (Object.keys(changes).length === 0) {
    throw new HooklineError("usage", "nothing is to be changed", {
      nextSteps: ["give --url, --events or --description"],
    });
  }
  const { updateEndpoint } = await import("../actions/endpoints.ts");
  const { showChanged } = await import("../ui/endpoints.ts");
  const changed = await useRemote(session, flags, (remote) => updateEndpoint(remote, id, changes));
  showChanged(session.output, changed);
}

/**
 * Event types as `--events` names them.
 * @throws HooklineError `usage` where it names none
 */
function readEvents(texts: readonly string[]): string[] | undefined {
  if (texts.length === 0) return undefined;
  const events = texts
    .flatMap((text) => text.split(","))
    .map((event) => event.trim())
    .filter((event) => event !== "");
  if (events.length > 0) return [...new Set(events)];
  throw new HooklineError("usage", "--events names no event type", {
    nextSteps: ["name them with commas between, or all with '*'"],
  });
}

/** What the flags say of a new endpoint, and on a terminal what they do not say is asked. */
async function completeEndpoint(
  session: Session,
  flags: CreateFlags,
  remote: Remote,
  connection: Connection,
): Promise<NewEndpoint> {
  // Stripe has its own alone.
  const known = flags.provider ?? (connection.kind === "stripe" ? "stripe" : undefined);
  const events = readEvents(flags.events);
  const missing = [
    ...(known === undefined ? ["--provider"] : []),
    ...(events === undefined ? ["--events"] : []),
    ...(flags.url === undefined ? ["--url"] : []),
  ];
  if (missing.length > 0 && !session.output.interactive) {
    throw new HooklineError(
      "usage",
      `${missing.join(", ").replace(/, (?=[^,]*$)/, " and ")} ${missing.length > 1 ? "are" : "is"} missing`,
      {
        nextSteps: [
          "hookline endpoints create --provider fareplay --events order.created --url https://HOST/PATH",
          "see what can be asked for: hookline events types",
        ],
      },
    );
  }
  const { listEventChoices } = await import("../actions/endpoints.ts");
  const isAsked = known === undefined || events === undefined;
  const choices: EventChoices = isAsked ? await listEventChoices(remote) : new Map<string, never>();
  const provider = known ?? (await askProvider(session, choices));
  return {
    provider,
    events: events ?? (await askEvents(session, provider, choices)),
    url: flags.url ?? (await askUrl(session)),
    ...(flags.description === undefined ? {} : { description: flags.description }),
  };
}

function askProvider({ prompts }: Session, choices: EventChoices): Promise<string> {
  return prompts.select(
    "Whose events?",
    [...choices.keys()].map((id) => ({ value: id, name: id })),
  );
}

async function askEvents({ prompts }: Session, provider: string, choices: EventChoices): Promise<string[]> {
  const known = choices.get(provider) ?? [];
  const asked = await prompts.checkbox("Which events? (space marks them)", [
    { value: "*", name: "all (*)", description: "those of the future too" },
    ...known.map(({ type, description }) => ({ value: type, name: type, description })),
  ]);
  return asked.includes("*") ? ["*"] : asked;
}

async function askUrl({ prompts }: Session): Promise<string> {
  const { readEndpointUrl } = await import("../actions/endpoints.ts");
  return prompts.input("Where do they go? (a URL, or 3000/path)", { validate: validateBy(readEndpointUrl) });
}
