/** Work that is begun when its time comes, and waited for. */
export interface Pending {
  /** @returns begins the work; to be called once */
  add(work: () => Promise<void>): () => void;
  /** Resolves when all that was added is done. */
  settled(): Promise<void>;
}

export function createPending(): Pending {
  let open = 0;
  let allDone: () => void = () => undefined;
  const done = (): void => {
    open--;
    if (open === 0) allDone();
  };
  return {
    add(work) {
      open++;
      return () => void work().finally(done);
    },
    async settled() {
      if (open > 0) await new Promise<void>((resolve) => (allDone = resolve));
    },
  };
}
