import { join } from "node:path";
import { describe, expect, test } from "vitest";
import type { Store } from "../../src/store/contract.ts";
import { openStore } from "../../src/store/open.ts";
import { migrate } from "../../src/sqlite/migrate.ts";
import { createSqliteStore } from "../../src/store/sqlite/index.ts";
import { controlPlane } from "../../src/store/sqlite/migrations.ts";
import { createFolder } from "../cli/spawn.ts";
import { drivers, newFile, open } from "../sqlite/drivers.ts";
import { runTask } from "../sqlite/tasks.ts";
import { describeStore } from "./contract.ts";
import { account, activity, endpoint, key } from "./rows.ts";

for (const driver of drivers) {
  describeStore(`the store in SQLite through ${driver}`, async () => {
    const file = newFile();
    const stores: Store[] = [];
    const reopen = async (): Promise<Store> => {
      const store = await createSqliteStore(file, { driver });
      stores.push(store);
      return store;
    };
    return {
      store: await reopen(),
      reopen,
      async cleanup() {
        for (const store of stores) await store.close();
      },
    };
  });
}

describe.each(drivers)("SQLite through %s", (driver) => {
  test("is not used from outside within a transaction, where it would wait for itself", async () => {
    const store = await createSqliteStore(newFile(), { driver, watchUse: true });
    await store.accounts.insert(account("a"));
    const within = /within one of its transactions/;
    await store.write("a", async (tables) => {
      await expect(store.keys.get("a", "x")).rejects.toThrow(within);
      await expect(store.keys.insert(key("a", "x"))).rejects.toThrow(within);
      await expect(store.write("a", () => Promise.resolve())).rejects.toThrow(within);
      await expect(store.close()).rejects.toThrow(within);
      await tables.keys.insert(key("a", "y"));
    });
    expect((await store.keys.list("a", { limit: 5 })).rows).toHaveLength(1);
    await store.close();
  });

  test("may be used by what a transaction has started, once it has ended", async () => {
    const store = await createSqliteStore(newFile(), { driver, watchUse: true });
    let go = (): void => undefined;
    const gate = new Promise<void>((resolve) => (go = resolve));
    let later: Promise<unknown> | undefined;
    await store.write("a", async () => {
      later = gate.then(() => store.accounts.list());
    });
    go();
    expect(await later).toEqual([]);
    await store.close();
  });

  test("is refused where a newer hookline has written it, and given free again", async () => {
    const file = newFile();
    const database = await open(driver, file);
    await migrate(database, {
      ...controlPlane,
      migrations: [...controlPlane.migrations, "create table later (id text)"],
    });
    await expect(createSqliteStore(file, { driver })).rejects.toMatchObject({ code: "database-newer" });
    database.exec("begin exclusive; commit");
  });

  test("is not made in another program's database", async () => {
    const file = newFile();
    const database = await open(driver, file);
    database.exec("create table accounts (id text); pragma user_version = 1");
    await expect(createSqliteStore(file, { driver })).rejects.toMatchObject({ code: "database-foreign" });
    expect(database.all("select name from sqlite_schema")).toEqual([{ name: "accounts" }]);
  });

  test("finds every page by an index", async () => {
    const database = await open(driver);
    await migrate(database, controlPlane);
    const plan = (from: string): string =>
      database
        .all(`explain query plan select * from ${from} order by id desc limit 26`)
        .map(({ detail }) => detail)
        .join("\n");
    for (const [from, index] of [
      ["keys where account_id = ? and id < ?", "sqlite_autoindex_keys_2"],
      ["endpoints where account_id = ? and deleted_at is null", "endpoints_kept"],
      ["endpoints where account_id = ? and deleted_at is null and provider = ?", "endpoints_by_provider"],
      ["activity where account_id = ? and id < ?", "sqlite_autoindex_activity_1"],
      ["activity where account_id = ? and action = ?", "activity_by_action"],
      ["events where account_id = ? and id < ? and id >= ?", "sqlite_autoindex_events_1"],
      ["events where account_id = ? and type = ?", "events_by_type"],
    ] as const) {
      expect(plan(from)).toMatch(new RegExp(`^SEARCH .* USING INDEX ${index} `));
      expect(plan(from)).not.toContain("TEMP B-TREE");
    }
    const by = (column: string): string => `select id from activity where account_id = ? and ${column} = ?`;
    const byKey = plan(
      `activity where account_id = ? and id in (${by("actor_key_id")} union ${by("subject_id")})`,
    );
    for (const index of ["sqlite_autoindex_activity_1", "activity_by_actor", "activity_by_subject"])
      expect(byKey).toMatch(new RegExp(`SEARCH .* INDEX ${index} `));
    expect(plan("activity where account_id = ? and at >= ? and at < ?")).toContain("activity_by_time");
  });
});

test("a store is opened by its file, in a folder that is not there yet", async () => {
  const file = join(createFolder(), "home/hookline.db");
  const store = await openStore(file);
  await store.accounts.insert(account("a"));
  await store.close();
  const again = await openStore(file);
  expect(await again.accounts.list()).toEqual([account("a")]);
  await again.close();
});

test("two processes that write to one file lose nothing", async () => {
  const file = newFile();
  const store = await createSqliteStore(file);
  await store.accounts.insert(account("a"));
  await store.endpoints.insert(endpoint("a", "end_shared", { description: "0" }));
  const writes = 100;
  const writers = [drivers[0], drivers.at(-1)].map((driver) =>
    runTask("write", { file, account: "a", writes, ...(driver && { driver }) }),
  );
  // This one writes as well, while they do.
  for (let index = 0; index < 20; index++)
    await store.activity.record(activity("a", `act_${index}`), "the same");
  expect(await Promise.all(writers)).toEqual([writes, writes]);
  expect(await store.endpoints.get("a", "end_shared")).toMatchObject({ description: String(2 * writes) });
  expect((await store.activity.list("a", { limit: 5 })).rows.map(({ count }) => count)).toEqual([
    2 * writes + 20,
  ]);
  await store.close();
});
