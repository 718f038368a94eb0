/** Tells things in the order in which they came, though some are known later than what came behind them. */
export interface InOrder<Item> {
  tell(item: Item): void;
  /**
   * Keeps the place of something of which more is to be known.
   * @param item as it is known now, which is told where too much would have to wait for it
   * @param more must not reject
   * @returns begins to find it out; to be called once
   */
  later(item: Item, more: () => Promise<Item>): () => void;
  /** Resolves when nothing is left to tell. */
  settled(): Promise<void>;
}

/**
 * @param sizeOf what an item takes while it waits
 * @param most that may wait, in all
 */
export function createInOrder<Item>(
  report: (item: Item) => void,
  { sizeOf, most }: { sizeOf: (item: Item) => number; most: number },
): InOrder<Item> {
  /** From the first that is not known yet. */
  const waiting: { item: Item; isKnown: boolean }[] = [];
  let size = 0;
  let allTold: () => void = () => undefined;
  const tellKnown = (): void => {
    const unknown = waiting.findIndex(({ isKnown }) => !isKnown);
    for (const { item } of waiting.splice(0, unknown === -1 ? waiting.length : unknown)) {
      size -= sizeOf(item);
      report(item);
    }
    if (waiting.length === 0) allTold();
  };
  const wait = (place: { item: Item; isKnown: boolean }): void => {
    waiting.push(place);
    size += sizeOf(place.item);
    while (size > most && waiting[0] !== undefined) {
      waiting[0].isKnown = true;
      tellKnown();
    }
  };
  return {
    tell(item) {
      if (waiting.length === 0) report(item);
      else wait({ item, isKnown: true });
    },
    later(item, more) {
      const place = { item, isKnown: false };
      wait(place);
      return () =>
        void more().then((found) => {
          if (place.isKnown) return;
          size += sizeOf(found) - sizeOf(place.item);
          Object.assign(place, { item: found, isKnown: true });
          tellKnown();
        });
    },
    async settled() {
      if (waiting.length > 0) await new Promise<void>((resolve) => (allTold = resolve));
    },
  };
}
