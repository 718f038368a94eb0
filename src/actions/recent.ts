/** Remembers the keys of the last so many deliveries. */
export interface Recent {
  /** Whether the key is among them; it is from now on. */
  seen(key: string): boolean;
}

/**
 * Keys are kept as hashes of 53 bits: ten thousand strings that each live for ten thousand deliveries would make the
 * process grow by half. Two keys of the same hash would have to meet, once in 10^11 deliveries.
 * @param seed keeps a sender from making keys that collide
 */
export function createRecent(size: number, seed: number): Recent {
  // A ring beside the map: a map that loses its oldest entry at every step would have to be searched for the next one.
  const ring = new Float64Array(size);
  const lastAt = new Map<number, number>();
  let count = 0;
  return {
    seen(key) {
      const hash = hash53(key, seed);
      const known = lastAt.has(hash);
      const slot = count % size;
      const oldest = ring[slot] ?? 0;
      // The oldest one's key may have come again since.
      if (count >= size && lastAt.get(oldest) === count - size) lastAt.delete(oldest);
      lastAt.set(hash, count);
      ring[slot] = hash;
      count++;
      return known;
    },
  };
}

/** Two rounds of multiply and mix side by side, as in MurmurHash3, made one whole number below 2^53. */
function hash53(text: string, seed: number): number {
  let high = 0xdeadbeef ^ seed;
  let low = 0x41c6ce57 ^ seed;
  for (let index = 0; index < text.length; index++) {
    const unit = text.charCodeAt(index);
    high = Math.imul(high ^ unit, 0x9e3779b1);
    low = Math.imul(low ^ unit, 0x5f356495);
  }
  high = Math.imul(high ^ (high >>> 16), 0x85ebca6b) ^ Math.imul(low ^ (low >>> 13), 0xc2b2ae35);
  low = Math.imul(low ^ (low >>> 16), 0x85ebca6b) ^ Math.imul(high ^ (high >>> 13), 0xc2b2ae35);
  return (high & 0x1fffff) * 2 ** 32 + (low >>> 0);
}
