import type { AttemptHead, AttemptRow, Attempts } from "../contract.ts";
import type { Database } from "./database.ts";
import { columnList, insertInto, type Statements } from "./statements.ts";

const heads = [
  "accountId",
  "deliveryId",
  "number",
  "kind",
  "startedAt",
  "durationMs",
  "status",
  "error",
  "message",
] as const satisfies readonly (keyof AttemptHead)[];
const fields = [...heads, "answerBytes", "answer"] as const satisfies readonly (keyof AttemptRow)[];
const insert = insertInto("attempts", fields);
const select = `
select ${columnList(fields)} from attempts where account_id = ? and delivery_id = ? order by number`;

export function createAttempts(database: Database, statements: Statements): Attempts {
  return {
    async insert(attempt) {
      await statements.run(
        insert,
        fields.map((field) => attempt[field]),
      );
    },
    async list(accountId, deliveryId) {
      return (await statements.all(select, [accountId, deliveryId])) as unknown as AttemptRow[];
    },
    async heads(accountId, of) {
      if (of.length === 0) return [];
      return database
        .selectFrom("attempts")
        .select(heads)
        .where("accountId", "=", accountId)
        .where((where) =>
          where.or(
            of.map(({ deliveryId, number }) =>
              where.and([where("deliveryId", "=", deliveryId), where("number", "=", number)]),
            ),
          ),
        )
        .execute();
    },
  };
}
