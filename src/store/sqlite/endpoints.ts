import type { EndpointRow, Endpoints } from "../contract.ts";
import { pageOf, type Database, type StoredEndpoint } from "./database.ts";

export function createEndpoints(database: Database): Endpoints {
  const endpoints = database.selectFrom("endpoints").selectAll();
  return {
    async insert(endpoint) {
      await database
        .insertInto("endpoints")
        .values({ ...endpoint, events: JSON.stringify(endpoint.events) })
        .execute();
    },
    async get(accountId, id) {
      const row = await endpoints.where("accountId", "=", accountId).where("id", "=", id).executeTakeFirst();
      return row === undefined ? undefined : toEndpoint(row);
    },
    async update(accountId, id, { events, ...changes }) {
      const columns = { ...changes, ...(events === undefined ? {} : { events: JSON.stringify(events) }) };
      if (Object.keys(columns).length === 0) return (await this.get(accountId, id)) !== undefined;
      const { numUpdatedRows } = await database
        .updateTable("endpoints")
        .set(columns)
        .where("accountId", "=", accountId)
        .where("id", "=", id)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async dropPreviousSecrets(accountId, now) {
      await database
        .updateTable("endpoints")
        .set({ previousSecret: null, previousUntil: null })
        .where("accountId", "=", accountId)
        .where("previousUntil", "<=", now)
        .execute();
    },
    async list(accountId, page, { provider, status } = {}) {
      let query = endpoints.where("accountId", "=", accountId).where("deletedAt", "is", null);
      if (page.before !== undefined) query = query.where("id", "<", page.before);
      if (provider !== undefined) query = query.where("provider", "=", provider);
      if (status !== undefined)
        query = query.where("disabledAt", status === "enabled" ? "is" : "is not", null);
      const found = await query
        .orderBy("id", "desc")
        .limit(page.limit + 1)
        .execute();
      return pageOf(page, found, toEndpoint);
    },
  };
}

function toEndpoint(row: StoredEndpoint): EndpointRow {
  return { ...row, events: JSON.parse(row.events) as string[] };
}
