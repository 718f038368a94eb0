import type { Accounts } from "../contract.ts";
import type { Database } from "./database.ts";

export function createAccounts(database: Database): Accounts {
  const accounts = database.selectFrom("accounts").select(["id", "name", "createdAt"]);
  return {
    async insert(account) {
      const { numInsertedOrUpdatedRows } = await database
        .insertInto("accounts")
        .values(account)
        .onConflict((conflict) => conflict.column("name").doNothing())
        .executeTakeFirstOrThrow();
      return numInsertedOrUpdatedRows === 1n;
    },
    get: (id) => accounts.where("id", "=", id).executeTakeFirst(),
    byName: (name) => accounts.where("name", "=", name).executeTakeFirst(),
    list: () => accounts.orderBy("name").execute(),
  };
}
