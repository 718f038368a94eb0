import type { Courier, Sent } from "../../src/server/courier.ts";
import type { ClaimedDelivery } from "../../src/store/contract.ts";

/** How an attempt went that was answered with a status, or with nothing (null). */
export function answered(status: number | null): Sent {
  const ok = status !== null && status >= 200 && status < 300;
  return {
    ok,
    isGone: status === 410,
    retryAfterMs: undefined,
    isAborted: false,
    attempt: {
      startedAt: 0,
      durationMs: 1,
      status,
      error: ok ? null : status === null ? "timeout" : "status",
      message: null,
      answer: null,
      answerBytes: null,
    },
  };
}

/** Sends nothing: what it is given waits until the test ends it. */
export interface HeldCourier extends Courier {
  /** All it was ever given. */
  taken: ClaimedDelivery[];
  /** How many wait, in all or of an endpoint, and how many of all ever did at once. */
  waiting(endpointId?: string): number;
  most(): number;
  /** Resolves once it was given so many in all. */
  until(taken: number): Promise<void>;
  /** Ends so many of those that wait, the longest waiting first; all where nothing is said. */
  end(sent?: Sent, count?: number): void;
}

export function heldCourier(): HeldCourier {
  const taken: ClaimedDelivery[] = [];
  const held: { claimed: ClaimedDelivery; resolve: (sent: Sent) => void }[] = [];
  let looking: (() => void)[] = [];
  let most = 0;
  const end: HeldCourier["end"] = (sent = answered(200), count = held.length) => {
    for (const { resolve } of held.splice(0, count)) resolve(sent);
  };
  return {
    taken,
    end,
    most: () => most,
    waiting: (endpointId) =>
      held.filter(({ claimed }) => endpointId === undefined || claimed.endpoint.id === endpointId).length,
    async until(count) {
      while (taken.length < count) await new Promise<void>((resolve) => looking.push(resolve));
    },
    send(claimed) {
      taken.push(claimed);
      const sent = new Promise<Sent>((resolve) => held.push({ claimed, resolve }));
      most = Math.max(most, held.length);
      const woken = looking;
      looking = [];
      for (const look of woken) look();
      return sent;
    },
    close: async () => end({ ...answered(null), isAborted: true }),
  };
}
