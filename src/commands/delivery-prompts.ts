import { HooklineError } from "../errors.ts";
import type { Remote } from "../remote/contract.ts";
import type { Session } from "./context.ts";

/** Deliveries that are offered where none is named. */
const mostChoices = 100;

/** @throws HooklineError `usage` where no delivery is named and nobody can be asked which */
export function requireDelivery(
  { output }: Session,
  id: string | undefined,
  more: readonly string[] = [],
): void {
  if (id !== undefined || output.interactive) return;
  throw new HooklineError("usage", "no delivery is named", {
    nextSteps: ["give the id of one: hookline deliveries list shows them", ...more],
  });
}

/** The delivery that the user chooses among the latest that failed; where `others`, among the latest of any status too. */
export async function pickDelivery(
  { prompts, host }: Session,
  remote: Remote,
  question: string,
  { others }: { others: boolean },
): Promise<string> {
  const [{ listDeliveries }, { deliveryChoice }] = await Promise.all([
    import("../actions/deliveries.ts"),
    import("../ui/deliveries.ts"),
  ]);
  const page = { limit: mostChoices, all: false };
  const { data: failed } = await listDeliveries(remote, { status: "failed" }, page);
  const { data: latest } = others ? await listDeliveries(remote, {}, page) : { data: [] };
  const known = new Set(failed.map(({ id }) => id));
  const data = [...failed, ...latest.filter(({ id }) => !known.has(id))];
  if (data.length > 0)
    return prompts.select(
      question,
      data.map((delivery) => deliveryChoice(delivery, host.now())),
    );
  throw new HooklineError("delivery-none", others ? "nothing was delivered yet" : "no delivery has failed", {
    nextSteps: others
      ? ["publish an event: hookline events publish order.created"]
      : ["see all: hookline deliveries list"],
  });
}
