/** Draws that are the same for the same seed, on every machine. */
export interface Draw {
  /** A whole number from 0 to `below` - 1. */
  int: (below: number) => number;
  pick: <Value>(values: readonly Value[]) => Value;
  chance: (share: number) => boolean;
  bytes: (count: number) => Buffer;
  hex: (characters: number) => string;
}

/** @param seed any text; texts that differ give draws that have nothing in common */
export function createDraw(seed: string): Draw {
  // FNV-1a for the seed, mulberry32 for the sequence.
  let state = 0x811c9dc5;
  for (let index = 0; index < seed.length; index++)
    state = Math.imul(state ^ seed.charCodeAt(index), 0x01000193) >>> 0;
  const word = (): number => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (mixed ^ (mixed >>> 14)) >>> 0;
  };
  const next = (): number => word() / 0x100000000;
  const int = (below: number): number => Math.floor(next() * below);
  const bytes = (count: number): Buffer => {
    const words = Buffer.allocUnsafe(Math.ceil(count / 4) * 4);
    for (let at = 0; at < words.length; at += 4) words.writeUInt32LE(word(), at);
    return words.subarray(0, count);
  };
  return {
    int,
    bytes,
    pick: (values) => {
      const value = values[int(values.length)];
      if (value === undefined) throw new Error("nothing to pick from");
      return value;
    },
    chance: (share) => next() < share,
    hex: (characters) =>
      bytes(Math.ceil(characters / 2))
        .toString("hex")
        .slice(0, characters),
  };
}
