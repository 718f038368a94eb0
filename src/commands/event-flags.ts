import { HooklineError } from "../errors.ts";

/** The flag that says which events an endpoint gets. */
export const eventsFlag = [
  "--events <types>",
  "event types with commas between, order.* or *; repeatable",
] as const;

/**
 * Event types as `--events` names them.
 * @throws HooklineError `usage` where it names none
 */
export function readEvents(texts: readonly string[]): string[] | undefined {
  if (texts.length === 0) return undefined;
  const events = texts
    .flatMap((text) => text.split(","))
    .map((event) => event.trim())
    .filter((event) => event !== "");
  if (events.length > 0) return [...new Set(events)];
  throw new HooklineError("usage", "--events names no event type", {
    nextSteps: ["name them with commas between, or all with '*'"],
  });
}
