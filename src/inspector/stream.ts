import type { ServerResponse } from "node:http";
import type { Inbox } from "../inbox/types.ts";
import { InspectorProblem } from "./problem.ts";
import { guards } from "./reply.ts";
import { deliveryShape } from "./shape.ts";

const mostStreams = 32;
/** Bytes that may wait for a page that does not read; it is dropped then, and connects again by itself. */
const mostWaiting = 1024 * 1024;
/** Milliseconds in which what changed is gathered. */
const batchMs = 50;
/** Deliveries of a batch at most: of more a page learns that it should ask again, and that once a second. */
const largestBatch = 500;
const floodedMs = 1000;
/** Milliseconds between two looks at what other processes did. */
const lookMs = 500;
const commentMs = 15_000;

/** What tells the open pages, by server-sent events, what changes in the inbox. */
export interface Streams {
  /** Takes the response over. @throws InspectorProblem 503 where there are too many */
  open(response: ServerResponse): void;
  /** Deliveries that are new, or were explained or replayed. */
  changed(numbers: readonly number[]): void;
  /** Ends them all. */
  close(): void;
}

/** @param onError told where the inbox cannot be read */
export function createStreams(inbox: Inbox, onError: (error: unknown) => void): Streams {
  const open = new Set<ServerResponse>();
  let timers: NodeJS.Timeout[] = [];
  let batch: NodeJS.Timeout | undefined;
  let flooded = false;
  const pending = new Set<number>();
  let version = 0;
  /** The greatest number that was told. */
  let known = 0;

  const tell = (text: string): void => {
    for (const response of open) {
      if (response.writableLength > mostWaiting) response.destroy();
      else response.write(text);
    }
  };
  const guarded = (work: () => void): void => {
    try {
      work();
    } catch (error) {
      onError(error);
    }
  };
  const flush = (): void => {
    batch = undefined;
    flooded = pending.size > largestBatch;
    const numbers = [...pending];
    pending.clear();
    if (flooded) return tell("event: reload\ndata: {}\n\n");
    guarded(() => {
      const deliveries = inbox.some(numbers).map(deliveryShape);
      if (deliveries.length > 0) tell(`event: deliveries\ndata: ${JSON.stringify(deliveries)}\n\n`);
    });
  };
  const changed = (numbers: readonly number[]): void => {
    for (const number of numbers) {
      pending.add(number);
      known = Math.max(known, number);
    }
    batch ??= setTimeout(flush, flooded ? floodedMs : batchMs).unref();
  };
  const look = (): void =>
    guarded(() => {
      const last = inbox.last();
      // Another listener's. Of many no more than tell that there are many.
      const from = Math.max(known, last - largestBatch - 1) + 1;
      if (last > known) changed(Array.from({ length: last - from + 1 }, (_, index) => from + index));
      const latest = inbox.version();
      if (latest !== version) tell("event: reload\ndata: {}\n\n");
      version = latest;
    });
  const startLooking = (): void => {
    version = inbox.version();
    known = inbox.last();
    timers = [setInterval(look, lookMs), setInterval(() => tell(":\n\n"), commentMs)];
    for (const timer of timers) timer.unref();
  };
  const stopLooking = (): void => {
    for (const timer of timers) clearInterval(timer);
    clearTimeout(batch);
    batch = undefined;
    pending.clear();
  };

  return {
    open(response) {
      if (open.size >= mostStreams) {
        throw new InspectorProblem(503, "too-many-streams", "too many pages of the inspector are open", {
          nextSteps: ["close some of them"],
        });
      }
      if (open.size === 0) startLooking();
      open.add(response);
      response.on("close", () => {
        open.delete(response);
        if (open.size === 0) stopLooking();
      });
      response.writeHead(200, { ...guards, "Content-Type": "text/event-stream" });
      // At once, so that the page knows that it hears of everything from here on.
      response.write(":\n\n");
    },
    changed(numbers) {
      if (open.size > 0) changed(numbers);
    },
    close() {
      stopLooking();
      for (const response of open) response.destroy();
    },
  };
}
