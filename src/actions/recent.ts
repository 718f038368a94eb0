/** Remembers the keys of the last so many deliveries. */
export interface Recent {
  /** Whether the key is among them; it is from now on. */
  seen(key: string): boolean;
}

/** A ring beside the map: a map that loses its oldest entry at every step would have to be searched for the next one. */
export function createRecent(size: number): Recent {
  const ring = new Array<string | undefined>(size).fill(undefined);
  const lastAt = new Map<string, number>();
  let count = 0;
  return {
    seen(key) {
      const slot = count % size;
      const oldest = ring[slot];
      // The oldest one's key may have come again since.
      if (oldest !== undefined && lastAt.get(oldest) === count - size) lastAt.delete(oldest);
      const known = lastAt.has(key);
      lastAt.set(key, count);
      ring[slot] = key;
      count++;
      return known;
    },
  };
}
