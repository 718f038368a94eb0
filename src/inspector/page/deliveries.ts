import type { DeliveryList, DeliveryShape } from "../api.ts";
import { messageOf } from "./client.ts";
import type { Client } from "./client.ts";
import { everything, isFiltered } from "./filter.ts";
import type { Filter } from "./filter.ts";
import { putRows, refreshRows, renewRows } from "./rows.ts";
import type { Rows } from "./rows.ts";

const pageSize = 1000;
/** Deliveries that are fetched without being scrolled to. */
const ahead = 10_000;
/** Milliseconds in which what the stream tells is gathered before the server is asked which of it fits the filter. */
const gatherMs = 100;
/** Milliseconds between two looks at what other processes changed. */
const reloadMs = 1000;
/** Milliseconds after which the count is asked for again: a full inbox drops its oldest as new ones come. */
const countMs = 5000;

/** What the list shows. */
export interface ListState {
  /** What `rows` were asked for by, once `loading` is over. */
  filter: Filter;
  rows: Rows;
  /** How many the inbox holds, whatever the filter; undefined until it said so. */
  total: number | undefined;
  /** The first page is under way; until it is there, `rows` are those of the filter before. */
  loading: boolean;
  /** Why the list may be incomplete. */
  problem: string | undefined;
  /** Changes with the filter, once its deliveries are there. */
  generation: number;
}

/** The list of deliveries, kept up to date. */
export interface Deliveries {
  state(): ListState;
  /** Shows those that fit a filter from now on. */
  show(filter: Filter): void;
  /**
   * Takes what the stream told: deliveries that are new or have changed.
   * @returns how many are new
   */
  take(some: Rows): number;
  /** Looks again: another process changed the inbox, or the stream was cut off for a while. */
  reload(): void;
  /** Called where the end of the list has been scrolled to. */
  more(): void;
}

/** @param onChange called whenever {@link Deliveries.state} has changed */
export function createDeliveries(client: Client, onChange: () => void): Deliveries {
  let state: ListState = {
    filter: everything,
    rows: [],
    total: undefined,
    loading: true,
    problem: undefined,
    generation: 0,
  };
  /** What `before` takes for the next page; null where there is none. */
  let cursor: number | null = null;
  let run = new AbortController();
  let isPaging = false;
  /** What the stream told while the first page was under way. */
  let early: DeliveryShape[] = [];
  /** The greatest number heard of: what is greater is new. */
  let newest = 0;
  /** From which number on the server is to be asked what fits. */
  let unasked: number | undefined;
  let reloading: "no" | "under way" | "wanted again" = "no";
  let isCounting = false;

  const set = (change: Partial<ListState>): void => {
    state = { ...state, ...change };
    onChange();
  };
  const heardOf = (some: Rows): void => {
    for (const { number } of some) newest = Math.max(newest, number);
  };

  /** Asks for a page; what arrives after the filter was changed is dropped. */
  async function ask(
    page: { before?: number; after?: number },
    use: (list: DeliveryList) => void,
  ): Promise<void> {
    const { signal } = run;
    try {
      const list = await client.list(state.filter, { limit: pageSize, ...page }, signal);
      if (signal.aborted) return;
      heardOf(list.data);
      use(list);
    } catch (error) {
      if (!signal.aborted) set({ loading: false, problem: messageOf(error) });
    }
  }

  /** The newest page, in place of whatever was there. */
  function start(list: DeliveryList): void {
    cursor = list.next_cursor;
    const rows = putRows(list.data, early);
    const generation = state.generation + (state.loading ? 1 : 0);
    set({ rows, total: list.total, loading: false, problem: undefined, generation });
    early = [];
    void nextPages(ahead);
  }

  async function nextPages(upTo: number): Promise<void> {
    if (isPaging) return;
    isPaging = true;
    const { signal } = run;
    let before = cursor;
    while (before !== null && state.rows.length < upTo && !signal.aborted) {
      await ask({ before }, (list) => {
        cursor = list.next_cursor;
        set({ rows: putRows(state.rows, list.data), total: list.total });
      });
      // Unchanged where the request failed.
      before = cursor === before ? null : cursor;
    }
    if (!signal.aborted) isPaging = false;
  }

  function askWhatFits(from: number): void {
    const isUnderWay = unasked !== undefined;
    unasked = Math.min(unasked ?? from, from);
    if (isUnderWay) return;
    setTimeout(() => {
      const after = (unasked ?? 1) - 1;
      unasked = undefined;
      void ask({ after }, (list) => {
        if (list.next_cursor !== null) reload();
        else set({ rows: putRows(state.rows, list.data), total: list.total });
      });
    }, gatherMs);
  }

  function count(): void {
    if (isCounting) return;
    isCounting = true;
    setTimeout(() => {
      isCounting = false;
      client.list(everything, { limit: 1 }).then(
        ({ total }) => {
          const isAll = !isFiltered(state.filter) && !state.loading;
          set(isAll && total < state.rows.length ? { total, rows: state.rows.slice(0, total) } : { total });
        },
        // The stream tells that the listener is gone.
        () => undefined,
      );
    }, countMs);
  }

  function reload(): void {
    if (reloading !== "no") {
      reloading = "wanted again";
      return;
    }
    reloading = "under way";
    void ask({}, (list) => {
      const rows = refreshRows(state.rows, list.data, list.next_cursor === null);
      if (rows === undefined || state.loading) return start(list);
      if (list.next_cursor === null) cursor = null;
      set({ rows, total: list.total, problem: undefined });
    }).then(() =>
      setTimeout(() => {
        const again = reloading === "wanted again";
        reloading = "no";
        if (again) reload();
      }, reloadMs),
    );
  }

  return {
    state: () => state,
    show(filter) {
      run.abort();
      run = new AbortController();
      isPaging = false;
      early = [];
      cursor = null;
      set({ filter, loading: true, problem: undefined });
      void ask({}, start);
    },
    take(some) {
      const fresh = some.filter(({ number }) => number > newest);
      heardOf(some);
      const total = state.total === undefined ? undefined : state.total + fresh.length;
      if (fresh.length > 0) count();
      if (isFiltered(state.filter)) {
        set({ rows: renewRows(state.rows, some), total });
        if (fresh.length > 0) askWhatFits(Math.min(...fresh.map(({ number }) => number)));
        return fresh.length;
      }
      if (state.loading) early.push(...some);
      // What is further back comes with its page.
      const near = some.filter(({ number }) => cursor === null || number >= cursor);
      set({ rows: putRows(state.rows, near), total });
      return fresh.length;
    },
    reload,
    more: () => void nextPages(Infinity),
  };
}
