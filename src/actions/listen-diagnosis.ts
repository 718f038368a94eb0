import type { Provider } from "../providers/contract.ts";
import type { Finding, RawHeaders } from "../signing/types.ts";
import { headerValue } from "../signing/headers.ts";
import { cpuTime } from "./cpu-time.ts";
import type { FailedRequest } from "./diagnosing.ts";
import { createRecent } from "./recent.ts";
import type { Workspace } from "./workspace.ts";

/** Diagnoses at most so many requests a second, … */
const perSecond = 5;
/** … for so many milliseconds of processor time of every second in all: a flood of bad signatures must not keep the machine busy. */
const msPerSecond = 100;
/** Milliseconds of it without which a search is not begun. */
const leastMs = 10;
/** Milliseconds for which the user's secrets are remembered. */
const secretsLastMs = 10_000;
/** Right deliveries among which a wrong one's signature and id are looked for. */
const remembered = 10_000;

/** Tells a listener why deliveries do not verify, as long as they are few. */
export interface Diagnoser {
  /** Remembers a delivery that verified. @param key of the delivery, the same for its repeats */
  verified(provider: Provider, headers: RawHeaders, key: string | undefined): void;
  /** Whether there is room for one more now; it is taken. */
  admit(): boolean;
  /**
   * @param key of the delivery, as for `verified`
   * @returns undefined where others have taken the time there was
   */
  explain(request: Omit<FailedRequest, "intact">, key: string | undefined): Promise<Finding[] | undefined>;
}

/**
 * @param clock milliseconds that only go forward
 * @param seed for the memory of what verified
 */
export function createDiagnoser(workspace: Workspace, clock: () => number, seed: number): Diagnoser {
  const recent = createRecent(2 * remembered, seed);
  const known = new Map<string, { at: number; secrets: ReturnType<typeof load> }>();
  const load = async (provider: Provider) =>
    (await import("./diagnosing.ts")).knownSecrets(workspace, provider);
  const secretsFor = (provider: Provider): ReturnType<typeof load> => {
    let found = known.get(provider.id);
    if (found === undefined || clock() - found.at > secretsLastMs) {
      found = { at: clock(), secrets: load(provider) };
      known.set(provider.id, found);
    }
    return found.secrets;
  };
  let second = clock();
  let begun = 0;
  let spentMs = 0;
  return {
    verified(provider, headers, key) {
      const signature = signatureOf(provider, headers);
      if (signature !== undefined) recent.seen(signature);
      if (key !== undefined && provider.dedupe !== "body") recent.seen(key);
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
      const { provider, headers } = request;
      const secrets = await secretsFor(provider);
      const { findCauses, usualLimits } = await import("./diagnosing.ts");
      const started = cpuTime();
      const milliseconds = Math.min(usualLimits.milliseconds, msPerSecond - spentMs);
      if (milliseconds < leastMs) return undefined;
      const signature = signatureOf(provider, headers);
      const intact =
        signature !== undefined && recent.has(signature)
          ? "signature"
          : key !== undefined && recent.has(key)
            ? "delivery"
            : undefined;
      const limits = { ...usualLimits, milliseconds };
      const findings = findCauses(workspace, { ...request, intact }, secrets, limits);
      spentMs += cpuTime() - started;
      return findings;
    },
  };
}

/** The value of the header that carries the signature, where it covers the body. */
function signatureOf({ signatures, id }: Provider, headers: RawHeaders): string | undefined {
  for (const scheme of signatures) {
    if (scheme.kind !== "hmac" && scheme.kind !== "ed25519") continue;
    const value = headerValue(headers, scheme.header);
    if (value !== undefined && value !== "") return `${id} ${value}`;
  }
  return undefined;
}
