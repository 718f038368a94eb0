import { useEffect, useRef, useState } from "preact/hooks";
import type { DeliveryShape, Session } from "../api.ts";
import type { Client } from "./client.ts";
import { createDeliveries } from "./deliveries.ts";
import type { Deliveries, ListState } from "./deliveries.ts";
import { followEvents } from "./event-stream.ts";
import type { Connection } from "./event-stream.ts";
import { writePlace } from "./filter.ts";
import type { Filter } from "./filter.ts";

/** What the listener tells of itself, as it happens. */
export interface Live {
  connection: Connection;
  session: Session | undefined;
  list: ListState;
  deliveries: Deliveries;
  /** Changes whenever the delivery that is open may have changed. */
  version: number;
  /** To be called where it has for sure. */
  touch: (number: number) => void;
}

/**
 * @param selected number of the delivery that is open
 * @param onArrival called with how many new ones arrived
 */
export function useLive(
  client: Client,
  filter: Filter,
  selected: number | undefined,
  onArrival: (count: number) => void,
): Live {
  const [connection, setConnection] = useState<Connection>("connecting");
  const [session, setSession] = useState<Session>();
  const [, redraw] = useState(0);
  const [version, setVersion] = useState(0);
  const [deliveries] = useState(() => createDeliveries(client, () => redraw((count) => count + 1)));
  const latest = useRef({ selected, onArrival });
  latest.current = { selected, onArrival };
  const touch = (number: number): void => {
    if (number === latest.current.selected) setVersion((count) => count + 1);
  };

  const filterKey = writePlace({ filter, selected: undefined });
  useEffect(() => deliveries.show(filter), [filterKey]);

  useEffect(() => {
    const run = new AbortController();
    let isFirst = true;
    void followEvents({
      open: (signal) => client.stream(signal),
      signal: run.signal,
      sleep: untilWorthwhile,
      onConnection(now) {
        setConnection(now);
        if (now !== "live") return;
        client.session(run.signal).then(setSession, () => undefined);
        // What happened meanwhile was not heard of.
        if (!isFirst) deliveries.reload();
        isFirst = false;
      },
      onEvent({ event, data }) {
        if (event === "deliveries") {
          const some = JSON.parse(data) as DeliveryShape[];
          const fresh = deliveries.take(some);
          if (fresh > 0) latest.current.onArrival(fresh);
          for (const { number } of some) touch(number);
        } else if (event === "reload") {
          deliveries.reload();
          setVersion((count) => count + 1);
        }
      },
    });
    return () => run.abort();
  }, []);
  return { connection, session, list: deliveries.state(), deliveries, version, touch };
}

/** Waits; no longer than until the page is looked at again, or the network is back. */
function untilWorthwhile(milliseconds: number, signal: AbortSignal): Promise<void> {
  return new Promise((resolve) => {
    const over = new AbortController();
    const end = (): void => {
      over.abort();
      clearTimeout(timer);
      resolve();
    };
    const timer = setTimeout(end, milliseconds);
    const options = { signal: over.signal };
    addEventListener("online", end, options);
    document.addEventListener("visibilitychange", () => document.hidden || end(), options);
    signal.addEventListener("abort", end, options);
  });
}
