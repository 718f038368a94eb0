import type { ListenDelivery } from "../actions/listen-events.ts";

/** What a delivery is told apart by; its body is not held on to. */
export interface Traits {
  /** Provider, event, ids and path, lower case. */
  words: readonly string[];
  states: readonly State[];
}

type State = "failed" | "rejected" | "verified" | "unverified";

const states: readonly string[] = ["failed", "rejected", "verified", "unverified"] satisfies State[];

/** `failed`: the app did not take it. */
export function traitsOf(delivery: ListenDelivery): Traits {
  const { provider, event, id, deliveryId, target, accepted, verified, forwards } = delivery;
  const words = [provider, event, id, deliveryId, target].flatMap((word) => word?.toLowerCase() ?? []);
  if (!accepted) return { words, states: ["rejected"] };
  const failed: State[] = forwards.some(({ ok }) => !ok) ? ["failed"] : [];
  return { words, states: [verified === true ? "verified" : "unverified", ...failed] };
}

/**
 * Reads a filter: every word of it must be in one of a delivery's words (`*` stands for any characters), or be a state
 * that it is in. @returns undefined where it asks for nothing
 */
export function parseFilter(text: string): ((traits: Traits) => boolean) | undefined {
  const wanted = text.toLowerCase().split(/\s+/).filter(Boolean);
  if (wanted.length === 0) return undefined;
  return (traits) =>
    wanted.every((word) =>
      states.includes(word)
        ? traits.states.some((state) => state === word)
        : traits.words.some((own) => holds(own, word.split("*"))),
    );
}

/** Whether the parts stand in the text one after the other. */
function holds(text: string, parts: readonly string[]): boolean {
  let from = 0;
  return parts.every((part) => {
    const at = text.indexOf(part, from);
    from = at + part.length;
    return at >= 0;
  });
}
