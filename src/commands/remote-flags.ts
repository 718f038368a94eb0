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

/**
 * The same as {@link useRemote}, given up at the first signal: what is under way then is closed in good order.
 * @param stands what was done by then; undefined where nothing was. What becomes of the deliveries is said after it
 */
export async function useRemoteUntilSignal<Result>(
  session: Session,
  flags: RemoteFlags,
  work: (remote: Remote, workspace: Workspace, connection: Connection) => Promise<Result>,
  stands: () => string | undefined,
): Promise<Result> {
  let goesOn: string | undefined;
  try {
    return await useRemote(session, flags, (remote, workspace, connection) =>
      Promise.race([
        work(remote, workspace, connection),
        new Promise<never>((_, reject) => {
          const stop = (): void => {
            // The signal also comes where nobody reads the output any more: then the work goes on.
            if (session.interrupted() === undefined) return;
            goesOn =
              connection.url === undefined
                ? "what was not done is tried again by hookline deliveries watch or hookline serve"
                : "the deliveries go on: see hookline deliveries list";
            reject(new HooklineError("interrupted", "it was ended before all was done"));
          };
          if (session.signal.aborted) stop();
          session.signal.addEventListener("abort", stop, { once: true });
        }),
      ]),
    );
  } finally {
    // Told last: while it was closed, what was under way may have come to its end.
    const done = goesOn === undefined ? undefined : stands();
    if (done !== undefined) session.output.warn(`interrupted: ${done}; ${goesOn}`);
  }
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
      call: (name, input) => {
        const answer = remote.call(name, input);
        return spinning.has(session) ? answer : during(session, `waiting for ${waitedFor(name)}`, answer);
      },
      ...(deliver === undefined ? {} : { deliver }),
      close: () => remote.close(),
    };
    return work(waiting, workspace, connection);
  });
}

/** Sessions that have a spinner: the calls within it need none of their own. */
const spinning = new WeakSet<Session>();

/** Shows one spinner for all that a work waits for, calls and pauses alike; the work asks no question. */
export async function waitingForOutcomes<Result>(
  session: Session,
  { url }: Connection,
  work: () => Promise<Result>,
): Promise<Result> {
  const { during } = await import("../ui/spinner.ts");
  spinning.add(session);
  try {
    return await during(session, `waiting for ${url?.host ?? "the endpoints"}`, work());
  } finally {
    spinning.delete(session);
  }
}

/** The same for each of what comes one after the other, so that no spinner turns while one of them is printed. */
export async function* eachWaitedFor<Item>(
  session: Session,
  connection: Connection,
  items: AsyncGenerator<Item>,
): AsyncGenerator<Item> {
  try {
    for (;;) {
      const next = await waitingForOutcomes(session, connection, () => items.next());
      if (next.done === true) return;
      yield next.value;
    }
  } finally {
    await items.return(undefined);
  }
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
