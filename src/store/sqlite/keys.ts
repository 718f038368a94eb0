import type { Row } from "../../sqlite/contract.ts";
import { sql, type ExpressionBuilder, type ExpressionWrapper, type SqlBool } from "kysely";
import type { KeyRow, Keys } from "../contract.ts";
import { pageOf, within, type Database, type Schema, type StoredKey } from "./database.ts";
import { columnList, type Statements } from "./statements.ts";

const fields = [
  "accountId",
  "id",
  "name",
  "hash",
  "hint",
  "provider",
  "scopes",
  "createdAt",
  "createdBy",
  "expiresAt",
  "replaces",
  "replacedBy",
  "graceEndsAt",
  "revokedAt",
  "lastUsedAt",
  "lastUsedAddress",
] as const satisfies readonly (keyof KeyRow)[];
const selectById = `select ${columnList(fields)} from keys where account_id = ? and id = ?`;
const selectByHash = `select ${columnList(fields)} from keys where hash = ?`;

export function createKeys(database: Database, statements: Statements): Keys {
  const keys = database.selectFrom("keys").selectAll();
  return {
    async insert(key) {
      statements.changed("keys");
      await database
        .insertInto("keys")
        .values({ ...key, scopes: JSON.stringify(key.scopes) })
        .execute();
    },
    async get(accountId, id) {
      return (await statements.recall("keys", selectById, [accountId, id], read))[0];
    },
    async byHash(hash) {
      return (await statements.all(selectByHash, [hash])).map(read)[0];
    },
    async update(accountId, id, changes) {
      if (Object.keys(changes).length === 0) return (await this.get(accountId, id)) !== undefined;
      statements.changed("keys");
      const { numUpdatedRows } = await database
        .updateTable("keys")
        .set(changes)
        .where("accountId", "=", accountId)
        .where("id", "=", id)
        .executeTakeFirst();
      return numUpdatedRows > 0n;
    },
    async list(accountId, page, filter) {
      let query = within(keys.where("accountId", "=", accountId), page);
      if (filter?.status === "live") query = query.where((where) => isLive(where, filter.now));
      if (filter?.status === "dead") query = query.where((where) => where.not(isLive(where, filter.now)));
      const found = await query
        .orderBy("id", "desc")
        .limit(page.limit + 1)
        .execute();
      return pageOf(page, found, toKey);
    },
    async countLasting(accountId, scope, now, except) {
      const { count } = await database
        .selectFrom("keys")
        .select((select) => select.fn.countAll<number>().as("count"))
        .where("accountId", "=", accountId)
        .where("id", "!=", except)
        .where("replacedBy", "is", null)
        .where((where) => isLive(where, now))
        .where(
          (where) =>
            sql<SqlBool>`exists (select 1 from json_each(${where.ref("scopes")}) where value = ${scope})`,
        )
        .executeTakeFirstOrThrow();
      return count;
    },
  };
}

/** Never null itself, so that its opposite is all the others. */
function isLive(
  where: ExpressionBuilder<Schema, "keys">,
  now: number,
): ExpressionWrapper<Schema, "keys", SqlBool> {
  return where.and([
    where("revokedAt", "is", null),
    where.or([where("expiresAt", "is", null), where("expiresAt", ">", now)]),
    where.or([where("graceEndsAt", "is", null), where("graceEndsAt", ">", now)]),
  ]);
}

/** Takes the row as its own: a copy would cost more than to read it. */
function read(row: Row): KeyRow {
  const key = row as unknown as KeyRow;
  key.scopes = JSON.parse(String(row["scopes"])) as string[];
  return key;
}

function toKey(row: StoredKey): KeyRow {
  return { ...row, scopes: JSON.parse(row.scopes) as string[] };
}
