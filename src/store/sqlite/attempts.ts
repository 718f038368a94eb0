import type { AttemptHead, AttemptRow, Attempts } from "../contract.ts";
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

/** One step for each: as a list of conditions SQLite would read all of the account's. */
const selectHeads = `
select ${columnList(heads, "attempts")}
from json_each(?) as one
cross join attempts on attempts.account_id = ?
  and attempts.delivery_id = json_extract(one.value, '$[0]')
  and attempts.number = json_extract(one.value, '$[1]')`;

export function createAttempts(statements: Statements): Attempts {
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
      const wanted = JSON.stringify(of.map(({ deliveryId, number }) => [deliveryId, number]));
      return (await statements.all(selectHeads, [wanted, accountId])) as unknown as AttemptHead[];
    },
  };
}
