import type { Answers } from "../contract.ts";
import type { Database } from "./database.ts";

export function createAnswers(database: Database): Answers {
  return {
    async insert(answer) {
      await database.insertInto("answers").values(answer).execute();
    },
    get: (accountId, caller, idempotencyKey) =>
      database
        .selectFrom("answers")
        .selectAll()
        .where("accountId", "=", accountId)
        .where("caller", "=", caller)
        .where("idempotencyKey", "=", idempotencyKey)
        .executeTakeFirst(),
    async deleteBefore(accountId, time) {
      await database
        .deleteFrom("answers")
        .where("accountId", "=", accountId)
        .where("createdAt", "<", time)
        .execute();
    },
  };
}
