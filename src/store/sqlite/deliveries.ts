import type { Bindable, Row } from "../../sqlite/contract.ts";
import type { Deliveries, DeliveryFilter, DeliveryRow, NewDelivery } from "../contract.ts";
import { pageOf } from "./database.ts";
import { columnList, insertInto, type Statements } from "./statements.ts";

/** What is given of a delivery when it is stored. */
const given = [
  "accountId",
  "id",
  "eventId",
  "endpointId",
  "provider",
  "eventType",
  "status",
  "attemptsMade",
  "automaticMade",
  "createdAt",
  "dueAt",
  "scheduledAt",
  "isManual",
  "hasSucceeded",
  "worker",
] as const satisfies readonly (keyof NewDelivery)[];
export const deliveryFields = [...given, "changed"] as const satisfies readonly (keyof DeliveryRow)[];

const next = "(select coalesce(max(changed), 0) + 1 from deliveries where account_id = ?)";
const insert = insertInto("deliveries", deliveryFields).replace(/\?\)$/, `${next})`);
const select = `select ${columnList(deliveryFields)} from deliveries where account_id = ? and id = ?`;
const update = `
update deliveries
set status = ?, attempts_made = ?, automatic_made = ?, due_at = ?, scheduled_at = ?, is_manual = ?, has_succeeded = ?,
  worker = null,
  changed = ${next}
where account_id = ? and id = ? and worker is ?`;
const selectPending = `
select id from deliveries where account_id = ? and endpoint_id = ? and status = 'pending'`;
export const cancelDelivery = `
update deliveries set status = 'cancelled', due_at = null, scheduled_at = null, worker = null, changed = ${next}
where account_id = ? and id = ?`;
const selectChanges = `
select ${columnList(deliveryFields)} from deliveries where account_id = ? and changed > ? order by changed limit ?`;
const selectLastChange = `select coalesce(max(changed), 0) as last from deliveries where account_id = ?`;

/**
 * Which index a list goes by: SQLite, which keeps no statistics here, would take the primary key and read all of an account.
 * @returns `where`: what a partial index is known by
 */
function filteredBy({ status, endpointId, eventId, eventType }: DeliveryFilter): {
  from: string;
  where: string[];
} {
  const by = (index: string, ...where: string[]) => ({
    from: `deliveries indexed by deliveries_${index}`,
    where,
  });
  if (eventId !== undefined) return by("by_event");
  if (status === "sending") return by("sending", "status = 'sending'");
  if (status !== undefined && status !== "succeeded") {
    const isOpen = "status in ('pending', 'failed', 'cancelled')";
    if (endpointId !== undefined) return by("open_by_endpoint", isOpen);
    return eventType === undefined ? by("open", isOpen) : by("open_by_type", isOpen);
  }
  if (endpointId !== undefined) return by("by_endpoint");
  return eventType === undefined ? { from: "deliveries", where: [] } : by("by_type");
}

export function createDeliveries(statements: Statements): Deliveries {
  return {
    async insert(delivery) {
      await statements.run(insert, [...given.map((field) => delivery[field]), delivery.accountId]);
    },
    async get(accountId, id) {
      const [row] = await statements.all(select, [accountId, id]);
      return row === undefined ? undefined : toDelivery(row);
    },
    async update(accountId, id, worker, changes) {
      const { changes: rows } = await statements.run(update, [
        changes.status,
        changes.attemptsMade,
        changes.automaticMade,
        changes.dueAt,
        changes.scheduledAt,
        changes.isManual,
        changes.hasSucceeded,
        accountId,
        accountId,
        id,
        worker,
      ]);
      return rows > 0;
    },
    async cancel(accountId, endpointId) {
      const rows = await statements.all(selectPending, [accountId, endpointId]);
      for (const { id } of rows) await statements.run(cancelDelivery, [accountId, accountId, id ?? null]);
      return rows.length;
    },
    async list(accountId, page, filter = {}, oldest = false) {
      const { from, where } = filteredBy(filter);
      const terms: [string, Bindable | undefined][] = [
        ["account_id = ?", accountId],
        ["id < ?", page.before],
        ["id >= ?", page.from],
        ["status = ?", filter.status],
        ["endpoint_id = ?", filter.endpointId],
        ["event_id = ?", filter.eventId],
        ["event_type = ?", filter.eventType],
      ];
      const asked = terms.filter((term): term is [string, Bindable] => term[1] !== undefined);
      const found = await statements.all(
        `select ${columnList(deliveryFields)} from ${from}
where ${[...where, ...asked.map(([term]) => term)].join(" and ")} order by id ${oldest ? "asc" : "desc"} limit ?`,
        [...asked.map(([, value]) => value), page.limit + 1],
      );
      return pageOf(page, found, toDelivery);
    },
    async changes(accountId, after, limit) {
      const found = await statements.all(selectChanges, [accountId, after, limit + 1]);
      return pageOf({ limit }, found, toDelivery);
    },
    async lastChange(accountId) {
      const [row] = await statements.all(selectLastChange, [accountId]);
      return Number(row?.["last"]);
    },
  };
}

export function toDelivery(row: Row): DeliveryRow {
  const delivery = row as unknown as DeliveryRow;
  delivery.isManual = row["isManual"] === 1;
  delivery.hasSucceeded = row["hasSucceeded"] === 1;
  return delivery;
}
