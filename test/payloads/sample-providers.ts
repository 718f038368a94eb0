import { HooklineError } from "../../src/errors.ts";
import type { Provider } from "../../src/providers/contract.ts";
import type { Registry } from "../../src/providers/index.ts";

/** A small provider of the given events. */
export function sampleProvider(
  id: string,
  events: readonly string[],
  more: Partial<Provider> = {},
): Provider {
  return {
    id,
    title: id,
    signatures: [{ kind: "none" }],
    headers: {},
    identify: [],
    eventFrom: [{ from: "pointer", pointer: "/type" }],
    envelope: {},
    dedupe: "body",
    ack: { timeoutMs: 1000, success: "2xx" },
    retry: { delaysMs: [] },
    events: Object.fromEntries(events.map((event) => [event, { description: event }])),
    secretEnv: "SAMPLE_WEBHOOK_SECRET",
    ...more,
  };
}

export function sampleRegistry(all: readonly Provider[]): Registry {
  const get = (id: string): Provider | undefined => all.find((provider) => provider.id === id);
  return {
    all,
    get,
    require(id) {
      const provider = get(id);
      if (provider === undefined) throw new HooklineError("provider-unknown", `no ${id}`, { exitCode: 4 });
      return provider;
    },
    identify: () => undefined,
    withEvent: (event) =>
      all.filter(({ base, events }) => base === undefined && Object.hasOwn(events, event)),
  };
}
