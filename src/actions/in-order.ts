/** Tells things in the order in which they came, though some are known later than what came behind them. */
export interface InOrder<Item> {
  tell(item: Item): void;
  /**
   * Keeps the place of something that is not known yet.
   * @param make must not reject
   * @returns begins to find it out; to be called once
   */
  later(make: () => Promise<Item>): () => void;
  /** Resolves when nothing is left to tell. */
  settled(): Promise<void>;
}

export function createInOrder<Item>(report: (item: Item) => void): InOrder<Item> {
  /** From the first that is not known yet. */
  const waiting: { item?: Item }[] = [];
  let allTold: () => void = () => undefined;
  const tellKnown = (): void => {
    const unknown = waiting.findIndex((place) => !("item" in place));
    const known = waiting.splice(0, unknown === -1 ? waiting.length : unknown);
    for (const place of known) if ("item" in place) report(place.item);
    if (waiting.length === 0) allTold();
  };
  return {
    tell(item) {
      if (waiting.length === 0) report(item);
      else waiting.push({ item });
    },
    later(make) {
      const place: { item?: Item } = {};
      waiting.push(place);
      return () =>
        void make().then((item) => {
          place.item = item;
          tellKnown();
        });
    },
    async settled() {
      if (waiting.length > 0) await new Promise<void>((resolve) => (allTold = resolve));
    },
  };
}
