import { closest } from "../providers/closest.ts";
import type { Provider } from "../providers/contract.ts";
import { ApiProblem } from "./problems.ts";

/** Whether a filter (`order.created`, `order.*`, `*`) takes an event type. */
export function matches(filter: string, type: string): boolean {
  if (filter === "*" || filter === type) return true;
  return filter.endsWith(".*") && type.startsWith(filter.slice(0, -1));
}

/** Whether a provider sends more events than are known. */
export function isOpen({ otherEvents, events }: Provider): boolean {
  return otherEvents === true || Object.keys(events).length === 0;
}

/** `; did you mean order.created?`, or nothing. */
export function nearTo(type: string, known: readonly string[]): string {
  const near = closest(type, known)[0];
  return near === undefined ? "" : `; did you mean ${near}?`;
}

/**
 * Checks which events an endpoint asks for: only its provider's, each once.
 * @returns the filters, and warnings about those that may miss something
 * @throws ApiProblem `body-invalid`, naming each that the provider does not send
 */
export function checkFilters(
  provider: Provider,
  filters: readonly string[],
): { events: string[]; warnings: { code: string; message: string }[] } {
  const events = [...new Set(filters)];
  const known = Object.keys(provider.events);
  const errors = filters.flatMap((filter, index) => {
    if (isOpen(provider) || known.some((type) => matches(filter, type))) return [];
    const message = `is ${filter}, which ${provider.title} does not send${nearTo(filter, known)}`;
    return [{ path: `events.${index}`, message }];
  });
  if (errors.length > 0) {
    throw new ApiProblem("body-invalid", `${provider.title} does not send all of these events`, {
      errors,
      nextSteps: [`see what it sends: hookline events types --provider ${provider.id}`],
    });
  }
  const wanted = (type: string): boolean => events.some((filter) => matches(filter, type));
  const warnings = Object.entries(provider.renamedEvents ?? {}).flatMap(([before, after]) => {
    if (wanted(before) === wanted(after)) return [];
    const [has, lacks] = wanted(before) ? [before, after] : [after, before];
    const message = `${provider.title} spells ${has} as ${lacks} too: subscribe to both, or one spelling is missed`;
    return [{ code: "event-renamed", message }];
  });
  return { events, warnings };
}
