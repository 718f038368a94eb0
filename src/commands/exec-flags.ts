import type { Command } from "commander";
import type { EnvPlace } from "../actions/env-place.ts";
import type { Exec } from "../actions/run-command.ts";
import { HooklineError } from "../errors.ts";
import type { Context, Handler, Session } from "./context.ts";

/** Flags of a command that hands a new secret to one of the user's. */
export interface ExecFlags {
  exec?: string;
  execEnv?: string;
  execTimeout?: string;
}

/** @param what of which the command gets the new one: `key` */
export function addExecFlags(command: Command, what: string): Command {
  return command
    .option(
      "--exec <command>",
      `a shell command that puts the new ${what} to use; all is undone where it fails`,
    )
    .option(
      "--exec-env <name>",
      "a variable that the command gets it in beside hookline's own (default: the one of --write-env)",
    )
    .option("--exec-timeout <duration>", 'how long the command may take (default: "10m")');
}

/**
 * The command that the flags name.
 * @param written where the new value is written to
 * @throws HooklineError `usage`
 */
export async function readExec(
  session: Session,
  { exec: command, execEnv, execTimeout }: ExecFlags,
  written: EnvPlace | undefined,
): Promise<Exec | undefined> {
  const usage = (message: string, nextSteps: readonly string[] = []): HooklineError =>
    new HooklineError("usage", message, { nextSteps });
  if (command === undefined) {
    const alone = Object.entries({ "--exec-env": execEnv, "--exec-timeout": execTimeout })
      .filter(([, value]) => value !== undefined)
      .map(([flag]) => flag);
    if (alone.length > 0) throw usage(`${alone.join(" and ")} without --exec: there is no command to run`);
    return undefined;
  }
  if (command.trim() === "") throw usage("--exec names no command", ["give one, such as --exec ./deploy.sh"]);
  if (execEnv !== undefined && !/^[A-Za-z_][A-Za-z0-9_]*$/.test(execEnv))
    throw usage("--exec-env takes the name of a variable: letters, digits and underscores");
  const [{ duration, object, parseFlags }, { showCommandOutput }] = await Promise.all([
    import("./flags.ts"),
    import("../ui/command-output.ts"),
  ]);
  const parsed = parseFlags(object({ execTimeout: duration }), { execTimeout: execTimeout ?? "10m" });
  return {
    command,
    cwd: session.host.cwd,
    name: execEnv ?? written?.name,
    timeoutMs: parsed.execTimeout,
    open: (secrets) => showCommandOutput(session, secrets),
    stop: session.signal,
    stopWith: () => (session.interrupted() === 130 ? "SIGINT" : "SIGTERM"),
    warn: (text) => session.output.warn(text),
  };
}

/**
 * Makes commander's action of a handler: with `--exec` signals are left to it, so that all is undone before the program
 * ends with their exit code; without they end it at once, as they do any other command.
 */
export function runWithExec<Flags extends ExecFlags>(
  context: Context,
  handler: Handler<[string | undefined, Flags]>,
): (id: string | undefined, flags: Flags) => Promise<void> {
  const plain = context.run(handler);
  const untilSignal = context.runUntilSignal(
    async (session: Session, ...args: [string | undefined, Flags]) => {
      try {
        return await handler(session, ...args);
      } catch (error) {
        const code = session.interrupted();
        if (code === undefined) throw error;
        session.output.error(error);
        return code;
      }
    },
  );
  // Commander appends the command, which both want.
  return (...args) => (args[1].exec === undefined ? plain : untilSignal)(...args);
}
