import { EXIT, isHooklineError, type HooklineError } from "../errors.ts";
import type { Delivery, Remote } from "../remote/contract.ts";
import { events } from "./channel.ts";
import { fits, queryOf, readChanges, type DeliveryFilter } from "./deliveries.ts";
import { showEndpoint } from "./endpoints.ts";
import type { Host } from "./workspace.ts";

export type WatchEvent =
  /** From now on every change is told; `delivers`: this process itself delivers meanwhile. */
  | { type: "ready"; delivers: boolean }
  | { type: "change"; at: number; delivery: Delivery }
  /** The API cannot be asked just now. */
  | { type: "trouble"; error: HooklineError; againInMs: number }
  | { type: "recovered" };

export interface WatchOptions {
  filter: DeliveryFilter;
  /** Milliseconds between two looks. */
  everyMs: number;
  /** Ends it. */
  signal: AbortSignal;
}

const firstPauseMs = 1000;
const longestPauseMs = 30_000;
/** Failures that no waiting mends, though their exit code is that of a failing API. */
const lasting = new Set([
  "not-implemented",
  "api-redirected",
  "api-answer-unexpected",
  "api-answer-too-large",
]);

/**
 * Tells each change of a delivery from now on, until the signal; in the embedded control plane it delivers what is due
 * meanwhile. A failure of the API that may pass is told and waited out, but for the first: whoever begins wants to know.
 * Reading throws a HooklineError where the API refuses, or there is no such endpoint.
 */
export function watchDeliveries(
  host: Host,
  remote: Remote,
  options: WatchOptions,
): AsyncIterable<WatchEvent> {
  const left = new AbortController();
  const signal = AbortSignal.any([options.signal, left.signal]);
  return events(
    (report) => run(host, remote, { ...options, signal }, report),
    () => left.abort(),
  );
}

async function run(
  host: Host,
  remote: Remote,
  { filter, everyMs, signal }: WatchOptions,
  report: (event: WatchEvent) => void,
): Promise<void> {
  await orAborted(checkFilter(remote, filter), signal);
  const now = await orAborted(remote.call("deliveries.changes", { query: { limit: 1 } }), signal);
  if (now === undefined) return;
  let cursor = now.next_cursor;
  let pauseMs: number | undefined;
  const recover = (): void => {
    if (pauseMs !== undefined) report({ type: "recovered" });
    pauseMs = undefined;
  };
  const look = async (): Promise<void> => {
    cursor = await readChanges(remote, cursor, (delivery) => {
      recover();
      if (fits(delivery, filter)) report({ type: "change", at: host.now(), delivery });
    });
    recover();
  };
  const failed = new AbortController();
  const until = AbortSignal.any([signal, failed.signal]);
  let failure: { error: unknown } | undefined;
  const delivering = remote.deliver?.(until).catch((error: unknown) => {
    failure = { error };
    failed.abort();
  });
  report({ type: "ready", delivers: delivering !== undefined });

  try {
    while (!until.aborted) {
      try {
        // A server that does not answer must not hold up the end.
        await (delivering === undefined ? orAborted(look(), until) : look());
      } catch (error) {
        if (!mayPass(error)) throw error;
        pauseMs = pauseMs === undefined ? firstPauseMs : Math.min(pauseMs * 2, longestPauseMs);
        report({ type: "trouble", error, againInMs: pauseMs });
      }
      await orAborted(host.sleep(pauseMs ?? everyMs), until);
    }
  } finally {
    failed.abort();
    await delivering;
  }
  if (failure !== undefined) throw failure.error;
  // What was under way when the signal came is over now.
  if (delivering !== undefined) await look();
}

/** Has the API look at ids, which only come here to be compared: no change would ever fit one that there is not. */
async function checkFilter(remote: Remote, filter: DeliveryFilter): Promise<void> {
  const { endpoint, event } = filter;
  if (endpoint === undefined && event === undefined) return;
  await remote.call("deliveries.list", { query: { ...queryOf(filter), limit: 1 } });
  if (endpoint === undefined) return;
  try {
    await showEndpoint(remote, endpoint);
  } catch (error) {
    // A key that may not see endpoints may watch deliveries all the same.
    if (!isHooklineError(error) || error.exitCode !== EXIT.denied) throw error;
  }
}

/** What work gives, or undefined once the signal comes. Leaves nothing behind: `Promise.race` would, at every look. */
function orAborted<Result>(work: Promise<Result>, signal: AbortSignal): Promise<Result | undefined> {
  return new Promise((resolve, reject) => {
    const stop = (): void => resolve(undefined);
    if (signal.aborted) stop();
    signal.addEventListener("abort", stop, { once: true });
    work.then(resolve, reject).finally(() => signal.removeEventListener("abort", stop));
  });
}

function mayPass(error: unknown): error is HooklineError {
  return isHooklineError(error) && error.exitCode === EXIT.remote && !lasting.has(error.code);
}
