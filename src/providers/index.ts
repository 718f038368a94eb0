import { EXIT, HooklineError } from "../errors.ts";
import type { RawHeaders } from "../signing/types.ts";
import { closest } from "./closest.ts";
import type { Provider } from "./contract.ts";
import { fareplay } from "./fareplay.ts";
import { fikafi } from "./fikafi.ts";
import { fitaiid } from "./fitaiid.ts";
import { fjellride } from "./fjellride.ts";
import { fynn } from "./fynn.ts";
import { github } from "./github.ts";
import { shopify } from "./shopify.ts";
import { slack } from "./slack.ts";
import { standardWebhooks } from "./standard-webhooks.ts";
import { stripe } from "./stripe.ts";
import { svix } from "./svix.ts";

/** In the order they are listed and, where a request has headers of several, identified in. */
export const builtInProviders: readonly Provider[] = [
  fareplay,
  fynn,
  fikafi,
  stripe,
  fitaiid,
  fjellride,
  standardWebhooks,
  svix,
  github,
  shopify,
  slack,
];

export interface Registry {
  /** Custom providers first, then the built-in ones. */
  all: readonly Provider[];
  get(id: string): Provider | undefined;
  /** @throws {HooklineError} `provider-unknown`, exit 4, with the nearest name. */
  require(id: string): Provider;
  /** The first provider of `all` that one of the request's headers names; reads each header once. */
  identify(rawHeaders: RawHeaders): Provider | undefined;
  /** The providers that send the event; receivers of another's webhooks (`base`) are left out. */
  withEvent(event: string): Provider[];
}

/** All providers, looked up by id, by a request's headers or by event. Ids are taken to be unique. */
export function createRegistry(custom: readonly Provider[] = []): Registry {
  const all = [...custom, ...builtInProviders];
  const byId = new Map(all.map((provider) => [provider.id, provider]));
  const rankOfHeader = new Map<string, number>();
  all.forEach((provider, rank) => {
    for (const header of provider.identify) if (!rankOfHeader.has(header)) rankOfHeader.set(header, rank);
  });

  return {
    all,
    get: (id) => byId.get(id),
    require(id) {
      const provider = byId.get(id);
      if (provider) return provider;
      const near = nearest(id, [...byId.keys()]);
      throw new HooklineError("provider-unknown", `there is no provider called ${JSON.stringify(id)}`, {
        exitCode: EXIT.notFound,
        nextSteps: [
          ...(near === undefined ? [] : [`did you mean ${near}?`]),
          "list the providers: hookline providers list",
        ],
      });
    },
    identify(rawHeaders) {
      let first = all.length;
      for (let index = 0; index < rawHeaders.length; index += 2) {
        const rank = rankOfHeader.get((rawHeaders[index] ?? "").toLowerCase());
        if (rank !== undefined && rank < first) first = rank;
      }
      return all[first];
    },
    withEvent: (event) =>
      all.filter((provider) => provider.base === undefined && Object.hasOwn(provider.events, event)),
  };
}

/** The name that `text` begins or, failing that, the one a few typing errors away from it. */
function nearest(text: string, names: readonly string[]): string | undefined {
  const typed = text.slice(0, 60).toLowerCase();
  const begun = typed.length >= 2 ? names.find((name) => name.startsWith(typed)) : undefined;
  return begun ?? closest(typed, names)[0];
}
