import { events } from "./channel.ts";
import type { ServeEvent, ServeOptions } from "./serve-events.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Puts the control plane on a port until the signal comes.
 * @throws HooklineError `port-taken`, `cannot-listen`, `account-name-invalid`, `root-key-nowhere`,
 *   `root-key-file-unwritable`, and what the database and the master key can throw
 */
export function serve(workspace: Workspace, options: ServeOptions): AsyncIterable<ServeEvent> {
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  return events(
    // Loaded apart: help needs none of it.
    async (report) => (await import("./serve-run.ts")).runServer(workspace, { ...options, signal }, report),
    () => left.abort(),
  );
}
