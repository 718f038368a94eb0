import type { Bindable, Row, SqliteDatabase } from "../../sqlite/contract.ts";
import type { ClaimedDelivery, DeliveryRow, EndpointRow, EventRow, Lease, Queue, Room } from "../contract.ts";
import { cancelDelivery, deliveryFields, toDelivery } from "./deliveries.ts";
import { endpointFields, toEndpoint } from "./endpoints.ts";
import { eventFields } from "./events.ts";
import { columnList } from "./statements.ts";

// What is pending lies in an index of its own, by endpoint and time, so that none of these reads anything that is over.
const beginLease = "insert or replace into workers (id, until) values (?, ?)";
const prolongLease = "update workers set until = ? where id = ?";
/** Leases that have ended, or last longer than any does, and what is said to be sent under none. */
const selectEnded = `
select id from workers where until <= ? or until > ?
union
select worker as id from deliveries where status = 'sending' and worker not in (select id from workers)`;
const endLease = `delete from workers where id = ?`;
const giveBack = `
update deliveries set status = 'pending', worker = null, due_at = ? where status = 'sending' and worker = ?`;
/** What was under way to an endpoint when it was deleted: nobody would take it on again. */
const selectOrphans = `
select deliveries.account_id as accountId, deliveries.id as id
from deliveries join endpoints
  on endpoints.account_id = deliveries.account_id and endpoints.id = deliveries.endpoint_id
where deliveries.status = 'sending' and deliveries.worker = ? and endpoints.deleted_at is not null`;
const nextEndpoint = `(
  select min(endpoint_id) from deliveries
  where status = 'pending' and account_id = lane.account_id and endpoint_id > coalesce(lane.endpoint_id, '')
)`;
/**
 * Enabled endpoints that something is pending for, each found by one step in the index, with the longest due of each.
 * A row without an endpoint only leads to the next account.
 */
const lanes = `
with recursive lane (account_id, endpoint_id) as (
  select min(account_id), null from deliveries where status = 'pending'
  union all
  select
    case when ${nextEndpoint} is not null then lane.account_id else (
      select min(account_id) from deliveries where status = 'pending' and account_id > lane.account_id
    ) end,
    ${nextEndpoint}
  from lane where lane.account_id is not null
), due (account_id, endpoint_id, due_at) as (
  select account_id, endpoint_id, (
    select min(due_at) from deliveries
    where status = 'pending' and account_id = lane.account_id and endpoint_id = lane.endpoint_id
  )
  from lane where endpoint_id is not null
)`;
const selectLanes = `
${lanes} select ${columnList(endpointFields, "endpoints")}
from due cross join endpoints on endpoints.account_id = due.account_id and endpoints.id = due.endpoint_id
where endpoints.disabled_at is null and endpoints.deleted_at is null
  and endpoints.provider in (select value from json_each(?))
  and due.account_id = coalesce(?, due.account_id)
  and due.account_id not in (select value from json_each(?))
  and due.endpoint_id not in (select value from json_each(?))
  and due.due_at <= ?
order by due.due_at limit ?`;
const selectAnyDue = "select 1 as found from deliveries where status = 'pending' and due_at <= ? limit 1";
const selectNext = "select min(due_at) as next from deliveries where status = 'pending' and due_at > ?";
const selectDue = `
select id from deliveries
where status = 'pending' and account_id = ? and endpoint_id = ? and due_at <= ? order by due_at limit ?`;
const selectThese = `
select id, endpoint_id as "endpointId" from deliveries
where account_id = ? and id in (select value from json_each(?)) and status = 'pending' and due_at <= ?`;
const selectEndpoint = `
select ${columnList(endpointFields)} from endpoints
where account_id = ? and id = ? and disabled_at is null and deleted_at is null`;
const selectOne = `select ${columnList(deliveryFields)} from deliveries where account_id = ? and id = ?`;
const selectEvent = `
select ${columnList(eventFields)} from events where account_id = ? and id = ?`;
const take = `
update deliveries set status = 'sending', worker = ?, due_at = null
where account_id = ? and id in (select value from json_each(?))`;

/** @param write does work in a transaction of its own */
export function createQueue(
  sqlite: SqliteDatabase,
  write: <Result>(work: () => Promise<Result>) => Promise<Result>,
  read: <Result>(work: () => Result) => Promise<Result>,
): Queue {
  const all = (sql: string, ...parameters: Bindable[]): Row[] => sqlite.all(sql, parameters);
  const run = (sql: string, ...parameters: Bindable[]): number => sqlite.run(sql, parameters).changes;
  const transaction = <Result>(work: () => Result): Promise<Result> => write(async () => work());

  const release = (worker: string, now: number): void => {
    for (const { accountId, id } of all(selectOrphans, worker))
      run(cancelDelivery, String(accountId), String(accountId), String(id));
    run(giveBack, now, worker);
    run(endLease, worker);
  };
  /** Prolongs a lease that is there still. */
  const prolong = ({ worker, until }: Lease): boolean => run(prolongLease, until, worker) > 0;
  /** Takes deliveries of an endpoint on, until their payloads exceed the bytes; an event's is read once for all. */
  const takeOn = (
    worker: string,
    endpoint: EndpointRow,
    ids: readonly string[],
    events: Map<string, EventRow>,
    bytes: { left: number },
  ): ClaimedDelivery[] => {
    const { accountId } = endpoint;
    const taken: ClaimedDelivery[] = [];
    for (const id of ids) {
      if (bytes.left <= 0) break;
      const [row] = all(selectOne, accountId, id);
      if (row === undefined) continue;
      const delivery: DeliveryRow = Object.assign(toDelivery(row), {
        status: "sending",
        worker,
        dueAt: null,
      });
      const key = `${accountId}/${delivery.eventId}`;
      const event =
        events.get(key) ?? (all(selectEvent, accountId, delivery.eventId)[0] as unknown as EventRow);
      events.set(key, event);
      bytes.left -= event.payload.length;
      taken.push({ delivery, event, endpoint });
    }
    if (taken.length > 0)
      run(take, worker, accountId, JSON.stringify(taken.map(({ delivery }) => delivery.id)));
    return taken;
  };

  return {
    renew: ({ worker, until }, isFirst) =>
      transaction(() => {
        if (isFirst) run(beginLease, worker, until);
        return isFirst || prolong({ worker, until });
      }),
    release: async (worker, now) => {
      await transaction(() => release(worker, now));
    },
    async reclaim(now, latest) {
      // Mostly there are none, and to look takes no turn of a writer.
      if ((await read(() => all(selectEnded, now, latest))).length === 0) return;
      await transaction(() => {
        for (const { id } of all(selectEnded, now, latest)) release(String(id), now);
      });
    },
    async claim(lease, now, { providers, accountId }, room) {
      // Mostly there is nothing, and to look takes no turn of a writer.
      if (room.isWanted !== true && (await read(() => all(selectAnyDue, now))).length === 0) return [];
      const fullOf = (rooms: ReadonlyMap<string, number>): string =>
        JSON.stringify([...rooms].filter(([, left]) => left <= 0).map(([id]) => id));
      return transaction(() => {
        if (!prolong(lease)) return undefined;
        const endpoints = all(
          selectLanes,
          JSON.stringify(providers),
          accountId ?? null,
          fullOf(room.accounts),
          fullOf(room.endpoints),
          now,
          room.total,
        ).map(toEndpoint);
        const lotOf = (endpoint: EndpointRow, most: number): Lot => {
          const left = Math.min(room.endpoints.get(endpoint.id) ?? room.perEndpoint, most);
          const ids = all(selectDue, endpoint.accountId, endpoint.id, now, left).map(({ id }) => String(id));
          return { endpoint, ids };
        };
        // Twice what each gets where all have much; more only where the others leave it.
        const most = Math.ceil((2 * room.total) / endpoints.length);
        let found = endpoints.map((endpoint) => lotOf(endpoint, most));
        if (found.reduce((sum, { ids }) => sum + ids.length, 0) < room.total)
          found = found.map((lot) => (lot.ids.length < most ? lot : lotOf(lot.endpoint, room.total)));
        const events = new Map<string, EventRow>();
        const bytes = { left: room.bytes };
        return shareOut(room, found).flatMap(({ endpoint, ids }) =>
          takeOn(lease.worker, endpoint, ids, events, bytes),
        );
      });
    },
    claimThese: (lease, now, accountId, ids) =>
      transaction(() => {
        if (!prolong(lease)) return undefined;
        const found = all(selectThese, accountId, JSON.stringify(ids), now);
        const events = new Map<string, EventRow>();
        return [...new Set(found.map(({ endpointId }) => endpointId))].flatMap((endpointId) => {
          const [endpoint] = all(selectEndpoint, accountId, endpointId ?? null);
          if (endpoint === undefined) return [];
          const own = found.filter((row) => row["endpointId"] === endpointId).map(({ id }) => String(id));
          return takeOn(lease.worker, toEndpoint(endpoint), own, events, { left: Infinity });
        });
      }),
    async nextDue(now) {
      const [row] = await read(() => all(selectNext, now));
      return (row?.["next"] as number | null | undefined) ?? undefined;
    },
  };
}

/** What an endpoint may get, or gets. */
interface Lot {
  endpoint: EndpointRow;
  ids: readonly string[];
}

/** Shares the room out among accounts, and each one's among its endpoints. */
function shareOut(room: Room, lots: readonly Lot[]): Lot[] {
  const accounts = new Map<string, Lot[]>();
  for (const lot of lots) {
    const { accountId } = lot.endpoint;
    accounts.set(accountId, [...(accounts.get(accountId) ?? []), lot]);
  }
  const wanted = [...accounts].map(([accountId, own]) =>
    Math.min(
      own.reduce((sum, { ids }) => sum + ids.length, 0),
      room.accounts.get(accountId) ?? room.perAccount,
    ),
  );
  const shares = sharesOf(room.total, wanted);
  return [...accounts.values()].flatMap((own, index) => {
    const parts = sharesOf(
      shares[index] ?? 0,
      own.map(({ ids }) => ids.length),
    );
    return own.map(({ endpoint, ids }, at) => ({ endpoint, ids: ids.slice(0, parts[at]) }));
  });
}

/** How many each gets where there are fewer than they want: as many as the others, as far as it wants them. */
function sharesOf(total: number, wanted: readonly number[]): number[] {
  const shares = wanted.map(() => 0);
  let left = total;
  let open = wanted.map((_, index) => index);
  while (left > 0 && open.length > 0) {
    const each = Math.max(1, Math.floor(left / open.length));
    for (const index of open) {
      const more = Math.min(each, left, (wanted[index] ?? 0) - (shares[index] ?? 0));
      shares[index] = (shares[index] ?? 0) + more;
      left -= more;
    }
    open = open.filter((index) => (shares[index] ?? 0) < (wanted[index] ?? 0));
  }
  return shares;
}
