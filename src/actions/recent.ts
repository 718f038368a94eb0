/** Remembers the last so many keys. */
export interface Recent {
  /** Whether the key is among them; it is from now on. */
  seen(key: string): boolean;
}

export function createRecent(size: number): Recent {
  const keys = new Set<string>();
  return {
    seen(key) {
      const known = keys.delete(key);
      keys.add(key);
      if (keys.size > size) {
        // A set keeps the order of insertion, so the first is the oldest.
        const [oldest] = keys;
        if (oldest !== undefined) keys.delete(oldest);
      }
      return known;
    },
  };
}
