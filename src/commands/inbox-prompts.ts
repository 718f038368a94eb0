import type { Host } from "../actions/workspace.ts";
import { HooklineError } from "../errors.ts";
import type { Session } from "./context.ts";

/** Deliveries that are offered where none is named. */
const mostChoices = 100;

/** @throws HooklineError `usage` where no delivery is named and nobody can be asked which */
export function requireChoice({ output }: Session, more: readonly string[] = []): void {
  if (output.interactive) return;
  throw new HooklineError("usage", "no delivery is named", {
    nextSteps: ["name one by its number, its id or last: hookline inbox list shows them", ...more],
  });
}

/** The delivery that the user chooses among the latest. @throws HooklineError `not-found` where the inbox is empty */
export async function pickFromInbox({ prompts, host }: Session, question: string): Promise<string> {
  const data = await latest(host);
  const { inboxChoice } = await import("../ui/inbox.ts");
  return prompts.select(
    question,
    data.map((delivery) => inboxChoice(delivery, host.now())),
  );
}

async function latest(host: Host) {
  const { findDelivery, listInbox } = await import("../actions/inbox.ts");
  const { data } = await listInbox(host, {}, { limit: mostChoices, all: false });
  // An empty inbox has no last one either, and the error says how it is filled.
  if (data.length === 0) findDelivery(undefined, "last");
  return data;
}
