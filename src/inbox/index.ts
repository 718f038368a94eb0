import { existsSync } from "node:fs";
import { realSleep, whenFree } from "../sqlite/busy.ts";
import type { Bindable, SqliteDatabase } from "../sqlite/contract.ts";
import { changeState, prune, readLimits, readState, writeLimits } from "./limits.ts";
import { openDatabase } from "./open.ts";
import { queryOf } from "./query.ts";
import { createRecorder, type RecorderOptions } from "./recorder.ts";
import { attemptRow, insert, recordedOf, sizeOf, summaryColumns, summaryOf } from "./rows.ts";
import { transact } from "./transaction.ts";
import type { Inbox, Recorder } from "./types.ts";

/** Numbers that are asked for in one statement. */
const askedAtOnce = 500;
/** Deliveries that are removed in one transaction. */
const removedAtOnce = 500;

const columns = summaryColumns.map((name) => `d.${name}`).join(", ");

interface Options {
  /** Unix milliseconds. */
  now: () => number;
}

/**
 * Opens an inbox, or makes it.
 * @throws HooklineError `sqlite-missing`, `database-damaged`, `database-unwritable`, `database-busy`, `database-newer`,
 *   `database-foreign`
 */
export async function openInbox(file: string, options: Options): Promise<Inbox> {
  return inboxOf(await openDatabase(file), options);
}

/** Opens an inbox that is there; undefined where there is none. @throws like {@link openInbox} */
export async function openExistingInbox(file: string, options: Options): Promise<Inbox | undefined> {
  return existsSync(file) ? openInbox(file, options) : undefined;
}

/** Opens an inbox to record into. @throws like {@link openInbox} */
export async function openRecording(
  file: string,
  options: Options & RecorderOptions,
): Promise<{ inbox: Inbox; recorder: Recorder }> {
  const inbox = await openInbox(file, options);
  return { inbox, recorder: createRecorder(file, options) };
}

function inboxOf(database: SqliteDatabase, { now }: Options): Inbox {
  const { file } = database;
  /** One transaction, again and again while another process is in the way. */
  const change = <Result>(work: () => Result): Promise<Result> =>
    whenFree(file, realSleep, () => transact(database, work));

  const pruneAll = async (): Promise<void> => {
    while (await change(() => prune(database, now()))) await turn();
  };
  const summaries = (from: string, parameters: readonly Bindable[]) =>
    database.all(`select ${columns} from ${from}`, parameters).map(summaryOf);

  return {
    file,
    list(filter, { limit, before, after }) {
      const { from, parameters } = queryOf(filter, {
        ...(before === undefined ? {} : { before }),
        ...(after === undefined ? {} : { after }),
      });
      return summaries(`${from} order by d.number desc limit ?`, [...parameters, limit]);
    },
    numbers(filter) {
      const { from, parameters } = queryOf(filter);
      return database
        .all(`select d.number from ${from} order by d.number`, parameters)
        .map(({ number }) => Number(number));
    },
    find(name) {
      if (name === "last") return summaries("deliveries d order by d.number desc limit 1", [])[0];
      if (/^\d{1,15}$/.test(name)) return summaries("deliveries d where d.number = ?", [Number(name)])[0];
      return /^dlv_\w{1,60}$/.test(name)
        ? summaries("deliveries d where d.id = ? order by d.number desc limit 1", [name])[0]
        : undefined;
    },
    get(number) {
      const [row] = database.all(
        `select ${columns}, c.headers, c.body, c.findings, c.secrets from deliveries d join contents c on c.number = d.number where d.number = ?`,
        [number],
      );
      if (row === undefined) return undefined;
      return recordedOf(row, database.all("select * from attempts where number = ? order by seq", [number]));
    },
    some(numbers) {
      const found = [];
      for (let from = 0; from < numbers.length; from += askedAtOnce) {
        const part = JSON.stringify(numbers.slice(from, from + askedAtOnce));
        found.push(
          ...summaries(
            "deliveries d where d.number in (select value from json_each(?)) order by d.number desc",
            [part],
          ),
        );
      }
      return found;
    },
    totals() {
      const { count, bytes } = readState(database);
      return { count, bytes };
    },
    limits: () => readLimits(database),
    async setLimits(limits) {
      await change(() => writeLimits(database, limits));
      await pruneAll();
      return readLimits(database);
    },
    addAttempt: (number, attempt) =>
      change(() => {
        const [row] = database.all("select 1 from deliveries where number = ?", [number]);
        // Pruned meanwhile.
        if (row === undefined) return;
        const [{ seq } = { seq: 0 }] = database.all(
          "select coalesce(max(seq), 0) as seq from attempts where number = ?",
          [number],
        );
        const bytes = sizeOf(attempt);
        const fields = attemptRow(number, Number(seq) + 1, attempt);
        insert(database, "attempts", fields.length, fields);
        database.run(
          `update deliveries set replays = replays + ?, stored = stored + ?, failed = case when ? then 0 else failed end where number = ?`,
          [attempt.kind === "replay" ? 1 : 0, bytes, attempt.ok, number],
        );
        changeState(database, { count: 0, bytes, isEdit: true });
      }),
    async remove(filter) {
      const { from, parameters } = queryOf(filter);
      let removed = 0;
      for (;;) {
        const count = await change(() => {
          const found = database.all(`select d.number, d.stored from ${from} order by d.number limit ?`, [
            ...parameters,
            removedAtOnce,
          ]);
          const numbers = JSON.stringify(found.map(({ number }) => number));
          for (const table of ["deliveries", "contents", "attempts"])
            database.run(`delete from ${table} where number in (select value from json_each(?))`, [numbers]);
          const bytes = found.reduce((sum, { stored }) => sum + Number(stored), 0);
          changeState(database, { count: -found.length, bytes: -bytes, isEdit: true });
          return found.length;
        });
        removed += count;
        if (count < removedAtOnce) break;
        await turn();
      }
      if (removed > 0) await whenFree(file, realSleep, () => database.exec("vacuum"));
      return removed;
    },
    first: () =>
      Number(database.all("select coalesce(min(number), 0) as first from deliveries")[0]?.["first"]),
    last: () => readState(database).last,
    version: () => Number(database.all("select edits from state")[0]?.["edits"]),
    async close() {
      database.close();
    },
  };
}

/** Lets whoever waits have a turn. */
function turn(): Promise<void> {
  return new Promise((resolve) => setImmediate(resolve));
}
