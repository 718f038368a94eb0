import { sql } from "kysely";
import type { ActivityLog, ActivityRow, Detail } from "../contract.ts";
import { pageOf, within, type Database, type StoredActivity } from "./database.ts";

const columns = [
  "id",
  "accountId",
  "at",
  "lastAt",
  "count",
  "action",
  "actorKind",
  "actorKeyId",
  "actorName",
  "address",
  "subjectId",
  "subjectName",
  "detail",
] as const satisfies readonly (keyof ActivityRow)[];

export function createActivityLog(database: Database): ActivityLog {
  return {
    async record(row, repeats) {
      await database
        .insertInto("activity")
        .values({ ...row, detail: JSON.stringify(row.detail), repeats: repeats ?? null })
        .onConflict((conflict) =>
          conflict.columns(["accountId", "repeats"]).doUpdateSet((set) => ({
            count: set("activity.count", "+", set.ref("excluded.count")),
            // Several processes may record the same; the later time stays.
            lastAt: sql<number>`max(${set.ref("activity.lastAt")}, ${set.ref("excluded.lastAt")})`,
          })),
        )
        .execute();
    },
    async list(accountId, page, { action, keyId, since, until } = {}) {
      let query = within(
        database.selectFrom("activity").select(columns).where("accountId", "=", accountId),
        page,
      );
      if (action !== undefined) query = query.where("action", "=", action);
      if (keyId !== undefined) {
        const by = (column: "actorKeyId" | "subjectId") =>
          database
            .selectFrom("activity")
            .select("id")
            .where("accountId", "=", accountId)
            .where(column, "=", keyId);
        // Each side has an index; with `or` SQLite would read all of the account's.
        query = query.where("id", "in", by("actorKeyId").union(by("subjectId")));
      }
      if (since !== undefined) query = query.where("at", ">=", since);
      if (until !== undefined) query = query.where("at", "<", until);
      const found = await query
        .orderBy("id", "desc")
        .limit(page.limit + 1)
        .execute();
      return pageOf(page, found, toActivity);
    },
  };
}

function toActivity(row: Omit<StoredActivity, "repeats">): ActivityRow {
  return { ...row, detail: JSON.parse(row.detail) as Detail };
}
