import { defaultRangeExtractor } from "@tanstack/virtual-core";
import type { JSX } from "preact";
import { useEffect, useLayoutEffect, useRef, useState } from "preact/hooks";
import { Row, rowId } from "./list-row.tsx";
import { findRow } from "./rows.ts";
import type { Rows } from "./rows.ts";
import { useVirtualizer } from "./virtual.ts";

/** Pixels of a row; the style sheet has the same. */
const rowHeight = { wide: 30, narrow: 54 };
/** Width in pixels under which a row takes two lines. */
const narrowBelow = 560;

interface ListProps {
  rows: Rows;
  selected: number | undefined;
  marked: number | undefined;
  loading: boolean;
  opened: Date;
  onSelect: (number: number) => void;
  /** The end came into sight. */
  onEnd: () => void;
}

/** The deliveries, newest first, of which only those in sight are in the document. */
export function List({ rows, selected, marked, loading, opened, onSelect, onEnd }: ListProps): JSX.Element {
  const scroller = useRef<HTMLDivElement>(null);
  const [narrow, setNarrow] = useState(false);
  const height = narrow ? rowHeight.narrow : rowHeight.wide;
  const found = selected === undefined ? -1 : findRow(rows, selected);
  const virtualizer = useVirtualizer({
    count: rows.length,
    getScrollElement: () => scroller.current,
    estimateSize: () => height,
    overscan: 8,
    // The selected row is the active descendant, so it stays in the document.
    rangeExtractor: (range) => {
      const indices = defaultRangeExtractor(range);
      return found < 0 || indices.includes(found) ? indices : [...indices, found];
    },
  });
  const unread = useKeptInPlace(scroller, rows, height);

  useLayoutEffect(() => {
    const element = scroller.current;
    if (element === null) return;
    const observer = new ResizeObserver(() => setNarrow(element.clientWidth < narrowBelow));
    observer.observe(element);
    return () => observer.disconnect();
  }, []);
  useLayoutEffect(() => virtualizer.measure(), [height]);
  useLayoutEffect(() => {
    if (found >= 0) virtualizer.scrollToIndex(found, { align: "auto" });
  }, [selected, height]);

  const items = virtualizer.getVirtualItems();
  const isAtEnd = (items.at(-1)?.index ?? 0) > rows.length - 200;
  useEffect(() => {
    if (isAtEnd && !loading) onEnd();
  }, [isAtEnd, rows.length, loading]);

  return (
    <div class={narrow ? "list narrow" : "list"}>
      <div class="columns" aria-hidden="true">
        <span />
        <span>Time</span>
        <span>Provider</span>
        <span>Event</span>
        <span class="id">Delivery</span>
        <span class="bytes">Size</span>
        <span class="status">Status</span>
        <span class="duration">Took</span>
      </div>
      <div
        ref={scroller}
        class="scroller"
        role="listbox"
        tabIndex={0}
        aria-label="Deliveries, newest first"
        aria-busy={loading}
        aria-activedescendant={found >= 0 && selected !== undefined ? rowId(selected) : undefined}
      >
        <div class="rows" role="presentation" style={{ height: `${virtualizer.getTotalSize()}px` }}>
          {items.map(({ index, start }) => {
            const delivery = rows[index];
            if (delivery === undefined) return null;
            return (
              <Row
                key={delivery.number}
                delivery={delivery}
                index={index}
                count={rows.length}
                selected={delivery.number === selected}
                marked={delivery.number === marked}
                offset={start}
                opened={opened}
                onSelect={onSelect}
              />
            );
          })}
        </div>
      </div>
      {unread > 0 && (
        <button type="button" class="unread" onClick={() => scroller.current?.scrollTo({ top: 0 })}>
          <span aria-hidden="true">↑ </span>
          {unread.toLocaleString("en-US")} new
        </button>
      )}
    </div>
  );
}

/**
 * Keeps what one reads where it is when deliveries are put in above it.
 * @returns how many are above since one scrolled away from the top
 */
function useKeptInPlace(scroller: { current: HTMLDivElement | null }, rows: Rows, height: number): number {
  const [unread, setUnread] = useState(0);
  const before = useRef(rows);
  useLayoutEffect(() => {
    const element = scroller.current;
    const old = before.current;
    before.current = rows;
    if (element === null || old === rows || element.scrollTop < height / 2) return;
    const anchor = old[Math.floor(element.scrollTop / height)];
    if (anchor === undefined) return;
    const was = findRow(old, anchor.number);
    const now = findRow(rows, anchor.number);
    const moved = (now < 0 ? ~now : now) - was;
    if (moved === 0) return;
    element.scrollTop += moved * height;
    if (moved > 0) setUnread((count) => count + moved);
  }, [rows]);
  useEffect(() => {
    const element = scroller.current;
    if (element === null || unread === 0) return;
    const onScroll = (): void => {
      if (element.scrollTop < height / 2) setUnread(0);
    };
    element.addEventListener("scroll", onScroll, { passive: true });
    return () => element.removeEventListener("scroll", onScroll);
  }, [unread > 0, height]);
  return unread;
}
