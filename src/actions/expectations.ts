import { HooklineError } from "../errors.ts";
import type { Registry } from "../providers/index.ts";

/** Deliveries that must arrive: `provider/event`, or `provider/*` for any of its events. */
export interface Expectations {
  accept(provider: string | undefined, event: string | undefined): void;
  unmet(): string[];
}

/** @throws HooklineError `expectation-invalid`, `provider-unknown` */
export function createExpectations(expected: readonly string[], registry: Registry): Expectations {
  const open = new Set<string>();
  for (const text of expected) {
    const slash = text.indexOf("/");
    if (slash < 1 || slash === text.length - 1) {
      throw new HooklineError("expectation-invalid", `${JSON.stringify(text)} is not an expectation`, {
        nextSteps: [
          "write it as provider/event (fareplay/order.created), or provider/* for any of its events",
        ],
      });
    }
    registry.require(text.slice(0, slash));
    open.add(text);
  }
  return {
    accept(provider, event) {
      if (open.size === 0 || provider === undefined) return;
      open.delete(`${provider}/${event ?? ""}`);
      open.delete(`${provider}/*`);
    },
    unmet: () => [...open],
  };
}
