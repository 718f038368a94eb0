import type { ListenDelivery, Listening, ListenStopped } from "../actions/listen-events.ts";
import { wrap } from "./cells.ts";
import { count, duration } from "./format.ts";
import { deliveryLines, type PrintMode } from "./listen-delivery.ts";
import { listenJson } from "./listen-json.ts";
import type { ListenKeys, OpenKeys } from "./listen-keys.ts";
import { createScreen } from "./listen-screen.ts";
import type { Output } from "./output.ts";

export interface ListenView {
  print: PrintMode;
  now: () => number;
  /** What keys need; undefined where standard input is no terminal. They are read only where a person looks on. */
  keys?: ListenKeys | undefined;
}

/**
 * Prints what a listener reports, as it comes, and does meanwhile what keys ask for.
 * @returns its last words
 */
export async function showListen(
  output: Output,
  { print, now, keys }: ListenView,
  listening: Listening,
): Promise<ListenStopped | undefined> {
  const screen = createScreen(output, print, now);
  let stopped: ListenStopped | undefined;
  let opened: OpenKeys | undefined;
  try {
    for await (const event of listening) {
      // Not made where nobody reads it: this runs for every delivery.
      if (output.jsonMode && (print !== "none" || event.type !== "delivery")) output.json(listenJson(event));
      switch (event.type) {
        case "ready":
          if (keys !== undefined && hasKeys(output, keys)) {
            const { openKeys } = await import("./listen-keys.ts");
            opened = openKeys(keys, { screen, listening, ready: event, hasFilter: print !== "none" });
          }
          screen.ready(event, opened?.hints ?? []);
          break;
        case "delivery":
          screen.delivery(event);
          break;
        case "replayed":
          screen.replayed(event);
          break;
        case "stopping":
          output.note(
            `waiting up to ${duration(event.graceMs)} for ${count(event.underWay, "delivery", "deliveries")} without an answer; Ctrl-C once more ends at once`,
          );
          break;
        case "stopped":
          opened?.close();
          stopped = event;
          showStopped(output, event);
      }
    }
  } finally {
    opened?.close();
  }
  return stopped;
}

/** Standard input may have been read to its end, for a secret. */
function hasKeys(output: Output, { stdin, ownsTerminal }: ListenKeys): boolean {
  return output.interactive && output.isTerminal && stdin.readableEnded !== true && ownsTerminal();
}

/** Prints one delivery. */
export function showDelivery(output: Output, delivery: ListenDelivery, print: PrintMode): void {
  if (print === "none") return;
  if (output.jsonMode) return output.json(listenJson(delivery));
  const { out: theme, width } = output;
  for (const line of deliveryLines(delivery, { theme, width, print })) output.line(line);
}

function showStopped(output: Output, stopped: ListenStopped): void {
  const { received, verified, rejected, unverified, duplicates, unmet } = stopped;
  const repeats = duplicates > 0 ? ` · ${count(duplicates, "duplicate", "duplicates")}` : "";
  const totals = `${count(received, "delivery", "deliveries")}: ${verified} verified · ${unverified} unverified · ${rejected} rejected${repeats}`;
  for (const line of wrap(totals, output.width)) output.note(line);
  for (const expected of unmet) output.warn(`expected ${expected}, which did not arrive`);
}
