import type { EventHead, EventRow, Events } from "../contract.ts";
import { pageOf, within, type Database } from "./database.ts";
import { columnList, insertInto, type Statements } from "./statements.ts";

const heads = [
  "accountId",
  "id",
  "provider",
  "type",
  "messageId",
  "createdAt",
] as const satisfies readonly (keyof EventHead)[];
export const eventFields = [...heads, "payload"] as const;
const insert = insertInto("events", eventFields);
const select = `select ${columnList(eventFields)} from events where account_id = ? and id = ?`;

export function createEvents(database: Database, statements: Statements): Events {
  return {
    async insert(event) {
      await statements.run(
        insert,
        eventFields.map((field) => event[field]),
      );
    },
    async get(accountId, id) {
      const [row] = await statements.all(select, [accountId, id]);
      return row as EventRow | undefined;
    },
    async list(accountId, page, { provider, type } = {}) {
      let query = within(
        database.selectFrom("events").select(heads).where("accountId", "=", accountId),
        page,
      );
      if (provider !== undefined) query = query.where("provider", "=", provider);
      if (type !== undefined) query = query.where("type", "=", type);
      const found = await query
        .orderBy("id", "desc")
        .limit(page.limit + 1)
        .execute();
      return pageOf(page, found, (row) => row);
    },
  };
}
