/** Counts failures by network address, so that guessing is slow. What succeeds is never held up. */
export interface FailureLimiter {
  /** Takes note of a failure. @returns seconds to wait where there were too many, else undefined */
  fail(address: string): number | undefined;
}

/** Failures an address may have at once, and milliseconds until one is forgiven. */
const burst = 20;
const forgiveMs = 3000;
/** Addresses remembered at most: the oldest is forgotten first. */
const mostAddresses = 10_000;

/** @param now Unix milliseconds */
export function createFailureLimiter(now: () => number): FailureLimiter {
  /** Per network, the time at which all its failures are forgiven. */
  const forgivenAt = new Map<string, number>();
  return {
    fail(address) {
      const network = networkOf(address);
      const time = now();
      const begin = Math.max(forgivenAt.get(network) ?? 0, time);
      const owed = begin - time;
      if (owed > (burst - 1) * forgiveMs) return Math.ceil((owed - (burst - 1) * forgiveMs) / 1000);
      forgivenAt.delete(network);
      forgivenAt.set(network, begin + forgiveMs);
      if (forgivenAt.size > mostAddresses) {
        const [oldest = ""] = forgivenAt.keys();
        forgivenAt.delete(oldest);
      }
      return undefined;
    },
  };
}

/** One IPv6 customer has a whole /64. */
function networkOf(address: string): string {
  if (!address.includes(":") || address.includes(".")) return address;
  const [before = "", after] = address.replace(/%.*$/, "").split("::");
  const head = before.split(":").filter(Boolean);
  const tail = after?.split(":").filter(Boolean) ?? [];
  const gap = new Array<string>(after === undefined ? 0 : Math.max(0, 8 - head.length - tail.length)).fill(
    "0",
  );
  return [...head, ...gap, ...tail].slice(0, 4).join(":");
}
