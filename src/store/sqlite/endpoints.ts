import type { Row } from "../../sqlite/contract.ts";
import type { EndpointRow, Endpoints } from "../contract.ts";
import { pageOf, within, type Database } from "./database.ts";
import { columnList, type Statements } from "./statements.ts";

export const endpointFields = [
  "accountId",
  "id",
  "url",
  "provider",
  "events",
  "description",
  "disabledAt",
  "disabledReason",
  "createdAt",
  "deletedAt",
  "secretHint",
  "secret",
  "previousSecret",
  "previousUntil",
  "failures",
] as const satisfies readonly (keyof EndpointRow)[];

const select = `select ${columnList(endpointFields)} from endpoints where account_id = ?`;
const selectOne = `${select} and id = ?`;
const selectOfProvider = `${select} and provider = ? and deleted_at is null`;

export function createEndpoints(database: Database, statements: Statements): Endpoints {
  const endpoints = database.selectFrom("endpoints").selectAll();
  return {
    async insert(endpoint) {
      statements.changed("endpoints");
      await database
        .insertInto("endpoints")
        .values({ ...endpoint, events: JSON.stringify(endpoint.events) })
        .execute();
    },
    async get(accountId, id) {
      return (await statements.recall("endpoints", selectOne, [accountId, id], toEndpoint))[0];
    },
    async update(accountId, id, { events, ...changes }) {
      const columns = { ...changes, ...(events === undefined ? {} : { events: JSON.stringify(events) }) };
      if (Object.keys(columns).length === 0) return (await this.get(accountId, id)) !== undefined;
      statements.changed("endpoints");
      const { numUpdatedRows } = await database
        .updateTable("endpoints")
        .set(columns)
        .where("accountId", "=", accountId)
        .where("id", "=", id)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async ofProvider(accountId, provider) {
      return statements.recall("endpoints", selectOfProvider, [accountId, provider], toEndpoint);
    },
    async dropPreviousSecrets(accountId, now) {
      statements.changed("endpoints");
      await database
        .updateTable("endpoints")
        .set({ previousSecret: null, previousUntil: null })
        .where("accountId", "=", accountId)
        .where("previousUntil", "<=", now)
        .execute();
    },
    async list(accountId, page, { provider, status } = {}) {
      let query = within(endpoints.where("accountId", "=", accountId).where("deletedAt", "is", null), page);
      if (provider !== undefined) query = query.where("provider", "=", provider);
      if (status !== undefined)
        query = query.where("disabledAt", status === "enabled" ? "is" : "is not", null);
      const found = await query
        .orderBy("id", "desc")
        .limit(page.limit + 1)
        .execute();
      return pageOf(page, found, (row) => ({ ...row, events: JSON.parse(row.events) as string[] }));
    },
  };
}

export function toEndpoint(row: Row): EndpointRow {
  const endpoint = row as unknown as EndpointRow;
  endpoint.events = JSON.parse(String(row["events"])) as string[];
  return endpoint;
}
