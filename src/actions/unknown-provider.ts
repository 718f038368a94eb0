import type { Connection } from "../config/connection.ts";
import { isHooklineError, type HooklineError } from "../errors.ts";
import type { Listed } from "./pages.ts";
import type { Workspace } from "./workspace.ts";

/**
 * Whether a list is empty because its provider is not known. Asked only then: an API may know providers that this
 * machine does not, and a database may hold what is of a provider of another project.
 * @returns what to say of it, where the API may know the provider
 * @throws HooklineError `provider-unknown`, with the nearest name, where the API knows no others than this machine
 */
export function unknownProvider(
  { registry }: Workspace,
  connection: Connection,
  provider: string | undefined,
  { data }: Listed<unknown>,
): HooklineError | undefined {
  if (provider === undefined || data.length > 0) return undefined;
  try {
    registry.require(provider);
    return undefined;
  } catch (error) {
    if (connection.url === undefined || !isHooklineError(error)) throw error;
    return error;
  }
}
