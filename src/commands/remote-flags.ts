import { resolve } from "node:path";
import type { Command } from "commander";
import type { EnvPlace } from "../actions/env-place.ts";
import type { Workspace } from "../actions/workspace.ts";
import type { Connection } from "../config/connection.ts";
import { EXIT, HooklineError } from "../errors.ts";
import type { Remote, RouteName } from "../remote/contract.ts";
import type { Session } from "./context.ts";

/** Flags of every command that speaks to an API. */
export interface RemoteFlags {
  profile?: string;
}

export function addRemoteFlags(command: Command): Command {
  return command.option("--profile <name>", "the API to use, as `hookline profiles list` names it");
}

/** Routes that, where no server does it, deliver before they answer. */
const delivering: ReadonlySet<RouteName> = new Set([
  "events.publish",
  "endpoints.test",
  "deliveries.retry",
  "deliveries.retryMany",
]);

/** The same as {@link useRemote}, given up at the first signal: what is under way then is closed in good order. */
export function useRemoteUntilSignal<Result>(
  session: Session,
  flags: RemoteFlags,
  work: (remote: Remote, workspace: Workspace, connection: Connection) => Promise<Result>,
): Promise<Result> {
  return useRemote(session, flags, (...given) =>
    Promise.race([
      work(...given),
      new Promise<never>((_, reject) => {
        const stop = (): void => {
          // The signal also comes where nobody reads the output any more: then the work goes on.
          if (session.interrupted() === undefined) return;
          reject(new HooklineError("interrupted", "it was ended before all was done"));
        };
        if (session.signal.aborted) stop();
        session.signal.addEventListener("abort", stop, { once: true });
      }),
    ]),
  );
}

/** Does work with the API that the flags, the environment and the profiles name, and closes it. */
export async function useRemote<Result>(
  session: Session,
  { profile }: RemoteFlags,
  work: (remote: Remote, workspace: Workspace, connection: Connection) => Promise<Result>,
): Promise<Result> {
  const [{ openWorkspace }, { withRemote }, { during }] = await Promise.all([
    import("../actions/workspace.ts"),
    import("../actions/remote.ts"),
    import("../ui/spinner.ts"),
  ]);
  const workspace = await openWorkspace(session.host);
  return withRemote(workspace, profile, (remote, connection) => {
    const { deliver } = remote;
    const waitedFor = (name: RouteName): string =>
      connection.url?.host ?? (delivering.has(name) ? "the endpoints" : "the database");
    // Each answer is waited for by itself, so that no spinner turns behind a question.
    const waiting: Remote = {
      call: (name, input) => during(session, `waiting for ${waitedFor(name)}`, remote.call(name, input)),
      ...(deliver === undefined ? {} : { deliver }),
      close: () => remote.close(),
    };
    return work(waiting, workspace, connection);
  });
}

/**
 * Asks before something is destroyed.
 * @param yes the `--yes` flag
 * @throws HooklineError `confirmation-missing` where nobody can be asked; `declined`, exit 1
 */
export async function requireConfirmation(
  { output, prompts }: Session,
  yes: boolean | undefined,
  question: string,
): Promise<void> {
  if (yes === true) return;
  if (!output.interactive) {
    throw new HooklineError("confirmation-missing", `nobody can be asked here: ${question}`, {
      nextSteps: ["add --yes to confirm it"],
    });
  }
  if (await prompts.confirm(question)) return;
  throw new HooklineError("declined", "nothing was changed", { exitCode: EXIT.failed });
}

/**
 * The file and variable of `--write-env FILE:NAME`, split at the last colon.
 * @throws HooklineError `usage`
 */
export function readWriteEnv({ host }: Session, text: string | undefined): EnvPlace | undefined {
  if (text === undefined) return undefined;
  const [, file = "", name = ""] = /^(.+):([^:]*)$/s.exec(text) ?? [];
  if (file !== "" && /^[A-Za-z_][A-Za-z0-9_]*$/.test(name)) return { file: resolve(host.cwd, file), name };
  throw new HooklineError("usage", "--write-env takes a file and a variable, such as .env:API_KEY", {
    nextSteps: ["separate the two with a colon; a variable has letters, digits and underscores"],
  });
}
