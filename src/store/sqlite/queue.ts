import type { Bindable, Row, SqliteDatabase } from "../../sqlite/contract.ts";
import type { ClaimedDelivery, DeliveryRow, EventRow, Lease, Queue, Room } from "../contract.ts";
import { cancelDelivery, deliveryFields, toDelivery } from "./deliveries.ts";
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
select ${columnList(deliveryFields)} from deliveries
where status = 'pending' and account_id = ? and endpoint_id = ? and due_at <= ? order by due_at limit ?`;
const selectThis = `
select ${columnList(deliveryFields)} from deliveries
where account_id = ? and id = ? and status = 'pending' and due_at <= ?`;
const selectEndpoint = `
select ${columnList(endpointFields)} from endpoints
where account_id = ? and id = ? and disabled_at is null and deleted_at is null`;
const selectEvent = `
select ${columnList(["accountId", "id", "provider", "type", "messageId", "createdAt", "payload"])} from events
where account_id = ? and id = ?`;
const take = `update deliveries set status = 'sending', worker = ?, due_at = null where account_id = ? and id = ?`;

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
    { worker, until }: Lease,
    endpoint: ClaimedDelivery["endpoint"],
    rows: readonly Row[],
  ): ClaimedDelivery[] => {
    if (rows.length > 0) run(renewLease, worker, until);
    return rows.map((row) => {
      const { accountId, id, eventId } = row as { accountId: string; id: string; eventId: string };
      run(take, worker, accountId, id);
      const delivery: DeliveryRow = { ...toDelivery(row), status: "sending", worker, dueAt: null };
      const [event] = all(selectEvent, accountId, eventId);
      return { delivery, event: event as unknown as EventRow, endpoint };
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
      if ((await read(() => all(selectLanes, known, now))).length === 0) return [];
      return transaction(() => {
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
          claimed(lease, endpoint, rows.slice(0, shares[index])),
        );
      });
    },
    claimThese: (lease, now, accountId, ids) =>
      transaction(() =>
        ids.flatMap((id) => {
          const rows = all(selectThis, accountId, id, now);
          const [endpoint] = rows.flatMap(({ endpointId }) =>
            all(selectEndpoint, accountId, endpointId ?? null),
          );
          return endpoint === undefined ? [] : claimed(lease, toEndpoint(endpoint), rows);
        }),
      ),
    async nextDue(providers) {
      const [row] = await read(() => all(selectNext, JSON.stringify(providers)));
      return (row?.["next"] as number | null | undefined) ?? undefined;
    },
  };
}

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
