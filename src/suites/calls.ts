import type { Mismatch } from "./expectations.ts";
import type { StubCall } from "./stub.ts";

/** Calls that something waits for. */
export interface Wanted {
  /** Those that count for it so far, in the order they came: never more than wanted. */
  calls(): StubCall[];
  /** How many came: those that count for it, and surplus ones that fit and count for nobody. */
  actual(): number;
  /** What is wrong with each call that came since and counts for nobody. */
  others(): { call: StubCall; mismatches: readonly Mismatch[] }[];
  /** Its calls stay its own; no more are looked for. */
  close(): void;
}

export interface WantedOptions {
  /** How many; 0 wants none. */
  times: number;
  /** Whether more may come. */
  orMore?: boolean;
  /** Index of the first call that may count. */
  from: number;
  check: (call: StubCall) => readonly Mismatch[];
}

/** Hands calls out to those who want them: each call counts for one, and all get theirs where there is a way to. */
export interface Claims {
  want(options: WantedOptions): Wanted;
  /** Calls since an index that fit nobody who is open, and somebody closed who has all of his: surplus ones, come late. Each is told once. */
  late(from: number): StubCall[];
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
  /** Those that wanted so many calls and no more. */
  const closed: Open[] = [];
  const told = new Set<number>();

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
  const indices = (from: number): number[] => calls.flatMap((_, index) => (index >= from ? [index] : []));
  const fits = (wanted: Open, index: number): boolean =>
    index >= wanted.from && mismatches(wanted, index).length === 0;
  /** Calls that count for nobody. */
  const free = (from: number): number[] => indices(from).filter((index) => !owners.has(index));
  /** Those that nobody may have either. */
  const surplus = (from: number): number[] =>
    free(from).filter((index) => !openOnes.some((one) => one.orMore === true && fits(one, index)));

  return {
    want(options) {
      const wanted: Open = { ...options, open: true, count: 0, checked: new Map() };
      openOnes.push(wanted);
      return {
        calls() {
          settle();
          return indices(wanted.from)
            .filter((index) => owners.get(index) === wanted)
            .map((index) => calls[index] as StubCall);
        },
        actual() {
          settle();
          const more = wanted.orMore === true ? free(wanted.from) : surplus(wanted.from);
          return wanted.count + more.filter((index) => fits(wanted, index)).length;
        },
        others() {
          settle();
          return free(wanted.from).map((index) => ({
            call: calls[index] as StubCall,
            mismatches: mismatches(wanted, index),
          }));
        },
        close() {
          settle();
          if (wanted.orMore === true) {
            for (const index of free(wanted.from)) if (fits(wanted, index)) owners.set(index, wanted);
          } else if (wanted.times > 0 && wanted.count === wanted.times) closed.push(wanted);
          wanted.open = false;
          openOnes = openOnes.filter((one) => one !== wanted);
        },
      };
    },
    late(from) {
      settle();
      const late = free(from).filter(
        (index) =>
          !told.has(index) &&
          !openOnes.some((one) => fits(one, index)) &&
          closed.some((one) => fits(one, index)),
      );
      for (const index of late) told.add(index);
      return late.map((index) => calls[index] as StubCall);
    },
  };
}
