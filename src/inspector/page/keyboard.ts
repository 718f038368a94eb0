import { useEffect, useRef } from "preact/hooks";

/** What a key asks for, wherever the focus is but in a field. */
export type KeyName =
  | "next"
  | "previous"
  | "first"
  | "last"
  | "open"
  | "replay"
  | "edit"
  | "compare"
  | "curl"
  | "search"
  | "help"
  | "escape";

const anywhere: Readonly<Record<string, KeyName>> = {
  j: "next",
  k: "previous",
  r: "replay",
  e: "edit",
  x: "compare",
  c: "curl",
  "/": "search",
  "?": "help",
  Escape: "escape",
};

/** Keys that mean something of their own elsewhere: buttons take Enter, panes scroll by arrows. */
const inList: Readonly<Record<string, KeyName>> = {
  ArrowDown: "next",
  ArrowUp: "previous",
  Home: "first",
  End: "last",
  Enter: "open",
};

/** Calls `onKey` for the keys above, unless one is typing, a dialog is open or a modifier is held. */
export function useKeys(onKey: (key: KeyName) => void): void {
  const latest = useRef(onKey);
  latest.current = onKey;
  useEffect(() => {
    const onKeyDown = (event: KeyboardEvent): void => {
      if (event.defaultPrevented || event.ctrlKey || event.metaKey || event.altKey || event.isComposing)
        return;
      const target = event.target instanceof Element ? event.target : document.body;
      if (target.closest("input, textarea, select, dialog") !== null) return;
      if (document.querySelector("dialog[open]") !== null) return;
      const isInList = target === document.body || target.closest("[role=listbox]") !== null;
      const tables = isInList ? [anywhere, inList] : [anywhere];
      const key = tables.flatMap((table) => (Object.hasOwn(table, event.key) ? table[event.key] : []))[0];
      if (key === undefined) return;
      event.preventDefault();
      latest.current(key);
    };
    document.addEventListener("keydown", onKeyDown);
    return () => document.removeEventListener("keydown", onKeyDown);
  }, []);
}
