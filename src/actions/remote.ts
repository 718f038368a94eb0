import { chooseConnection, type Connection } from "../config/connection.ts";
import { loadProfiles } from "../config/profiles.ts";
import type { Remote } from "../remote/contract.ts";
import { uuid } from "../providers/ids.ts";
import type { Workspace } from "./workspace.ts";

/** An API that is open, and how it was chosen. */
export interface OpenRemote {
  remote: Remote;
  connection: Connection;
}

/** Milliseconds that an API may take to answer. */
const timeoutMs = 30_000;
/** Bytes of an answer at most. */
const maxAnswer = 20_000_000;

/**
 * Opens the API that the flags, the environment and the profiles name; the embedded one where they name none.
 * @param profile as `--profile` says
 */
export async function openRemote(workspace: Workspace, profile: string | undefined): Promise<OpenRemote> {
  const { environment } = workspace.host;
  const book = await loadProfiles(environment.home);
  const connection = chooseConnection({ environment, book, profileFlag: profile });
  return { connection, remote: await openConnection(workspace, connection) };
}

/** Does work with an API and closes it, whatever comes of it. */
export async function withRemote<Result>(
  workspace: Workspace,
  profile: string | undefined,
  work: (remote: Remote, connection: Connection) => Promise<Result>,
): Promise<Result> {
  const { remote, connection } = await openRemote(workspace, profile);
  try {
    return await work(remote, connection);
  } finally {
    await remote.close();
  }
}

export async function openConnection(
  workspace: Workspace,
  connection: Pick<Connection, "kind" | "url" | "key">,
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
