import { databaseFile } from "../config/database.ts";
import { answerOf } from "../remote/answer.ts";
import type { Remote } from "../remote/contract.ts";
import type { Credential } from "../server/auth.ts";
import { openControlPlane } from "./control-plane.ts";
import type { Workspace } from "./workspace.ts";

/**
 * The API without a server: the same control plane, called in this process on the database of this machine.
 * @param key acts as this key; without one as this machine itself, which may do everything in its account
 */
export async function openEmbedded(workspace: Workspace, key: string | undefined): Promise<Remote> {
  let failure: unknown;
  const plane = await openControlPlane(workspace, {
    file: databaseFile(workspace.host.environment.home),
    report: (event) => {
      if (event.type === "failed") failure = event.error;
    },
  });
  const credential: Credential =
    key === undefined ? { kind: "embedded", account: plane.local } : { kind: "keys", keys: [key] };
  return {
    async call(name, input) {
      const { status, body } = await plane.app.invoke(name, {
        ...(input as object),
        credential,
        address: null,
      });
      // There is no server's log to look into: what went wrong is told here.
      if (status === 500) throw failure;
      return answerOf(name, status, body);
    },
    close: () => plane.close(),
  };
}
