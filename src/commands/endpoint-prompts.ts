import type { EventChoices } from "../actions/endpoints.ts";
import type { Connection } from "../config/connection.ts";
import { HooklineError } from "../errors.ts";
import type { Input, Remote } from "../remote/contract.ts";
import { validateBy } from "../ui/prompts.ts";
import type { Session } from "./context.ts";

type NewEndpoint = Input<"endpoints.create">["body"];

/** What the flags say of a new endpoint. */
interface GivenEndpoint {
  provider?: string;
  events: string[] | undefined;
  url?: string;
  description?: string;
}

/** @throws HooklineError `usage` where no endpoint is named and nobody can be asked which */
export function requireEndpointId({ output }: Session, id: string | undefined): void {
  if (id !== undefined || output.interactive) return;
  throw new HooklineError("usage", "no endpoint is named", {
    nextSteps: ["give the id of one: hookline endpoints list shows them"],
  });
}

/** The endpoint that was named, or that the user chooses. */
export async function pickEndpoint(
  { prompts }: Session,
  remote: Remote,
  id: string | undefined,
  question: string,
  status?: "enabled" | "disabled",
): Promise<string> {
  if (id !== undefined) return id;
  const [{ listEndpoints }, { endpointChoice }] = await Promise.all([
    import("../actions/endpoints.ts"),
    import("../ui/endpoints.ts"),
  ]);
  const { data } = await listEndpoints(remote, status === undefined ? {} : { status }, { all: true });
  if (data.length > 0) return prompts.select(question, data.map(endpointChoice));
  throw new HooklineError(
    "endpoint-none",
    `there is no ${status === undefined ? "" : `${status} `}endpoint`,
    {
      nextSteps: [
        status === undefined ? "make one: hookline endpoints create" : "see all: hookline endpoints list",
      ],
    },
  );
}

/** What the flags say of a new endpoint, and on a terminal what they do not say is asked. */
export async function completeEndpoint(
  session: Session,
  { provider: given, events, url, description }: GivenEndpoint,
  remote: Remote,
  connection: Connection,
): Promise<NewEndpoint> {
  // Stripe has its own alone.
  const known = given ?? (connection.kind === "stripe" ? "stripe" : undefined);
  const missing = [
    ...(known === undefined ? ["--provider"] : []),
    ...(events === undefined ? ["--events"] : []),
    ...(url === undefined ? ["--url"] : []),
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
    url: url ?? (await askUrl(session)),
    ...(description === undefined ? {} : { description }),
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
