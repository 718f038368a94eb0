import type { Provider } from "../../providers/contract.ts";
import { tamperingsOf, type Tampering } from "../../transport/tamper.ts";

/** What of a handler is checked, in the order it is. */
export const areas = ["accepts", "refuses", "survives", "answers"] as const;
export type Area = (typeof areas)[number];

/** The check of each way to tamper. */
export const refusals = {
  missing: "refuses-missing-signature",
  empty: "refuses-empty-signature",
  malformed: "refuses-malformed-signature",
  signature: "refuses-wrong-signature",
  truncated: "refuses-truncated-signature",
  secret: "refuses-other-secret",
  body: "refuses-tampered-body",
  timestamp: "refuses-stale-timestamp",
  future: "refuses-future-timestamp",
  redated: "refuses-redated-signature",
  duplicate: "refuses-second-signature",
} as const satisfies Record<Tampering, string>;

/** Further forgeries: some handlers verify only what comes in the usual form. */
const furtherRefusals = ["refuses-empty-secret", "refuses-every-event", "refuses-every-form"] as const;

/** What senders do, apart from sending what is right and once. */
const survivals = [
  "duplicates",
  "out-of-order",
  "unknown-event",
  "unicode",
  "unicode-escaped",
  "large-body",
  "slow-body",
  "content-type-charset",
  "content-type-case",
  "content-type-none",
  "content-type-text",
  "twenty-at-once",
] as const;

export type CheckKind =
  | "accepts-event"
  | (typeof refusals)[Tampering]
  | "refuses-wrong-ending"
  | (typeof furtherRefusals)[number]
  | (typeof survivals)[number]
  | "in-time"
  | "alive";

/** Every kind, but for the events that have to be accepted. */
export const checkKinds: readonly CheckKind[] = [
  ...Object.values(refusals),
  "refuses-wrong-ending",
  ...furtherRefusals,
  ...survivals,
  "in-time",
  "alive",
];

/**
 * Checks that are noted and not scored.
 * Two signature headers, one of them right: whoever sent it has the secret, so that nothing forged comes in.
 * `application/JSON` is the same type by RFC 9110 (8.3.1), but hardly a sender writes it; none and `text/plain` are
 * what a proxy or a hand-made sender sends, never a provider that is known here.
 */
const unscored: ReadonlySet<CheckKind> = new Set<CheckKind>([
  "refuses-second-signature",
  "content-type-case",
  "content-type-none",
  "content-type-text",
]);

export interface Check {
  /** Stable, in kebab-case: `accepts-order-created`, `refuses-missing-signature`, `large-body`. */
  id: string;
  area: Area;
  kind: CheckKind;
  /** Whether it counts. */
  scored: boolean;
  /** Name of the event that has to be accepted. */
  event?: string;
  tampering?: Tampering;
}

/** Why a check does not apply to a provider. */
export type LeftOutReason =
  | "unsigned"
  | "no-time"
  | "future-accepted"
  | "several-signatures"
  | "body-unsigned"
  | "credential"
  | "no-hmac"
  | "no-event-name"
  | "one-event"
  | "no-json"
  | "proxied";

export interface LeftOut {
  kind: CheckKind;
  reason: LeftOutReason;
}

export interface Plan {
  checks: Check[];
  leftOut: LeftOut[];
}

/** What can be done with a provider's payloads. */
export interface Possible {
  /** Names of the events there is a payload of, in their order; none for a payload without a name. */
  events: readonly (string | undefined)[];
  /** Whether requests name their event, in a header or in the body. */
  namesEvents: boolean;
  /** Whether the body of the payloads is a JSON object. */
  json: boolean;
  /** Whether a proxy stands between, which would gather a slow body. */
  proxied: boolean;
}

/** Every check that applies to a provider, in order, and why the others do not. */
export function planChecks(provider: Provider, possible: Possible): Plan {
  const accepts = acceptsOf(possible.events);
  const { checks: refuses, leftOut } = refusesOf(provider, possible);
  const survives = survivals.flatMap((kind): Check[] => {
    const reason = whyNot(kind, possible);
    if (reason !== undefined) leftOut.push({ kind, reason });
    return reason === undefined ? [checkOf(kind, "survives")] : [];
  });
  const answers = (["in-time", "alive"] as const).map((kind) => checkOf(kind, "answers"));
  return { checks: [...accepts, ...refuses, ...survives, ...answers], leftOut };
}

function acceptsOf(events: Possible["events"]): Check[] {
  const taken = new Set<string>();
  return events.map((event) => {
    const base = acceptsId(event);
    let id = base;
    for (let more = 2; taken.has(id); more++) id = `${base}-${more}`;
    taken.add(id);
    const check: Check = { id, area: "accepts", kind: "accepts-event", scored: true };
    return event === undefined ? check : { ...check, event };
  });
}

/** The id of the check that an event is accepted, where no other event's is the same: `accepts-order-created`. */
export function acceptsId(event = "a-delivery"): string {
  const slug = event.replace(/[^A-Za-z0-9]+/g, "-").replace(/^-|-$/g, "");
  return `accepts-${slug.replace(/([a-z])([A-Z])/g, "$1-$2").toLowerCase()}`;
}

function refusesOf(provider: Provider, { events }: Possible): Plan {
  const possible = tamperingsOf(provider);
  const leftOut: LeftOut[] = [];
  const checks = (Object.entries(refusals) as [Tampering, (typeof refusals)[Tampering]][]).flatMap(
    ([tampering, kind]): Check[] => {
      if (possible.includes(tampering)) return [{ ...checkOf(kind, "refuses"), tampering }];
      leftOut.push({ kind, reason: whyNotRefused(tampering, provider) });
      return [];
    },
  );
  const ending: CheckKind = "refuses-wrong-ending";
  if (possible.includes("truncated")) checks.push(checkOf(ending, "refuses"));
  else leftOut.push({ kind: ending, reason: whyNotRefused("truncated", provider) });
  for (const kind of furtherRefusals) {
    const reason = whyNotFurther(kind, provider, events.length);
    if (reason === undefined) checks.push(checkOf(kind, "refuses"));
    else leftOut.push({ kind, reason });
  }
  return { checks, leftOut };
}

function whyNotFurther(
  kind: (typeof furtherRefusals)[number],
  { signatures: [scheme] }: Provider,
  events: number,
): LeftOutReason | undefined {
  if (scheme === undefined || scheme.kind === "none") return "unsigned";
  if (kind === "refuses-empty-secret" && scheme.kind !== "hmac") return "no-hmac";
  return kind === "refuses-every-event" && events < 2 ? "one-event" : undefined;
}

function whyNotRefused(tampering: Tampering, { signatures: [scheme] }: Provider): LeftOutReason {
  if (scheme === undefined || scheme.kind === "none") return "unsigned";
  if (scheme.kind === "bearer" || scheme.kind === "basic") return "credential";
  if (tampering === "body") return "body-unsigned";
  if (tampering === "duplicate") return "several-signatures";
  return tampering === "future" && scheme.timestamp !== undefined ? "future-accepted" : "no-time";
}

function whyNot(
  kind: CheckKind,
  { events, namesEvents, json, proxied }: Possible,
): LeftOutReason | undefined {
  switch (kind) {
    case "out-of-order":
      return events.length < 2 ? "one-event" : undefined;
    case "unknown-event":
      return namesEvents ? undefined : "no-event-name";
    case "unicode":
    case "unicode-escaped":
    case "large-body":
      return json ? undefined : "no-json";
    case "slow-body":
      return proxied ? "proxied" : undefined;
    default:
      return undefined;
  }
}

function checkOf(kind: Exclude<CheckKind, "accepts-event">, area: Area): Check {
  return { id: kind, area, kind, scored: !unscored.has(kind) };
}
