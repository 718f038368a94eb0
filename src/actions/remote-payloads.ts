import type { RemoteEvent } from "../payloads/load.ts";
import type { Remote } from "../remote/contract.ts";
import { showEvent } from "./events.ts";
import { withRemote } from "./remote.ts";
import type { Workspace } from "./workspace.ts";

/** Reads a published event, by its id, for who signs it anew. */
export type ReadRemote = (id: string) => Promise<RemoteEvent>;

export function remoteReader(remote: Remote): ReadRemote {
  return async (id) => {
    const { event, body } = await showEvent(remote, id);
    return { provider: event.provider, type: event.type, body };
  };
}

/** Does work that reads published events, all over one connection. @param profile as `--profile` says */
export function withRemoteReader<Result>(
  workspace: Workspace,
  profile: string | undefined,
  work: (read: ReadRemote) => Promise<Result>,
): Promise<Result> {
  return withRemote(workspace, profile, (remote) => work(remoteReader(remote)));
}
