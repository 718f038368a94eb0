import type { Host } from "../actions/workspace.ts";
import type { Output } from "../ui/output.ts";
import type { Prompts } from "../ui/prompts.ts";

/** Flags that every command has. */
export interface GlobalFlags {
  json?: boolean;
  quiet?: boolean;
  /** False with `--no-input`. */
  input?: boolean;
  color?: boolean;
  envFile?: string;
}

/** What a running command works with. */
export interface Session {
  output: Output;
  prompts: Prompts;
  /** For progress, which draws on it itself. */
  stderr: NodeJS.WriteStream;
  host: Host;
  /** Aborted at the first SIGINT, SIGTERM, SIGHUP or SIGQUIT; a command that never looks at it is ended by them at once. */
  signal: AbortSignal;
  /** 130, 143, 129 or 131 where a signal came. */
  interrupted: () => number | undefined;
}

/**
 * Does a command's work.
 * @returns the exit code
 */
export type Handler<Arguments extends unknown[]> = (session: Session, ...args: Arguments) => Promise<number>;

export interface Context {
  /** Makes commander's action of a handler. Commander appends the flags and the command, as it always does. */
  run<Arguments extends unknown[]>(handler: Handler<Arguments>): (...args: Arguments) => Promise<void>;
  /** The same for a command that ends gracefully: signals are left to its handler. */
  runUntilSignal<Arguments extends unknown[]>(
    handler: Handler<Arguments>,
  ): (...args: Arguments) => Promise<void>;
}
