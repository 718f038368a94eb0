import { HooklineError } from "../errors.ts";

interface Lack {
  message: string;
  nextSteps: readonly string[];
}

const noKeys: Lack = {
  message: "Stripe has no API for its API keys",
  nextSteps: [
    "manage them in the Dashboard under Developers › API keys: https://dashboard.stripe.com/apikeys",
  ],
};
const noRotation: Lack = {
  message: "Stripe has no API that rolls a signing secret",
  nextSteps: [
    "roll it in the Dashboard under Developers › Webhooks: https://dashboard.stripe.com/webhooks",
    "while both secrets sign, give your application both",
  ],
};
const ownEvents = [
  "send one yourself, signed: hookline replay stripe/checkout.session.completed --to TARGET",
  "or have Stripe make one in test mode, with its own CLI: stripe trigger checkout.session.completed",
];

/** What Stripe's API does not offer, and where it is done instead. */
const lacks = {
  health: {
    message: "Stripe's API has no health check",
    nextSteps: ["see https://status.stripe.com, or try the key: hookline whoami"],
  },
  "keys.list": noKeys,
  "keys.create": noKeys,
  "keys.get": noKeys,
  "keys.rotate": noKeys,
  "keys.retire": noKeys,
  "keys.revoke": noKeys,
  "endpoints.rotateSecret": noRotation,
  "endpoints.retireSecret": noRotation,
  "endpoints.restoreSecret": noRotation,
  "endpoints.test": {
    message: "Stripe has no API that sends an endpoint a test event",
    nextSteps: ownEvents,
  },
  "events.publish": {
    message: "Stripe has no API that publishes an event: it makes them of what happens in the account",
    nextSteps: ownEvents,
  },
  "deliveries.retryMany": {
    message: "Stripe resends one event at a time",
    nextSteps: [
      "name each: hookline deliveries retry evt_… evt_…",
      "see which there are: hookline deliveries list --status failed",
    ],
  },
  "deliveries.changes": {
    message: "Stripe has no API that tells what changes of its deliveries",
    nextSteps: [
      "see which failed: hookline deliveries list --status failed",
      "or watch them in the Dashboard under Developers › Webhooks: https://dashboard.stripe.com/webhooks",
    ],
  },
  "activity.list": {
    message: "Stripe has no API for the log of requests",
    nextSteps: ["see it in the Dashboard under Developers › Logs: https://dashboard.stripe.com/logs"],
  },
} as const satisfies Record<string, Lack>;

type Unsupported = keyof typeof lacks;

/** For each route that Stripe does not offer, what fails with `stripe-unsupported`. */
export const unsupported = Object.fromEntries(
  Object.entries(lacks).map(([name, { message, nextSteps }]) => [
    name,
    () => Promise.reject(stripeUnsupported(message, nextSteps)),
  ]),
) as Record<Unsupported, () => Promise<never>>;

export function stripeUnsupported(message: string, nextSteps: readonly string[]): HooklineError {
  return new HooklineError("stripe-unsupported", message, { nextSteps });
}
