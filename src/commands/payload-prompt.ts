import type { Workspace } from "../actions/workspace.ts";
import { HooklineError } from "../errors.ts";
import type { Session } from "./context.ts";

/**
 * The fixture that the user chooses.
 * @param example a command that names one
 * @throws HooklineError `usage` where nobody can be asked
 */
export async function pickPayload(
  { output, prompts }: Session,
  workspace: Workspace,
  question: string,
  example: string,
): Promise<string> {
  if (!output.interactive) {
    throw new HooklineError("usage", "no payload is named", {
      nextSteps: [example, "list the payloads: hookline fixtures list"],
    });
  }
  const { listFixtures } = await import("../actions/fixtures.ts");
  return prompts.select(
    question,
    listFixtures(workspace).map(({ provider, event, description = "" }) => ({
      value: `${provider}/${event}`,
      name: `${provider}/${event}`,
      description,
    })),
  );
}
