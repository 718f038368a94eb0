// Runs in a thread of its own: neither a slow disk nor a locked file keeps the listener from answering.
import { statSync } from "node:fs";
import { parentPort, workerData } from "node:worker_threads";
import { isBusy } from "../sqlite/errors.ts";
import { at, unpack, type Batch, type Start, type Told } from "./messages.ts";
import { openDatabase } from "./open.ts";
import { createWriter } from "./writer.ts";

/** Milliseconds until a file that another process has locked is tried again. */
const againMs = 20;

const { file, progress } = workerData as Start;
const shared = new Int32Array(progress);
const set = (place: number, value: number): void => {
  Atomics.store(shared, place, value);
  Atomics.notify(shared, place);
};
const tell = (told: Told): void => parentPort?.postMessage(told);

async function run(): Promise<void> {
  let database = await openDatabase(file);
  let writer = createWriter(database);
  let inode = statSync(file).ino;
  const waiting: Batch[] = [];
  let working = false;
  let isLast = false;

  const whenFree = async <Result>(work: () => Result): Promise<Result> => {
    for (;;) {
      try {
        return work();
      } catch (error) {
        if (!isBusy(error)) throw error;
      }
      await new Promise((resolve) => setTimeout(resolve, againMs));
    }
  };
  /** Somebody has removed the file, or put another in its place: what would be written would be lost. */
  const reopenIfGone = async (): Promise<void> => {
    if (statSync(file, { throwIfNoEntry: false })?.ino === inode) return;
    database.close();
    database = await openDatabase(file);
    writer = createWriter(database);
    inode = statSync(file).ino;
  };
  const work = async (): Promise<void> => {
    if (working) return;
    working = true;
    set(at.idle, 0);
    for (let batch = waiting.shift(); batch !== undefined; batch = waiting.shift()) {
      const { sequence, explained } = batch;
      try {
        await reopenIfGone();
        const deliveries = unpack(batch);
        tell({ type: "recorded", numbers: await whenFree(() => writer.write(deliveries, explained)) });
        set(at.written, sequence);
        await whenFree(() => writer.prune());
      } catch (error) {
        // The disk may have room again for the next.
        tell({ type: "failed", message: (error as Error).message });
      }
      set(at.written, sequence);
    }
    const mayGoOn = (): boolean => waiting.length === 0 && !isLast && Atomics.load(shared, at.ending) === 0;
    while (mayGoOn() && (await whenFree(() => writer.prune())))
      await new Promise((resolve) => setImmediate(resolve));
    working = false;
    if (waiting.length > 0) return work();
    set(at.idle, 1);
    if (isLast) {
      database.close();
      parentPort?.close();
    }
  };
  set(at.idle, 1);
  parentPort?.on("message", (message: Batch | "close") => {
    if (message === "close") isLast = true;
    else waiting.push(message);
    work().catch(fail);
  });
}

function fail(error: unknown): void {
  tell({ type: "broken", message: (error as Error).message });
  // Whoever waits waits no more.
  set(at.written, 2 ** 31 - 1);
  set(at.idle, 1);
}

run().catch(fail);
