import { sql } from "kysely";
import type { Row } from "../../sqlite/contract.ts";
import type { DeliveryRow, Deliveries } from "../contract.ts";
import { pageOf, within, type Database } from "./database.ts";
import { columnList, insertInto, type Statements } from "./statements.ts";

export const deliveryFields = [
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
  "worker",
  "changed",
] as const satisfies readonly (keyof DeliveryRow)[];

const next = "(select coalesce(max(changed), 0) + 1 from deliveries where account_id = ?)";
const insert = insertInto("deliveries", deliveryFields).replace(/\?\)$/, `${next})`);
const select = `select ${columnList(deliveryFields)} from deliveries where account_id = ? and id = ?`;
const update = `
update deliveries
set status = ?, attempts_made = ?, automatic_made = ?, due_at = ?, scheduled_at = ?, is_manual = ?, worker = null,
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

export function createDeliveries(database: Database, statements: Statements): Deliveries {
  return {
    async insert(delivery) {
      await statements.run(insert, [
        delivery.accountId,
        delivery.id,
        delivery.eventId,
        delivery.endpointId,
        delivery.provider,
        delivery.eventType,
        delivery.status,
        delivery.attemptsMade,
        delivery.automaticMade,
        delivery.createdAt,
        delivery.dueAt,
        delivery.scheduledAt,
        delivery.isManual,
        delivery.worker,
        delivery.accountId,
      ]);
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
    async list(accountId, page, { status, endpointId, eventId, eventType } = {}, oldest = false) {
      let query = within(
        database.selectFrom("deliveries").selectAll().where("accountId", "=", accountId),
        page,
      );
      // As it is written here, so that SQLite sees which of its indexes have it.
      if (status !== undefined) query = query.where("status", "=", sql.lit(status));
      if (endpointId !== undefined) query = query.where("endpointId", "=", endpointId);
      if (eventId !== undefined) query = query.where("eventId", "=", eventId);
      if (eventType !== undefined) query = query.where("eventType", "=", eventType);
      const found = await query
        .orderBy("id", oldest ? "asc" : "desc")
        .limit(page.limit + 1)
        .execute();
      return pageOf(page, found, (row) => ({ ...row, isManual: row.isManual === 1 }));
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

function toDelivery(row: Row): DeliveryRow {
  return { ...(row as unknown as DeliveryRow), isManual: row["isManual"] === 1 };
}
