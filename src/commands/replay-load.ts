import type { PrepareOptions } from "../actions/prepare.ts";
import type { ConnectOptions } from "../actions/connect.ts";
import type { Workspace } from "../actions/workspace.ts";
import type { Session } from "./context.ts";
import type { LoadShape } from "./load-flags.ts";
import type { Reports } from "./report-flags.ts";

export interface LoadOptions extends PrepareOptions, ConnectOptions, LoadShape {
  to: string;
  /** Most under way at once. */
  concurrency: number | undefined;
  /** Requests started per second, whatever the target does. */
  rate?: number;
  timeoutMs?: number;
  signal: AbortSignal;
}

/** Puts load on a target. @returns the exit code */
export function runLoad(
  session: Session,
  workspace: Workspace,
  options: LoadOptions,
  reports: Reports | undefined,
): Promise<number> {
  return Promise.reject(
    new Error(`not yet ${session.host.cwd} ${workspace.fixturesDir} ${options.to} ${reports}`),
  );
}
