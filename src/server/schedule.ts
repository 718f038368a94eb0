import type { Provider } from "../providers/contract.ts";
import type { DeliveryChanges, DeliveryRow } from "../store/contract.ts";

/** Milliseconds that a `Retry-After` can put the next attempt off at most: a receiver must not keep a delivery for ever. */
const longestRetryAfterMs = 24 * 3_600_000;

/** How an attempt ended, as far as the schedule goes by it. */
export interface AttemptEnd {
  ok: boolean;
  /** It answered 410: nothing more is to be sent there. */
  isGone: boolean;
  /** What its `Retry-After` asked for. */
  retryAfterMs: number | undefined;
}

/**
 * What becomes of a delivery after an attempt. An automatic one that failed is followed by the next of the provider's
 * schedule, or by none. A manual one leaves the schedule as it is, and what was delivered once stays delivered.
 * @param now when the attempt ended, Unix milliseconds
 * @param random a number from 0 up to, not including, 1
 * @returns `isExhausted`: the schedule's last attempt has failed
 */
export function afterAttempt(
  delivery: DeliveryRow,
  { ok, isGone, retryAfterMs }: AttemptEnd,
  { delaysMs, jitter = 0 }: Provider["retry"],
  now: number,
  random: () => number,
): { changes: DeliveryChanges; isExhausted: boolean } {
  const { isManual, scheduledAt } = delivery;
  const attemptsMade = delivery.attemptsMade + 1;
  const automaticMade = delivery.automaticMade + (isManual ? 0 : 1);
  const hasSucceeded = ok || delivery.hasSucceeded;
  const over = (status: "succeeded" | "failed"): DeliveryChanges => ({
    status,
    attemptsMade,
    automaticMade,
    dueAt: null,
    scheduledAt: null,
    isManual: false,
    hasSucceeded,
  });
  const next = (at: number): DeliveryChanges => ({
    status: "pending",
    attemptsMade,
    automaticMade,
    dueAt: at,
    scheduledAt: at,
    isManual: false,
    hasSucceeded,
  });
  if (hasSucceeded) return { changes: over("succeeded"), isExhausted: false };
  if (isGone) return { changes: over("failed"), isExhausted: false };
  if (isManual)
    return { changes: scheduledAt === null ? over("failed") : next(scheduledAt), isExhausted: false };
  const delay = delaysMs[automaticMade - 1];
  if (delay === undefined) return { changes: over("failed"), isExhausted: true };
  const spread = delay * jitter * (2 * random() - 1);
  const asked = Math.min(retryAfterMs ?? 0, longestRetryAfterMs);
  return { changes: next(now + Math.round(Math.max(delay + spread, asked))), isExhausted: false };
}

/**
 * A `Retry-After` header: whole seconds, or an HTTP date (RFC 9110, 10.2.3).
 * @returns milliseconds from now; undefined where it says neither, or a time that has passed
 */
export function readRetryAfter(value: string | undefined, now: number): number | undefined {
  if (value === undefined || value.length > 100) return undefined;
  const text = value.trim();
  if (/^\d{1,10}$/.test(text)) return Number(text) * 1000;
  // Date.parse would take much that is no HTTP date, such as "-1".
  if (!/^[A-Z][a-z]{2,8},? /.test(text)) return undefined;
  // The oldest of the three forms names no zone; it means GMT too.
  const at = Date.parse(text.endsWith("GMT") ? text : `${text} GMT`);
  return at > now ? at - now : undefined;
}
