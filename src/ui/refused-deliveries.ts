import type { Refused } from "../actions/retry-deliveries.ts";
import { count } from "./format.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** Ids that are named where many were refused for one reason. */
const mostNamed = 3;

/**
 * Prints which deliveries are not retried: a line for each reason, and after it what to do about it.
 * @param words `not retried`, or `would not be retried`
 */
export function showRefused(output: Output, refused: readonly Refused[], words: string): void {
  const groups = new Map<string, Refused[]>();
  for (const each of refused) {
    const reason = reasonOf(each);
    groups.set(reason, [...(groups.get(reason) ?? []), each]);
  }
  for (const [reason, group] of groups) {
    const ids = group.slice(0, mostNamed).map(({ delivery }) => delivery.id);
    const more = group.length > ids.length ? ` and ${group.length - ids.length} more` : "";
    const [what, named] =
      group.length === 1
        ? [ids.join(), ""]
        : [count(group.length, "delivery", "deliveries"), ` (${ids.join(", ")}${more})`];
    output.line(`${output.out.red("✗")} ${safeLine(`${what}  ${words}: ${reason}${named}`, 500)}`);
    const [first] = group;
    const step = first && stepOf(first);
    if (step !== undefined) output.note(`  ${output.err.cyan("next:")} ${safeLine(step, 300)}`);
  }
}

function reasonOf({ code, message, delivery: { endpoint_id } }: Refused): string {
  switch (code) {
    case "delivery-succeeded":
      return "succeeded already";
    case "delivery-under-way":
      return "being sent right now";
    case "delivery-cancelled":
      return "cancelled";
    case "endpoint-deleted":
      return `the endpoint ${endpoint_id ?? ""} was deleted`;
    case "endpoint-disabled":
      return `the endpoint ${endpoint_id ?? ""} is disabled`;
    default:
      return message ?? code ?? "the API did not say why";
  }
}

function stepOf({ code, delivery: { endpoint_id } }: Refused): string | undefined {
  if (code === "delivery-succeeded") return "send it once more all the same: --force";
  if (code === "endpoint-disabled")
    return `enable it first: hookline endpoints enable ${endpoint_id ?? "ID"}`;
  return undefined;
}
