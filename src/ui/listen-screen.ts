import type { ListenDelivery, ListenReady, ListenReplayed } from "../actions/listen-events.ts";
import { wrap } from "./cells.ts";
import { count } from "./format.ts";
import { deliveryLines, replayedLines, type DeliveryView, type PrintMode } from "./listen-delivery.ts";
import { parseFilter, traitsOf } from "./listen-filter.ts";
import { keyLines, readyLines, type KeyHint } from "./listen-ready.ts";
import type { Output } from "./output.ts";
import { safeLine } from "./safe.ts";

/** What waits at most while a question is open: deliveries, and characters of what is printed of them. */
const mostHeld = { count: 1000, characters: 16 * 1024 * 1024 };

/** Clears the screen and what has scrolled off it, and goes to its first line. */
const clearing = "\x1b[2J\x1b[3J\x1b[H";

/** What a listener prints for people. */
export interface ListenScreen {
  /** @param keys that can be pressed */
  ready(ready: ListenReady, keys: readonly KeyHint[]): void;
  delivery(delivery: ListenDelivery): void;
  replayed(replayed: ListenReplayed): void;
  /** Says something of its own; the text is made safe here. */
  note(text: string): void;
  /** An address to be taken from the screen, whole. */
  address(url: string): void;
  /** The keys, once more. */
  help(): void;
  /** Empties the terminal and begins again with the head. */
  clear(): void;
  /** From now on only deliveries that fit are printed; an empty text ends that. */
  filter(text: string): void;
  /** Nothing is printed while a question is open, … */
  hold(): void;
  /** … and all that came meanwhile is printed behind it. */
  release(): void;
}

export function createScreen(output: Output, print: PrintMode, now: () => number): ListenScreen {
  const { out, err } = output;
  let head: { ready: ListenReady; keys: readonly KeyHint[] } | undefined;
  let filter: { text: string; fits: NonNullable<ReturnType<typeof parseFilter>>; hidden: number } | undefined;
  let held: { show: () => void; size: number }[] | undefined;
  let heldCharacters = 0;
  let dropped = 0;

  const note = (text: string): void => {
    for (const line of wrap(safeLine(text, 500), output.width)) output.note(err.dim(line));
  };
  const view = (): DeliveryView => {
    const { isTerminal, width } = output;
    return {
      theme: out,
      width,
      print,
      ...(isTerminal && print === "body" ? { fold: waysToAll(head) } : {}),
    };
  };
  /** Shows it now, or behind the question that is open. */
  const pass = (lines: readonly string[], isWanted: () => boolean): void => {
    const show = (): void => {
      if (isWanted()) for (const line of lines) output.line(line);
    };
    if (held === undefined) return show();
    const size = lines.reduce((sum, line) => sum + line.length, 0);
    held.push({ show, size });
    heldCharacters += size;
    while (held.length > mostHeld.count || (heldCharacters > mostHeld.characters && held.length > 1)) {
      heldCharacters -= held.shift()?.size ?? 0;
      dropped++;
    }
  };
  const showHead = (): void => {
    if (head === undefined) return;
    const { ready, keys } = head;
    for (const line of readyLines(ready, { theme: err, width: output.width, keys })) output.note(line);
  };

  return {
    note,
    address: (url) => output.note(safeLine(url, 500)),
    ready(ready, keys) {
      head = { ready, keys };
      showHead();
    },
    delivery(delivery) {
      if (print === "none" || output.jsonMode) return;
      const traits = filter === undefined && held === undefined ? undefined : traitsOf(delivery);
      const isWanted = (): boolean => {
        if (filter === undefined || traits === undefined || filter.fits(traits)) return true;
        filter.hidden++;
        return false;
      };
      if (held !== undefined || isWanted()) pass(deliveryLines(delivery, view()), isWanted);
    },
    replayed: (replayed) => pass(replayedLines(replayed, now(), view()), () => true),
    help() {
      for (const line of keyLines(head?.keys ?? [], err, output.width)) output.note(line);
    },
    clear() {
      output.raw(Buffer.from(clearing));
      showHead();
      if (filter !== undefined) note(`filter: ${filter.text}`);
    },
    filter(text) {
      const fits = parseFilter(text);
      const before =
        filter === undefined ? "" : `; ${count(filter.hidden, "delivery was", "deliveries were")} hidden`;
      filter = fits === undefined ? undefined : { text: text.trim(), fits, hidden: 0 };
      note(
        filter === undefined
          ? `every delivery is shown${before}`
          : `only deliveries that fit are shown: ${safeLine(filter.text, 100)}${before}`,
      );
    },
    hold() {
      held ??= [];
    },
    release() {
      const shown = held ?? [];
      const lost = dropped;
      held = undefined;
      heldCharacters = dropped = 0;
      if (lost > 0) note(`${count(lost, "delivery", "deliveries")} came meanwhile and can be shown no more`);
      for (const { show } of shown) show();
    },
  };
}

/** Ways to see the whole of a body that is folded. */
function waysToAll(head: { ready: ListenReady; keys: readonly KeyHint[] } | undefined): string[] {
  const ways = [
    ...(head?.keys.some(([key]) => key === "o") === true ? ["o opens it"] : []),
    ...(head?.ready.recording === true ? ["hookline inbox show last"] : []),
  ];
  return ways.length === 0 ? ["--print full shows all"] : ways;
}
