/** When requests are due that start at a constant rate, reached in a straight line from nothing where there is a ramp. */
export interface Pace {
  /** Milliseconds from the start at which a request, counted from 0, is due. */
  dueAt(this: void, index: number): number;
  /** How many are due before that many milliseconds. */
  dueBefore(this: void, ms: number): number;
}

/** @param rate requests per second @param rampMs milliseconds until it is reached */
export function createPace(rate: number, rampMs: number): Pace {
  const perMs = rate / 1000;
  // The area under the ramp: so many are due in it.
  const inRamp = (perMs * rampMs) / 2;
  const dueAt = (index: number): number =>
    index < inRamp ? Math.sqrt((2 * rampMs * index) / perMs) : rampMs + (index - inRamp) / perMs;
  return {
    dueAt,
    dueBefore(ms) {
      if (ms <= 0) return 0;
      const area = ms < rampMs ? (perMs * ms * ms) / (2 * rampMs) : inRamp + perMs * (ms - rampMs);
      let count = Math.ceil(area);
      // What rounding moved across the border belongs to the side that `dueAt` says.
      while (count > 0 && dueAt(count - 1) >= ms) count--;
      while (dueAt(count) < ms) count++;
      return count;
    },
  };
}

/** How many may be under way at a moment, where that grows from one to all over the ramp. */
export function allowedAt(ms: number, most: number, rampMs: number): number {
  return ms >= rampMs ? most : Math.max(1, Math.min(most, Math.floor((most * ms) / rampMs) + 1));
}
