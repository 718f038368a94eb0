import { setTimeout as sleep } from "node:timers/promises";
import type { Delivery, Event, EventDetail } from "../../src/remote/contract.ts";
import { openSqlite } from "../../src/sqlite/open.ts";
import type { Receiver, Sample } from "./crash-receiver.ts";

export interface CrashPlan {
  /** Kills while events are published. */
  rounds: number;
  /** Of the moments of the kills, the events and how the receiver answers. */
  seed: string;
  /** Whether a second server, which lives, shares the database with the one that is killed. */
  hasSurvivor: boolean;
}

/** What went wrong; a run that lost nothing has none of any kind. */
export interface Problems {
  /** Acknowledged, and never accepted by an endpoint that is subscribed to it. */
  lost: string[];
  /** Deliveries that do not end. */
  stuck: string[];
  /** Stored, and not with one delivery for each endpoint that has succeeded. */
  unfinished: string[];
  /** Requests that the receiver should never have got. */
  forged: string[];
  /** Events that are stored twice. */
  repeated: string[];
  /** Refused by the server, or not taken in time. */
  refused: string[];
  /** Starts that failed, failures in the log, and damage to the file. */
  broken: string[];
}

export function noProblems(): Problems {
  return {
    lost: [],
    stuck: [],
    unfinished: [],
    forged: [],
    repeated: [],
    refused: [],
    broken: [],
  };
}

export interface CrashReport {
  problems: Problems;
  /** Events that were answered 2xx. */
  acknowledged: number;
  /** Pairs of an acknowledged event and an endpoint that accepted it. */
  delivered: number;
  /** Times that an endpoint was sent again what it had accepted. */
  duplicated: number;
  /** Events that nobody was told of, and that an endpoint accepted. */
  unacknowledgedButDelivered: number;
  /** Requests to publish whose answer never came. */
  answersLost: number;
  /** Requests to publish that were repeated, and answered as the first had been. */
  answersRepeated: number;
  /** Deliveries that the receiver did not accept. */
  turnedDown: number;
  /** All of that in a line. */
  figures: string;
}

/** Milliseconds for all that was under way to be taken on, and to end: a lease lasts 15 s. */
export const settleMs = 60_000;

export interface Api {
  get<Answer>(path: string): Promise<Answer>;
  post<Answer>(path: string, body: object): Promise<Answer>;
  /** A whole listing, page by page. */
  all<Item>(path: string): Promise<Item[]>;
}

export function createApi({ url, key }: { url: string; key: string }): Api {
  const ask = async <Answer>(path: string, options: RequestInit = {}): Promise<Answer> => {
    const headers = { "x-api-key": key, "content-type": "application/json" };
    const response = await fetch(url + path, { headers, ...options, signal: AbortSignal.timeout(20_000) });
    if (!response.ok) throw new Error(`${path} was answered ${response.status}: ${await response.text()}`);
    return (await response.json()) as Answer;
  };
  return {
    get: (path) => ask(path),
    post: (path, body) => ask(path, { method: "POST", body: JSON.stringify(body) }),
    async all<Item>(path: string) {
      const items: Item[] = [];
      let cursor: string | null = null;
      do {
        const more: string = cursor === null ? "" : `&cursor=${cursor}`;
        const page: { data: Item[]; next_cursor: string | null } = await ask(`${path}?limit=100${more}`);
        items.push(...page.data);
        cursor = page.next_cursor;
      } while (cursor !== null);
      return items;
    },
  };
}

const isOpen = ({ status }: Delivery): boolean => status === "pending" || status === "sending";

/** All deliveries, once none of them is under way any more, or it has taken too long. */
export async function settled(api: Api): Promise<Delivery[]> {
  const until = performance.now() + settleMs;
  for (;;) {
    let found = 1;
    while (found > 0 && performance.now() < until) {
      await sleep(200);
      const pages = ["pending", "sending"].map((status) =>
        api.get<{ data: Delivery[] }>(`/v1/deliveries?limit=1&status=${status}`),
      );
      found = (await Promise.all(pages)).flatMap(({ data }) => data).length;
    }
    // One may have gone from one status to the other between two questions.
    const deliveries = await api.all<Delivery>("/v1/deliveries");
    if (!deliveries.some(isOpen) || performance.now() >= until) return deliveries;
  }
}

/** Finds the events that are stored though nobody was told so, and those that are stored twice. */
export async function identify(
  api: Api,
  samples: ReadonlyMap<string, Sample>,
  problems: Problems,
): Promise<void> {
  const told = new Set([...samples.values()].map(({ id }) => id));
  for (const { id } of await api.all<Event>("/v1/events")) {
    if (told.has(id)) continue;
    const { payload } = await api.get<EventDetail>(`/v1/events/${id}`);
    const marker = /"marker": "([^"]*)"/.exec(payload ?? "")?.[1] ?? "";
    const sample = samples.get(marker);
    if (sample === undefined || sample.id !== undefined)
      problems.repeated.push(`${marker} is ${sample?.id} and ${id}`);
    else sample.id = id;
  }
}

/** Whether everything that is stored was delivered, and everything that was acknowledged is stored. */
export function judge(
  samples: ReadonlyMap<string, Sample>,
  deliveries: readonly Delivery[],
  pathOf: ReadonlyMap<string | null, string>,
  receiver: Receiver,
  problems: Problems,
): void {
  problems.stuck.push(...deliveries.filter(isOpen).map((delivery) => JSON.stringify(delivery)));
  const byPlace = new Map<string, Delivery[]>();
  for (const delivery of deliveries) {
    const place = `${delivery.event_id} ${pathOf.get(delivery.endpoint_id)}`;
    byPlace.set(place, [...(byPlace.get(place) ?? []), delivery]);
  }
  for (const sample of samples.values()) {
    for (const path of sample.paths) {
      const own = byPlace.get(`${sample.id} ${path}`) ?? [];
      const words = (): string => `${sample.marker} at ${path}, ${sample.id}: ${JSON.stringify(own)}`;
      if (sample.isAcknowledged && receiver.accepted(sample, path) === 0) problems.lost.push(words());
      const isStored = sample.isAcknowledged || sample.id !== undefined;
      if (isStored && (own.length !== 1 || own[0]?.status !== "succeeded")) problems.unfinished.push(words());
    }
  }
}

export async function checkFile(file: string, problems: Problems): Promise<void> {
  const database = await openSqlite(file);
  const found = ["integrity_check", "foreign_key_check"].flatMap((name) => database.all(`pragma ${name}`));
  database.close();
  const text = JSON.stringify(found);
  if (text !== '[{"integrity_check":"ok"}]') problems.broken.push(`the file: ${text}`);
}

export function reportOf(
  { rounds, seed, hasSurvivor }: CrashPlan,
  samples: ReadonlyMap<string, Sample>,
  receiver: Receiver,
  problems: Problems,
  counts: Pick<CrashReport, "answersLost" | "answersRepeated">,
): CrashReport {
  const all = [...samples.values()];
  const timesOf = (sample: Sample): number[] => sample.paths.map((path) => receiver.accepted(sample, path));
  const told = all.filter(({ isAcknowledged }) => isAcknowledged);
  const count = {
    acknowledged: told.length,
    delivered: told.flatMap(timesOf).filter((times) => times > 0).length,
    duplicated: all.flatMap(timesOf).reduce((sum, times) => sum + Math.max(0, times - 1), 0),
    unacknowledgedButDelivered: all.filter(
      (sample) => !sample.isAcknowledged && timesOf(sample).some((times) => times > 0),
    ).length,
    turnedDown: receiver.turnedDown(),
    ...counts,
  };
  const figures = [
    `${rounds} rounds`,
    `${count.acknowledged} events acknowledged`,
    `${count.delivered} deliveries made`,
    `${count.duplicated} duplicated`,
    `${problems.lost.length} lost`,
    `${count.unacknowledgedButDelivered} events unacknowledged but delivered`,
    `${count.answersLost} answers lost`,
    `${count.answersRepeated} answers repeated`,
    `${count.turnedDown} attempts turned down`,
  ].join(", ");
  const title = hasSurvivor ? "one of two servers killed" : "one server killed";
  return { problems, ...count, figures: `${title} (CRASH_SEED=${seed}): ${figures}` };
}
