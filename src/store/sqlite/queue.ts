import type { Bindable, Row, SqliteDatabase } from "../../sqlite/contract.ts";
import type { ClaimedDelivery, DeliveryRow, Queue, Room } from "../contract.ts";
import { cancelDelivery, deliveryFields } from "./deliveries.ts";
import { endpointFields, toEndpoint } from "./endpoints.ts";
import { columnList } from "./statements.ts";

// What is pending lies in an index of its own, by endpoint and time, so that none of these reads anything that is over.
const renewLease = `
insert into workers (id, until) values (?, ?) on conflict (id) do update set until = excluded.until`;
/** Leases that have ended, and what is said to be sent under none. */
const selectEnded = `
select id from workers where until <= ?
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
const fromLanes = `
from due cross join endpoints on endpoints.account_id = due.account_id and endpoints.id = due.endpoint_id
where endpoints.disabled_at is null and endpoints.deleted_at is null
  and endpoints.provider in (select value from json_each(?))`;
const selectLanes = `
${lanes} select ${columnList(endpointFields, "endpoints")} ${fromLanes} and due.due_at <= ? order by due.due_at`;
const selectNext = `${lanes} select min(due.due_at) as next ${fromLanes}`;
const selectDue = `
select id from deliveries
where status = 'pending' and account_id = ? and endpoint_id = ? and due_at <= ? order by due_at limit ?`;
const selectThese = `
select id, endpoint_id as "endpointId" from deliveries
where account_id = ? and id in (select value from json_each(?)) and status = 'pending' and due_at <= ?`;
const selectEndpoint = `
select ${columnList(endpointFields)} from endpoints
where account_id = ? and id = ? and disabled_at is null and deleted_at is null`;
const take = `
update deliveries set status = 'sending', worker = ?, due_at = null
where account_id = ? and id in (select value from json_each(?))`;
const selectTaken = `
select
  ${columnList(deliveryFields, "deliveries")},
  message_id as "messageId", events.created_at as "publishedAt", payload
from json_each(?) as taken
cross join deliveries on deliveries.account_id = ? and deliveries.id = taken.value
cross join events on events.account_id = deliveries.account_id and events.id = deliveries.event_id
order by taken.key`;

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
  const claimed = (
    worker: string,
    endpoint: ClaimedDelivery["endpoint"],
    found: readonly Row[],
  ): ClaimedDelivery[] => {
    if (found.length === 0) return [];
    const ids = JSON.stringify(found.map(({ id }) => id));
    run(take, worker, endpoint.accountId, ids);
    return all(selectTaken, ids, endpoint.accountId).map((row) => {
      const { messageId, publishedAt, payload, ...delivery } = row as unknown as Taken;
      const { accountId, eventId: id, provider, eventType: type } = delivery;
      const event = { id, accountId, provider, type, messageId, payload, createdAt: publishedAt };
      return { delivery: { ...delivery, isManual: row["isManual"] === 1 }, event, endpoint };
    });
  };

  return {
    renew: async ({ worker, until }) => {
      await transaction(() => run(renewLease, worker, until));
    },
    release: async (worker, now) => {
      await transaction(() => release(worker, now));
    },
    async reclaim(now) {
      // Mostly there are none, and to look takes no turn of a writer.
      if ((await read(() => all(selectEnded, now))).length === 0) return;
      await transaction(() => {
        for (const { id } of all(selectEnded, now)) release(String(id), now);
      });
    },
    async claim(lease, now, providers, room) {
      const known = JSON.stringify(providers);
      // Mostly there is nothing, and to look takes no turn of a writer.
      if (room.isWanted !== true && (await read(() => all(selectLanes, known, now))).length === 0) return [];
      return transaction(() => {
        run(renewLease, lease.worker, lease.until);
        const found = all(selectLanes, known, now).map((row) => {
          const endpoint = toEndpoint(row);
          const most = Math.min(room.total, roomOf(room, endpoint.id));
          return {
            endpoint,
            rows: most > 0 ? all(selectDue, endpoint.accountId, endpoint.id, now, most) : [],
          };
        });
        const shares = shareOut(
          room.total,
          found.map(({ rows }) => rows.length),
        );
        return found.flatMap(({ endpoint, rows }, index) =>
          claimed(lease.worker, endpoint, rows.slice(0, shares[index])),
        );
      });
    },
    claimThese: (lease, now, accountId, ids) =>
      transaction(() => {
        run(renewLease, lease.worker, lease.until);
        const found = all(selectThese, accountId, JSON.stringify(ids), now);
        return [...new Set(found.map(({ endpointId }) => endpointId))].flatMap((id) => {
          const [endpoint] = all(selectEndpoint, accountId, id ?? null);
          const rows = found.filter(({ endpointId }) => endpointId === id);
          return endpoint === undefined ? [] : claimed(lease.worker, toEndpoint(endpoint), rows);
        });
      }),
    async nextDue(providers) {
      const [row] = await read(() => all(selectNext, JSON.stringify(providers)));
      return (row?.["next"] as number | null | undefined) ?? undefined;
    },
  };
}

/** A delivery as it was taken on, with what of its event is not in it. */
type Taken = DeliveryRow & { messageId: string; publishedAt: number; payload: Uint8Array };

function roomOf({ each, of }: Room, endpointId: string): number {
  return of.get(endpointId) ?? each;
}

/** How many each gets where there are fewer than they want: as many as the others, as far as it wants them. */
function shareOut(total: number, wanted: readonly number[]): number[] {
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
