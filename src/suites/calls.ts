import type { Mismatch } from "./expectations.ts";
import type { StubCall } from "./stub.ts";

/** Calls that something waits for. */
export interface Wanted {
  /** Those that count for it so far, in the order they came. */
  calls(): StubCall[];
  /** How many of them came: never more than wanted, unless none is. */
  actual(): number;
  /** What is wrong with each call that came since and counts for nobody. */
  others(): { call: StubCall; mismatches: readonly Mismatch[] }[];
  /** Its calls stay its own; no more are looked for. */
  close(): void;
}

export interface WantedOptions {
  /** How many; 0 wants none. */
  times: number;
  /** Index of the first call that may count. */
  from: number;
  check: (call: StubCall) => readonly Mismatch[];
}

/** Hands calls out to those who want them: each call counts for one, and all get theirs where there is a way to. */
export interface Claims {
  want(options: WantedOptions): Wanted;
}

interface Open extends WantedOptions {
  open: boolean;
  count: number;
  checked: Map<number, readonly Mismatch[]>;
}

/** @param calls grows while it is used */
export function createClaims(calls: readonly StubCall[]): Claims {
  /** Who has the call of an index. */
  const owners = new Map<number, Open>();
  let openOnes: Open[] = [];

  const mismatches = (wanted: Open, index: number): readonly Mismatch[] => {
    const known = wanted.checked.get(index);
    if (known !== undefined) return known;
    const found = wanted.check(calls[index] as StubCall);
    wanted.checked.set(index, found);
    return found;
  };
  /** One more call for it: a free one, or that of another who can take another one instead (Kuhn's algorithm). */
  const take = (wanted: Open, seen: Set<number>): boolean => {
    for (let index = wanted.from; index < calls.length; index++) {
      const owner = owners.get(index);
      if (owner === wanted || seen.has(index) || owner?.open === false) continue;
      if (mismatches(wanted, index).length > 0) continue;
      seen.add(index);
      if (owner !== undefined && !take(owner, seen)) continue;
      owners.set(index, wanted);
      return true;
    }
    return false;
  };
  const settle = (): void => {
    for (const wanted of openOnes)
      while (wanted.count < wanted.times && take(wanted, new Set())) wanted.count++;
  };
  const since = ({ from }: Open): number[] => calls.flatMap((_, index) => (index >= from ? [index] : []));

  return {
    want(options) {
      const wanted: Open = { ...options, open: true, count: 0, checked: new Map() };
      openOnes.push(wanted);
      const unclaimed = (): number[] => since(wanted).filter((index) => !owners.has(index));
      return {
        calls() {
          settle();
          return since(wanted)
            .filter((index) => owners.get(index) === wanted)
            .map((index) => calls[index] as StubCall);
        },
        actual() {
          settle();
          if (wanted.times > 0) return wanted.count;
          return unclaimed().filter((index) => mismatches(wanted, index).length === 0).length;
        },
        others() {
          settle();
          return unclaimed().map((index) => ({
            call: calls[index] as StubCall,
            mismatches: mismatches(wanted, index),
          }));
        },
        close() {
          settle();
          wanted.open = false;
          openOnes = openOnes.filter((one) => one !== wanted);
        },
      };
    },
  };
}
