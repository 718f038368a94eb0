import type { AnswerRow, Answers } from "../contract.ts";
import { columnList, insertInto, type Statements } from "./statements.ts";

const fields = [
  "accountId",
  "caller",
  "idempotencyKey",
  "request",
  "status",
  "body",
  "createdAt",
] as const satisfies readonly (keyof AnswerRow)[];
const insert = insertInto("answers", fields);
const select = `
select ${columnList(fields)} from answers where account_id = ? and caller = ? and idempotency_key = ?`;
const deleteBefore = "delete from answers where account_id = ? and created_at < ?";

export function createAnswers(statements: Statements): Answers {
  return {
    async insert(answer) {
      await statements.run(
        insert,
        fields.map((field) => answer[field]),
      );
    },
    async get(accountId, caller, idempotencyKey) {
      const [row] = await statements.all(select, [accountId, caller, idempotencyKey]);
      return row as AnswerRow | undefined;
    },
    async deleteBefore(accountId, time) {
      await statements.run(deleteBefore, [accountId, time]);
    },
  };
}
