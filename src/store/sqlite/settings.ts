import type { Settings } from "../contract.ts";
import type { Database } from "./database.ts";

export function createSettings(database: Database): Settings {
  const get: Settings["get"] = async (name) => {
    const row = await database
      .selectFrom("settings")
      .select("value")
      .where("name", "=", name)
      .executeTakeFirst();
    return row?.value;
  };
  return {
    get,
    async setOnce(name, value) {
      await database
        .insertInto("settings")
        .values({ name, value })
        .onConflict((conflict) => conflict.column("name").doNothing())
        .execute();
      // Nothing is ever removed.
      return (await get(name)) ?? value;
    },
  };
}
