import { chooseConnection, type Connection } from "../config/connection.ts";
import { loadProfiles } from "../config/profiles.ts";
import type { Remote } from "../remote/contract.ts";
import { uuid } from "../providers/ids.ts";
import { explainRefusal } from "./refusals.ts";
import type { Workspace } from "./workspace.ts";

/** Milliseconds that an API may take to answer. */
const usualTimeoutMs = 30_000;
/** Bytes of an answer at most. */
const maxAnswer = 20_000_000;

/**
 * Does work with the API that the flags, the environment and the profiles name (the embedded one where they name none),
 * and closes it, whatever comes of it.
 * @param profile as `--profile` says
 */
export async function withRemote<Result>(
  workspace: Workspace,
  profile: string | undefined,
  work: (remote: Remote, connection: Connection) => Promise<Result>,
): Promise<Result> {
  const { environment } = workspace.host;
  const book = await loadProfiles(environment.home);
  const connection = chooseConnection({ environment, book, profileFlag: profile });
  const remote = explained(await openConnection(workspace, connection), connection);
  try {
    return await work(remote, connection);
  } finally {
    await remote.close();
  }
}

/** The same API, whose errors say what to do where the key and the ids came from. */
function explained(remote: Remote, connection: Connection): Remote {
  return {
    async call(name, input) {
      try {
        return await remote.call(name, input);
      } catch (error) {
        throw explainRefusal(error, { name, input, connection });
      }
    },
    ...(remote.deliver === undefined ? {} : { deliver: remote.deliver }),
    close: () => remote.close(),
  };
}

/**
 * @param connection where to, and with which key: what `login` tries is in no profile yet
 * @param options.timeoutMs that each try may take
 */
export async function openConnection(
  workspace: Workspace,
  connection: Pick<Connection, "kind" | "url" | "key">,
  { timeoutMs = usualTimeoutMs }: { timeoutMs?: number } = {},
): Promise<Remote> {
  const { host, registry } = workspace;
  const { url, key } = connection;
  if (url === undefined) {
    const { openEmbedded } = await import("./embedded.ts");
    return openEmbedded(workspace, key);
  }
  const { createSender } = await import("../transport/send.ts");
  const sender = await createSender(url, { timeoutMs, keepBytes: maxAnswer, proxy: host.environment.proxy });
  const shared = {
    url,
    key: key ?? "",
    exchange: (request: Parameters<typeof sender.send>[0]) => sender.send(request),
    close: () => sender.close(),
  };
  if (connection.kind === "stripe") {
    const { createStripeRemote } = await import("../remote/stripe.ts");
    const events = Object.entries(registry.require("stripe").events);
    return createStripeRemote({
      ...shared,
      eventTypes: events.map(([type, { description }]) => ({ provider: "stripe", type, description })),
    });
  }
  const { createHttpRemote } = await import("../remote/http.ts");
  return createHttpRemote({
    ...shared,
    key,
    idempotencyKey: () => uuid(host.random),
    sleep: host.sleep,
    random: () => host.random(4).readUInt32BE() / 2 ** 32,
    now: host.now,
    userAgent: `hookline/${host.version}`,
  });
}
