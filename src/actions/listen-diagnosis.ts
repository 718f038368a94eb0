import type { Provider } from "../providers/contract.ts";
import type { Intact } from "../signing/diagnose/index.ts";
import { parseContent, signedHeaders } from "../signing/content.ts";
import { headerValue } from "../signing/headers.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import { createCostClock } from "./cpu-time.ts";
import type { FailedRequest } from "./diagnosing.ts";
import type { Workspace } from "./workspace.ts";

/** Diagnoses at most so many requests a second, … */
const perSecond = 5;
/** … for so many milliseconds of every second in all: a flood of bad signatures must not keep the machine busy. */
const msPerSecond = 100;
/** Milliseconds of it without which a search is not begun. */
const leastMs = 10;
/** Milliseconds after which whoever else waits has a turn. */
const turnMs = 2;
/** Milliseconds for which the user's secrets are remembered. */
const secretsLastMs = 10_000;
/** Right deliveries among which a wrong one's signature and id are looked for, and bytes of a body kept for that. */
const remembered = 128;
const largestKept = 64 * 1024;

const none = new Uint8Array();

/** A delivery, as far as it is told from others. */
export interface Seen {
  provider: Provider;
  headers: RawHeaders;
  body: Uint8Array;
  /** The same for its repeats. */
  key: string | undefined;
}

/** Tells a listener why deliveries do not verify, as long as they are few. */
export interface Diagnoser {
  /** Remembers a delivery that verified. */
  verified(delivery: Seen): void;
  /** Whether there is room for one more now; it is taken. */
  admit(): boolean;
  /**
   * @param key of the delivery, as for `verified`
   * @returns undefined where others have taken the time there was
   */
  explain(request: Omit<FailedRequest, "intact">, key: string | undefined): Promise<Finding[] | undefined>;
}

/** @param clock milliseconds that only go forward */
export function createDiagnoser(workspace: Workspace, clock: () => number): Diagnoser {
  const recent: Seen[] = [];
  let count = 0;
  let known: { at: number; secrets: ReturnType<typeof load> } | undefined;
  const load = async () => (await import("./diagnosing.ts")).knownSecrets(workspace);
  const secrets = (): ReturnType<typeof load> => {
    if (known === undefined || clock() - known.at > secretsLastMs) {
      known = { at: clock(), secrets: load() };
      // What went wrong once is tried again.
      known.secrets.catch(() => (known = undefined));
    }
    return known.secrets;
  };
  let second = clock();
  let begun = 0;
  let spentMs = 0;
  return {
    verified(delivery) {
      const { provider, headers, body, key } = delivery;
      const small = body.length <= largestKept ? body : none;
      recent[count++ % remembered] = { provider, headers, body: small, key };
    },
    admit() {
      const seconds = Math.floor((clock() - second) / 1000);
      if (seconds > 0) {
        second += seconds * 1000;
        begun = 0;
        // What one took beyond its share is paid for later.
        spentMs = Math.max(0, spentMs - seconds * msPerSecond);
      }
      if (begun >= perSecond || msPerSecond - spentMs < leastMs) return false;
      begun++;
      return true;
    },
    async explain(request, key) {
      const own = await secrets();
      const { findCauses, usualLimits } = await import("./diagnosing.ts");
      const milliseconds = Math.min(usualLimits.milliseconds, msPerSecond - spentMs);
      if (milliseconds < leastMs) return undefined;
      const limits = { ...usualLimits, milliseconds };
      // What others do in their turns costs this search nothing.
      let before = 0;
      let turn = createCostClock();
      const cost = (): number => before + turn();
      const intact = seenBefore(recent, request, key);
      const steps = findCauses(workspace, { ...request, intact }, own, limits, cost);
      for (;;) {
        const step = steps.next();
        if (step.done === true) {
          spentMs += cost();
          return step.value;
        }
        if (turn() < turnMs) continue;
        before = cost();
        await new Promise((resolve) => setImmediate(resolve));
        turn = createCostClock();
      }
    },
  };
}

/** The same delivery among those that were right. */
function seenBefore(
  recent: readonly Seen[],
  { provider, headers }: Pick<FailedRequest, "provider" | "headers">,
  key: string | undefined,
): Intact | undefined {
  const signature = signatureOf(provider, headers);
  const same = recent.find(
    (one) =>
      one.provider.id === provider.id &&
      signature !== undefined &&
      signatureOf(one.provider, one.headers) === signature,
  );
  if (same !== undefined) return { by: "signature", body: kept(same) };
  const repeated = recent.find((one) => key !== undefined && one.key === key);
  return repeated === undefined ? undefined : { by: "delivery", body: kept(repeated) };
}

function kept({ body }: Seen): Uint8Array | undefined {
  return body.length === 0 ? undefined : body;
}

/** All that is signed but the body: the signature, and the headers that it covers; undefined where there is none. */
function signatureOf({ signatures }: Provider, headers: RawHeaders): string | undefined {
  for (const scheme of signatures) {
    if (scheme.kind !== "hmac" && scheme.kind !== "ed25519") continue;
    const value = headerValue(headers, scheme.header);
    if (value === undefined || value === "") continue;
    const covered = signedHeaders(parseContent(scheme.content));
    const names = scheme.timestamp === undefined ? covered : [...covered, scheme.timestamp.header];
    return JSON.stringify([value, ...names.map((name) => headerValue(headers, name) ?? null)]);
  }
  return undefined;
}
