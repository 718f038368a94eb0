/** How much a search may cost. */
export interface Limits {
  /** Signatures computed at most. */
  signatures: number;
  /** Milliseconds after which nothing more is begun. */
  milliseconds: number;
  /** Bytes of the largest body whose every form is tried; of a larger one only what costs little. */
  bodyBytes: number;
  /** Values that a JSON document may hold to be written in every way. */
  jsonValues: number;
  /** Bytes of the largest body of which two things are tried at once. */
  pairBytes: number;
  /** Bytes that a compressed body may decompress to. */
  decompressedBytes: number;
}

/** What a search costs at most unless told otherwise: what is begun last is done within 50 ms. */
export const usualLimits: Limits = {
  signatures: 64,
  milliseconds: 40,
  bodyBytes: 256 * 1024,
  jsonValues: 20_000,
  pairBytes: 256 * 1024,
  decompressedBytes: 1024 * 1024,
};

/** For whoever waits for one verdict and wants to know: a minute at most, and memory for some copies of the body. */
export const thoroughLimits: Limits = {
  signatures: 5_000,
  milliseconds: 60_000,
  bodyBytes: 16 * 1024 * 1024,
  jsonValues: 5_000_000,
  pairBytes: 1024 * 1024,
  decompressedBytes: 64 * 1024 * 1024,
};

export interface Budget {
  /** Pays for one signature; false where nothing more may be spent. */
  take: () => boolean;
  /** Whether it ran out. */
  spent: () => boolean;
  /** Whether the time is up, for work that computes no signature. */
  late: () => boolean;
  /** Says that everything has been tried by itself; what follows are pairs. */
  singlesTried: () => void;
  /** Whether so much was tried. */
  complete: () => boolean;
}

/** @param clock milliseconds that only go forward */
export function createBudget({ signatures, milliseconds }: Limits, clock: () => number): Budget {
  const end = clock() + milliseconds;
  let left = signatures;
  let spent = false;
  let complete = false;
  return {
    take() {
      spent ||= left <= 0 || clock() >= end;
      left--;
      return !spent;
    },
    spent: () => spent,
    late: () => clock() >= end,
    singlesTried: () => void (complete = !spent),
    complete: () => complete,
  };
}
